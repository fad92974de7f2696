//! The tables of BENCHMARKS.md.

use std::fmt::Write as _;
use std::process::Command;
use std::{fs, path};

use crate::timing::{Group, Spread};

/// One part of the report, replaced between its marks.
#[derive(Default)]
pub struct Report {
    parts: Vec<(&'static str, String)>,
}

/// A ratio that a target bounds.
pub struct Target {
    /// The number in the list of targets, or a name.
    pub number: &'static str,
    /// What is bounded.
    pub what: String,
    /// The ratio.
    pub ratio: Spread,
    /// Its bound.
    pub limit: f64,
}

impl Target {
    fn verdict(&self) -> String {
        if self.ratio.median <= self.limit {
            return "met".into();
        }
        format!("**missed by {:.1} %**", (self.ratio.median / self.limit - 1.0) * 100.0)
    }
}

impl Report {
    /// Adds a part under the name of its marks.
    pub fn add(&mut self, name: &'static str, text: String) {
        self.parts.push((name, text));
    }

    /// Rewrites the parts in BENCHMARKS.md and leaves the rest of it.
    ///
    /// # Panics
    /// Where the file cannot be rewritten or lacks a mark.
    pub fn write(&self) {
        let file = path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../BENCHMARKS.md");
        let mut page = fs::read_to_string(&file).expect("BENCHMARKS.md");
        for (name, text) in &self.parts {
            let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
            let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no mark {begin}"));
            let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no mark {end}"));
            page = format!("{before}{begin}\n{text}\n{end}{after}");
        }
        fs::write(&file, page).expect("BENCHMARKS.md");
    }
}

/// A table of targets with their verdicts.
#[must_use]
pub fn targets(targets: &[Target]) -> String {
    let mut text =
        String::from("| target | what | ratio | spread | limit | verdict |\n|---|---|---|---|---|---|\n");
    for target in targets {
        let Target { number, what, ratio, limit, .. } = target;
        let verdict = target.verdict();
        let Spread { median, least, most } = ratio;
        row(
            &mut text,
            format_args!("{number} | {what} | {median:.3} | {least:.3}–{most:.3} | {limit:.2} | {verdict}"),
        );
    }
    text
}

/// One line per group, one column per contender; a contender that a group lacks is a dash.
#[must_use]
pub fn nanos(first: &str, columns: &[&str], groups: &[(String, &Group)]) -> String {
    let mut text = format!("| {first} | {} |\n|---{}|\n", columns.join(" | "), "|---:".repeat(columns.len()));
    for (name, group) in groups {
        let cells: Vec<String> =
            columns.iter().map(|column| group.nanos(column).map_or("–".into(), digits)).collect();
        row(&mut text, format_args!("{name} | {}", cells.join(" | ")));
    }
    text
}

fn row(text: &mut String, cells: std::fmt::Arguments<'_>) {
    writeln!(text, "| {cells} |").expect("a string takes everything");
}

/// Nanoseconds with separators; decimals only where they matter.
#[must_use]
pub fn digits(nanos: f64) -> String {
    if nanos < 100.0 {
        return format!("{nanos:.1}");
    }
    let whole = format!("{nanos:.0}");
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Machine, versions and command.
#[must_use]
pub fn conditions() -> String {
    let cpu_info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu_info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rustc = Command::new("rustc").arg("-V").output().map(|output| output.stdout).unwrap_or_default();
    let versions: Vec<String> = ["jsonwebtoken", "aws-lc-rs", "axum", "actix-web", "serde_json"]
        .iter()
        .map(|name| format!("{name} {}", locked(name).unwrap_or("?")))
        .collect();
    let mut text = String::new();
    for line in [
        format!(
            "Machine: {}, {cores} cores, {} {}.",
            cpu.map_or("?", |cpu| cpu.1),
            std::env::consts::OS,
            std::env::consts::ARCH
        ),
        format!("Versions: {}; {}.", versions.join(", "), String::from_utf8_lossy(&rustc).trim()),
        "Command: `cd benches && cargo run --release`.".to_owned(),
    ] {
        writeln!(text, "- {line}").expect("a string takes everything");
    }
    text
}

/// The version in this workspace's lockfile.
fn locked(name: &str) -> Option<&'static str> {
    let (_, entry) = include_str!("../Cargo.lock").split_once(&format!("name = \"{name}\"\nversion = \""))?;
    entry.split_once('"').map(|(version, _)| version)
}

//! Starts the example, runs the lines that it prints, and compares each status with the one promised.

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;

use std::error::Error;
use std::path::Path;
use std::process::Command;

use printed_lines::Running;

const SETTING_LINES: usize = 3;
const STATUSES: usize = 15;

fn quickstart(data: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    program.env("DATA", data);
    program
}

#[test]
fn every_printed_line_gives_the_status_that_it_promises() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    printed_lines::check(quickstart(folder.path()), SETTING_LINES, STATUSES)
}

#[test]
fn a_restart_keeps_the_password_and_shows_it_no_more() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let first = Running::start(quickstart(folder.path()))?;
    let set = |running: &Running| {
        running.lines.iter().position(|line| line.contains("password'") || line.starts_with("password="))
    };
    let password = first.lines.get(set(&first).ok_or("no password")?).cloned().ok_or("no password")?;
    drop(first);

    let mut second = Running::start(quickstart(folder.path()))?;
    let told = second.lines.iter().any(|line| line.contains(password.trim_start_matches("password=")));
    assert!(!told, "{:#?}", second.lines);
    let asked = second
        .lines
        .iter()
        .position(|line| line.starts_with("read "))
        .ok_or("nobody asks for the password")?;
    if let Some(line) = second.lines.get_mut(asked) {
        *line = password;
    }
    second.check(SETTING_LINES, STATUSES)
}

/// `new-password` is another process, of whose revocations the server learns within a second.
#[test]
fn a_new_password_takes_the_place_of_the_old_one() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut running = Running::start(quickstart(folder.path()))?;
    let output = quickstart(folder.path()).arg("new-password").output()?;
    let told = String::from_utf8(output.stdout)?;
    let password = told.trim().rsplit(' ').next().ok_or("no password was told")?;
    let set = running.lines.iter().position(|line| line.starts_with("password=")).ok_or("no password")?;
    let is_login = |line: &&String| line.contains("$password") && line.contains("-c $jar");
    let login = running.lines.iter().find(is_login).cloned().ok_or("no login")?;
    let refused = login.replace("# 200", "# 400");
    let old = running.lines.get(set).cloned().ok_or("no password")?;
    let first = running.lines.first().cloned().ok_or("no lines")?;
    running.lines = vec![first, old, refused, format!("password='{password}'"), login];
    running.check(3, 2)
}

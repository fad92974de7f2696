//! `cargo run --release -- TARGET [--seconds N | --executions N] [--seed S] [--input HEX]`
//!
//! Prints what was run. Where something is found, prints the seed and the input and exits with 1; wrong
//! arguments exit with 2.

use std::process::ExitCode;
use std::time::Duration;

use fuzz::driver::{self, Until};
use fuzz::targets::{self, Target};

const USAGE: &str = "usage: fuzz TARGET [--seconds N | --executions N] [--seed S] [--input HEX]";

struct Arguments {
    target: &'static Target,
    until: Until,
    seed: u64,
    input: Option<Vec<u8>>,
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let target = targets::find(&given.next()?)?;
    let mut arguments = Arguments { target, until: Until::Executions(100_000), seed: 1, input: None };
    while let Some(option) = given.next() {
        let value = given.next()?;
        match option.as_str() {
            "--seconds" => arguments.until = Until::Time(Duration::from_secs(value.parse().ok()?)),
            "--executions" => arguments.until = Until::Executions(value.parse().ok()?),
            "--seed" => arguments.seed = value.parse().ok()?,
            "--input" => arguments.input = Some(driver::from_hex(&value)?),
            _ => return None,
        }
    }
    Some(arguments)
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--list") {
        targets::ALL.iter().for_each(|target| println!("{}", target.name));
        return ExitCode::SUCCESS;
    }
    let Some(Arguments { target, until, seed, input }) = arguments(std::env::args().skip(1)) else {
        eprintln!("{USAGE}\n       fuzz --list");
        return ExitCode::from(2);
    };
    let result = match input {
        Some(input) => driver::execute(target, &input, || "as given".to_owned()).map(|()| None),
        None => driver::run(target, seed, until).map(Some),
    };
    match result {
        Ok(None) => println!("{}: holds", target.name),
        Ok(Some(report)) => {
            let rate = report.executions as f64 / report.elapsed.as_secs_f64().max(1e-9);
            println!(
                "{:<14} {:>10} executions, {rate:>8.0}/s, {} replayed, seed {seed}",
                target.name, report.executions, report.replayed
            );
        }
        Err(failure) => {
            eprintln!("{} FOUND: {failure}", target.name);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

//! Starts the example beside a provider, runs the lines that it prints, and compares each status with the one promised.

use std::process::Command;

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;
#[path = "../../../tests/small_provider.rs"]
mod small_provider;

#[test]
fn every_printed_line_gives_the_status_that_it_promises() -> Result<(), Box<dyn std::error::Error>> {
    let provider = small_provider::SmallProvider::start()?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_oidc-actix"));
    program.env("ISSUER", &provider.issuer);
    printed_lines::check(program, 2, 4)
}

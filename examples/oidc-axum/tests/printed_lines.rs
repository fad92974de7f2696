//! Starts the example beside a provider, runs the lines that it prints, and compares each status with the one promised.

use std::process::Command;

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;
#[path = "../../../tests/small_provider.rs"]
mod small_provider;

#[test]
fn every_printed_line_gives_the_status_that_it_promises() -> Result<(), Box<dyn std::error::Error>> {
    let provider = small_provider::SmallProvider::start()?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_oidc-axum"));
    program.env("ISSUER", &provider.issuer);
    printed_lines::check(program, 2, 4)
}

#[test]
fn a_wrong_secret_is_not_printed_and_gives_an_empty_variable() -> Result<(), Box<dyn std::error::Error>> {
    let provider = small_provider::SmallProvider::start()?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_oidc-axum"));
    program.env("ISSUER", &provider.issuer).env("CLIENT_SECRET", "not-for-the-terminal");
    let mut running = printed_lines::Running::start(program)?;
    assert!(!running.lines.iter().any(|line| line.contains("not-for-the-terminal")), "{:#?}", running.lines);
    running.lines.truncate(1);
    running.lines.push("test -z \"$token\"".to_owned());
    running.check(2, 0)
}

#[test]
fn a_provider_that_is_not_there_is_told_in_words() -> Result<(), Box<dyn std::error::Error>> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_oidc-axum"));
    // Nothing can listen at port 0.
    program.env("ISSUER", "http://127.0.0.1:0").env("NO_PROXY", "127.0.0.1");
    let output = program.output()?;
    let told = String::from_utf8(output.stderr)?;
    assert!(!output.status.success(), "{told}");
    // The event of the library, and the error that ends the program.
    assert!(told.contains("keys were never fetched, and every token is answered with 503"), "{told}");
    assert!(told.contains("\noidc-axum: no keys from \"http://127.0.0.1:0\": "), "{told}");
    Ok(())
}

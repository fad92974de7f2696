//! Starts the example, runs the lines that it prints, and compares each status with the one promised.

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;

#[test]
fn every_printed_line_gives_the_status_that_it_promises() -> Result<(), Box<dyn std::error::Error>> {
    printed_lines::check(env!("CARGO_BIN_EXE_confirm-transfer"), 4, 9)
}

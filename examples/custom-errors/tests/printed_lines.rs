//! Starts the example, runs the lines that it prints, and compares each status with the one promised.

#[path = "../../../tests/printed_lines.rs"]
mod printed_lines;

#[test]
fn every_printed_line_gives_the_status_that_it_promises() -> Result<(), Box<dyn std::error::Error>> {
    printed_lines::check(env!("CARGO_BIN_EXE_custom-errors"), 1, 5)
}

#[test]
fn the_body_is_ours_and_the_challenge_is_kept() -> Result<(), Box<dyn std::error::Error>> {
    let running = printed_lines::Running::start(env!("CARGO_BIN_EXE_custom-errors"))?;
    for (line, body, challenge) in [
        (1, r#"{"help":"log in first","ok":false}"#, r#"Bearer realm="api""#),
        (5, r#"{"help":"ask an administrator for access","ok":false}"#, r#"error="insufficient_scope""#),
    ] {
        let alice = running.lines.first().ok_or("no token")?;
        let command = running.lines.get(line).ok_or("no such line")?.replace("curl -i", "curl -si -m 10");
        let output =
            std::process::Command::new("bash").arg("-c").arg(format!("{alice}\n{command}")).output()?;
        let answer = String::from_utf8(output.stdout)?;
        assert!(answer.ends_with(body), "{answer}");
        let field = answer.lines().find(|line| line.starts_with("www-authenticate: ")).unwrap_or_default();
        assert!(field.contains(challenge), "{answer}");
    }
    Ok(())
}

//! Starts the example, runs the lines that it prints, and compares each status with the one promised.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The example, ended when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn every_printed_line_gives_the_status_that_it_promises() {
    let child = Command::new(env!("CARGO_BIN_EXE_quickstart"))
        .env("LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let stdout = BufReader::new(running.0.stdout.take().unwrap());
    let lines: Vec<String> = stdout
        .lines()
        .map(Result::unwrap)
        .take_while(|line| !line.starts_with("Stop"))
        .filter_map(|line| line.strip_prefix("  ").map(str::to_owned))
        .collect();

    let mut script = String::from("set -eu\n");
    let mut promised = Vec::new();
    for line in &lines {
        match line.split_once("   # ") {
            Some((command, status)) => {
                promised.push(status.to_owned());
                let command =
                    command.replacen("curl -i", "curl -s -m 10 -o /dev/null -w '%{http_code}\\n'", 1);
                script.push_str(&command);
            }
            None => script.push_str(line),
        }
        script.push('\n');
    }
    assert_eq!((lines.len(), promised.len()), (12, 10), "{lines:#?}");

    let output = Command::new("bash").arg("-c").arg(&script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(seen, promised, "{lines:#?}");
}

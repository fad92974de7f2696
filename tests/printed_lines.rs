//! For the tests of examples: runs the lines that an example prints.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// An example, ended when the test ends.
pub(crate) struct Running {
    child: Child,
    /// The printed lines to try, up to the last.
    pub(crate) lines: Vec<String>,
}

impl Running {
    /// Starts the program on a free port and reads what it prints before it serves.
    pub(crate) fn start(program: &str) -> Result<Self, Box<dyn Error>> {
        let child = Command::new(program).env("LISTEN", "127.0.0.1:0").stdout(Stdio::piped()).spawn()?;
        let mut running = Self { child, lines: Vec::new() };
        let stdout = running.child.stdout.take().ok_or("the program has no output")?;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if line.starts_with("Stop") {
                break;
            }
            running.lines.extend(line.strip_prefix("  ").map(str::to_owned));
        }
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a program, runs the lines that it prints, and compares each status with the one promised. There must
/// be `variables` lines that set one and `statuses` that promise one.
pub(crate) fn check(program: &str, variables: usize, statuses: usize) -> Result<(), Box<dyn Error>> {
    let running = Running::start(program)?;
    let mut script = String::from("set -eu\n");
    let mut promised = Vec::new();
    for line in &running.lines {
        match line.split_once("   # ") {
            Some((command, status)) => {
                promised.push(status.to_owned());
                let quiet = "curl -s -m 10 -o /dev/null -w '%{http_code}\\n'";
                script.push_str(&command.replacen("curl -i", quiet, 1));
            }
            None => script.push_str(line),
        }
        script.push('\n');
    }
    let set = running.lines.len().saturating_sub(promised.len());
    assert_eq!((set, promised.len()), (variables, statuses), "{:#?}", running.lines);

    let output = Command::new("bash").arg("-c").arg(&script).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Vec<String> = String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
    assert_eq!(seen, promised, "{:#?}", running.lines);
    Ok(())
}

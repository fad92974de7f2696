//! For the tests of examples: runs the lines that an example prints.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// An example, ended when the test ends.
pub(crate) struct Running {
    child: Child,
    /// What the program was started with, for lines that read it too.
    variables: Vec<(OsString, OsString)>,
    /// The printed lines to try, up to the last.
    pub(crate) lines: Vec<String>,
}

/// A program, with what else it is started with.
pub(crate) trait Program {
    fn command(self) -> Command;
}

impl Program for &str {
    fn command(self) -> Command {
        Command::new(self)
    }
}

impl Program for Command {
    fn command(self) -> Command {
        self
    }
}

impl Running {
    /// Starts the program, on a free port where it is told none, and reads what it prints before it serves. Whatever
    /// proxy this machine is set up for, it is not between a program and its provider.
    pub(crate) fn start(program: impl Program) -> Result<Self, Box<dyn Error>> {
        let mut command = program.command();
        if !command.get_envs().any(|(name, _)| name == "LISTEN") {
            command.env("LISTEN", "127.0.0.1:0");
        }
        command.env("NO_PROXY", "127.0.0.1");
        let set = |(name, value): (&OsStr, Option<&OsStr>)| Some((name.to_owned(), value?.to_owned()));
        let variables = command.get_envs().filter_map(set).collect();
        let child = command.stdout(Stdio::piped()).spawn()?;
        let mut running = Self { child, variables, lines: Vec::new() };
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

    /// Runs the printed lines, with the program's variables, and compares each status with the one promised. There must
    /// be `variables` lines that set one and `statuses` that promise one.
    pub(crate) fn check(&self, variables: usize, statuses: usize) -> Result<(), Box<dyn Error>> {
        let mut script = String::from("set -eu\n");
        let mut promised = Vec::new();
        for line in &self.lines {
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
        let set = self.lines.len().saturating_sub(promised.len());
        assert_eq!((set, promised.len()), (variables, statuses), "{:#?}", self.lines);

        let output = Command::new("bash").arg("-c").arg(&script).envs(self.variables.clone()).output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let seen: Vec<String> = String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
        assert_eq!(seen, promised, "{:#?}", self.lines);
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As [`Running::check`], of a program that needs nothing but to be started.
#[allow(dead_code, reason = "one that waits for something starts by itself")]
pub(crate) fn check(program: impl Program, variables: usize, statuses: usize) -> Result<(), Box<dyn Error>> {
    Running::start(program)?.check(variables, statuses)
}

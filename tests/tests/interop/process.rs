//! Programs in processes of their own: those of `tests/interop/node`, which answer JSON lines, and our own examples.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use super::foreign::interpreter;

/// How long anything may take that depends on another process.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where cargo puts the binaries of the workspace. `scripts/interop` builds them.
pub(crate) fn binary(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_protected-server")).parent().unwrap();
    let binary = folder.join(name);
    assert!(binary.is_file(), "{} is not there: run `cargo build -p {name}`", binary.display());
    binary
}

/// Ended when dropped.
pub(crate) struct Process {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Receiver<String>,
    /// Whether it is given the time to end by itself, as one with children of its own needs.
    ends_by_itself: bool,
}

impl Process {
    /// Starts it, and reads its first line.
    pub(crate) fn start(
        script: &str,
        arguments: &[String],
        ends_by_itself: bool,
    ) -> Result<(Self, Value), String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/node").join(script);
        let node = interpreter("INTEROP_NODE", "node".into());
        let mut child = Command::new(&node)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| format!("`{}` cannot be started ({error})", node.display()))?;
        let requests = child.stdin.take();
        let stdout = child.stdout.take().unwrap();
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut process = Self { child, requests, answers, ends_by_itself };
        let about = process.answer()?;
        Ok((process, about))
    }

    /// Has it do what `op` of the request says, and waits until it is done.
    pub(crate) fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let requests = self.requests.as_mut().ok_or("it is told to end")?;
        writeln!(requests, "{request}").map_err(|error| error.to_string())?;
        let answer = self.answer()?;
        if answer["op"] == request["op"] { Ok(answer) } else { Err(answer.to_string()) }
    }

    fn answer(&mut self) -> Result<Value, String> {
        let line = self.answers.recv_timeout(PATIENCE).map_err(|error| format!("no answer: {error}"))?;
        serde_json::from_str(&line).map_err(|error| format!("no JSON ({error}): {line}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.requests.take());
        if self.ends_by_itself {
            // Its output ends with it; what it still says is nobody's business.
            while self.answers.recv_timeout(PATIENCE).is_ok() {}
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The same program again, as another process that runs one part of one test.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Set for the other process: the folder that it works in.
const FOLDER: &str = "JWT_STORE_TEST_FOLDER";

/// The folder, where this is the other process.
pub(super) fn folder() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(Into::into)
}

/// Another process, killed when this is dropped.
pub(super) struct Other {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    /// Runs the test of this name in a folder, by a program that runs another (`env`, say) and its arguments.
    pub(super) fn run(through: &[&str], test: &str, folder: &std::path::Path) -> Self {
        let (program, arguments) = through.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(arguments).arg(std::env::current_exe().unwrap());
        // Without the name of the binary.
        let (_, module) = module_path!().split_once("::").unwrap();
        let (module, _) = module.rsplit_once("::").unwrap();
        command.args(["--exact", "--nocapture", &format!("{module}::{test}")]).env(FOLDER, folder);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What it says behind a word, when it says it.
    pub(super) fn said(&mut self, word: &str) -> String {
        let mut seen = Vec::new();
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            if let Some((_, said)) = line.split_once(word) {
                return said.trim().to_owned();
            }
            seen.push(line);
        }
        panic!("it ended without {word}: {seen:#?}");
    }

    /// Ends it as a loss of power ends it, but for what the disk holds.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
    }

    /// Waits for its good end.
    pub(super) fn end(mut self) {
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // Fails where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

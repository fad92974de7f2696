//! The quickstart's binary, as a newcomer starts it.

use std::process::Command;

use super::*;
use crate::interop::printed_lines::Running;
use crate::interop::process::binary;

pub(super) struct Quickstart {
    folder: tempfile::TempDir,
    running: Option<Running>,
    /// `http://127.0.0.1:PORT`.
    pub(super) url: String,
    pub(super) password: String,
}

impl Quickstart {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let running = run(&folder, None);
        let lines = running.lines.join(" ");
        let url = lines.split_whitespace().find_map(|word| word.strip_suffix("/me")).unwrap().to_owned();
        let password = lines.split_once("password='").unwrap().1.split_once('\'').unwrap().0.to_owned();
        Self { folder, running: Some(running), url, password }
    }

    pub(super) fn stop(&mut self) {
        self.running = None;
    }

    /// On the same port, with what the one before left.
    pub(super) fn start_again(&mut self) {
        self.stop();
        self.running = Some(run(&self.folder, self.url.strip_prefix("http://")));
    }

    /// Logs in by the page.
    pub(super) fn log_in(&self, tab: &Tab<'_>) {
        self.log_in_with(tab, &self.password);
        tab.until_text("Hello, alice");
    }

    pub(super) fn log_in_with(&self, tab: &Tab<'_>, password: &str) {
        tab.fill("#username", "alice");
        tab.fill("#password", password);
        tab.click("#login button");
    }
}

fn run(folder: &tempfile::TempDir, listen: Option<&str>) -> Running {
    let mut program = Command::new(binary("quickstart"));
    program.env("DATA", folder.path());
    if let Some(listen) = listen {
        program.env("LISTEN", listen);
    }
    Running::start(program).unwrap()
}

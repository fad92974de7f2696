//! A browser's process, and what its user does.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::interop::foreign::interpreter;

const FIX: &str = "run `scripts/install interop-node interop-debian`";

/// Chromium, with one page; ended when dropped.
pub(crate) struct Chromium {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

/// What the page shows.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) status: u64,
    pub(crate) text: String,
}

impl Chromium {
    pub(crate) fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/node/chromium.mjs");
        let mut command = Command::new(interpreter("INTEROP_NODE", "node".into()));
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("no browser ({error}); {FIX}"));
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut chromium = Self { child, requests, answers };
        let about = chromium.answer();
        assert_eq!(about["browser"], "chromium", "{about}; {FIX}");
        chromium
    }

    pub(crate) fn open(&mut self, url: &str) -> Page {
        self.page(&json!({ "op": "open", "url": url }))
    }

    pub(crate) fn click(&mut self, button: &str) -> Page {
        self.page(&json!({ "op": "click", "button": button }))
    }

    /// Waits until the page says so.
    pub(crate) fn wait(&mut self, text: &str) {
        self.ask(&json!({ "op": "wait", "text": text }));
    }

    fn page(&mut self, request: &Value) -> Page {
        let answer = self.ask(request);
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Page { url: text("url"), status: answer["status"].as_u64().unwrap(), text: text("text") }
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests.as_mut().unwrap(), "{request}").unwrap();
        let answer = self.answer();
        assert_eq!(answer["op"], request["op"], "{request}: {answer}");
        answer
    }

    /// The program waits no longer than a minute for anything, and answers or ends.
    fn answer(&mut self) -> Value {
        let line = self.answers.next().unwrap_or_else(|| panic!("the browser has ended; {FIX}"));
        serde_json::from_str(&line.unwrap()).unwrap()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It closes its browser when its input ends.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}

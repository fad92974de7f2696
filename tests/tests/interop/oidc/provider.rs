//! The provider's process, and its commands.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::PATIENCE;
use crate::interop::foreign::{interpreter, npm_pin};

const FIX: &str = "run `scripts/install interop-node`";

/// A running provider; killed when dropped.
pub(crate) struct Provider {
    process: Arc<Mutex<Process>>,
    /// The first line.
    about: Value,
}

struct Process {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

impl Provider {
    /// On a free port.
    pub(crate) async fn start() -> Self {
        Self::start_at(0).await
    }

    /// On a port on which another one was.
    pub(crate) async fn start_at(port: u16) -> Self {
        let started = tokio::task::spawn_blocking(move || Process::start(port));
        let (process, about) = started.await.unwrap().unwrap_or_else(|problem| panic!("{problem}; {FIX}"));
        assert_eq!(about["version"].as_str().map(str::to_owned), npm_pin("oidc-provider"), "{about}; {FIX}");
        Self { process: Arc::new(Mutex::new(process)), about }
    }

    pub(crate) fn issuer(&self) -> &str {
        self.about["issuer"].as_str().unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.about["port"].as_u64().unwrap().try_into().unwrap()
    }

    /// The key of the client `service-key`.
    pub(crate) fn client_key(&self) -> &str {
        self.about["private_key_pem"].as_str().unwrap()
    }

    /// Has it do something, and waits until it is done.
    pub(crate) async fn ask(&self, op: &'static str) -> Value {
        self.ask_with(json!({ "op": op })).await
    }

    /// Has it tell the client `web-logout` of logouts, at an address.
    pub(crate) async fn tell_of_logouts(&self, uri: &str) {
        self.ask_with(json!({ "op": "tell", "uri": uri })).await;
    }

    async fn ask_with(&self, request: Value) -> Value {
        let (process, asked) = (Arc::clone(&self.process), request.clone());
        let answer = tokio::task::spawn_blocking(move || process.lock().unwrap().ask(&asked));
        answer.await.unwrap().unwrap_or_else(|problem| panic!("{request}: {problem}"))
    }

    /// How many requests for a path it took.
    pub(crate) async fn requests(&self, path: &str) -> u64 {
        self.ask("requests").await["requests"][path].as_u64().unwrap_or_default()
    }
}

impl Process {
    fn start(port: u16) -> Result<(Self, Value), String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/node/oidc-provider.mjs");
        let node = interpreter("INTEROP_NODE", "node".into());
        let mut child = Command::new(&node)
            .arg(script)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| format!("`{}` cannot be started ({error})", node.display()))?;
        let requests = child.stdin.take().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut process = Self { child, requests, answers };
        let about = process.answer()?;
        Ok((process, about))
    }

    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        writeln!(self.requests, "{request}").map_err(|error| error.to_string())?;
        let answer = self.answer()?;
        if answer["op"] == request["op"] { Ok(answer) } else { Err(answer.to_string()) }
    }

    fn answer(&mut self) -> Result<Value, String> {
        let line = self.answers.recv_timeout(PATIENCE).map_err(|error| format!("no answer: {error}"))?;
        serde_json::from_str(&line).map_err(|error| format!("no JSON ({error}): {line}"))
    }
}

/// As a crash: without a farewell.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

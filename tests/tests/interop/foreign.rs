//! One foreign library in a process of its own, which answers JSON lines (`tests/interop/README.md`).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use jwt_core::Algorithm;
use serde_json::{Value, json};

/// Longest wait for one answer. `algorithms` makes six RSA keys, on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

const FIX: &str = "run `scripts/install interop-node interop-python`";

#[derive(Clone, Copy)]
pub(crate) enum Driver {
    Node,
    Python,
}

/// How the library's refusals begin.
pub(crate) struct Refusals {
    pub(crate) signature: &'static str,
    pub(crate) audience: &'static str,
    pub(crate) issuer: &'static str,
    pub(crate) expired: &'static str,
    /// No key of that `kid` in a JWK set; `None` for a library that reads no sets.
    pub(crate) unknown_key: Option<&'static str>,
}

pub(crate) struct Library {
    pub(crate) name: &'static str,
    pub(crate) driver: Driver,
    /// The version that `scripts/install` installs.
    pub(crate) pinned: fn() -> Option<String>,
    pub(crate) refusals: Refusals,
    /// Whether it computes RFC 7638 thumbprints.
    pub(crate) knows_thumbprints: bool,
}

/// What a library says of our algorithms.
pub(crate) struct Algorithms {
    pub(crate) supported: Vec<Algorithm>,
    /// The library's own words about each of ours that it lacks.
    pub(crate) absent: BTreeMap<String, String>,
}

pub(crate) struct Foreign<'l> {
    pub(crate) library: &'l Library,
    runtime: String,
    version: String,
    child: Child,
    /// How many requests were sent, and the `id` of the last.
    sent: u64,
    requests: Option<ChildStdin>,
    answers: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
}

impl<'l> Foreign<'l> {
    /// Starts the process and checks that it runs the pinned version of the library.
    pub(crate) fn start(library: &'l Library) -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
        let (interpreter, script) = match library.driver {
            Driver::Node => (interpreter("INTEROP_NODE", "node".into()), "sign_verify.mjs"),
            Driver::Python => (interpreter("INTEROP_PYTHON", venv_python()), "sign_verify.py"),
        };
        let mut child = Command::new(&interpreter)
            .arg(folder.join(script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                format!("{}: `{}` cannot be started ({error}); {FIX}", library.name, interpreter.display())
            })?;
        let requests = child.stdin.take();
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let mut stderr = child.stderr.take().ok_or("no stderr")?;
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let complaints = Some(std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        }));
        let (runtime, version) = (String::new(), String::new());
        let mut foreign = Self { library, runtime, version, child, sent: 0, requests, answers, complaints };

        let about = foreign.ask(json!({ "op": "about" })).map_err(|problem| format!("{problem}; {FIX}"))?;
        foreign.version = text(&about, "version")?;
        foreign.runtime = text(&about, "runtime")?;
        match (library.pinned)() {
            Some(pinned) if pinned == foreign.version => Ok(foreign),
            pinned => Err(format!(
                "{}: version {} is installed where {pinned:?} is pinned; {FIX}",
                library.name, foreign.version
            )),
        }
    }

    pub(crate) fn runtime(&self) -> &str {
        &self.runtime
    }

    /// Library, version and runtime.
    pub(crate) fn title(&self) -> String {
        format!("{} {} on {}", self.library.name, self.version, self.runtime)
    }

    /// Sends one request and waits for its answer; an answer `{"error": …}` is an error.
    pub(crate) fn ask(&mut self, mut request: Value) -> Result<Value, String> {
        let op = request["op"].as_str().unwrap_or("?").to_owned();
        let whose = format!("{}: op {op}", self.library.name);
        self.sent = self.sent.saturating_add(1);
        request["id"] = self.sent.into();
        request["library"] = self.library.name.into();
        let sent = self.requests.as_mut().map(|requests| writeln!(requests, "{request}"));
        if !matches!(sent, Some(Ok(()))) {
            return Err(format!("{whose}: the process has ended: {}", self.last_words()));
        }
        let answer = match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => {
                let words = self.last_words();
                return Err(format!("{whose}: no answer in {} s, stopped: {words}", PATIENCE.as_secs()));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(format!("{whose}: the process has ended: {}", self.last_words()));
            }
        };
        let answer: Value =
            serde_json::from_str(&answer).map_err(|error| format!("{whose}: no JSON ({error}): {answer}"))?;
        if answer["id"].as_u64() != Some(self.sent) {
            // Whatever followed would be read as the answer to something else.
            return Err(format!("{whose}: not the answer to it, stopped: {answer} {}", self.last_words()));
        }
        match answer.get("error").filter(|_| answer.get("valid").is_none()) {
            Some(error) => Err(format!("{whose}: {}", error.as_str().unwrap_or("?"))),
            None => Ok(answer),
        }
    }

    /// Which of our algorithms the library signs and verifies with, found by trying.
    pub(crate) fn algorithms(&mut self) -> Result<Algorithms, String> {
        let answer = self.ask(json!({ "op": "algorithms" }))?;
        let names: Vec<String> = read(&answer["algorithms"])?;
        let reasons: BTreeMap<String, String> = read(&answer["absent"])?;
        let (mut supported, mut absent) = (Vec::new(), BTreeMap::new());
        for algorithm in Algorithm::ALL {
            if names.iter().any(|name| name == algorithm.name()) {
                supported.push(algorithm);
            } else {
                let reason = reasons.get(algorithm.name()).cloned();
                absent.insert(algorithm.name().to_owned(), reason.unwrap_or_else(|| "not tried".into()));
            }
        }
        Ok(Algorithms { supported, absent })
    }

    /// Has the library verify a token; its claims, or the library's refusal in the inner error.
    pub(crate) fn verify(
        &mut self,
        algorithm: Algorithm,
        key: &Value,
        token: &str,
    ) -> Result<Result<Value, String>, String> {
        let mut request = key.clone();
        request["op"] = "verify".into();
        request["algorithm"] = algorithm.name().into();
        request["token"] = token.into();
        request["issuer"] = super::tokens::ISSUER.into();
        request["audience"] = super::tokens::AUDIENCE.into();
        let answer = self.ask(request)?;
        Ok(match answer["valid"].as_bool() {
            Some(true) => Ok(answer["claims"].clone()),
            _ => Err(answer["error"].as_str().unwrap_or("?").to_owned()),
        })
    }

    /// Has the library sign; `what` is `claims` or `claims_text`.
    pub(crate) fn sign(
        &mut self,
        algorithm: Algorithm,
        key: &Value,
        what: (&str, Value),
        key_id: Option<&str>,
    ) -> Result<String, String> {
        let mut request = key.clone();
        request["op"] = "sign".into();
        request["algorithm"] = algorithm.name().into();
        request[what.0] = what.1;
        if let Some(key_id) = key_id {
            request["header"] = json!({ "kid": key_id });
        }
        text(&self.ask(request)?, "token")
    }

    /// Ends the process by the end of its input; it must leave in time, and with success.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        drop(self.requests.take());
        match self.answers.recv_timeout(PATIENCE) {
            Err(RecvTimeoutError::Disconnected) => {}
            Ok(line) => return Err(format!("{}: an answer nobody asked for: {line}", self.library.name)),
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!("{}: did not end with its input", self.library.name));
            }
        }
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            ended => Err(format!("{}: ended with {ended:?}: {}", self.library.name, self.last_words())),
        }
    }

    /// Makes sure that the process is gone, and gives what it wrote to stderr.
    fn last_words(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Foreign<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text of a member.
pub(crate) fn text(value: &Value, member: &str) -> Result<String, String> {
    value[member].as_str().map(str::to_owned).ok_or_else(|| format!("the answer has no `{member}`: {value}"))
}

/// A value as a type.
pub(crate) fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("{error}: {value}"))
}

/// The version of a package in `package.json`.
pub(crate) fn npm_pin(name: &str) -> Option<String> {
    let manifest: Value = serde_json::from_str(include_str!("../../interop/package.json")).ok()?;
    manifest["dependencies"][name].as_str().map(str::to_owned)
}

/// The version of a package in `requirements.txt`.
pub(crate) fn python_pin(name: &str) -> Option<String> {
    let mut lines = include_str!("../../interop/requirements.txt").lines();
    lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix("==")?.trim().to_owned()))
}

/// Whether this is a Node.js whose Web Cryptography has ML-DSA.
pub(crate) fn node_has_ml_dsa(runtime: &str) -> bool {
    let mut numbers = runtime.trim_start_matches("Node.js ").split('.').map_while(|part| part.parse().ok());
    (numbers.next(), numbers.next()) >= (Some(24_u32), Some(7_u32))
}

/// `scripts/interop` names the interpreters; a test run by hand finds them where `scripts/install` puts them.
fn interpreter(variable: &str, otherwise: PathBuf) -> PathBuf {
    std::env::var_os(variable).map_or(otherwise, PathBuf::from)
}

fn venv_python() -> PathBuf {
    // `target/tmp` is what cargo tells of the target folder.
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap_or(tmp).join("interop/venv/bin/python")
}

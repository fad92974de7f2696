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

use super::libraries::Library;

/// Longest wait for one answer. `algorithms` makes RSA keys, on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(180);

const FIX: &str = "run `scripts/install interop-node interop-python interop-debian`";

/// The driver's file in `tests/interop/node`, `python` or `ruby`.
#[derive(Clone, Copy)]
pub(crate) enum Driver {
    Node(&'static str),
    Python(&'static str),
    Ruby(&'static str),
}

/// Which version `scripts/install` installs.
#[derive(Clone, Copy)]
pub(crate) enum Pin {
    /// That of `package.json`.
    Npm,
    /// That of `requirements.txt`.
    PyPi,
    /// What the release of Debian has, of which this is the beginning.
    Debian(&'static str),
}

/// What a library makes of a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    Accepts,
    Refuses,
    /// Neither: an error of another kind than its refusals, or status 500.
    Fails,
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
            Driver::Node(file) => {
                (interpreter("INTEROP_NODE", "node".into()), folder.join("node").join(file))
            }
            Driver::Python(file) => {
                (interpreter("INTEROP_PYTHON", venv_python()), folder.join("python").join(file))
            }
            Driver::Ruby(file) => {
                (interpreter("INTEROP_RUBY", "ruby".into()), folder.join("ruby").join(file))
            }
        };
        let mut child = Command::new(&interpreter)
            .arg(script)
            // Nothing is written beside the drivers.
            .env("PYTHONDONTWRITEBYTECODE", "1")
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
        let pinned = match library.pin {
            Pin::Npm => npm_pin(library.name),
            Pin::PyPi => python_pin(library.name),
            Pin::Debian(begins) => foreign.version.starts_with(begins).then(|| foreign.version.clone()),
        };
        if pinned.as_ref() == Some(&foreign.version) {
            return Ok(foreign);
        }
        let (name, version) = (library.name, &foreign.version);
        Err(format!("{name}: version {version} is installed where {pinned:?} is pinned; {FIX}"))
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

    /// What the library makes of a token, given everything in the request; its words where it does not accept.
    pub(crate) fn judge(&mut self, request: Value) -> Result<(Verdict, String), String> {
        match self.ask(request) {
            Ok(answer) if answer["valid"] == true => Ok((Verdict::Accepts, String::new())),
            Ok(answer) => Ok((Verdict::Refuses, answer["error"].as_str().unwrap_or("?").to_owned())),
            // It broke over this token, if it still answers.
            Err(problem) => self.ask(json!({ "op": "about" })).map(|_| (Verdict::Fails, problem)),
        }
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
pub(crate) fn interpreter(variable: &str, otherwise: PathBuf) -> PathBuf {
    std::env::var_os(variable).map_or(otherwise, PathBuf::from)
}

pub(crate) fn venv_python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/.venv/bin/python")
}

//! Callers that present one refresh token at the same moment, to the ready-made routes on SQLite and to
//! djangorestframework-simplejwt on SQLite (`tests/interop/python/serve_simplejwt.py`), over sockets.
//!
//! The table of jwt-session's README is what this prints with `--nocapture`.

#![allow(clippy::arithmetic_side_effects, reason = "what fails in here fails a test")]
#![allow(clippy::print_stdout, reason = "a table for whoever asks for it")]

use core::net::SocketAddr;
use core::ops::AddAssign;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};

use axum::Router;
use jwt_core::{Algorithm, HmacSecret, Issuer, SigningKey, Verifier};
use jwt_session::routes::{Credentials, LoginUnavailable, RateLimit, Routes};
use jwt_session::{NewSession, Sessions};
use jwt_store::SqliteStore;
use serde_json::{Value, json};
use tests::wire::{Request, Response, exchange};
use tokio::runtime::Runtime;

use super::foreign::{interpreter, python_pin, venv_python};

const CALLERS: [usize; 4] = [2, 6, 10, 50];
const REPEATS: usize = 10;
/// The first one, and as many as a grace allows.
const SERVED: usize = 6;
const MINUTE: core::time::Duration = core::time::Duration::from_secs(60);

/// A service of refresh tokens.
struct Service {
    address: SocketAddr,
    login: (&'static str, Value),
    refresh: &'static str,
    /// What a refresh token is called, in requests and answers.
    member: &'static str,
}

impl Service {
    fn post(address: SocketAddr, path: &str, body: &Value) -> Response {
        let body = body.to_string();
        let request = Request::bare("POST", path)
            .with("Host", "127.0.0.1")
            .with("Connection", "close")
            .with("Content-Type", "application/json")
            .with("Content-Length", body.len().to_string())
            .body(body.as_bytes());
        exchange(address, &request)
    }

    /// The refresh token of a login.
    fn log_in(&self) -> String {
        let (path, body) = &self.login;
        let response = Self::post(self.address, path, body);
        self.token_in(&response).unwrap_or_else(|| panic!("{response:?}"))
    }

    /// The status, and the successor of a refresh token.
    fn refresh(&self, token: &str) -> (u16, Option<String>) {
        let response = Self::post(self.address, self.refresh, &json!({ (self.member): token }));
        (response.status, self.token_in(&response))
    }

    fn token_in(&self, response: &Response) -> Option<String> {
        if response.status != 200 {
            return None;
        }
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        body[self.member].as_str().map(str::to_owned)
    }
}

/// What became of the callers, of all repeats together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Those with a successor that is usable.
    served: usize,
    /// Those who are told to log in.
    refused: usize,
    /// Those who are told of a failure.
    failed: usize,
    /// Refresh tokens that are usable afterwards.
    usable: usize,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.served += other.served;
        self.refused += other.refused;
        self.failed += other.failed;
        self.usable += other.usable;
    }
}

/// One race.
fn race(service: &Service, callers: usize) -> Outcome {
    let token = service.log_in();
    let barrier = Barrier::new(callers);
    let answers: Vec<(u16, Option<String>)> = std::thread::scope(|scope| {
        let call = || {
            barrier.wait();
            service.refresh(&token)
        };
        let calls: Vec<_> = (0..callers).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let given: BTreeSet<&String> = answers.iter().filter_map(|(_, successor)| successor.as_ref()).collect();
    let usable: BTreeSet<&String> =
        given.into_iter().filter(|token| service.refresh(token).0 == 200).collect();
    let mut outcome = Outcome { usable: usable.len(), ..Outcome::default() };
    for (status, successor) in &answers {
        match successor {
            Some(successor) if usable.contains(successor) => outcome.served += 1,
            _ if *status >= 500 => outcome.failed += 1,
            _ => outcome.refused += 1,
        }
    }
    outcome
}

/// Ours, in this process; the file is gone with the folder.
struct Ours {
    service: Service,
    _runtime: Runtime,
    _folder: tempfile::TempDir,
}

impl Ours {
    fn start() -> Self {
        async fn login(credentials: Credentials) -> Result<Option<NewSession>, LoginUnavailable> {
            Ok((credentials.password() == "correct horse").then(|| NewSession::of(credentials.username())))
        }

        let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
        let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
        let key = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
        let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
        let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
        let (issuer, verifier) = (issuer.build().unwrap(), verifier.build().unwrap());
        let path = folder.path().join("sessions.db");
        let sessions = runtime.block_on(async {
            let store = SqliteStore::at(path).with_patience(MINUTE).open().await.unwrap();
            store.migrate().await.unwrap();
            Sessions::builder(issuer, store).open().await.unwrap()
        });
        // All callers come from one address here, which says nothing of them.
        let routes = Routes::builder(sessions, verifier, login).with_address(|_, _| None);
        let routes = routes.with_refresh_limit(RateLimit::new(255, MINUTE)).build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().merge(axum_jwt::session_routes(routes));
        let serving = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>());
        runtime.spawn(async move { serving.await });
        let login = ("/login", json!({ "username": "alice", "password": "correct horse" }));
        let service = Service { address, login, refresh: "/refresh", member: "refresh_token" };
        Self { service, _runtime: runtime, _folder: folder }
    }
}

/// Theirs, in a process of its own, killed when dropped.
struct Simplejwt {
    service: Service,
    title: String,
    child: Child,
}

impl Simplejwt {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/python/serve_simplejwt.py");
        let mut command = Command::new(interpreter("INTEROP_PYTHON", venv_python()));
        command.arg(script).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let about: Value = serde_json::from_str(&line).unwrap();
        let member = |name: &str| about[name].as_str().unwrap().to_owned();
        let (library, version) = (member("library"), member("version"));
        assert_eq!(python_pin(&library).as_ref(), Some(&version));
        let title = format!("{library} {version}, Django {}, SQLite {}", member("django"), member("sqlite"));
        let port: u16 = about["port"].as_u64().unwrap().try_into().unwrap();
        let service = Service {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            login: ("/token", json!({ "username": "alice", "password": member("password") })),
            refresh: "/token/refresh",
            member: "refresh",
        };
        Self { service, title, child }
    }
}

impl Drop for Simplejwt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn callers_with_one_refresh_token_leave_one_usable_here_and_several_at_simplejwt() {
    let (ours, theirs) = (Arc::new(Ours::start()), Simplejwt::start());
    println!("{REPEATS} races each; {}", theirs.title);
    println!(
        "| callers | | have a usable successor | are refused | are told of a failure | usable tokens left |"
    );
    println!("|---:|---|---:|---:|---:|---:|");
    let mut several = 0;
    for callers in CALLERS {
        let (mut here, mut there) = (Outcome::default(), Outcome::default());
        for _ in 0..REPEATS {
            let outcome = race(&ours.service, callers);
            let served = callers.min(SERVED);
            let expected = Outcome { served, refused: callers - served, failed: 0, usable: 1 };
            assert_eq!(outcome, expected, "{callers} callers");
            here += outcome;
            let outcome = race(&theirs.service, callers);
            several += usize::from(outcome.usable > 1);
            there += outcome;
        }
        for (name, all) in [("jwt-session", here), ("simplejwt", there)] {
            let mean = |count: usize| format!("{}.{}", count / REPEATS, count % REPEATS);
            println!(
                "| {callers} | {name} | {} | {} | {} | {} |",
                mean(all.served),
                mean(all.refused),
                mean(all.failed),
                mean(all.usable),
            );
        }
    }
    assert!(several > 0, "what the table says of simplejwt holds no longer");
}

//! What a server of keys may do instead of serving them: for each, what requests are answered, how often the server
//! is asked, and what the operator is told.

use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use jwt_core::{Reason, RequestAuth};
use jwt_remote::{Remote, RemoteKeys};
use serde_json::json;
use tests::routes::{Endpoint, Layer, Route, Routes};
use tests::server::{Framework, TestServer};
use tests::wire::{self, Request};
use tracing::Level;

use super::bomb::gzip_of_zeros;
use super::fault_server::{Answer, FaultServer, Response};
use super::told::Told;
use crate::attacks::covers;

use super::{bogus, fresh, held, jwk, jwks, key, most_attempts, remote, set_of, token, until, verifier};

const MIB: usize = 1024 * 1024;

covers! {
    without_a_first_set_all_is_503_and_the_server_is_left_alone [73 74 83 R4 R5 R6 R7 R9];
    with_a_set_known_keys_are_good_all_along [67 68 73 74 R3 R4 R5 R6 R7];
    a_fault_that_ends_is_forgotten_without_anybodys_doing [68 83 R9];
}

/// A fault: its route here, what the server does, and the code of what went wrong.
struct Fault {
    path: &'static str,
    answer: Answer,
    code: &'static str,
}

/// Whatever is no good answer.
fn faults(elsewhere: &str) -> Vec<Fault> {
    let fault = |path, code, answer| Fault { path, answer, code };
    let set = || jwks([&key("a")]);
    let status = |status| Answer::Good(Response::new(status, set()).with("content-type", "application/json"));
    let moved = |status, to: &str| Answer::Good(Response::new(status, set()).with("location", to));
    let private = {
        let key = key("private");
        serde_json::from_str(&key.insecure_private_jwk().unwrap()).unwrap()
    };
    let mut encryption = jwk(&key("encryption"));
    encryption["use"] = json!("enc");
    let twice = [jwk(&key("twice")), jwk(&key("twice"))];
    vec![
        fault("/hang", "timeout", Answer::Hang),
        fault("/drip", "timeout", Answer::Drip(Response::json(set()))),
        fault("/500", "status", status(500)),
        fault("/503", "status", status(503)),
        fault("/404", "status", status(404)),
        fault("/204", "status", status(204)),
        fault("/203", "status", status(203)),
        fault("/301", "redirect", moved(301, "/elsewhere")),
        fault("/302", "redirect", moved(302, "/elsewhere")),
        fault("/302-to-another", "redirect", moved(302, elsewhere)),
        fault("/307-to-another", "redirect", moved(307, elsewhere)),
        // Nothing was asked that it could be the same as.
        fault("/304", "nothing_to_compare", Answer::status(304)),
        fault("/html", "keys", Answer::Good(Response::new(200, "<html>sign in</html>"))),
        fault("/no-json", "keys", Answer::json("{\"keys\":[")),
        fault("/nothing", "keys", Answer::json("")),
        fault("/null", "keys", Answer::json("{\"keys\":null}")),
        fault("/list", "keys", Answer::json("[]")),
        fault("/empty", "keys", Answer::json("{\"keys\":[]}")),
        fault("/oct", "keys", Answer::json(set_of([oct()]))),
        fault("/private", "keys", Answer::json(set_of([private]))),
        fault("/enc", "keys", Answer::json(set_of([encryption]))),
        fault("/twice", "keys", Answer::json(set_of(twice))),
        fault("/101-keys", "keys", Answer::json(set_of((0..101).map(|n| jwk(&key(&format!("k{n}"))))))),
        fault(
            "/30-mb-announced",
            "too_long",
            Answer::Endless {
                start: "HTTP/1.1 200 x\r\ncontent-length: 31457280\r\n\r\n",
                again: vec![b' '; 64 * 1024],
                most: 30 * MIB,
            },
        ),
        fault(
            "/30-mb-without-end",
            "too_long",
            Answer::Endless {
                start: "HTTP/1.1 200 x\r\nconnection: close\r\n\r\n",
                again: vec![b' '; 64 * 1024],
                most: 30 * MIB,
            },
        ),
        fault(
            "/30-mb-in-chunks",
            "too_long",
            Answer::Endless {
                start: "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n",
                again: [b"10000\r\n".as_slice(), &[b' '; 0x1_0000], b"\r\n"].concat(),
                most: 30 * MIB,
            },
        ),
        fault(
            "/bomb",
            "encoded",
            Answer::Good(Response::json(gzip_of_zeros(64 * MIB)).with("content-encoding", "gzip")),
        ),
        fault("/bomb-unnamed", "keys", Answer::json(gzip_of_zeros(64 * MIB))),
        fault(
            "/fields",
            "connection",
            Answer::Endless {
                start: "HTTP/1.1 200 x\r\n",
                again: format!("x-field: {}\r\n", "x".repeat(1_000)).into_bytes(),
                most: 30 * MIB,
            },
        ),
        fault("/reset", "connection", Answer::Reset),
        fault("/cut-off", "connection", Answer::CutOff(Response::json(set()))),
        fault("/no-http", "connection", Answer::Raw(b"SSH-2.0-x\r\n".to_vec())),
        fault("/silence", "connection", Answer::Raw(Vec::new())),
        fault(
            "/two-lengths",
            "connection",
            Answer::Raw(b"HTTP/1.1 200 x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}".to_vec()),
        ),
    ]
}

/// A secret that everybody knows now.
pub(crate) fn oct() -> serde_json::Value {
    json!({"kty": "oct", "kid": "secret", "alg": "HS256", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})
}

/// A fault, its server and the keys that are asked of it.
struct Case {
    fault: Fault,
    server: FaultServer,
    keys: RemoteKeys,
    url: String,
}

/// As many at a time as do not keep each other from being on time.
const AT_A_TIME: usize = 4;

impl Case {
    /// Keys that are asked of a server whose first answer is `first`.
    async fn start(fault: Fault, first: Answer, remote: &Remote) -> Self {
        let server = FaultServer::always(first).await;
        let url = server.url("/jwks");
        Self { keys: RemoteKeys::at(&*url).with_remote(remote).start().unwrap(), fault, server, url }
    }

    /// The most that one fetch can have made the server send: what fits into the buffers of two sockets, far from all.
    fn assert_read_early(&self, fetches: usize) {
        let sent = self.server.sent();
        assert!(sent < 15 * (fetches * MIB) as u64, "{}: {sent} bytes", self.fault.path);
    }

    /// All requests but those for the keys.
    fn assert_nothing_else_was_asked(&self) {
        assert_eq!(self.server.count("/elsewhere"), 0, "{}", self.fault.path);
        assert_eq!(self.server.count("/jwks"), self.server.gauge().asked, "{}", self.fault.path);
    }
}

/// One route per fault, in each framework.
struct Services(Vec<(Framework, TestServer)>);

impl Services {
    fn of<'c>(cases: impl IntoIterator<Item = &'c Case>) -> Self {
        let route = |case: &Case| Route {
            path: case.fault.path,
            layers: vec![Layer::Auth(RequestAuth::new(verifier(&case.keys)))],
            endpoint: Endpoint::Me,
        };
        let routes: Routes = cases.into_iter().map(route).collect();
        let start = |framework: &Framework| {
            (*framework, TestServer::start(*framework, Routes::clone(&routes)).unwrap())
        };
        Self(Framework::ALL.iter().map(start).collect())
    }

    /// The response of each framework.
    async fn ask(&self, path: &'static str, token: &str) -> Vec<(Framework, wire::Response)> {
        let one = |(framework, server): &(Framework, TestServer)| {
            let (framework, address) = (*framework, server.address());
            let request = Request::get(path).bearer(token);
            async move {
                let response = tokio::task::spawn_blocking(move || wire::exchange(address, &request)).await;
                (framework, response.unwrap())
            }
        };
        join_all(self.0.iter().map(one)).await
    }
}

#[tokio::test]
async fn without_a_first_set_all_is_503_and_the_server_is_left_alone() {
    let (told, _guard) = Told::listen();
    let elsewhere = FaultServer::always(Answer::json(jwks([&key("a")]))).await;
    let (remote, token) = (remote(), token(&key("a")));
    // So that no later one listens where an earlier one did, of which something was told.
    let mut ended = Vec::new();
    let mut faults = faults(&elsewhere.url("/elsewhere"));
    assert!(faults.len() >= 30, "{}", faults.len());
    while !faults.is_empty() {
        let batch = faults.drain(..faults.len().min(AT_A_TIME));
        let began = Instant::now();
        let cases = batch.map(|fault| {
            let answer = fault.answer.clone();
            Case::start(fault, answer, &remote)
        });
        let cases = join_all(cases).await;
        let services = Services::of(&cases);
        join_all(cases.iter().map(|case| never_had_keys(case, &services, &token, began, &told))).await;
        ended.extend(cases.into_iter().map(|case| case.server));
    }
    assert_eq!(elsewhere.gauge().connections, 0, "a redirect was followed");
}

async fn never_had_keys(case: &Case, services: &Services, token: &str, began: Instant, told: &Told) {
    let Case { fault, server, keys, url } = case;
    let path = fault.path;
    let error = keys.wait().await.unwrap_err();
    assert_eq!(error.code(), fault.code, "{path}: {error}");
    // However many ask, by whatever path.
    let verifier = verifier(keys);
    for _ in 0..20 {
        assert_eq!(held(&verifier, token), Err(Reason::KeysUnavailable), "{path}");
    }
    let verdicts = join_all((0..100).map(|_| fresh(&verifier, token))).await;
    assert_eq!(verdicts, vec![Err(Reason::KeysUnavailable); 100], "{path}");
    for (framework, response) in services.ask(path, token).await {
        assert_eq!(response.status, 503, "{path} {framework}: {response:?}");
        let after: u64 = response.field("retry-after").unwrap().parse().unwrap();
        assert!(after >= 1, "{path} {framework}");
        assert_eq!(response.field("www-authenticate"), None, "{path} {framework}");
    }
    let asked = server.count("/jwks");
    let most = most_attempts(began.elapsed());
    assert!((1..=most).contains(&asked), "{path}: {asked} requests, {most} at most");
    case.assert_nothing_else_was_asked();
    case.assert_read_early(asked);
    let status = keys.status();
    assert!(!status.has_keys && status.age.is_none() && status.failures >= 1, "{path}: {status:?}");
    let lines = told.of(url, "keys were never fetched");
    assert!((1..=asked).contains(&lines.len()), "{path}: {lines:?}");
    assert!(lines.iter().all(|line| line.level == Level::ERROR), "{path}");
    assert!(lines.iter().all(|line| line.field("reason") == Some(fault.code)), "{path}: {lines:?}");
}

#[tokio::test]
async fn with_a_set_known_keys_are_good_all_along() {
    let (told, _guard) = Told::listen();
    let elsewhere = FaultServer::always(Answer::json(jwks([&key("a")]))).await;
    let (remote, good) = (remote(), key("good"));
    let known = token(&good);
    let mut ended = Vec::new();
    let mut faults = faults(&elsewhere.url("/elsewhere"));
    while !faults.is_empty() {
        let batch = faults.drain(..faults.len().min(AT_A_TIME));
        let cases = batch.map(|fault| Case::start(fault, Answer::json(jwks([&good])), &remote));
        let cases = join_all(cases).await;
        let services = Services::of(&cases);
        for case in &cases {
            case.keys.wait().await.unwrap();
        }
        let began = Instant::now();
        join_all(cases.iter().map(|case| had_keys(case, &services, &known, began, &told))).await;
        ended.extend(cases.into_iter().map(|case| case.server));
    }
    assert_eq!(elsewhere.gauge().connections, 0, "a redirect was followed");
}

async fn had_keys(case: &Case, services: &Services, known: &str, began: Instant, told: &Told) {
    let Case { fault, server, keys, url } = case;
    let path = fault.path;
    let (verifier, mut bogus) = (verifier(keys), bogus());
    assert_eq!(fresh(&verifier, known).await, Ok(()), "{path}");
    server.answers(fault.answer.clone());
    // A stranger's token has the server asked, which is what a refresh would do in some minutes.
    let unknown = bogus();
    let (verdict, ()) = tokio::join!(fresh(&verifier, &unknown), async {
        server.until("asked again", |gauge| gauge.asked >= 2).await;
        // While it is being asked, or just was: nobody waits.
        for _ in 0..20 {
            assert_eq!(held(&verifier, known), Ok(()), "{path}");
        }
        for (framework, response) in services.ask(path, known).await {
            assert_eq!(response.status, 200, "{path} {framework}: {response:?}");
        }
    });
    assert_eq!(verdict, Err(Reason::UnknownKey), "{path}");
    until(path, || keys.status().failures >= 1).await;
    for _ in 0..100 {
        assert_eq!(fresh(&verifier, known).now_or_never(), Some(Ok(())), "{path}");
        assert_eq!(held(&verifier, &unknown), Err(Reason::UnknownKey), "{path}");
    }
    for (framework, response) in services.ask(path, known).await {
        assert_eq!(response.status, 200, "{path} {framework}: {response:?}");
    }
    for (framework, response) in services.ask(path, &bogus()).await {
        assert_eq!(response.status, 401, "{path} {framework}: {response:?}");
    }
    let status = keys.status();
    assert!(status.has_keys && status.age.is_some(), "{path}: {status:?}");
    assert_eq!(status.error.map(|error| error.code()), Some(fault.code), "{path}");
    let (asked, most) = (server.count("/jwks"), 1 + most_attempts(began.elapsed()));
    assert!((2..=most).contains(&asked), "{path}: {asked} requests, {most} at most");
    case.assert_nothing_else_was_asked();
    case.assert_read_early(asked);
    let lines = told.of(url, "those that are held serve on");
    assert!((1..asked).contains(&lines.len()), "{path}: {lines:?}");
    assert!(lines.iter().all(|line| line.level == Level::WARN), "{path}");
    assert!(lines.iter().all(|line| line.field("reason") == Some(fault.code)), "{path}: {lines:?}");
    assert!(told.of(url, "keys were never fetched").is_empty(), "{path}");
}

#[tokio::test]
async fn a_fault_that_ends_is_forgotten_without_anybodys_doing() {
    let elsewhere = FaultServer::always(Answer::Hang).await;
    // Those that end by themselves; the others take 5 s and are as good as any.
    let faults = faults(&elsewhere.url("/elsewhere")).into_iter().filter(|fault| fault.code != "timeout");
    let good = &key("good");
    let remote = &remote();
    join_all(faults.map(|fault| async move {
        let server = FaultServer::always(fault.answer).await;
        let keys = RemoteKeys::at(server.url("/jwks")).with_remote(remote).start().unwrap();
        keys.wait().await.unwrap_err();
        server.answers(Answer::json(jwks([good])));
        until(fault.path, || keys.has_keys()).await;
        assert_eq!(held(&verifier(&keys), &token(good)), Ok(()), "{}", fault.path);
        let status = keys.status();
        assert!(status.failures == 0 && status.error.is_none(), "{}: {status:?}", fault.path);
    }))
    .await;
}

//! Sources of keys before every framework, over sockets: a first fetch that many wait for, a service that is stopped
//! meanwhile, tenants, files that change, and closures of the user's own that panic.

use core::time::Duration;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use jwt_core::keys::{Grant, Refresh, RefreshHint};
use jwt_core::{Authority, RequestAuth, Verifier};
use jwt_remote::{FetchLimits, Oidc, OidcTenants, RemoteKeys, WatchedKeys};
use tests::routes::{Endpoint, Layer, Route, Routes};
use tests::server::{Framework, TestServer};
use tests::tokens::{AUDIENCE, ISSUER};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::attacks::covers;

use super::fault_server::{Answer, FaultServer};
use super::{jwks, key, remote, token, token_of, until};

covers! {
    a_first_fetch_lets_those_in_who_waited_for_it [67 R9];
    a_service_that_is_stopped_while_all_wait_answers_all_and_leaves_no_task [76 R19];
    a_rule_that_panics_costs_the_request_that_asked_it [R18];
}

/// A server with one route, for which a token is needed.
fn serve(framework: Framework, auth: RequestAuth) -> TestServer {
    let routes: Routes =
        [Route { path: "/me", layers: vec![Layer::Auth(auth)], endpoint: Endpoint::Me }].into();
    TestServer::start(framework, routes).unwrap()
}

/// A response of which its status and its head are of interest.
struct Response {
    status: u16,
    head: String,
}

/// Without a thread for each that waits.
async fn ask(address: SocketAddr, token: &str) -> io::Result<Response> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let head = text.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Response { status, head })
}

async fn status(address: SocketAddr, token: &str) -> u16 {
    ask(address, token).await.unwrap().status
}

/// Counts the requests that have come so far as to ask for keys.
struct Counted<R> {
    inner: R,
    asked: Arc<AtomicUsize>,
}

impl<R: Refresh> Refresh for Counted<R> {
    fn request(&self, hint: RefreshHint<'_>) -> Grant {
        let grant = self.inner.request(hint);
        self.asked.fetch_add(1, Ordering::SeqCst);
        grant
    }
}

/// What verifies by these keys, and how many have asked for them.
fn counted(keys: &RemoteKeys) -> (Verifier, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let refresh = Counted { inner: keys.refresh(), asked: Arc::clone(&asked) };
    let verifier = Authority::builder().with_live_keys(keys.live()).with_refresh(refresh);
    (verifier.with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap(), asked)
}

/// Time enough for all to come, on however slow a machine.
fn patient() -> FetchLimits {
    let minute = Duration::from_secs(60);
    FetchLimits::default().with_timeout(minute).with_wait(minute)
}

/// Those who find room wait for the one fetch and are let in, the others are told to come back.
#[tokio::test]
async fn a_first_fetch_lets_those_in_who_waited_for_it() {
    const AT_ONCE: usize = 100;
    const ROOM: usize = 64;
    for framework in Framework::ALL {
        let good = key("good");
        let (open, gate) = watch::channel(false);
        let provider = FaultServer::always(Answer::Once(gate, Box::new(Answer::json(jwks([&good]))))).await;
        let keys = RemoteKeys::at(provider.url("/jwks")).with_remote(&remote());
        let keys = keys.with_fetch_limits(patient()).start().unwrap();
        let (verifier, asked) = counted(&keys);
        let server = serve(*framework, RequestAuth::new(verifier));
        let token = token(&good);
        let all = join_all((0..AT_ONCE).map(|_| ask(server.address(), &token)));
        let (all, ()) = tokio::join!(all, async {
            until("all to wait", || asked.load(Ordering::SeqCst) == AT_ONCE).await;
            open.send_replace(true);
        });
        let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        let of = |status| all.iter().filter(|response| response.status == status).count();
        assert_eq!((of(200), of(503)), (ROOM, AT_ONCE - ROOM), "{framework}");
        let told = all.iter().filter(|response| response.status == 503);
        assert!(told.clone().all(|response| response.head.contains("\r\nretry-after: ")), "{framework}");
        assert_eq!(provider.count("/jwks"), 1, "{framework}");
        assert_eq!(status(server.address(), &token).await, 200, "{framework}");
    }
}

/// A service that is stopped answers all who wait, and leaves no task of ours.
#[test]
fn a_service_that_is_stopped_while_all_wait_answers_all_and_leaves_no_task() {
    const AT_ONCE: usize = 1_000;
    let others = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // Whose tasks are counted: nothing but the source of keys is at home there.
    let ours = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let tasks = || ours.metrics().num_alive_tasks();
    for framework in Framework::ALL {
        let good = key("good");
        let (open, gate) = watch::channel(false);
        let answer = Answer::Once(gate, Box::new(Answer::json(jwks([&good]))));
        let provider = others.block_on(FaultServer::always(answer));
        assert_eq!(tasks(), 0, "{framework}");
        let keys = ours.block_on(async {
            let keys = RemoteKeys::at(provider.url("/jwks")).with_remote(&remote());
            keys.with_fetch_limits(patient().with_most_waiting(AT_ONCE)).start().unwrap()
        });
        let (verifier, asked) = counted(&keys);
        let server = serve(*framework, RequestAuth::new(verifier));
        let (address, token) = (server.address(), token(&good));
        others.block_on(async {
            let all = join_all((0..AT_ONCE).map(|_| ask(address, &token)));
            let (all, ()) = tokio::join!(all, async {
                until("all to wait", || asked.load(Ordering::SeqCst) == AT_ONCE).await;
                assert!(tasks() >= 1, "{framework}: whatever fetches is not counted");
                let stopped = tokio::task::spawn_blocking(move || drop(server));
                // It takes no further request, and is not done.
                until("the end of its port", || std::net::TcpStream::connect(address).is_err()).await;
                assert!(!stopped.is_finished(), "{framework}");
                open.send_replace(true);
                stopped.await.unwrap();
            });
            let answered = all.into_iter().filter(|one| one.as_ref().is_ok_and(|one| one.status == 200));
            assert_eq!(answered.count(), AT_ONCE, "{framework}");
            assert_eq!(provider.count("/jwks"), 1, "{framework}");
            drop(keys);
            until("the end of the last task", || tasks() == 0).await;
        });
    }
}

/// Metadata and keys for each tenant that there is.
async fn tenants() -> (FaultServer, jwt_core::SigningKey) {
    let (good, server) = (key("k"), FaultServer::always(Answer::Hang).await);
    let (base, set) = (server.url(""), jwks([&good]));
    server.script(move |asked| match asked.path.split('/').collect::<Vec<_>>()[..] {
        ["", _, "jwks"] => Answer::json(set.clone()),
        ["", tenant, ".well-known", "openid-configuration"] => {
            let issuer = format!("{base}/{tenant}");
            let metadata = serde_json::json!({"issuer": issuer, "jwks_uri": format!("{issuer}/jwks")});
            Answer::json(metadata.to_string())
        }
        _ => Answer::status(404),
    });
    (server, good)
}

fn tenants_of(server: &FaultServer, allowed: impl Fn(&str) -> bool + Send + Sync + 'static) -> OidcTenants {
    let tenants = Oidc::tenants(server.url("/{tenant}")).with_audience(AUDIENCE).allow_where(allowed);
    tenants.with_remote(&remote()).with_fetch_limits(patient()).start().unwrap()
}

#[tokio::test]
async fn tenants_are_let_in_and_those_that_are_not_allowed_ask_nobody() {
    for framework in Framework::ALL {
        let (provider, good) = tenants().await;
        let tenants = Oidc::tenants(provider.url("/{tenant}")).with_audience(AUDIENCE).allow(["a", "b"]);
        let tenants = tenants.with_remote(&remote()).with_fetch_limits(patient()).start().unwrap();
        let server = serve(*framework, RequestAuth::new(tenants.clone()));
        let of = |tenant: &str| token_of(&good, &provider.url(&format!("/{tenant}")));
        for (tenant, expected) in [("a", 200), ("c", 401), ("b", 200), ("a", 200), ("c", 401)] {
            assert_eq!(status(server.address(), &of(tenant)).await, expected, "{framework}: {tenant}");
        }
        for tenant in ["a", "b"] {
            for path in ["jwks", ".well-known/openid-configuration"] {
                assert_eq!(provider.count(&format!("/{tenant}/{path}")), 1, "{framework}: {tenant} {path}");
            }
        }
        assert_eq!((provider.gauge().asked, tenants.statuses().len()), (4, 2), "{framework}");
    }
}

/// What a closure of the user's own does ends one request, and nobody else's.
#[tokio::test]
async fn a_rule_that_panics_costs_the_request_that_asked_it() {
    for framework in Framework::ALL {
        let (provider, good) = tenants().await;
        let tenants = tenants_of(&provider, |tenant| match tenant {
            "panic" => panic!("a rule of somebody's"),
            tenant => tenant == "a",
        });
        let server = serve(*framework, RequestAuth::new(tenants));
        let of = |tenant: &str| token_of(&good, &provider.url(&format!("/{tenant}")));
        for _ in 0..3 {
            assert_eq!(status(server.address(), &of("a")).await, 200, "{framework}");
            let ended = ask(server.address(), &of("panic")).await;
            assert!(ended.is_err() || ended.is_ok_and(|response| response.status == 500), "{framework}");
            assert_eq!(status(server.address(), &of("c")).await, 401, "{framework}");
        }
        assert_eq!(provider.gauge().asked, 2, "{framework}");
    }
}

/// A file that is gone after the test.
struct Watched(PathBuf);

impl Watched {
    /// As editors and certbot do: a whole file takes the place of the other one.
    fn replace(&self, content: String) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, content).unwrap();
        std::fs::rename(new, &self.0).unwrap();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn keys_in_a_file_that_is_replaced_let_in_whoever_they_are_for() {
    for framework in Framework::ALL {
        let name = format!("jwt-remote-watched-{}-{framework}.json", std::process::id());
        let file = Watched(std::env::temp_dir().join(name));
        let (old, new) = (key("old"), key("new"));
        file.replace(jwks([&old]));
        let keys = WatchedKeys::jwks(&file.0).start().await.unwrap();
        let verifier = keys.authority().with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap();
        let server = serve(*framework, RequestAuth::new(verifier));
        let address = server.address();
        assert_eq!(status(address, &token(&old)).await, 200, "{framework}");
        assert_eq!(status(address, &token(&new)).await, 401, "{framework}");
        file.replace(jwks([&new]));
        // With a token that needs it, though once a second at most.
        let deadline = std::time::Instant::now() + super::fault_server::PATIENCE;
        while status(address, &token(&new)).await != 200 {
            assert!(std::time::Instant::now() < deadline, "{framework}: the new key is never read");
        }
        assert_eq!(status(address, &token(&old)).await, 401, "{framework}");
        file.replace("{".to_owned());
        assert_eq!(status(address, &token(&key("other"))).await, 401, "{framework}");
        assert_eq!(status(address, &token(&new)).await, 200, "{framework}: what was read serves on");
    }
}

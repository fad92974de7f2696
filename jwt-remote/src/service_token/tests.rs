//! The handle, in time that stands still unless everybody waits.

mod layer;
mod runtimes;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use jwt_core::keys::BoxFuture;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::observe::told::Told;
use crate::{HttpClient, HttpError, HttpRequest, HttpResponse};

/// How the server answers.
#[derive(Clone)]
enum Reply {
    /// A new token each time, good for so many seconds.
    Tokens(u64),
    Body(u16, &'static str),
    Never,
    Panic,
}

/// An authorization server in this process, which counts.
#[derive(Clone)]
struct Server {
    reply: Arc<Mutex<Reply>>,
    asked: Arc<AtomicUsize>,
    last: Arc<Mutex<Option<HttpRequest>>>,
}

impl Server {
    fn with(reply: Reply) -> Self {
        Self { reply: Arc::new(Mutex::new(reply)), asked: Arc::default(), last: Arc::default() }
    }

    fn replies(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

const METADATA: &str = r#"{"issuer":"https://id.example.com/","jwks_uri":"https://id.example.com/jwks","token_endpoint":"https://id.example.com/oauth/token"}"#;

impl HttpClient for Server {
    fn may_carry_secrets(&self) -> bool {
        true
    }

    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        let reply = |status, body: String| HttpResponse { status, headers: Vec::new(), body: body.into() };
        if request.url.contains("/.well-known/") {
            return Box::pin(core::future::ready(Ok(reply(200, METADATA.to_owned()))));
        }
        let before = self.asked.fetch_add(1, Ordering::SeqCst);
        *self.last.lock().unwrap() = Some(request);
        let answer = self.reply.lock().unwrap().clone();
        Box::pin(async move {
            sleep(Duration::from_millis(50)).await;
            Ok(match answer {
                Reply::Tokens(seconds) => reply(
                    200,
                    format!(
                        r#"{{"access_token":"t{}","token_type":"Bearer","expires_in":{seconds}}}"#,
                        before.saturating_add(1)
                    ),
                ),
                Reply::Body(status, body) => reply(status, body.to_owned()),
                Reply::Never => core::future::pending().await,
                Reply::Panic => panic!("a client of somebody's"),
            })
        })
    }
}

fn builder(server: &Server) -> ServiceTokenBuilder {
    let remote = Remote::with_client(server.clone());
    ServiceToken::at("https://id.example.com/token", ClientAuth::basic("orders", "hunter2"))
        .with_remote(&remote)
}

fn started(server: &Server) -> ServiceToken {
    builder(server).start().unwrap()
}

async fn text(token: &ServiceToken) -> Result<String, &'static str> {
    token.token().await.map(|token| token.as_str().to_owned()).map_err(|error| error.code())
}

fn ok(token: &str) -> Result<String, &'static str> {
    Ok(token.to_owned())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_cost_one_request_and_later_ones_do_not_wait() {
    let server = Server::with(Reply::Tokens(3_600));
    let token = started(&server);
    assert_eq!(join_all((0..1_000).map(|_| text(&token))).await, vec![ok("t1"); 1_000]);
    let before = Instant::now();
    assert_eq!(text(&token).await, ok("t1"));
    assert_eq!((server.asked(), before.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_request_is_as_the_standards_say() {
    let server = Server::with(Reply::Tokens(60));
    let token = builder(&server).with_scopes(["a", "b"]).with_audience("api").with_resource("urn:x");
    token.fetch().await.unwrap();
    let request = server.last.lock().unwrap().clone().unwrap();
    assert_eq!(request.url, "https://id.example.com/token");
    let expected = "grant_type=client_credentials&scope=a+b&audience=api&resource=urn%3Ax";
    assert_eq!(request.body.as_deref(), Some(expected.as_bytes()));
    let has = |name: &str, value: &str| request.headers.iter().any(|(n, v)| *n == name && v == value);
    assert!(has("content-type", "application/x-www-form-urlencoded") && has("accept", "application/json"));
    assert!(has("authorization", "Basic b3JkZXJzOmh1bnRlcjI="));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_ahead_of_its_end_and_nobody_waits() {
    let server = Server::with(Reply::Tokens(600));
    let token = builder(&server).fetch().await.unwrap();
    // 590 s are served, of which 72 to 88 per cent pass.
    sleep(seconds(424)).await;
    assert_eq!((text(&token).await, server.asked()), (ok("t1"), 1));
    sleep(seconds(97)).await;
    let before = Instant::now();
    assert_eq!((text(&token).await, server.asked(), before.elapsed()), (ok("t2"), 2, Duration::ZERO));
    // For a day: one in 424 s at most.
    sleep(seconds(86_400)).await;
    let asked = server.asked();
    assert!((140..210).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn while_the_server_fails_the_old_token_serves_to_its_end_and_then_callers_are_told() {
    let server = Server::with(Reply::Tokens(600));
    let token = builder(&server).fetch().await.unwrap();
    server.replies(Reply::Body(401, r#"{"error":"invalid_client"}"#));
    sleep(seconds(589)).await;
    assert_eq!(text(&token).await, ok("t1"));
    let status = token.status();
    assert!(status.failures > 0 && status.good_for.is_some_and(|good| good < seconds(2)), "{status:?}");
    sleep(seconds(2)).await;
    assert_eq!(text(&token).await, Err("invalid_client"));
    assert!(token.held().is_none() && token.status().good_for.is_none());
    // However many ask, the server is left alone.
    let asked = server.asked();
    assert!(asked < 25, "{asked}");
    for _ in 0..1_000 {
        assert_eq!(text(&token).await, Err("invalid_client"));
    }
    assert_eq!(server.asked(), asked);
    server.replies(Reply::Tokens(600));
    sleep(seconds(61)).await;
    assert_eq!(text(&token).await, ok(&format!("t{}", server.asked())));
}

#[tokio::test(start_paused = true)]
async fn callers_wait_two_seconds_and_no_more_than_1024_of_them() {
    let server = Server::with(Reply::Never);
    let token = started(&server);
    let before = Instant::now();
    let all = join_all((0..1_100).map(|_| text(&token))).await;
    let count = |code| all.iter().filter(|outcome| **outcome == Err(code)).count();
    assert_eq!((count("late"), count("overloaded")), (1_024, 76));
    assert_eq!((before.elapsed(), server.asked()), (seconds(2), 1));
    // The request ended after 5 s, and so did what its callers are told.
    sleep(seconds(4)).await;
    assert!(token.status().error.is_some_and(|error| error.code() == "timeout"));
}

#[tokio::test(start_paused = true)]
async fn callers_that_give_up_leave_no_trace() {
    let server = Server::with(Reply::Tokens(600));
    let token = started(&server);
    for _ in 0..3_000 {
        assert!(timeout(Duration::ZERO, token.token()).await.is_err());
    }
    assert_eq!((text(&token).await, server.asked()), (ok("t1"), 1));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_panics_or_hangs_is_asked_again() {
    for broken in [Reply::Panic, Reply::Never] {
        let server = Server::with(broken);
        let token = started(&server);
        assert!(text(&token).await.is_err());
        server.replies(Reply::Tokens(600));
        sleep(seconds(10)).await;
        assert!(text(&token).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_a_resource_refused_is_replaced_so_often_and_no_more() {
    let server = Server::with(Reply::Tokens(3_600));
    let source = builder(&server).fetch().await.unwrap();
    let first = source.token().await.unwrap();
    // A thousand answers of 401 at once.
    (0..1_000).for_each(|_| source.invalidate(&first));
    assert!(source.held().is_none());
    assert_eq!(join_all((0..100).map(|_| text(&source))).await, vec![ok("t2"); 100]);
    source.invalidate(&first);
    assert_eq!((text(&source).await, server.asked()), (ok("t2"), 2));
    // However late, it says nothing about the one that is held by now.
    sleep(seconds(61)).await;
    source.invalidate(&first);
    assert!(source.held().is_some());
    // Whatever is refused, two at once and one in 30 s.
    for _ in 0..300 {
        let token = source.token().await.unwrap();
        source.invalidate(&token);
        sleep(Duration::from_millis(100)).await;
    }
    assert!((4..=5).contains(&server.asked()), "{}", server.asked());
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_serves_on_where_no_other_one_comes() {
    for broken in [Reply::Body(500, ""), Reply::Never] {
        let server = Server::with(Reply::Tokens(3_600));
        let source = builder(&server).fetch().await.unwrap();
        server.replies(broken);
        source.invalidate(&source.token().await.unwrap());
        let before = Instant::now();
        assert_eq!(text(&source).await, ok("t1"));
        assert!(before.elapsed() <= seconds(2));
        sleep(seconds(6)).await;
        assert!(source.held().is_some(), "nobody waits any longer");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_is_bounded_and_may_be_unstated() {
    const UNSTATED: Reply = Reply::Body(200, r#"{"access_token":"t","token_type":"bearer"}"#);
    for (reply, good_for) in [
        (UNSTATED, Ok(54)),
        (Reply::Tokens(60), Ok(54)),
        (Reply::Tokens(3_600), Ok(3_590)),
        (Reply::Tokens(u64::MAX), Ok(86_390)),
        (Reply::Tokens(2), Ok(1)),
        (Reply::Tokens(0), Err("too_short")),
    ] {
        let server = Server::with(reply);
        match (builder(&server).fetch().await, good_for) {
            (Ok(token), Ok(expected)) => {
                let served = token.status().good_for.unwrap() + Duration::from_millis(50);
                assert_eq!(served.as_secs(), expected);
            }
            (Err(error), Err(code)) => assert_eq!(error.code(), code, "{error}"),
            (found, expected) => panic!("{found:?} {expected:?}"),
        }
    }
    let token = builder(&Server::with(UNSTATED)).with_unstated_lifetime(seconds(600)).fetch().await.unwrap();
    assert!(token.status().good_for.unwrap() > seconds(589));
}

#[tokio::test(start_paused = true)]
async fn an_issuer_names_its_endpoint_and_no_other_issuer_does() {
    let server = Server::with(Reply::Tokens(60));
    let of = |issuer: &str| {
        let remote = Remote::with_client(server.clone());
        ServiceToken::issuer(issuer, ClientAuth::post("orders", "hunter2")).with_remote(&remote).fetch()
    };
    assert_eq!(text(&of("https://id.example.com/").await.unwrap()).await, ok("t1"));
    assert_eq!(server.last.lock().unwrap().as_ref().unwrap().url, "https://id.example.com/oauth/token");
    assert_eq!(of("https://other.example.com/").await.unwrap_err().code(), "issuer_mismatch");
    assert_eq!(server.asked(), 1, "no credentials went anywhere else");
}

#[tokio::test(start_paused = true)]
async fn with_the_last_handle_everything_ends() {
    let server = Server::with(Reply::Never);
    let counted = Arc::downgrade(&server.asked);
    let token = started(&server);
    drop(server);
    let layer = ServiceTokenLayer::insecure_any_origin(&token);
    drop(token);
    sleep(seconds(1)).await;
    assert!(counted.upgrade().is_some(), "the layer holds it");
    drop(layer);
    sleep(Duration::from_millis(1)).await;
    assert!(counted.upgrade().is_none(), "client, task and request are gone");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_work_does_not_start_and_nothing_shows_a_secret() {
    let server = Server::with(Reply::Tokens(60));
    for (token, code) in [
        (ServiceToken::at("http://id.example.com/token", ClientAuth::basic("a", "b")), "not_https"),
        (ServiceToken::issuer("https://id.example.com/?x", ClientAuth::basic("a", "b")), "not_plain_address"),
        (ServiceToken::at("https://id.example.com/token", ClientAuth::basic("a", "")), "client_auth"),
        (builder(&server).with_scopes(["a b"]), "parameter"),
    ] {
        let token = token.with_remote(&Remote::with_client(server.clone()));
        assert_eq!(token.start().unwrap_err().code(), code);
    }
    let token = builder(&server).fetch().await.unwrap();
    let held = token.token().await.unwrap();
    let shown = format!(
        "{token:?} {held:?} {:?} {:?}",
        builder(&server),
        ServiceTokenLayer::insecure_any_origin(&token)
    );
    assert!(!shown.contains("t1") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn the_operator_is_told_what_is_wrong_and_never_a_token_or_secret() {
    let (told, _listening) = Told::listen();
    const NARROW: &str = r#"{"access_token":"s3cret","token_type":"Bearer","expires_in":60,"scope":"a"}"#;
    let server = Server::with(Reply::Body(200, NARROW));
    let token = builder(&server).with_scopes(["a", "stock:write"]).fetch().await.unwrap();
    assert_eq!(told.with("less scope than was asked for").len(), 1);
    assert_eq!(told.with("stock:write").len(), 1);
    token.invalidate(&token.token().await.unwrap());
    assert_eq!(told.with("a resource answers 401").len(), 1);
    sleep(seconds(1)).await;
    server.replies(Reply::Body(400, r#"{"error":"invalid_client","error_description":"s3cret\r\n"}"#));
    sleep(seconds(120)).await;
    let held = told.with("could not be renewed");
    assert!(!held.is_empty() && held.iter().all(|line| line.starts_with("WARN")), "{held:?}");
    assert_eq!(told.with("has ended").len(), 1);
    let none = told.with("has no token of its own");
    assert!(none.iter().all(|line| line.starts_with("ERROR") && line.contains("look at the client's id")));
    assert!(!none.is_empty());
    assert!(told.with("https://id.example.com/token").len() > 4);
    for secret in ["s3cret", "hunter2", "b3JkZXJz"] {
        assert!(told.with(secret).is_empty(), "{:?}", told.with(secret));
    }
}

#[test]
fn handles_move_between_threads() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<ServiceToken>();
    check::<AccessToken>();
    check::<ServiceTokenLayer>();
}

#[tokio::test(start_paused = true)]
async fn requests_for_a_token_are_counted_by_what_came_of_them() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recording = ::metrics::set_default_local_recorder(&recorder);
    let server = Server::with(Reply::Body(401, r#"{"error":"invalid_client"}"#));
    let token = started(&server);
    assert_eq!(text(&token).await, Err("invalid_client"));
    server.replies(Reply::Tokens(3_600));
    sleep(seconds(2)).await;
    assert_eq!(text(&token).await, ok("t2"));
    // The next one is due between 72 and 88 per cent of its lifetime.
    sleep(seconds(3_300)).await;
    assert_eq!(text(&token).await, ok("t3"));
    let counted = crate::observe::counted::counted(&snapshotter, "https://id.example.com/token");
    let expected =
        [("jwt_remote_service_tokens_total invalid_client", 1), ("jwt_remote_service_tokens_total new", 2)];
    assert_eq!(counted, expected.map(|(name, times)| (name.to_owned(), times)).into());
}

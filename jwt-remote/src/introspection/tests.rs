//! The authority in time that stands still unless everybody waits; a server over sockets is another suite.

mod held;
mod outages;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use jwt_core::keys::BoxFuture;
use jwt_core::{Evidence, ManualClock, Reason};
use tokio::time::sleep;

use super::*;
use crate::{HttpClient, HttpError, HttpRequest, HttpResponse};

const NOW: u64 = 1_800_000_000;
const ENDPOINT: &str = "https://id.example.com/introspect";
const ISSUER: &str = "https://id.example.com/";

/// How the endpoint answers.
#[derive(Clone)]
enum Reply {
    /// `active`, with these members.
    Active(String),
    Body(String),
    Status(u16),
    /// After so long.
    Late(Duration),
    Never,
    Panic,
}

type Replies = dyn Fn(&str) -> Reply + Send + Sync;

/// An endpoint in this process, which counts.
#[derive(Clone)]
struct Endpoint {
    reply: Arc<Mutex<Arc<Replies>>>,
    asked: Arc<Mutex<Vec<HttpRequest>>>,
    under_way: Arc<AtomicUsize>,
    most_under_way: Arc<AtomicUsize>,
}

struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Endpoint {
    /// By the token.
    fn by(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let reply: Arc<Replies> = Arc::new(reply);
        Self {
            reply: Arc::new(Mutex::new(reply)),
            asked: Arc::default(),
            under_way: Arc::default(),
            most_under_way: Arc::default(),
        }
    }

    fn with(reply: Reply) -> Self {
        Self::by(move |_| reply.clone())
    }

    fn replies(&self, reply: Reply) {
        *self.reply.lock().unwrap() = Arc::new(move |_| reply.clone());
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn last(&self) -> HttpRequest {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

fn field(request: &HttpRequest, name: &str) -> Option<String> {
    let body = request.body.as_deref().unwrap();
    url::form_urlencoded::parse(body).find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
}

impl HttpClient for Endpoint {
    fn may_carry_secrets(&self) -> bool {
        true
    }

    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        let reply = self.reply.lock().unwrap().clone()(&field(&request, "token").unwrap());
        self.asked.lock().unwrap().push(request);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        self.most_under_way.fetch_max(now, Ordering::SeqCst);
        let under_way = UnderWay(Arc::clone(&self.under_way));
        Box::pin(async move {
            let _under_way = under_way;
            sleep(Duration::from_millis(50)).await;
            let ok = |body: String| HttpResponse { status: 200, headers: Vec::new(), body: body.into() };
            let active = |members: &str| ok(format!(r#"{{"active":true,"aud":"orders"{members}}}"#));
            Ok(match reply {
                Reply::Active(members) => active(&members),
                Reply::Body(body) => ok(body),
                Reply::Status(status) => HttpResponse { status, ..HttpResponse::default() },
                Reply::Late(after) => {
                    sleep(after).await;
                    active("")
                }
                Reply::Never => core::future::pending().await,
                Reply::Panic => panic!("a client of somebody's"),
            })
        })
    }
}

fn active() -> Reply {
    Reply::Active(String::new())
}

fn inactive() -> Reply {
    Reply::Body(r#"{"active":false}"#.to_owned())
}

fn builder(endpoint: &Endpoint) -> IntrospectionBuilder<Ready> {
    Introspection::at(ENDPOINT, ClientAuth::basic("orders", "hunter2"))
        .with_audience("orders")
        .with_issuer(ISSUER)
        .with_remote(&Remote::with_client(endpoint.clone()))
        .with_clock(ManualClock::at(NOW))
}

fn start(endpoint: &Endpoint) -> Introspection {
    builder(endpoint).start().unwrap()
}

async fn ask(introspection: &Introspection, token: &str) -> Result<(), Reason> {
    introspection.introspect(token).await.map(drop).map_err(|error| error.reason())
}

async fn ask_with(introspection: &Introspection, token: &str, proofs: &[&'static str]) -> Result<(), Reason> {
    let verdict = match TokenAuthority::verify(introspection, &Presented::new(token).with_proofs(proofs)) {
        Verdict::Ready(verdict) => verdict,
        Verdict::Wait(verdict) => verdict.await,
    };
    verdict.map(drop).map_err(|error| error.reason())
}

const UNAVAILABLE: Result<(), Reason> = Err(Reason::StoreUnavailable);

#[tokio::test(start_paused = true)]
async fn what_is_sent_is_the_token_the_hint_and_the_credentials() {
    let endpoint = Endpoint::with(active());
    let introspection = builder(&endpoint).with_token_type_hint("access_token").start().unwrap();
    assert_eq!(ask(&introspection, "a+/~=").await, Ok(()));
    let request = endpoint.last();
    assert_eq!(request.url, ENDPOINT);
    assert_eq!(request.body.as_deref(), Some(&b"token=a%2B%2F%7E%3D&token_type_hint=access_token"[..]));
    let expected = ("authorization", "Basic b3JkZXJzOmh1bnRlcjI=".to_owned());
    assert!(request.headers.contains(&expected));
}

#[tokio::test(start_paused = true)]
async fn what_no_bearer_token_can_be_is_never_sent() {
    let endpoint = Endpoint::with(active());
    let introspection = start(&endpoint);
    for (token, reason) in [
        ("", Reason::MalformedCarrier),
        ("two words", Reason::MalformedCarrier),
        ("a\r\nb", Reason::MalformedCarrier),
        ("a&token=b", Reason::MalformedCarrier),
        ("\u{e9}", Reason::MalformedCarrier),
        ("a\0", Reason::MalformedCarrier),
        (&"a".repeat(16 * 1024 + 1), Reason::TokenTooLong),
    ] {
        assert_eq!(ask(&introspection, token).await, Err(reason), "{token:?}");
    }
    assert_eq!(endpoint.asked(), 0);
    assert_eq!(ask(&introspection, &"a".repeat(16 * 1024)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn requests_of_one_moment_share_a_call_and_nobody_is_answered_for_another() {
    let endpoint = Endpoint::by(|token| Reply::Active(format!(r#","sub":"{token}""#)));
    for cache_for in [Duration::ZERO, Duration::from_secs(60)] {
        let introspection = builder(&endpoint).with_cache_for(cache_for).start().unwrap();
        let before = endpoint.asked();
        let subject = |n: usize| {
            let introspection = introspection.clone();
            let token = format!("token-{}", n % 10);
            async move {
                let verified = introspection.introspect(&token).await.unwrap();
                assert_eq!(verified.subject(), Some(&*token));
            }
        };
        join_all((0..200).map(subject)).await;
        assert_eq!(endpoint.asked() - before, 10);
    }
}

#[tokio::test(start_paused = true)]
async fn answers_for_others_are_refused() {
    for (reply, reason) in [
        (inactive(), Reason::Inactive),
        (Reply::Body(r#"{"active":true,"aud":"other"}"#.to_owned()), Reason::WrongAudience),
        (Reply::Body(r#"{"active":true}"#.to_owned()), Reason::MissingClaim),
        (Reply::Active(r#","iss":"https://elsewhere.example/""#.to_owned()), Reason::WrongIssuer),
        (Reply::Active(r#","token_type":"refresh_token""#.to_owned()), Reason::WrongKind),
        (Reply::Body("<html>".to_owned()), Reason::StoreUnavailable),
        (Reply::Body(r#"{"active":"true","aud":"orders"}"#.to_owned()), Reason::StoreUnavailable),
    ] {
        let introspection = start(&Endpoint::with(reply));
        assert_eq!(ask(&introspection, "opaque").await, Err(reason));
        assert_eq!(ask(&introspection, "opaque").await, Err(reason), "the second time");
    }
}

#[tokio::test]
async fn what_cannot_work_is_found_at_start() {
    let endpoint = Endpoint::with(active());
    let code = |url: &str, client: ClientAuth| {
        let builder = Introspection::at(url, client).with_audience("orders").with_issuer(ISSUER);
        builder.with_remote(&Remote::with_client(endpoint.clone())).start().unwrap_err().code()
    };
    let client = || ClientAuth::basic("orders", "hunter2");
    assert_eq!(code("http://id.example.com/introspect", client()), "not_https");
    assert_eq!(code("introspect", client()), "malformed_address");
    assert_eq!(code("https://user:secret@id.example.com/", client()), "not_plain_address");
    assert_eq!(code(ENDPOINT, ClientAuth::basic("orders", "")), "client_auth");
    let error = builder(&endpoint).with_rules(|rules| rules.require_typ("at+jwt")).start().unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("`require_typ`")), ("config", true));
    let shown = format!("{:?} {:?}", builder(&endpoint), start(&endpoint));
    assert!(shown.contains(ENDPOINT) && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_the_query_is_in_no_evidence() {
    let url = "https://id.example.com/introspect?key=hunter2";
    let endpoint = Endpoint::with(active());
    let introspection = Introspection::at(url, ClientAuth::post("orders", "secret"))
        .with_audience("orders")
        .with_issuer(ISSUER)
        .with_remote(&Remote::with_client(endpoint.clone()))
        .start()
        .unwrap();
    let verified = introspection.introspect("opaque").await.unwrap();
    assert_eq!(verified.evidence(), &Evidence::introspection(ENDPOINT));
    assert_eq!(endpoint.last().url, url);
    assert!(!format!("{introspection:?}").contains("hunter2"));
}

#[test]
fn outside_of_a_runtime_making_one_panics() {
    let endpoint = Endpoint::with(active());
    assert!(std::panic::catch_unwind(|| start(&endpoint)).is_err());
}

#[test]
fn where_its_runtime_ends_calls_go_on_in_the_present_one() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let endpoint = Endpoint::with(active());
    let first = runtime();
    let introspection = first.block_on(async {
        let introspection = start(&endpoint);
        assert_eq!(ask(&introspection, "one").await, Ok(()));
        introspection
    });
    drop(first);
    for token in ["two", "three"] {
        assert_eq!(runtime().block_on(ask(&introspection, token)), Ok(()), "{token}");
    }
    assert_eq!(endpoint.asked(), 3);
}

#[test]
fn handles_move_between_threads() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Introspection>();
    check::<crate::Either<Introspection, Introspection>>();
    check::<ClientAuth>();
}

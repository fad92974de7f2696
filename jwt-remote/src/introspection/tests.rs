//! The authority in time that stands still unless everybody waits; a server over sockets is another suite.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::join_all;
use jwt_core::keys::BoxFuture;
use jwt_core::{Evidence, ManualClock, Reason};
use tokio::time::{Instant, sleep};

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
async fn an_active_token_is_asked_about_once_in_a_minute() {
    let endpoint =
        Endpoint::with(Reply::Active(r#","sub":"alice","scope":"read","exp":1800000600"#.to_owned()));
    let introspection = start(&endpoint);
    let verified = introspection.introspect("opaque").await.unwrap();
    assert_eq!((verified.subject(), verified.issuer()), (Some("alice"), Some(ISSUER)));
    assert!(verified.has_scope("read"));
    assert_eq!(verified.evidence(), &Evidence::introspection(ENDPOINT));
    for _ in 0..59 {
        sleep(Duration::from_millis(999)).await;
        assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    }
    assert_eq!(endpoint.asked(), 1);
    // From when it was asked for, not from when the answer came.
    sleep(Duration::from_millis(1_010)).await;
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 2);
}

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
async fn without_a_cache_every_moment_has_its_own_call() {
    let endpoint = Endpoint::with(active());
    let introspection = builder(&endpoint).with_cache_for(Duration::ZERO).start().unwrap();
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    endpoint.replies(inactive());
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Inactive));
    endpoint.replies(active());
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_held_a_minute_at_most_and_less_where_less_is_asked_for() {
    for (asked_for, held) in [(3_600, 60), (60, 60), (10, 10)] {
        let endpoint = Endpoint::with(active());
        let introspection =
            builder(&endpoint).with_cache_for(Duration::from_secs(asked_for)).start().unwrap();
        assert_eq!(ask(&introspection, "opaque").await, Ok(()));
        endpoint.replies(inactive());
        sleep(Duration::from_secs(held) - Duration::from_millis(51)).await;
        assert_eq!(ask(&introspection, "opaque").await, Ok(()));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Inactive), "{asked_for}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_beyond_exp_and_leeway_is_no_excuse() {
    let clock = ManualClock::at(NOW);
    let endpoint = Endpoint::with(Reply::Active(format!(r#","exp":{}"#, NOW + 10)));
    let introspection = builder(&endpoint).with_clock(clock.clone()).start().unwrap();
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    clock.advance(9);
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 1);
    clock.advance(1);
    // The server's clock may be behind: its word counts within the leeway, but is not kept.
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 3);
    clock.advance(30);
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Expired));
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Expired));
    assert_eq!(endpoint.asked(), 4, "that a token is over is kept");
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_back_makes_nothing_last_longer() {
    let clock = ManualClock::at(NOW);
    let endpoint = Endpoint::with(active());
    let introspection = builder(&endpoint).with_clock(clock.clone()).start().unwrap();
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    endpoint.replies(inactive());
    clock.set(0);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Inactive));
}

#[tokio::test(start_paused = true)]
async fn rules_are_applied_to_what_is_held_as_well() {
    let clock = ManualClock::at(NOW);
    let endpoint = Endpoint::with(Reply::Active(format!(r#","iat":{NOW},"nbf":{NOW}"#)));
    let rules = |rules: AuthorityBuilder<Ready>| {
        rules.with_max_age(Duration::from_secs(5)).with_leeway(Duration::ZERO)
    };
    let introspection = builder(&endpoint).with_clock(clock.clone()).with_rules(rules).start().unwrap();
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    clock.advance(6);
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::TooOld));
    clock.set(NOW - 1);
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::NotYetValid));
    clock.set(NOW);
    assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_proof_counts_for_those_who_give_it() {
    let endpoint = Endpoint::with(Reply::Active(r#","token_type":"DPoP","cnf":{"jkt":"x"}"#.to_owned()));
    let introspection = start(&endpoint);
    // On the call itself, and from what is held; each before and after the other.
    let both = tokio::join!(ask(&introspection, "opaque"), ask_with(&introspection, "opaque", &["jkt"]));
    assert_eq!(both, (Err(Reason::SenderConstraint), Ok(())));
    assert_eq!(ask(&introspection, "opaque").await, Err(Reason::SenderConstraint));
    assert_eq!(ask_with(&introspection, "opaque", &["jkt"]).await, Ok(()));
    assert_eq!(endpoint.asked(), 1);
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

#[tokio::test(start_paused = true)]
async fn a_refusal_is_held_for_five_seconds() {
    let endpoint = Endpoint::with(inactive());
    let introspection = start(&endpoint);
    for _ in 0..49 {
        assert_eq!(ask(&introspection, "opaque").await, Err(Reason::Inactive));
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(endpoint.asked(), 1);
    sleep(Duration::from_millis(100)).await;
    endpoint.replies(active());
    assert_eq!(ask(&introspection, "opaque").await, Ok(()), "it was made a moment ago");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_made_up_tokens_pushes_no_good_one_out() {
    let endpoint = Endpoint::by(|token| if token.starts_with("good") { active() } else { inactive() });
    let introspection = start(&endpoint);
    let good = (0..50).map(|n| format!("good-{n}")).collect::<Vec<_>>();
    for token in &good {
        assert_eq!(ask(&introspection, token).await, Ok(()));
    }
    for n in 0..200 {
        let flood = (0..60).map(|m| format!("bad-{n}-{m}")).collect::<Vec<_>>();
        let refused = join_all(flood.iter().map(|token| ask(&introspection, token))).await;
        assert_eq!(refused, vec![Err(Reason::Inactive); 60]);
    }
    let asked = endpoint.asked();
    for token in &good {
        assert_eq!(ask(&introspection, token).await, Ok(()));
    }
    assert_eq!((asked, endpoint.asked()), (50 + 12_000, 50 + 12_000));
}

#[tokio::test(start_paused = true)]
async fn beyond_64_calls_nobody_is_asked_and_what_is_held_serves_on() {
    let endpoint = Endpoint::with(active());
    let introspection = start(&endpoint);
    assert_eq!(ask(&introspection, "good").await, Ok(()));
    endpoint.replies(Reply::Never);
    let before = Instant::now();
    let tokens = (0..200).map(|n| format!("token-{n}")).collect::<Vec<_>>();
    let all = join_all(tokens.iter().map(|token| ask(&introspection, token))).await;
    assert_eq!(all, vec![UNAVAILABLE; 200]);
    assert_eq!(before.elapsed(), Duration::from_secs(2), "nobody waits for longer");
    assert_eq!(endpoint.most_under_way.load(Ordering::SeqCst), 64);
    assert_eq!(endpoint.asked(), 65);
    assert_eq!(introspection.introspect("good").now_or_never().map(|verdict| verdict.is_ok()), Some(true));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(endpoint.under_way.load(Ordering::SeqCst), 0, "each has its end");
}

#[tokio::test(start_paused = true)]
async fn beyond_1024_nobody_waits() {
    let endpoint = Endpoint::with(Reply::Never);
    let introspection = start(&endpoint);
    let waiting = (0..1_024).map(|_| {
        let verdict = TokenAuthority::verify(&introspection, &Presented::new("opaque"));
        assert!(matches!(verdict, Verdict::Wait(_)));
        verdict
    });
    let waiting = waiting.collect::<Vec<_>>();
    let one_more = TokenAuthority::verify(&introspection, &Presented::new("opaque"));
    assert!(matches!(one_more, Verdict::Ready(Err(_))));
    drop(waiting);
    assert!(matches!(TokenAuthority::verify(&introspection, &Presented::new("opaque")), Verdict::Wait(_)));
    assert_eq!(endpoint.asked(), 0, "none was polled");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_there_for_the_next_request() {
    let endpoint = Endpoint::with(Reply::Late(Duration::from_secs(3)));
    let introspection = start(&endpoint);
    assert_eq!(ask(&introspection, "opaque").await, UNAVAILABLE);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(introspection.introspect("opaque").now_or_never().map(|verdict| verdict.is_ok()), Some(true));
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_takes_nothing_from_those_who_stay() {
    let endpoint = Endpoint::with(active());
    let introspection = start(&endpoint);
    // Dropped before the first poll, and after each of the next ones.
    for polls in 0..4 {
        let token = format!("token-{polls}");
        let mut leaving = Box::pin(introspection.introspect(&token));
        let mut staying = Box::pin(introspection.introspect(&token));
        for _ in 0..polls {
            assert!((&mut leaving).now_or_never().is_none());
            assert!((&mut staying).now_or_never().is_none());
            sleep(Duration::from_millis(10)).await;
        }
        drop(leaving);
        assert!(staying.await.is_ok());
        assert_eq!(endpoint.asked(), polls + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_endpoint_is_not_asked_by_each_request_and_recovers() {
    for broken in [
        Reply::Status(500),
        Reply::Status(404),
        Reply::Status(302),
        Reply::Status(401),
        Reply::Body("x".into()),
    ] {
        let endpoint = Endpoint::with(broken);
        let introspection = start(&endpoint);
        let mut unavailable = 0;
        // 10,000 requests in 100 s.
        for n in 0..10_000 {
            if let Some(verdict) = ask(&introspection, &format!("token-{n}")).now_or_never() {
                assert_eq!(verdict, UNAVAILABLE);
                unavailable += 1;
            } else {
                assert_eq!(ask(&introspection, &format!("token-{n}")).await, UNAVAILABLE);
            }
            sleep(Duration::from_millis(10)).await;
        }
        // Five, then four after each of at most eight pauses.
        assert!(endpoint.asked() <= 5 + 4 * 8, "{}", endpoint.asked());
        assert!(unavailable > 9_900, "{unavailable}");
        assert!(introspection.last_error().is_some());
        endpoint.replies(active());
        sleep(Duration::from_secs(60)).await;
        assert_eq!(ask(&introspection, "good").await, Ok(()));
        assert_eq!(introspection.last_error(), None);
        let asked = endpoint.asked();
        let tokens = (0..50).map(|n| format!("good-{n}")).collect::<Vec<_>>();
        assert_eq!(join_all(tokens.iter().map(|token| ask(&introspection, token))).await, vec![Ok(()); 50]);
        assert_eq!(endpoint.asked(), asked + 50);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_endpoint_does_not_like_shuts_nobody_out() {
    let endpoint =
        Endpoint::by(|token| if token.starts_with("good") { active() } else { Reply::Status(403) });
    let introspection = start(&endpoint);
    for n in 0..500 {
        assert_eq!(ask(&introspection, &format!("../../etc/passwd/{n}")).await, UNAVAILABLE);
        assert_eq!(ask(&introspection, &format!("good-{n}")).await, Ok(()));
    }
    let asked = endpoint.asked();
    for _ in 0..100 {
        assert_eq!(ask(&introspection, "../../etc/passwd/499").await, UNAVAILABLE);
    }
    assert_eq!(endpoint.asked(), asked, "nor is it asked about by each request");
    assert_eq!(introspection.last_error().map(|error| error.code()), None);
    assert_eq!(ask(&introspection, "../x").await, UNAVAILABLE);
    assert_eq!(introspection.last_error().map(|error| error.code()), Some("status"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_panics_or_hangs_is_asked_again() {
    for broken in [Reply::Panic, Reply::Never] {
        let endpoint = Endpoint::with(broken);
        let introspection = start(&endpoint);
        assert_eq!(ask(&introspection, "opaque").await, UNAVAILABLE);
        sleep(Duration::from_secs(10)).await;
        endpoint.replies(active());
        assert_eq!(ask(&introspection, "opaque").await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_last_handle_everything_ends() {
    let endpoint = Endpoint::with(Reply::Never);
    let counted = Arc::downgrade(&endpoint.asked);
    let under_way = Arc::clone(&endpoint.under_way);
    let introspection = start(&endpoint);
    drop(endpoint);
    assert_eq!(ask(&introspection, "opaque").await, UNAVAILABLE);
    assert_eq!(under_way.load(Ordering::SeqCst), 1);
    let waiting = introspection.clone().introspect("another").now_or_never();
    assert!(waiting.is_none());
    drop(introspection);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(under_way.load(Ordering::SeqCst), 0);
    assert!(counted.upgrade().is_none(), "client, calls and everything held are gone");
}

#[tokio::test(start_paused = true)]
async fn two_endpoints_never_answer_for_each_other() {
    let (good, bad) = (Endpoint::with(active()), Endpoint::with(inactive()));
    let (ours, theirs) = (start(&good), start(&bad));
    for _ in 0..2 {
        assert_eq!(ask(&ours, "opaque").await, Ok(()));
        assert_eq!(ask(&theirs, "opaque").await, Err(Reason::Inactive));
    }
    assert!(ours.is_same(&ours.clone()) && !ours.is_same(&theirs));
    assert_eq!((good.asked(), bad.asked()), (1, 1));
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
fn handles_move_between_threads() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Introspection>();
    check::<crate::Either<Introspection, Introspection>>();
    check::<ClientAuth>();
}

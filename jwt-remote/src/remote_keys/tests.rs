//! The handle in time that stands still unless everybody waits; servers over sockets are another suite.

use core::time::Duration;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jwt_core::keys::{BoxFuture, Grant, RefreshHint};
use jwt_core::{Algorithm, Authority, Issuer, KeySet, ManualClock, Reason, SigningKey, Verifier};
use tokio::sync::Notify;
use tokio::time::{advance, sleep};

use super::*;
use crate::observe::counted::counted;
use crate::{HttpClient, HttpError, HttpRequest, HttpResponse};

mod limits;
mod purge;
mod runtimes;
mod told;

const NOW: u64 = 1_800_000_000;

/// How the provider answers.
#[derive(Clone)]
enum Answer {
    Keys(Vec<SigningKey>),
    /// With this `Cache-Control`.
    FreshKeys(Vec<SigningKey>, &'static str),
    /// Once the gate is open.
    Gated(Vec<SigningKey>, Arc<Notify>),
    Status(u16),
    Never,
    Panic,
}

/// A provider in this process, which counts.
#[derive(Clone)]
struct Provider {
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    fn with(answer: Answer) -> Self {
        Self { answer: Arc::new(Mutex::new(answer)), asked: Arc::default() }
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl HttpClient for Provider {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(async move {
            sleep(Duration::from_millis(50)).await;
            let set = |keys: Vec<SigningKey>, headers| {
                let keys: Vec<String> =
                    keys.iter().map(|key| key.to_jwk().unwrap().to_json().unwrap()).collect();
                let body = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
                HttpResponse { status: 200, headers, body: body.into() }
            };
            Ok(match answer {
                Answer::Keys(keys) => set(keys, Vec::new()),
                Answer::Gated(keys, gate) => {
                    gate.notified().await;
                    set(keys, Vec::new())
                }
                Answer::FreshKeys(keys, said) => set(keys, vec![("cache-control".into(), said.into())]),
                Answer::Status(status) => HttpResponse { status, ..HttpResponse::default() },
                Answer::Never => core::future::pending().await,
                Answer::Panic => panic!("a client of somebody's"),
            })
        })
    }
}

fn keys_from(provider: &Provider) -> RemoteKeys {
    let remote = Remote::with_client(provider.clone());
    RemoteKeys::at("https://id/jwks").with_remote(&remote).start().unwrap()
}

fn key(key_id: &str) -> SigningKey {
    SigningKey::generate(Algorithm::ES256).unwrap().with_key_id(key_id).unwrap()
}

fn token(key: &SigningKey) -> String {
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    issuer.build().unwrap().with_clock(ManualClock::at(NOW)).token().with_subject("alice").sign().unwrap()
}

fn verifier(keys: &RemoteKeys) -> Verifier {
    let authority = Authority::builder().with_live_keys(keys.live()).with_refresh(keys.refresh());
    let authority = authority.with_audience("api").with_issuer("https://id");
    authority.build().unwrap().with_clock(ManualClock::at(NOW))
}

async fn verdict(verifier: &Verifier, token: &str) -> Result<(), Reason> {
    verifier.verify_fresh(token).await.map(drop).map_err(|error| error.reason())
}

#[tokio::test(start_paused = true)]
async fn the_first_requests_wait_for_one_fetch_and_later_ones_for_none() {
    let signing = key("a");
    let provider = Provider::with(Answer::Keys(vec![signing.clone()]));
    let keys = keys_from(&provider);
    let (verifier, token) = (verifier(&keys), token(&signing));
    let together = (0..50).map(|_| verdict(&verifier, &token));
    assert_eq!(futures_util::future::join_all(together).await, vec![Ok(()); 50]);
    assert_eq!(provider.asked(), 1);
    assert!(verifier.verify(&token).is_ok());
    assert!(keys.status().has_keys);
}

#[tokio::test(start_paused = true)]
async fn beyond_64_nobody_waits() {
    let provider = Provider::with(Answer::Never);
    let keys = keys_from(&provider);
    let (verifier, token) = (verifier(&keys), token(&key("a")));
    let before = tokio::time::Instant::now();
    let all = futures_util::future::join_all((0..100).map(|_| verdict(&verifier, &token))).await;
    assert_eq!(all, vec![Err(Reason::KeysUnavailable); 100]);
    assert_eq!((before.elapsed(), provider.asked()), (Duration::from_secs(2), 1));
}

#[tokio::test(start_paused = true)]
async fn a_new_key_works_at_once_and_a_removed_one_ends_at_once() {
    let (old, new) = (key("old"), key("new"));
    let provider = Provider::with(Answer::Keys(vec![old.clone()]));
    let keys = keys_from(&provider);
    let verifier = verifier(&keys);
    assert_eq!(verdict(&verifier, &token(&old)).await, Ok(()));
    provider.answers(Answer::Keys(vec![new.clone()]));
    assert_eq!(verdict(&verifier, &token(&new)).await, Ok(()));
    assert_eq!(
        verifier.verify(&token(&old)).map(drop).map_err(|error| error.reason()),
        Err(Reason::UnknownKey)
    );
    assert_eq!(provider.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn bogus_keys_cost_few_fetches_and_known_ones_never_wait() {
    let good = key("good");
    let provider = Provider::with(Answer::Keys(vec![good.clone()]));
    let keys = keys_from(&provider);
    let verifier = verifier(&keys);
    assert_eq!(verdict(&verifier, &token(&good)).await, Ok(()));
    let stranger = key("x");
    for n in 0..1_000 {
        let bogus = token(&stranger.clone().with_key_id(format!("bogus-{n}")).unwrap());
        assert_eq!(verdict(&verifier, &bogus).await, Err(Reason::UnknownKey));
        advance(Duration::from_millis(29)).await;
        assert!(verifier.verify(&token(&good)).is_ok());
    }
    assert!(provider.asked() <= 4, "{} fetches, the first one among them", provider.asked());
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_is_left_alone_and_its_keys_serve_for_a_day() {
    let good = key("good");
    let provider = Provider::with(Answer::Keys(vec![good.clone()]));
    let keys = keys_from(&provider);
    let (verifier, token) = (verifier(&keys), token(&good));
    assert_eq!(verdict(&verifier, &token).await, Ok(()));
    provider.answers(Answer::Status(500));
    sleep(Duration::from_secs(24 * 60 * 60)).await;
    assert!(verifier.verify(&token).is_ok());
    let status = keys.status();
    assert!(status.failures > 1_000 && status.has_keys, "{status:?}");
    assert_eq!(status.error.map(|error| error.code()), Some("status"));
    // One in 30 to 60 s.
    assert!(provider.asked() < 3_000, "{}", provider.asked());
    sleep(Duration::from_secs(601)).await;
    assert_eq!(verdict(&verifier, &token).await, Err(Reason::KeysUnavailable));
    provider.answers(Answer::Keys(vec![good]));
    sleep(Duration::from_secs(61)).await;
    assert!(verifier.verify(&token).is_ok());
}

/// How long a set is served once its source has gone, in seconds: what it said of its freshness, within bounds, and
/// what is allowed beyond.
#[tokio::test(start_paused = true)]
async fn a_set_is_served_for_its_freshness_and_as_long_beyond_it_as_is_allowed() {
    const DAY: u64 = 24 * 60 * 60;
    for (said, max_stale, served) in [
        ("max-age=3600", Some(0), 3_600),
        ("max-age=3600", Some(60), 3_660),
        ("max-age=3600", None, 3_600 + DAY),
        // At least a minute, at most a day.
        ("no-store", Some(0), 60),
        ("max-age=1", Some(0), 60),
        ("max-age=31536000", Some(0), DAY),
        ("public", Some(0), 600),
        // As long as can be, which no clock lives to see.
        ("max-age=60", Some(u64::MAX), u64::MAX),
    ] {
        let good = key("good");
        let provider = Provider::with(Answer::FreshKeys(vec![good.clone()], said));
        let remote = Remote::with_client(provider.clone());
        let keys = RemoteKeys::at("https://id/jwks").with_remote(&remote);
        let keys = match max_stale {
            Some(seconds) => keys.with_max_stale(Duration::from_secs(seconds)),
            None => keys,
        };
        let keys = keys.fetch().await.unwrap();
        provider.answers(Answer::Status(500));
        let (verifier, token) = (verifier(&keys), token(&good));
        let (now, row) =
            (|| verifier.verify(&token).map(drop).map_err(|error| error.reason()), (said, max_stale));
        if served == u64::MAX {
            sleep(Duration::from_secs(3 * DAY)).await;
            assert_eq!(now(), Ok(()), "{row:?}");
            continue;
        }
        sleep(Duration::from_secs(served - 2)).await;
        assert_eq!(now(), Ok(()), "{row:?}");
        sleep(Duration::from_secs(3)).await;
        assert_eq!(now(), Err(Reason::KeysUnavailable), "{row:?}");
        assert!(!keys.has_keys() && keys.status().failures > 0, "{row:?}");
        provider.answers(Answer::Keys(vec![good]));
        sleep(Duration::from_secs(61)).await;
        assert_eq!(now(), Ok(()), "{row:?}: it recovers by itself");
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_has_its_source_asked_more_often_than_once_in_43_seconds() {
    for (said, most_a_day) in
        [("no-store", 2_010), ("max-age=0", 2_010), ("max-age=600", 201), ("max-age=86400", 2)]
    {
        let provider = Provider::with(Answer::FreshKeys(vec![key("good")], said));
        let keys = keys_from(&provider);
        sleep(Duration::from_secs(24 * 60 * 60)).await;
        assert!(keys.has_keys());
        let asked = provider.asked();
        assert!((2..=most_a_day).contains(&asked), "{said}: {asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_panics_or_hangs_is_asked_again() {
    let good = key("good");
    for (broken, code, words) in [
        (Answer::Panic, "connection", "the HTTP client panicked"),
        (Answer::Never, "timeout", "no answer in time"),
    ] {
        let provider = Provider::with(broken);
        let keys = keys_from(&provider);
        let (verifier, token) = (verifier(&keys), token(&good));
        // It is no fetch that went well, for whoever waits for the first keys.
        let error = keys.wait().await.unwrap_err();
        assert!(error.code() == code && error.to_string().contains(words), "{error}");
        let status = keys.status();
        assert!(!status.has_keys && status.failures == 1, "{status:?}");
        assert_eq!(status.error.map(|error| error.code()), Some(code));
        assert_eq!(verdict(&verifier, &token).await, Err(Reason::KeysUnavailable));
        provider.answers(Answer::Keys(vec![good.clone()]));
        sleep(Duration::from_secs(10)).await;
        assert!(verifier.verify(&token).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_last_handle_everything_ends() {
    let provider = Provider::with(Answer::Never);
    let counted = Arc::downgrade(&provider.asked);
    let keys = keys_from(&provider);
    drop(provider);
    let verifier = verifier(&keys);
    drop(keys);
    sleep(Duration::from_secs(1)).await;
    assert!(counted.upgrade().is_some(), "the verifier holds it");
    drop(verifier);
    sleep(Duration::from_millis(1)).await;
    assert!(counted.upgrade().is_none(), "client, task and fetch are gone");
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_after_the_fetch_that_brought_the_key_is_sent_back_to_it() {
    let (old, new) = (key("old"), key("new"));
    let provider = Provider::with(Answer::Keys(vec![old]));
    let keys = keys_from(&provider);
    let verifier = verifier(&keys);
    sleep(Duration::from_secs(1)).await;
    provider.answers(Answer::Keys(vec![new.clone()]));
    assert_eq!(verdict(&verifier, &token(&new)).await, Ok(()));
    // As if their verification had looked at the old keys, and was slow to ask; more than the bucket pays for.
    for _ in 0..10 {
        let hint = RefreshHint::unknown_key(Some("new"), Algorithm::ES256);
        let Grant::Fetch(fetch) = keys.refresh().request(hint) else { panic!("refused") };
        assert_eq!(timeout(Duration::ZERO, fetch).await, Ok(()));
    }
    assert_eq!(provider.asked(), 2);
    let missing = keys.refresh().request(RefreshHint::unknown_key(Some("old"), Algorithm::ES256));
    assert!(matches!(missing, Grant::Fetch(_)), "one more is paid for");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(provider.asked(), 3);
    let known = keys.refresh().request(RefreshHint::unknown_key(Some("old"), Algorithm::ES256));
    assert!(matches!(known, Grant::Denied), "known to be missing");
}

#[test]
fn outside_of_a_runtime_making_one_panics_and_nothing_else_is_broken() {
    let provider = Provider::with(Answer::Status(500));
    assert!(std::panic::catch_unwind(|| keys_from(&provider)).is_err());
}

#[test]
fn handles_move_between_threads() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<RemoteKeys>();
    assert!(KeySet::new([]).is_err());
}

#[tokio::test(start_paused = true)]
async fn fetches_are_counted_by_what_came_of_them() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recording = ::metrics::set_default_local_recorder(&recorder);
    let signing = key("a");
    let provider = Provider::with(Answer::Status(500));
    let keys = keys_from(&provider);
    let verifier = verifier(&keys);
    sleep(Duration::from_millis(100)).await;
    provider.answers(Answer::Keys(vec![signing.clone()]));
    // The back-off of one failure, then two fetches that bring the same keys, and a key that is in neither.
    sleep(Duration::from_secs(2)).await;
    for name in ["x", "y", "z", "z"] {
        assert_eq!(verdict(&verifier, &token(&key(name))).await, Err(Reason::UnknownKey));
    }
    assert_eq!(keys.live().epoch(), 1, "they were replaced once");
    let counted = counted(&snapshotter, "https://id/jwks");
    let expected = [
        ("jwt_remote_fetches_total new", 1),
        ("jwt_remote_fetches_total same", 2),
        ("jwt_remote_fetches_total status", 1),
        // The second wish comes within the minute in which the first was told.
        ("jwt_remote_suppressed_total ", 1),
    ];
    assert_eq!(counted, expected.map(|(name, times)| (name.to_owned(), times)).into());
}

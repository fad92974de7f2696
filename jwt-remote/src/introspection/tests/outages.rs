//! Endpoints that fail, floods, and requests that leave.

use futures_util::FutureExt;
use tokio::time::Instant;

use super::*;

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
        // 2,000 requests in 100 s.
        for n in 0..2_000 {
            if let Some(verdict) = ask(&introspection, &format!("token-{n}")).now_or_never() {
                assert_eq!(verdict, UNAVAILABLE);
                unavailable += 1;
            } else {
                assert_eq!(ask(&introspection, &format!("token-{n}")).await, UNAVAILABLE);
            }
            sleep(Duration::from_millis(50)).await;
        }
        // Five, then four after each of at most eight pauses.
        assert!(endpoint.asked() <= 5 + 4 * 8, "{}", endpoint.asked());
        assert!(unavailable > 1_900, "{unavailable}");
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
async fn a_rule_that_panics_leaves_no_call_under_way() {
    // Within the leeway, so that the call itself applies the rules.
    let endpoint = Endpoint::with(Reply::Active(format!(r#","exp":{}"#, NOW - 10)));
    let rules = |rules: AuthorityBuilder<Ready>| {
        rules.require_that("panics", |_: &jwt_core::Registered| panic!("a rule of somebody's"))
    };
    let introspection = builder(&endpoint).with_rules(rules).start().unwrap();
    assert_eq!(ask(&introspection, "opaque").await, UNAVAILABLE);
    assert_eq!(ask(&introspection, "opaque").await, UNAVAILABLE);
    assert_eq!((endpoint.asked(), endpoint.under_way.load(Ordering::SeqCst)), (2, 0));
    endpoint.replies(active());
    for _ in 0..2 {
        let asked = core::panic::AssertUnwindSafe(ask(&introspection, "another")).catch_unwind().await;
        assert!(asked.is_err(), "it is the request's");
    }
    assert_eq!(endpoint.asked(), 3, "and the answer is held");
}

#[test]
fn outside_of_any_runtime_one_that_has_ended_is_an_outage_and_nobody_waits_for_it() {
    let endpoint = Endpoint::with(active());
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime();
    let introspection = ended.block_on(async { start(&endpoint) });
    drop(ended);
    let verdict = introspection.verify(&Presented::new("opaque"));
    let verdict = runtime().block_on(verdict.decide());
    assert_eq!(verdict.map(drop).map_err(|error| error.reason()), UNAVAILABLE);
    assert_eq!(endpoint.asked(), 0);
    assert_eq!(introspection.last_error().map(|error| error.code()), Some("connection"));
}

/// Any order of requests, cancellations and moods of the endpoint, against what must hold always.
#[tokio::test(start_paused = true)]
async fn whatever_happens_calls_are_single_and_bounded_and_no_verdict_is_too_old() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    // When each token was revoked; none is good again.
    let revoked: Arc<Mutex<std::collections::HashMap<String, Instant>>> = Arc::default();
    let known = Arc::clone(&revoked);
    let mood = Arc::new(AtomicUsize::new(0));
    let moody = Arc::clone(&mood);
    let endpoint = Endpoint::by(move |token| match moody.load(Ordering::SeqCst) {
        1 => Reply::Status(500),
        2 => Reply::Status(403),
        3 => Reply::Never,
        4 => Reply::Panic,
        _ if known.lock().unwrap().contains_key(token) => inactive(),
        _ => active(),
    });
    let introspection = start(&endpoint);
    let (mut good, mut bad, mut nobody_knows) = (0, 0, 0);
    let mut leaving = Vec::new();
    for step in 0..20_000_u64 {
        let token = format!("token-{}", random(50) + step / 2_000 * 50);
        match random(20) {
            0 => _ = revoked.lock().unwrap().entry(token).or_insert_with(Instant::now),
            1 => mood.store(usize::try_from(random(12)).unwrap(), Ordering::SeqCst),
            2..=4 => {
                let mut request = Box::pin({
                    let (introspection, token) = (introspection.clone(), token.clone());
                    async move { ask(&introspection, &token).await }
                });
                if (&mut request).now_or_never().is_none() {
                    leaving.push(request);
                }
            }
            5 => leaving.clear(),
            6 => sleep(Duration::from_millis(random(3_000))).await,
            _ => {
                let before = revoked.lock().unwrap().get(&token).copied();
                match ask(&introspection, &token).await {
                    Ok(()) => {
                        good += 1;
                        let since = before.map(|then| then.elapsed()).unwrap_or_default();
                        assert!(since <= Duration::from_secs(62), "good {since:?} after it was revoked");
                    }
                    Err(Reason::Inactive) => {
                        bad += 1;
                        assert!(revoked.lock().unwrap().contains_key(&token));
                    }
                    verdict => {
                        nobody_knows += 1;
                        assert_eq!(verdict, UNAVAILABLE);
                    }
                }
            }
        }
        assert!(endpoint.under_way.load(Ordering::SeqCst) <= 64);
    }
    assert!(good > 100 && bad > 100 && nobody_knows > 100, "{good} {bad} {nobody_knows}");
    leaving.clear();
    mood.store(0, Ordering::SeqCst);
    sleep(Duration::from_secs(66)).await;
    assert_eq!(endpoint.under_way.load(Ordering::SeqCst), 0);
    assert_eq!(ask(&introspection, "at-last").await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_by_what_came_of_them() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recording = ::metrics::set_default_local_recorder(&recorder);
    let endpoint = Endpoint::with(active());
    let introspection = start(&endpoint);
    // The second is answered by what is held, and no call.
    for token in ["one", "one", "two"] {
        assert_eq!(ask(&introspection, token).await, Ok(()));
    }
    endpoint.replies(inactive());
    assert_eq!(ask(&introspection, "three").await, Err(Reason::Inactive));
    endpoint.replies(Reply::Status(503));
    for token in ["four", "five", "six"] {
        assert_eq!(ask(&introspection, token).await, UNAVAILABLE);
    }
    let expected = [("active", 2), ("not_asked", 2), ("refused", 1), ("status", 1)];
    let expected =
        expected.map(|(outcome, times)| (format!("jwt_remote_introspections_total {outcome}"), times));
    assert_eq!(crate::observe::counted::counted(&snapshotter, ENDPOINT), expected.into());
}

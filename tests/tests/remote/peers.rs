//! What other libraries were caught at: floods of unknown keys, a lock over the fetch, keys that outlive their
//! removal, one request to the provider per request of a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use jwt_core::{Clock as _, ManualClock, Presented, Reason, SystemClock, TokenAuthority, Verdict, Verifier};
use jwt_remote::RemoteKeys;
use tests::tokens::{AUDIENCE, ISSUER};
use tokio::sync::watch;

use super::fault_server::{Answer, FaultServer, PATIENCE};
use super::told::Told;
use crate::attacks::covers;

use super::{bogus, fresh, held, jwks, key, keys_at, most_attempts, remote, token, until, verifier};

/// How many wait for one source at a time.
const MOST_WAITING: usize = 64;

covers! {
    a_thousand_bogus_keys_cost_three_fetches_at_most [66 R11];
    a_thousand_bogus_keys_at_once_cost_one_and_nobody_else_waits [66 67 R11];
    a_key_that_was_published_a_moment_ago_works_on_the_first_request [69 R8];
    a_removed_key_is_refused_as_soon_as_a_fetch_was_without_it [68 69 R8];
    a_failing_endpoint_is_not_asked_by_each_request [66 68];
    while_a_refresh_hangs_no_request_with_a_known_key_waits [67 R3];
    requests_that_are_dropped_while_they_wait_leave_nothing [76 R17];
    with_the_last_handle_the_fetch_and_its_connection_end [76];
    a_provider_that_is_killed_and_started_again_is_hardly_missed [68 R4 R8];
    a_wall_clock_that_jumps_is_no_reason_to_fetch [R13];
}

async fn serving(set: String) -> (FaultServer, RemoteKeys, Verifier) {
    let server = FaultServer::always(Answer::json(set)).await;
    let keys = keys_at(&server.url("/jwks"));
    keys.wait().await.unwrap();
    let verifier = verifier(&keys);
    (server, keys, verifier)
}

#[tokio::test]
async fn a_thousand_bogus_keys_cost_three_fetches_at_most() {
    let good = key("good");
    let (server, _keys, verifier) = serving(jwks([&good])).await;
    let (began, mut bogus, known) = (Instant::now(), bogus(), token(&good));
    for _ in 0..1_000 {
        assert_eq!(fresh(&verifier, &bogus()).await, Err(Reason::UnknownKey));
        assert_eq!(held(&verifier, &known), Ok(()));
    }
    // Two at once, one more in each half minute.
    let (fetches, most) = (server.count("/jwks") - 1, 2 + began.elapsed().as_secs() as usize / 30);
    assert!((1..=most).contains(&fetches), "{fetches} fetches, {most} at most");
}

#[tokio::test]
async fn a_thousand_bogus_keys_at_once_cost_one_and_nobody_else_waits() {
    let good = key("good");
    let (server, _keys, verifier) = serving(jwks([&good])).await;
    let (mut bogus, known) = (bogus(), token(&good));
    let (open, gate) = watch::channel(false);
    server.answers(Answer::Once(gate, Box::new(Answer::json(jwks([&good])))));
    let strangers: Vec<_> = (0..1_000).map(|_| bogus()).collect();
    let strangers = join_all(strangers.iter().map(|token| fresh(&verifier, token)));
    let others = async {
        server.until("the fetch", |gauge| gauge.asked == 2).await;
        for _ in 0..100 {
            assert_eq!(fresh(&verifier, &known).now_or_never(), Some(Ok(())));
        }
        open.send_replace(true);
    };
    let (verdicts, ()) = tokio::join!(strangers, others);
    let count = |reason| verdicts.iter().filter(|verdict| **verdict == Err(reason)).count();
    // Those who wait find that the key is not there, those for whom there is no room are told to come back.
    assert_eq!(
        (count(Reason::UnknownKey), count(Reason::KeysUnavailable)),
        (MOST_WAITING, 1_000 - MOST_WAITING)
    );
    assert_eq!(server.count("/jwks"), 2);
}

#[tokio::test]
async fn a_key_that_was_published_a_moment_ago_works_on_the_first_request() {
    let (old, new) = (key("old"), key("new"));
    let (server, _keys, verifier) = serving(jwks([&old])).await;
    server.answers(Answer::json(jwks([&old, &new])));
    assert_eq!(held(&verifier, &token(&new)), Err(Reason::UnknownKey));
    // Many at once, of whom each is the first.
    let new = token(&new);
    let verdicts = join_all((0..50).map(|_| fresh(&verifier, &new))).await;
    assert_eq!(verdicts, vec![Ok(()); 50]);
    assert_eq!(held(&verifier, &token(&old)), Ok(()));
    assert_eq!(server.count("/jwks"), 2);
}

#[tokio::test]
async fn a_removed_key_is_refused_as_soon_as_a_fetch_was_without_it() {
    let (old, new) = (key("old"), key("new"));
    let (server, keys, verifier) = serving(jwks([&old, &new])).await;
    let (of_old, of_new) = (token(&old), token(&new));
    assert_eq!(held(&verifier, &of_old), Ok(()));
    // A failure removes nothing.
    server.answers(Answer::status(500));
    assert_eq!(fresh(&verifier, &bogus()()).await, Err(Reason::UnknownKey));
    assert_eq!((held(&verifier, &of_old), held(&verifier, &of_new)), (Ok(()), Ok(())));
    server.answers(Answer::json(jwks([&new])));
    let asked = server.count("/jwks");
    server.until("the next attempt", |gauge| gauge.asked >= 3).await;
    until("the next set", || keys.status().failures == 0).await;
    assert_eq!(held(&verifier, &of_old), Err(Reason::UnknownKey));
    assert_eq!(held(&verifier, &of_new), Ok(()));
    assert_eq!(server.count("/jwks"), asked + 1);
}

#[tokio::test]
async fn a_failing_endpoint_is_not_asked_by_each_request() {
    for had_keys in [false, true] {
        let good = key("good");
        let server = FaultServer::always(Answer::json(jwks([&good]))).await;
        if !had_keys {
            server.answers(Answer::status(500));
        }
        let keys = keys_at(&server.url("/jwks"));
        assert_eq!(keys.wait().await.is_ok(), had_keys);
        server.answers(Answer::status(500));
        let (verifier, mut bogus, began) = (verifier(&keys), bogus(), Instant::now());
        let mut requests = 0;
        while requests < 2_000 || keys.status().failures < 2 {
            requests += 1;
            let verdict = fresh(&verifier, &bogus()).await;
            let expected = if had_keys { Reason::UnknownKey } else { Reason::KeysUnavailable };
            assert_eq!(verdict, Err(expected));
            tokio::task::yield_now().await;
        }
        let (asked, most) = (server.count("/jwks"), 1 + most_attempts(began.elapsed()));
        assert!(asked <= most, "{asked} for {requests} requests, {most} at most");
    }
}

/// Whether a request with this token waits.
fn waits(verifier: &Verifier, token: &str) -> bool {
    match TokenAuthority::verify(verifier, &Presented::new(token)) {
        Verdict::Ready(Ok(_)) => false,
        Verdict::Ready(Err(error)) => panic!("{error}"),
        Verdict::Wait(_) => true,
    }
}

#[tokio::test]
async fn while_a_refresh_hangs_no_request_with_a_known_key_waits() {
    let good = key("good");
    let (server, _keys, verifier) = serving(jwks([&good])).await;
    let known = token(&good);
    server.answers(Answer::Hang);
    let stranger = bogus()();
    let mut stranger = std::pin::pin!(fresh(&verifier, &stranger));
    assert!(stranger.as_mut().now_or_never().is_none(), "it waits");
    server.until("the fetch", |gauge| gauge.asked == 2).await;
    let waited = (0..5_000).filter(|_| waits(&verifier, &known)).count();
    assert_eq!(waited, 0);
    // Asked once, and still being asked: nothing of the above was after it.
    assert_eq!(server.gauge().asked, 2);
    assert_eq!(server.gauge().open, 1);
    assert_eq!(stranger.await, Err(Reason::UnknownKey));
}

#[tokio::test]
async fn a_thousand_first_requests_are_one_fetch() {
    let good = key("good");
    let (open, gate) = watch::channel(false);
    let server = FaultServer::always(Answer::Once(gate, Box::new(Answer::json(jwks([&good]))))).await;
    let keys = keys_at(&server.url("/jwks"));
    let (verifier, token) = (verifier(&keys), token(&good));
    let first = join_all((0..1_000).map(|_| fresh(&verifier, &token)));
    let (verdicts, ()) = tokio::join!(first, async {
        server.until("the fetch", |gauge| gauge.asked == 1).await;
        open.send_replace(true);
    });
    let good = verdicts.iter().filter(|verdict| **verdict == Ok(())).count();
    let without_room = verdicts.iter().filter(|verdict| **verdict == Err(Reason::KeysUnavailable)).count();
    assert_eq!((good, without_room), (MOST_WAITING, 1_000 - MOST_WAITING));
    assert_eq!((server.count("/jwks"), server.gauge().connections), (1, 1));
    let verdicts = join_all((0..1_000).map(|_| fresh(&verifier, &token))).await;
    assert_eq!(verdicts, vec![Ok(()); 1_000]);
    assert_eq!(server.count("/jwks"), 1);
}

/// Ages of keys, waits after failures and what strangers may cause go by a clock that never jumps; tokens by the wall
/// clock alone.
#[tokio::test]
async fn a_wall_clock_that_jumps_is_no_reason_to_fetch() {
    const HOUR: u64 = 3_600;
    let good = key("good");
    let (server, keys, _) = serving(jwks([&good])).await;
    let now = SystemClock.now().as_secs();
    let clock = ManualClock::at(now);
    let verifier = verifier(&keys).with_clock(clock.clone());
    let (known, mut bogus) = (token(&good), bogus());
    // Two wishes are granted, whatever the clock says; the next one half a minute later.
    let began = Instant::now();
    assert_eq!(fresh(&verifier, &bogus()).await, Err(Reason::UnknownKey));
    assert_eq!(fresh(&verifier, &bogus()).await, Err(Reason::UnknownKey));
    for (to, expected) in [
        (now - HOUR, Err(Reason::IssuedInFuture)),
        (now + HOUR, Err(Reason::Expired)),
        (0, Err(Reason::IssuedInFuture)),
        (4_102_444_800, Err(Reason::Expired)),
        (now, Ok(())),
    ] {
        clock.set(to);
        for _ in 0..20 {
            assert_eq!(fresh(&verifier, &known).now_or_never(), Some(expected), "at {to}");
            assert_eq!(fresh(&verifier, &bogus()).await, Err(Reason::UnknownKey), "at {to}");
        }
        assert!(keys.has_keys() && keys.status().age.unwrap() <= began.elapsed() + PATIENCE, "at {to}");
    }
    let (asked, most) = (server.count("/jwks"), 3 + began.elapsed().as_secs() as usize / 30);
    assert!((3..=most).contains(&asked), "{asked} requests, {most} at most");
}

/// On several threads, where the first requests really are at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn first_requests_of_many_threads_are_one_fetch() {
    let good = key("good");
    let (open, gate) = watch::channel(false);
    let server = FaultServer::always(Answer::Once(gate, Box::new(Answer::json(jwks([&good]))))).await;
    let keys = keys_at(&server.url("/jwks"));
    let (verifier, token) = (verifier(&keys), token(&good));
    let begun = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..MOST_WAITING)
        .map(|_| {
            let (verifier, token, begun) = (verifier.clone(), token.clone(), Arc::clone(&begun));
            tokio::spawn(async move {
                begun.fetch_add(1, Ordering::SeqCst);
                fresh(&verifier, &token).await
            })
        })
        .collect();
    until("all to begin", || begun.load(Ordering::SeqCst) == MOST_WAITING).await;
    open.send_replace(true);
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    assert_eq!(server.count("/jwks"), 1);
}

#[tokio::test]
async fn requests_that_are_dropped_while_they_wait_leave_nothing() {
    let good = key("good");
    let (open, gate) = watch::channel(false);
    let server = FaultServer::always(Answer::Once(gate, Box::new(Answer::json(jwks([&good]))))).await;
    let keys = keys_at(&server.url("/jwks"));
    let (verifier, token) = (verifier(&keys), token(&good));
    for _ in 0..20 {
        // Each polled once, so that all places are taken; then all are dropped.
        let mut waiting: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(fresh(&verifier, &token))).collect();
        assert!(waiting.iter_mut().all(|request| request.now_or_never().is_none()));
        assert_eq!(fresh(&verifier, &token).now_or_never(), Some(Err(Reason::KeysUnavailable)), "no room");
    }
    let mut last = Box::pin(fresh(&verifier, &token));
    assert!(last.as_mut().now_or_never().is_none(), "there is room again");
    server.until("the fetch", |gauge| gauge.asked == 1).await;
    open.send_replace(true);
    assert_eq!(last.await, Ok(()));
    assert_eq!(server.count("/jwks"), 1);
}

#[tokio::test]
async fn with_the_last_handle_the_fetch_and_its_connection_end() {
    for hangs in [false, true] {
        let good = key("good");
        let answer = if hangs { Answer::Hang } else { Answer::json(jwks([&good])) };
        let server = FaultServer::always(answer).await;
        let keys = keys_at(&server.url("/jwks"));
        server.until("the fetch", |gauge| gauge.asked == 1).await;
        if !hangs {
            keys.wait().await.unwrap();
        }
        let verifier = verifier(&keys);
        drop(keys);
        // The verifier is a handle too: half of a hang's five seconds are not over yet, and nothing has ended.
        assert_eq!(server.gauge().open, 1);
        drop(verifier);
        server.until("the end of the connection", |gauge| gauge.open == 0).await;
        assert_eq!(server.count("/jwks"), 1);
    }
}

#[tokio::test]
async fn sources_of_one_remote_share_a_client_and_end_one_by_one() {
    let (one, other) = (key("one"), key("other"));
    let server = FaultServer::always(Answer::json(jwks([&one, &other]))).await;
    let remote = remote();
    let at = |path: &str| RemoteKeys::at(server.url(path)).with_remote(&remote).start().unwrap();
    let (first, second) = (at("/first"), at("/second"));
    first.wait().await.unwrap();
    second.wait().await.unwrap();
    let (of_first, of_second) = (verifier(&first), verifier(&second));
    drop((first, of_first));
    assert_eq!(fresh(&of_second, &bogus()()).await, Err(Reason::UnknownKey));
    assert_eq!((server.count("/first"), server.count("/second")), (1, 2));
    drop((second, of_second));
    // The client is the user's as long as there is a handle on it; a new source begins anew.
    let third = at("/third");
    third.wait().await.unwrap();
    drop((third, remote));
    server.until("the end of the connections", |gauge| gauge.open == 0).await;
}

/// Kill, partition and restart: requests with known keys never fail, and the log says what is wrong.
#[tokio::test]
async fn a_provider_that_is_killed_and_started_again_is_hardly_missed() {
    let (told, _guard) = Told::listen();
    let (old, new) = (key("old"), key("new"));
    let server = FaultServer::always(Answer::json(jwks([&old]))).await;
    let (address, url) = (server.address(), server.url("/jwks"));
    let keys = keys_at(&url);
    keys.wait().await.unwrap();
    let (verifier, stop) = (verifier(&keys), Arc::new(AtomicBool::new(false)));
    let requests = tokio::spawn({
        let (verifier, known, stop) = (verifier.clone(), token(&old), Arc::clone(&stop));
        async move {
            let mut requests = 0_usize;
            while !stop.load(Ordering::SeqCst) {
                assert_eq!(fresh(&verifier, &known).now_or_never(), Some(Ok(())), "request {requests}");
                requests += 1;
                tokio::time::sleep(core::time::Duration::from_millis(2)).await;
            }
            requests
        }
    });
    drop(server);
    assert_eq!(fresh(&verifier, &token(&new)).await, Err(Reason::UnknownKey));
    until("a failure", || keys.status().failures >= 1).await;
    assert_eq!(keys.status().error.map(|error| error.code()), Some("connection"));
    let lines = told.of(&url, "those that are held serve on");
    assert!(!lines.is_empty() && lines[0].field("reason") == Some("connection"), "{lines:?}");

    // It is back, and as a partition would have it: it takes connections, and says nothing.
    let server = FaultServer::start_at(address, |_| Answer::Hang).await;
    server.until("an attempt", |gauge| gauge.asked >= 1).await;
    server.answers(Answer::json(jwks([&old, &new])));
    until("the new keys", || held(&verifier, &token(&new)).is_ok()).await;
    assert!(keys.status().error.is_none());
    stop.store(true, Ordering::SeqCst);
    assert!(requests.await.unwrap() > 10);
}

#[tokio::test]
async fn keys_that_may_not_be_stale_still_serve_while_they_are_fresh() {
    let good = key("good");
    let server = FaultServer::always(Answer::json(jwks([&good]))).await;
    let keys = RemoteKeys::at(server.url("/jwks")).with_remote(&remote());
    let keys = keys.with_max_stale(core::time::Duration::ZERO).fetch().await.unwrap();
    server.answers(Answer::status(500));
    let verifier = Verifier::builder().with_live_keys(keys.live()).with_refresh(keys.refresh());
    let verifier = verifier.with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap();
    assert_eq!(fresh(&verifier, &bogus()()).await, Err(Reason::UnknownKey));
    until("a failure", || keys.status().failures >= 1).await;
    assert_eq!(held(&verifier, &token(&good)), Ok(()));
}

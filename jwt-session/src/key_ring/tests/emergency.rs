//! Keys that are dropped while a turn waits for the store.

use core::future::poll_fn;
use core::task::Poll;

use super::moody::{Mood, Moody};
use super::*;

/// Polled once, and no more.
async fn begun<F: Future + Unpin>(future: &mut F) {
    poll_fn(|context| {
        assert!(core::pin::Pin::new(&mut *future).poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drop_waits_for_no_turn_that_waits_for_the_store() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let node = node(&store, &clock).await;
    let (first, token) = (node.active(), node.token());
    store.set(Mood::Stuck);
    let mut turn = Box::pin(node.ring.tick());
    begun(&mut turn).await;
    let mut dropping = Box::pin(node.ring.drop_key(&first));
    begun(&mut dropping).await;
    assert!(!node.verifies(&token), "refused at once");
    assert!(!node.published().contains(&first.to_string()));
    assert_eq!(node.ring.issuer().unwrap_err().code(), "key_ring_not_signing");
    // Neither the turn nor the drop waits for ever. By the paused clock of the runtime.
    let begin = tokio::time::Instant::now();
    assert_eq!(turn.await.unwrap_err().code(), "store_unavailable");
    assert_eq!(begin.elapsed().as_secs(), 5);
    assert_eq!(dropping.await.unwrap_err().code(), "store_unavailable");
    assert_eq!(begin.elapsed().as_secs(), 10);
    assert!(!node.verifies(&token));
    // Who gives up has dropped it as well.
    let second = node.published().remove(0);
    let mut dropping = Box::pin(node.ring.drop_key(&second));
    begun(&mut dropping).await;
    drop(dropping);
    assert!(node.published().is_empty());
    store.set(Mood::Good);
    node.ring.tick().await.unwrap();
    assert!(!node.verifies(&token) && node.verifies(&node.token()));
    let stored = self::node(&store, &clock).await.published();
    assert!(!stored.contains(&first.to_string()) && !stored.contains(&second), "the tick made up for both");
}

/// What a turn has read is older than the drop. Of a key that signs, and of one that is to.
#[tokio::test]
async fn a_turn_under_way_does_not_bring_back_what_is_dropped_in_the_middle_of_it() {
    for is_next in [false, true] {
        let (store, clock) = world();
        let store = Moody::of(store);
        let (here, there) = (node(&store, &clock).await, node(&store, &clock).await);
        let first = here.active();
        let next: Arc<str> = here.published().into_iter().find(|id| **id != *first).unwrap().into();
        clock.advance(AHEAD);
        there.ring.rotate().await.unwrap();
        assert_eq!(there.active(), next);
        let dropped = if is_next { &next } else { &first };
        let token = if is_next { there.token() } else { here.token() };
        assert!(here.verifies(&token));
        store.set(Mood::Stuck);
        let mut turn = Box::pin(here.ring.tick());
        begun(&mut turn).await;
        let mut dropping = Box::pin(here.ring.drop_key(dropped));
        begun(&mut dropping).await;
        assert!(!here.verifies(&token));
        // The turn has what it asked for, and nobody else gets anything.
        store.set(Mood::Unreadable);
        turn.await.unwrap();
        assert!(!here.verifies(&token) && !here.published().contains(&dropped.to_string()));
        assert_eq!(here.ring.status().revision, there.ring.status().revision, "it was taken over");
        let signs = here.ring.issuer().ok().and_then(|issuer| issuer.key().key_id().cloned());
        assert_eq!(signs, (!is_next).then(|| next.clone()), "nor does one sign whose time is over");
        assert_eq!(dropping.await.unwrap_err().code(), "store_unavailable");
        assert!(!here.verifies(&token));
        store.set(Mood::Good);
        here.ring.tick().await.unwrap();
        there.ring.tick().await.unwrap();
        assert!(!there.verifies(&token) && there.active() == here.active());
    }
}

/// It owes the store a drop of its own, which comes first, and cannot write.
#[tokio::test]
async fn what_others_drop_is_gone_though_nothing_can_be_written() {
    let (store, clock) = world();
    let narrow = Moody::of(store.clone());
    let (here, there) = (node(&narrow, &clock).await, node(&store, &clock).await);
    let (first, token) = (here.active(), here.token());
    let next = here.published().into_iter().find(|id| **id != *first).unwrap();
    narrow.set(Mood::ReadOnly);
    assert_eq!(here.ring.drop_key(&next).await.unwrap_err().code(), "store_unavailable");
    there.ring.drop_key(&first).await.unwrap();
    assert!(here.verifies(&token));
    assert_eq!(here.ring.tick().await.unwrap_err().code(), "store_unavailable");
    assert!(!here.verifies(&token) && !here.published().contains(&first.to_string()));
    assert_eq!(here.ring.issuer().unwrap_err().code(), "key_ring_not_signing");
    narrow.set(Mood::Good);
    here.ring.tick().await.unwrap();
    there.ring.tick().await.unwrap();
    assert!(here.active() == there.active() && *here.active() != *next);
}

/// A key that this process hears of only by the turn that the drop waits for.
#[tokio::test]
async fn a_key_that_is_not_known_yet_can_be_dropped() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let (here, there) = (node(&store, &clock).await, node(&store, &clock).await);
    for key_id in there.published() {
        there.ring.drop_key(&key_id).await.unwrap();
    }
    let (new, token) = (there.active(), there.token());
    store.set(Mood::Stuck);
    let mut turn = Box::pin(here.ring.tick());
    begun(&mut turn).await;
    let mut dropping = Box::pin(here.ring.drop_key(&new));
    begun(&mut dropping).await;
    store.set(Mood::Unreadable);
    turn.await.unwrap();
    assert!(!here.verifies(&token) && !here.published().contains(&new.to_string()));
    assert_eq!(dropping.await.unwrap_err().code(), "store_unavailable");
    store.set(Mood::Good);
    here.ring.tick().await.unwrap();
    assert!(!here.verifies(&token) && here.verifies(&here.token()));
}

#[tokio::test(start_paused = true)]
async fn a_drop_brings_no_silent_ring_back() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let node = node(&store, &clock).await;
    let token = node.token();
    let next = node.published().into_iter().find(|id| **id != *node.active()).unwrap();
    store.set(Mood::Unreadable);
    tokio::time::advance(Duration::from_secs(DAY)).await;
    assert!(node.ring.issuer().is_err() && !node.verifies(&token), "it is silent");
    assert!(node.ring.drop_key(&next).await.is_err());
    assert!(!node.verifies(&token));
    store.set(Mood::Good);
    node.ring.tick().await.unwrap();
    assert!(node.verifies(&token) && !node.published().contains(&next));
}

#[tokio::test(start_paused = true)]
async fn no_ring_is_opened_on_a_store_that_does_not_answer() {
    let (store, clock) = world();
    let store = Moody::of(store);
    node(&store, &clock).await;
    store.set(Mood::Stuck);
    let begin = tokio::time::Instant::now();
    let short = |builder: KeyRingBuilder| builder.with_patience(Duration::from_millis(300));
    let error = node_of(store.clone(), &clock, Algorithm::ES256, short).await.err().unwrap();
    assert_eq!((error.code(), begin.elapsed().as_millis() / 10), ("store_unavailable", 30));
    for patience in [Duration::ZERO, Duration::from_secs(61)] {
        let unfit = |builder: KeyRingBuilder| builder.with_patience(patience);
        let error = node_of(store.clone(), &clock, Algorithm::ES256, unfit).await.err().unwrap();
        assert!(matches!(error, KeyRingError::Unfit { setting: "patience" }), "{error}");
    }
}

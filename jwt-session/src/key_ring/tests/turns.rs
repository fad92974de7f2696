//! Nodes at the same time, clocks that jump, and stores that fail.

use super::moody::{Mood, Moody};
use super::*;

/// Where the store yields between reading and writing, two nodes meet.
#[derive(Clone)]
struct Meeting(MemoryStore);

impl KeyRingStore for Meeting {
    fn load<'s>(&'s self, name: &'s str) -> BoxFuture<'s, Result<Option<KeyRingDocument>, StoreError>> {
        Box::pin(async move {
            let document = self.0.load(name).await;
            tokio::task::yield_now().await;
            document
        })
    }

    fn replace<'s>(
        &'s self,
        name: &'s str,
        version: Option<u64>,
        text: &'s str,
    ) -> BoxFuture<'s, Result<Option<u64>, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.0.replace(name, version, text).await
        })
    }
}

#[tokio::test]
async fn nodes_that_begin_or_rotate_at_once_have_one_active_key() {
    for round in 0..100 {
        let (store, clock) = world();
        let store = Meeting(store);
        let open = || node_of(store.clone(), &clock, Algorithm::ES256, |builder| builder);
        let (a, b) = tokio::join!(open(), open());
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!(a.active(), b.active(), "round {round}: one key at the start");
        assert_eq!(a.published().len(), 2);
        let first = a.active();
        clock.advance(AHEAD);
        let (one, other) = tokio::join!(a.ring.rotate(), b.ring.rotate());
        assert!(one.is_ok() && other.is_ok(), "round {round}");
        assert_eq!(a.active(), b.active(), "round {round}: one key afterwards");
        assert_ne!(a.active(), first, "round {round}");
        assert_eq!(
            (a.published().len(), a.published()),
            (3, b.published()),
            "round {round}: it was done once"
        );
        let told = [a.told(), b.told()].concat();
        assert_eq!(told.iter().filter(|change| *change == "retired").count(), 1, "round {round}");
    }
}

#[tokio::test]
async fn a_rotation_and_a_drop_at_once_leave_one_active_key_and_not_the_dropped_one() {
    for round in 0..100 {
        let (store, clock) = world();
        let store = Meeting(store);
        let open = || node_of(store.clone(), &clock, Algorithm::ES256, |builder| builder);
        let (a, b) = (open().await.unwrap(), open().await.unwrap());
        let first = a.active();
        clock.advance(AHEAD);
        let token = a.token();
        assert!(a.verifies(&token) && b.verifies(&token));
        let (rotated, dropped) = if round % 2 == 0 {
            tokio::join!(a.ring.rotate(), b.ring.drop_key(&first))
        } else {
            let (dropped, rotated) = tokio::join!(b.ring.drop_key(&first), a.ring.rotate());
            (rotated, dropped)
        };
        rotated.unwrap();
        dropped.unwrap();
        a.ring.tick().await.unwrap();
        assert_eq!(a.active(), b.active(), "round {round}");
        for node in [&a, &b] {
            assert!(!node.verifies(&token), "round {round}: it is refused");
            assert!(!node.published().contains(&first.to_string()), "round {round}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_an_hour_refuses_no_good_token_and_leaves_one_active_key() {
    const ROTATION: u64 = START + 30 * DAY;
    for jumped in [ROTATION + 3_600, ROTATION - 3_600] {
        let (store, clock) = world();
        let store = Timeless(store);
        // One node whose clock jumps there and back, and one whose clock is right.
        let odd = ManualClock::at(START);
        let (right, wrong) = (node(&store, &clock).await, node(&store, &odd).await);
        for node in [&right, &wrong] {
            node.ring.tick().await.unwrap();
        }
        tokio::time::advance(Duration::from_secs(AHEAD)).await;
        clock.set(ROTATION);
        let last = right.token();
        right.ring.tick().await.unwrap();
        for now in [jumped, ROTATION] {
            odd.set(now);
            wrong.ring.tick().await.unwrap();
            right.ring.tick().await.unwrap();
            assert_eq!(right.active(), wrong.active());
            assert_eq!(right.published().len(), 3, "{now}: nothing is gone");
            assert!(right.verifies(&last) && right.verifies(&right.token()));
        }
        for clock in [&clock, &odd] {
            clock.set(ROTATION + 599);
        }
        right.ring.tick().await.unwrap();
        assert!(right.verifies(&last), "good to the last second");
    }
}

#[tokio::test]
async fn a_clock_that_cannot_tell_changes_nothing() {
    let (store, clock) = world();
    let node = node(&store, &clock).await;
    let before = node.ring.jwks();
    clock.set(u64::MAX);
    assert_eq!(node.ring.tick().await.unwrap_err().code(), "clock");
    clock.set(START);
    node.ring.tick().await.unwrap();
    assert_eq!(node.ring.jwks(), before);
}

#[tokio::test]
async fn a_store_that_fails_changes_nothing_here_and_the_next_turn_heals() {
    for (mood, writes) in [(Mood::ReadOnly, false), (Mood::WritesAndFails, true)] {
        let (store, clock) = world();
        let store = Moody::of(store);
        let node = node(&store, &clock).await;
        let first = node.active();
        clock.advance(AHEAD);
        store.set(mood);
        assert_eq!(node.ring.rotate().await.unwrap_err().code(), "store_unavailable");
        assert_eq!(node.active(), first);
        let token = node.token();
        assert!(node.verifies(&token));
        store.set(Mood::Good);
        node.ring.tick().await.unwrap();
        // Where it was written all the same, the next turn finds it.
        assert_eq!(node.active() != first, writes);
        if !writes {
            node.ring.rotate().await.unwrap();
        }
        assert_ne!(node.active(), first);
        assert!(node.verifies(&token) && node.verifies(&node.token()));
    }
}

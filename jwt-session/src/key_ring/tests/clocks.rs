//! Nodes whose clocks differ, over stores that tell the time and stores that do not.

use super::*;

const MONTH: u64 = 30 * DAY;
/// As short as it may be, so that much happens in a few days.
const PERIOD: Duration = Duration::from_secs(AHEAD);

/// A ring that rotates as often as it may.
async fn fast(store: impl KeyRingStore, clock: &ManualClock) -> Node {
    node_of(store, clock, Algorithm::ES256, |builder| builder.with_period(PERIOD)).await.unwrap()
}

/// Others: they fetch the JWK set of one node or the other, as seldom as they may, each in its minute of ten.
struct Others(Vec<(Verifier, LiveWriter)>);

impl Others {
    fn new(clock: &ManualClock) -> Self {
        let one = |_| {
            let (live, writer) = Live::new();
            let verifier =
                Verifier::builder().with_live_keys(live).with_audience("api").with_issuer("https://id");
            (verifier.build().unwrap().with_clock(clock.clone()), writer)
        };
        Self((0..10).map(one).collect())
    }

    /// The one whose set is as old as it may be: it is asked, and then fetches.
    fn of(&self, minute: u64) -> &(Verifier, LiveWriter) {
        &self.0[usize::try_from(minute % 10).unwrap()]
    }

    fn fetch(&self, minute: u64, from: &Node) {
        let set = JwkSet::from_json(from.ring.jwks().body().as_bytes()).unwrap();
        self.of(minute).1.replace(KeySet::from_jwk_set(&set, Source::Remote).unwrap());
    }
}

/// A node whose clock is right, what it has signed, and others.
struct Life<'l> {
    right: &'l Node,
    clocks: [&'l ManualClock; 2],
    others: Others,
    tokens: Vec<(u64, String)>,
    keys: Vec<Arc<str>>,
    minute: u64,
}

impl<'l> Life<'l> {
    /// The first clock is that of the node.
    fn of(right: &'l Node, clocks: [&'l ManualClock; 2]) -> Self {
        let others = Others::new(clocks[0]);
        Self { right, clocks, others, tokens: Vec::new(), keys: Vec::new(), minute: 0 }
    }

    /// By the minute, beside a node whose clock is wrong: every token of the node whose clock is right is good,
    /// everywhere, to its last minute.
    async fn goes_on(&mut self, wrong: Option<&Node>, minutes: u64, what: &str) {
        for _ in 0..minutes {
            let minute = self.minute;
            self.minute = minute.saturating_add(1);
            let nodes = wrong.into_iter().chain([self.right]);
            // By turns one or the other is first.
            let nodes: Vec<&Node> = if minute.is_multiple_of(3) {
                nodes.collect()
            } else {
                [self.right].into_iter().chain(wrong).collect()
            };
            for node in &nodes {
                match node.ring.tick().await {
                    Ok(_) | Err(KeyRingError::Clock { .. }) => {}
                    Err(error) => panic!("{what}, minute {minute}: {error}"),
                }
            }
            self.tokens.push((minute, self.right.token()));
            self.tokens.retain(|(made, _)| minute.saturating_sub(*made) < 10);
            if self.keys.last() != Some(&self.right.active()) {
                self.keys.push(self.right.active());
            }
            for (made, token) in [self.tokens.first(), self.tokens.last()].into_iter().flatten() {
                assert!(self.right.verifies(token), "{what}, minute {minute}: here, of minute {made}");
                // By then each has fetched once.
                if minute >= 10 {
                    let refused = self.others.of(minute).0.verify(token).err();
                    assert!(
                        refused.is_none(),
                        "{what}, minute {minute}: elsewhere, of minute {made}: {refused:?}"
                    );
                }
            }
            self.others.fetch(minute, if minute % 7 < 4 { self.right } else { wrong.unwrap_or(self.right) });
            for clock in self.clocks {
                clock.advance(60);
            }
            tokio::time::advance(Duration::from_secs(60)).await;
        }
    }

    /// How often the node came to sign by another key.
    fn rotations(&self) -> usize {
        self.keys.len().saturating_sub(1)
    }
}

/// Off by what it may be, by more, and wildly, to both sides.
fn clocks() -> [(&'static str, u64); 9] {
    [
        ("right", START),
        ("59 minutes ahead", START + 59 * 60),
        ("59 minutes behind", START - 59 * 60),
        ("2 hours ahead", START + 7_200),
        ("2 hours behind", START - 7_200),
        ("a month ahead", START + MONTH),
        ("a month behind", START - MONTH),
        ("ten years ahead", START + 3_650 * DAY),
        ("in 1970", 0),
    ]
}

/// Two days, in which the node whose clock is wrong is started anew every two hours: so it comes upon keys in each stage.
#[tokio::test(start_paused = true)]
async fn no_clock_has_a_good_token_refused_where_each_node_goes_by_its_own() {
    for (what, now) in clocks() {
        let (store, clock) = world();
        let (store, odd) = (Timeless(store), ManualClock::at(now));
        let right = fast(store.clone(), &clock).await;
        let mut life = Life::of(&right, [&clock, &odd]);
        // Once a key has retired, and is still needed.
        life.goes_on(None, 84, what).await;
        assert_eq!((life.rotations(), right.published().len()), (1, 3), "{what}");
        for _ in 0..24 {
            let wrong = fast(store.clone(), &odd).await;
            life.goes_on(Some(&wrong), 120, what).await;
        }
        if now.abs_diff(START) <= 3_600 || now < START {
            assert!(life.rotations() >= 24, "{what}: {}", life.rotations());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_store_tells_the_time_a_wrong_clock_costs_its_own_node_alone() {
    for (what, now) in clocks() {
        let (store, clock) = world();
        let odd = ManualClock::at(now);
        let right = fast(store.clone(), &clock).await;
        let wrong = fast(store, &odd).await;
        let is_off = now.abs_diff(START) > 3_600;
        assert_eq!(wrong.ring.status().failing, is_off.then_some("clock"), "{what}: it tells at once");
        let mut life = Life::of(&right, [&clock, &odd]);
        life.goes_on(Some(&wrong), DAY / 60, what).await;
        assert!(life.rotations() >= 15, "{what}: {}", life.rotations());
        let told = wrong.told();
        assert_eq!(told.is_empty(), is_off, "{what}: it does nothing: {told:?}");
        right.ring.tick().await.unwrap();
        match wrong.ring.tick().await {
            Ok(_) => assert!(!is_off, "{what}"),
            Err(KeyRingError::Clock { difference: Some(difference) }) => {
                assert_eq!(difference.as_secs(), now.abs_diff(START), "{what}");
            }
            Err(error) => panic!("{what}: {error}"),
        }
        assert_eq!(right.active(), wrong.active(), "{what}: it follows");
    }
}

#[tokio::test(start_paused = true)]
async fn a_ring_that_a_wrong_clock_began_refuses_no_token_either() {
    for (what, now) in clocks() {
        let (store, clock) = world();
        let (store, odd) = (Timeless(store), ManualClock::at(now));
        let wrong = fast(store.clone(), &odd).await;
        let right = fast(store, &clock).await;
        Life::of(&right, [&clock, &odd]).goes_on(Some(&wrong), DAY / 120, what).await;
    }
}

#[tokio::test]
async fn a_wrong_clock_changes_no_time_in_the_store() {
    let (store, clock) = world();
    let store = Timeless(store);
    let right = node(&store, &clock).await;
    let before = store.load("https://id").await.unwrap();
    for now in [0, START - 3_601, u64::MAX] {
        let wrong = node(&store, &ManualClock::at(now)).await;
        let difference = (now < u64::MAX).then(|| Duration::from_secs(START - now));
        for _ in 0..3 {
            let error = wrong.ring.tick().await.unwrap_err();
            assert!(
                matches!(error, KeyRingError::Clock { difference: found } if found == difference),
                "{error:?}"
            );
        }
        assert_eq!(store.load("https://id").await.unwrap(), before, "{now}");
        assert_eq!((wrong.active(), wrong.published()), (right.active(), right.published()));
    }
}

/// As in an emergency on a machine that has just been started.
#[tokio::test]
async fn a_key_can_be_dropped_whatever_the_clock_says() {
    for now in [0, START + 3_650 * DAY, u64::MAX] {
        let (store, clock) = world();
        let odd = ManualClock::at(now);
        let right = node(&store, &clock).await;
        let wrong = node(&store, &odd).await;
        let (first, token) = (right.active(), right.token());
        wrong.ring.drop_key(&first).await.unwrap();
        assert_eq!(wrong.told(), ["dropped", "activated", "published"]);
        assert!(!wrong.verifies(&token) && wrong.active() != first);
        assert!(matches!(wrong.ring.tick().await, Err(KeyRingError::Clock { .. })));
        right.told();
        right.ring.tick().await.unwrap();
        assert!(!right.verifies(&token) && right.active() == wrong.active());
        assert!(right.verifies(&right.token()) && right.told().is_empty());
        // The new key waits from the time of a clock that is right.
        let refused = right.ring.rotate().await.unwrap_err();
        assert!(matches!(refused, KeyRingError::TooSoon { wait } if wait == Duration::from_secs(AHEAD)));
    }
}

#[tokio::test]
async fn no_ring_begins_by_a_clock_that_is_not_that_of_the_store() {
    let (store, clock) = world();
    let odd = ManualClock::at(START + MONTH);
    let refused = node_of(store.clone(), &odd, Algorithm::ES256, |builder| builder).await.err().unwrap();
    assert!(matches!(refused, KeyRingError::Clock { difference: Some(off) } if off.as_secs() == MONTH));
    assert!(store.load("https://id").await.unwrap().is_none());
    node(&store, &clock).await;
}

#[tokio::test]
async fn times_that_a_wrong_clock_has_left_are_mended_by_an_operator() {
    let (store, clock) = world();
    let store = Timeless(store);
    let odd = ManualClock::at(START + 3_650 * DAY);
    let (wrong, right) = (node(&store, &odd).await, node(&store, &clock).await);
    let keys = right.published();
    assert_eq!(right.ring.status().failing, Some("clock"), "it is told at the start");
    assert!(matches!(right.ring.rotate().await, Err(KeyRingError::Clock { .. })));
    right.ring.trust_clock().await.unwrap();
    right.ring.tick().await.unwrap();
    assert_eq!(right.ring.status().failing, None);
    clock.advance(AHEAD);
    right.ring.rotate().await.unwrap();
    assert!(keys.contains(&right.active().to_string()));
    drop(wrong);
}

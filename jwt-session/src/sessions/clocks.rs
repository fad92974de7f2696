//! Clocks that are an hour fast or slow, jump between two calls, or stand still: what holds by any of them.

use std::collections::BTreeSet;

use jwt_core::{Algorithm, HmacSecret, Issuer, ManualClock, SigningKey, Verified, Verifier};

use super::*;
use crate::MemoryStore;

const START: u64 = 1_800_000_000;
const HOUR: u64 = 3_600;
/// What the clocks of nodes read, beside that of the store.
const SKEWS: [u64; 3] = [START - HOUR, START, START + HOUR];

/// A process with a clock of its own, by which it issues, verifies and judges.
struct Node {
    clock: ManualClock,
    issuer: Issuer,
    verifier: Verifier,
    sessions: Sessions,
}

impl Node {
    async fn at(time: u64, key: &SigningKey, store: &MemoryStore) -> Self {
        let clock = ManualClock::at(time);
        let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
        let issuer = issuer.build().unwrap().with_clock(clock.clone());
        let verifier = Verifier::builder().with_key(key).with_audience("api").with_issuer("https://id");
        let verifier = verifier.build().unwrap().with_clock(clock.clone());
        let builder = Sessions::builder(issuer.clone(), store.clone()).with_clock(clock.clone());
        Self { clock, issuer, verifier, sessions: builder.open().await.unwrap() }
    }

    async fn login(&self) -> SessionTokens {
        self.sessions.start(NewSession::of("alice")).await.unwrap()
    }

    async fn refresh(&self, tokens: &SessionTokens) -> Result<SessionTokens, SessionError> {
        self.sessions.refresh(tokens.refresh_token(), Refresh::new()).await
    }

    /// By a verifier of the very clock that it was issued by.
    fn verified(&self, tokens: &SessionTokens) -> Arc<Verified> {
        self.verifier.verify(tokens.access_token()).unwrap()
    }

    fn is_revoked(&self, verified: &Verified) -> bool {
        self.sessions.revocations().is_revoked(verified)
    }
}

fn key() -> SigningKey {
    let secret = HmacSecret::from_bytes((0..32).collect::<Vec<u8>>()).unwrap();
    SigningKey::from_secret(Algorithm::HS256, &secret).unwrap()
}

fn store() -> (ManualClock, MemoryStore) {
    let clock = ManualClock::at(START);
    (clock.clone(), MemoryStore::new().with_clock(clock))
}

/// Two nodes, each by each clock.
async fn pairs() -> Vec<(Node, Node)> {
    let mut pairs = Vec::new();
    for here in SKEWS {
        for there in SKEWS {
            let (_, store) = store();
            pairs.push((Node::at(here, &key(), &store).await, Node::at(there, &key(), &store).await));
        }
    }
    pairs
}

fn refusal(result: Result<SessionTokens, SessionError>) -> RefreshRefusal {
    match result {
        Err(SessionError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nodes_whose_clocks_differ_refresh_one_session_in_turn() {
    for (here, there) in pairs().await {
        let mut tokens = here.login().await;
        for node in [&there, &here, &here, &there, &there, &here] {
            let next = node.refresh(&tokens).await.unwrap();
            // The answer was lost, and the other node is asked.
            let again = here.refresh(&tokens).await.unwrap();
            assert_eq!(again.refresh_token(), next.refresh_token());
            tokens = next;
        }
        assert_eq!(here.sessions.list("alice").await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_one_node_takes_back_another_refuses_whatever_its_clock_reads() {
    for (here, there) in pairs().await {
        let (first, second) = (here.login().await, there.login().await);
        let (first_seen, second_seen) = (here.verified(&first), there.verified(&second));
        assert_eq!(there.sessions.end_all("alice").await.unwrap(), 2);
        here.sessions.catch_up().await.unwrap();
        for node in [&here, &there] {
            assert!(node.is_revoked(&first_seen) && node.is_revoked(&second_seen));
            assert_eq!(refusal(node.refresh(&first).await), RefreshRefusal::Ended);
            assert_eq!(refusal(node.refresh(&second).await), RefreshRefusal::Ended);
        }
        // Right after, in the same second of the store, wherever it is.
        for node in [&here, &there] {
            let again = node.login().await;
            let seen = node.verified(&again);
            assert!(!here.is_revoked(&seen) && !there.is_revoked(&seen));
            there.refresh(&again).await.unwrap();
        }
    }
}

/// Whoever takes back all of a client or of the issuer may have a clock that is an hour off: the store's counts.
#[tokio::test]
async fn what_is_taken_back_by_time_goes_by_the_clock_of_the_store() {
    for at in SKEWS {
        for what in [Revoked::Client("app".to_owned()), Revoked::Issuer] {
            let (_, store) = store();
            let (here, right) = (Node::at(at, &key(), &store).await, Node::at(START, &key(), &store).await);
            let app = || NewSession::of("alice").with_client("app");
            let first = right.sessions.start(app()).await.unwrap();
            let alone = right.issuer.token().with_client_id("app").sign().unwrap();
            let alone = right.verifier.verify(&alone).unwrap();
            here.sessions.revoke(what.clone()).await.unwrap();
            right.sessions.catch_up().await.unwrap();
            assert!(right.is_revoked(&right.verified(&first)) && right.is_revoked(&alone), "{at} {what:?}");
            let again = right.sessions.start(app()).await.unwrap();
            assert!(!right.is_revoked(&right.verified(&again)), "{at} {what:?}: a login right after");
            // Where all of the issuer is meant, tokens of a slow clock look like those of a session that was lost.
            let late = here.sessions.start(app()).await.unwrap();
            let is_behind = at < START && what == Revoked::Issuer;
            assert_eq!(here.is_revoked(&here.verified(&late)), is_behind, "{at} {what:?}");
        }
    }
}

#[tokio::test]
async fn a_token_of_two_generations_ago_ends_the_session_by_any_clock() {
    for (here, there) in pairs().await {
        let first = here.login().await;
        let second = there.refresh(&first).await.unwrap();
        let third = here.refresh(&second).await.unwrap();
        assert_eq!(refusal(there.refresh(&first).await), RefreshRefusal::Reuse);
        assert_eq!(refusal(here.refresh(&third).await), RefreshRefusal::Ended);
        assert!(there.is_revoked(&here.verified(&third)));
    }
}

/// A token of a node that is an hour fast lives by it for an hour longer; what took it back is kept for as long.
#[tokio::test(start_paused = true)]
async fn what_is_taken_back_is_known_for_as_long_as_a_token_lives_by_any_clock() {
    for issued_at in SKEWS {
        let (clock, store) = store();
        let node = Node::at(issued_at, &key(), &store).await;
        let seen = node.verified(&node.login().await);
        node.sessions.end_all("alice").await.unwrap();
        let expiry = seen.expires_at().unwrap().as_secs();
        // Its own leeway is half a minute.
        let mut forgotten = 0;
        for at in (START - HOUR..expiry + 3 * HOUR).step_by(60) {
            tokio::time::advance(Duration::from_secs(60)).await;
            clock.set(START + at.saturating_sub(issued_at));
            node.clock.set(at);
            forgotten += node.sessions.remove_expired().await.unwrap();
            assert!(node.is_revoked(&seen) || at >= expiry + 30, "issued at {issued_at}, asked at {at}");
        }
        assert!(forgotten > 0, "what was not forgotten proves nothing");
    }
}

#[tokio::test]
async fn clocks_that_jump_between_two_calls_end_no_session_and_bring_nothing_back() {
    let (clock, store) = store();
    let node = Node::at(START, &key(), &store).await;
    let mut tokens = node.login().await;
    let gone = node.login().await;
    let gone_seen = node.verified(&gone);
    node.sessions.end(gone.session()).await.unwrap();
    for jump in [HOUR, 0, 2 * HOUR, HOUR, 0, HOUR - 1, HOUR, 0] {
        // The store's clock alone, both, and the node's alone.
        for (of_store, of_node) in [(jump, 0), (jump, jump), (0, jump)] {
            clock.set(START - HOUR + of_store);
            node.clock.set(START - HOUR + of_node);
            tokens = node.refresh(&tokens).await.unwrap();
            node.sessions.remove_expired().await.unwrap();
            assert!(node.is_revoked(&gone_seen));
            assert!(!node.is_revoked(&node.verified(&tokens)));
            assert_eq!(refusal(node.refresh(&gone).await), RefreshRefusal::Ended);
        }
    }
    // Whoever begins anew by either clock knows it too.
    for at in SKEWS {
        clock.set(at);
        let restarted = Node::at(at, &key(), &store).await;
        assert!(restarted.is_revoked(&gone_seen), "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_makes_the_grace_longer_and_not_the_replays_more() {
    let (clock, store) = store();
    let node = Node::at(START, &key(), &store).await;
    let first = node.login().await;
    let second = node.refresh(&first).await.unwrap();
    for time in [START - HOUR, START, START + 29, START - 1, START - HOUR] {
        clock.set(time);
        node.clock.set(time);
        assert_eq!(node.refresh(&first).await.unwrap().refresh_token(), second.refresh_token());
    }
    assert_eq!(refusal(node.refresh(&first).await), RefreshRefusal::TooOften);
    clock.set(START + 30);
    node.clock.set(START + 30);
    assert_eq!(refusal(node.refresh(&first).await), RefreshRefusal::Reuse);
}

#[tokio::test]
async fn all_of_it_in_one_second_is_told_apart() {
    let (_, store) = store();
    let node = Node::at(START, &key(), &store).await;
    let (here, there) = (node.login().await, node.login().await);
    let here_next = node.refresh(&here).await.unwrap();
    assert_eq!(node.sessions.password_changed("alice", Some(here.session())).await.unwrap(), 1);
    let here_last = node.refresh(&here_next).await.unwrap();
    for spared in [&here, &here_next, &here_last] {
        assert!(!node.is_revoked(&node.verified(spared)));
    }
    assert!(node.is_revoked(&node.verified(&there)));
    let after = node.login().await;
    node.sessions.revoke(Revoked::Client("app".to_owned())).await.unwrap();
    assert!(!node.is_revoked(&node.verified(&after)), "of no client");
    node.sessions.end(here.session()).await.unwrap();
    assert!(node.is_revoked(&node.verified(&here_last)) && !node.is_revoked(&node.verified(&after)));
    assert_eq!(node.sessions.end_all("alice").await.unwrap(), 1);
    assert!(node.is_revoked(&node.verified(&after)));
    let last = node.login().await;
    assert!(!node.is_revoked(&node.verified(&last)));
    let ids: BTreeSet<_> = [&here, &there, &after, &last].map(SessionTokens::session).into();
    assert_eq!(ids.len(), 4);
}

/// Two nodes and a store, whose clocks jump by up to an hour before each call, against what must be so whatever they
/// read.
#[tokio::test]
async fn calls_at_random_times_leave_what_their_order_says() {
    for seed in 0..200 {
        let mut chance = Chance(seed);
        let (clock, store) = store();
        let nodes = [Node::at(START, &key(), &store).await, Node::at(START, &key(), &store).await];
        // Of each session its newest tokens, an access token as its node saw it, and whether it was ended.
        let mut held: Vec<(SessionTokens, Arc<Verified>, bool)> = Vec::new();
        for step in 0..60 {
            clock.set(START - HOUR + chance.below(2 * HOUR));
            for node in &nodes {
                node.clock.set(START - HOUR + chance.below(2 * HOUR));
            }
            let node = &nodes[usize::from(chance.below(2) == 1)];
            let whose = usize::try_from(chance.below(4)).unwrap();
            match (chance.below(10), held.get(whose).cloned()) {
                (0..=2, None) | (0, Some(_)) if held.len() < 8 => {
                    let tokens = node.login().await;
                    let seen = node.verified(&tokens);
                    held.push((tokens, seen, false));
                }
                (1..=6, Some((tokens, _, has_ended))) => match node.refresh(&tokens).await {
                    Ok(next) => {
                        assert!(!has_ended, "seed {seed}, step {step}: it lives again");
                        let seen = node.verified(&next);
                        held[whose] = (next, seen, false);
                    }
                    Err(error) => assert!(has_ended, "seed {seed}, step {step}: {error}"),
                },
                (7, Some((tokens, ..))) => {
                    let is_first = node.sessions.end(tokens.session()).await.unwrap();
                    assert_eq!(is_first, !held[whose].2, "seed {seed}, step {step}");
                    held[whose].2 = true;
                }
                (8, Some((tokens, ..))) if !held[whose].2 => {
                    node.sessions.password_changed("alice", Some(tokens.session())).await.unwrap();
                    held.iter_mut().enumerate().filter(|(n, _)| *n != whose).for_each(|(_, it)| it.2 = true);
                }
                (9, Some(_)) => {
                    node.sessions.end_all("alice").await.unwrap();
                    held.iter_mut().for_each(|it| it.2 = true);
                }
                _ => {}
            }
            for node in &nodes {
                node.sessions.catch_up().await.unwrap();
                for (_, seen, has_ended) in &held {
                    assert_eq!(node.is_revoked(seen), *has_ended, "seed {seed}, step {step}");
                }
            }
        }
        assert!(!held.is_empty(), "seed {seed}");
    }
}

/// splitmix64: the same seed, the same numbers.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(bound).unwrap()
    }
}

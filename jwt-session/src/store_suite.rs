//! The suite that every store must pass.
//!
//! ```
//! # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
//! use jwt_session::{MemoryStore, store_suite};
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! store_suite::run(async |clock| MemoryStore::new().with_clock(clock)).await;
//! # });
//! # }
//! ```
//!
//! It wants a runtime of tokio of several threads, and for each call an empty store that tells the time by the clock
//! that it is given. It panics with the name of the rule that does not hold.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a suite panics where a store fails"
)]

mod key_ring;
mod log;
mod races;
mod replay;

use core::time::Duration;
use std::sync::Arc;

use jwt_core::{Algorithm, Clock as _, HmacSecret, Issuer, ManualClock, SigningKey, Verified, Verifier};
use tokio::task::JoinSet;

pub use self::key_ring::key_ring;
pub use self::replay::replay;
use crate::store::{Of, Scope, SessionStore, Transaction};
use crate::{NewSession, Refresh, Revocation, Revoked, Session, SessionId, SessionTokens, Sessions};

const START: u64 = 1_800_000_000;
const HOUR: Duration = Duration::from_secs(3_600);

/// Runs all of it, on an empty store for each rule. Races are run a few times: [`refresh_races`] and
/// [`revocation_races`] have more of them.
///
/// # Panics
/// Where a rule does not hold.
pub async fn run<S: SessionStore + Clone>(make: impl AsyncFn(ManualClock) -> S) {
    let world = async || World::on(&make).await;
    a_session_is_read_as_it_was_written(&world().await).await;
    pages_hold_each_session_once(&world().await).await;
    a_transaction_about_a_subject_reads_those_that_have_not_ended(&world().await).await;
    log::the_log_is_in_order_and_forgets_what_expired(&world().await).await;
    a_transaction_that_decides_nothing_writes_nothing(&world().await).await;
    transactions_do_not_meet(&world().await).await;
    what_is_over_is_forgotten_a_day_later(&world().await).await;
    races::refreshes(&world().await, 1).await;
    races::revocations(&world().await, 0, 30).await;
    a_restarted_node_knows_what_is_revoked(&world().await).await;
    log::who_reads_the_log_behind_writers_misses_no_line(&world().await).await;
    log::a_cutoff_is_the_newest_line_of_its_names(&world().await).await;
    a_transaction_about_several_sessions_reads_those(&world().await).await;
}

/// 2, 10 and 1,000 callers that refresh by one token at the same moment, `repeats` times each: with the grace they have
/// one successor, which is usable; without one, in each tenth race, one of them has a successor and the session ends, for
/// a token was used twice. [`run`] has each of them once.
///
/// # Panics
/// Where a rule does not hold.
pub async fn refresh_races<S: SessionStore + Clone>(make: impl AsyncFn(ManualClock) -> S, repeats: u32) {
    races::refreshes(&World::on(&make).await, repeats).await;
}

/// So many runs of refreshes, on two nodes, that meet a logout, a logout of all or a change of the password: nothing that
/// was ever given out is usable once the revocation has returned, and what it spares is. [`run`] has 30 of them.
///
/// The same seed has the same runs come again: who refreshes what, where and how often, and what is taken back when. Who
/// is faster is left to the machine.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use jwt_session::{MemoryStore, store_suite};
///
/// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
/// let seed = 7;
/// store_suite::revocation_races(async |clock| MemoryStore::new().with_clock(clock), seed, 10).await;
/// # });
/// # }
/// ```
///
/// # Panics
/// Where a rule does not hold, with the seed and the number of the run.
pub async fn revocation_races<S: SessionStore + Clone>(
    make: impl AsyncFn(ManualClock) -> S,
    seed: u64,
    runs: u32,
) {
    races::revocations(&World::on(&make).await, seed, runs).await;
}

struct World<S> {
    store: S,
    clock: ManualClock,
    issuer: Issuer,
    verifier: Verifier,
    sessions: Sessions,
}

impl<S: SessionStore + Clone> World<S> {
    async fn on(make: &impl AsyncFn(ManualClock) -> S) -> Self {
        let clock = ManualClock::at(START);
        let store = make(clock.clone()).await;
        let secret = HmacSecret::generate(Algorithm::HS256).expect("a secret");
        let key = SigningKey::from_secret(Algorithm::HS256, &secret).expect("a key");
        let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
        let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
        let issuer = issuer.build().expect("an issuer").with_clock(clock.clone());
        let verifier = verifier.build().expect("a verifier").with_clock(clock.clone());
        let sessions = node(&issuer, &store, &clock).await;
        Self { store, clock, issuer, verifier, sessions }
    }

    async fn login(&self, subject: &str) -> SessionTokens {
        self.sessions.start(NewSession::of(subject)).await.expect("a session is started")
    }

    fn verified(&self, tokens: &SessionTokens) -> Arc<Verified> {
        self.verifier.verify(tokens.access_token()).expect("an access token verifies")
    }
}

/// Sessions of another process on the same store.
async fn node(issuer: &Issuer, store: &(impl SessionStore + Clone), clock: &ManualClock) -> Sessions {
    let builder = Sessions::builder(issuer.clone(), store.clone()).with_clock(clock.clone());
    builder.open().await.expect("a node reads the log")
}

async fn a_session_is_read_as_it_was_written<S: SessionStore + Clone>(world: &World<S>) {
    let odd = "o'Brien \"\\ % _ 名 \u{1f600}; --";
    let new = NewSession::of(odd)
        .with_client(odd)
        .with_tenant(odd)
        .with_scope("read write")
        .with_claims(&[(odd, odd)].into_iter().collect::<std::collections::BTreeMap<_, _>>())
        .with_user_agent(odd)
        .with_address("2001:db8::1")
        .with_provider_session(odd, odd);
    let tokens = world.sessions.start(new).await.expect("odd names are names");
    let [session] = &*world.sessions.list(odd).await.expect("a list") else {
        panic!("one session is listed")
    };
    let read = world.sessions.session(tokens.session()).await.expect("a session").expect("it is there");
    assert_eq!(read, *session, "by its id and by its subject it is the same");
    assert_eq!((read.subject(), read.client(), read.tenant()), (odd, Some(odd), Some(odd)));
    assert_eq!((read.scope(), read.address()), (Some("read write"), Some("2001:db8::1")));
    assert_eq!((read.user_agent(), read.provider_session()), (Some(odd), Some((odd, odd))));
    let of = Of::ProviderSession { issuer: odd, session_id: odd };
    let found = world.store.sessions(of, None, 2).await.expect("a page");
    assert!(
        found.len() == 1 && crate::SessionInfo::from(found[0].clone()) == read,
        "by the provider's session it is the same"
    );
    assert_eq!((read.created(), read.last_used()), (Duration::from_secs(START), Duration::from_secs(START)));
    let verified = world.verified(&tokens);
    assert_eq!(verified.claim::<String>(odd).expect("a claim").as_deref(), Some(odd));
    world.clock.advance(7);
    let refresh = Refresh::new().with_client(odd);
    let next = world.sessions.refresh(tokens.refresh_token(), refresh).await.expect("a refresh");
    let read = world.sessions.session(tokens.session()).await.expect("a session").expect("it is there");
    assert_eq!(read.last_used(), Duration::from_secs(START + 7), "a refresh is written");
    assert_ne!(next.refresh_token(), tokens.refresh_token());
    assert!(world.sessions.list("nobody").await.expect("a list").is_empty(), "nobody has no session");
}

async fn pages_hold_each_session_once<S: SessionStore + Clone>(world: &World<S>) {
    let (mut ids, mut last) = (Vec::new(), None);
    for n in 0..25 {
        let subject = format!("user-{}", n % 3);
        let new = NewSession::of(subject).with_client(format!("client-{}", n % 2)).with_tenant("blue");
        let new = match n % 5 {
            0 => new,
            of => new.with_provider_session(format!("https://login-{}", of % 2), format!("p-{}", of / 2)),
        };
        let tokens = world.sessions.start(new).await.expect("a session");
        ids.push(tokens.session());
        last = Some(tokens);
    }
    let last = last.expect("there are sessions");
    ids.sort();
    let theirs = |of| async move {
        let (mut read, mut after): (Vec<Session>, Option<SessionId>) = (Vec::new(), None);
        loop {
            let page = world.store.sessions(of, after, 4).await.expect("a page");
            assert!(page.len() <= 4, "a page is as long as was asked");
            after = page.last().map(Session::id);
            let is_last = page.len() < 4;
            read.extend(page);
            if is_last {
                return read;
            }
        }
    };
    let all: Vec<SessionId> = theirs(Of::Everybody).await.iter().map(Session::id).collect();
    assert_eq!(all, ids, "pages go through all sessions in the order of their ids");
    assert_eq!(theirs(Of::Subject("user-0")).await.len(), 9);
    assert_eq!(theirs(Of::Client("client-1")).await.len(), 12);
    assert_eq!(theirs(Of::Tenant("blue")).await.len(), 25);
    assert_eq!(theirs(Of::Session(ids[3])).await.len(), 1);
    assert!(theirs(Of::Tenant("red")).await.is_empty() && theirs(Of::Client("")).await.is_empty());
    let provider = |issuer, session_id| theirs(Of::ProviderSession { issuer, session_id });
    // The same name at another provider is another session.
    let found = [
        provider("https://login-0", "p-0").await.len(),
        provider("https://login-0", "p-1").await.len(),
        provider("https://login-0", "p-2").await.len(),
        provider("https://login-1", "p-0").await.len(),
        provider("https://login-1", "p-1").await.len(),
        provider("p-1", "https://login-1").await.len(),
    ];
    assert_eq!(found, [0, 5, 5, 5, 5, 0], "by the provider's session");
    world
        .sessions
        .refresh(last.refresh_token(), Refresh::new().with_client("client-0"))
        .await
        .expect("a refresh");
    world.sessions.end(last.session()).await.expect("an end");
    let ended = provider("https://login-0", "p-2").await;
    assert!(
        ended.iter().any(|it| it.id() == last.session() && it.ended().is_some()),
        "what changed is found"
    );
    world.clock.advance(20 * 86_400);
    world.store.remove_expired().await.expect("removal");
    assert!(provider("https://login-0", "p-1").await.is_empty(), "what is forgotten is not found");
}

async fn a_transaction_about_a_subject_reads_those_that_have_not_ended<S: SessionStore + Clone>(
    world: &World<S>,
) {
    let first = world.login("alice").await;
    world.clock.advance(10);
    let (second, other) = (world.login("alice").await, world.login("bob").await);
    world.sessions.end(second.session()).await.expect("an end");
    // The first one was not used for so long.
    let read = async |scope| {
        let mut read = Vec::new();
        let change = Box::new(|transaction: &mut Transaction| {
            read = transaction.sessions().iter().map(Session::id).collect();
        });
        world.store.transact(scope, change).await.expect("a transaction");
        read
    };
    assert_eq!(read(Scope::Subject("alice")).await, [first.session()], "ended ones are left out");
    assert_eq!(
        read(Scope::Session(second.session())).await,
        [second.session()],
        "by its id an ended one is read"
    );
    world.clock.set(START + 14 * 86_400 + 5);
    assert_eq!(read(Scope::Subject("alice")).await, [first.session()], "expired ones are read");
    assert!(read(Scope::Nobody).await.is_empty());
    assert_eq!(read(Scope::Subject("bob")).await, [other.session()]);
    assert_eq!(read(Scope::Session(first.session())).await, [first.session()]);
}

async fn a_transaction_that_decides_nothing_writes_nothing<S: SessionStore + Clone>(world: &World<S>) {
    let tokens = world.login("alice").await;
    let before = world.sessions.session(tokens.session()).await.expect("a session");
    let mut calls = 0;
    let change = Box::new(|_: &mut Transaction| calls += 1);
    world.store.transact(Scope::Session(tokens.session()), change).await.expect("a transaction");
    assert!(calls > 0, "`change` is called");
    assert_eq!(world.sessions.session(tokens.session()).await.expect("a session"), before);
    assert!(world.store.revocations(0, 10).await.expect("the log").lines.is_empty());
}

/// Each changes what it has read: where two were let in together, one change would be lost.
async fn transactions_do_not_meet<S: SessionStore + Clone>(world: &World<S>) {
    let mut token = world.login("alice").await;
    let mut tasks = JoinSet::new();
    for n in 0..20 {
        let (sessions, store) = (world.sessions.clone(), world.store.clone());
        tasks.spawn(async move {
            let started = sessions.start(NewSession::of("bob")).await.expect("a session");
            let change = Box::new(|transaction: &mut Transaction| {
                let what = Revoked::Token(format!("{n}"));
                transaction.revoke(Revocation::new("https://id", what, transaction.now(), HOUR));
            });
            store.transact(Scope::Session(started.session()), change).await.expect("a line");
        });
    }
    for _ in 0..20 {
        token = world.sessions.refresh(token.refresh_token(), Refresh::new()).await.expect("a refresh");
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a task");
    }
    assert_eq!(world.sessions.list("bob").await.expect("a list").len(), 20);
    let log = world.store.revocations(0, 100).await.expect("the log").lines;
    let mut numbers: Vec<u64> = log.iter().map(|(number, _)| *number).collect();
    numbers.dedup();
    assert_eq!((log.len(), numbers.len()), (20, 20), "each line has a number of its own");

    // A bound on sessions holds, however many are started at once.
    let bounded = Sessions::builder(world.issuer.clone(), world.store.clone());
    let bounded = bounded.with_clock(world.clock.clone()).with_most_sessions(3).open().await.expect("a node");
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let bounded = bounded.clone();
        tasks.spawn(async move { bounded.start(NewSession::of("carol")).await.expect("a session") });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a task");
    }
    assert_eq!(bounded.list("carol").await.expect("a list").len(), 3, "a bound on sessions holds");
}

async fn what_is_over_is_forgotten_a_day_later<S: SessionStore + Clone>(world: &World<S>) {
    let (ended, expiring, living) = (world.login("a").await, world.login("b").await, world.login("c").await);
    let living_until = async |seconds| {
        world.clock.set(START + seconds);
        world.store.remove_expired().await.expect("removal");
        let is_there = async |id| world.sessions.session(id).await.expect("a session").is_some();
        (
            is_there(ended.session()).await,
            is_there(expiring.session()).await,
            is_there(living.session()).await,
        )
    };
    world.sessions.end(ended.session()).await.expect("an end");
    const DAY: u64 = 86_400;
    assert_eq!(living_until(DAY - 1).await, (true, true, true));
    assert_eq!(living_until(DAY).await, (false, true, true));
    world.clock.set(START + 13 * DAY);
    world.sessions.refresh(living.refresh_token(), Refresh::new()).await.expect("a refresh");
    assert_eq!(living_until(15 * DAY - 1).await, (false, true, true));
    assert_eq!(living_until(15 * DAY).await, (false, false, true));
}

async fn a_restarted_node_knows_what_is_revoked<S: SessionStore + Clone>(world: &World<S>) {
    let (ended, living) = (world.login("alice").await, world.login("alice").await);
    world.sessions.end(ended.session()).await.expect("an end");
    world.sessions.revoke(Revoked::Client("app".to_owned())).await.expect("a revocation");
    let restarted = node(&world.issuer, &world.store, &world.clock).await;
    assert!(restarted.revocations().is_revoked(&world.verified(&ended)));
    assert!(!restarted.revocations().is_revoked(&world.verified(&living)));
    let token = world.issuer.token().with_client_id("app").sign().expect("a token");
    let token = world.verifier.verify(&token).expect("it verifies");
    assert!(restarted.revocations().is_revoked(&token));
}

/// What following relies on: no line appears below one that was read, or below a newest number.
async fn a_transaction_about_several_sessions_reads_those<S: SessionStore + Clone>(world: &World<S>) {
    let (a, b) = (world.login("a").await.session(), world.login("b").await.session());
    world.login("c").await;
    world.sessions.end(b).await.expect("an end");
    let nobody = SessionId::from_bytes([0; 16]);
    let mut read = Vec::new();
    let change = Box::new(|transaction: &mut Transaction| {
        read = transaction.sessions().iter().map(Session::id).collect();
    });
    world.store.transact(Scope::Sessions(&[b, nobody, a]), change).await.expect("a transaction");
    read.sort();
    let mut both = [a, b];
    both.sort();
    assert_eq!(read, both, "ended ones too, and none that is not there");
    let of = async |of| world.store.sessions(of, None, 10).await.expect("a page").len();
    assert_eq!(
        (of(Of::NotEnded("a")).await, of(Of::NotEnded("b")).await, of(Of::Subject("b")).await),
        (1, 0, 1)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_in_memory_has_one_successor_however_many_ask_at_once() {
        refresh_races(async |clock| MemoryStore::new().with_clock(clock), 100).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn in_memory_nothing_usable_survives_a_revocation() {
        let seed = races::seed();
        revocation_races(async |clock| MemoryStore::new().with_clock(clock), seed, 1_000).await;
    }
}

//! Who meets whom: callers with one token at the same moment, and refreshes that meet a revocation.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use jwt_core::Verifier;
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};

use super::{World, node};
use crate::store::SessionStore;
use crate::{NewSession, Refresh, RefreshRefusal, SessionError, SessionId, SessionTokens, Sessions};

/// How many callers there are at the same moment.
const CALLERS: [usize; 3] = [2, 10, 1_000];
/// How many of them have the successor: the first one, and as many as a grace allows.
const SERVED: usize = 6;
/// One race in so many is run without a grace too.
const STRICT: u32 = 10;

/// A seed by chance, or that of an earlier run by the variable `RACE_SEED`; printed either way.
#[cfg(test)]
#[expect(clippy::print_stdout, reason = "whoever reads of a failure needs it")]
pub(super) fn seed() -> u64 {
    let seed = match std::env::var("RACE_SEED") {
        Ok(seed) => seed.parse().expect("RACE_SEED is a number"),
        Err(_) => u64::from_le_bytes(crate::random::random().expect("random bits")),
    };
    println!("RACE_SEED={seed}");
    seed
}

pub(super) async fn refreshes<S: SessionStore + Clone>(world: &World<S>, repeats: u32) {
    let strict = Sessions::builder(world.issuer.clone(), world.store.clone()).with_grace(Duration::ZERO);
    let strict = strict.with_clock(world.clock.clone()).open().await.expect("a node");
    for callers in CALLERS {
        for n in 0..repeats {
            callers_have_one_usable_successor(&world.sessions, callers).await;
            // The same transactions, which decide otherwise.
            if !n.is_multiple_of(STRICT) {
                continue;
            }
            callers_without_a_grace_have_none(world, &strict, callers).await;
        }
    }
}

async fn callers_have_one_usable_successor(sessions: &Sessions, callers: usize) {
    let (tokens, mut successors, refused) = at_once(sessions, callers).await;
    let served = callers.min(SERVED);
    assert_eq!((successors.len(), refused.len()), (served, callers - served), "{callers} callers");
    assert!(refused.iter().all(|why| *why == RefreshRefusal::TooOften), "{callers} callers: {refused:?}");
    successors.dedup();
    assert_eq!(successors.len(), 1, "{callers} callers have one successor");
    sessions.refresh(&successors[0], Refresh::new()).await.expect("the successor is usable");
    sessions.end(tokens.session()).await.expect("an end");
}

/// A token that is used twice is a stolen one, where nothing says otherwise.
async fn callers_without_a_grace_have_none<S: SessionStore + Clone>(
    world: &World<S>,
    sessions: &Sessions,
    callers: usize,
) {
    let (tokens, successors, refused) = at_once(sessions, callers).await;
    assert_eq!((successors.len(), refused.len()), (1, callers - 1), "{callers} callers without a grace");
    let found = refused.iter().filter(|why| **why == RefreshRefusal::Reuse).count();
    assert_eq!(found, 1, "{callers} callers: it is found once");
    assert!(refused.iter().all(|why| matches!(why, RefreshRefusal::Reuse | RefreshRefusal::Ended)));
    let refused = sessions.refresh(&successors[0], Refresh::new()).await;
    assert!(matches!(refused, Err(SessionError::Refused(RefreshRefusal::Ended))), "{refused:?}");
    assert!(sessions.revocations().is_revoked(&world.verified(&tokens)), "{callers} callers");
}

/// The token that all of them have, the successors, and why the others have none.
async fn at_once(sessions: &Sessions, callers: usize) -> (SessionTokens, Vec<String>, Vec<RefreshRefusal>) {
    let tokens = sessions.start(NewSession::of("alice")).await.expect("a session is started");
    let barrier = Arc::new(Barrier::new(callers));
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (sessions, barrier) = (sessions.clone(), barrier.clone());
        let token = tokens.refresh_token().to_owned();
        tasks.spawn(async move {
            barrier.wait().await;
            sessions.refresh(&token, Refresh::new()).await
        });
    }
    let (mut successors, mut refused) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        match done.expect("a task") {
            Ok(tokens) => successors.push(tokens.refresh_token().to_owned()),
            Err(SessionError::Refused(why)) => refused.push(why),
            Err(error) => panic!("{callers} callers: {error}"),
        }
    }
    (tokens, successors, refused)
}

/// Pseudo-random numbers (splitmix64): the same seed, the same numbers.
struct Dice(u64);

impl Dice {
    fn of(seed: u64, run: u32) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(run.into()))
    }

    /// From 0 on, less than `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound).expect("a bound");
        usize::try_from((mixed ^ (mixed >> 31)) % bound).expect("less than a bound")
    }
}

/// What is taken back.
#[derive(Clone, Copy, Debug)]
enum Wish {
    /// The first session.
    Logout,
    /// All of them.
    LogoutAll,
    /// All of them, for another reason.
    PasswordChanged,
    /// All but the last one, in which the password was changed.
    PasswordChangedIn,
}

const WISHES: [Wish; 4] = [Wish::Logout, Wish::LogoutAll, Wish::PasswordChanged, Wish::PasswordChangedIn];

/// Whatever was given out in a run, and in which session.
type GivenOut = Arc<Mutex<Vec<(usize, SessionTokens)>>>;

/// Whoever refreshes.
#[derive(Clone, Copy, Debug)]
struct Client {
    session: usize,
    node: usize,
    refreshes: usize,
    /// How often it lets others go first, before each refresh.
    yields: usize,
}

#[derive(Debug)]
struct Plan {
    sessions: usize,
    clients: Vec<Client>,
    wish: Wish,
    /// How often whoever takes back lets others go first.
    yields: usize,
    /// Where it is taken back.
    node: usize,
}

impl Plan {
    fn of(dice: &mut Dice) -> Self {
        let wish = WISHES[dice.below(WISHES.len())];
        let sessions = 1 + dice.below(3);
        let mut clients = Vec::new();
        for session in 0..sessions {
            // Two clients of one session may end it by themselves, so that what is spared has one.
            let most = if wish.takes(session, sessions) { 1 + dice.below(3) } else { 1 };
            for _ in 0..most {
                let (node, refreshes, yields) = (dice.below(2), 1 + dice.below(5), dice.below(4));
                clients.push(Client { session, node, refreshes, yields });
            }
        }
        Self { sessions, clients, wish, yields: dice.below(30), node: dice.below(2) }
    }
}

impl Wish {
    const fn takes(self, session: usize, of: usize) -> bool {
        match self {
            Self::Logout => session == 0,
            Self::LogoutAll | Self::PasswordChanged => true,
            Self::PasswordChangedIn => session + 1 < of,
        }
    }

    async fn come_true(self, sessions: &Sessions, subject: &str, ids: &[SessionId]) {
        match self {
            Self::Logout => sessions.end(ids[0]).await.map(drop),
            Self::LogoutAll => sessions.end_all(subject).await.map(drop),
            Self::PasswordChanged => sessions.password_changed(subject, None).await.map(drop),
            Self::PasswordChangedIn => {
                sessions.password_changed(subject, ids.last().copied()).await.map(drop)
            }
        }
        .expect("a revocation");
    }
}

pub(super) async fn revocations<S: SessionStore + Clone>(world: &World<S>, seed: u64, runs: u32) {
    let other = node(&world.issuer, &world.store, &world.clock).await;
    let nodes = [world.sessions.clone(), other];
    for run in 0..runs {
        let plan = Plan::of(&mut Dice::of(seed, run));
        let (subject, whose) = (format!("user-{run}"), format!("seed {seed}, run {run}, {plan:?}"));
        nothing_usable_survives(&nodes, &world.verifier, &plan, &subject, &whose).await;
    }
}

/// Whatever meets a revocation, nothing that was given out, before or meanwhile, is usable once it has returned.
async fn nothing_usable_survives(
    nodes: &[Sessions; 2],
    verifier: &Verifier,
    plan: &Plan,
    subject: &str,
    whose: &str,
) {
    let (mut ids, given_out) = (Vec::new(), GivenOut::default());
    for session in 0..plan.sessions {
        let tokens = nodes[0].start(NewSession::of(subject)).await.expect("a session is started");
        ids.push(tokens.session());
        given_out.lock().expect("a list").push((session, tokens));
    }
    let barrier = Arc::new(Barrier::new(plan.clients.len() + 1));
    let mut refreshing = JoinSet::new();
    for client in plan.clients.iter().copied() {
        let (_, first) = given_out.lock().expect("a list")[client.session].clone();
        let (sessions, barrier) = (nodes[client.node].clone(), barrier.clone());
        let (given_out, whose) = (given_out.clone(), whose.to_owned());
        refreshing.spawn(async move {
            barrier.wait().await;
            refresh_as(client, &sessions, first, &given_out, &whose).await
        });
    }
    barrier.wait().await;
    for _ in 0..plan.yields {
        yield_now().await;
    }
    let here = &nodes[plan.node];
    plan.wish.come_true(here, subject, &ids).await;
    // Now, while others are still at it.
    let meanwhile = given_out.lock().expect("a list").clone();
    all_are_worth_nothing(here, verifier, plan, &meanwhile, whose).await;

    let mut last = vec![None; plan.sessions];
    while let Some(done) = refreshing.join_next().await {
        let (session, tokens) = done.expect("a task");
        last[session] = Some(tokens);
    }
    for node in nodes {
        node.catch_up().await.expect("the log is read");
    }
    let all = given_out.lock().expect("a list").clone();
    for node in nodes {
        all_are_worth_nothing(node, verifier, plan, &all, whose).await;
    }
    for (session, tokens) in last.into_iter().enumerate() {
        if let Some(tokens) = tokens.filter(|_| !plan.wish.takes(session, plan.sessions)) {
            let verified = verifier.verify(tokens.access_token()).expect("an access token verifies");
            assert!(nodes.iter().all(|node| !node.revocations().is_revoked(&verified)), "{whose}: spared");
            let next = here.refresh(tokens.refresh_token(), Refresh::new()).await;
            assert!(next.is_ok(), "{whose}: spared, and {next:?}");
        }
    }
}

/// The last tokens that a client has.
async fn refresh_as(
    client: Client,
    sessions: &Sessions,
    first: SessionTokens,
    given_out: &GivenOut,
    whose: &str,
) -> (usize, SessionTokens) {
    let mut last = first;
    for _ in 0..client.refreshes {
        for _ in 0..client.yields {
            yield_now().await;
        }
        match sessions.refresh(last.refresh_token(), Refresh::new()).await {
            Ok(next) => {
                last = next.clone();
                given_out.lock().expect("a list").push((client.session, next));
            }
            Err(SessionError::Refused(_)) => break,
            Err(error) => panic!("{whose}: {error}"),
        }
    }
    (client.session, last)
}

async fn all_are_worth_nothing(
    sessions: &Sessions,
    verifier: &Verifier,
    plan: &Plan,
    given_out: &[(usize, SessionTokens)],
    whose: &str,
) {
    for (_, tokens) in given_out.iter().filter(|(session, _)| plan.wish.takes(*session, plan.sessions)) {
        let verified = verifier.verify(tokens.access_token()).expect("an access token verifies");
        assert!(sessions.revocations().is_revoked(&verified), "{whose}: an access token is usable");
        let refused = sessions.refresh(tokens.refresh_token(), Refresh::new()).await;
        assert!(matches!(refused, Err(SessionError::Refused(_))), "{whose}: {refused:?}");
    }
}

//! Several processes on one store: each learns what the others revoke, or says that it does not know.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jwt_core::keys::BoxFuture;

use super::*;
use crate::logged::Log;
use crate::store::{Change, LogPage, StoreError, StoreErrorKind};

/// How a transaction fails, which has decided: before it has written, or with its answer on the way.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Failure {
    BeforeItWrote,
    AfterItWrote,
}

/// What happens while a page of the log is asked for, before it is read.
pub(super) type Meanwhile = Arc<Mutex<Option<BoxFuture<'static, ()>>>>;

/// A store that other processes write to, and that can be away.
#[derive(Clone)]
pub(super) struct Shared {
    store: MemoryStore,
    is_away: Arc<AtomicBool>,
    /// What is lost of its log.
    lost: Arc<AtomicU64>,
    /// Forgetting does not come to an end.
    is_stuck: Arc<AtomicBool>,
    /// Each transaction waits for so long.
    waits: Arc<Mutex<Duration>>,
    /// Each login fails.
    pub(super) fails: Arc<Mutex<Option<Failure>>>,
    pub(super) meanwhile: Meanwhile,
}

impl SessionStore for Shared {
    fn transact<'s>(
        &'s self,
        scope: Scope<'s>,
        mut change: Change<'s>,
    ) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            let waits = *self.waits.lock().expect("no test panics with it");
            tokio::time::sleep(waits).await;
            let fails = *self.fails.lock().expect("no test panics with it");
            match (fails, scope) {
                (Some(Failure::BeforeItWrote), Scope::Login { subject, .. }) => {
                    let read = self.store.sessions(Of::Subject(subject), None, 100).await?;
                    change(&mut Transaction::new(Duration::from_secs(START), read));
                    Err(StoreErrorKind::Failed.into())
                }
                (Some(Failure::AfterItWrote), Scope::Login { .. }) => {
                    self.store.transact(scope, change).await?;
                    Err(StoreErrorKind::Unavailable.into())
                }
                _ => self.store.transact(scope, change).await,
            }
        })
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        self.store.sessions(of, after, most)
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move {
            let meanwhile = self.meanwhile.lock().unwrap().take();
            if let Some(meanwhile) = meanwhile {
                meanwhile.await;
            }
            if self.is_away.load(Ordering::Relaxed) {
                return Err(StoreErrorKind::Unavailable.into());
            }
            let lost = self.lost.load(Ordering::Relaxed);
            let mut page = self.store.revocations(after.saturating_add(lost), most).await?;
            page.newest = page.newest.saturating_sub(lost);
            page.lines.iter_mut().for_each(|(number, _)| *number = number.saturating_sub(lost));
            Ok(page)
        })
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        if self.is_stuck.load(Ordering::Relaxed) {
            return Box::pin(core::future::pending());
        }
        self.store.remove_expired()
    }
}

impl World {
    pub(super) fn shared(&self) -> Shared {
        Shared {
            store: self.store.clone(),
            is_away: Arc::default(),
            lost: Arc::default(),
            is_stuck: Arc::default(),
            waits: Arc::default(),
            fails: Arc::default(),
            meanwhile: Arc::default(),
        }
    }

    pub(super) fn node(&self, store: impl SessionStore) -> SessionsBuilder {
        Sessions::builder(self.issuer.clone(), store).with_clock(self.clock.clone())
    }

    /// What the check of a node answers.
    fn asked(&self, sessions: &Sessions, tokens: &SessionTokens) -> u16 {
        let auth = RequestAuth::new(self.verifier.clone()).with_check(sessions.revocations().clone());
        let head =
            SimpleHead::get("/").with_field("Authorization", format!("Bearer {}", tokens.access_token()));
        match auth.decide(&head, None) {
            Step::Decided(Decision::Proceed(_)) => 200,
            Step::Decided(Decision::Refuse(refusal)) => refusal.status(),
            Step::Wait(_) => panic!("waits"),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_node_follows_by_itself_and_answers_503_where_it_cannot() {
    let world = world().await;
    let shared = world.shared();
    let node = world.node(shared.clone()).open().await.unwrap();
    let (ended, living) = (world.login("alice").await, world.login("bob").await);
    world.sessions.end(ended.session()).await.unwrap();
    assert_eq!(world.asked(&node, &ended), 200);
    tokio::time::sleep(SECOND * 2).await;
    assert_eq!((world.asked(&node, &ended), world.asked(&node, &living)), (401, 200));

    shared.is_away.store(true, Ordering::Relaxed);
    tokio::time::sleep(SECOND * 50).await;
    assert_eq!(world.asked(&node, &living), 200);
    assert!(node.lag() >= SECOND * 50);
    tokio::time::sleep(SECOND * 15).await;
    assert_eq!((world.asked(&node, &ended), world.asked(&node, &living)), (401, 503));
    shared.is_away.store(false, Ordering::Relaxed);
    tokio::time::sleep(SECOND * 2).await;
    assert_eq!(world.asked(&node, &living), 200);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_much_to_forget_follows_all_the_same() {
    let world = world().await;
    let shared = world.shared();
    shared.is_stuck.store(true, Ordering::Relaxed);
    let node = world.node(shared).with_patience(SECOND * 60).open().await.unwrap();
    for _ in 0..100 {
        let ended = world.login("alice").await;
        world.sessions.end(ended.session()).await.unwrap();
        tokio::time::sleep(SECOND * 10).await;
        assert_eq!((world.asked(&node, &ended), node.lag() <= SECOND), (401, true));
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_or_says_so_lags_behind_nobody() {
    let world = world().await;
    let living = world.login("alice").await;
    let shared = world.shared();
    let open = async |builder: SessionsBuilder| builder.open().await.unwrap();
    let nodes = [
        open(world.node(world.store.clone())).await,
        open(world.node(shared.clone()).with_single_process()).await,
        open(world.node(shared.clone()).insecure_fail_open()).await,
    ];
    let strict = open(world.node(shared.clone()).insecure_fail_open().require_max_lag(SECOND * 5)).await;
    shared.is_away.store(true, Ordering::Relaxed);
    tokio::time::sleep(SECOND * 7).await;
    assert_eq!(world.asked(&strict, &living), 503);
    tokio::time::sleep(SECOND * 3_600).await;
    assert!(nodes.iter().all(|node| world.asked(node, &living) == 200));
}

/// Failing open is no secret: each request beyond the bound is counted, and an outage is told of once.
#[tokio::test(start_paused = true)]
async fn each_request_that_is_let_through_unchecked_is_counted() {
    let (log, _listening) = Log::listen();
    let lines_of = |event: &str| log.count(&format!("event=\"{event}\""));
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let (snapshotter, _recording) =
        (recorder.snapshotter(), ::metrics::set_default_local_recorder(&recorder));
    let world = world().await;
    let (ended, living) = (world.login("alice").await, world.login("bob").await);
    world.sessions.end(ended.session()).await.unwrap();
    let shared = world.shared();
    let node = world.node(shared.clone()).require_max_lag(SECOND * 5).insecure_fail_open();
    let node = node.open().await.unwrap();
    let unchecked = || node.revocations().unchecked();
    for outage in 1..3 {
        assert_eq!(world.asked(&node, &living), 200);
        assert_eq!(unchecked(), (outage - 1) * 7, "within the bound it is known");
        shared.is_away.store(true, Ordering::Relaxed);
        tokio::time::sleep(SECOND * 7).await;
        for _ in 0..7 {
            assert_eq!(world.asked(&node, &living), 200);
            assert_eq!(world.asked(&node, &ended), 401, "what is known to be taken back is refused");
        }
        assert_eq!(unchecked(), outage * 7);
        shared.is_away.store(false, Ordering::Relaxed);
        tokio::time::sleep(SECOND * 2).await;
        for _ in 0..3 {
            assert_eq!(world.asked(&node, &living), 200);
        }
        assert_eq!(unchecked(), outage * 7, "and none more afterwards");
        let outages = usize::try_from(outage).unwrap();
        assert_eq!(lines_of("revocation_unchecked"), outages, "once in an outage");
        assert_eq!(lines_of("revocation_checked"), outages);
    }
    crate::metrics::describe();
    let snapshot = snapshotter.snapshot().into_vec();
    let counted = snapshot.into_iter().find_map(|(key, unit, description, value)| {
        (key.key().name() == "jwt_revocation_unchecked_total").then_some((unit.zip(description), value))
    });
    let (described, count) = counted.expect("requests were counted");
    assert_eq!((described.is_some(), count), (true, metrics_util::debugging::DebugValue::Counter(14)));
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_last_handle() {
    let world = world().await;
    let shared = world.shared();
    let node = world.node(shared.clone()).open().await.unwrap();
    let alive = Arc::downgrade(&shared.is_away);
    drop(shared);
    tokio::time::sleep(SECOND * 800).await;
    assert!(alive.upgrade().is_some());
    drop(node);
    tokio::task::yield_now().await;
    assert!(alive.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_expired_is_forgotten_without_being_asked_for() {
    let world = world().await;
    let first = world.login("alice").await;
    world.sessions.end(first.session()).await.unwrap();
    for _ in 0..150 {
        world.clock.advance(60);
        tokio::time::sleep(SECOND * 60).await;
    }
    assert!(world.sessions.revocations().is_empty());
    assert!(world.store.revocations(0, 1).await.unwrap().lines.is_empty());
}

/// A clock that shows the next year for a while.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumped_does_not_bring_back_what_was_taken_back() {
    let world = world_of(SessionsBuilder::without_upkeep).await;
    let first = world.login("alice").await;
    world.sessions.end(first.session()).await.unwrap();
    assert_eq!(world.sessions.remove_expired().await.unwrap(), 0);
    world.clock.set(START + 365 * 86_400);
    for _ in 0..10 {
        assert_eq!(world.sessions.remove_expired().await.unwrap(), 0);
        tokio::time::advance(SECOND * 60).await;
        world.clock.advance(60);
    }
    world.clock.set(START + 10);
    assert!(world.is_revoked(&first));
    assert!(world.sessions.session(first.session()).await.unwrap().is_some());
}

/// The machine begins in the next year, and finds out what time it is after nine minutes and a half.
#[tokio::test(start_paused = true)]
async fn a_process_that_begins_by_a_wrong_clock_knows_what_was_taken_back_when_it_is_set_right() {
    let world = world_of(SessionsBuilder::without_upkeep).await;
    let (ended, living) = (world.login("alice").await, world.login("bob").await);
    world.sessions.end(ended.session()).await.unwrap();
    world.clock.set(START + 365 * 86_400);
    let node = world.node(world.store.clone()).open().await.unwrap();
    let by_hand = world.node(world.store.clone()).without_upkeep().open().await.unwrap();
    assert!(node.revocations().is_empty(), "by that clock it has expired");
    for _ in 0..19 {
        tokio::time::sleep(SECOND * 30).await;
        world.clock.advance(30);
        assert_eq!(by_hand.remove_expired().await.unwrap(), 0);
    }
    world.clock.set(START + 310);
    tokio::time::sleep(SECOND * 60).await;
    world.clock.advance(60);
    by_hand.catch_up().await.unwrap();
    for sessions in [&node, &by_hand] {
        let is_known = |tokens| sessions.revocations().is_revoked(&world.verified(tokens));
        assert!(is_known(&ended) && !is_known(&living));
        assert!(sessions.session(living.session()).await.unwrap().is_some());
    }
}

/// The clock is set right while one look at the log is under way; the next one, of all of it, fails.
#[tokio::test(start_paused = true)]
async fn a_log_that_is_to_be_read_again_is_read_to_its_end_whoever_else_reads() {
    let world = world().await;
    let ended = world.login("alice").await;
    world.sessions.end(ended.session()).await.unwrap();
    world.clock.set(START + 365 * 86_400);
    let shared = world.shared();
    let node = world.node(shared.clone()).without_upkeep().open().await.unwrap();
    let (other, clock, is_away) = (node.clone(), world.clock.clone(), shared.is_away.clone());
    *shared.meanwhile.lock().unwrap() = Some(Box::pin(async move {
        clock.set(START + 10);
        is_away.store(true, Ordering::Relaxed);
        assert!(other.catch_up().await.is_err());
        is_away.store(false, Ordering::Relaxed);
    }));
    node.catch_up().await.unwrap();
    assert!(!node.revocations().is_revoked(&world.verified(&ended)), "the first one began before");
    node.catch_up().await.unwrap();
    assert!(node.revocations().is_revoked(&world.verified(&ended)));
}

/// Of a token that was presented too late, no time in a queue makes one that was presented in time.
#[tokio::test(start_paused = true)]
async fn who_waits_for_the_store_is_judged_by_the_time_it_has_come() {
    let world = world().await;
    let shared = world.shared();
    let node = world.node(shared.clone()).open().await.unwrap();
    let first = node.start(NewSession::of("alice")).await.unwrap();
    node.refresh(first.refresh_token(), Refresh::new()).await.unwrap();
    world.clock.advance(30);
    *shared.waits.lock().unwrap() = SECOND * 4;
    let late = node.refresh(first.refresh_token(), Refresh::new()).await;
    assert_eq!(refusal(late), RefreshRefusal::Reuse);
}

#[tokio::test]
async fn what_another_process_ended_is_known_when_a_logout_here_returns() {
    type Revoke = fn(&Sessions, SessionId) -> BoxFuture<'_, Result<(), SessionError>>;
    const UNTIL: Duration = Duration::from_secs(START + 1);
    let calls: [(&str, Revoke); 7] = [
        ("end", |sessions, id| Box::pin(async move { sessions.end(id).await.map(drop) })),
        ("end all", |sessions, _| Box::pin(async move { sessions.end_all("alice").await.map(drop) })),
        ("password", |sessions, _| {
            Box::pin(async move { sessions.password_changed("alice", None).await.map(drop) })
        }),
        ("revoke", |sessions, _| Box::pin(sessions.revoke(Revoked::Client("app".to_owned())))),
        ("by a provider", |sessions, _| Box::pin(sessions.end_all_by_provider("alice", UNTIL))),
        ("by a provider's session", |sessions, _| {
            Box::pin(sessions.end_of_subject_and_provider("alice", "https://provider", "s1", UNTIL))
        }),
        ("by a provider's session alone", |sessions, _| {
            Box::pin(sessions.end_of_provider("https://provider", "s1", UNTIL))
        }),
    ];
    for (name, revoke) in calls {
        let world = world().await;
        let builder = world.node(world.shared()).without_upkeep();
        let node = builder.open().await.unwrap();
        let tokens = world.login("alice").await;
        let other = world.login("bob").await;
        world.sessions.end(tokens.session()).await.unwrap();
        world.sessions.end(other.session()).await.unwrap();
        revoke(&node, tokens.session()).await.unwrap();
        let is_known = |tokens| node.revocations().is_revoked(&world.verified(tokens));
        assert!(is_known(&tokens) && is_known(&other), "{name}");
    }
}

#[tokio::test]
async fn a_session_that_the_store_has_lost_is_taken_back_all_the_same() {
    let world = world().await;
    let tokens = world.login("alice").await;
    // As after a restart of a store in memory.
    let restarted = world.node(MemoryStore::new().with_clock(world.clock.clone())).open().await.unwrap();
    let is_known = || restarted.revocations().is_revoked(&world.verified(&tokens));
    assert!(!restarted.end(tokens.session()).await.unwrap());
    assert!(is_known());
    // Or all of the issuer, without knowing any.
    let restarted = world.node(MemoryStore::new().with_clock(world.clock.clone())).open().await.unwrap();
    let is_known = |tokens| restarted.revocations().is_revoked(&world.verified(tokens));
    world.clock.advance(1);
    restarted.revoke(Revoked::Issuer).await.unwrap();
    assert!(is_known(&tokens));
    let after = restarted.start(NewSession::of("alice")).await.unwrap();
    assert!(!is_known(&after), "a login right after is good");
}

#[tokio::test]
async fn a_log_that_went_back_is_read_from_its_start() {
    let world = world().await;
    let shared = world.shared();
    let node = world.node(shared.clone()).without_upkeep().open().await.unwrap();
    let mut logins = Vec::new();
    for _ in 0..3 {
        logins.push(world.login("alice").await);
        world.sessions.end(logins.last().unwrap().session()).await.unwrap();
    }
    node.catch_up().await.unwrap();
    // A copy of the file is brought back, two lines shorter; then a line is written that has a number we know.
    shared.lost.store(2, Ordering::Relaxed);
    logins.push(world.login("alice").await);
    world.sessions.end(logins.last().unwrap().session()).await.unwrap();
    node.catch_up().await.unwrap();
    assert!(logins.iter().all(|tokens| node.revocations().is_revoked(&world.verified(tokens))));
}

#[tokio::test]
async fn a_process_learns_of_what_another_one_revoked_when_it_catches_up() {
    let world = world().await;
    let other = Sessions::builder(world.issuer.clone(), world.store.clone()).with_clock(world.clock.clone());
    let other = other.open().await.unwrap();
    let mut logins = Vec::new();
    for _ in 0..=PAGE {
        let tokens = world.login("alice").await;
        world.sessions.end(tokens.session()).await.unwrap();
        logins.push(world.verified(&tokens));
    }
    assert!(!other.revocations().is_revoked(&logins[0]));
    for _ in 0..2 {
        other.catch_up().await.unwrap();
        assert!(logins.iter().all(|verified| other.revocations().is_revoked(verified)));
        assert_eq!(other.revocations().len(), PAGE + 1);
    }
}

#[tokio::test]
async fn what_another_process_ended_is_refused_here_once_it_is_ended_here_too() {
    for how in 0..4 {
        let world = world().await;
        let other =
            Sessions::builder(world.issuer.clone(), world.store.clone()).with_clock(world.clock.clone());
        let other = other.open().await.unwrap();
        let tokens = world.sessions.start(NewSession::of("alice").with_client("app")).await.unwrap();
        assert!(other.end(tokens.session()).await.unwrap());
        assert!(!world.is_revoked(&tokens), "{how}: not yet");
        match how {
            0 => assert!(!world.sessions.end(tokens.session()).await.unwrap()),
            1 => assert_eq!(world.sessions.end_all("alice").await.unwrap(), 0),
            2 => assert_eq!(world.sessions.password_changed("alice", None).await.unwrap(), 0),
            _ => world.sessions.revoke(Revoked::Client("app".to_owned())).await.unwrap(),
        }
        assert!(world.is_revoked(&tokens), "{how}");
    }
}

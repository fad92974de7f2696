//! Many at once, as a store is by default, and by two handles of one file.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jwt_session::jwt_core::{BoxFuture, ManualClock};
use jwt_session::store::{Change, LogPage, Of, Scope, SessionStore, StoreError, StoreErrorKind};
use jwt_session::{
    NewSession, Refresh, RefreshRefusal, Session, SessionError, SessionId, SessionTokens, Sessions,
    store_suite,
};
use jwt_store::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{seed, sessions_on, store_at, timed_store_at};

/// Each of them has the successor, or comes too often for the grace, or is told to try again: by default a caller has a
/// patience of two seconds, which a busy machine may use up. None of that costs anybody the session.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_of_a_store_as_it_is_by_default_have_one_successor_and_write_one_row() {
    const CALLERS: usize = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let sessions = sessions_on(store_at(&path).await).await;
    let first = sessions.start(NewSession::of("alice")).await.unwrap();
    let mut connection =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.unwrap();
    let mut rows = async || -> Vec<(i64, i64)> {
        let rows = "SELECT record ->> '$.generation', record ->> '$.ended' IS NOT NULL FROM jwt_sessions";
        sqlx::query_as(rows).fetch_all(&mut connection).await.unwrap()
    };
    let [(before, 0)] = *rows().await else { panic!("one session, which has not ended") };

    let answers = at_once(&sessions, &first, CALLERS).await;
    let mut successors = BTreeSet::new();
    let mut counted = BTreeMap::<&str, usize>::new();
    for answer in answers {
        let what = match &answer {
            Ok(tokens) => {
                successors.insert(tokens.refresh_token().to_owned());
                "served"
            }
            Err(SessionError::Refused(RefreshRefusal::TooOften)) => "too often",
            Err(SessionError::Store(error)) if error.kind() == StoreErrorKind::Unavailable => "try again",
            Err(error) => panic!("{error:?}"),
        };
        *counted.entry(what).or_default() += 1;
    }
    assert_eq!(counted.values().sum::<usize>(), CALLERS);
    // The first one, and five of the grace. One that was told to try again may have been counted among those.
    assert!((1..=6).contains(&counted["served"]), "{counted:?}");
    assert_eq!(successors.len(), 1, "{counted:?}");
    assert_eq!(rows().await, [(before + 1, 0)], "one row, by one generation newer, and alive: {counted:?}");
    let successor = successors.first().unwrap();
    let next = sessions.refresh(successor, Refresh::new()).await;
    assert!(next.is_ok(), "the successor is usable: {next:?}");
}

/// What becomes of a token that so many present at the same moment.
async fn at_once(
    sessions: &Sessions,
    first: &SessionTokens,
    callers: usize,
) -> Vec<Result<SessionTokens, SessionError>> {
    let barrier = Arc::new(Barrier::new(callers));
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (sessions, barrier) = (sessions.clone(), barrier.clone());
        let token = first.refresh_token().to_owned();
        tasks.spawn(async move {
            barrier.wait().await;
            sessions.refresh(&token, Refresh::new()).await
        });
    }
    tasks.join_all().await
}

/// As those of one handle, but that the nodes have nothing in common except the file.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_usable_survives_a_revocation_by_another_handle_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Arc::<[AtomicUsize; 2]>::default();
    let make = async |clock| Handles::on(&folder.path().join("sessions.db"), clock, asked.clone()).await;
    store_suite::revocation_races(make, seed(), 200).await;
    let changes = [0, 1].map(|handle: usize| asked[handle].load(Ordering::Relaxed));
    assert!(changes.iter().all(|changes| *changes > 100), "both handles changed something: {changes:?}");
}

/// Two handles of one file, each with connections of its own. Each clone has the other one, so that each node has.
struct Handles {
    stores: [SqliteStore; 2],
    own: usize,
    clones: Arc<AtomicUsize>,
    /// How often each of them was asked to change something.
    changes: Arc<[AtomicUsize; 2]>,
}

impl Handles {
    async fn on(path: &std::path::Path, clock: ManualClock, changes: Arc<[AtomicUsize; 2]>) -> Self {
        let stores = [timed_store_at(path, clock.clone()).await, timed_store_at(path, clock).await];
        Self { stores, own: 0, clones: Arc::default(), changes }
    }

    fn own(&self) -> &SqliteStore {
        &self.stores[self.own]
    }
}

impl Clone for Handles {
    fn clone(&self) -> Self {
        Self {
            stores: self.stores.clone(),
            own: self.clones.fetch_add(1, Ordering::Relaxed) % 2,
            clones: self.clones.clone(),
            changes: self.changes.clone(),
        }
    }
}

impl SessionStore for Handles {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        self.changes[self.own].fetch_add(1, Ordering::Relaxed);
        self.own().transact(scope, change)
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        self.own().sessions(of, after, most)
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.own().revocations(after, most)
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.own().remove_expired()
    }
}

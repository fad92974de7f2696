//! Sessions, key rings and uses in the memory of this process: for tests, and for a service of one node that may forget
//! them when it ends.

mod uses;

use core::fmt;
use core::hash::Hash;
use core::ops::Bound;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jwt_core::keys::BoxFuture;
use jwt_core::{Clock, SystemClock};

use self::uses::Uses;
use crate::revocation::Revocation;
use crate::session::Session;
use crate::session_id::SessionId;
use crate::store::{
    Change, KEPT_AFTER_END, KeyRingDocument, KeyRingStore, LogPage, Of, Scope, SessionStore, StoreError,
    StoreErrorKind, Transaction,
};

/// Sessions that this holds at most where nothing else is said.
const MOST_SESSIONS: usize = 100_000;
/// Revocations, and uses, for each session that it may hold.
const REVOCATIONS_A_SESSION: usize = 10;
/// Key rings at most.
const MOST_RINGS: usize = 1_000;

/// A store in the memory of this process. Whatever it holds is gone when the process ends: sessions cannot be refreshed
/// after a restart, and what was taken back before is forgotten, so that an access token that was ended a moment ago is
/// good again for the rest of its ten minutes. [`revoke`](crate::Sessions::revoke) of the issuer at the start refuses all
/// that was issued before.
///
/// Holds at most 100,000 sessions, or as many as [`with_most_sessions`](Self::with_most_sessions) says, and ten times
/// as many revocations, as many uses of tokens, and at most 1,000 key rings; beyond that it is full. Clones are the same
/// store. Two [`Sessions`](crate::Sessions) on it learn within a minute what the other one revokes; clones of one know at
/// once.
#[derive(Clone)]
pub struct MemoryStore {
    held: Arc<Mutex<Held>>,
    /// Apart: whoever uses a token up waits for no session.
    uses: Arc<Mutex<Uses>>,
    clock: Arc<dyn Clock>,
    most_sessions: usize,
}

#[derive(Default)]
struct Held {
    sessions: BTreeMap<SessionId, Session>,
    by_subject: HashMap<String, BTreeSet<SessionId>>,
    by_provider: HashMap<(String, String), BTreeSet<SessionId>>,
    log: VecDeque<(u64, Revocation)>,
    last: u64,
    /// The newest line of each name, and when it expires.
    cutoffs: HashMap<String, (u64, core::time::Duration)>,
    rings: HashMap<String, KeyRingDocument>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        let (held, uses) = (Arc::default(), Arc::default());
        Self { held, uses, clock: Arc::new(SystemClock), most_sessions: MOST_SESSIONS }
    }

    /// Tells the time by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Is full beyond so many sessions.
    #[must_use]
    pub const fn with_most_sessions(mut self, most: usize) -> Self {
        self.most_sessions = most;
        self
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, scope: Scope<'_>, mut change: Change<'_>) -> Result<(), StoreError> {
        let mut held = self.held();
        let now = self.clock.now();
        let not_ended =
            |subject| held.of_subject(subject).filter(|it| it.ended.is_none()).cloned().collect::<Vec<_>>();
        let (read, cutoff) = match scope {
            Scope::Session(id) => {
                let session = held.sessions.get(&id).cloned();
                let names = session.as_ref().map(Session::cutoff_names);
                (session.into_iter().collect(), held.cutoff(&names.unwrap_or_default()))
            }
            Scope::Sessions(ids) => (ids.iter().filter_map(|id| held.sessions.get(id)).cloned().collect(), 0),
            Scope::Subject(subject) => (not_ended(subject), 0),
            Scope::Login { subject, cutoffs } => (not_ended(subject), held.cutoff(cutoffs)),
            Scope::Nobody => (Vec::new(), 0),
        };
        let mut transaction = Transaction::new(now, read).with_cutoff(cutoff);
        change(&mut transaction);
        let writes = transaction.into_writes();
        let most_revocations = self.most_sessions.saturating_mul(REVOCATIONS_A_SESSION);
        let has_room = |held: &Held| {
            held.sessions.len().saturating_add(writes.inserted.len()) <= self.most_sessions
                && held.log.len().saturating_add(writes.revocations.len()) <= most_revocations
        };
        if !has_room(&held) {
            held.remove_expired(now, core::time::Duration::ZERO);
            if !has_room(&held) {
                return Err(StoreErrorKind::Full.into());
            }
        }
        for session in writes.inserted {
            held.by_subject.entry(session.subject.clone()).or_default().insert(session.id);
            if let Some(provider) = session.provider_session.clone() {
                held.by_provider.entry(provider).or_default().insert(session.id);
            }
            held.sessions.insert(session.id, session);
        }
        for session in writes.updated {
            held.sessions.insert(session.id, session);
        }
        for revocation in writes.revocations {
            held.last = held.last.saturating_add(1);
            let number = held.last;
            if let Some(name) = revocation.cutoff_name() {
                held.cutoffs.insert(name, (number, revocation.expiry()));
            }
            held.log.push_back((number, revocation));
        }
        Ok(())
    }
}

impl Held {
    fn of_subject(&self, subject: &str) -> impl Iterator<Item = &Session> {
        let ids = self.by_subject.get(subject).into_iter().flatten();
        ids.filter_map(|id| self.sessions.get(id))
    }

    /// Of the newest line that has one of these names.
    fn cutoff(&self, names: &[String]) -> u64 {
        let numbers = names.iter().filter_map(|name| self.cutoffs.get(name));
        numbers.map(|(number, _)| *number).max().unwrap_or_default()
    }

    fn replace_ring(
        &mut self,
        name: &str,
        version: Option<u64>,
        text: &str,
    ) -> Result<Option<u64>, StoreError> {
        if text.len() > KeyRingDocument::MOST_BYTES {
            return Err(StoreErrorKind::Full.into());
        }
        if self.rings.get(name).map(KeyRingDocument::version) != version {
            return Ok(None);
        }
        if version.is_none() && self.rings.len() >= MOST_RINGS {
            return Err(StoreErrorKind::Full.into());
        }
        let next = version.unwrap_or_default().saturating_add(1);
        self.rings.insert(name.to_owned(), KeyRingDocument::new(next, text.to_owned()));
        Ok(Some(next))
    }

    fn remove_expired(&mut self, now: core::time::Duration, kept: core::time::Duration) -> usize {
        let is_over = |session: &Session| session.over().saturating_add(kept) <= now;
        let over: Vec<SessionId> = self.sessions.values().filter(|it| is_over(it)).map(Session::id).collect();
        for id in &over {
            let Some(session) = self.sessions.remove(id) else { continue };
            leave(&mut self.by_subject, &session.subject, *id);
            if let Some(provider) = &session.provider_session {
                leave(&mut self.by_provider, provider, *id);
            }
        }
        let before = self.log.len();
        self.log.retain(|(_, revocation)| now < revocation.expiry());
        self.cutoffs.retain(|_, (_, expiry)| now < *expiry);
        over.len().saturating_add(before.saturating_sub(self.log.len()))
    }
}

/// Takes an id out of an index, and the name with it that nobody bears any more.
fn leave<N: Eq + Hash>(index: &mut HashMap<N, BTreeSet<SessionId>>, name: &N, id: SessionId) {
    if let Some(ids) = index.get_mut(name) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(name);
        }
    }
}

impl SessionStore for MemoryStore {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move { self.change(scope, change) })
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        let held = self.held();
        let is_behind = |session: &&Session| after.is_none_or(|after| session.id > after);
        let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let all = || held.sessions.range(behind).map(|(_, session)| session);
        let sessions = match of {
            Of::Session(id) => held.sessions.get(&id).into_iter().cloned().collect(),
            Of::Subject(subject) => held.of_subject(subject).filter(is_behind).take(most).cloned().collect(),
            Of::NotEnded(subject) => {
                let theirs = held.of_subject(subject).filter(|it| it.ended.is_none());
                theirs.filter(is_behind).take(most).cloned().collect()
            }
            Of::Client(client) => {
                all().filter(|session| session.client() == Some(client)).take(most).cloned().collect()
            }
            Of::Tenant(tenant) => {
                all().filter(|session| session.tenant() == Some(tenant)).take(most).cloned().collect()
            }
            Of::ProviderSession { issuer, session_id } => {
                let started_by = (issuer.to_owned(), session_id.to_owned());
                let ids = held.by_provider.get(&started_by).into_iter().flatten();
                let theirs = ids.filter_map(|id| held.sessions.get(id));
                theirs.filter(is_behind).take(most).cloned().collect()
            }
            Of::Everybody => all().take(most).cloned().collect(),
        };
        Box::pin(core::future::ready(Ok(sessions)))
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        let (held, now) = (self.held(), self.clock.now());
        let behind = held.log.partition_point(|(number, _)| *number <= after);
        let lines = held.log.range(behind..).filter(|(_, it)| now < it.expiry());
        let page = LogPage::new(lines.take(most).cloned().collect(), held.last);
        Box::pin(core::future::ready(Ok(page)))
    }

    /// No other process has it.
    fn is_shared(&self) -> bool {
        false
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        let removed = self.held().remove_expired(self.clock.now(), KEPT_AFTER_END);
        Box::pin(core::future::ready(Ok(removed)))
    }
}

impl KeyRingStore for MemoryStore {
    fn load<'s>(&'s self, name: &'s str) -> BoxFuture<'s, Result<Option<KeyRingDocument>, StoreError>> {
        let document = self.held().rings.get(name).cloned();
        Box::pin(core::future::ready(Ok(document)))
    }

    fn replace<'s>(
        &'s self,
        name: &'s str,
        version: Option<u64>,
        text: &'s str,
    ) -> BoxFuture<'s, Result<Option<u64>, StoreError>> {
        let replaced = self.held().replace_ring(name, version, text);
        Box::pin(core::future::ready(replaced))
    }

    fn now(&self) -> BoxFuture<'_, Result<Option<core::time::Duration>, StoreError>> {
        let now = self.clock.now();
        Box::pin(async move { Ok(Some(now)) })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("sessions", &self.held().sessions.len()).finish_non_exhaustive()
    }
}

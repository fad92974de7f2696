//! What a store of sessions must do: one operation that changes anything, and three that read or forget.

mod key_ring;
mod replay;
mod steady;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::keys::BoxFuture;

pub use self::key_ring::{KeyRingDocument, KeyRingStore};
pub use self::replay::{ReplayStore, UseId};
pub use self::steady::Steady;
use crate::revocation::Revocation;
use crate::session::Session;
use crate::session_id::SessionId;

/// Keeps sessions and the log of revocations.
///
/// There is one operation that changes anything, [`transact`](Self::transact), and what it changes is decided by this
/// crate, so that a store cannot get a refresh or a logout wrong: all it owes is that a transaction is one step for
/// everybody else, lasting once it has returned, and answered in bounded time. Whoever writes a store runs the suite `store_suite` (feature
/// `store-suite`) over it.
pub trait SessionStore: Send + Sync + 'static {
    /// Reads sessions, has `change` decide, and writes what it decided, in one step: nobody else changes any of these
    /// sessions, or starts another one of the subject, between the reading and the writing, and whoever reads sees all
    /// of it or nothing.
    ///
    /// Where two transactions meet, a store may hold one back or call `change` again on what the other left; only the
    /// last call counts. Where the answer of the engine does not come, the store fails, and may have written: a client
    /// that asks again within the grace gets the same answer.
    ///
    /// # Errors
    /// [`StoreError`] where the engine cannot be asked or says no.
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>>;

    /// Sessions as the last transaction that returned anywhere has left them, in the order of their ids, ended and expired ones included, beginning behind `after`; at most `most`.
    /// Less than `most` is the end.
    ///
    /// # Errors
    /// [`StoreError`] where the engine cannot be asked or says no.
    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>>;

    /// The log of revocations behind a number, in order, without those that expired; at most `most`, and the newest
    /// number that was given out, whose line may have been forgotten. Numbers begin at 1 and only grow, and a line that is
    /// read later never has a smaller one than any that was read before, nor than a newest number.
    ///
    /// # Errors
    /// [`StoreError`] where the engine cannot be asked or says no.
    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>>;

    /// Forgets revocations that expired, and sessions that ended or expired a day ago or earlier; tells how many of
    /// both. Bounded: what is left is for the next call.
    ///
    /// # Errors
    /// [`StoreError`] where the engine cannot be asked or says no.
    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Whether another process may write to it. Then [`Sessions`](crate::Sessions) follows its log, and answers 503 where it
    /// cannot. Default: true.
    fn is_shared(&self) -> bool {
        true
    }
}

/// A page of the log of revocations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogPage {
    /// Numbers and lines.
    pub lines: Vec<(u64, Revocation)>,
    /// The newest number that was given out when the page was asked for, or later; 0 where none was.
    pub newest: u64,
}

impl LogPage {
    /// These lines. `newest` must have been read before them, or with them.
    #[must_use]
    pub const fn new(lines: Vec<(u64, Revocation)>, newest: u64) -> Self {
        Self { lines, newest }
    }
}

/// How long what ended is kept: so long a token of it is known as one of an ended session.
pub const KEPT_AFTER_END: Duration = Duration::from_secs(24 * 60 * 60);

/// Which sessions a transaction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope<'s> {
    /// This one, ended and expired or not, with the [cutoff](Transaction::with_cutoff) of its
    /// [names](Session::cutoff_names).
    Session(SessionId),
    /// Those of these that there are, ended and expired or not; at most 100.
    Sessions(&'s [SessionId]),
    /// All of a subject that have not ended; expired ones too, while they are kept.
    Subject(&'s str),
    /// As [`Subject`](Self::Subject), with the [cutoff](Transaction::with_cutoff) of these names.
    Login {
        /// Whose sessions. Nobody's where it is empty; the cutoff all the same.
        subject: &'s str,
        /// Names that a line of the log may have.
        cutoffs: &'s [String],
    },
    /// None: the log of revocations alone is written.
    Nobody,
}

/// Which sessions are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Of<'s> {
    /// This one.
    Session(SessionId),
    /// Those of a subject.
    Subject(&'s str),
    /// Those of a subject that have not ended; expired ones too, while they are kept.
    NotEnded(&'s str),
    /// Those of a client.
    Client(&'s str),
    /// Those of a tenant.
    Tenant(&'s str),
    /// Those that were started by a session of an identity provider.
    ProviderSession {
        /// The provider: its `iss`.
        issuer: &'s str,
        /// Its session: the claim `sid`.
        session_id: &'s str,
    },
    /// All.
    Everybody,
}

/// Decides what a transaction changes. Quick, without I/O; may be called again.
pub type Change<'c> = Box<dyn FnMut(&mut Transaction) + Send + 'c>;

/// What a store has read, and what it is to write.
#[derive(Debug)]
pub struct Transaction {
    now: Duration,
    read: Vec<Session>,
    cutoff: u64,
    writes: Writes,
}

/// What a store is to write, all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Writes {
    /// Sessions that are new.
    pub inserted: Vec<Session>,
    /// Sessions that were read and have changed.
    pub updated: Vec<Session>,
    /// Lines to append to the log of revocations.
    pub revocations: Vec<Revocation>,
}

impl Writes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inserted.is_empty() && self.updated.is_empty() && self.revocations.is_empty()
    }
}

impl Transaction {
    /// On what was read. `now` is the time since the Unix epoch, by the clock that all nodes of the store share where
    /// it has one.
    #[must_use]
    pub fn new(now: Duration, read: Vec<Session>) -> Self {
        Self { now, read, cutoff: 0, writes: Writes::default() }
    }

    /// The number of the newest line of the log that has one of the names of the scope as its
    /// [cutoff](Revocation::cutoff_name); 0 where none has.
    #[must_use]
    pub const fn with_cutoff(mut self, number: u64) -> Self {
        self.cutoff = number;
        self
    }

    /// What is to be written.
    #[must_use]
    pub fn into_writes(self) -> Writes {
        self.writes
    }

    pub(crate) const fn now(&self) -> Duration {
        self.now
    }

    pub(crate) const fn cutoff(&self) -> u64 {
        self.cutoff
    }

    pub(crate) fn sessions(&self) -> &[Session] {
        &self.read
    }

    pub(crate) fn insert(&mut self, session: Session) {
        self.writes.inserted.push(session);
    }

    /// Changes one of the sessions that were read, as often as need be.
    pub(crate) fn update(&mut self, session: Session) {
        match self.writes.updated.iter_mut().find(|updated| updated.id == session.id) {
            Some(updated) => *updated = session,
            None => self.writes.updated.push(session),
        }
    }

    pub(crate) fn revoke(&mut self, revocation: Revocation) {
        self.writes.revocations.push(revocation);
    }

    pub(crate) fn revoked(&self) -> &[Revocation] {
        &self.writes.revocations
    }
}

/// A store could not be asked, or said no.
///
/// Answered with 503 and `Retry-After`: nothing is known to have happened, and asking again is right.
#[derive(Clone, Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure of a store it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The engine cannot be reached, is locked, or did not answer in time.
    Unavailable,
    /// There is no room for more.
    Full,
    /// What the store holds is not what it wrote.
    Corrupt,
    /// The engine said no for another reason.
    Failed,
}

impl StoreErrorKind {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "store_unavailable",
            Self::Full => "store_full",
            Self::Corrupt => "store_corrupt",
            Self::Failed => "store_failed",
        }
    }
}

impl StoreError {
    /// A failure of this kind.
    #[must_use]
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind, cause: None }
    }

    /// What the engine says about it, for logs. It must hold no token and no name of a user.
    #[must_use]
    pub fn with_cause(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// What kind of failure it was.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl From<StoreErrorKind> for StoreError {
    fn from(kind: StoreErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the store cannot be asked now",
            StoreErrorKind::Full => "the store has no room for more",
            StoreErrorKind::Corrupt => "the store holds what it cannot have written",
            StoreErrorKind::Failed => "the store failed",
        })
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let cause: &(dyn std::error::Error + 'static) = self.cause.as_deref()?;
        Some(cause)
    }
}

//! The rules of sessions.

use core::fmt;
use core::sync::atomic::AtomicU64;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::Clock;

use super::patience::Patient;
use super::{Inner, SessionIssuer, Sessions};
use crate::events::{EventSink, Events};
use crate::revocation::{Revocations, RevocationsBuilder};
use crate::rotation::RefreshRules;
use crate::session_error::SessionError;
use crate::store::SessionStore;

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest grace: it is a window for whoever stole a token too.
const MOST_GRACE: Duration = Duration::from_secs(60);
/// Leeway of verifiers at most, and how far two clocks may differ, of which each may be an hour fast or slow.
const LEEWAY_AND_CLOCKS: Duration = Duration::from_secs(300 + 2 * 60 * 60);

/// Sets up [`Sessions`].
///
/// | rule | default |
/// |---|---|
/// | [`with_idle`](Self::with_idle) | 14 days |
/// | [`with_absolute`](Self::with_absolute) | 90 days |
/// | [`with_grace`](Self::with_grace) | 30 s, at most 60 s |
/// | replays within the grace | 5 |
/// | [`with_most_sessions`](Self::with_most_sessions) | 100 of a subject |
/// | [`with_patience`](Self::with_patience) | 5 s |
#[must_use = "sessions are there after `open`"]
pub struct SessionsBuilder {
    issuer: SessionIssuer,
    store: Arc<dyn SessionStore>,
    revocations: RevocationsBuilder,
    rules: RefreshRules,
    absolute: Duration,
    most_sessions: usize,
    patience: Duration,
    events: Events,
}

impl SessionsBuilder {
    pub(super) fn new(issuer: SessionIssuer, store: Arc<dyn SessionStore>) -> Self {
        Self {
            revocations: Revocations::builder(issuer.name()),
            issuer,
            store,
            rules: RefreshRules {
                grace: Duration::from_secs(30),
                most_replays: 5,
                idle: DAY.saturating_mul(14),
            },
            absolute: DAY.saturating_mul(90),
            most_sessions: 100,
            patience: Duration::from_secs(5),
            events: Events::default(),
        }
    }

    /// A session that is not refreshed for so long ends. Default 14 days; from a second to ten years.
    pub const fn with_idle(mut self, idle: Duration) -> Self {
        self.rules.idle = idle;
        self
    }

    /// A session ends so long after its start, whatever happens. Default 90 days; from a second to ten years.
    pub const fn with_absolute(mut self, absolute: Duration) -> Self {
        self.absolute = absolute;
        self
    }

    /// How long a refresh token that was exchanged has the same successor. Default 30 s, at most 60 s; without a grace a
    /// lost answer logs its user out.
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.rules.grace = grace;
        self
    }

    /// How many live sessions a subject may have; a further one ends the one that was not used for longest. Default 100,
    /// at least 1.
    pub const fn with_most_sessions(mut self, most: usize) -> Self {
        self.most_sessions = most;
        self
    }

    /// A store that does not answer for so long cannot be asked: 503. Default 5 s; from a millisecond to a minute. For
    /// each question; some calls ask several, one after the other. What was asked may have been done all the same; a
    /// client that asks again within the grace gets the same answer.
    ///
    /// Measured by the timer of tokio, which its runtime must have.
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Tells `sink` of each [event](crate::SecurityEvent).
    pub fn with_events(mut self, sink: impl EventSink) -> Self {
        self.events = Events::to(sink);
        self
    }

    /// Sets up the check of the request path.
    pub fn with_revocations(mut self, set_up: impl FnOnce(RevocationsBuilder) -> RevocationsBuilder) -> Self {
        self.revocations = set_up(self.revocations);
        self
    }

    /// Tells the time by another clock: for tests. The issuer and the store have clocks of their own.
    pub fn with_clock(self, clock: impl Clock) -> Self {
        self.with_revocations(|revocations| revocations.with_clock(clock))
    }

    /// Reads from the store what is revoked.
    ///
    /// # Errors
    /// - [`SessionError::Setting`]: a setting is out of its range, which it names.
    /// - [`SessionError::Store`].
    pub async fn open(self) -> Result<Sessions, SessionError> {
        let rules = self.rules;
        let is_lifetime = |lifetime: Duration| lifetime >= SECOND && lifetime <= DAY.saturating_mul(3_650);
        let is_patience = |patience: Duration| patience >= MILLISECOND && patience <= MINUTE;
        let settings = [
            ("grace", "at most 60 s", rules.grace <= MOST_GRACE),
            ("idle time", "between a second and ten years", is_lifetime(rules.idle)),
            ("absolute lifetime", "between a second and ten years", is_lifetime(self.absolute)),
            ("number of sessions", "at least 1", self.most_sessions > 0),
            ("patience", "between a millisecond and a minute", is_patience(self.patience)),
        ];
        if let Some((setting, range, _)) = settings.into_iter().find(|(_, _, is_fit)| !is_fit) {
            return Err(SessionError::Setting { setting, range });
        }
        let sessions = Sessions(Arc::new(Inner {
            longest: self.issuer.lifetime().saturating_add(LEEWAY_AND_CLOCKS),
            issuer: self.issuer,
            store: Arc::new(Patient { store: self.store, patience: self.patience }),
            revocations: self.revocations.build(),
            rules,
            absolute: self.absolute,
            most_sessions: self.most_sessions,
            events: self.events,
            read: AtomicU64::new(0),
        }));
        sessions.catch_up().await?;
        Ok(sessions)
    }
}

impl fmt::Debug for SessionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBuilder").field("rules", &self.rules).finish_non_exhaustive()
    }
}

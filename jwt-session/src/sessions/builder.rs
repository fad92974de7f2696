//! The rules of sessions.

use core::fmt;
use core::sync::atomic::AtomicU64;
use core::time::Duration;
use std::sync::{Arc, OnceLock};

use jwt_core::Clock;

use super::{Inner, SessionIssuer, Sessions};
use crate::events::{EventSink, Events};
use crate::patience::Patient;
use crate::revocation::{Revocations, RevocationsBuilder};
use crate::rotation::RefreshRules;
use crate::session_error::SessionError;
use crate::store::SessionStore;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest grace: it is a window for whoever stole a token too.
const MOST_GRACE: Duration = Duration::from_secs(60);
/// Leeway of verifiers at most, and how far two clocks may differ, of which each may be an hour fast or slow.
pub(super) const LEEWAY_AND_CLOCKS: Duration = Duration::from_secs(300 + 2 * 60 * 60);

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
/// | [`with_longest_lifetime`](Self::with_longest_lifetime) | the issuer's |
/// | [`require_max_lag`](Self::require_max_lag) | 60 s, where other processes may write to the store |
#[must_use = "sessions are there after `open`"]
pub struct SessionsBuilder {
    issuer: SessionIssuer,
    store: Patient<dyn SessionStore>,
    revocations: RevocationsBuilder,
    rules: RefreshRules,
    absolute: Duration,
    most_sessions: usize,
    events: Events,
    longest: Option<Duration>,
    most_lag: Duration,
    is_single: bool,
    has_upkeep: bool,
}

impl SessionsBuilder {
    pub(super) fn new(issuer: SessionIssuer, store: Arc<dyn SessionStore>) -> Self {
        Self {
            revocations: Revocations::builder(issuer.name()),
            issuer,
            store: Patient::new(store),
            rules: RefreshRules {
                grace: Duration::from_secs(30),
                most_replays: 5,
                idle: DAY.saturating_mul(14),
            },
            absolute: DAY.saturating_mul(90),
            most_sessions: 100,
            events: Events::default(),
            longest: None,
            most_lag: MINUTE,
            is_single: false,
            has_upkeep: true,
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
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.store = self.store.with_patience(patience);
        self
    }

    /// How long a token of the issuer may be good at most, from `iat` to `exp`: one without a session may be issued for
    /// longer than the issuer's own lifetime. So long it is remembered what is taken back, and a token that is good for
    /// longer is refused by the [check](Revocations). Default: the issuer's lifetime, which it cannot fall short of; at most
    /// ten years.
    pub const fn with_longest_lifetime(mut self, longest: Duration) -> Self {
        self.longest = Some(longest);
        self
    }

    /// Where other processes may write to the store, and this one has not been able to read for so long what they
    /// revoke, the check answers 503. Default 60 s; from two seconds to a day. Takes an
    /// [`insecure_fail_open`](Self::insecure_fail_open) before it back.
    pub fn require_max_lag(mut self, most: Duration) -> Self {
        self.most_lag = most;
        self.revocations = self.revocations.fail_open(false);
        self
    }

    /// Lets tokens pass where that answers 503, as ones of which nobody knows whether another process took them back. Each
    /// such request is counted, by [`unchecked`](Revocations::unchecked) and, with the feature `metrics`, as
    /// `jwt_revocation_unchecked_total`; the first one of an outage is told as an event of level `warn`.
    pub fn insecure_fail_open(mut self) -> Self {
        self.revocations = self.revocations.fail_open(true);
        self
    }

    /// No other process writes to the store: then there is nothing to lag behind, and the log is read once a minute, for
    /// what was written though the store said that it failed. Where there is another process after all, this one learns
    /// so late what that one revokes, and never says that it does not know. A [`MemoryStore`](crate::MemoryStore) needs it
    /// not.
    pub const fn with_single_process(mut self) -> Self {
        self.is_single = true;
        self
    }

    /// Starts no task: the application calls [`catch_up`](Sessions::catch_up) every second where it shares the store, and
    /// every minute where it does not, and [`remove_expired`](Sessions::remove_expired) every minute.
    pub const fn without_upkeep(mut self) -> Self {
        self.has_upkeep = false;
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

    /// Reads from the store what is revoked, and starts a task that keeps doing so, and one that forgets what expired. They
    /// end with the last handle. They run on the runtime of tokio that this is called in, whose time must be enabled; where
    /// there is none, what [`without_upkeep`](Self::without_upkeep) says holds.
    ///
    /// # Errors
    /// - [`SessionError::Setting`]: a setting is out of its range, which it names.
    /// - [`SessionError::Store`].
    pub async fn open(self) -> Result<Sessions, SessionError> {
        let rules = self.rules;
        let is_lifetime = |lifetime: Duration| lifetime >= SECOND && lifetime <= DAY.saturating_mul(3_650);
        let shortest = self.issuer.lifetime();
        let is_longest = |longest: Duration| longest >= shortest && is_lifetime(longest);
        let settings = [
            ("grace", "at most 60 s", rules.grace <= MOST_GRACE),
            ("idle time", "between a second and ten years", is_lifetime(rules.idle)),
            ("absolute lifetime", "between a second and ten years", is_lifetime(self.absolute)),
            ("longest lifetime", "between the issuer's and ten years", self.longest.is_none_or(is_longest)),
            (
                "lag",
                "between 2 s and a day",
                self.most_lag >= SECOND.saturating_mul(2) && self.most_lag <= DAY,
            ),
            ("number of sessions", "at least 1", self.most_sessions > 0),
            ("patience", "between a millisecond and a minute", self.store.has_fit_patience()),
        ];
        if let Some((setting, range, _)) = settings.into_iter().find(|(_, _, is_fit)| !is_fit) {
            return Err(SessionError::Setting { setting, range });
        }
        let follows = !self.is_single && self.store.is_shared();
        let longest = self.longest.unwrap_or(shortest);
        let revocations = self.revocations.with_bounds(longest, follows.then_some(self.most_lag));
        let sessions = Sessions(Arc::new(Inner {
            longest: longest.saturating_add(LEEWAY_AND_CLOCKS),
            issuer: self.issuer,
            store: self.store,
            revocations: revocations.build(),
            rules,
            absolute: self.absolute,
            most_sessions: self.most_sessions,
            events: self.events,
            read: AtomicU64::new(0),
            jumps: AtomicU64::new(0),
            upkeep: OnceLock::new(),
        }));
        sessions.catch_up().await?;
        if self.has_upkeep
            && let Some(upkeep) = sessions.start_upkeep(follows)
        {
            let _ = sessions.0.upkeep.set(upkeep);
        }
        Ok(sessions)
    }
}

impl fmt::Debug for SessionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBuilder").field("rules", &self.rules).finish_non_exhaustive()
    }
}

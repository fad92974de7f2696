//! The question that is asked about every token: was it taken back?

use core::fmt;
use core::hash::{BuildHasher as _, Hash as _, Hasher as _};
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use core::time::Duration;
use std::collections::hash_map::{DefaultHasher, RandomState};
use std::sync::Arc;

use jwt_core::request::RequestFacts;
use jwt_core::{Check, CheckOutcome, Clock, Reason, SystemClock, Verified};
use tokio::time::Instant;

use super::Revocation;
use super::index::{Entry, Full, Index, MOST_OF_A_PART, seconds};
use super::level::Level;
use super::unchecked::Unchecked;
use crate::session_id::SessionId;
use crate::store::{Steady, StoreError, StoreErrorKind};

/// What is revoked, in the memory of this process: a [`Check`] that asks no store and takes no lock.
///
/// In this order, first match refuses:
///
/// 1. the token itself, by `iss` and `jti`;
/// 2. its session, by `iss` and `sid`;
/// 3. where it has no `sid` of ours: what was issued to its subject, client, tenant or issuer up to a time. A token of
///    one of our sessions is not judged by time: whoever takes back all of a subject ends its sessions too, so that
///    neither a fast clock nor the same second lets a token through, and a login right after is good. Where all of the
///    issuer was taken back, one that was issued in an earlier second is refused too, for a store may have lost its
///    session.
///
/// As a check it also refuses
///
/// - a token without a `jti`, which cannot be taken back alone, unless
///   [`insecure_without_token_id`](RevocationsBuilder::insecure_without_token_id) says otherwise;
/// - a token of the issuer of [`Sessions`](crate::Sessions) that is good for longer than
///   [`with_longest_lifetime`](crate::SessionsBuilder::with_longest_lifetime) says: it could outlive what takes it back;
/// - every token, by 503, where this process has not heard for a minute what others revoke
///   ([`require_max_lag`](crate::SessionsBuilder::require_max_lag)).
///
/// Clones are the same list.
#[derive(Clone)]
pub struct Revocations(Arc<Inner>);

struct Inner {
    index: Index,
    hash: RandomState,
    /// The hash of a name of our issuer, as far as the issuer.
    ours: DefaultHasher,
    /// Levels at which our issuer has an entry, one bit each: mostly few.
    levels_of_ours: AtomicU8,
    /// Levels at which any other issuer has one.
    levels_of_others: AtomicU8,
    steady: Steady,
    began: Instant,
    /// When it was last known what others have revoked: milliseconds since it began.
    caught_up: AtomicU64,
    unchecked: Unchecked,
    rules: Rules,
}

/// Sets up [`Revocations`].
#[derive(Debug)]
#[must_use]
pub struct RevocationsBuilder(Rules);

struct Rules {
    /// The issuer whose sessions are ours.
    issuer: Arc<str>,
    tenant_claim: &'static str,
    needs_token_id: bool,
    /// Of a token of our issuer.
    longest: Option<Duration>,
    /// Where other processes revoke too.
    most_lag: Option<Duration>,
    fails_open: bool,
    most_of_a_part: usize,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl RevocationsBuilder {
    /// The claim that names the tenant, a string: read here, and written by [`Sessions`](crate::Sessions). Default:
    /// `tenant`.
    pub fn with_tenant_claim(mut self, name: &'static str) -> Self {
        self.0.tenant_claim = name;
        self
    }

    /// Lets tokens without a `jti` pass, which cannot be taken back one by one.
    pub fn insecure_without_token_id(mut self) -> Self {
        self.0.needs_token_id = false;
        self
    }

    /// Tells the time by another clock. Default: the system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    /// In each of 256 parts of the index.
    #[cfg(test)]
    pub(crate) fn with_most_of_a_part(mut self, most: usize) -> Self {
        self.0.most_of_a_part = most;
        self
    }

    pub(crate) fn with_bounds(mut self, longest: Duration, most_lag: Option<Duration>) -> Self {
        (self.0.longest, self.0.most_lag) = (Some(longest), most_lag);
        self
    }

    pub(crate) const fn fail_open(mut self, fails_open: bool) -> Self {
        self.0.fails_open = fails_open;
        self
    }

    /// An empty list.
    #[must_use]
    pub fn build(self) -> Revocations {
        let hash = RandomState::new();
        let mut ours = hash.build_hasher();
        self.0.issuer.hash(&mut ours);
        Revocations(Arc::new(Inner {
            index: Index::new(self.0.most_of_a_part),
            hash,
            ours,
            levels_of_ours: AtomicU8::new(0),
            levels_of_others: AtomicU8::new(0),
            steady: Steady::default(),
            began: Instant::now(),
            caught_up: AtomicU64::new(0),
            unchecked: Unchecked::default(),
            rules: self.0,
        }))
    }
}

impl Revocations {
    /// Starts with the issuer whose sessions are ours: the `iss` of our own tokens.
    pub fn builder(issuer: impl Into<Arc<str>>) -> RevocationsBuilder {
        RevocationsBuilder(Rules {
            issuer: issuer.into(),
            tenant_claim: "tenant",
            needs_token_id: true,
            longest: None,
            most_lag: None,
            fails_open: false,
            most_of_a_part: MOST_OF_A_PART,
            clock: Arc::new(SystemClock),
        })
    }

    /// Whether a verified token was taken back, as far as this process knows.
    ///
    /// Not all that the check asks: a token without a `jti` cannot be found by it, one that is good for longer than
    /// [`with_longest_lifetime`](crate::SessionsBuilder::with_longest_lifetime) is remembered for a part of that only,
    /// and nothing here says how long ago others were heard of.
    #[must_use]
    pub fn is_revoked(&self, verified: &Verified) -> bool {
        let issuer = verified.issuer().unwrap_or_default();
        let is_ours = self.0.is_ours(issuer);
        let levels = self.0.levels(is_ours).load(Ordering::Acquire);
        if levels == 0 {
            return false;
        }
        let now = || seconds(self.now());
        // What does not say when it was issued was issued before anything.
        let issued = verified.issued_at().map_or(0, |date| seconds(date.as_duration()));
        let of_issuer = self.0.of_issuer(issuer);
        let holds = |level: Level, name: &str| {
            levels & level.bit() != 0 && self.0.index.is_revoked(key(&of_issuer, level, name), issued, now)
        };
        let session = verified.session_id();
        if verified.token_id().is_some_and(|id| holds(Level::Token, id))
            || session.as_deref().is_some_and(|id| holds(Level::Session, id))
        {
            return true;
        }
        // Whatever else bears that name was not made for one of our sessions.
        if is_ours && session.is_some_and(|id| id.parse::<SessionId>().is_ok()) {
            // A login right after is good, in the same second too.
            let issued = issued.saturating_add(1);
            let of_issuer = || key(&of_issuer, Level::Issuer, "");
            return levels & Level::Issuer.bit() != 0 && self.0.index.is_revoked(of_issuer(), issued, now);
        }
        holds(Level::Issuer, "")
            || verified.subject().is_some_and(|subject| holds(Level::Subject, subject))
            || verified.client_id().is_some_and(|client| holds(Level::Client, &client))
            || levels & Level::Tenant.bit() != 0 && self.tenant_is_revoked(verified, is_ours, holds)
    }

    /// A tenant that is no string is none that could be trusted, where the issuer is ours. What others call a tenant is
    /// theirs.
    fn tenant_is_revoked(
        &self,
        verified: &Verified,
        is_ours: bool,
        holds: impl Fn(Level, &str) -> bool,
    ) -> bool {
        match verified.claim::<String>(self.0.rules.tenant_claim) {
            Ok(tenant) => tenant.is_some_and(|tenant| holds(Level::Tenant, &tenant)),
            Err(_) => is_ours,
        }
    }

    /// Takes back what a line of the log names, in this process alone: for a service that keeps or follows a log of its
    /// own. Whoever asks after this returns is told of it.
    ///
    /// ```
    /// use core::time::Duration;
    /// use jwt_core::{Clock as _, SystemClock};
    /// use jwt_session::{Revocation, Revocations, Revoked};
    ///
    /// let revocations = Revocations::builder("https://id.example.com/").build();
    /// let (what, day) = (Revoked::Token("a jti".to_owned()), Duration::from_secs(86_400));
    /// revocations.add(&Revocation::new("https://id.example.com/", what, SystemClock.now(), day))?;
    /// assert_eq!(revocations.len(), 1);
    /// # Ok::<(), jwt_session::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreErrorKind::Full`]: there are more than 16 million entries.
    pub fn add(&self, revocation: &Revocation) -> Result<(), StoreError> {
        let Some(level) = Level::of(&revocation.what) else { return Ok(()) };
        let key = key(&self.0.of_issuer(&revocation.issuer), level, &revocation.what.name());
        let cutoff = if revocation.what.is_exact() { u32::MAX } else { revocation.cutoff };
        let entry = Entry { cutoff, until: revocation.until };
        let forgotten = || self.forgotten();
        self.0.index.insert(key, entry, forgotten).map_err(|Full| StoreErrorKind::Full)?;
        let is_ours = self.0.is_ours(&revocation.issuer);
        self.0.levels(is_ours).fetch_or(level.bit(), Ordering::Release);
        Ok(())
    }

    /// The claim that names the tenant.
    pub(crate) fn tenant_claim(&self) -> &'static str {
        self.0.rules.tenant_claim
    }

    /// The time by which it judges.
    pub(crate) fn now(&self) -> Duration {
        self.0.rules.clock.now()
    }

    /// The time by which what expired may be forgotten; none where the clock has just begun or jumped.
    pub(crate) fn forgotten(&self) -> Option<u32> {
        let now = self.now();
        self.0.steady.may_forget(now).then(|| seconds(now))
    }

    /// How often the clock has jumped, up to now.
    pub(crate) fn jumps(&self) -> u64 {
        _ = self.forgotten();
        self.0.steady.jumps()
    }

    /// Forgets what no living token is concerned by, a little at a time.
    pub(crate) fn remove_expired(&self, now: u32) -> impl Iterator<Item = ()> {
        self.0.index.remove_expired(now)
    }

    /// What others have revoked is known as of then.
    pub(crate) fn caught_up(&self, as_of: Instant) {
        self.0.caught_up.fetch_max(millis(as_of.saturating_duration_since(self.0.began)), Ordering::AcqRel);
        if !self.lags() {
            self.0.unchecked.heals();
        }
    }

    /// How long ago it was last known what other processes have revoked.
    pub(crate) fn lag(&self) -> Duration {
        let caught_up = Duration::from_millis(self.0.caught_up.load(Ordering::Acquire));
        self.0.began.elapsed().saturating_sub(caught_up)
    }

    /// Whether that is too long ago.
    fn lags(&self) -> bool {
        self.0.rules.most_lag.is_some_and(|most| self.lag() > most)
    }

    /// For how many requests [`insecure_fail_open`](crate::SessionsBuilder::insecure_fail_open) has had the check pass as yet.
    #[must_use]
    pub fn unchecked(&self) -> u64 {
        self.0.unchecked.requests()
    }

    /// Whether a token of our issuer is good for so long that what takes it back would expire first.
    fn outlives(&self, verified: &Verified) -> bool {
        let Inner { rules, .. } = &*self.0;
        let Some(longest) = rules.longest.filter(|_| verified.issuer() == Some(&*rules.issuer)) else {
            return false;
        };
        match (verified.issued_at(), verified.expires_at()) {
            (Some(issued), Some(expires)) => {
                expires.as_duration().saturating_sub(issued.as_duration()) > longest
            }
            _ => true,
        }
    }

    /// Whether the session of this `sid` was taken back.
    #[cfg(test)]
    pub(crate) fn holds_session(&self, id: &str) -> bool {
        let now = seconds(self.now());
        self.0.index.is_revoked(key(&self.0.ours, Level::Session, id), now, || now)
    }

    /// How many tokens, sessions and cutoffs are held; some may have expired.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.index.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Inner {
    fn is_ours(&self, issuer: &str) -> bool {
        *issuer == *self.rules.issuer
    }

    const fn levels(&self, is_ours: bool) -> &AtomicU8 {
        if is_ours { &self.levels_of_ours } else { &self.levels_of_others }
    }

    /// The hash of a name, as far as the issuer: most tokens are of one, which is hashed once.
    fn of_issuer(&self, issuer: &str) -> DefaultHasher {
        if self.is_ours(issuer) {
            return self.ours.clone();
        }
        let mut hasher = self.hash.build_hasher();
        issuer.hash(&mut hasher);
        hasher
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Of the name of a level, behind its issuer.
fn key(of_issuer: &DefaultHasher, level: Level, name: &str) -> u64 {
    let mut hasher = of_issuer.clone();
    hasher.write_u8(level.number());
    hasher.write(name.as_bytes());
    hasher.finish()
}

impl Check for Revocations {
    fn name(&self) -> &'static str {
        "revocation"
    }

    fn check(&self, verified: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        if self.0.rules.needs_token_id && verified.token_id().is_none() {
            return CheckOutcome::refuse(Reason::MissingClaim);
        }
        if self.is_revoked(verified) {
            return CheckOutcome::refuse(Reason::Revoked);
        }
        if self.outlives(verified) {
            return CheckOutcome::refuse(Reason::LifetimeTooLong);
        }
        if self.lags() {
            if !self.0.rules.fails_open {
                return CheckOutcome::refuse(Reason::StoreUnavailable);
            }
            self.0.unchecked.let_through(self.lag());
        }
        CheckOutcome::pass()
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").field("len", &self.len()).finish_non_exhaustive()
    }
}

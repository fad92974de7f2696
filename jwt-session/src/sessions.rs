//! Sessions: started after a login, refreshed, listed, ended.

mod builder;
mod ending;
mod issuer;
mod new_session;
mod provider;
mod revoking;
mod tokens;
mod transact;
mod upkeep;

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Arc, OnceLock};

use tokio::task::AbortHandle;
use tokio::time::Instant;

pub use self::builder::SessionsBuilder;
pub use self::issuer::SessionIssuer;
pub(crate) use self::new_session::shown;
pub use self::new_session::{LoginBegun, NewSession};
pub use self::tokens::{Refresh, SessionTokens};
use crate::events::{Events, SecurityEvent};
use crate::patience::Patient;
use crate::random::random;
use crate::refresh_token::{Nonce, RefreshToken};
use crate::revocation::{Revocation, Revocations, Revoked, cutoff_name, name_at_provider};
use crate::rotation::{Presented, RefreshRules, Refused, Rotation, rotate};
use crate::session::{EndReason, Session};
use crate::session_error::{RefreshRefusal, SessionError};
use crate::session_id::SessionId;
use crate::session_info::SessionInfo;
use crate::store::{Of, Scope, SessionStore, Transaction};

/// Sessions that are listed, or ended, at a time.
const PAGE: usize = 100;

/// Starts, refreshes, lists and ends sessions.
///
/// A session is a login that lasts: a short-lived access token, which every service verifies by itself, and a refresh
/// token, which buys the next one here. Ending the session takes both back, the access token by
/// [`revocations`](Self::revocations), which is asked on each request and asks nobody.
///
/// What changes something is done to its end, on a task of its own, also where its future is dropped: in a runtime of
/// tokio, and else by a store that does not wait.
///
/// Clones are the same sessions.
#[derive(Clone)]
pub struct Sessions(Arc<Inner>);

struct Inner {
    issuer: SessionIssuer,
    store: Patient<dyn SessionStore>,
    revocations: Revocations,
    rules: RefreshRules,
    absolute: Duration,
    most_sessions: usize,
    /// How long a token may be good, by any node's clock.
    longest: Duration,
    events: Events,
    /// Up to where the log of revocations was read.
    read: AtomicU64,
    /// Jumps of the clock after which all of it was read again.
    jumps: AtomicU64,
    upkeep: OnceLock<[AbortHandle; 2]>,
}

impl Inner {
    fn read(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }

    fn has_read(&self, number: u64) {
        self.read.fetch_max(number, Ordering::AcqRel);
    }

    fn set_read(&self, number: u64) {
        self.read.store(number, Ordering::Release);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.upkeep.get().into_iter().flatten().for_each(AbortHandle::abort);
    }
}

impl Sessions {
    /// Starts with who signs the access tokens, an [`Issuer`](jwt_core::Issuer), a [`KeyRing`](crate::KeyRing) or a
    /// [`RemoteIssuer`](crate::RemoteIssuer), and where sessions are kept.
    pub fn builder(issuer: impl Into<SessionIssuer>, store: impl SessionStore) -> SessionsBuilder {
        SessionsBuilder::new(issuer.into(), Arc::new(store))
    }

    /// To be asked before the credentials of a login are checked, for
    /// [`with_login_begun`](NewSession::with_login_begun). The ready-made routes do so by themselves.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn begin_login(&self) -> Result<LoginBegun, SessionError> {
        Ok(LoginBegun(self.0.store.revocations(u64::MAX, 0).await?.newest))
    }

    /// Starts a session. The application has checked who it is.
    ///
    /// Where the subject has as many sessions as it may, the one that was not used for longest is ended.
    ///
    /// # Errors
    /// - [`SessionError::Unfit`]: a name is empty, too long, or not one that a token may say; or a custom claim has a method
    ///   of its own.
    /// - [`SessionError::RevokedMeanwhile`]: since the login began, its subject, client, tenant or issuer was taken back, or
    ///   the provider's session ended.
    /// - [`SessionError::Store`], [`SessionError::Issue`], [`SessionError::NotSigned`], [`SessionError::NoRandomBits`].
    pub async fn start(&self, new: NewSession) -> Result<SessionTokens, SessionError> {
        new.check(self.0.revocations.tenant_claim())?;
        let begun = match new.begun {
            Some(begun) => begun,
            None => self.begin_login().await?,
        };
        let (id, tag_key, now) = (SessionId::generate()?, random()?, self.now());
        let token = RefreshToken::first(id, random()?, &tag_key);
        let mut session = new.session(id, self.0.issuer.name(), begun, &token, tag_key);
        session.begin(now, self.0.absolute, self.0.rules.idle);
        // Signed first: what cannot be signed is not written, and ends nobody's session.
        let tokens = self.tokens(&session, &token, None, now).await?;
        let sessions = self.clone();
        let started = self.to_its_end(async move { sessions.start_signed(session).await }).await?;
        Ok(tokens.written(&started, &token))
    }

    async fn start_signed(&self, mut session: Session) -> Result<Session, SessionError> {
        let (inner, why) = (&*self.0, EndReason::TooManySessions);
        let (subject, mut cutoffs) = (session.subject.clone(), session.cutoff_names());
        cutoffs.push(cutoff_name("subject", &session.issuer, &subject));
        let provider = session.provider_session().map(|(issuer, id)| name_at_provider(issuer, id));
        cutoffs.extend(provider.map(|name| cutoff_name("provider_session", &session.issuer, &name)));
        let start = |transaction: &mut Transaction| {
            if transaction.cutoff() > session.since {
                return None;
            }
            let now = transaction.now();
            let mut live = transaction.sessions().to_vec();
            live.retain(|session| session.is_live(now) && self.is_ours(session));
            live.sort_by_key(|session| (session.last_used, session.id));
            let surplus = live.len().saturating_add(1).saturating_sub(inner.most_sessions);
            let oldest = live.into_iter().take(surplus);
            let ended: Vec<_> = oldest.filter_map(|session| self.end_in(transaction, session, why)).collect();
            session.begin(now, inner.absolute, inner.rules.idle);
            transaction.insert(session.clone());
            Some((session.clone(), ended))
        };
        let scope = Scope::Login { subject: &subject, cutoffs: &cutoffs };
        let started = self.transact_and(scope, start, false).await?;
        let (started, ended) = started.ok_or(SessionError::RevokedMeanwhile)?;
        self.tell_ended(&ended, why);
        inner.events.tell(&SecurityEvent::Login { session: started.id, subject });
        Ok(started)
    }

    /// Exchanges a refresh token: for an access token and the refresh token that takes its place.
    ///
    /// Presented again within the grace, the same token has the same successor, so that neither a lost answer nor two
    /// tabs of a browser end the session. Whatever is older ends it.
    ///
    /// # Errors
    /// - [`SessionError::Refused`]: the token is not good, and the client has to log in.
    /// - [`SessionError::Store`], [`SessionError::Issue`], [`SessionError::NotSigned`], [`SessionError::NoRandomBits`].
    pub async fn refresh(
        &self,
        refresh_token: &str,
        refresh: Refresh<'_>,
    ) -> Result<SessionTokens, SessionError> {
        let token = RefreshToken::parse(refresh_token).ok_or(RefreshRefusal::Unknown)?;
        let nonce = random()?;
        let asked = Instant::now();
        let waited = Duration::ZERO;
        let presented = Presented { token: &token, client: refresh.client, scope: refresh.scope, waited };
        let mut read = self.record(token.session).await?.ok_or(RefreshRefusal::Unknown)?;
        // Signed first: where the signer is away nothing changes, and the same token is good when it is back.
        let now = self.now();
        let mut signed = match rotate(&mut read, presented, &self.0.rules, nonce, now) {
            // What stays so by every clock needs no transaction, so that guesses hold nobody up.
            Rotation::Refused(refused @ (Refused::Guess | Refused::Ended(_))) => {
                return Err(RefreshRefusal::from(refused).into());
            }
            Rotation::Rotated(successor) | Rotation::Again(successor) => {
                Some(self.tokens(&read, &successor, refresh.scope, now).await?)
            }
            Rotation::Refused(_) | Rotation::Ends(_) => None,
        };
        loop {
            let (sessions, token, is_signed) = (self.clone(), token.clone(), signed.is_some());
            let (client, scope) = (refresh.client.map(str::to_owned), refresh.scope.map(str::to_owned));
            let rotated = self.to_its_end(async move {
                let (client, scope) = (client.as_deref(), scope.as_deref());
                let presented = Presented { token: &token, client, scope, waited };
                sessions.refresh_signed(presented, asked, nonce, is_signed).await
            });
            let (session, successor, now) = rotated.await?;
            match signed.take() {
                Some(tokens) => return Ok(tokens.written(&session, &successor)),
                // The store's clock says otherwise than ours. Nothing has changed yet.
                None => signed = Some(self.tokens(&session, &successor, refresh.scope, now).await?),
            }
        }
    }

    /// Writes what comes of a refresh token. A successor is written only where an access token is there to go with it.
    async fn refresh_signed(
        &self,
        presented: Presented<'_>,
        asked: Instant,
        nonce: Nonce,
        is_signed: bool,
    ) -> Result<(Session, RefreshToken, Duration), SessionError> {
        let inner = &*self.0;
        let rotate = |transaction: &mut Transaction| {
            let session = transaction.sessions().first().filter(|it| self.is_ours(it))?;
            let (mut session, now) = (session.clone(), transaction.now());
            // All of its client, tenant or issuer was taken back, and nobody has come to this one yet.
            if session.ended.is_none() && transaction.cutoff() > session.since {
                let ended = self.end_in(transaction, session.clone(), EndReason::LogoutAll);
                return Some((session, Rotation::Refused(Refused::Ended(EndReason::LogoutAll)), ended, now));
            }
            let before = session.clone();
            let waited = if is_signed { asked.elapsed() } else { Duration::ZERO };
            let presented = Presented { waited, ..presented };
            let rotation = rotate(&mut session, presented, &inner.rules, nonce, now);
            let gives = matches!(rotation, Rotation::Rotated(_) | Rotation::Again(_));
            if let Rotation::Ends(_) = rotation {
                transaction.revoke(self.revocation_of(session.id, now));
            }
            if session != before && (is_signed || !gives) {
                transaction.update(session.clone());
            }
            Some((session, rotation, None, now))
        };
        let outcome = self.transact(Scope::Session(presented.token.session), rotate).await?;
        let (session, rotation, ended, now) = outcome.ok_or(RefreshRefusal::Unknown)?;
        self.tell_ended(ended.as_slice(), EndReason::LogoutAll);
        let (subject, id) = (session.subject.clone(), session.id);
        let (successor, again) = match rotation {
            Rotation::Rotated(successor) => (successor, false),
            Rotation::Again(successor) => (successor, true),
            Rotation::Ends(why @ EndReason::OtherClient) => {
                inner.events.tell(&SecurityEvent::Logout { session: id, subject, why });
                return Err(RefreshRefusal::OtherClient.into());
            }
            Rotation::Ends(_) => {
                inner.events.tell(&SecurityEvent::RefreshReuse { session: id, subject });
                return Err(RefreshRefusal::Reuse.into());
            }
            Rotation::Refused(refused) => return Err(RefreshRefusal::from(refused).into()),
        };
        if is_signed {
            inner.events.tell(&SecurityEvent::Refresh { session: id, subject, again });
        }
        Ok((session, successor, now))
    }

    /// The session of a refresh token, whatever its age: for a logout by it. None where it was never given out.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn session_of(&self, refresh_token: &str) -> Result<Option<SessionInfo>, SessionError> {
        let Some(token) = RefreshToken::parse(refresh_token) else { return Ok(None) };
        let session = self.record(token.session).await?;
        Ok(session.filter(|session| token.is_genuine(&session.tag_key)).map(SessionInfo::from))
    }

    /// A session of this issuer, ended and expired or not.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionInfo>, SessionError> {
        Ok(self.record(id).await?.map(SessionInfo::from))
    }

    async fn record(&self, id: SessionId) -> Result<Option<Session>, SessionError> {
        let session = self.0.store.sessions(Of::Session(id), None, 1).await?.pop();
        Ok(session.filter(|session| self.is_ours(session)))
    }

    /// The live sessions of a subject, the one that was used last first.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn list(&self, subject: &str) -> Result<Vec<SessionInfo>, SessionError> {
        let now = self.now();
        let (mut live, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.store.sessions(Of::NotEnded(subject), after, PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(Session::id);
            live.extend(page.into_iter().filter(|session| session.is_live(now) && self.is_ours(session)));
            if is_last {
                break;
            }
        }
        live.sort_by_key(|session| core::cmp::Reverse((session.last_used, session.id)));
        Ok(live.into_iter().map(SessionInfo::from).collect())
    }

    /// What is revoked, in memory: the check for the request path.
    #[must_use]
    pub fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    /// The `iss` of its tokens.
    pub(crate) fn issuer_name(&self) -> &str {
        self.0.issuer.name()
    }

    /// Where its events go.
    pub(crate) fn events(&self) -> &Events {
        &self.0.events
    }

    /// The time by which sessions are judged.
    pub(crate) fn now(&self) -> Duration {
        self.0.revocations.now()
    }

    /// Ends a session that was read; tells which, where it had not ended. One that expired a moment ago too, for verifiers
    /// have a leeway.
    fn end_in(&self, transaction: &mut Transaction, mut session: Session, why: EndReason) -> Option<Session> {
        let now = transaction.now();
        if !session.end(why, now) {
            return None;
        }
        transaction.update(session.clone());
        transaction.revoke(self.revocation_of(session.id, now));
        Some(session)
    }

    /// That a line of this level was written, where it does not end one session that is told of by itself.
    fn tell_revoked(&self, level: Option<&'static str>) {
        if let Some(level) = level {
            self.0.events.tell(&SecurityEvent::Revoked { level });
        }
    }

    fn tell_ended(&self, ended: &[Session], why: EndReason) {
        for session in ended {
            let subject = session.subject.clone();
            self.0.events.tell(&SecurityEvent::Logout { session: session.id, subject, why });
        }
    }

    fn revocation_of(&self, id: SessionId, now: Duration) -> Revocation {
        self.revocation(Revoked::Session(id.to_string()), now)
    }

    /// Kept for as long as a token that it concerns may live; one that ends sessions, as long as a session may.
    fn revocation(&self, what: Revoked, now: Duration) -> Revocation {
        let longest = match what {
            Revoked::Client(_) | Revoked::Tenant(_) | Revoked::Issuer => self.0.longest.max(self.0.absolute),
            Revoked::Token(_) | Revoked::Session(_) | Revoked::Subject(_) => self.0.longest,
            // Its sessions are ended one by one; a login that takes longer than this is met by no subject's line either.
            Revoked::ProviderSession { .. } => self.0.longest,
        };
        Revocation::new(self.0.issuer.name(), what, now, longest)
    }

    /// Another issuer's sessions may be in the same store.
    fn is_ours(&self, session: &Session) -> bool {
        session.issuer == self.0.issuer.name()
    }

    async fn tokens(
        &self,
        session: &Session,
        refresh_token: &RefreshToken,
        scope: Option<&str>,
        now: Duration,
    ) -> Result<SessionTokens, SessionError> {
        let tenant_claim = self.0.revocations.tenant_claim();
        SessionTokens::issue(&self.0.issuer, tenant_claim, session, refresh_token, scope, now).await
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("issuer", &self.0.issuer.name()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod clocks;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;

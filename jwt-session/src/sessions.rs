//! Sessions: started after a login, refreshed, listed, ended.

mod builder;
mod issuer;
mod new_session;
mod patience;
mod provider;
mod tokens;
mod transact;

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::Arc;

pub use self::builder::SessionsBuilder;
pub use self::issuer::SessionIssuer;
pub use self::new_session::NewSession;
pub(crate) use self::new_session::shown;
pub use self::tokens::{Refresh, SessionTokens};
use crate::events::{Events, SecurityEvent};
use crate::random::random;
use crate::refresh_token::RefreshToken;
use crate::revocation::{Revocation, Revocations, Revoked};
use crate::rotation::{Presented, RefreshRules, Refused, Rotation, rotate};
use crate::session::{EndReason, Session};
use crate::session_error::{RefreshRefusal, SessionError};
use crate::session_id::SessionId;
use crate::store::{Of, Scope, SessionStore, StoreErrorKind, Transaction};

/// Sessions that are listed, or ended, at a time.
const PAGE: usize = 100;

/// Starts, refreshes, lists and ends sessions.
///
/// A session is a login that lasts: a short-lived access token, which every service verifies by itself, and a refresh
/// token, which buys the next one here. Ending the session takes both back, the access token by
/// [`revocations`](Self::revocations), which is asked on each request and asks nobody.
///
/// Clones are the same sessions.
#[derive(Clone)]
pub struct Sessions(Arc<Inner>);

struct Inner {
    issuer: SessionIssuer,
    store: Arc<dyn SessionStore>,
    revocations: Revocations,
    rules: RefreshRules,
    absolute: Duration,
    most_sessions: usize,
    /// How long an access token may be good, by any node's clock.
    longest: Duration,
    events: Events,
    /// Up to where the log of revocations was read.
    read: AtomicU64,
}

impl Sessions {
    /// Starts with who signs the access tokens, an [`Issuer`](jwt_core::Issuer), a [`KeyRing`](crate::KeyRing) or a
    /// [`RemoteIssuer`](crate::RemoteIssuer), and where sessions are kept.
    pub fn builder(issuer: impl Into<SessionIssuer>, store: impl SessionStore) -> SessionsBuilder {
        SessionsBuilder::new(issuer.into(), Arc::new(store))
    }

    /// Starts a session. The application has checked who it is.
    ///
    /// Where the subject has as many sessions as it may, the one that was not used for longest is ended.
    ///
    /// # Errors
    /// - [`SessionError::Unfit`]: a name is empty, too long, or not one that a token may say.
    /// - [`SessionError::Store`], [`SessionError::Issue`], [`SessionError::NotSigned`], [`SessionError::NoRandomBits`].
    pub async fn start(&self, new: NewSession) -> Result<SessionTokens, SessionError> {
        new.check()?;
        let (id, tag_key) = (SessionId::generate()?, random()?);
        let token = RefreshToken::first(id, random()?, &tag_key);
        let inner = &*self.0;
        let session = |now: Duration| {
            let absolute_end = now.saturating_add(inner.absolute);
            new.session(id, &token, tag_key, now, absolute_end, inner.rules.idle)
        };
        // Signed first: what cannot be signed is not written, and ends nobody's session.
        let now = self.now();
        let tokens = self.tokens(&session(now), &token, None, now).await?;
        let why = EndReason::TooManySessions;
        let start = |transaction: &mut Transaction| {
            let now = transaction.now();
            let mut live = transaction.sessions().to_vec();
            live.retain(|session| session.is_live(now));
            live.sort_by_key(|session| (session.last_used, session.id));
            let surplus = live.len().saturating_add(1).saturating_sub(inner.most_sessions);
            let oldest = live.into_iter().take(surplus);
            let ended: Vec<_> = oldest.filter_map(|session| self.end_in(transaction, session, why)).collect();
            let session = session(now);
            transaction.insert(session.clone());
            (session, ended)
        };
        let (started, ended) = self.transact_and(Scope::Subject(&new.subject), start, false).await?;
        self.tell_ended(&ended, why);
        inner.events.tell(&SecurityEvent::Login { session: id, subject: started.subject.clone() });
        Ok(tokens.written(&started, &token))
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
        let inner = &*self.0;
        let presented = Presented { token: &token, client: refresh.client, scope: refresh.scope };
        let rotate = |session: &mut Session, now| rotate(session, presented, &inner.rules, nonce, now);
        let mut read = self.session(token.session).await?.ok_or(RefreshRefusal::Unknown)?;
        // Signed first: where the signer is away nothing changes, and the same token is good when it is back.
        let now = self.now();
        let mut signed = match rotate(&mut read, now) {
            // What stays so by every clock needs no transaction, so that guesses hold nobody up.
            Rotation::Refused(refused @ (Refused::Guess | Refused::Ended(_))) => {
                return Err(RefreshRefusal::from(refused).into());
            }
            Rotation::Rotated(successor) | Rotation::Again(successor) => {
                Some(self.tokens(&read, &successor, refresh.scope, now).await?)
            }
            Rotation::Refused(_) | Rotation::Ends(_) => None,
        };
        let (session, rotation, tokens) = loop {
            let is_signed = signed.is_some();
            let outcome = self
                .transact(Scope::Session(token.session), |transaction| {
                    let mut session = transaction.sessions().first()?.clone();
                    let before = session.clone();
                    let rotation = rotate(&mut session, transaction.now());
                    let gives = matches!(rotation, Rotation::Rotated(_) | Rotation::Again(_));
                    if let Rotation::Ends(_) = rotation {
                        transaction.revoke(self.revocation_of(session.id, transaction.now()));
                    }
                    if session != before && (is_signed || !gives) {
                        transaction.update(session.clone());
                    }
                    Some((session, rotation, transaction.now()))
                })
                .await?;
            let (session, rotation, now) = outcome.ok_or(RefreshRefusal::Unknown)?;
            match (&rotation, signed.take()) {
                // The store's clock says otherwise than ours. Nothing has changed yet.
                (Rotation::Rotated(successor) | Rotation::Again(successor), None) => {
                    signed = Some(self.tokens(&session, successor, refresh.scope, now).await?);
                }
                (_, tokens) => break (session, rotation, tokens),
            }
        };
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
        inner.events.tell(&SecurityEvent::Refresh { session: id, subject, again });
        // There: without tokens the loop goes on.
        let tokens = tokens.ok_or(StoreErrorKind::Failed)?;
        Ok(tokens.written(&session, &successor))
    }

    /// The session of a refresh token, whatever its age: for a logout by it. None where it was never given out.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn session_of(&self, refresh_token: &str) -> Result<Option<Session>, SessionError> {
        let Some(token) = RefreshToken::parse(refresh_token) else { return Ok(None) };
        let session = self.session(token.session).await?;
        Ok(session.filter(|session| token.is_genuine(&session.tag_key)))
    }

    /// A session, ended and expired or not.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, SessionError> {
        Ok(self.0.store.sessions(Of::Session(id), None, 1).await?.pop())
    }

    /// The live sessions of a subject, the one that was used last first.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn list(&self, subject: &str) -> Result<Vec<Session>, SessionError> {
        let now = self.now();
        let (mut live, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.store.sessions(Of::Subject(subject), after, PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map(Session::id);
            live.extend(page.into_iter().filter(|session| session.is_live(now)));
            if is_last {
                break;
            }
        }
        live.sort_by_key(|session| core::cmp::Reverse((session.last_used, session.id)));
        Ok(live)
    }

    /// Ends a session: its refresh token is worth nothing, its access tokens are refused from now on, by this process also
    /// where another one ended it before. Tells whether this ended it; one that expired, too.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn end(&self, id: SessionId) -> Result<bool, SessionError> {
        self.end_because(id, EndReason::Logout).await
    }

    /// As [`end`](Self::end), for another reason.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn end_because(&self, id: SessionId, why: EndReason) -> Result<bool, SessionError> {
        let (ended, before) = self
            .transact(Scope::Session(id), |transaction| {
                let Some(session) = transaction.sessions().first().cloned() else { return (None, None) };
                (self.end_in(transaction, session.clone(), why), Some(session))
            })
            .await?;
        self.tell_ended(ended.as_slice(), why);
        before.map_or(Ok(()), |before| self.learn_of(&before))?;
        Ok(ended.is_some())
    }

    /// Ends all sessions of a subject, and takes back whatever else the issuer issued to it up to now. Tells how many
    /// sessions this ended. A login right after is good.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn end_all(&self, subject: &str) -> Result<usize, SessionError> {
        self.end_all_because(subject, EndReason::LogoutAll, None).await
    }

    /// After a change of the password: ends all sessions of a subject but the one in which it was changed, and takes
    /// back whatever else was issued to it up to now. Tells how many sessions this ended.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn password_changed(
        &self,
        subject: &str,
        but: Option<SessionId>,
    ) -> Result<usize, SessionError> {
        self.end_all_because(subject, EndReason::PasswordChanged, but).await
    }

    pub(crate) async fn end_all_because(
        &self,
        subject: &str,
        why: EndReason,
        but: Option<SessionId>,
    ) -> Result<usize, SessionError> {
        let ended = self
            .transact(Scope::Subject(subject), |transaction| {
                let all = transaction.sessions().to_vec();
                let all = all.into_iter().filter(|session| Some(session.id) != but);
                let ended: Vec<_> =
                    all.filter_map(|session| self.end_in(transaction, session, why)).collect();
                let what = Revoked::Subject(subject.to_owned());
                transaction.revoke(self.revocation(what, transaction.now()));
                ended
            })
            .await?;
        self.tell_ended(&ended, why);
        // Those that had ended are not among these.
        self.learn_of_all(subject).await?;
        Ok(ended.len())
    }

    /// Takes back what bears a name: a token, or all that was issued up to now to a subject, client or tenant or by the
    /// issuer, their sessions included.
    ///
    /// # Errors
    /// [`SessionError::Store`]. What was ended before that stays so: call again.
    pub async fn revoke(&self, what: Revoked) -> Result<(), SessionError> {
        match &what {
            Revoked::Session(id) => {
                if let Ok(id) = id.parse() {
                    self.end(id).await?;
                }
            }
            Revoked::Subject(subject) => return self.end_all(subject).await.map(drop),
            Revoked::Client(client) => self.end_pages(Of::Client(client)).await?,
            Revoked::Tenant(tenant) => self.end_pages(Of::Tenant(tenant)).await?,
            Revoked::Issuer => self.end_pages(Of::Everybody).await?,
            Revoked::Token(_) => {}
        }
        let level = what.level();
        self.transact(Scope::Nobody, |transaction| {
            transaction.revoke(self.revocation(what.clone(), transaction.now()));
        })
        .await?;
        self.0.events.tell(&SecurityEvent::Revoked { level });
        Ok(())
    }

    /// Those that were there before this was called; one by one, for they may be millions.
    async fn end_pages(&self, of: Of<'_>) -> Result<(), SessionError> {
        let mut after = None;
        loop {
            let page = self.0.store.sessions(of, after, PAGE).await?;
            for session in &page {
                match session.ended {
                    Some(_) => self.learn_of(session)?,
                    None => self.end_because(session.id, EndReason::LogoutAll).await.map(drop)?,
                }
            }
            after = page.last().map(Session::id);
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    async fn learn_of_all(&self, subject: &str) -> Result<(), SessionError> {
        let mut after = None;
        loop {
            let page = self.0.store.sessions(Of::Subject(subject), after, PAGE).await?;
            page.iter().try_for_each(|session| self.learn_of(session))?;
            after = page.last().map(Session::id);
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Where a session had ended, another process may have ended it, a moment ago: whoever ends it here finds it refused
    /// here.
    fn learn_of(&self, session: &Session) -> Result<(), SessionError> {
        let ended = session.ended.map(|ended| self.revocation_of(session.id, ended.at));
        if let Some(revocation) = ended.filter(|revocation| self.now() < revocation.expiry()) {
            self.0.revocations.add(&revocation)?;
        }
        Ok(())
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

    /// Reads what other processes on the same store have revoked since the last time; until then it is not known here. A
    /// service of one process need not call it. To be called every second or so where there are several: a call that
    /// finds nothing is one small question to the store.
    ///
    /// # Errors
    /// [`SessionError::Store`]. Where that lasts, this process does not know what was revoked elsewhere.
    pub async fn catch_up(&self) -> Result<(), SessionError> {
        loop {
            let after = self.0.read.load(Ordering::Acquire);
            let page = self.0.store.revocations(after, PAGE).await?;
            for (number, revocation) in &page {
                self.0.revocations.add(revocation)?;
                self.0.read.fetch_max(*number, Ordering::AcqRel);
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Forgets what expired, here and in the store; tells how much. To be called now and then: every minute is fine.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn remove_expired(&self) -> Result<usize, SessionError> {
        self.0.revocations.remove_expired();
        Ok(self.0.store.remove_expired().await?)
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

    fn tell_ended(&self, ended: &[Session], why: EndReason) {
        for session in ended {
            let subject = session.subject.clone();
            self.0.events.tell(&SecurityEvent::Logout { session: session.id, subject, why });
        }
    }

    fn revocation_of(&self, id: SessionId, now: Duration) -> Revocation {
        self.revocation(Revoked::Session(id.to_string()), now)
    }

    fn revocation(&self, what: Revoked, now: Duration) -> Revocation {
        Revocation::new(self.0.issuer.name(), what, now, self.0.longest)
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

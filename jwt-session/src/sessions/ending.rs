//! Ending a session, or all of a subject.

use core::time::Duration;

use super::Sessions;
use crate::revocation::Revoked;
use crate::session::{EndReason, Session};
use crate::session_error::SessionError;
use crate::session_id::SessionId;
use crate::store::{Scope, Transaction};

impl Sessions {
    /// Ends a session: its refresh token is worth nothing, its access tokens are refused from now on. Tells whether
    /// this ended it; one that expired, too. What has ended, or is no longer in the store, is taken back all the same.
    ///
    /// # Errors
    /// [`SessionError::Store`]. It may have ended, and yet not be known here to have: call again.
    pub async fn end(&self, id: SessionId) -> Result<bool, SessionError> {
        self.end_because(id, EndReason::Logout).await
    }

    /// As [`end`](Self::end), for another reason.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn end_because(&self, id: SessionId, why: EndReason) -> Result<bool, SessionError> {
        let sessions = self.clone();
        self.to_its_end(async move { sessions.end_whole(id, why).await }).await
    }

    pub(super) async fn end_whole(&self, id: SessionId, why: EndReason) -> Result<bool, SessionError> {
        let end = |transaction: &mut Transaction| {
            let line = self.revocation_of(id, transaction.now());
            let session = transaction.sessions().first().filter(|it| self.is_ours(it)).cloned();
            let Some(session) = session else {
                // Lost, or never there: tokens of it may live.
                let told = Some(line.what().level());
                transaction.revoke(line);
                return (None, told, Ok(()));
            };
            match self.end_in(transaction, session, why) {
                Some(ended) => (Some(ended), None, Ok(())),
                // By another process, or at a time when there was no room to know it here.
                None => (None, None, self.0.revocations.add(&line)),
            }
        };
        let (ended, line, is_known) = self.transact(Scope::Session(id), end).await?;
        self.tell_revoked(line);
        self.tell_ended(ended.as_slice(), why);
        is_known?;
        self.catch_up().await?;
        Ok(ended.is_some())
    }

    /// Ends all sessions of a subject, and takes back whatever else the issuer issued to it up to now. Tells how many
    /// sessions this ended. A login right after is good.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn end_all(&self, subject: &str) -> Result<usize, SessionError> {
        self.end_all_because(subject, EndReason::LogoutAll, None, Duration::MAX).await
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
        self.end_all_because(subject, EndReason::PasswordChanged, but, Duration::MAX).await
    }

    /// Those that were started up to a time.
    pub(super) async fn end_all_because(
        &self,
        subject: &str,
        why: EndReason,
        but: Option<SessionId>,
        until: Duration,
    ) -> Result<usize, SessionError> {
        let (sessions, subject) = (self.clone(), subject.to_owned());
        self.to_its_end(async move { sessions.end_all_whole(&subject, why, but, until).await }).await
    }

    async fn end_all_whole(
        &self,
        subject: &str,
        why: EndReason,
        but: Option<SessionId>,
        until: Duration,
    ) -> Result<usize, SessionError> {
        let end = |transaction: &mut Transaction| {
            let is_meant = |session: &Session| {
                Some(session.id) != but && session.created <= until && self.is_ours(session)
            };
            let meant = transaction.sessions().to_vec().into_iter().filter(is_meant);
            let ended: Vec<_> = meant.filter_map(|session| self.end_in(transaction, session, why)).collect();
            let what = Revoked::Subject(subject.to_owned());
            let line = self.revocation(what, until.min(transaction.now()));
            let level = line.what().level();
            transaction.revoke(line);
            (ended, level)
        };
        let (ended, level) = self.transact(Scope::Subject(subject), end).await?;
        self.tell_revoked(Some(level));
        self.tell_ended(&ended, why);
        self.catch_up().await?;
        Ok(ended.len())
    }
}

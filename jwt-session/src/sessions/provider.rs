//! Sessions that an identity provider ends.

use core::time::Duration;

use super::{PAGE, Sessions};
use crate::revocation::Revoked;
use crate::session::{EndReason, Session};
use crate::session_error::SessionError;
use crate::session_id::SessionId;
use crate::store::{Of, SessionStore as _};

const WHY: EndReason = EndReason::ProviderLogout;

/// Each ends what was started up to a time: by what was started later somebody logged in again.
impl Sessions {
    /// Ends the sessions that were started by a session of an identity provider.
    pub(crate) async fn end_of_provider(
        &self,
        issuer: &str,
        session_id: &str,
        until: Duration,
    ) -> Result<(), SessionError> {
        let (sessions, issuer, session_id) = (self.clone(), issuer.to_owned(), session_id.to_owned());
        self.to_its_end(async move {
            sessions.stop_logins_of_provider(&issuer, &session_id).await?;
            let of = Of::ProviderSession { issuer: &issuer, session_id: &session_id };
            sessions.end_each(of, |session| session.created <= until).await
        })
        .await
    }

    /// Ends the sessions of a subject that were, or may have been, started by a session of an identity provider.
    pub(crate) async fn end_of_subject_and_provider(
        &self,
        subject: &str,
        issuer: &str,
        session_id: &str,
        until: Duration,
    ) -> Result<(), SessionError> {
        let (sessions, subject) = (self.clone(), subject.to_owned());
        let (issuer, session_id) = (issuer.to_owned(), session_id.to_owned());
        self.to_its_end(async move {
            sessions.stop_logins_of_provider(&issuer, &session_id).await?;
            // What does not say by which session it was started may be of this one.
            let may_be = |session: &Session| {
                session.provider_session().is_none_or(|by| by == (&*issuer, &*session_id))
            };
            let is_meant = |session: &Session| may_be(session) && session.created <= until;
            sessions.end_each(Of::NotEnded(&subject), is_meant).await
        })
        .await
    }

    /// Ends all sessions of a subject, and takes back whatever else was issued to it up to then.
    pub(crate) async fn end_all_by_provider(
        &self,
        subject: &str,
        until: Duration,
    ) -> Result<(), SessionError> {
        self.end_all_because(subject, WHY, None, until).await.map(drop)
    }

    /// Those by a session of an identity provider that are under way. Written before its sessions are looked for: what was
    /// started by then is found, and what was not is not started.
    async fn stop_logins_of_provider(&self, issuer: &str, session_id: &str) -> Result<(), SessionError> {
        let (issuer, session_id) = (issuer.to_owned(), session_id.to_owned());
        let what = Revoked::ProviderSession { issuer, session_id };
        self.write(|now| self.revocation(what.clone(), now)).await.map(drop)
    }

    async fn end_each(
        &self,
        of: Of<'_>,
        is_meant: impl Fn(&Session) -> bool + Send + Sync,
    ) -> Result<(), SessionError> {
        let mut after = None;
        loop {
            let page = self.0.store.sessions(of, after, PAGE).await?;
            let is_meant =
                |session: &&Session| session.ended.is_none() && self.is_ours(session) && is_meant(session);
            let ids: Vec<SessionId> = page.iter().filter(is_meant).map(Session::id).collect();
            for id in ids {
                self.end_whole(id, WHY).await?;
            }
            after = page.last().map(Session::id);
            if page.len() < PAGE {
                // What another process ended is known here too, where there was nothing left to end.
                return self.catch_up().await;
            }
        }
    }
}

//! Sessions that an identity provider started.

use core::time::Duration;

use super::{PAGE, Sessions};
use crate::revocation::Revoked;
use crate::session::{EndReason, Session};
use crate::session_error::SessionError;
use crate::store::{Of, Scope, SessionStore as _};

impl Sessions {
    /// Ends the sessions that were started by a session of an identity provider, up to a time: by one that was started
    /// later somebody logged in again.
    pub(crate) async fn end_of_provider(
        &self,
        issuer: &str,
        session_id: &str,
        until: Duration,
    ) -> Result<(), SessionError> {
        let mut after = None;
        loop {
            let of = Of::ProviderSession { issuer, session_id };
            let page = self.0.store.sessions(of, after, PAGE).await?;
            for session in page.iter().filter(|session| session.ended.is_none() && session.created <= until) {
                self.end_because(session.id, EndReason::ProviderLogout).await?;
            }
            after = page.last().map(Session::id);
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Ends all sessions of a subject that were started up to a time, and takes back whatever else was issued to it up to
    /// then.
    pub(crate) async fn end_all_by_provider(
        &self,
        subject: &str,
        until: Duration,
    ) -> Result<(), SessionError> {
        let why = EndReason::ProviderLogout;
        let ended = self
            .transact(Scope::Subject(subject), |transaction| {
                let meant = transaction.sessions().to_vec().into_iter();
                let meant = meant.filter(|session| session.created <= until);
                let ended: Vec<_> =
                    meant.filter_map(|session| self.end_in(transaction, session, why)).collect();
                let cutoff = until.min(transaction.now());
                transaction.revoke(self.revocation(Revoked::Subject(subject.to_owned()), cutoff));
                ended
            })
            .await?;
        self.tell_ended(&ended, why);
        Ok(())
    }
}

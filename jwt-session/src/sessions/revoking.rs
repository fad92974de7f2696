//! Taking back more than a session: a token, or all of a client, a tenant or the issuer.

use core::time::Duration;

use jwt_core::Verified;

use super::builder::LEEWAY_AND_CLOCKS;
use super::{PAGE, Sessions};
use crate::revocation::{Revocation, Revoked};
use crate::session::{EndReason, Session};
use crate::session_error::SessionError;
use crate::session_id::SessionId;
use crate::store::{Of, Scope, SessionStore as _};

impl Sessions {
    /// Takes back what bears a name: a token, or all that was issued up to now to a subject, client or tenant or by the
    /// issuer, their sessions included; or the sessions that a session of an identity provider started.
    ///
    /// Sessions of a client, a tenant or the issuer cannot be refreshed as soon as the first line is written; they are ended
    /// after that, a hundred at a time. A token is taken back for as long as
    /// [the longest](crate::SessionsBuilder::with_longest_lifetime) may live; where the token is at hand,
    /// [`revoke_token`](Self::revoke_token) knows better.
    ///
    /// # Errors
    /// [`SessionError::Store`]. What was ended before that stays so: call again.
    pub async fn revoke(&self, what: Revoked) -> Result<(), SessionError> {
        match what {
            Revoked::Session(ref id) if id.parse::<SessionId>().is_ok() => {
                let id = id.parse().unwrap_or(SessionId::from_bytes([0; 16]));
                self.end(id).await.map(drop)
            }
            Revoked::Subject(subject) => self.end_all(&subject).await.map(drop),
            Revoked::ProviderSession { issuer, session_id } => {
                self.end_of_provider(&issuer, &session_id, Duration::MAX).await
            }
            what => {
                let sessions = self.clone();
                self.to_its_end(async move { sessions.revoke_whole(what).await }).await
            }
        }
    }

    /// Takes back one token, until it has expired for everybody; of another issuer, too. One without a `jti` cannot be.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn revoke_token(&self, token: &Verified) -> Result<(), SessionError> {
        let Some(line) = Revocation::of_token(token, self.now(), LEEWAY_AND_CLOCKS) else { return Ok(()) };
        let sessions = self.clone();
        self.to_its_end(async move { sessions.write(line).await }).await
    }

    async fn revoke_whole(&self, what: Revoked) -> Result<(), SessionError> {
        self.write(self.revocation(what.clone(), self.now())).await?;
        match &what {
            Revoked::Client(client) => self.end_pages(Of::Client(client)).await?,
            Revoked::Tenant(tenant) => self.end_pages(Of::Tenant(tenant)).await?,
            Revoked::Issuer => self.end_pages(Of::Everybody).await?,
            Revoked::Token(_) | Revoked::Session(_) | Revoked::Subject(_) => {}
            Revoked::ProviderSession { .. } => {}
        }
        self.catch_up().await
    }

    pub(super) async fn write(&self, line: Revocation) -> Result<(), SessionError> {
        let level = line.what().level();
        self.transact(Scope::Nobody, |transaction| transaction.revoke(line.clone())).await?;
        self.tell_revoked(Some(level));
        self.catch_up().await
    }

    /// Those whose login began before this was called.
    async fn end_pages(&self, of: Of<'_>) -> Result<(), SessionError> {
        let (before, why) = (self.begin_login().await?.0, EndReason::LogoutAll);
        let mut after = None;
        loop {
            let page = self.0.store.sessions(of, after, PAGE).await?;
            let is_meant = |session: &Session| {
                session.ended.is_none() && session.since < before && self.is_ours(session)
            };
            let ids: Vec<SessionId> = page.iter().filter(|it| is_meant(it)).map(Session::id).collect();
            if !ids.is_empty() {
                let end = self.transact(Scope::Sessions(&ids), |transaction| {
                    let read = transaction.sessions().to_vec();
                    read.into_iter()
                        .filter_map(|session| self.end_in(transaction, session, why))
                        .collect::<Vec<_>>()
                });
                self.tell_ended(&end.await?, why);
            }
            after = page.last().map(Session::id);
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }
}

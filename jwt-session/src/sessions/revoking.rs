//! Taking back more than a session: a token, or all of a client, a tenant or the issuer.

use core::time::Duration;

use jwt_core::Verified;

use super::builder::LEEWAY_AND_CLOCKS;
use super::{PAGE, Sessions};
use crate::revocation::{Revocation, Revoked};
use crate::session::{EndReason, Session};
use crate::session_error::SessionError;
use crate::session_id::SessionId;
use crate::store::{Of, Scope, SessionStore as _, Transaction};

impl Sessions {
    /// Takes back what bears a name: a token, or all that was issued up to now, by the clock of the store, to a subject,
    /// client or tenant or by the issuer, their sessions included; or the sessions that a session of an identity provider
    /// started.
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
        self.to_its_end(async move { sessions.write(|_| line.clone()).await.map(drop) }).await
    }

    async fn revoke_whole(&self, what: Revoked) -> Result<(), SessionError> {
        let line = self.write(|now| self.revocation(what.clone(), now)).await?;
        match &what {
            Revoked::Client(client) => self.end_pages(Of::Client(client), &line).await?,
            Revoked::Tenant(tenant) => self.end_pages(Of::Tenant(tenant), &line).await?,
            Revoked::Issuer => self.end_pages(Of::Everybody, &line).await?,
            Revoked::Token(_) | Revoked::Session(_) | Revoked::Subject(_) => {}
            Revoked::ProviderSession { .. } => {}
        }
        self.catch_up().await
    }

    /// Writes a line, made at the time of the store, which is nobody's but everybody's.
    pub(super) async fn write(
        &self,
        line: impl Fn(Duration) -> Revocation + Send,
    ) -> Result<Revocation, SessionError> {
        let write = move |transaction: &mut Transaction| {
            let line = line(transaction.now());
            transaction.revoke(line.clone());
            line
        };
        let line = self.transact(Scope::Nobody, write).await?;
        self.tell_revoked(Some(line.what().level()));
        self.catch_up().await?;
        Ok(line)
    }

    /// Those whose login began before this line was written.
    async fn end_pages(&self, of: Of<'_>, line: &Revocation) -> Result<(), SessionError> {
        let name: Vec<String> = line.cutoff_name().into_iter().collect();
        let number = Scope::Login { subject: "", cutoffs: &name };
        let before = self.transact(number, |transaction| transaction.cutoff()).await?;
        let (why, mut after) = (EndReason::LogoutAll, None);
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

//! Sessions that an identity provider started.

use super::{PAGE, Sessions};
use crate::session::{EndReason, Session};
use crate::session_error::SessionError;
use crate::store::Of;

impl Sessions {
    /// Ends the sessions that were started by a session of an identity provider.
    pub(crate) async fn end_of_provider(&self, issuer: &str, session_id: &str) -> Result<(), SessionError> {
        let mut after = None;
        loop {
            let of = Of::ProviderSession { issuer, session_id };
            let page = self.0.store.sessions(of, after, PAGE).await?;
            for session in page.iter().filter(|session| session.ended.is_none()) {
                self.end_because(session.id, EndReason::ProviderLogout).await?;
            }
            after = page.last().map(Session::id);
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }
}

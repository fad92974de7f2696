//! Sessions that an identity provider started.

use super::{PAGE, Sessions};
use crate::session::{EndReason, Session};
use crate::session_error::SessionError;
use crate::store::Of;

impl Sessions {
    /// Ends the sessions that were started by a session of an identity provider. Looks at all there are: providers mostly
    /// say whose it was.
    pub(crate) async fn end_of_provider(&self, issuer: &str, session_id: &str) -> Result<(), SessionError> {
        let mut after = None;
        loop {
            let page = self.0.store.sessions(Of::Everybody, after, PAGE).await?;
            for session in &page {
                if session.ended.is_none() && session.provider_session() == Some((issuer, session_id)) {
                    self.end_because(session.id, EndReason::ProviderLogout).await?;
                }
            }
            after = page.last().map(Session::id);
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }
}

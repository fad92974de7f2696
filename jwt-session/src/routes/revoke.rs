//! `POST /revoke` (RFC 7009).

use serde_json::Map;

use super::body::Accepts;
use super::request::Kept;
use super::response::{OAuthError, RouteResponse};
use super::{Answered, Routes};

impl Routes {
    /// RFC 7009: takes back a token of the client that asks, and of a refresh token the session. Where clients without a secret
    /// may ask, such a one says its name, and has nothing to show but the token.
    pub(super) async fn revoke(&self, request: Kept) -> Answered {
        let members = Self::members(&request, Accepts::Form)?;
        let (client, attempt) = match self.public_client(&request, &members) {
            Some(client) => {
                let attempt = self.0.refresh_limits.attempt(self.address(&request), "", self.now())?;
                (client.to_owned(), Some(attempt))
            }
            None => (self.authenticated_client(&request).await?, None),
        };
        let token = members.text("token").ok_or_else(RouteResponse::malformed)?;
        // Of another client (RFC 7009 §2.1). Whoever holds the token learns nothing new.
        let foreign = || RouteResponse::error(400, OAuthError::InvalidGrant);
        let sessions = &self.0.sessions;
        let session = sessions.session_of(token).await.map_err(|error| Self::broken(&error))?;
        if let Some(session) = session {
            if session.client() != Some(&*client) {
                return Err(foreign());
            }
            sessions.end(session.id()).await.map_err(|error| Self::broken(&error))?;
        } else if let Some(verified) = self.good_token(token).await? {
            if verified.client_id().as_deref() != Some(&*client) {
                return Err(foreign());
            }
            sessions.revoke_token(&verified).await.map_err(|error| Self::broken(&error))?;
        } else if let Some(attempt) = attempt {
            attempt.failed_of_address(self.now())?;
        }
        // A token that is worth nothing is as good as taken back (RFC 7009 §2.2).
        Ok(RouteResponse::json(200, &Map::new()))
    }
}

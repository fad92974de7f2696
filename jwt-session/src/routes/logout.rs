//! `POST /logout` and `POST /logout-all`.

use super::body::Accepts;
use super::request::Kept;
use super::response::RouteResponse;
use super::{Answered, Routes};

impl Routes {
    /// Ends the session of a refresh token in the body, or else that of the access token that the request carries.
    pub(super) async fn logout(&self, request: Kept) -> Answered {
        let members = Self::members(&request, Accepts::JsonOrForm)?;
        if let Some(token) = members.text("refresh_token") {
            let now = self.now();
            let attempt = self.0.refresh_limits.attempt(self.address(&request), "", now)?;
            let session = self.0.sessions.session_of(token).await.map_err(|error| Self::broken(&error))?;
            if let Some(session) = session {
                self.0.sessions.end(session.id()).await.map_err(|error| Self::broken(&error))?;
            } else {
                attempt.failed_of_address(self.now())?;
            }
            // Whether there was such a session is nobody's business (RFC 7009 §2.2).
            return Ok(RouteResponse::done());
        }
        let user = self.user(&request).await?;
        self.0.sessions.end(user.session).await.map_err(|error| Self::broken(&error))?;
        Ok(RouteResponse::done().with_cookies(self.0.cookies.clear(user.mode)))
    }

    pub(super) async fn logout_all(&self, request: Kept) -> Answered {
        Self::members(&request, Accepts::JsonOrForm)?;
        let user = self.user(&request).await?;
        self.0.sessions.end_all(&user.subject).await.map_err(|error| Self::broken(&error))?;
        Ok(RouteResponse::done().with_cookies(self.0.cookies.clear(user.mode)))
    }
}

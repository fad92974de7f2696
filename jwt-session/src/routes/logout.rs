//! `POST /logout`, `POST /refresh/logout` and `POST /logout-all`.

use jwt_core::request::Proof;

use super::body::Accepts;
use super::request::Kept;
use super::response::RouteResponse;
use super::set_cookie::SetCookie;
use super::{Answered, Routes, User};

impl Routes {
    /// Ends the session of a refresh token in the body, or else that of the access token that the request carries: also
    /// where the refresh token is worth nothing.
    pub(super) async fn logout(&self, request: Kept) -> Answered {
        let members = Self::members(&request, Accepts::JsonOrForm)?;
        if let Some(token) = members.text("refresh_token") {
            let now = self.now();
            let attempt = self.0.refresh_limits.attempt(self.address(&request), "", now)?;
            let session = self.0.sessions.session_of(token).await.map_err(|error| Self::broken(&error))?;
            if let Some(session) = session {
                self.0.sessions.end(session.id()).await.map_err(|error| Self::broken(&error))?;
                return Ok(RouteResponse::done());
            }
            attempt.failed_of_address(self.now())?;
            return match self.user(&request).await {
                Ok(user) => self.end_session_of(user).await,
                Err(refused) if refused.status >= 500 => Err(refused),
                // Whether there was such a session is nobody's business (RFC 7009 §2.2).
                Err(_) => Ok(RouteResponse::done()),
            };
        }
        match self.user(&request).await {
            Ok(user) => self.end_session_of(user).await,
            // Whoever wanted to log out of this browser is not to find himself logged in by the next refresh.
            Err(refused) if refused.status == 401 && self.is_of_our_page(&request) => {
                Err(refused.with_cookies(self.all_cookies_cleared()))
            }
            Err(refused) => Err(refused),
        }
    }

    async fn end_session_of(&self, user: User) -> Answered {
        self.0.sessions.end(user.session).await.map_err(|error| Self::broken(&error))?;
        Ok(RouteResponse::done().with_cookies(self.0.cookies.clear(user.mode)))
    }

    /// Ends the session of the refresh cookie: the logout of a page, whose access token may be over.
    pub(super) async fn refresh_logout(&self, request: Kept) -> Answered {
        if let Some(token) = self.own_refresh_token(&request)? {
            let attempt = self.0.refresh_limits.attempt(self.address(&request), "", self.now())?;
            let session = self.0.sessions.session_of(token).await.map_err(|error| Self::broken(&error))?;
            match session {
                Some(session) => {
                    self.0.sessions.end(session.id()).await.map_err(|error| Self::broken(&error))?;
                }
                None => attempt.failed_of_address(self.now())?,
            }
        } else if !self.is_of_our_page(&request) {
            // Nothing to end, and nobody proves whose cookies these are.
            return Ok(RouteResponse::done());
        }
        Ok(RouteResponse::done().with_cookies(self.all_cookies_cleared()))
    }

    /// Whether a request says of itself that a page of ours sent it.
    fn is_of_our_page(&self, request: &Kept) -> bool {
        self.0.proof_of_login.judge(&request.head, true) == Proof::Given
    }

    fn all_cookies_cleared(&self) -> Vec<SetCookie> {
        self.0.cookie_mode.map(|mode| self.0.cookies.clear(mode)).unwrap_or_default()
    }

    pub(super) async fn logout_all(&self, request: Kept) -> Answered {
        Self::members(&request, Accepts::JsonOrForm)?;
        let user = self.user(&request).await?;
        self.0.sessions.end_all(&user.subject).await.map_err(|error| Self::broken(&error))?;
        Ok(RouteResponse::done().with_cookies(self.0.cookies.clear(user.mode)))
    }
}

//! `GET /sessions`, `DELETE /sessions/{id}`, `GET /csrf` and `GET /refresh/csrf`: a user and its own sessions.

use serde::Serialize;

use super::request::Kept;
use super::response::RouteResponse;
use super::{Answered, Routes};
use crate::session_id::SessionId;
use crate::session_info::SessionInfo;

/// A session as its owner sees it: nothing secret.
#[derive(Serialize)]
struct Shown<'s> {
    id: SessionId,
    /// Seconds since the Unix epoch, as in a token.
    created: u64,
    last_used: u64,
    expires: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'s str>,
    /// Whether it is the one that asks.
    current: bool,
}

#[derive(Serialize)]
struct List<'s> {
    sessions: Vec<Shown<'s>>,
}

impl<'s> Shown<'s> {
    fn of(session: &'s SessionInfo, current: SessionId) -> Self {
        Self {
            id: session.id(),
            created: session.created().as_secs(),
            last_used: session.last_used().as_secs(),
            expires: session.expiry().as_secs(),
            client_id: session.client(),
            user_agent: session.user_agent(),
            address: session.address(),
            current: session.id() == current,
        }
    }
}

impl Routes {
    pub(super) async fn list(&self, request: Kept) -> Answered {
        let user = self.user(&request).await?;
        let sessions = self.0.sessions.list(&user.subject).await.map_err(|error| Self::broken(&error))?;
        let sessions = sessions.iter().map(|session| Shown::of(session, user.session)).collect();
        Ok(RouteResponse::json(200, &List { sessions }))
    }

    /// Ends one of the user's own sessions. Somebody else's is as one that never was.
    pub(super) async fn end_one(&self, request: Kept, id: &str) -> Answered {
        let user = self.user(&request).await?;
        let Ok(id) = id.parse::<SessionId>() else { return Err(RouteResponse::absent()) };
        let session = self.0.sessions.session(id).await.map_err(|error| Self::broken(&error))?;
        let now = self.now();
        if !session.is_some_and(|session| session.subject() == user.subject && session.is_live(now)) {
            return Err(RouteResponse::absent());
        }
        self.0.sessions.end(id).await.map_err(|error| Self::broken(&error))?;
        let is_own = id == user.session;
        let cleared = if is_own { self.0.cookies.clear(user.mode) } else { Vec::new() };
        Ok(RouteResponse::done().with_cookies(cleared))
    }

    pub(super) async fn csrf(&self, request: Kept) -> Answered {
        let user = self.user(&request).await?;
        self.csrf_value(user.session)
    }

    /// The same by the refresh cookie, for a page that was loaded anew when its access token was over.
    pub(super) async fn refresh_csrf(&self, request: Kept) -> Answered {
        let Some((token, _)) = self.refresh_cookie(&request)? else { return Err(self.no_session()) };
        let attempt = self.0.refresh_limits.attempt(self.address(&request), "", self.now())?;
        let session = self.0.sessions.session_of(token).await.map_err(|error| Self::broken(&error))?;
        let Some(session) = session else {
            attempt.failed_of_address(self.now())?;
            return Err(self.no_session());
        };
        if session.is_live(self.now()) { self.csrf_value(session.id()) } else { Err(self.no_session()) }
    }

    fn csrf_value(&self, session: SessionId) -> Answered {
        #[derive(Serialize)]
        struct Value {
            csrf_token: String,
        }

        let Some(key) = &self.0.csrf_key else { return Err(RouteResponse::absent()) };
        let csrf_token = Self::double_submit(key, session)?;
        Ok(RouteResponse::json(200, &Value { csrf_token }))
    }
}

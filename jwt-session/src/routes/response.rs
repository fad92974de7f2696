//! A response, for an adapter to send as it is.

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;

use jwt_core::{Refusal, ResponseHeader};
use serde::Serialize;

use super::set_cookie::SetCookie;

/// How long a client is asked to wait where the store failed.
const RETRY_AFTER: Duration = Duration::from_secs(5);
const JSON: &str = "application/json";

/// What is answered: to be sent as it is.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteResponse {
    /// The status.
    pub status: u16,
    /// The fields, `Content-Type` among them. A name may stand several times: all are sent.
    pub headers: Vec<ResponseHeader>,
    /// The body.
    pub body: Vec<u8>,
}

/// The errors that a client is told, by their registered names (RFC 6749 §5.2, RFC 8628 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OAuthError {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    UnsupportedGrantType,
    SlowDown,
    TemporarilyUnavailable,
    ServerError,
}

impl OAuthError {
    const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::SlowDown => "slow_down",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

impl RouteResponse {
    /// A body of JSON that nobody may keep.
    pub(super) fn json<T: Serialize + ?Sized>(status: u16, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self::unstorable(status, body).with("content-type", JSON),
            Err(_) => Self::error(500, OAuthError::ServerError),
        }
    }

    /// No body, and nothing to keep.
    pub(super) fn done() -> Self {
        Self::unstorable(204, Vec::new())
    }

    /// An error (RFC 6749 §5.2).
    pub(super) fn error(status: u16, error: OAuthError) -> Self {
        let body = format!(r#"{{"error":"{}"}}"#, error.code());
        Self::unstorable(status, body.into_bytes()).with("content-type", JSON)
    }

    /// An error of the request, and a word of why, which JSON and RFC 6749 §5.2 take as it is.
    pub(super) fn invalid_request(status: u16, why: &'static str) -> Self {
        let error = OAuthError::InvalidRequest.code();
        let body = format!(r#"{{"error":"{error}","error_description":"{why}"}}"#);
        Self::unstorable(status, body.into_bytes()).with("content-type", JSON)
    }

    /// The request is not one that this route understands.
    pub(super) fn malformed() -> Self {
        Self::error(400, OAuthError::InvalidRequest)
    }

    /// What a newcomer sees first, and a word of why.
    pub(super) fn needs_tls() -> Self {
        Self::invalid_request(400, "TLS is required here")
    }

    /// A store or a key cannot be asked.
    pub(super) fn unavailable() -> Self {
        Self::error(503, OAuthError::TemporarilyUnavailable).with_retry_after(RETRY_AFTER)
    }

    /// Nothing that a client could mend.
    pub(super) fn failed() -> Self {
        Self::error(500, OAuthError::ServerError)
    }

    /// There is no such route here.
    pub(super) fn absent() -> Self {
        Self::unstorable(404, Vec::new())
    }

    /// A refusal in the words that every protected route uses.
    pub(super) fn refused(refusal: &Refusal) -> Self {
        let mut response = Self::unstorable(refusal.status(), refusal.problem_json().into_bytes());
        response = response.with("content-type", Refusal::PROBLEM_JSON);
        response.headers.extend(refusal.fields_of_response(false));
        response
    }

    fn unstorable(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body }.with("cache-control", "no-store")
    }

    /// What anybody may keep.
    pub(super) const fn public(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push(ResponseHeader::new(name, value));
        self
    }

    /// Whole seconds, rounded up, at least one.
    pub(super) fn with_retry_after(self, after: Duration) -> Self {
        let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0)).max(1);
        self.with("retry-after", seconds.to_string())
    }

    /// Sets cookies. Such a response depends on the cookies that came, and is for this browser alone.
    pub(super) fn with_cookies(mut self, cookies: impl IntoIterator<Item = SetCookie>) -> Self {
        let before = self.headers.len();
        let cookies = cookies.into_iter().map(SetCookie::into_text);
        self.headers.extend(cookies.map(|cookie| ResponseHeader::new("set-cookie", cookie)));
        if self.headers.len() > before { self.with("vary", "Cookie") } else { self }
    }
}

/// Shows the status alone: fields and body hold tokens.
impl fmt::Debug for RouteResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

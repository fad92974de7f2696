//! Why there is no token of this service's own.

use core::fmt;

use crate::address::AddressError;
use crate::fetch_error::FetchError;
use crate::http::HttpError;

/// Why there is no token of this service's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceTokenError {
    /// The server did not answer, or answered nothing that is known; or its metadata cannot be used; or the credentials
    /// could not be made.
    #[non_exhaustive]
    Fetch {
        /// Why.
        error: FetchError,
    },
    /// The issuer's metadata names no token endpoint.
    NoEndpoint,
    /// The issuer's metadata names a token endpoint that is not asked.
    #[non_exhaustive]
    Endpoint {
        /// Why.
        error: AddressError,
    },
    /// The server refuses (RFC 6749 §5.2).
    #[non_exhaustive]
    Refused {
        /// The status.
        status: u16,
        /// The registered error code that the server gave; `None` for any other one.
        reason: Option<&'static str>,
    },
    /// The answer is no token response (RFC 6749 §5.1).
    #[non_exhaustive]
    Malformed {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The token is not of the type `Bearer`, and is of no use without a proof that is not made here.
    NotBearer,
    /// The token ends before it can be used.
    TooShort,
    /// Too many wait already.
    Overloaded,
    /// The server has not answered in the time that a caller waits. It may yet.
    Late,
}

impl ServiceTokenError {
    /// A stable code, for metrics and alerts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ServiceTokenError::Fetch { error } => error.code(),
            ServiceTokenError::NoEndpoint => "no_token_endpoint",
            ServiceTokenError::Endpoint { .. } => "token_endpoint",
            ServiceTokenError::Refused { reason, .. } => reason.unwrap_or("refused"),
            ServiceTokenError::Malformed { .. } => "malformed_token_response",
            ServiceTokenError::NotBearer => "not_bearer",
            ServiceTokenError::TooShort => "too_short",
            ServiceTokenError::Overloaded => "overloaded",
            ServiceTokenError::Late => "late",
        }
    }
}

impl fmt::Display for ServiceTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServiceTokenError::Fetch { error } => error.fmt(f),
            ServiceTokenError::NoEndpoint => {
                f.write_str("the issuer's metadata names no `token_endpoint`: configure its address")
            }
            ServiceTokenError::Endpoint { error } => {
                write!(f, "the issuer's `token_endpoint` is not asked: {error}")
            }
            ServiceTokenError::Refused { status, reason: Some(reason) } => {
                write!(f, "the server refuses with `{reason}` (status {status}){}", advice(reason))
            }
            ServiceTokenError::Refused { status, reason: None } => {
                write!(f, "the server refuses with an error code that no standard has (status {status})")
            }
            ServiceTokenError::Malformed { problem } => write!(f, "no usable token response: {problem}"),
            ServiceTokenError::NotBearer => f.write_str(
                "the token is not of the type `Bearer`: register this client for bearer tokens at the server",
            ),
            ServiceTokenError::TooShort => f.write_str(
                "the token ends before it can be used: look at `expires_in` and at the server's speed",
            ),
            ServiceTokenError::Overloaded => {
                f.write_str("too many wait for the token already: the server is slow, or fails")
            }
            ServiceTokenError::Late => {
                f.write_str("the token is not there in time: the server is slow, or hangs")
            }
        }
    }
}

/// What to do about a refusal.
fn advice(reason: &str) -> &'static str {
    match reason {
        "invalid_client" => {
            ": look at the client's id and secret, and at how the server wants to be given them"
        }
        "invalid_scope" => ": look at the configured scopes",
        "invalid_target" => ": look at the configured resource",
        "unauthorized_client" | "unsupported_grant_type" => {
            ": allow this client the grant `client_credentials` at the server"
        }
        _ => "",
    }
}

impl core::error::Error for ServiceTokenError {}

impl From<FetchError> for ServiceTokenError {
    fn from(error: FetchError) -> Self {
        Self::Fetch { error }
    }
}

impl From<HttpError> for ServiceTokenError {
    fn from(error: HttpError) -> Self {
        FetchError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_words() {
        use ServiceTokenError as E;
        let address = AddressError::NotHttps { address: "http://a".to_owned() };
        for (error, words) in [
            (E::from(HttpError::Timeout), "timeout: no answer in time"),
            (
                E::NoEndpoint,
                "no_token_endpoint: the issuer's metadata names no `token_endpoint`: configure its address",
            ),
            (
                E::Endpoint { error: address },
                "token_endpoint: the issuer's `token_endpoint` is not asked: \"http://a\" is not https; http is asked of \
                 this machine alone, of others by `insecure_allow_http`, and never where an https issuer names it",
            ),
            (
                E::Refused { status: 401, reason: Some("invalid_client") },
                "invalid_client: the server refuses with `invalid_client` (status 401): look at the client's id and \
                 secret, and at how the server wants to be given them",
            ),
            (
                E::Refused { status: 400, reason: Some("invalid_request") },
                "invalid_request: the server refuses with `invalid_request` (status 400)",
            ),
            (
                E::Refused { status: 400, reason: None },
                "refused: the server refuses with an error code that no standard has (status 400)",
            ),
            (
                E::Malformed { problem: "it is no JSON object" },
                "malformed_token_response: no usable token response: it is no JSON object",
            ),
            (
                E::NotBearer,
                "not_bearer: the token is not of the type `Bearer`: register this client for bearer tokens at the \
                 server",
            ),
            (
                E::TooShort,
                "too_short: the token ends before it can be used: look at `expires_in` and at the server's speed",
            ),
            (E::Overloaded, "overloaded: too many wait for the token already: the server is slow, or fails"),
            (E::Late, "late: the token is not there in time: the server is slow, or hangs"),
        ] {
            assert_eq!(format!("{}: {error}", error.code()), words);
        }
    }
}

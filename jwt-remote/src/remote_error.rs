//! Why something remote cannot be set up.

use core::fmt;

use jwt_core::ConfigError;

use crate::address::AddressError;
use crate::fetch_error::FetchError;
use crate::http::HttpError;
use crate::service_token::ServiceTokenError;

/// Why something remote cannot be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum RemoteError {
    /// An address or issuer is not one that is asked.
    #[non_exhaustive]
    Address {
        /// Why.
        error: AddressError,
    },
    /// The HTTP client cannot be made.
    #[non_exhaustive]
    Client {
        /// Why.
        error: HttpError,
    },
    /// No client was given, and none is built in (the feature `reqwest` is off).
    NoClient,
    /// The client may follow redirects with what is secret, and tokens or credentials would be sent by it.
    UnfitClient,
    /// A limit that cannot be kept to.
    #[non_exhaustive]
    Limit {
        /// Which one.
        limit: &'static str,
        /// What was configured.
        value: String,
        /// What could be.
        allowed: String,
    },
    /// The provider was asked, as it should be before anything is served, and gave no keys.
    #[non_exhaustive]
    Fetch {
        /// The issuer or address.
        source: String,
        /// Why.
        error: FetchError,
    },
    /// Credentials that no server can accept.
    #[non_exhaustive]
    ClientAuth {
        /// What is wrong with them, without anything secret.
        problem: String,
    },
    /// A parameter of the request for a service's own token is one that no server accepts (RFC 6749 §3.3, RFC 8707 §2).
    #[non_exhaustive]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What was configured.
        value: String,
    },
    /// The server was asked, as it should be before anything is served, and gave this service no token of its own.
    #[non_exhaustive]
    ServiceToken {
        /// The issuer or address.
        source: String,
        /// Why.
        error: ServiceTokenError,
    },
    /// The rules for tokens do not fit together.
    #[non_exhaustive]
    Config {
        /// Why.
        error: ConfigError,
    },
}

impl RemoteError {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            RemoteError::Address { error } => error.code(),
            RemoteError::Client { .. } => "client",
            RemoteError::NoClient => "no_client",
            RemoteError::UnfitClient => "unfit_client",
            RemoteError::Limit { .. } => "limit",
            RemoteError::Fetch { error, .. } => error.code(),
            RemoteError::ClientAuth { .. } => "client_auth",
            RemoteError::Parameter { .. } => "parameter",
            RemoteError::ServiceToken { error, .. } => error.code(),
            RemoteError::Config { .. } => "config",
        }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RemoteError::Address { error } => error.fmt(f),
            RemoteError::Client { error } => write!(f, "the HTTP client cannot be made: {error}"),
            RemoteError::NoClient => f.write_str(
                "no HTTP client: call `with_remote`, or turn on the feature `reqwest` of jwt-remote",
            ),
            RemoteError::UnfitClient => f.write_str(
                "this client may follow redirects, and tokens and secrets are not sent by it: give its builder to \
                 `Remote::with_reqwest`",
            ),
            RemoteError::Limit { limit, value, allowed } => write!(f, "{value} is no {limit}: {allowed}"),
            RemoteError::Fetch { source, error } => write!(f, "no keys from {source:?}: {error}"),
            RemoteError::ClientAuth { problem } => {
                write!(f, "this service cannot authenticate: {problem}")
            }
            RemoteError::Parameter { parameter, value } => {
                write!(f, "{value:?} is no `{parameter}` that a server could accept")
            }
            RemoteError::ServiceToken { source, error } => {
                write!(f, "no token of this service's own from {source:?}: {error}")
            }
            RemoteError::Config { error } => error.fmt(f),
        }
    }
}

impl core::error::Error for RemoteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            RemoteError::Address { error } => Some(error),
            RemoteError::Client { error } => Some(error),
            RemoteError::Fetch { error, .. } => Some(error),
            RemoteError::Config { error } => Some(error),
            _ => None,
        }
    }
}

impl From<AddressError> for RemoteError {
    fn from(error: AddressError) -> Self {
        Self::Address { error }
    }
}

impl From<ConfigError> for RemoteError {
    fn from(error: ConfigError) -> Self {
        Self::Config { error }
    }
}

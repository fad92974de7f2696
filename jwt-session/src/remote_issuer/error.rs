//! Why a token was not issued where its signature is made elsewhere.

use core::fmt;
use core::time::Duration;

use jwt_core::IssueError;
use jwt_core::keys::SignError;

/// Why a token was not issued where its signature is made elsewhere.
#[derive(Debug)]
#[non_exhaustive]
pub enum RemoteIssueError {
    /// The token must not be issued, or what came back is no signature of it by the issuer's key. Status 500.
    Issue(IssueError),
    /// The signer failed. Status 503.
    Unavailable(SignError),
    /// The signer did not answer in time. Status 503.
    TooSlow {
        /// How long was waited.
        patience: Duration,
    },
    /// Too many signatures are under way already, maybe of a signer that hangs. Status 503.
    Overloaded,
}

impl RemoteIssueError {
    /// The stable name, for logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Issue(error) => error.code(),
            Self::Unavailable(_) => "signer_unavailable",
            Self::TooSlow { .. } => "signer_too_slow",
            Self::Overloaded => "signer_overloaded",
        }
    }

    /// Whether asking again later is right: status 503 with `Retry-After`, else 500.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        match self {
            Self::Issue(_) => false,
            Self::Unavailable(_) | Self::TooSlow { .. } | Self::Overloaded => true,
        }
    }
}

impl From<IssueError> for RemoteIssueError {
    fn from(error: IssueError) -> Self {
        Self::Issue(error)
    }
}

impl fmt::Display for RemoteIssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issue(error) => error.fmt(f),
            Self::Unavailable(_) => f.write_str("the signer failed"),
            Self::TooSlow { patience } => {
                write!(f, "the signer did not answer within {} ms", patience.as_millis())
            }
            Self::Overloaded => f.write_str("too many signatures are under way already"),
        }
    }
}

impl std::error::Error for RemoteIssueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Issue(error) => Some(error),
            Self::Unavailable(error) => Some(error),
            Self::TooSlow { .. } | Self::Overloaded => None,
        }
    }
}

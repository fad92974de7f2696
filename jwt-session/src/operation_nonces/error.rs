//! Why a nonce was not given out.

use core::fmt;

use jwt_core::keys::SignError;

/// Why a nonce was not given out.
#[derive(Debug)]
#[non_exhaustive]
pub enum NonceError {
    /// The token that the operation is begun with has no `sub` or no `sid`.
    NoSession,
    /// The details cannot be written as JSON.
    Details,
    /// The MAC, or the source of random bits, failed.
    Sign(SignError),
}

impl NonceError {
    /// The stable name, for logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSession => "nonce_without_session",
            Self::Details => "nonce_details",
            Self::Sign(_) => "signer",
        }
    }
}

impl fmt::Display for NonceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession => {
                f.write_str("the token has no `sub` or no `sid` that a nonce could be bound to")
            }
            Self::Details => f.write_str("the details of the operation cannot be written as JSON"),
            Self::Sign(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NonceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sign(error) => Some(error),
            Self::NoSession | Self::Details => None,
        }
    }
}

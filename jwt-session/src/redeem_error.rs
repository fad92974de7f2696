//! Why a one-time token or a nonce was not redeemed.

use core::fmt;

use jwt_core::{Reason, TokenError};

use crate::store::StoreError;

/// Why a one-time token or a nonce was not redeemed.
///
/// What it says is for operators. Tell a client the same for all of them but [`Store`](Self::Store): whether a token
/// was used, or is of another account, is nobody's business.
#[derive(Debug)]
#[non_exhaustive]
pub enum RedeemError {
    /// It is none that was given out for this use, or its time is over.
    Refused(TokenError),
    /// It is genuine, and not for this: another account or another state of it, another session, or another operation.
    Mismatch,
    /// It was used before.
    Used,
    /// The store could not be asked. It is used up only where the store did not answer in time.
    Store(StoreError),
}

impl RedeemError {
    /// The stable name, for logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.reason().code(),
            Self::Mismatch => "redeem_mismatch",
            Self::Used => Reason::Replayed.code(),
            Self::Store(error) => error.kind().code(),
        }
    }

    /// The status of the answer: 503 where the store could not be asked, and 400 else. Not 401, for what is presented is
    /// no credential of the request.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Refused(_) | Self::Mismatch | Self::Used => 400,
            Self::Store(_) => 503,
        }
    }
}

impl From<TokenError> for RedeemError {
    fn from(error: TokenError) -> Self {
        Self::Refused(error)
    }
}

impl From<Reason> for RedeemError {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason.into())
    }
}

impl From<StoreError> for RedeemError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for RedeemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Mismatch => f.write_str("it was given out for something else"),
            Self::Used => f.write_str("it was used before"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RedeemError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Mismatch | Self::Used => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;

    #[test]
    fn every_error_has_the_code_status_and_text_that_are_written_down() {
        let rows = [
            (RedeemError::from(Reason::Expired), "expired", 400, "token has expired"),
            (RedeemError::Mismatch, "redeem_mismatch", 400, "it was given out for something else"),
            (RedeemError::Used, "replayed", 400, "it was used before"),
            (
                StoreError::new(StoreErrorKind::Unavailable).into(),
                "store_unavailable",
                503,
                "the store cannot be asked now",
            ),
        ];
        for (error, code, status, text) in rows {
            assert_eq!((error.code(), error.status(), error.to_string().as_str()), (code, status, text));
        }
    }
}

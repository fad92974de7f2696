//! Why a session could not be started, refreshed or ended.

use core::fmt;

use jwt_core::IssueError;

use crate::remote_issuer::RemoteIssueError;
use crate::rotation::Refused;
use crate::store::{StoreError, StoreErrorKind};

/// Why a session could not be started, refreshed or ended.
///
/// What it says is for operators. A client is told [`RefreshRefusal::error`] at most, and nothing of stores and keys.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The refresh token is not good: the client has to log in. RFC 6749 §5.2, status 400.
    Refused(RefreshRefusal),
    /// The store could not be asked: nothing is known to have happened. Status 503.
    Store(StoreError),
    /// The access token could not be signed; nothing has changed. Status 500.
    Issue(IssueError),
    /// The access token was not signed by whoever holds the key. Status 503 where that
    /// [is unavailable](RemoteIssueError::is_unavailable), else 500. Nothing has changed: the refresh
    /// token is as good as before.
    NotSigned(RemoteIssueError),
    /// The operating system gives no random bits. Status 500.
    NoRandomBits,
    /// While the login was checked, its subject, client, tenant or issuer was taken back, so that the check may have seen an
    /// old password: log in again. Status 503.
    RevokedMeanwhile,
    /// A setting of [`SessionsBuilder`](crate::SessionsBuilder) is out of its range.
    Setting {
        /// Which one.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// What was handed in for a session is too long, or no text that a token may say. Status 500.
    Unfit {
        /// Which part of it.
        field: &'static str,
    },
}

/// Why a refresh token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefreshRefusal {
    /// No refresh token, or none that was ever given out.
    Unknown,
    /// The session expired.
    Expired,
    /// The session was ended.
    Ended,
    /// The token was used before: the session has ended now (RFC 9700 §4.14.2).
    Reuse,
    /// The token is of another client: its session has ended now (RFC 6749 §10.4).
    OtherClient,
    /// The token was exchanged a moment ago, and since then presented too often. The session lives on.
    TooOften,
    /// More scopes are asked for than were granted (RFC 6749 §6).
    ScopeNotGranted,
}

impl RefreshRefusal {
    /// Every one of them.
    pub const ALL: &'static [Self] = &[
        Self::Unknown,
        Self::Expired,
        Self::Ended,
        Self::Reuse,
        Self::OtherClient,
        Self::TooOften,
        Self::ScopeNotGranted,
    ];

    /// The stable name, for logs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "refresh_unknown",
            Self::Expired => "session_expired",
            Self::Ended => "session_ended",
            Self::Reuse => "refresh_reuse",
            Self::OtherClient => "refresh_other_client",
            Self::TooOften => "refresh_too_often",
            Self::ScopeNotGranted => "scope_not_granted",
        }
    }

    /// What the client is told: the same for all that tell something about a token (RFC 6749 §5.2).
    #[must_use]
    pub const fn error(self) -> &'static str {
        match self {
            Self::Unknown
            | Self::Expired
            | Self::Ended
            | Self::Reuse
            | Self::OtherClient
            | Self::TooOften => "invalid_grant",
            Self::ScopeNotGranted => "invalid_scope",
        }
    }
}

impl SessionError {
    pub(crate) const fn no_random_bits() -> Self {
        Self::NoRandomBits
    }

    /// The stable name, for logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Store(error) => error.kind().code(),
            Self::Issue(_) => "not_signed",
            Self::NotSigned(error) => error.code(),
            Self::NoRandomBits => "no_random_bits",
            Self::RevokedMeanwhile => "revoked_meanwhile",
            Self::Setting { .. } => "setting_out_of_range",
            Self::Unfit { .. } => "unfit_session",
        }
    }
}

impl From<RefreshRefusal> for SessionError {
    fn from(refusal: RefreshRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Refused> for RefreshRefusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Guess => Self::Unknown,
            Refused::Expired => Self::Expired,
            Refused::Ended(_) => Self::Ended,
            Refused::TooOften => Self::TooOften,
            Refused::ScopeNotGranted => Self::ScopeNotGranted,
        }
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<StoreErrorKind> for SessionError {
    fn from(kind: StoreErrorKind) -> Self {
        Self::Store(kind.into())
    }
}

impl From<IssueError> for SessionError {
    fn from(error: IssueError) -> Self {
        Self::Issue(error)
    }
}

impl From<RemoteIssueError> for SessionError {
    fn from(error: RemoteIssueError) -> Self {
        Self::NotSigned(error)
    }
}

impl fmt::Display for RefreshRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no refresh token that was given out",
            Self::Expired => "the session has expired",
            Self::Ended => "the session was ended",
            Self::Reuse => "the refresh token was used before, and its session has been ended",
            Self::OtherClient => "the refresh token is of another client, and its session has been ended",
            Self::TooOften => "the refresh token was exchanged a moment ago, and presented too often since",
            Self::ScopeNotGranted => "more scopes are asked for than were granted",
        })
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Issue(error) => write!(f, "the access token was not signed: {error}"),
            Self::NotSigned(error) => write!(f, "the access token was not signed: {error}"),
            Self::NoRandomBits => f.write_str("the operating system gives no random bits"),
            Self::RevokedMeanwhile => {
                f.write_str("what it belongs to was taken back while the login was checked")
            }
            Self::Setting { setting, range } => write!(f, "the {setting} of sessions must be {range}"),
            Self::Unfit { field } => {
                write!(f, "the {field} of the session is empty, too long or no plain text")
            }
        }
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Issue(error) => Some(error),
            Self::NotSigned(error) => Some(error),
            Self::Refused(_)
            | Self::NoRandomBits
            | Self::RevokedMeanwhile
            | Self::Setting { .. }
            | Self::Unfit { .. } => None,
        }
    }
}

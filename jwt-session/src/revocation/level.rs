//! The levels, as they are hashed.

use super::Revoked;

/// A level.
#[derive(Clone, Copy)]
pub(super) enum Level {
    Token,
    Session,
    Subject,
    Client,
    Tenant,
    Issuer,
}

impl Level {
    pub(super) const fn bit(self) -> u8 {
        1 << self.number()
    }

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Token => 0,
            Self::Session => 1,
            Self::Subject => 2,
            Self::Client => 3,
            Self::Tenant => 4,
            Self::Issuer => 5,
        }
    }

    /// None for what no token says.
    pub(super) const fn of(what: &Revoked) -> Option<Self> {
        Some(match what {
            Revoked::Token(_) => Self::Token,
            Revoked::Session(_) => Self::Session,
            Revoked::Subject(_) => Self::Subject,
            Revoked::Client(_) => Self::Client,
            Revoked::Tenant(_) => Self::Tenant,
            Revoked::Issuer => Self::Issuer,
            Revoked::ProviderSession { .. } => return None,
        })
    }
}

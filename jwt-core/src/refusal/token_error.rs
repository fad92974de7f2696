//! A refused token.

use core::fmt;
use std::borrow::Cow;

use super::Reason;

/// A refused token: the reason, and the claim it concerns where it concerns one.
///
/// Carries no part of the token: not a claim's value, not a `kid`. The claim's name comes from
/// the configuration, a standard, or the fields of the caller's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError {
    reason: Reason,
    detail: Option<Cow<'static, str>>,
}

impl TokenError {
    /// A refusal for `reason`.
    #[must_use]
    pub const fn new(reason: Reason) -> Self {
        Self { reason, detail: None }
    }

    /// A refusal that concerns the claim or member `name`. `name` must not come from a token.
    #[must_use]
    pub fn about(reason: Reason, name: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, detail: Some(name.into()) }
    }

    /// Why the token was refused.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The claim or member concerned, or where and how the claims missed the caller's type.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl From<Reason> for TokenError {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.reason),
            None => self.reason.fmt(f),
        }
    }
}

impl core::error::Error for TokenError {}

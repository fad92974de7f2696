//! The trait behind the request level: who says whether a token is good.

use core::any::Any;
use core::time::Duration;
use std::sync::Arc;

use crate::expected::Expected;
use crate::keys::BoxFuture;
use crate::refusal::TokenError;
use crate::verified::Verified;

/// Says whether a token is good: by its signature ([`Verifier`](crate::Verifier)), by asking the
/// authorization server (RFC 7662), or by either, as the token's shape tells.
///
/// ```
/// use core::time::Duration;
/// use jwt_core::{Expected, Presented, Reason, TokenAuthority, Verdict, Verifier};
///
/// /// Refuses everything while the service is being drained.
/// struct Draining(Verifier);
///
/// impl TokenAuthority for Draining {
///     fn verify(&self, _: &Presented<'_>) -> Verdict {
///         Verdict::Ready(Err(Reason::StoreUnavailable.into()))
///     }
///     fn now(&self) -> Duration {
///         self.0.now()
///     }
/// }
/// ```
pub trait TokenAuthority: Any + Send + Sync {
    /// Decides about a token, at once or later.
    fn verify(&self, presented: &Presented<'_>) -> Verdict;

    /// The wall clock that its tokens are judged by, since the Unix epoch.
    fn now(&self) -> Duration;

    /// Whether `other` is this very authority, so that what one verified need not be verified by
    /// the other. Default: no.
    fn is_same(&self, other: &dyn TokenAuthority) -> bool {
        let _ = other;
        false
    }
}

/// A token as a request presented it.
#[derive(Clone, Copy)]
pub struct Presented<'t> {
    token: &'t str,
    possession_is_checked: bool,
}

impl<'t> Presented<'t> {
    /// A token that whoever bears it may use.
    #[must_use]
    pub const fn new(token: &'t str) -> Self {
        Self { token, possession_is_checked: false }
    }

    /// A check behind the authority proves that the sender holds the key of `cnf`.
    #[must_use]
    pub const fn with_possession_checked(mut self) -> Self {
        self.possession_is_checked = true;
        self
    }

    /// The token.
    #[must_use]
    pub const fn token(&self) -> &'t str {
        self.token
    }

    /// Whether a token with `cnf` may pass, because a check behind the authority proves possession.
    #[must_use]
    pub const fn possession_is_checked(&self) -> bool {
        self.possession_is_checked
    }

    pub(crate) fn expected(&self) -> Expected<'static> {
        match self.possession_is_checked {
            true => Expected::new().with_possession_checked_by_caller(),
            false => Expected::new(),
        }
    }
}

impl core::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Presented")
    }
}

/// What a [`TokenAuthority`] says.
pub enum Verdict {
    /// Decided.
    Ready(Result<Arc<Verified>, TokenError>),
    /// Decided when the future ends, which may be dropped at any await.
    Wait(BoxFuture<'static, Result<Arc<Verified>, TokenError>>),
}

impl core::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Verdict::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Verdict::Wait(_) => f.write_str("Wait"),
        }
    }
}

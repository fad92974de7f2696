//! The trait behind the request level: who says whether a token is good.

use core::any::Any;
use core::time::Duration;
use std::sync::Arc;

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
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a token is good",
    note = "pass a `Verifier`; if this is a `Result`, a `?` is missing behind `build()`"
)]
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

/// An authority that several rules share.
impl TokenAuthority for Arc<dyn TokenAuthority> {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        (**self).verify(presented)
    }

    fn now(&self) -> Duration {
        (**self).now()
    }

    fn is_same(&self, other: &dyn TokenAuthority) -> bool {
        let shared: &dyn Any = other;
        match shared.downcast_ref::<Self>() {
            Some(shared) => (**self).is_same(&**shared),
            None => (**self).is_same(other),
        }
    }
}

/// A token as a request presented it.
#[derive(Clone, Copy)]
pub struct Presented<'t> {
    token: &'t str,
    proofs: &'t [&'static str],
}

impl<'t> Presented<'t> {
    /// A token that whoever bears it may use.
    #[must_use]
    pub const fn new(token: &'t str) -> Self {
        Self { token, proofs: &[] }
    }

    /// The members of `cnf` whose proof of possession is checked behind the authority.
    #[must_use]
    pub const fn with_proofs(mut self, members: &'t [&'static str]) -> Self {
        self.proofs = members;
        self
    }

    /// The token.
    #[must_use]
    pub const fn token(&self) -> &'t str {
        self.token
    }

    /// The members of `cnf` that a token may have, because their proof is checked behind the
    /// authority.
    #[must_use]
    pub const fn proofs(&self) -> &'t [&'static str] {
        self.proofs
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

impl Verdict {
    /// The verdict, waited for where it needs that: where no layer stands, such as for queues and WebSocket messages.
    ///
    /// ```
    /// # async fn run(authority: impl jwt_core::TokenAuthority, token: &str) -> Result<(), jwt_core::TokenError> {
    /// use jwt_core::Presented;
    /// let verified = authority.verify(&Presented::new(token)).decide().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What the authority refuses the token for.
    pub async fn decide(self) -> Result<Arc<Verified>, TokenError> {
        match self {
            Verdict::Ready(result) => result,
            Verdict::Wait(verdict) => verdict.await,
        }
    }
}

impl core::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Verdict::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Verdict::Wait(_) => f.write_str("Wait"),
        }
    }
}

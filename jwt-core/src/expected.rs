//! What one call expects of a token beyond the authority's rules.

use core::fmt;
use core::time::Duration;

/// Expectations of a single verification, for [`Verifier::verify_with`](crate::Verifier::verify_with).
///
/// ```
/// use core::time::Duration;
/// use jwt_core::Expected;
/// let expected = Expected::new().with_nonce("n-0S6_WzA2Mj").with_max_age(Duration::from_secs(600));
/// ```
#[derive(Clone, Copy, Default)]
#[must_use]
pub struct Expected<'e> {
    pub(crate) nonce: Option<&'e str>,
    pub(crate) access_token: Option<&'e str>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) proofs: &'e [&'static str],
}

impl<'e> Expected<'e> {
    /// Nothing beyond the authority's rules.
    pub const fn new() -> Self {
        Self { nonce: None, access_token: None, max_age: None, proofs: &[] }
    }

    /// `nonce` must be present and equal (OpenID Connect Core §3.1.3.7).
    pub const fn with_nonce(mut self, nonce: &'e str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// `at_hash`, where present, must be that of this access token (OpenID Connect Core §3.1.3.8).
    pub const fn with_access_token(mut self, access_token: &'e str) -> Self {
        self.access_token = Some(access_token);
        self
    }

    /// `auth_time` must be present and at most `max_age`, plus leeway, ago (OpenID Connect Core
    /// §3.1.3.7), and not in the future beyond the leeway.
    pub const fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// The members of `cnf` whose proof of possession the caller checks: `jkt` for DPoP (RFC 9449
    /// §7.1), `x5t#S256` for a client certificate (RFC 8705 §3.1). A token with any other member is
    /// refused.
    pub const fn with_proofs(mut self, members: &'e [&'static str]) -> Self {
        self.proofs = members;
        self
    }
}

impl fmt::Debug for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expected")
            .field("nonce", &self.nonce.map(|_| "…"))
            .field("access_token", &self.access_token.map(|_| "…"))
            .field("max_age", &self.max_age)
            .field("proofs", &self.proofs)
            .finish()
    }
}

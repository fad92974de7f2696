//! The public keys of an issuer, as they are served.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::keys::{KeyError, KeySet};
use sha2::{Digest as _, Sha256};

const EMPTY: &str = r#"{"keys":[]}"#;

/// A JWK set (RFC 7517 §5) for the route `/.well-known/jwks.json`: its bytes, and what the answer says about them.
///
/// Public members only. Of shared secrets the set is empty, for those never leave.
///
/// ```
/// use core::time::Duration;
/// use jwt_core::keys::KeySet;
/// use jwt_core::{Algorithm, SigningKey};
/// use jwt_session::Jwks;
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let jwks = Jwks::of(&KeySet::new([key.verifying_key()])?, Duration::from_secs(600))?;
/// assert!(jwks.body().starts_with(r#"{"keys":[{"#) && jwks.etag().starts_with('"'));
/// assert_eq!(jwks.cache_control(), "public, max-age=600");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Jwks {
    body: Arc<str>,
    etag: Arc<str>,
    max_age: Duration,
}

impl Jwks {
    /// The media type (RFC 7517 §8.5.2).
    pub const MEDIA_TYPE: &'static str = "application/jwk-set+json";

    /// The set of these keys, which caches may keep for so long, in whole seconds. A [`KeyRing`](crate::KeyRing) has it
    /// ready.
    ///
    /// # Errors
    /// [`KeyError`] where a key has no form that can be published.
    pub fn of(keys: &KeySet, max_age: Duration) -> Result<Self, KeyError> {
        let body = if keys.is_symmetric() { EMPTY.to_owned() } else { keys.to_jwks_json()? };
        Ok(Self::from_body(body.into(), max_age))
    }

    /// A set without keys, for a while that should be short.
    pub(crate) fn none() -> Self {
        Self::from_body(EMPTY.into(), Duration::from_secs(60))
    }

    fn from_body(body: Arc<str>, max_age: Duration) -> Self {
        let digest = Sha256::digest(body.as_bytes());
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest)).into();
        Self { body, etag, max_age }
    }

    /// The bytes, JSON text.
    #[must_use]
    pub const fn body(&self) -> &Arc<str> {
        &self.body
    }

    /// The field `ETag`, quotes included: another one for each other body.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// How long caches may keep it, in whole seconds.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        self.max_age
    }

    /// The field `Cache-Control`.
    #[must_use]
    pub fn cache_control(&self) -> String {
        format!("public, max-age={}", self.max_age.as_secs())
    }
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks")
            .field("etag", &self.etag)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

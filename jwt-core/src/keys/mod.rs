//! Keys: imported once, bound to one algorithm, picked exactly.
//!
//! 1. A key is typed and bound to its algorithm when it is made; what a token says is only compared
//!    (RFC 8725 §3.1). Its kind comes from its own label, object identifier or `kty`.
//! 2. Weak, broken and mistaken keys are refused when they are made, with an error that names the value.
//! 3. A set picks exactly one key for a header, or none ([`KeySet::select`]).
//! 4. Private bytes are wiped, shown by no `Debug`, and written only by `insecure_` methods.
//!
//! | what | where from |
//! |---|---|
//! | [`VerifyingKey`] | PEM, DER, certificate, JWK, secret, variable, file, own [`Verify`] |
//! | [`SigningKey`] | generated, PEM, DER, JWK, secret, variable, file, own [`Sign`] |
//! | [`HmacSecret`] | generated, bytes, base64, variable, file |
//! | [`KeySet`] | keys, JWK set |
//! | [`Live`] | a [`KeySet`] that its [`LiveWriter`] replaces |
//!
//! ```
//! # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
//! use jwt_core::{Algorithm, KeySet, SigningKey};
//! let signing = SigningKey::generate(Algorithm::EdDSA)?;
//! let set = KeySet::from_jwks_json(KeySet::new([signing.verifying_key()])?.to_jwks_json()?.as_bytes())?;
//! let kid = signing.key_id().map(|kid| &**kid);
//! assert!(set.select(Algorithm::EdDSA, kid).is_ok());
//! assert!(set.select(Algorithm::EdDSA, Some("another")).is_err());
//! # }
//! # Ok::<(), jwt_core::KeyError>(())
//! ```

pub(crate) mod backend;
#[cfg(feature = "jsonwebtoken-11")]
mod convert;
mod der;
mod edwards;
mod error;
#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod fixtures;
mod json;
mod jwk;
mod jwk_set;
mod live;
mod material;
mod pem;
mod secret;
mod set;
mod signing;
mod source;
mod strength;
mod thumbprint;
mod verifying;

pub use error::{KeyError, SignError};
pub use jwk::Jwk;
pub use jwk_set::{JwkSet, Skipped};
pub use live::{BoxFuture, Grant, Live, LiveWriter, Refresh, RefreshHint, Snapshot};
pub use secret::HmacSecret;
pub use set::{KeySet, Source};
pub use signing::SigningKey;
pub use verifying::VerifyingKey;

/// Checks signatures: implemented by the backend, and by users for keys that live elsewhere.
pub trait Verify: Send + Sync + 'static {
    /// Whether `signature` is one of `message`, in the form of RFC 7518 §3. The length has been checked
    /// where the algorithm fixes it. Comparison of MACs must take constant time.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// Makes signatures: implemented by the backend, and by users for keys that live elsewhere.
pub trait Sign: Send + Sync + 'static {
    /// Appends a signature of `message`, in the form of RFC 7518 §3 (for ECDSA `r ‖ s` in full length,
    /// not DER), to `signature`.
    ///
    /// # Errors
    ///
    /// - [`SignError`]: it could not be made.
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError>;
}

/// Fills `bytes` from the backend's source of randomness.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), SignError> {
    backend::random(crate::Algorithm::HS256, bytes).map_err(SignError::new)
}

/// The digest of `data`; `None` without a backend.
pub(crate) fn digest(hash: crate::Hash, data: &[u8]) -> Option<Vec<u8>> {
    backend::digest(hash, data).ok()
}

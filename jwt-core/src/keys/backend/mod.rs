//! The seam to cryptography: the only room of this crate that names a cryptography crate.
//!
//! A backend is one file with these functions. To add one, write the file beside `aws_lc.rs`, choose it below, and
//! give it a feature here and in the crates above.
//!
//! - `verifier`: a ready check for a public key, parsed once.
//! - `signer`: a ready signer for a private key, and the public half derived from it.
//! - `hmac`: both for a shared secret.
//! - `generate`: the private half of a new key pair.
//! - `random`, `digest`: bytes.

// AWS-LC wins where both are on: features add up over a user's graph, and a crate that asks for the other
// must neither take RSA keys that sign from the rest nor break its build.
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod absent;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
// Beside AWS-LC for the tests alone, which compare the two.
#[cfg(all(feature = "rust-crypto", any(test, not(feature = "aws-lc-rs"))))]
mod rust_crypto;

use std::sync::Arc;

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(crate) use absent::{digest, generate, hmac, random, signer, verifier};
#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc::{digest, generate, hmac, random, signer, verifier};
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
pub(crate) use rust_crypto::{digest, generate, hmac, random, signer, verifier};

use super::material::PublicMaterial;
use super::{Sign, Verify};

/// What `rust-crypto` lacks, as [`KeyError::NoBackend`](super::KeyError::NoBackend) names it.
pub(crate) const RSA_SIGNING: &str = "RSA keys that sign";

/// A signer with the public half that belongs to it.
pub(crate) struct Pair {
    pub(crate) sign: Arc<dyn Sign>,
    pub(crate) public: PublicMaterial,
}

/// A shared secret, ready in both directions.
pub(crate) struct Shared {
    pub(crate) sign: Arc<dyn Sign>,
    pub(crate) verify: Arc<dyn Verify>,
}

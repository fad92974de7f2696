//! No backend: keys can only be the user's own implementations.

use std::sync::Arc;

use super::{Pair, Shared};
use crate::keys::material::{PrivateMaterial, PrivateParts, PublicMaterial};
use crate::keys::{KeyError, Verify};
use crate::{Algorithm, Hash};

const fn none(algorithm: Algorithm) -> KeyError {
    KeyError::NoBackend { operation: algorithm.name() }
}

pub(crate) fn verifier(algorithm: Algorithm, _: &PublicMaterial) -> Result<Arc<dyn Verify>, KeyError> {
    Err(none(algorithm))
}

pub(crate) fn signer(algorithm: Algorithm, _: &PrivateParts) -> Result<Pair, KeyError> {
    Err(none(algorithm))
}

pub(crate) fn hmac(algorithm: Algorithm, _: &[u8]) -> Result<Shared, KeyError> {
    Err(none(algorithm))
}

pub(crate) fn generate(algorithm: Algorithm) -> Result<PrivateMaterial, KeyError> {
    Err(none(algorithm))
}

pub(crate) fn random(algorithm: Algorithm, _: &mut [u8]) -> Result<(), KeyError> {
    Err(none(algorithm))
}

pub(crate) fn digest(hash: Hash, _: &[u8]) -> Result<Vec<u8>, KeyError> {
    Err(KeyError::NoBackend {
        operation: match hash {
            Hash::Sha256 => "SHA-256",
            Hash::Sha384 => "SHA-384",
            Hash::Sha512 => "SHA-512",
        },
    })
}

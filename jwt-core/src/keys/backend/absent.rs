//! No backend: keys can only be the user's own implementations.

use std::sync::Arc;

use super::{Pair, RSA_SIGNING, Shared};
use crate::keys::material::{PrivateMaterial, PrivateParts, PublicMaterial};
use crate::keys::{KeyError, Verify};
use crate::{Algorithm, Hash, KeyType};

const fn none(algorithm: Algorithm) -> KeyError {
    KeyError::NoBackend { operation: algorithm.name() }
}

/// The error leads to a backend that has it: not every one signs with RSA.
fn no_pair(algorithm: Algorithm) -> KeyError {
    if algorithm.facts().key_type == KeyType::Rsa {
        return KeyError::NoBackend { operation: RSA_SIGNING };
    }
    none(algorithm)
}

pub(crate) fn verifier(algorithm: Algorithm, _: &PublicMaterial) -> Result<Arc<dyn Verify>, KeyError> {
    Err(none(algorithm))
}

pub(crate) fn signer(algorithm: Algorithm, _: &PrivateParts) -> Result<Pair, KeyError> {
    Err(no_pair(algorithm))
}

pub(crate) fn hmac(algorithm: Algorithm, _: &[u8]) -> Result<Shared, KeyError> {
    Err(none(algorithm))
}

pub(crate) fn generate(algorithm: Algorithm) -> Result<PrivateMaterial, KeyError> {
    Err(no_pair(algorithm))
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

#[cfg(test)]
mod tests {
    use crate::keys::{HmacSecret, JwkSet, KeyError, KeySet, SignError, SigningKey, Verify, VerifyingKey};
    use crate::{Algorithm, Reason};

    struct Own;

    impl Verify for Own {
        fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            message.len() == signature.len()
        }
    }

    impl crate::keys::Sign for Own {
        fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
            signature.extend_from_slice(message);
            Ok(())
        }
    }

    #[test]
    fn constructors_say_that_no_backend_is_there() {
        for algorithm in Algorithm::ALL {
            assert_eq!(SigningKey::generate(algorithm).unwrap_err().code(), "no_backend", "{algorithm}");
        }
        let secret = HmacSecret::from_bytes(&b"0123456789abcdef0123456789abcdef"[..]).unwrap();
        assert_eq!(
            VerifyingKey::from_secret(Algorithm::HS256, &secret).unwrap_err(),
            KeyError::NoBackend { operation: "HS256" }
        );
        let set =
            br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        assert_eq!(JwkSet::from_json(set).unwrap().keys().count(), 1);
        assert_eq!(KeySet::from_jwks_json(set).unwrap_err().code(), "no_backend");
    }

    #[test]
    fn own_implementations_work_without_one() {
        let key = VerifyingKey::custom(Algorithm::EdDSA, Own).with_key_id("hsm").unwrap();
        let signing = SigningKey::custom(key, Own);
        let mut signature = Vec::new();
        signing.sign(&[7; 64], &mut signature).unwrap();
        let set = KeySet::new([signing.verifying_key()]).unwrap();
        assert!(set.select(Algorithm::EdDSA, Some("hsm")).unwrap().verify(&[1; 64], &signature));
        assert_eq!(set.select(Algorithm::ES256, Some("hsm")).unwrap_err(), Reason::KeyAlgorithmMismatch);
    }
}

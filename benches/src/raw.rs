//! AWS-LC alone, with keys parsed beforehand: the floor below every library.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self as lc, KeyPair as _, ParsedPublicKey};
use jwt_core::{Algorithm, Family};

use crate::fixture::Fixture;

enum Signer {
    Hmac(Box<hmac::Key>),
    Rsa(lc::RsaKeyPair, &'static dyn lc::RsaEncoding),
    Ecdsa(lc::EcdsaKeyPair),
    EdDsa(lc::Ed25519KeyPair),
    MlDsa(lc::PqdsaKeyPair),
}

/// Longest signature: ML-DSA-87.
const LONGEST: usize = 4_627;

/// A ready key.
pub struct Raw {
    signer: Signer,
    public: Option<ParsedPublicKey>,
}

impl Raw {
    /// The fixture's key.
    #[must_use]
    pub fn new(fixture: &Fixture) -> Self {
        let der = fixture.private_der();
        let rsa = |encoding: &'static dyn lc::RsaEncoding, verification: &'static lc::RsaParameters| {
            let pair = lc::RsaKeyPair::from_pkcs8(&der).expect("a key");
            let public = ParsedPublicKey::new(verification, pair.public_key()).expect("a key");
            (Signer::Rsa(pair, encoding), Some(public))
        };
        let ecdsa = |signing: &'static _, verification: &'static lc::EcdsaVerificationAlgorithm| {
            let pair = lc::EcdsaKeyPair::from_pkcs8(signing, &der).expect("a key");
            let public = ParsedPublicKey::new(verification, pair.public_key()).expect("a key");
            (Signer::Ecdsa(pair), Some(public))
        };
        let ml_dsa = |signing: &'static _, verification: &'static lc::PqdsaVerificationAlgorithm| {
            let pair = lc::PqdsaKeyPair::from_pkcs8(signing, &der).expect("a key");
            let public = ParsedPublicKey::new(verification, pair.public_key()).expect("a key");
            (Signer::MlDsa(pair), Some(public))
        };
        let shared = |algorithm| (Signer::Hmac(Box::new(hmac::Key::new(algorithm, &fixture.secret))), None);
        let (signer, public) = match fixture.algorithm {
            Algorithm::HS256 => shared(hmac::HMAC_SHA256),
            Algorithm::HS384 => shared(hmac::HMAC_SHA384),
            Algorithm::HS512 => shared(hmac::HMAC_SHA512),
            Algorithm::RS256 => rsa(&lc::RSA_PKCS1_SHA256, &lc::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => rsa(&lc::RSA_PKCS1_SHA384, &lc::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => rsa(&lc::RSA_PKCS1_SHA512, &lc::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => rsa(&lc::RSA_PSS_SHA256, &lc::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => rsa(&lc::RSA_PSS_SHA384, &lc::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => rsa(&lc::RSA_PSS_SHA512, &lc::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => ecdsa(&lc::ECDSA_P256_SHA256_FIXED_SIGNING, &lc::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => ecdsa(&lc::ECDSA_P384_SHA384_FIXED_SIGNING, &lc::ECDSA_P384_SHA384_FIXED),
            Algorithm::ES512 => ecdsa(&lc::ECDSA_P521_SHA512_FIXED_SIGNING, &lc::ECDSA_P521_SHA512_FIXED),
            Algorithm::MlDsa44 => ml_dsa(&lc::ML_DSA_44_SIGNING, &lc::ML_DSA_44),
            Algorithm::MlDsa65 => ml_dsa(&lc::ML_DSA_65_SIGNING, &lc::ML_DSA_65),
            Algorithm::MlDsa87 => ml_dsa(&lc::ML_DSA_87_SIGNING, &lc::ML_DSA_87),
            other => {
                assert_eq!(other.facts().family, Family::EdDsa, "{other} has no raw form here");
                let pair = lc::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).expect("a key");
                let public = ParsedPublicKey::new(&lc::ED25519, pair.public_key()).expect("a key");
                (Signer::EdDsa(pair), Some(public))
            }
        };
        Self { signer, public }
    }

    /// Whether the signature verifies.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match (&self.signer, &self.public) {
            (Signer::Hmac(key), _) => hmac::verify(key, message, signature).is_ok(),
            (_, Some(public)) => public.verify_sig(message, signature).is_ok(),
            (_, None) => false,
        }
    }

    /// The length of a signature, which is made and thrown away.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> usize {
        let mut room = [0; LONGEST];
        match &self.signer {
            Signer::Hmac(key) => hmac::sign(key, message).as_ref().len(),
            Signer::Rsa(pair, encoding) => {
                let room = &mut room[..pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, room).expect("a signature");
                room.len()
            }
            Signer::Ecdsa(pair) => {
                pair.sign(&SystemRandom::new(), message).expect("a signature").as_ref().len()
            }
            Signer::EdDsa(pair) => pair.sign(message).as_ref().len(),
            Signer::MlDsa(pair) => pair.sign(message, &mut room).expect("a signature"),
        }
    }
}

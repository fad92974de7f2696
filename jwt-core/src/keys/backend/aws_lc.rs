//! Cryptography by AWS-LC. Every key is parsed once, here, and only used afterwards.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, AsRawBytes};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
use aws_lc_rs::signature::{self as lc, KeyPair};
use aws_lc_rs::{constant_time, digest as lc_digest, hmac as lc_hmac, rand};
use zeroize::Zeroizing;

use super::{Pair, Shared};
use crate::keys::material::{Private, PrivateMaterial, PrivateParts, PublicMaterial, RsaParts};
use crate::keys::{KeyError, Sign, SignError, Verify, der};
use crate::{Algorithm, Curve, Family, Hash};

/// What AWS-LC calls an algorithm.
enum Scheme {
    Hmac(lc_hmac::Algorithm),
    Rsa(&'static lc::RsaParameters, &'static dyn lc::RsaEncoding),
    Ecdsa(&'static lc::EcdsaVerificationAlgorithm, &'static lc::EcdsaSigningAlgorithm),
    EdDsa,
    MlDsa(&'static lc::PqdsaVerificationAlgorithm, &'static lc::PqdsaSigningAlgorithm),
}

fn scheme(algorithm: Algorithm) -> Scheme {
    match algorithm {
        Algorithm::HS256 => Scheme::Hmac(lc_hmac::HMAC_SHA256),
        Algorithm::HS384 => Scheme::Hmac(lc_hmac::HMAC_SHA384),
        Algorithm::HS512 => Scheme::Hmac(lc_hmac::HMAC_SHA512),
        Algorithm::RS256 => Scheme::Rsa(&lc::RSA_PKCS1_2048_8192_SHA256, &lc::RSA_PKCS1_SHA256),
        Algorithm::RS384 => Scheme::Rsa(&lc::RSA_PKCS1_2048_8192_SHA384, &lc::RSA_PKCS1_SHA384),
        Algorithm::RS512 => Scheme::Rsa(&lc::RSA_PKCS1_2048_8192_SHA512, &lc::RSA_PKCS1_SHA512),
        Algorithm::PS256 => Scheme::Rsa(&lc::RSA_PSS_2048_8192_SHA256, &lc::RSA_PSS_SHA256),
        Algorithm::PS384 => Scheme::Rsa(&lc::RSA_PSS_2048_8192_SHA384, &lc::RSA_PSS_SHA384),
        Algorithm::PS512 => Scheme::Rsa(&lc::RSA_PSS_2048_8192_SHA512, &lc::RSA_PSS_SHA512),
        Algorithm::ES256 => Scheme::Ecdsa(&lc::ECDSA_P256_SHA256_FIXED, &lc::ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::ES384 => Scheme::Ecdsa(&lc::ECDSA_P384_SHA384_FIXED, &lc::ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::ES512 => Scheme::Ecdsa(&lc::ECDSA_P521_SHA512_FIXED, &lc::ECDSA_P521_SHA512_FIXED_SIGNING),
        Algorithm::EdDSA | Algorithm::Ed25519 => Scheme::EdDsa,
        Algorithm::MlDsa44 => Scheme::MlDsa(&lc::ML_DSA_44, &lc::ML_DSA_44_SIGNING),
        Algorithm::MlDsa65 => Scheme::MlDsa(&lc::ML_DSA_65, &lc::ML_DSA_65_SIGNING),
        Algorithm::MlDsa87 => Scheme::MlDsa(&lc::ML_DSA_87, &lc::ML_DSA_87_SIGNING),
    }
}

/// Bytes in front of `x ‖ y`: the mark of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A ready check for a public key that already fits the algorithm.
pub(crate) fn verifier(algorithm: Algorithm, key: &PublicMaterial) -> Result<Arc<dyn Verify>, KeyError> {
    let rejected = |_| KeyError::Rejected { algorithm };
    let parsed = match (scheme(algorithm), key) {
        (Scheme::Rsa(parameters, _), PublicMaterial::Rsa { n, e }) => {
            lc::RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).map_err(rejected)?
        }
        (Scheme::Ecdsa(parameters, _), PublicMaterial::Ec { xy, .. }) => {
            let mut point = Vec::with_capacity(xy.len().saturating_add(1));
            point.push(UNCOMPRESSED);
            point.extend_from_slice(xy);
            lc::ParsedPublicKey::new(parameters, point).map_err(rejected)?
        }
        (Scheme::EdDsa, PublicMaterial::Okp { x, .. }) => {
            lc::ParsedPublicKey::new(&lc::ED25519, x).map_err(rejected)?
        }
        (Scheme::MlDsa(parameters, _), PublicMaterial::Akp { key, .. }) => {
            lc::ParsedPublicKey::new(parameters, key).map_err(rejected)?
        }
        _ => return Err(KeyError::WrongKeyType { algorithm, found: key.key_type() }),
    };
    Ok(Arc::new(Parsed(parsed)))
}

struct Parsed(lc::ParsedPublicKey);

impl Verify for Parsed {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// A ready signer for a private key that already fits the algorithm. The public half is derived,
/// never taken from the input (RUSTSEC-2022-0093).
pub(crate) fn signer(algorithm: Algorithm, key: &PrivateParts) -> Result<Pair, KeyError> {
    let rejected = |_| KeyError::Rejected { algorithm };
    match (scheme(algorithm), key) {
        (Scheme::Rsa(_, encoding), PrivateParts::Rsa(parts)) => {
            let RsaParts { n, e, d, p, q, dp, dq, qi } = parts.as_ref();
            let components = KeyPairComponents {
                public_key: lc::RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() },
                d: d.as_slice(),
                p: p.as_slice(),
                q: q.as_slice(),
                dP: dp.as_slice(),
                dQ: dq.as_slice(),
                qInv: qi.as_slice(),
            };
            let pair = lc::RsaKeyPair::from_components(&components).map_err(rejected)?;
            let public = PublicMaterial::Rsa { n: n.clone(), e: e.clone() };
            Ok(Pair { sign: Arc::new(Rsa { pair, encoding }), public })
        }
        (Scheme::Ecdsa(_, parameters), PrivateParts::Ec { curve, d }) => {
            let sec1 = der::sec1(d, None);
            let pair = lc::EcdsaKeyPair::from_private_key_der(parameters, &sec1).map_err(rejected)?;
            let xy = pair.public_key().as_ref().get(1..).unwrap_or_default().to_vec();
            Ok(Pair { public: PublicMaterial::Ec { curve: *curve, xy }, sign: Arc::new(Ecdsa(pair)) })
        }
        (Scheme::EdDsa, PrivateParts::Okp { curve, seed }) => {
            // "Unchecked" only says that no public key stands beside the seed to compare it with;
            // ours is compared by the caller.
            let pair = lc::Ed25519KeyPair::from_seed_unchecked(seed).map_err(rejected)?;
            let x = pair.public_key().as_ref().to_vec();
            Ok(Pair { public: PublicMaterial::Okp { curve: *curve, x }, sign: Arc::new(EdDsa(pair)) })
        }
        (Scheme::MlDsa(_, parameters), PrivateParts::Akp { seed, expanded, .. }) => {
            let pair = lc::PqdsaKeyPair::from_seed(parameters, seed).map_err(rejected)?;
            if let Some(stated) = expanded {
                // RFC 9881 §6: the two forms may contradict each other.
                let derived =
                    pair.private_key().as_raw_bytes().map_err(|_| KeyError::Rejected { algorithm })?;
                constant_time::verify_slices_are_equal(derived.as_ref(), stated)
                    .map_err(|_| KeyError::HalvesDiffer { algorithm })?;
            }
            let key = pair.public_key().as_ref().to_vec();
            Ok(Pair { public: PublicMaterial::Akp { algorithm, key }, sign: Arc::new(MlDsa(pair)) })
        }
        (_, key) => {
            key.fits(algorithm)?;
            Err(KeyError::Rejected { algorithm })
        }
    }
}

struct Rsa {
    pair: lc::RsaKeyPair,
    encoding: &'static dyn lc::RsaEncoding,
}

impl Sign for Rsa {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        let start = signature.len();
        signature.resize(start.saturating_add(self.pair.public_modulus_len()), 0);
        let room = signature.get_mut(start..).unwrap_or_default();
        self.pair.sign(self.encoding, &SystemRandom::new(), message, room).map_err(|_| SignError::plain())
    }
}

struct Ecdsa(lc::EcdsaKeyPair);

impl Sign for Ecdsa {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        let made = self.0.sign(&SystemRandom::new(), message).map_err(|_| SignError::plain())?;
        signature.extend_from_slice(made.as_ref());
        Ok(())
    }
}

struct EdDsa(lc::Ed25519KeyPair);

impl Sign for EdDsa {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        let made = self.0.try_sign(message).map_err(|_| SignError::plain())?;
        signature.extend_from_slice(made.as_ref());
        Ok(())
    }
}

struct MlDsa(lc::PqdsaKeyPair);

impl Sign for MlDsa {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        let start = signature.len();
        signature.resize(start.saturating_add(self.0.algorithm().signature_len()), 0);
        let room = signature.get_mut(start..).unwrap_or_default();
        self.0.sign(message, room).map(|_| ()).map_err(|_| SignError::plain())
    }
}

/// A shared secret of sufficient length, ready in both directions.
pub(crate) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Shared, KeyError> {
    let Scheme::Hmac(parameters) = scheme(algorithm) else {
        return Err(KeyError::WrongKeyType { algorithm, found: crate::KeyType::Oct });
    };
    let key = Arc::new(Hmac(lc_hmac::Key::new(parameters, secret)));
    Ok(Shared { sign: key.clone(), verify: key })
}

struct Hmac(lc_hmac::Key);

/// Of HMAC-SHA-512, in bytes.
const LONGEST_TAG: usize = 64;

impl Verify for Hmac {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        // Not by `hmac::verify`, which moves the whole context about once more.
        let mut tag = [0; LONGEST_TAG];
        let tag = lc_hmac::sign_to_buffer(&self.0, message, &mut tag);
        tag.is_ok_and(|tag| constant_time::verify_slices_are_equal(tag, signature).is_ok())
    }
}

impl Sign for Hmac {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        let mut tag = [0; LONGEST_TAG];
        let tag = lc_hmac::sign_to_buffer(&self.0, message, &mut tag).map_err(SignError::new)?;
        signature.extend_from_slice(tag);
        Ok(())
    }
}

/// RSA keys are made with 2048 bits: the least allowed, and the size that every verifier takes.
const RSA_SIZE: KeySize = KeySize::Rsa2048;

/// The private half of a new key pair.
pub(crate) fn generate(algorithm: Algorithm) -> Result<PrivateMaterial, KeyError> {
    let failed = |_| KeyError::Generation { algorithm };
    let facts = algorithm.facts();
    let secret = match (facts.family, scheme(algorithm)) {
        (Family::RsaPkcs1 | Family::RsaPss, _) => {
            let pair = lc::RsaKeyPair::generate(RSA_SIZE).map_err(failed)?;
            let document = pair.as_der().map_err(failed)?;
            return der::private(document.as_ref());
        }
        (Family::Ecdsa, Scheme::Ecdsa(_, parameters)) => {
            let pair = lc::EcdsaKeyPair::generate(parameters).map_err(failed)?;
            let scalar = pair.private_key().as_be_bytes().map_err(failed)?;
            let curve = facts.curve.unwrap_or(Curve::P256);
            PrivateParts::Ec { curve, d: Zeroizing::new(scalar.as_ref().to_vec()) }
        }
        (Family::EdDsa, _) => {
            let curve = facts.curve.unwrap_or(Curve::Ed25519);
            PrivateParts::Okp { curve, seed: random_seed(algorithm)? }
        }
        (Family::MlDsa, _) => PrivateParts::Akp { algorithm, seed: random_seed(algorithm)?, expanded: None },
        (Family::Hmac | Family::Ecdsa, _) => return Err(KeyError::Generation { algorithm }),
    };
    Ok(PrivateMaterial { secret, stated: None })
}

fn random_seed(algorithm: Algorithm) -> Result<Private, KeyError> {
    let mut seed = Zeroizing::new(vec![0; der::SEED_LEN]);
    random(algorithm, &mut seed)?;
    Ok(seed)
}

/// Fills `bytes` from the operating system's generator; `algorithm` is named if that fails.
pub(crate) fn random(algorithm: Algorithm, bytes: &mut [u8]) -> Result<(), KeyError> {
    rand::fill(bytes).map_err(|_| KeyError::Generation { algorithm })
}

/// The hash of `data`.
pub(crate) fn digest(hash: Hash, data: &[u8]) -> Result<Vec<u8>, KeyError> {
    let algorithm = match hash {
        Hash::Sha256 => &lc_digest::SHA256,
        Hash::Sha384 => &lc_digest::SHA384,
        Hash::Sha512 => &lc_digest::SHA512,
    };
    Ok(lc_digest::digest(algorithm, data).as_ref().to_vec())
}

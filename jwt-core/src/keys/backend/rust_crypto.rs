//! Cryptography by crates that are Rust throughout. Every key is parsed once, here, and only used
//! afterwards.
//!
//! Absent on purpose: RSA keys that sign, and so their generation. The Marvin attack (RUSTSEC-2023-0071)
//! reads private keys off the time that the crate `rsa` takes. Version 0.10 set out to compute in constant
//! time, which is no reason yet to trust a key to it. Verifying computes with public numbers only.

use core::marker::PhantomData;
use std::sync::Arc;

use getrandom::SysRng;
use hmac::{Hmac, KeyInit, Mac};
use ml_dsa::{ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use p256::ecdsa::signature::{RandomizedSigner, SignatureEncoding, Signer, Verifier};
use p256::elliptic_curve::Generate;
use rsa::{BoxedUint, pkcs1v15, pss};
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Pair, RSA_SIGNING, Shared};
use crate::keys::material::{Private, PrivateMaterial, PrivateParts, PublicMaterial};
use crate::keys::{KeyError, Sign, SignError, Verify, der, strength};
use crate::{Algorithm, Curve, Family, Hash};

/// A ready check for a public key that already fits the algorithm.
pub(crate) fn verifier(algorithm: Algorithm, key: &PublicMaterial) -> Result<Arc<dyn Verify>, KeyError> {
    let facts = algorithm.facts();
    let checks = match (facts.family, facts.hash, key) {
        (Family::RsaPkcs1, Some(hash), PublicMaterial::Rsa { n, e }) => {
            rsa_key(n, e).map(|key| rsa_pkcs1(hash, key))
        }
        (Family::RsaPss, Some(hash), PublicMaterial::Rsa { n, e }) => {
            rsa_key(n, e).map(|key| rsa_pss(hash, key))
        }
        (Family::Ecdsa, _, PublicMaterial::Ec { curve, xy }) => ecdsa(*curve, xy),
        (Family::EdDsa, _, PublicMaterial::Okp { x, .. }) => eddsa(x),
        (Family::MlDsa, _, PublicMaterial::Akp { key, .. }) => match algorithm {
            Algorithm::MlDsa44 => ml_dsa::<MlDsa44>(key),
            Algorithm::MlDsa65 => ml_dsa::<MlDsa65>(key),
            Algorithm::MlDsa87 => ml_dsa::<MlDsa87>(key),
            _ => None,
        },
        _ => return Err(KeyError::WrongKeyType { algorithm, found: key.key_type() }),
    };
    checks.ok_or(KeyError::Rejected { algorithm })
}

fn rsa_key(n: &[u8], e: &[u8]) -> Option<rsa::PublicKey> {
    let (n, e) = (BoxedUint::from_be_slice_vartime(n), BoxedUint::from_be_slice_vartime(e));
    rsa::PublicKey::new_with_size_limits(n, e, strength::RSA_BITS).ok()
}

fn rsa_pkcs1(hash: Hash, key: rsa::PublicKey) -> Arc<dyn Verify> {
    match hash {
        Hash::Sha256 => Checks::<pkcs1v15::Signature, _>::by(pkcs1v15::VerifyingKey::<Sha256>::new(key)),
        Hash::Sha384 => Checks::<pkcs1v15::Signature, _>::by(pkcs1v15::VerifyingKey::<Sha384>::new(key)),
        Hash::Sha512 => Checks::<pkcs1v15::Signature, _>::by(pkcs1v15::VerifyingKey::<Sha512>::new(key)),
    }
}

/// `new` fixes the length of the salt to that of the hash (RFC 7518 §3.5); only other constructors
/// take any length.
fn rsa_pss(hash: Hash, key: rsa::PublicKey) -> Arc<dyn Verify> {
    match hash {
        Hash::Sha256 => Checks::<pss::Signature, _>::by(pss::VerifyingKey::<Sha256>::new(key)),
        Hash::Sha384 => Checks::<pss::Signature, _>::by(pss::VerifyingKey::<Sha384>::new(key)),
        Hash::Sha512 => Checks::<pss::Signature, _>::by(pss::VerifyingKey::<Sha512>::new(key)),
    }
}

/// Bytes in front of `x ‖ y`: the mark of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A signature is `r ‖ s` in full length, both from 1 to the order less 1 (CVE-2022-21449). A high `s` is
/// taken: RFC 7518 §3.4 has no rule against it, and half of all signers make one.
fn ecdsa(curve: Curve, xy: &[u8]) -> Option<Arc<dyn Verify>> {
    let mut point = Vec::with_capacity(xy.len().saturating_add(1));
    point.push(UNCOMPRESSED);
    point.extend_from_slice(xy);
    match curve {
        Curve::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
            Some(Checks::<p256::ecdsa::Signature, _>::by(key))
        }
        Curve::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
            Some(Checks::<p384::ecdsa::Signature, _>::by(key))
        }
        Curve::P521 => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
            Some(Checks::<p521::ecdsa::Signature, _>::by(key))
        }
        Curve::Ed25519 => None,
    }
}

fn eddsa(x: &[u8]) -> Option<Arc<dyn Verify>> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(x.try_into().ok()?).ok()?;
    Some(Arc::new(Strict(key)))
}

fn ml_dsa<P: MlDsaParams + 'static>(key: &[u8]) -> Option<Arc<dyn Verify>>
where
    ml_dsa::VerifyingKey<P>: Send + Sync,
{
    let key = ml_dsa::VerifyingKey::<P>::new_from_slice(key).ok()?;
    Some(Checks::<ml_dsa::Signature<P>, _>::by(key))
}

/// A key `K` that checks signatures of the form `S`.
struct Checks<S, K> {
    key: K,
    form: PhantomData<fn() -> S>,
}

impl<S, K> Checks<S, K>
where
    S: for<'a> TryFrom<&'a [u8]> + 'static,
    K: Verifier<S> + Send + Sync + 'static,
{
    fn by(key: K) -> Arc<dyn Verify> {
        Arc::new(Self { key, form: PhantomData })
    }
}

impl<S, K> Verify for Checks<S, K>
where
    S: for<'a> TryFrom<&'a [u8]> + 'static,
    K: Verifier<S> + Send + Sync + 'static,
{
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        S::try_from(signature).is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }
}

/// Ed25519. Both ways to verify that the crate offers compute without the cofactor and compare the bytes
/// of `R`, as AWS-LC does. The strict one also refuses a point of small order as key or as `R`. No signer
/// makes such an `R`: all valid signatures of project Wycheproof pass, and on its vectors AWS-LC agrees.
struct Strict(ed25519_dalek::VerifyingKey);

impl Verify for Strict {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

/// A ready signer for a private key that already fits the algorithm. The public half is derived,
/// never taken from the input (RUSTSEC-2022-0093).
pub(crate) fn signer(algorithm: Algorithm, key: &PrivateParts) -> Result<Pair, KeyError> {
    key.fits(algorithm)?;
    let rejected = KeyError::Rejected { algorithm };
    match key {
        PrivateParts::Rsa(_) => Err(KeyError::NoBackend { operation: RSA_SIGNING }),
        PrivateParts::Ec { curve, d } => ecdsa_pair(*curve, d).ok_or(rejected),
        PrivateParts::Okp { curve, seed } => {
            let seed = seed.as_slice().try_into().map_err(|_| rejected)?;
            let key = ed25519_dalek::SigningKey::from_bytes(seed);
            let x = key.verifying_key().as_bytes().to_vec();
            Ok(Pair { public: PublicMaterial::Okp { curve: *curve, x }, sign: Arc::new(EdDsa(key)) })
        }
        PrivateParts::Akp { seed, expanded, .. } => {
            let expanded = expanded.as_ref().map(|expanded| expanded.as_slice());
            match algorithm {
                Algorithm::MlDsa44 => ml_dsa_pair::<MlDsa44>(algorithm, seed, expanded),
                Algorithm::MlDsa65 => ml_dsa_pair::<MlDsa65>(algorithm, seed, expanded),
                Algorithm::MlDsa87 => ml_dsa_pair::<MlDsa87>(algorithm, seed, expanded),
                _ => Err(rejected),
            }
        }
    }
}

fn ecdsa_pair(curve: Curve, d: &[u8]) -> Option<Pair> {
    let (sign, point) = match curve {
        Curve::P256 => {
            let key = p256::ecdsa::SigningKey::from_slice(d).ok()?;
            let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
            (Makes::<p256::ecdsa::Signature, _>::by(key), point)
        }
        Curve::P384 => {
            let key = p384::ecdsa::SigningKey::from_slice(d).ok()?;
            let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
            (Makes::<p384::ecdsa::Signature, _>::by(key), point)
        }
        Curve::P521 => {
            let key = p521::ecdsa::SigningKey::from_slice(d).ok()?;
            let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
            (Makes::<p521::ecdsa::Signature, _>::by(key), point)
        }
        Curve::Ed25519 => return None,
    };
    let xy = point.get(1..)?.to_vec();
    Some(Pair { sign, public: PublicMaterial::Ec { curve, xy } })
}

fn ml_dsa_pair<P: MlDsaParams + 'static>(
    algorithm: Algorithm,
    seed: &[u8],
    stated: Option<&[u8]>,
) -> Result<Pair, KeyError>
where
    ExpandedSigningKey<P>: Send + Sync,
{
    let seed = seed.try_into().map_err(|_| KeyError::Rejected { algorithm })?;
    let key = Box::new(ExpandedSigningKey::<P>::from_seed(seed));
    if let Some(stated) = stated {
        // RFC 9881 §6: the two forms may contradict each other.
        #[expect(deprecated, reason = "deprecated as a form to keep keys in; here it is only compared")]
        let derived = Zeroizing::new(key.to_expanded());
        if !bool::from(derived.as_slice().ct_eq(stated)) {
            return Err(KeyError::HalvesDiffer { algorithm });
        }
    }
    let public = PublicMaterial::Akp { algorithm, key: key.verifying_key().encode().to_vec() };
    Ok(Pair { sign: Makes::<ml_dsa::Signature<P>, _>::by(*key), public })
}

/// A key `K` that makes signatures of the form `S`, with fresh randomness in each as AWS-LC does it: the
/// deterministic variants give a key away when a fault disturbs one of two equal computations
/// (FIPS 204 §3.4, RFC 6979 §3.6).
struct Makes<S, K> {
    key: K,
    form: PhantomData<fn() -> S>,
}

impl<S, K> Makes<S, K>
where
    S: SignatureEncoding + 'static,
    K: RandomizedSigner<S> + Send + Sync + 'static,
{
    fn by(key: K) -> Arc<dyn Sign> {
        Arc::new(Self { key, form: PhantomData })
    }
}

impl<S, K> Sign for Makes<S, K>
where
    S: SignatureEncoding + 'static,
    K: RandomizedSigner<S> + Send + Sync + 'static,
{
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        let made = self.key.try_sign_with_rng(&mut SysRng, message).map_err(|_| SignError::plain())?;
        signature.extend_from_slice(made.to_bytes().as_ref());
        Ok(())
    }
}

/// Deterministic, for RFC 8032 knows no other form.
struct EdDsa(ed25519_dalek::SigningKey);

impl Sign for EdDsa {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        let made = self.0.try_sign(message).map_err(|_| SignError::plain())?;
        signature.extend_from_slice(&made.to_bytes());
        Ok(())
    }
}

/// A shared secret of sufficient length, ready in both directions.
pub(crate) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Shared, KeyError> {
    let facts = algorithm.facts();
    let keyed = match (facts.family, facts.hash) {
        (Family::Hmac, Some(Hash::Sha256)) => shared::<Hmac<Sha256>>(secret),
        (Family::Hmac, Some(Hash::Sha384)) => shared::<Hmac<Sha384>>(secret),
        (Family::Hmac, Some(Hash::Sha512)) => shared::<Hmac<Sha512>>(secret),
        _ => return Err(KeyError::WrongKeyType { algorithm, found: crate::KeyType::Oct }),
    };
    keyed.ok_or(KeyError::Rejected { algorithm })
}

fn shared<M: Mac + KeyInit + Clone + Send + Sync + 'static>(secret: &[u8]) -> Option<Shared> {
    let key = Arc::new(Keyed(<M as KeyInit>::new_from_slice(secret).ok()?));
    Some(Shared { sign: key.clone(), verify: key })
}

/// A code that has taken in its key, and is copied for each message.
struct Keyed<M>(M);

impl<M: Mac + Clone> Keyed<M> {
    fn over(&self, message: &[u8]) -> M {
        let mut mac = self.0.clone();
        mac.update(message);
        mac
    }
}

impl<M: Mac + Clone + Send + Sync + 'static> Verify for Keyed<M> {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        // In constant time, and of the full length only.
        self.over(message).verify_slice(signature).is_ok()
    }
}

impl<M: Mac + Clone + Send + Sync + 'static> Sign for Keyed<M> {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        signature.extend_from_slice(&self.over(message).finalize().into_bytes());
        Ok(())
    }
}

/// The private half of a new key pair.
pub(crate) fn generate(algorithm: Algorithm) -> Result<PrivateMaterial, KeyError> {
    let facts = algorithm.facts();
    let secret = match (facts.family, facts.curve) {
        (Family::RsaPkcs1 | Family::RsaPss, _) => {
            return Err(KeyError::NoBackend { operation: RSA_SIGNING });
        }
        (Family::Ecdsa, Some(curve)) => {
            let d = scalar(curve).ok_or(KeyError::Generation { algorithm })?;
            PrivateParts::Ec { curve, d }
        }
        (Family::EdDsa, Some(curve)) => PrivateParts::Okp { curve, seed: random_seed(algorithm)? },
        (Family::MlDsa, _) => PrivateParts::Akp { algorithm, seed: random_seed(algorithm)?, expanded: None },
        (Family::Hmac | Family::Ecdsa | Family::EdDsa, _) => return Err(KeyError::Generation { algorithm }),
    };
    Ok(PrivateMaterial { secret, stated: None })
}

/// A random number from 1 to the order of the curve less 1, in full length.
fn scalar(curve: Curve) -> Option<Private> {
    let rng = &mut SysRng;
    let bytes = match curve {
        Curve::P256 => {
            Zeroizing::new(p256::ecdsa::SigningKey::try_generate_from_rng(rng).ok()?.to_bytes()).to_vec()
        }
        Curve::P384 => {
            Zeroizing::new(p384::ecdsa::SigningKey::try_generate_from_rng(rng).ok()?.to_bytes()).to_vec()
        }
        Curve::P521 => {
            Zeroizing::new(p521::ecdsa::SigningKey::try_generate_from_rng(rng).ok()?.to_bytes()).to_vec()
        }
        Curve::Ed25519 => return None,
    };
    Some(Zeroizing::new(bytes))
}

fn random_seed(algorithm: Algorithm) -> Result<Private, KeyError> {
    let mut seed = Zeroizing::new(vec![0; der::SEED_LEN]);
    random(algorithm, &mut seed)?;
    Ok(seed)
}

/// Fills `bytes` from the operating system's generator; `algorithm` is named if that fails.
pub(crate) fn random(algorithm: Algorithm, bytes: &mut [u8]) -> Result<(), KeyError> {
    getrandom::fill(bytes).map_err(|_| KeyError::Generation { algorithm })
}

/// The hash of `data`.
pub(crate) fn digest(hash: Hash, data: &[u8]) -> Result<Vec<u8>, KeyError> {
    Ok(match hash {
        Hash::Sha256 => Sha256::digest(data).to_vec(),
        Hash::Sha384 => Sha384::digest(data).to_vec(),
        Hash::Sha512 => Sha512::digest(data).to_vec(),
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod verdicts;

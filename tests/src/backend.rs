//! The backend that the suites run on, what it lacks, and what stands in for that.
//!
//! An RSA key that `rust-crypto` does not sign with is kept outside of jwt-core, as a service keeps one in a hardware
//! module: the crate `rsa` signs, jwt-core has the public half. So each suite runs with every algorithm on every
//! backend, and what is lacking is lacking only where jwt-core itself is to read or use the private key.

#![expect(clippy::unwrap_used, reason = "fixtures: what cannot be made fails the test")]

use std::sync::Mutex;

use getrandom::SysRng;
use jwt_core::keys::{Jwk, Sign, SignError};
use jwt_core::{Algorithm, Family, Hash, SigningKey, VerifyingKey};
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{PrivateKey, pkcs1v15, pss};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::tokens::base64url;

/// The one list of what is lacking, which jwt-core's own tests hold against the backend.
const ABSENT: &str = include_str!("../../jwt-core/src/keys/backend/rust_crypto/absent.txt");

/// The algorithms with which the backend does not sign. AWS-LC, which is used wherever it is on, signs with all.
#[must_use]
pub fn absent() -> Vec<Algorithm> {
    if cfg!(feature = "aws-lc-rs") {
        return Vec::new();
    }
    let rows = ABSENT.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" | "));
    rows.map(|(algorithm, _)| algorithm.parse().unwrap()).collect()
}

/// Whether the backend signs with the algorithm.
#[must_use]
pub fn signs(algorithm: Algorithm) -> bool {
    !absent().contains(&algorithm)
}

/// A new key, outside of jwt-core where the backend has none.
#[must_use]
pub fn generate(algorithm: Algorithm) -> SigningKey {
    if signs(algorithm) {
        return SigningKey::generate(algorithm).unwrap();
    }
    let private = PrivateKey::new(&mut SysRng, 2048).unwrap();
    let key = outside(algorithm, &private);
    OUTSIDE.lock().unwrap().push((thumbprint(&key), private));
    key
}

/// The same key for another algorithm.
#[must_use]
pub fn under(algorithm: Algorithm, key: &SigningKey) -> SigningKey {
    match kept(key) {
        Some(private) => outside(algorithm, &private),
        None => SigningKey::from_pem(algorithm, &*key.insecure_private_pem().unwrap()).unwrap(),
    }
}

/// The private key in PEM, wherever it is kept.
#[must_use]
pub fn private_pem(key: &SigningKey) -> String {
    match kept(key) {
        Some(private) => private.to_pkcs8_pem(LineEnding::LF).unwrap().to_string(),
        None => key.insecure_private_pem().unwrap().to_string(),
    }
}

/// The private key as a JWK, wherever it is kept.
#[must_use]
pub fn private_jwk(key: &SigningKey) -> Value {
    let Some(private) = kept(key) else {
        return serde_json::from_str(&key.insecure_private_jwk().unwrap()).unwrap();
    };
    let mut jwk: Value = serde_json::from_str(&key.to_jwk().unwrap().to_json().unwrap()).unwrap();
    let [p, q] = private.primes() else { unreachable!("two primes") };
    for (name, number) in [
        ("d", private.d().clone()),
        ("p", p.as_ref().clone()),
        ("q", q.as_ref().clone()),
        ("dp", private.dp().unwrap().clone()),
        ("dq", private.dq().unwrap().clone()),
        ("qi", private.crt_coefficient().unwrap()),
    ] {
        let number = base64url(number.to_be_bytes_trimmed_vartime());
        jwk.as_object_mut().unwrap().insert(name.to_owned(), number.into());
    }
    jwk
}

/// The keys outside, by their thumbprints.
static OUTSIDE: Mutex<Vec<(String, PrivateKey)>> = Mutex::new(Vec::new());

fn kept(key: &SigningKey) -> Option<PrivateKey> {
    let outside = OUTSIDE.lock().unwrap();
    if outside.is_empty() || key.algorithm().is_symmetric() {
        return None;
    }
    let wanted = thumbprint(key);
    outside.iter().find(|(thumbprint, _)| *thumbprint == wanted).map(|(_, private)| private.clone())
}

fn thumbprint(key: &SigningKey) -> String {
    key.verifying_key().thumbprint().unwrap()
}

fn outside(algorithm: Algorithm, private: &PrivateKey) -> SigningKey {
    let (n, e) = (base64url(private.n_bytes()), base64url(private.e_bytes()));
    let jwk = Jwk::from_json(json!({"kty": "RSA", "n": n, "e": e}).to_string().as_bytes()).unwrap();
    let public = VerifyingKey::from_jwk_with(algorithm, &jwk).unwrap();
    let (key, facts) = (private.clone(), algorithm.facts());
    match (facts.family, facts.hash) {
        (Family::RsaPkcs1, Some(Hash::Sha256)) => pkcs1(public, pkcs1v15::SigningKey::<Sha256>::new(key)),
        (Family::RsaPkcs1, Some(Hash::Sha384)) => pkcs1(public, pkcs1v15::SigningKey::<Sha384>::new(key)),
        (Family::RsaPkcs1, Some(Hash::Sha512)) => pkcs1(public, pkcs1v15::SigningKey::<Sha512>::new(key)),
        (Family::RsaPss, Some(Hash::Sha256)) => pss(public, pss::SigningKey::<Sha256>::new(key)),
        (Family::RsaPss, Some(Hash::Sha384)) => pss(public, pss::SigningKey::<Sha384>::new(key)),
        (Family::RsaPss, Some(Hash::Sha512)) => pss(public, pss::SigningKey::<Sha512>::new(key)),
        _ => unreachable!("{algorithm} is not RSA"),
    }
}

fn pkcs1(
    public: VerifyingKey,
    key: impl RandomizedSigner<pkcs1v15::Signature> + Send + Sync + 'static,
) -> SigningKey {
    SigningKey::custom(public, Outside(move |message: &[u8]| signature(&key, message)))
}

fn pss(
    public: VerifyingKey,
    key: impl RandomizedSigner<pss::Signature> + Send + Sync + 'static,
) -> SigningKey {
    SigningKey::custom(public, Outside(move |message: &[u8]| signature(&key, message)))
}

fn signature<S: SignatureEncoding>(key: &impl RandomizedSigner<S>, message: &[u8]) -> Vec<u8> {
    key.try_sign_with_rng(&mut SysRng, message).unwrap().to_vec()
}

/// What makes a signature outside of jwt-core.
struct Outside<F>(F);

impl<F: Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static> Sign for Outside<F> {
    fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        signature.extend_from_slice(&(self.0)(message));
        Ok(())
    }
}

//! Keys that make signatures.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::jwk::{Content, Operation, public_parameters};
use super::material::{PrivateMaterial, PrivateParts, PublicMaterial};
use super::source::{self, Form};
use super::{HmacSecret, Jwk, KeyError, Sign, SignError, VerifyingKey, backend, der, pem};
use crate::Algorithm;
use crate::base64url;

/// A key that makes signatures, bound to one algorithm, with the [`VerifyingKey`] that checks them.
///
/// Imports refuse what [`VerifyingKey`] refuses, and a private key whose stated public half is not
/// the one derived from it (RUSTSEC-2022-0093). Private parts are wiped when the last clone is dropped.
///
/// The `kid` is the one configured or in the JWK; else the RFC 7638 thumbprint for asymmetric keys, 128
/// random bits for a generated secret, and none for an imported one (never a digest of the secret).
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use jwt_core::{Algorithm, SigningKey};
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let mut signature = Vec::new();
/// key.sign(b"message", &mut signature)?;
/// assert!(key.verifying_key().verify(b"message", &signature));
/// assert!(!key.verifying_key().verify(b"massage", &signature));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    verifying: VerifyingKey,
    sign: Arc<dyn Sign>,
    private: PrivateForm,
}

#[derive(Clone)]
enum PrivateForm {
    Parts(Arc<PrivateParts>),
    Secret(HmacSecret),
    /// The user's own implementation.
    Own,
}

impl SigningKey {
    /// A new key: RSA with 2048 bits, elsewhere the algorithm's only size, HMAC as long as the hash.
    ///
    /// # Errors
    ///
    /// - [`KeyError::NoBackend`], [`KeyError::Generation`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            let mut key_id = [0; 16];
            backend::random(algorithm, &mut key_id)?;
            let secret = HmacSecret::generate(algorithm)?;
            return Self::from_secret(algorithm, &secret)?.with_key_id(base64url::encode(&key_id));
        }
        Self::from_material(algorithm, backend::generate(algorithm)?)
    }

    /// A private key in PEM: `PRIVATE KEY` (RFC 5958), `RSA PRIVATE KEY` (RFC 8017) or `EC PRIVATE KEY`
    /// (RFC 5915), which an `EC PARAMETERS` block may precede.
    ///
    /// Encrypted keys are refused: decrypt them first, with `openssl pkey`.
    ///
    /// # Errors
    ///
    /// - [`KeyError::MalformedPem`], [`KeyError::SeveralPemBlocks`], [`KeyError::PemLabel`].
    /// - Those of [`SigningKey::from_der`].
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::from_material(algorithm, pem::private(pem.as_ref())?)
    }

    /// A private key in DER: PKCS#8 (RFC 5958), `RSAPrivateKey` (RFC 8017 A.1.2) or `ECPrivateKey`
    /// (RFC 5915). ML-DSA needs its seed (RFC 9881 §6).
    ///
    /// # Errors
    ///
    /// - [`KeyError::PublicKey`]: it is a public key.
    /// - [`KeyError::HalvesDiffer`]: its public half belongs to another key.
    /// - Those of [`VerifyingKey::from_der`], except [`KeyError::PrivateKey`].
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_material(algorithm, der::private(der)?)
    }

    /// A private or `oct` JWK that names its algorithm, with the JWK's `kid`.
    ///
    /// # Errors
    ///
    /// - [`KeyError::MissingAlgorithm`]: it has no `alg`; take [`SigningKey::from_jwk_with`].
    /// - [`KeyError::KeyUse`], [`KeyError::KeyOperations`]: it is not meant to sign.
    /// - [`KeyError::PublicKey`]: it has no private members.
    /// - Those of [`SigningKey::from_der`] and [`SigningKey::from_secret`].
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        Self::from_bound_jwk(jwk, None)
    }

    /// As [`SigningKey::from_jwk`], for a JWK without `alg`, or whose `alg` must be this.
    ///
    /// # Errors
    ///
    /// - [`KeyError::WrongAlgorithm`]: it has another `alg`.
    /// - Those of [`SigningKey::from_jwk`].
    pub fn from_jwk_with(algorithm: Algorithm, jwk: &Jwk) -> Result<Self, KeyError> {
        Self::from_bound_jwk(jwk, Some(algorithm))
    }

    /// A shared secret (RFC 7518 §3.2), without a `kid`.
    ///
    /// # Errors
    ///
    /// - As [`VerifyingKey::from_secret`].
    pub fn from_secret(algorithm: Algorithm, secret: &HmacSecret) -> Result<Self, KeyError> {
        let verifying = VerifyingKey::from_secret(algorithm, secret)?;
        let sign = backend::hmac(algorithm, secret.bytes())?.sign;
        Ok(Self { verifying, sign, private: PrivateForm::Secret(secret.clone()) })
    }

    /// The key in an environment variable: PEM text or a JWK; for HMAC see [`HmacSecret::from_env`].
    ///
    /// # Errors
    ///
    /// - [`KeyError::VariableMissing`], [`KeyError::VariableNotUnicode`].
    /// - [`KeyError::InVariable`] around an error of the constructor for the form found.
    pub fn from_env(algorithm: Algorithm, variable: &str) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            let secret = HmacSecret::from_env(variable)?;
            return Self::from_secret(algorithm, &secret).map_err(|error| KeyError::InVariable {
                variable: variable.to_owned(),
                error: Box::new(error),
            });
        }
        source::variable(variable, |content| match source::form(content) {
            Form::Jwk => Self::from_jwk_with(algorithm, &Jwk::from_json(source::without_mark(content))?),
            Form::Pem | Form::Der => Self::from_pem(algorithm, content),
        })
    }

    /// The key in a file: PEM text, a JWK or DER; for HMAC see [`HmacSecret::from_file`].
    ///
    /// # Errors
    ///
    /// - [`KeyError::File`]: it cannot be read.
    /// - [`KeyError::InFile`] around an error of the constructor for the form found.
    pub fn from_file(algorithm: Algorithm, path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        if algorithm.is_symmetric() {
            let secret = HmacSecret::from_file(path)?;
            return Self::from_secret(algorithm, &secret)
                .map_err(|error| KeyError::InFile { path: path.to_owned(), error: Box::new(error) });
        }
        source::file(path, |content| match source::form(content) {
            Form::Jwk => Self::from_jwk_with(algorithm, &Jwk::from_json(source::without_mark(content))?),
            Form::Pem => Self::from_pem(algorithm, content),
            Form::Der => Self::from_der(algorithm, content),
        })
    }

    /// The user's own implementation, such as a key that never leaves a hardware module, beside the
    /// key that checks what it makes.
    ///
    /// The `kid` is that of `verifying_key`, else its thumbprint where that can be computed.
    #[must_use]
    pub fn custom(verifying_key: VerifyingKey, sign: impl Sign) -> Self {
        let verifying = match (verifying_key.key_id(), verifying_key.thumbprint()) {
            (None, Ok(thumbprint)) => verifying_key.clone().with_key_id(thumbprint).unwrap_or(verifying_key),
            _ => verifying_key,
        };
        Self { verifying, sign: Arc::new(sign), private: PrivateForm::Own }
    }

    /// A key whose signatures are made elsewhere and asked for by one's own means, for
    /// [`TokenBuilder::unsigned`](crate::TokenBuilder::unsigned). It does not sign by itself.
    ///
    /// The `kid` is as for [`SigningKey::custom`].
    #[must_use]
    pub fn remote(verifying_key: VerifyingKey) -> Self {
        struct Elsewhere;
        impl Sign for Elsewhere {
            fn sign(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SignError> {
                Err(SignError::new("this key signs elsewhere: take the unsigned token"))
            }
        }
        Self::custom(verifying_key, Elsewhere)
    }

    /// Sets the `kid`, on the [`verifying_key`](SigningKey::verifying_key) as well.
    ///
    /// # Errors
    ///
    /// - [`KeyError::KeyIdTooLong`]: above 256 bytes.
    pub fn with_key_id(mut self, key_id: impl Into<Arc<str>>) -> Result<Self, KeyError> {
        self.verifying = self.verifying.with_key_id(key_id)?;
        Ok(self)
    }

    /// The one algorithm this key is used with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The `kid`, if it has one.
    #[must_use]
    pub const fn key_id(&self) -> Option<&Arc<str>> {
        self.verifying.key_id()
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// Appends a signature of `message`, in the form of RFC 7518 §3, to `signature`.
    ///
    /// # Errors
    ///
    /// - [`SignError`]: the backend or the own implementation failed, or what it made has not the
    ///   algorithm's length (an ECDSA signature in DER is the usual mistake). `signature` is unchanged.
    pub fn sign(&self, message: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        let start = signature.len();
        let made = self.sign.sign(message, signature).and_then(|()| {
            match (signature.len().checked_sub(start), self.verifying.signature_len()) {
                (Some(made), Some(expected)) if made != expected => {
                    Err(SignError::new(format!("it made {made} bytes where {expected} are expected")))
                }
                (None, _) => Err(SignError::new("it shortened the buffer")),
                _ => Ok(()),
            }
        });
        if made.is_err() {
            signature.truncate(start);
        }
        made
    }

    /// The public half as a JWK with `alg`, `kid` and `use: sig`.
    ///
    /// # Errors
    ///
    /// - As [`VerifyingKey::to_jwk`].
    pub fn to_jwk(&self) -> Result<Jwk, KeyError> {
        self.verifying.to_jwk()
    }

    /// The private key as `PRIVATE KEY` in PEM (PKCS#8, RFC 5958), in memory that is wiped.
    ///
    /// # Errors
    ///
    /// - [`KeyError::Symmetric`]: a shared secret has no PEM form.
    /// - [`KeyError::NoMaterial`]: an own implementation.
    pub fn insecure_private_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let algorithm = self.algorithm();
        match &self.private {
            PrivateForm::Parts(parts) => {
                Ok(pem::write("PRIVATE KEY", &der::pkcs8(algorithm, parts, self.verifying.public()?)?))
            }
            PrivateForm::Secret(_) => Err(KeyError::Symmetric { algorithm }),
            PrivateForm::Own => Err(KeyError::NoMaterial { algorithm }),
        }
    }

    /// The private key as a JWK in JSON text, in memory that is wiped.
    ///
    /// # Errors
    ///
    /// - [`KeyError::NoMaterial`]: an own implementation.
    pub fn insecure_private_jwk(&self) -> Result<Zeroizing<String>, KeyError> {
        let algorithm = self.algorithm();
        let mut members = vec![
            ("kty", Zeroizing::new(algorithm.facts().key_type.name().to_owned())),
            ("alg", Zeroizing::new(algorithm.name().to_owned())),
            ("use", Zeroizing::new("sig".to_owned())),
        ];
        match &self.private {
            PrivateForm::Parts(parts) => {
                let public = public_parameters(self.verifying.public()?);
                members.extend(public.into_iter().map(|(name, value)| (name, Zeroizing::new(value))));
                members.extend(private_parameters(parts));
            }
            PrivateForm::Secret(secret) => {
                members.push(("k", Zeroizing::new(base64url::encode(secret.bytes()))));
            }
            PrivateForm::Own => return Err(KeyError::NoMaterial { algorithm }),
        }
        Ok(object(&members, self.key_id()))
    }

    /// A key from material in normal form: fit, strong, valid, and its halves belonging together.
    pub(crate) fn from_material(algorithm: Algorithm, material: PrivateMaterial) -> Result<Self, KeyError> {
        let PrivateMaterial { secret, stated } = material;
        Self::from_parts(algorithm, Arc::new(secret), stated.as_ref())
    }

    fn from_parts(
        algorithm: Algorithm,
        parts: Arc<PrivateParts>,
        stated: Option<&PublicMaterial>,
    ) -> Result<Self, KeyError> {
        parts.fits(algorithm)?;
        if let PrivateParts::Rsa(parts) = parts.as_ref() {
            // Before the backend's own checks, for the better error.
            PublicMaterial::Rsa { n: parts.n.clone(), e: parts.e.clone() }.strong(algorithm)?;
        }
        let pair = backend::signer(algorithm, &parts)?;
        if stated.is_some_and(|stated| *stated != pair.public) {
            return Err(KeyError::HalvesDiffer { algorithm });
        }
        let verifying = VerifyingKey::from_material(algorithm, pair.public)?;
        let thumbprint = verifying.thumbprint()?;
        let verifying = verifying.with_key_id(thumbprint)?;
        Ok(Self { verifying, sign: pair.sign, private: PrivateForm::Parts(parts) })
    }

    fn from_bound_jwk(jwk: &Jwk, beside: Option<Algorithm>) -> Result<Self, KeyError> {
        let algorithm = jwk.bound_to(beside)?;
        jwk.permits(Operation::Sign)?;
        let mut key = match jwk.content() {
            Content::Secret(secret) => Self::from_secret(algorithm, secret)?,
            Content::Pair(public, parts) => Self::from_parts(algorithm, Arc::clone(parts), Some(public))?,
            Content::Public(_) => return Err(KeyError::PublicKey),
        };
        if jwk.key_id().is_some() {
            key.verifying = key.verifying.with_key_id_of(jwk);
        }
        Ok(key)
    }

    /// The numbers of a private key for other libraries.
    #[cfg(feature = "jsonwebtoken-11")]
    pub(crate) fn private_parts(&self) -> Option<&PrivateParts> {
        match &self.private {
            PrivateForm::Parts(parts) => Some(parts),
            PrivateForm::Secret(_) | PrivateForm::Own => None,
        }
    }
}

/// Shows names only.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

/// The private members of a JWK (RFC 7518 §6.2.2, §6.3.2; RFC 8037 §2).
fn private_parameters(parts: &PrivateParts) -> Vec<(&'static str, Zeroizing<String>)> {
    let encoded = |bytes: &[u8]| Zeroizing::new(base64url::encode(bytes));
    match parts {
        PrivateParts::Rsa(parts) => vec![
            ("d", encoded(&parts.d)),
            ("p", encoded(&parts.p)),
            ("q", encoded(&parts.q)),
            ("dp", encoded(&parts.dp)),
            ("dq", encoded(&parts.dq)),
            ("qi", encoded(&parts.qi)),
        ],
        PrivateParts::Ec { d, .. } => vec![("d", encoded(d))],
        PrivateParts::Okp { seed, .. } => vec![("d", encoded(seed))],
        PrivateParts::Akp { seed, .. } => vec![("priv", encoded(seed))],
    }
}

/// A JSON object of names and base64url values, none of which needs escaping, and of a `kid`, which may.
fn object(members: &[(&'static str, Zeroizing<String>)], key_id: Option<&Arc<str>>) -> Zeroizing<String> {
    let key_id = key_id.map(|key_id| serde_json::Value::from(key_id.as_ref()).to_string());
    let sizes = members.iter().map(|(name, value)| name.len().saturating_add(value.len()).saturating_add(6));
    let size =
        sizes.fold(key_id.as_ref().map_or(2, |kid| kid.len().saturating_add(9)), usize::saturating_add);
    // In full size from the start: the text must not move while it grows.
    let mut json = Zeroizing::new(String::with_capacity(size));
    json.push('{');
    for (place, (name, value)) in members.iter().enumerate() {
        for part in [if place == 0 { "\"" } else { ",\"" }, name, "\":\"", value.as_str(), "\""] {
            json.push_str(part);
        }
    }
    if let Some(key_id) = key_id {
        json.push_str(",\"kid\":");
        json.push_str(&key_id);
    }
    json.push('}');
    json
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "small numbers of the tests' own")]

    use super::*;
    use crate::KeyType;
    use crate::keys::fixtures::{self as f, jwk, signable, signature, signing};

    #[test]
    fn every_form_of_a_private_key_signs_for_its_public_key() {
        for (algorithm, private, public) in [
            (Algorithm::RS256, f::RSA_PKCS8, f::RSA_PUBLIC),
            (Algorithm::PS512, f::RSA_PKCS1, f::RSA_PKCS1_PUBLIC),
            (Algorithm::ES256, f::P256_PKCS8, f::P256_PUBLIC),
            (Algorithm::ES256, f::P256_SEC1, f::P256_PUBLIC),
            (Algorithm::ES256, f::P256_SEC1_WITH_PARAMETERS, f::P256_CERTIFICATE),
            (Algorithm::ES256, f::P256_SEC1_NO_PUBLIC, f::P256_PUBLIC),
            (Algorithm::ES384, f::P384_PKCS8, f::P384_PUBLIC),
            (Algorithm::ES384, f::P384_SEC1, f::P384_PUBLIC),
            (Algorithm::ES512, f::P521_PKCS8, f::P521_PUBLIC),
            (Algorithm::ES512, f::P521_SEC1, f::P521_PUBLIC),
            (Algorithm::EdDSA, f::ED25519_PKCS8, f::ED25519_PUBLIC),
            (Algorithm::Ed25519, f::ED25519_PKCS8, f::ED25519_PUBLIC),
        ] {
            let verifying = VerifyingKey::from_pem(algorithm, public).unwrap();
            if signable().all(|a| a != algorithm) {
                let refused = SigningKey::from_pem(algorithm, private).unwrap_err();
                assert_eq!(refused.code(), "no_backend", "{algorithm}");
                continue;
            }
            let key = SigningKey::from_pem(algorithm, private).unwrap();
            assert!(verifying.verify(b"m", &signature(&key, b"m")), "{algorithm}: {private}");
            assert_eq!(key.key_id().map(AsRef::as_ref), verifying.thumbprint().ok().as_deref());
            if private != f::P256_SEC1_WITH_PARAMETERS {
                let key = SigningKey::from_der(algorithm, &f::der(private)).unwrap();
                assert!(verifying.verify(b"m", &signature(&key, b"m")), "{algorithm}");
            }
        }
    }

    #[test]
    fn generated_keys_sign_under_every_algorithm() {
        for algorithm in signable() {
            let key = SigningKey::generate(algorithm).unwrap();
            assert!(key.verifying_key().verify(b"m", &signature(&key, b"m")), "{algorithm}");
            assert_eq!(key.verifying_key().key_id(), key.key_id());
            let key_id = key.key_id().unwrap();
            assert_eq!(key_id.len(), if algorithm.is_symmetric() { 22 } else { 43 }, "{algorithm}");
        }
    }

    #[test]
    fn every_private_key_comes_back_from_pem_and_jwk() {
        for algorithm in signable() {
            let key = signing(algorithm).with_key_id("a\"b").unwrap();
            let json = key.insecure_private_jwk().unwrap();
            let back = SigningKey::from_jwk(&jwk(&json)).unwrap();
            assert_eq!((back.key_id(), back.algorithm()), (key.key_id(), algorithm));
            assert!(key.verifying_key().verify(b"m", &signature(&back, b"m")), "{algorithm}");
            assert_eq!(*back.insecure_private_jwk().unwrap(), *json);
            if algorithm.is_symmetric() {
                assert_eq!(key.insecure_private_pem().unwrap_err(), KeyError::Symmetric { algorithm });
                continue;
            }
            let pem = key.insecure_private_pem().unwrap();
            let back = SigningKey::from_pem(algorithm, pem.as_bytes()).unwrap();
            assert!(key.verifying_key().verify(b"m", &signature(&back, b"m")), "{algorithm}");
            assert_eq!(*back.insecure_private_pem().unwrap(), *pem);
        }
    }

    #[test]
    fn the_private_examples_of_the_rfcs_sign() {
        for (json, message, expected) in [
            (
                // RFC 8037 A.1 and A.4: EdDSA is deterministic.
                r#"{"kty":"OKP","alg":"EdDSA","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
                "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
                Some(
                    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
                ),
            ),
            (
                // RFC 7515 A.3.1: ECDSA is not.
                r#"{"kty":"EC","alg":"ES256","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#,
                "message",
                None,
            ),
            (
                // RFC 7515 A.4.1.
                r#"{"kty":"EC","alg":"ES512","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2","d":"AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"}"#,
                "message",
                None,
            ),
        ] {
            let key = SigningKey::from_jwk(&jwk(json)).unwrap();
            let made = signature(&key, message.as_bytes());
            assert!(key.verifying_key().verify(message.as_bytes(), &made));
            if let Some(expected) = expected {
                assert_eq!(base64url::encode(&made), expected);
            }
        }
    }

    #[test]
    fn every_es512_signature_has_132_bytes() {
        let key = signing(Algorithm::ES512);
        for message in 0..300_u16 {
            assert_eq!(signature(&key, &message.to_be_bytes()).len(), 132);
        }
    }

    #[test]
    fn a_key_fits_its_algorithm() {
        for (pem, key_type) in [
            (f::RSA_PKCS8, KeyType::Rsa),
            (f::P256_PKCS8, KeyType::Ec),
            (f::P521_SEC1, KeyType::Ec),
            (f::ED25519_PKCS8, KeyType::Okp),
        ] {
            for algorithm in Algorithm::ALL.into_iter().filter(|a| a.facts().key_type != key_type) {
                let error = KeyError::WrongKeyType { algorithm, found: key_type };
                assert_eq!(SigningKey::from_pem(algorithm, pem).unwrap_err(), error);
            }
        }
        let error = KeyError::WrongCurve { algorithm: Algorithm::ES256, found: "P-384" };
        assert_eq!(SigningKey::from_pem(Algorithm::ES256, f::P384_PKCS8).unwrap_err(), error);
    }

    #[test]
    fn weak_private_keys_are_refused() {
        let error = SigningKey::from_pem(Algorithm::RS256, f::RSA_1024_PKCS8).unwrap_err();
        assert_eq!(error, KeyError::RsaSize { bits: 1024 });
    }

    #[test]
    fn halves_belong_together() {
        // The private half of one key, the public half of another.
        let foreign = signing(Algorithm::Ed25519).to_jwk().unwrap().to_json().unwrap();
        let x =
            serde_json::from_str::<serde_json::Value>(&foreign).unwrap()["x"].as_str().unwrap().to_owned();
        let key = jwk(&format!(
            r#"{{"kty":"OKP","alg":"EdDSA","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"{x}"}}"#
        ));
        assert_eq!(SigningKey::from_jwk(&key).unwrap_err().code(), "halves_differ");

        let mut der = f::der(f::P256_SEC1);
        let other = f::der(f::P256_PUBLIC);
        // The point stands last in both; take a point that is on the curve but not this key's.
        let stranger = SigningKey::generate(Algorithm::ES256).unwrap();
        let point = f::der(&stranger.verifying_key().to_pem().unwrap());
        let (end, start) = (der.len(), der.len() - 64);
        der[start..end].copy_from_slice(&point[other.len() - 64..]);
        assert_eq!(SigningKey::from_der(Algorithm::ES256, &der).unwrap_err().code(), "halves_differ");

        let mut rsa = f::der(f::RSA_PKCS1);
        let last = rsa.len() - 1;
        rsa[last] ^= 1;
        let code = if cfg!(feature = "aws-lc-rs") { "key_rejected" } else { "no_backend" };
        assert_eq!(SigningKey::from_der(Algorithm::RS256, &rsa).unwrap_err().code(), code);
    }

    #[test]
    fn a_scalar_of_zero_or_beyond_the_order_is_refused() {
        let key = f::der(f::P256_SEC1_NO_PUBLIC);
        let d = key.windows(2).position(|w| w == [0x04, 0x20]).unwrap() + 2;
        for byte in [0, 0xff] {
            let mut bad = key.clone();
            bad[d..d + 32].fill(byte);
            assert_eq!(SigningKey::from_der(Algorithm::ES256, &bad).unwrap_err().code(), "key_rejected");
        }
    }

    #[test]
    fn a_jwk_that_cannot_sign_is_refused() {
        let public = signing(Algorithm::ES256).to_jwk().unwrap();
        assert_eq!(SigningKey::from_jwk(&public).unwrap_err(), KeyError::PublicKey);
        let private = signing(Algorithm::EdDSA).insecure_private_jwk().unwrap();
        for (from, to, code) in [
            (r#""use":"sig""#, r#""use":"enc""#, "key_use"),
            (r#""use":"sig""#, r#""key_ops":["verify"]"#, "key_operations"),
            (r#""alg":"EdDSA","#, "", "missing_algorithm"),
        ] {
            let key = jwk(&private.replace(from, to));
            assert_eq!(SigningKey::from_jwk(&key).unwrap_err().code(), code, "{to}");
        }
        let key = jwk(&private.replace(r#""use":"sig""#, r#""key_ops":["sign"]"#));
        assert!(SigningKey::from_jwk(&key).is_ok());
        assert!(
            SigningKey::from_jwk_with(Algorithm::EdDSA, &jwk(&private.replace(r#""alg":"EdDSA","#, "")))
                .is_ok()
        );
    }

    #[test]
    fn the_kid_is_configured_or_derived_but_never_from_a_secret() {
        let secret = HmacSecret::from_base64url(f::SECRET).unwrap();
        let imported = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
        assert_eq!(imported.key_id(), None);
        let (a, b) = (SigningKey::generate(Algorithm::HS256), SigningKey::generate(Algorithm::HS256));
        assert_ne!(a.unwrap().key_id(), b.unwrap().key_id());
        let named = imported.with_key_id("2026").unwrap();
        assert_eq!(named.verifying_key().key_id().map(AsRef::as_ref), Some("2026"));
        assert!(signing(Algorithm::EdDSA).with_key_id("k".repeat(257)).is_err());
    }

    /// Appends what it was made with.
    struct Own(Result<Vec<u8>, ()>);

    impl Sign for Own {
        fn sign(&self, _: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
            signature.extend_from_slice(b"begun");
            signature.truncate(signature.len() - 5);
            signature.extend_from_slice(self.0.as_ref().map_err(|()| SignError::new("offline"))?);
            Ok(())
        }
    }

    #[test]
    fn an_own_signer_stands_beside_its_public_key() {
        let real = signing(Algorithm::ES256);
        let made = signature(&real, b"m");
        let public = VerifyingKey::from_pem(Algorithm::ES256, f::P256_PUBLIC).unwrap();
        let key = SigningKey::custom(public, Own(Ok(made.clone())));
        assert_eq!(key.key_id(), real.key_id());
        assert_eq!(signature(&key, b"m"), made);
        let unknown = KeyError::NoMaterial { algorithm: Algorithm::ES256 };
        assert_eq!(key.insecure_private_pem().unwrap_err(), unknown);
        assert_eq!(key.insecure_private_jwk().unwrap_err(), unknown);
    }

    #[test]
    fn a_failed_signature_leaves_the_buffer_as_it_was() {
        let public = signing(Algorithm::ES256).verifying_key();
        // DER where `r ‖ s` is expected, and a module that is offline.
        for own in [Own(Ok(vec![0x30; 71])), Own(Ok(Vec::new())), Own(Err(()))] {
            let mut buffer = b"header.payload".to_vec();
            assert!(SigningKey::custom(public.clone(), own).sign(b"m", &mut buffer).is_err());
            assert_eq!(buffer, b"header.payload");
        }
    }

    #[test]
    fn signatures_are_appended() {
        for algorithm in signable() {
            let mut buffer = b"before".to_vec();
            let key = signing(algorithm);
            key.sign(b"m", &mut buffer).unwrap();
            let (before, made) = buffer.split_at(6);
            assert_eq!(before, b"before");
            assert!(key.verifying_key().verify(b"m", made), "{algorithm}");
        }
    }

    #[test]
    fn debug_shows_names_only() {
        let key = signing(Algorithm::EdDSA).with_key_id("a").unwrap();
        assert_eq!(format!("{key:?}"), r#"SigningKey { algorithm: EdDSA, key_id: Some("a"), .. }"#);
    }
}

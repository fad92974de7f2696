//! Keys that check signatures.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::jwk::{Content, Operation, checked_key_id};
use super::material::PublicMaterial;
use super::source::{self, Form};
use super::{HmacSecret, Jwk, KeyError, Verify, backend, der, pem, thumbprint};
use crate::Algorithm;

/// A key that checks signatures, bound to one algorithm (RFC 8725 §3.1).
///
/// It is parsed and checked once, when it is made, and costs three reference counts to clone. What a
/// token's header says is only ever compared with [`VerifyingKey::algorithm`].
///
/// Every import refuses, in this order: input above 64 KiB, text or structure that is malformed,
/// a private key where a public one is expected, a type, curve or parameter set that is not the
/// algorithm's, a weak key (RSA outside 2048 to 8192 bits, with an even modulus, an exponent that is even
/// or 1, or the ROCA fingerprint; an Ed25519 point of small order), a point off its curve.
///
/// The `kid` is the one configured or the one in the JWK, else none.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use jwt_core::{Algorithm, VerifyingKey};
/// let pem = "-----BEGIN PUBLIC KEY-----
/// MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
/// -----END PUBLIC KEY-----";
/// let key = VerifyingKey::from_pem(Algorithm::Ed25519, pem)?.with_key_id("2026-01")?;
/// assert_eq!(key.algorithm(), Algorithm::Ed25519);
/// assert!(VerifyingKey::from_pem(Algorithm::ES256, pem).is_err());
/// # }
/// # Ok::<(), jwt_core::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    key_id: Option<Arc<str>>,
    /// The only length a signature can have; `None` where an own implementation alone knows it.
    signature_len: Option<usize>,
    verify: Arc<dyn Verify>,
    material: Material,
}

/// What a key is made of, kept for export and comparison.
#[derive(Clone)]
pub(crate) enum Material {
    Public(Arc<PublicMaterial>),
    Secret(HmacSecret),
    /// The user's own implementation.
    Own,
}

impl Material {
    /// Whether both are known and the same key.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Material::Public(a), Material::Public(b)) => a == b,
            (Material::Secret(a), Material::Secret(b)) => a.bytes() == b.bytes(),
            _ => false,
        }
    }
}

impl VerifyingKey {
    /// A public key in PEM: `PUBLIC KEY` (RFC 5280), `RSA PUBLIC KEY` (RFC 8017) or `CERTIFICATE`.
    ///
    /// A certificate is a mere container: its dates, names and signature are not looked at, because
    /// trust is configured here. A text with several keys is refused.
    ///
    /// # Errors
    ///
    /// - [`KeyError::MalformedPem`], [`KeyError::SeveralPemBlocks`], [`KeyError::PemLabel`].
    /// - Those of [`VerifyingKey::from_der`].
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::from_material(algorithm, pem::public(pem.as_ref())?)
    }

    /// A public key in DER: `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7), `RSAPublicKey` (RFC 8017 A.1.1) or
    /// an X.509 certificate as a mere container.
    ///
    /// # Errors
    ///
    /// - [`KeyError::TooLarge`]: above 64 KiB.
    /// - [`KeyError::MalformedDer`], [`KeyError::UnknownKeyOid`]: not a key of a known kind.
    /// - [`KeyError::PrivateKey`]: it is a private key; take [`SigningKey`](super::SigningKey) and its
    ///   [`verifying_key`](super::SigningKey::verifying_key).
    /// - [`KeyError::WrongKeyType`], [`KeyError::WrongCurve`], [`KeyError::WrongAlgorithm`]: not a key for
    ///   this algorithm.
    /// - [`KeyError::RsaSize`], [`KeyError::RsaEvenModulus`], [`KeyError::RsaExponent`],
    ///   [`KeyError::RsaRoca`], [`KeyError::SmallOrderPoint`]: too weak.
    /// - [`KeyError::Rejected`]: not a valid key.
    /// - [`KeyError::NoBackend`]: nothing compiled in can use it.
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        Self::from_material(algorithm, der::public(der)?)
    }

    /// A key in a JWK that names its algorithm, with the JWK's `kid`.
    ///
    /// Of a private JWK the public members are taken. An `oct` key is taken as a shared secret.
    ///
    /// # Errors
    ///
    /// - [`KeyError::MissingAlgorithm`]: it has no `alg`; take [`VerifyingKey::from_jwk_with`].
    /// - [`KeyError::KeyUse`], [`KeyError::KeyOperations`]: it is not meant to verify signatures.
    /// - [`KeyError::SecretTooShort`]: an `oct` key shorter than the hash.
    /// - The errors of [`VerifyingKey::from_der`] from [`KeyError::WrongKeyType`] on.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        Self::from_bound_jwk(jwk, None)
    }

    /// As [`VerifyingKey::from_jwk`], for a JWK without `alg`, or whose `alg` must be this.
    ///
    /// # Errors
    ///
    /// - [`KeyError::WrongAlgorithm`]: it has another `alg`.
    /// - Those of [`VerifyingKey::from_jwk`].
    pub fn from_jwk_with(algorithm: Algorithm, jwk: &Jwk) -> Result<Self, KeyError> {
        Self::from_bound_jwk(jwk, Some(algorithm))
    }

    /// A shared secret (RFC 7518 §3.2). It has no `kid` unless one is configured: a digest of the secret
    /// would help to guess it.
    ///
    /// # Errors
    ///
    /// - [`KeyError::WrongKeyType`]: the algorithm is not HMAC.
    /// - [`KeyError::SecretTooShort`]: shorter than the hash, 32, 48 or 64 bytes.
    /// - [`KeyError::NoBackend`].
    pub fn from_secret(algorithm: Algorithm, secret: &HmacSecret) -> Result<Self, KeyError> {
        secret.fits(algorithm)?;
        let shared = backend::hmac(algorithm, secret.bytes())?;
        Ok(Self {
            algorithm,
            key_id: None,
            signature_len: algorithm.facts().signature_len,
            verify: shared.verify,
            material: Material::Secret(secret.clone()),
        })
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

    /// The user's own implementation, such as a key that never leaves a hardware module.
    ///
    /// It is asked only about signatures of the length that the algorithm fixes (for RSA, of any).
    #[must_use]
    pub fn custom(algorithm: Algorithm, verify: impl Verify) -> Self {
        Self {
            algorithm,
            key_id: None,
            signature_len: algorithm.facts().signature_len,
            verify: Arc::new(verify),
            material: Material::Own,
        }
    }

    /// Sets the `kid` by which tokens name this key.
    ///
    /// # Errors
    ///
    /// - [`KeyError::KeyIdTooLong`]: above 256 bytes.
    pub fn with_key_id(mut self, key_id: impl Into<Arc<str>>) -> Result<Self, KeyError> {
        self.key_id = Some(checked_key_id(key_id.into())?);
        Ok(self)
    }

    /// The one algorithm this key is used with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid`, if it has one.
    #[must_use]
    pub const fn key_id(&self) -> Option<&Arc<str>> {
        self.key_id.as_ref()
    }

    /// Whether `signature` is one of `message` under this key. A signature of another length than the
    /// algorithm's is refused before any cryptography (RFC 7518 §3.4: `ES512` has 132 bytes, never DER).
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.signature_len.is_none_or(|len| len == signature.len()) && self.verify.verify(message, signature)
    }

    /// The key as `PUBLIC KEY` in PEM.
    ///
    /// # Errors
    ///
    /// - [`KeyError::Symmetric`]: a shared secret has no public half.
    /// - [`KeyError::NoMaterial`]: an own implementation.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let der = der::spki(self.algorithm, self.public()?)?;
        let mut text: Zeroizing<String> = pem::write("PUBLIC KEY", &der);
        Ok(core::mem::take(&mut *text))
    }

    /// The key as a JWK with `alg`, `kid` and `use: sig`.
    ///
    /// # Errors
    ///
    /// - As [`VerifyingKey::to_pem`].
    pub fn to_jwk(&self) -> Result<Jwk, KeyError> {
        let public = Arc::clone(self.public()?);
        Ok(Jwk::published(public, Some(self.algorithm), self.key_id.clone()))
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638 §3; RFC 8037 §2 for Ed25519; for ML-DSA
    /// draft-ietf-cose-dilithium).
    ///
    /// # Errors
    ///
    /// - As [`VerifyingKey::to_pem`].
    /// - [`KeyError::NoBackend`]: nothing can compute SHA-256.
    pub fn thumbprint(&self) -> Result<String, KeyError> {
        thumbprint::thumbprint(self.public()?)
    }

    /// A key from material in normal form: fit, strong and valid.
    pub(crate) fn from_material(
        algorithm: Algorithm,
        public: impl Into<Arc<PublicMaterial>>,
    ) -> Result<Self, KeyError> {
        let public = public.into();
        public.fits(algorithm)?;
        public.strong()?;
        Ok(Self {
            algorithm,
            key_id: None,
            signature_len: public.signature_len(algorithm),
            verify: backend::verifier(algorithm, &public)?,
            material: Material::Public(public),
        })
    }

    pub(crate) const fn material(&self) -> &Material {
        &self.material
    }

    pub(crate) const fn signature_len(&self) -> Option<usize> {
        self.signature_len
    }

    pub(crate) fn public(&self) -> Result<&Arc<PublicMaterial>, KeyError> {
        match &self.material {
            Material::Public(public) => Ok(public),
            Material::Secret(_) => Err(KeyError::Symmetric { algorithm: self.algorithm }),
            Material::Own if self.algorithm.is_symmetric() => {
                Err(KeyError::Symmetric { algorithm: self.algorithm })
            }
            Material::Own => Err(KeyError::NoMaterial { algorithm: self.algorithm }),
        }
    }

    pub(crate) fn with_key_id_of(mut self, jwk: &Jwk) -> Self {
        self.key_id = jwk.key_id().cloned();
        self
    }

    fn from_bound_jwk(jwk: &Jwk, beside: Option<Algorithm>) -> Result<Self, KeyError> {
        let algorithm = jwk.bound_to(beside)?;
        jwk.permits(Operation::Verify)?;
        let key = match jwk.content() {
            Content::Secret(secret) => Self::from_secret(algorithm, secret),
            Content::Public(public) | Content::Pair(public, _) => {
                Self::from_material(algorithm, Arc::clone(public))
            }
        };
        Ok(key?.with_key_id_of(jwk))
    }
}

/// Shows names only.
impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// The half of a signing key that verifies, with its `kid`.
impl From<&super::SigningKey> for VerifyingKey {
    fn from(key: &super::SigningKey) -> Self {
        key.verifying_key()
    }
}

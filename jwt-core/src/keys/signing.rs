//! Keys that make signatures.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::jwk::{Content, Operation, public_parameters};
use super::material::{PrivateMaterial, PrivateParts, PublicMaterial};
use super::source::{self, Form};
use super::{HmacSecret, Jwk, KeyError, Sign, SignError, VerifyingKey, backend, base64url, der, pem};
use crate::Algorithm;

/// A key that makes signatures, bound to one algorithm, with the [`VerifyingKey`] that checks them.
///
/// Imports refuse what [`VerifyingKey`] refuses, and a private key whose stated public half is not
/// the one derived from it (RUSTSEC-2022-0093). Private parts are wiped when the last clone is dropped.
///
/// The `kid` is the one configured or in the JWK; else the RFC 7638 thumbprint for asymmetric keys, 128
/// random bits for a generated secret, and none for an imported one (never a digest of the secret).
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
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
            PublicMaterial::Rsa { n: parts.n.clone(), e: parts.e.clone() }.strong()?;
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

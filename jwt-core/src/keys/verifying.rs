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
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
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
        public.strong(algorithm)?;
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
impl From<&VerifyingKey> for VerifyingKey {
    /// Another handle on the same key.
    fn from(key: &VerifyingKey) -> Self {
        key.clone()
    }
}

impl From<super::SigningKey> for VerifyingKey {
    fn from(key: super::SigningKey) -> Self {
        key.verifying_key()
    }
}

/// The half of a signing key that verifies, with its `kid`.
impl From<&super::SigningKey> for VerifyingKey {
    fn from(key: &super::SigningKey) -> Self {
        key.verifying_key()
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use super::*;
    use crate::base64url;
    use crate::keys::fixtures::{self as f, jwk, signature, signed, signing, verifying};
    use crate::{Curve, Family, KeyType};

    /// `{"iss":"joe",…}` of RFC 7515 A.1.1, encoded.
    const PAYLOAD: &str =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    fn decoded(text: &str) -> Vec<u8> {
        base64url::decode_private(text).unwrap().to_vec()
    }

    /// Every PEM fixture of a public key, with what it is.
    fn publics() -> Vec<(&'static str, KeyType, Option<Curve>)> {
        vec![
            (f::RSA_PUBLIC, KeyType::Rsa, None),
            (f::RSA_PKCS1_PUBLIC, KeyType::Rsa, None),
            (f::RSA_CERTIFICATE, KeyType::Rsa, None),
            (f::RSA_EXPONENT_3_PUBLIC, KeyType::Rsa, None),
            (f::P256_PUBLIC, KeyType::Ec, Some(Curve::P256)),
            (f::P256_CERTIFICATE, KeyType::Ec, Some(Curve::P256)),
            (f::P384_PUBLIC, KeyType::Ec, Some(Curve::P384)),
            (f::P521_PUBLIC, KeyType::Ec, Some(Curve::P521)),
            (f::ED25519_PUBLIC, KeyType::Okp, Some(Curve::Ed25519)),
        ]
    }

    #[test]
    fn a_public_key_serves_the_algorithms_of_its_type_and_curve_and_no_others() {
        for (pem, key_type, curve) in publics() {
            for algorithm in Algorithm::ALL {
                let facts = algorithm.facts();
                let expected = if facts.key_type != key_type {
                    Some(KeyError::WrongKeyType { algorithm, found: key_type })
                } else if facts.curve != curve {
                    Some(KeyError::WrongCurve { algorithm, found: curve.unwrap().name() })
                } else {
                    None
                };
                let key = VerifyingKey::from_pem(algorithm, pem);
                assert_eq!(key.as_ref().err(), expected.as_ref(), "{algorithm}: {pem}");
                let key = VerifyingKey::from_der(algorithm, &f::der(pem));
                assert_eq!(key.as_ref().err(), expected.as_ref(), "{algorithm}: {pem}");
            }
        }
    }

    #[test]
    fn a_key_checks_what_its_other_half_signed() {
        for algorithm in Algorithm::ALL {
            let (verifying, made) = signed(algorithm);
            assert!(verifying.verify(b"message", &made), "{algorithm}");
            assert!(!verifying.verify(b"massage", &made), "{algorithm}");
            for place in [0, made.len() / 2, made.len() - 1] {
                let mut changed = made.clone();
                changed[place] ^= 1;
                assert!(!verifying.verify(b"message", &changed), "{algorithm} {place}");
            }
            for other in [&made[1..], &made[..made.len() - 1], &[&made[..], &[0]].concat(), &[]] {
                assert!(!verifying.verify(b"message", other), "{algorithm}");
            }
        }
    }

    #[test]
    fn signatures_of_openssl_are_accepted() {
        for (algorithm, pem, made) in [
            (
                Algorithm::RS256,
                f::RSA_PUBLIC,
                "ZONvr-vrHFOafNQSS11sQhOIlPo3IARu5q1VqU5Cf1ghexgCQfkE2Td0BBZJVTWYaZdIKCsY8scR4RtuPkeLSCYvh9EuzjHSXciFTaQ5kHZNOE8hwPRuLe2Phnb2wV0ELcVxFtROKdY0f0e1xwXkIHBAlCihaV1lvdrpCFfXtg6cOmVgNMJMY_zE4VSvxwF_KOVZc5qqxyoaaM5zWA5II70UesDi3m3mvqnqIFoniaP5xxdzTKfE8rBf8UYEtQtLA2JvkBk5m3LR7JaORWlvh37KK9LT8ZWeU9blSdqHZ9XDGC6FTaqg_3uhxfSrahf7C9hYDIPyw72zTa88u8GXZg",
            ),
            (
                Algorithm::PS256,
                f::RSA_PUBLIC,
                "O8nzdyMSK3VE_DNRbzRcFHJfAosjo3sxU0uCr869E2LwNbRnKHZnEWuATklSDq20qt8daL4BSMg6GlXmo5Gmet_B5EDR1QDn7tzCg3RRtwhN52-IBkqzzPmxkWyQ6LZTm6EYZxaR1FtNxw1Y62vKAjCn50CQCvEPC5Onh-4qxFtrOAhNSNYfk58kMD5Y570OLF_LCA0u_3wiWK3_-E-rgm3TJ_TjahllsGnbKyxcTKrM61cxaOyY65VPnwI0yBpgXqjqRL0z338_WTb4Lmm_gnN2KLz-asdh6Plj4z2psrYMzTZ6p4_M12cnVjDrnTPi1MtRE6uS3Dp2w29cm8hiwQ",
            ),
            (
                Algorithm::EdDSA,
                f::ED25519_PUBLIC,
                "fSJ5QZyHGY7ComnWHpEkyUg1zcxvvP_ZTWu6txutquv034BkbCmzLwEsEfjHS5b9VGu7rHO8UKs5ycOkjD7vCA",
            ),
        ] {
            let key = VerifyingKey::from_pem(algorithm, pem).unwrap();
            assert!(key.verify(b"message", &decoded(made)), "{algorithm}");
        }
    }

    #[test]
    fn a_salt_is_as_long_as_the_hash() {
        // RFC 7518 §3.5.
        let key = verifying(Algorithm::PS256);
        for line in f::RSA_SALTS.lines() {
            let (salt, made) = line.split_once(' ').unwrap();
            assert!(!key.verify(b"message", &decoded(made)), "{salt}");
        }
    }

    #[test]
    fn one_rsa_key_does_not_take_the_signature_of_another_scheme_or_hash() {
        let rsa: Vec<_> = Algorithm::ALL.into_iter().filter(|a| a.facts().key_type == KeyType::Rsa).collect();
        for a in &rsa {
            let (_, made) = signed(*a);
            for b in &rsa {
                assert_eq!(verifying(*b).verify(b"message", &made), a == b, "{a} {b}");
            }
        }
    }

    #[test]
    fn the_examples_of_rfc_7515_verify() {
        for (key, header, payload, made) in [
            (
                r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
                "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
                PAYLOAD,
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            ),
            (
                r#"{"kty":"EC","alg":"ES256","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
                "eyJhbGciOiJFUzI1NiJ9",
                PAYLOAD,
                "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
            ),
            (
                r#"{"kty":"EC","alg":"ES512","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#,
                "eyJhbGciOiJFUzUxMiJ9",
                "UGF5bG9hZA",
                "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
            ),
            // RFC 8037 A.4.
            (
                r#"{"kty":"OKP","alg":"EdDSA","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
                "eyJhbGciOiJFZERTQSJ9",
                "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
            ),
        ] {
            let key = VerifyingKey::from_jwk(&jwk(key)).unwrap();
            let message = format!("{header}.{payload}");
            assert!(key.verify(message.as_bytes(), &decoded(made)), "{key:?}");
            assert!(!key.verify(payload.as_bytes(), &decoded(made)), "{key:?}");
        }
    }

    #[test]
    fn ecdsa_numbers_of_zero_or_beyond_the_order_are_refused() {
        // CVE-2022-21449.
        for algorithm in Algorithm::ALL.into_iter().filter(|a| a.facts().family == Family::Ecdsa) {
            let key = signing(algorithm);
            let good = signature(&key, b"m");
            let (r, s) = good.split_at(good.len() / 2);
            let (zero, most) = (vec![0; r.len()], vec![0xff; r.len()]);
            for (r, s) in [(&zero[..], &zero[..]), (r, &zero), (&zero, s), (&most, s), (r, &most)] {
                assert!(!key.verifying_key().verify(b"m", &[r, s].concat()), "{algorithm}");
            }
        }
    }

    #[test]
    fn weak_rsa_keys_are_refused_in_every_form() {
        let weak = KeyError::RsaSize { bits: 1024 };
        let refused = VerifyingKey::from_pem(Algorithm::RS256, f::RSA_1024_PUBLIC);
        assert_eq!(refused.unwrap_err(), weak);
        let n = base64url::encode(&[0xc5; 128]);
        let key = jwk(&format!(r#"{{"kty":"RSA","alg":"PS256","n":"{n}","e":"AQAB"}}"#));
        assert_eq!(VerifyingKey::from_jwk(&key).unwrap_err(), weak);
        let n = base64url::encode(&[0xc5; 256]);
        let key = jwk(&format!(r#"{{"kty":"RSA","alg":"PS256","n":"{n}","e":"AQ"}}"#));
        assert_eq!(VerifyingKey::from_jwk(&key).unwrap_err(), KeyError::RsaExponent { bits: 1 });
    }

    #[test]
    fn a_point_off_its_curve_is_refused() {
        for (alg, crv, len) in [("ES256", "P-256", 32), ("ES384", "P-384", 48), ("ES512", "P-521", 66)] {
            for byte in [0, 1] {
                let x = base64url::encode(&vec![byte; len]);
                let key = jwk(&format!(r#"{{"kty":"EC","alg":"{alg}","crv":"{crv}","x":"{x}","y":"{x}"}}"#));
                assert_eq!(VerifyingKey::from_jwk(&key).unwrap_err().code(), "key_rejected", "{alg}");
            }
        }
    }

    #[test]
    fn a_small_edwards_point_is_refused() {
        let x = base64url::encode(&[0; 32]);
        let key = jwk(&format!(r#"{{"kty":"OKP","alg":"EdDSA","crv":"Ed25519","x":"{x}"}}"#));
        assert_eq!(VerifyingKey::from_jwk(&key).unwrap_err(), KeyError::SmallOrderPoint);
    }

    #[test]
    fn every_key_comes_back_from_pem_and_jwk() {
        for algorithm in Algorithm::ALL.into_iter().filter(|a| !a.is_symmetric()) {
            let (key, made) = signed(algorithm);
            let key = key.with_key_id("k").unwrap();
            let from_pem = VerifyingKey::from_pem(algorithm, key.to_pem().unwrap()).unwrap();
            let json = key.to_jwk().unwrap().to_json().unwrap();
            let from_jwk = VerifyingKey::from_jwk(&jwk(&json)).unwrap();
            assert_eq!(from_jwk.key_id(), key.key_id());
            assert_eq!(from_pem.key_id(), None);
            for back in [from_pem, from_jwk] {
                assert!(back.verify(b"message", &made), "{algorithm}");
                assert_eq!(back.thumbprint(), key.thumbprint());
                assert_eq!(back.algorithm(), algorithm);
            }
        }
    }

    #[test]
    fn a_jwk_is_bound_to_its_own_algorithm() {
        let bare = jwk(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
        assert_eq!(VerifyingKey::from_jwk(&bare).unwrap_err(), KeyError::MissingAlgorithm);
        for algorithm in [Algorithm::EdDSA, Algorithm::Ed25519] {
            assert!(VerifyingKey::from_jwk_with(algorithm, &bare).is_ok());
        }
        assert_eq!(
            VerifyingKey::from_jwk_with(Algorithm::ES256, &bare).unwrap_err().code(),
            "wrong_key_type"
        );
        let bound = jwk(
            r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        );
        let error = KeyError::WrongAlgorithm { expected: Algorithm::Ed25519, found: Algorithm::EdDSA };
        assert_eq!(VerifyingKey::from_jwk_with(Algorithm::Ed25519, &bound).unwrap_err(), error);
    }

    #[test]
    fn a_jwk_for_another_use_is_refused() {
        for (more, code) in [(r#""use":"enc""#, "key_use"), (r#""key_ops":["sign"]"#, "key_operations")] {
            let key = jwk(&format!(
                r#"{{"kty":"OKP","crv":"Ed25519","alg":"EdDSA",{more},"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#
            ));
            assert_eq!(VerifyingKey::from_jwk(&key).unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_shared_secret_is_never_exported() {
        let secret = HmacSecret::from_base64url(f::SECRET).unwrap();
        let key = VerifyingKey::from_secret(Algorithm::HS256, &secret).unwrap();
        assert_eq!(key.key_id(), None);
        let symmetric = KeyError::Symmetric { algorithm: Algorithm::HS256 };
        assert_eq!(key.to_pem().unwrap_err(), symmetric);
        assert_eq!(key.to_jwk().unwrap_err(), symmetric);
        assert_eq!(key.thumbprint().unwrap_err(), symmetric);
    }

    #[test]
    fn a_kid_has_at_most_256_bytes() {
        let key = signing(Algorithm::EdDSA).verifying_key();
        assert!(key.clone().with_key_id("k".repeat(256)).is_ok());
        let error = key.with_key_id("k".repeat(257)).unwrap_err();
        assert_eq!(error, KeyError::KeyIdTooLong { bytes: 257 });
    }

    struct Yes;

    impl Verify for Yes {
        fn verify(&self, _: &[u8], _: &[u8]) -> bool {
            true
        }
    }

    #[test]
    fn an_own_implementation_sees_signatures_of_the_right_length_only() {
        let key = VerifyingKey::custom(Algorithm::ES256, Yes);
        assert!(key.verify(b"m", &[1; 64]));
        assert!(!key.verify(b"m", &[1; 63]));
        assert!(!key.verify(b"m", &[1; 71]));
        assert_eq!(key.to_pem().unwrap_err(), KeyError::NoMaterial { algorithm: Algorithm::ES256 });
    }

    #[test]
    fn debug_shows_names_only() {
        let key = signing(Algorithm::EdDSA).verifying_key().with_key_id("a").unwrap();
        assert_eq!(format!("{key:?}"), r#"VerifyingKey { algorithm: EdDSA, key_id: Some("a"), .. }"#);
    }
}

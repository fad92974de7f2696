//! JSON Web Keys (RFC 7517): one key, read strictly.

mod read;

use core::fmt;
use std::sync::Arc;

use super::json::object_members;
use super::material::{PrivateParts, PublicMaterial};
use super::{HmacSecret, KeyError, thumbprint};
use crate::base64url;
use crate::{Algorithm, Curve, KeyType};

pub(crate) use read::key_id;

/// The longest `kid` that is taken: it is an opaque name, compared byte for byte.
const MAX_KEY_ID: usize = 256;

/// A JSON Web Key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2; `AKP` of draft-ietf-cose-dilithium).
///
/// Reading refuses, in this order: what is not one JSON object, a member name that occurs twice, a
/// `kid` above 256 bytes, `key_ops` that repeat an operation or contradict `use`, an unknown `kty`,
/// `alg` or `crv`, members that are missing, not canonical base64url or not of the full length, an `alg`
/// that does not fit the key. Unknown members are ignored. Whether the point lies on its curve and the
/// modulus is sound is checked when a key is made of it.
///
/// Private members are wiped when dropped, and no method of this type writes them.
///
/// ```
/// use jwt_core::keys::Jwk;
/// // RFC 8037 A.2
/// let jwk = Jwk::from_json(br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
/// assert_eq!(jwk.key_type().name(), "OKP");
/// assert!(Jwk::from_json(br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg"}"#).is_err());
/// # Ok::<(), jwt_core::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Jwk {
    algorithm: Option<Algorithm>,
    key_id: Option<Arc<str>>,
    usage: Option<Arc<str>>,
    operations: Option<Arc<[String]>>,
    /// A name of a private member occurs, whether or not this type of key has it.
    private_members: bool,
    content: Content,
}

#[derive(Clone)]
pub(crate) enum Content {
    Secret(HmacSecret),
    Public(Arc<PublicMaterial>),
    Pair(Arc<PublicMaterial>, Arc<PrivateParts>),
}

/// What a key is to be used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Sign,
    Verify,
}

impl Operation {
    const fn name(self) -> &'static str {
        match self {
            Operation::Sign => "sign",
            Operation::Verify => "verify",
        }
    }
}

impl Jwk {
    /// Reads one key from JSON text of at most 512 KiB.
    ///
    /// # Errors
    ///
    /// - [`KeyError::TooLarge`], [`KeyError::MalformedJson`], [`KeyError::DuplicateMember`]: not one JSON
    ///   object with distinct member names.
    /// - [`KeyError::KeyIdTooLong`], [`KeyError::KeyOperations`].
    /// - [`KeyError::UnknownKeyType`], [`KeyError::UnknownAlgorithm`], [`KeyError::UnknownCurve`]; where its `use` or
    ///   `key_ops` say that it is not for signatures, [`KeyError::KeyUse`] or [`KeyError::KeyOperations`] instead.
    /// - [`KeyError::MissingMember`], [`KeyError::MalformedMember`], [`KeyError::MemberLength`].
    /// - [`KeyError::WrongKeyType`], [`KeyError::WrongCurve`], [`KeyError::SecretTooShort`]: `alg` does not
    ///   fit the key.
    /// - [`KeyError::SecretRepeatsOneByte`], [`KeyError::SecretIsKey`]: the secret of an `oct` key.
    pub fn from_json(json: &[u8]) -> Result<Self, KeyError> {
        Self::from_members(&object_members(json)?)
    }

    /// The `kty`.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match &self.content {
            Content::Secret(_) => KeyType::Oct,
            Content::Public(public) | Content::Pair(public, _) => public.key_type(),
        }
    }

    /// The `crv`.
    #[must_use]
    pub fn curve(&self) -> Option<Curve> {
        self.public().and_then(PublicMaterial::curve)
    }

    /// The `alg`.
    #[must_use]
    pub const fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The `kid`.
    #[must_use]
    pub fn key_id(&self) -> Option<&Arc<str>> {
        self.key_id.as_ref()
    }

    /// The `use`.
    #[must_use]
    pub fn public_key_use(&self) -> Option<&str> {
        self.usage.as_deref()
    }

    /// The `key_ops`.
    #[must_use]
    pub fn key_operations(&self) -> Option<&[String]> {
        self.operations.as_deref()
    }

    /// Whether anything in it must stay secret: an `oct` key, or any private member.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private_members
    }

    /// The key as JSON text, public members only.
    ///
    /// # Errors
    ///
    /// - [`KeyError::Symmetric`]: an `oct` key has no public members.
    pub fn to_json(&self) -> Result<String, KeyError> {
        Ok(serde_json::Value::Object(self.public_members()?).to_string())
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638 §3; RFC 8037 §2 for `OKP`).
    ///
    /// # Errors
    ///
    /// - [`KeyError::Symmetric`]: the digest of a secret helps to guess it (RFC 7638 §7).
    /// - [`KeyError::NoBackend`]: nothing can compute SHA-256.
    pub fn thumbprint(&self) -> Result<String, KeyError> {
        thumbprint::thumbprint(self.public().ok_or_else(|| self.symmetric())?)
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }

    /// A public key in the form in which keys are published.
    pub(crate) fn published(
        public: Arc<PublicMaterial>,
        algorithm: Option<Algorithm>,
        key_id: Option<Arc<str>>,
    ) -> Self {
        let usage = Some(Arc::from("sig"));
        Self {
            algorithm,
            key_id,
            usage,
            operations: None,
            private_members: false,
            content: Content::Public(public),
        }
    }

    /// The algorithms that may use this key: its own, or else all that fit (RFC 7517 §4.4; row 5 of
    /// `tests/tests/attacks/rows.txt`).
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        Algorithm::ALL.into_iter().filter(|algorithm| match self.algorithm {
            Some(own) => own == *algorithm,
            None => self.fits(*algorithm).is_ok(),
        })
    }

    /// Refuses a key that is not meant for signatures, or not for this side of one.
    pub(crate) fn permits(&self, operation: Operation) -> Result<(), KeyError> {
        if let Some(usage) = self.usage.as_deref().filter(|usage| *usage != "sig") {
            return Err(KeyError::KeyUse { usage: usage.to_owned() });
        }
        let listed = |list: &[String]| list.iter().any(|listed| listed == operation.name());
        match (self.operations.as_deref(), operation) {
            (Some(list), Operation::Verify) if !listed(list) => {
                Err(KeyError::KeyOperations { problem: "does not list `verify`" })
            }
            (Some(list), Operation::Sign) if !listed(list) => {
                Err(KeyError::KeyOperations { problem: "does not list `sign`" })
            }
            _ => Ok(()),
        }
    }

    /// The algorithm to use it with, given one beside it or none.
    pub(crate) fn bound_to(&self, beside: Option<Algorithm>) -> Result<Algorithm, KeyError> {
        match (self.algorithm, beside) {
            (Some(own), Some(beside)) if own != beside => {
                Err(KeyError::WrongAlgorithm { expected: beside, found: own })
            }
            (Some(algorithm), _) | (None, Some(algorithm)) => {
                self.fits(algorithm)?;
                Ok(algorithm)
            }
            (None, None) => Err(KeyError::MissingAlgorithm),
        }
    }

    pub(crate) fn public_members(&self) -> Result<serde_json::Map<String, serde_json::Value>, KeyError> {
        let public = self.public().ok_or_else(|| self.symmetric())?;
        let mut members = serde_json::Map::new();
        let mut put = |name: &str, value: String| {
            members.insert(name.to_owned(), serde_json::Value::String(value));
        };
        put("kty", public.key_type().name().to_owned());
        for (name, value) in public_parameters(public) {
            put(name, value);
        }
        if let Some(algorithm) = self.algorithm {
            put("alg", algorithm.name().to_owned());
        }
        if let Some(key_id) = &self.key_id {
            put("kid", key_id.to_string());
        }
        if let Some(usage) = &self.usage {
            put("use", usage.to_string());
        }
        // The operations of a private key are not those of its public half.
        if let (Some(operations), Content::Public(_)) = (&self.operations, &self.content) {
            members.insert("key_ops".to_owned(), operations.iter().cloned().collect());
        }
        Ok(members)
    }

    fn public(&self) -> Option<&PublicMaterial> {
        match &self.content {
            Content::Secret(_) => None,
            Content::Public(public) | Content::Pair(public, _) => Some(public),
        }
    }

    fn fits(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        match &self.content {
            Content::Secret(secret) => secret.fits(algorithm),
            Content::Public(public) | Content::Pair(public, _) => public.fits(algorithm),
        }
    }

    fn symmetric(&self) -> KeyError {
        KeyError::Symmetric { algorithm: self.algorithm.unwrap_or(Algorithm::HS256) }
    }
}

/// Shows names only.
impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("kty", &self.key_type().name())
            .field("alg", &self.algorithm.map(Algorithm::name))
            .field("kid", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// The members that make up a public key, beside `kty`, in base64url where they are bytes.
pub(crate) fn public_parameters(public: &PublicMaterial) -> Vec<(&'static str, String)> {
    match public {
        PublicMaterial::Rsa { n, e } => vec![("n", base64url::encode(n)), ("e", base64url::encode(e))],
        PublicMaterial::Ec { curve, xy } => {
            let (x, y) = xy.split_at_checked(curve.coordinate_len()).unwrap_or_default();
            vec![("crv", curve.name().to_owned()), ("x", base64url::encode(x)), ("y", base64url::encode(y))]
        }
        PublicMaterial::Okp { curve, x } => {
            vec![("crv", curve.name().to_owned()), ("x", base64url::encode(x))]
        }
        PublicMaterial::Akp { key, .. } => vec![("pub", base64url::encode(key))],
    }
}

/// Refuses a name above 256 bytes.
pub(crate) fn checked_key_id(key_id: Arc<str>) -> Result<Arc<str>, KeyError> {
    if key_id.len() > MAX_KEY_ID {
        return Err(KeyError::KeyIdTooLong { bytes: key_id.len() });
    }
    Ok(key_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"a\"b","use":"sig","key_ops":["sign"],"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    #[test]
    fn private_members_are_never_written() {
        let jwk = Jwk::from_json(PRIVATE.as_bytes()).unwrap();
        assert!(jwk.is_private());
        let json = jwk.to_json().unwrap();
        let expected = r#"{"crv":"Ed25519","kid":"a\"b","kty":"OKP","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        assert_eq!(json, expected);
        let public = Jwk::from_json(json.as_bytes()).unwrap();
        assert!(!public.is_private());
        assert_eq!(public.to_json().as_deref(), Ok(expected));
    }

    #[test]
    fn a_secret_has_no_public_form() {
        let oct = r#"{"kty":"oct","alg":"HS512","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
        let jwk = Jwk::from_json(oct.as_bytes()).unwrap();
        let symmetric = KeyError::Symmetric { algorithm: Algorithm::HS512 };
        assert_eq!(jwk.to_json(), Err(symmetric.clone()));
        assert_eq!(jwk.thumbprint(), Err(symmetric));
    }

    #[test]
    fn debug_shows_names_only() {
        let text = format!("{:?}", Jwk::from_json(PRIVATE.as_bytes()).unwrap());
        assert_eq!(text, r#"Jwk { kty: "OKP", alg: None, kid: Some("a\"b"), .. }"#);
    }

    #[test]
    fn a_key_for_another_use_is_not_permitted() {
        let jwk = |more: &str| {
            let json = format!(
                r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"{more}}}"#
            );
            Jwk::from_json(json.as_bytes()).unwrap()
        };
        for (more, verify, sign) in [
            ("", true, true),
            (r#","use":"sig""#, true, true),
            (r#","use":"enc""#, false, false),
            (r#","use":"""#, false, false),
            (r#","use":"Sig""#, false, false),
            (r#","key_ops":["verify"]"#, true, false),
            (r#","key_ops":["sign"]"#, false, true),
            (r#","key_ops":["sign","verify"]"#, true, true),
            (r#","key_ops":[]"#, false, false),
            (r#","key_ops":["encrypt"]"#, false, false),
        ] {
            let jwk = jwk(more);
            let permitted = (jwk.permits(Operation::Verify).is_ok(), jwk.permits(Operation::Sign).is_ok());
            assert_eq!(permitted, (verify, sign), "{more}");
        }
    }
}

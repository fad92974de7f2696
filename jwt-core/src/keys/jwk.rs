//! JSON Web Keys (RFC 7517): one key, read strictly.

use core::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::json::{Json, Members, object_members};
use super::material::{Private, PrivateParts, PublicMaterial, RsaParts};
use super::{HmacSecret, KeyError, base64url, thumbprint};
use crate::{Algorithm, Curve, KeyType};

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
    /// - [`KeyError::UnknownKeyType`], [`KeyError::UnknownAlgorithm`], [`KeyError::UnknownCurve`].
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

    /// The algorithms that may use this key: its own, or else all that fit (SECURITY.md, row 5).
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

    pub(crate) fn from_members(members: &Members<'_>) -> Result<Self, KeyError> {
        members.unique()?;
        let key_id = key_id(members)?;
        let (usage, operations) = purpose(members)?;
        let kty = required(members, "kty")?;
        let key_type = KEY_TYPES
            .into_iter()
            .find(|known| known.name() == kty)
            .ok_or_else(|| KeyError::UnknownKeyType { key_type: kty.to_owned() })?;
        let algorithm = optional(members, "alg")?
            .map(|name| {
                let unknown = || KeyError::UnknownAlgorithm { algorithm: name.to_owned() };
                Algorithm::from_name(name.as_bytes()).ok_or_else(unknown)
            })
            .transpose()?;
        let private_members = key_type == KeyType::Oct
            || ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"]
                .iter()
                .any(|name| members.value(name).is_some());
        let content = match key_type {
            KeyType::Oct => Content::Secret(HmacSecret::checked(bytes(members, "k")?)?),
            KeyType::Rsa => rsa(members)?,
            KeyType::Ec => elliptic(members)?,
            KeyType::Okp => edwards(members)?,
            KeyType::Akp => self_naming(members, algorithm)?,
        };
        let jwk = Self { algorithm, key_id, usage, operations, private_members, content };
        if let Some(algorithm) = algorithm {
            jwk.fits(algorithm)?;
        }
        Ok(jwk)
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

/// The types of key in the table of algorithms.
const KEY_TYPES: [KeyType; 5] = [KeyType::Oct, KeyType::Rsa, KeyType::Ec, KeyType::Okp, KeyType::Akp];

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

pub(crate) fn key_id(members: &Members<'_>) -> Result<Option<Arc<str>>, KeyError> {
    optional(members, "kid")?.map(|kid| checked_key_id(Arc::from(kid))).transpose()
}

type Purpose = (Option<Arc<str>>, Option<Arc<[String]>>);

/// `use` and `key_ops`: distinct operations, and consistent where both stand (RFC 7517 §4.3).
fn purpose(members: &Members<'_>) -> Result<Purpose, KeyError> {
    let usage = optional(members, "use")?;
    let operations = match members.value("key_ops") {
        None => None,
        Some(Json::List(items)) => {
            let mut operations = Vec::with_capacity(items.len().min(8));
            for item in items {
                let Json::Text(operation) = item else {
                    return Err(KeyError::MalformedMember { member: "key_ops" });
                };
                // Eight operations are registered: a ninth is unknown or repeated.
                if operations.len() > 8 || operations.iter().any(|known| known == operation.as_str()) {
                    return Err(KeyError::KeyOperations { problem: "repeats an operation" });
                }
                operations.push(operation.as_str().to_owned());
            }
            Some(operations)
        }
        Some(_) => return Err(KeyError::MalformedMember { member: "key_ops" }),
    };
    if let (Some(usage), Some(operations)) = (usage, &operations) {
        let signs = |operation: &String| operation == "sign" || operation == "verify";
        let consistent = match usage {
            "sig" => operations.iter().all(signs),
            "enc" => !operations.iter().any(signs),
            _ => true,
        };
        if !consistent {
            return Err(KeyError::KeyOperations { problem: "contradicts `use`" });
        }
    }
    Ok((usage.map(Arc::from), operations.map(Arc::from)))
}

fn rsa(members: &Members<'_>) -> Result<Content, KeyError> {
    let (n, e) = (number(members, "n")?, number(members, "e")?);
    let public = Arc::new(PublicMaterial::Rsa { n: n.clone(), e: e.clone() });
    if !["d", "p", "q", "dp", "dq", "qi", "oth"].iter().any(|name| members.value(name).is_some()) {
        return Ok(Content::Public(public));
    }
    if members.value("oth").is_some() {
        // Keys of more than two primes.
        return Err(KeyError::MalformedMember { member: "oth" });
    }
    let parts = RsaParts {
        n,
        e,
        d: bytes(members, "d")?,
        p: bytes(members, "p")?,
        q: bytes(members, "q")?,
        dp: bytes(members, "dp")?,
        dq: bytes(members, "dq")?,
        qi: bytes(members, "qi")?,
    };
    Ok(Content::Pair(public, Arc::new(PrivateParts::Rsa(Box::new(parts)))))
}

fn elliptic(members: &Members<'_>) -> Result<Content, KeyError> {
    let curve = curve(members, KeyType::Ec)?;
    let len = curve.coordinate_len();
    let mut xy = sized(members, "x", len)?.to_vec();
    xy.extend_from_slice(&sized(members, "y", len)?);
    let public = Arc::new(PublicMaterial::Ec { curve, xy });
    if members.value("d").is_none() {
        return Ok(Content::Public(public));
    }
    let d = sized(members, "d", len)?;
    Ok(Content::Pair(public, Arc::new(PrivateParts::Ec { curve, d })))
}

fn edwards(members: &Members<'_>) -> Result<Content, KeyError> {
    let curve = curve(members, KeyType::Okp)?;
    let len = curve.coordinate_len();
    let x = sized(members, "x", len)?.to_vec();
    let public = Arc::new(PublicMaterial::Okp { curve, x });
    if members.value("d").is_none() {
        return Ok(Content::Public(public));
    }
    let seed = sized(members, "d", len)?;
    Ok(Content::Pair(public, Arc::new(PrivateParts::Okp { curve, seed })))
}

/// `AKP`: the key is nothing without its `alg`.
fn self_naming(members: &Members<'_>, algorithm: Option<Algorithm>) -> Result<Content, KeyError> {
    let algorithm = algorithm.ok_or(KeyError::MissingMember { member: "alg" })?;
    let facts = algorithm.facts();
    if facts.key_type != KeyType::Akp {
        return Err(KeyError::WrongKeyType { algorithm, found: KeyType::Akp });
    }
    let key = sized(members, "pub", facts.min_key_bits.div_ceil(8))?.to_vec();
    let public = Arc::new(PublicMaterial::Akp { algorithm, key });
    if members.value("priv").is_none() {
        return Ok(Content::Public(public));
    }
    let seed = sized(members, "priv", super::der::SEED_LEN)?;
    Ok(Content::Pair(public, Arc::new(PrivateParts::Akp { algorithm, seed, expanded: None })))
}

/// The curve, if some algorithm of this type of key uses it.
fn curve(members: &Members<'_>, key_type: KeyType) -> Result<Curve, KeyError> {
    let name = required(members, "crv")?;
    Algorithm::ALL
        .iter()
        .map(|algorithm| algorithm.facts())
        .filter(|facts| facts.key_type == key_type)
        .find_map(|facts| facts.curve.filter(|curve| curve.name() == name))
        .ok_or_else(|| KeyError::UnknownCurve { curve: name.to_owned() })
}

fn optional<'m>(members: &'m Members<'_>, member: &'static str) -> Result<Option<&'m str>, KeyError> {
    match members.value(member) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(KeyError::MalformedMember { member }),
    }
}

fn required<'m>(members: &'m Members<'_>, member: &'static str) -> Result<&'m str, KeyError> {
    optional(members, member)?.ok_or(KeyError::MissingMember { member })
}

fn bytes(members: &Members<'_>, member: &'static str) -> Result<Private, KeyError> {
    base64url::decode(required(members, member)?).ok_or(KeyError::MalformedMember { member })
}

fn sized(members: &Members<'_>, member: &'static str, expected: usize) -> Result<Private, KeyError> {
    let value = bytes(members, member)?;
    if value.len() != expected {
        return Err(KeyError::MemberLength { member, bytes: value.len(), expected });
    }
    Ok(value)
}

/// A number in the fewest bytes (RFC 7518 §6.3.1, §2).
fn number(members: &Members<'_>, member: &'static str) -> Result<Vec<u8>, KeyError> {
    let mut value: Zeroizing<Vec<u8>> = bytes(members, member)?;
    match value.first() {
        None | Some(0) => Err(KeyError::MalformedMember { member }),
        Some(_) => Ok(core::mem::take(&mut *value)),
    }
}

//! What can be wrong with a key, told when it is built and never while a token is verified.

use core::fmt;
use std::io;
use std::path::PathBuf;

use crate::{Algorithm, KeyType};

/// Why a key, a secret or a key set could not be built, converted or exported.
///
/// Every variant quotes the offending value, except that nothing of a secret or private key is
/// ever part of it: there the variable, the file or the length is named.
///
/// ```
/// use jwt_core::keys::HmacSecret;
/// let error = HmacSecret::from_env("NO_SUCH_VARIABLE").unwrap_err();
/// assert_eq!(error.code(), "variable_missing");
/// assert_eq!(error.to_string(), "environment variable `NO_SUCH_VARIABLE` is not set");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// No cryptography backend that can do this is compiled in.
    NoBackend {
        /// The name of the algorithm or hash.
        operation: &'static str,
    },
    /// The operating system gave no random bytes, or key generation failed.
    Generation {
        /// What was to be generated.
        algorithm: Algorithm,
    },
    /// The backend refused the key: a point off the curve, components that contradict each other.
    Rejected {
        /// The algorithm the key was for.
        algorithm: Algorithm,
    },
    /// The input is longer than any key.
    TooLarge {
        /// Length of the input in bytes.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// An environment variable is not set.
    VariableMissing {
        /// Its name.
        variable: String,
    },
    /// An environment variable is not Unicode.
    VariableNotUnicode {
        /// Its name.
        variable: String,
    },
    /// A file could not be read.
    File {
        /// Its path.
        path: PathBuf,
        /// What the operating system said.
        kind: io::ErrorKind,
    },
    /// The content of an environment variable was refused.
    InVariable {
        /// Its name.
        variable: String,
        /// Why.
        error: Box<KeyError>,
    },
    /// The content of a file was refused.
    InFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: Box<KeyError>,
    },
    /// A key of a static set was refused.
    InSet {
        /// Its place in `keys`, from 0.
        index: usize,
        /// Why.
        error: Box<KeyError>,
    },
    /// The text is not PEM (RFC 7468 §3).
    MalformedPem {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The PEM file holds several keys or certificates, so none can be picked.
    SeveralPemBlocks {
        /// How many.
        blocks: usize,
    },
    /// The PEM label names something that is not a key of the kind asked for.
    PemLabel {
        /// The label.
        label: String,
        /// What was asked for.
        expected: &'static str,
    },
    /// The DER structure is not the one expected.
    MalformedDer {
        /// The structure.
        structure: &'static str,
    },
    /// The key is of a kind that signs nothing here.
    UnknownKeyOid {
        /// The object identifier of the key or curve.
        oid: String,
    },
    /// A private key stands where a public one is expected.
    PrivateKey,
    /// A public key stands where a private one is expected.
    PublicKey,
    /// The key's `kty` does not fit the algorithm (RFC 8725 §3.1).
    WrongKeyType {
        /// The algorithm.
        algorithm: Algorithm,
        /// The key's type.
        found: KeyType,
    },
    /// The key's curve does not fit the algorithm (RFC 7518 §3.4).
    WrongCurve {
        /// The algorithm.
        algorithm: Algorithm,
        /// The key's curve.
        found: &'static str,
    },
    /// The key is bound to another algorithm.
    WrongAlgorithm {
        /// The algorithm asked for.
        expected: Algorithm,
        /// The key's own.
        found: Algorithm,
    },
    /// The public half given does not belong to the private half.
    HalvesDiffer {
        /// The algorithm the key was for.
        algorithm: Algorithm,
    },
    /// An RSA modulus outside 2048 to 8192 bits (RFC 7518 §3.3; the upper bound caps the cost of a check).
    RsaSize {
        /// Its size in bits.
        bits: usize,
    },
    /// An RSA modulus that is even: not a product of two primes.
    RsaEvenModulus,
    /// An RSA exponent that is even, below 3 or above 33 bits.
    RsaExponent {
        /// Its size in bits.
        bits: usize,
    },
    /// An RSA modulus made by the generator of CVE-2017-15361 (ROCA): it can be factored.
    RsaRoca,
    /// An Ed25519 point of small order, under which forged signatures verify (RFC 8032 §5.1.7).
    SmallOrderPoint,
    /// An HMAC secret shorter than the hash (RFC 7518 §3.2).
    SecretTooShort {
        /// The algorithm.
        algorithm: Algorithm,
        /// Length of the secret in bytes.
        bytes: usize,
        /// The least that is accepted.
        required: usize,
    },
    /// An HMAC secret of one repeated byte, or an empty one.
    SecretRepeatsOneByte {
        /// Length of the secret in bytes.
        bytes: usize,
    },
    /// An HMAC secret that is itself a published kind of key (CVE-2022-29217 and its kin).
    SecretIsKey {
        /// What it looks like.
        found: &'static str,
        /// Length of the secret in bytes.
        bytes: usize,
    },
    /// A secret in text is neither base64url nor base64.
    SecretEncoding {
        /// Length of the text in bytes.
        bytes: usize,
    },
    /// The JSON is not well formed, or not an object (RFC 7517 §4 and §5).
    MalformedJson {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A member name occurs twice in one object (RFC 7517 §4).
    DuplicateMember {
        /// The name.
        member: String,
    },
    /// A JWK lacks a member that its type needs.
    MissingMember {
        /// The name.
        member: &'static str,
    },
    /// A JWK member is of the wrong type, or not canonical base64url.
    MalformedMember {
        /// The name.
        member: &'static str,
    },
    /// A JWK member has not the length that its curve or algorithm fixes (RFC 7518 §6.2.1.2).
    MemberLength {
        /// The name.
        member: &'static str,
        /// Its length in bytes.
        bytes: usize,
        /// The only length accepted.
        expected: usize,
    },
    /// An unknown `kty`.
    UnknownKeyType {
        /// The value.
        key_type: String,
    },
    /// An unknown `alg`, or one that does not sign.
    UnknownAlgorithm {
        /// The value.
        algorithm: String,
    },
    /// An unknown `crv`, or one that does not sign.
    UnknownCurve {
        /// The value.
        curve: String,
    },
    /// A JWK without `alg` where the algorithm is not given beside it.
    MissingAlgorithm,
    /// A JWK's `use` is not `sig` (RFC 7517 §4.2).
    KeyUse {
        /// The value.
        usage: String,
    },
    /// A JWK's `key_ops` does not list the operation needed, repeats one, or contradicts `use` (RFC 7517 §4.3).
    KeyOperations {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A key identifier above 256 bytes.
    KeyIdTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A shared secret has no public form.
    Symmetric {
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The key is the user's own implementation: its material is not known here.
    NoMaterial {
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// A key set without a usable key.
    NoUsableKey {
        /// How many keys were skipped.
        skipped: usize,
    },
    /// A key set with more keys than are read.
    TooManyKeys {
        /// How many.
        keys: usize,
        /// The most that is read.
        limit: usize,
    },
    /// HMAC and asymmetric keys in one set (RFC 8725 §3.1).
    MixedSymmetry,
    /// Two keys of one type share a `kid` (RFC 7517 §4.5).
    RepeatedKeyId {
        /// The identifier.
        key_id: String,
        /// The type of both keys.
        key_type: KeyType,
    },
    /// A shared secret in a set that came over the network: whoever can read the set can sign.
    RemoteSecret,
    /// A private key in a set that came over the network: it is compromised.
    RemotePrivateKey,
    /// The other library has no word for this.
    NoEquivalent {
        /// What could not be said.
        value: String,
        /// The library.
        library: &'static str,
    },
}

impl KeyError {
    /// The stable name of this kind, for logs and `match`es that outlive a release.
    ///
    /// For [`KeyError::InVariable`], [`KeyError::InFile`] and [`KeyError::InSet`] it is that of the inner
    /// error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            KeyError::NoBackend { .. } => "no_backend",
            KeyError::Generation { .. } => "generation_failed",
            KeyError::Rejected { .. } => "key_rejected",
            KeyError::TooLarge { .. } => "too_large",
            KeyError::VariableMissing { .. } => "variable_missing",
            KeyError::VariableNotUnicode { .. } => "variable_not_unicode",
            KeyError::File { .. } => "file_unreadable",
            KeyError::InVariable { error, .. }
            | KeyError::InFile { error, .. }
            | KeyError::InSet { error, .. } => error.code(),
            KeyError::MalformedPem { .. } => "malformed_pem",
            KeyError::SeveralPemBlocks { .. } => "several_pem_blocks",
            KeyError::PemLabel { .. } => "pem_label",
            KeyError::MalformedDer { .. } => "malformed_der",
            KeyError::UnknownKeyOid { .. } => "unknown_key_oid",
            KeyError::PrivateKey => "private_key",
            KeyError::PublicKey => "public_key",
            KeyError::WrongKeyType { .. } => "wrong_key_type",
            KeyError::WrongCurve { .. } => "wrong_curve",
            KeyError::WrongAlgorithm { .. } => "wrong_algorithm",
            KeyError::HalvesDiffer { .. } => "halves_differ",
            KeyError::RsaSize { .. } => "rsa_size",
            KeyError::RsaEvenModulus => "rsa_even_modulus",
            KeyError::RsaExponent { .. } => "rsa_exponent",
            KeyError::RsaRoca => "rsa_roca",
            KeyError::SmallOrderPoint => "small_order_point",
            KeyError::SecretTooShort { .. } => "secret_too_short",
            KeyError::SecretRepeatsOneByte { .. } => "secret_repeats_one_byte",
            KeyError::SecretIsKey { .. } => "secret_is_key",
            KeyError::SecretEncoding { .. } => "secret_encoding",
            KeyError::MalformedJson { .. } => "malformed_json",
            KeyError::DuplicateMember { .. } => "duplicate_member",
            KeyError::MissingMember { .. } => "missing_member",
            KeyError::MalformedMember { .. } => "malformed_member",
            KeyError::MemberLength { .. } => "member_length",
            KeyError::UnknownKeyType { .. } => "unknown_key_type",
            KeyError::UnknownAlgorithm { .. } => "unknown_algorithm",
            KeyError::UnknownCurve { .. } => "unknown_curve",
            KeyError::MissingAlgorithm => "missing_algorithm",
            KeyError::KeyUse { .. } => "key_use",
            KeyError::KeyOperations { .. } => "key_operations",
            KeyError::KeyIdTooLong { .. } => "key_id_too_long",
            KeyError::Symmetric { .. } => "symmetric",
            KeyError::NoMaterial { .. } => "no_material",
            KeyError::NoUsableKey { .. } => "no_usable_key",
            KeyError::TooManyKeys { .. } => "too_many_keys",
            KeyError::MixedSymmetry => "mixed_symmetry",
            KeyError::RepeatedKeyId { .. } => "repeated_key_id",
            KeyError::RemoteSecret => "remote_secret",
            KeyError::RemotePrivateKey => "remote_private_key",
            KeyError::NoEquivalent { .. } => "no_equivalent",
        }
    }
}

/// A value that may come from the network: escaped and cut, so that it cannot forge a line of a log.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 32;
        f.write_str("`")?;
        for c in self.0.chars().take(SHOWN) {
            write!(f, "{}", c.escape_debug())?;
        }
        f.write_str(if self.0.chars().nth(SHOWN).is_some() { "…`" } else { "`" })
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::NoBackend { operation } => write!(
                f,
                "no cryptography backend for {operation} is compiled in (enable the feature `aws-lc-rs`)"
            ),
            KeyError::Generation { algorithm } => write!(f, "no key for {algorithm} could be generated"),
            KeyError::Rejected { algorithm } => write!(f, "not a valid key for {algorithm}"),
            KeyError::TooLarge { bytes, limit } => {
                write!(f, "{bytes} bytes are more than any key needs (limit {limit})")
            }
            KeyError::VariableMissing { variable } => {
                write!(f, "environment variable `{variable}` is not set")
            }
            KeyError::VariableNotUnicode { variable } => {
                write!(f, "environment variable `{variable}` is not Unicode")
            }
            KeyError::File { path, kind } => write!(f, "file `{}` cannot be read: {kind}", path.display()),
            KeyError::InVariable { variable, error } => {
                write!(f, "environment variable `{variable}`: {error}")
            }
            KeyError::InFile { path, error } => write!(f, "file `{}`: {error}", path.display()),
            KeyError::InSet { index, error } => write!(f, "key {index} of the set: {error}"),
            KeyError::MalformedPem { problem } => write!(f, "malformed PEM: {problem}"),
            KeyError::SeveralPemBlocks { blocks } => {
                write!(f, "the PEM text holds {blocks} keys or certificates where one is expected")
            }
            KeyError::PemLabel { label, expected } => {
                write!(f, "the PEM label {} is not that of {expected}", Quoted(label))
            }
            KeyError::MalformedDer { structure } => write!(f, "the DER is not {structure}"),
            KeyError::UnknownKeyOid { oid } => {
                write!(f, "no supported key or curve has the identifier {oid}")
            }
            KeyError::PrivateKey => f.write_str("a private key stands where a public one is expected"),
            KeyError::PublicKey => f.write_str("a public key stands where a private one is expected"),
            KeyError::WrongKeyType { algorithm, found } => {
                write!(f, "{algorithm} takes no key of type {}", found.name())
            }
            KeyError::WrongCurve { algorithm, found } => write!(f, "{algorithm} takes no key on {found}"),
            KeyError::WrongAlgorithm { expected, found } => {
                write!(f, "the key is bound to {found}, not to {expected}")
            }
            KeyError::HalvesDiffer { algorithm } => {
                write!(f, "the public half does not belong to the private half of this {algorithm} key")
            }
            KeyError::RsaSize { bits } => {
                write!(f, "an RSA modulus of {bits} bits is outside 2048 to 8192 bits")
            }
            KeyError::RsaEvenModulus => f.write_str("an even RSA modulus is not a product of two primes"),
            KeyError::RsaExponent { bits } => {
                write!(
                    f,
                    "an RSA exponent is odd, at least 3 and at most 33 bits, and this one of {bits} bits is not"
                )
            }
            KeyError::RsaRoca => f.write_str("the RSA modulus has the fingerprint of CVE-2017-15361 (ROCA)"),
            KeyError::SmallOrderPoint => f.write_str("the Ed25519 key is a point of small order"),
            KeyError::SecretTooShort { algorithm, bytes, required } => {
                write!(f, "a secret of {bytes} bytes is too short for {algorithm}, which needs {required}")
            }
            KeyError::SecretRepeatsOneByte { bytes } => {
                write!(f, "the secret of {bytes} bytes is empty or one repeated byte")
            }
            KeyError::SecretIsKey { found, bytes } => {
                write!(f, "the secret of {bytes} bytes is {found}, not a shared secret")
            }
            KeyError::SecretEncoding { bytes } => {
                write!(f, "the secret in {bytes} bytes of text is neither base64url nor base64")
            }
            KeyError::MalformedJson { problem } => write!(f, "malformed JSON: {problem}"),
            KeyError::DuplicateMember { member } => write!(f, "member {} occurs twice", Quoted(member)),
            KeyError::MissingMember { member } => write!(f, "member `{member}` is missing"),
            KeyError::MalformedMember { member } => {
                write!(f, "member `{member}` is of the wrong type or not canonical")
            }
            KeyError::MemberLength { member, bytes, expected } => {
                write!(f, "member `{member}` has {bytes} bytes where {expected} are expected")
            }
            KeyError::UnknownKeyType { key_type } => write!(f, "unknown `kty` {}", Quoted(key_type)),
            KeyError::UnknownAlgorithm { algorithm } => write!(f, "unknown `alg` {}", Quoted(algorithm)),
            KeyError::UnknownCurve { curve } => write!(f, "unknown `crv` {}", Quoted(curve)),
            KeyError::MissingAlgorithm => {
                f.write_str("the key has no `alg`, and no algorithm is given beside it")
            }
            KeyError::KeyUse { usage } => write!(f, "`use` is {}, not `sig`", Quoted(usage)),
            KeyError::KeyOperations { problem } => write!(f, "`key_ops` {problem}"),
            KeyError::KeyIdTooLong { bytes } => {
                write!(f, "a key identifier of {bytes} bytes is above the limit of 256")
            }
            KeyError::Symmetric { algorithm } => {
                write!(f, "a shared secret for {algorithm} has no such form")
            }
            KeyError::NoMaterial { algorithm } => {
                write!(f, "the {algorithm} key is an own implementation, so its material is not known")
            }
            KeyError::NoUsableKey { skipped } => {
                write!(f, "the set holds no usable key ({skipped} skipped)")
            }
            KeyError::TooManyKeys { keys, limit } => {
                write!(f, "a set of {keys} keys is above the limit of {limit}")
            }
            KeyError::MixedSymmetry => f.write_str("one set holds shared secrets or public keys, never both"),
            KeyError::RepeatedKeyId { key_id, key_type } => {
                write!(f, "two {} keys share the `kid` {}", key_type.name(), Quoted(key_id))
            }
            KeyError::RemoteSecret => f.write_str("a shared secret in a published set is no secret"),
            KeyError::RemotePrivateKey => f.write_str("a private key in a published set is compromised"),
            KeyError::NoEquivalent { value, library } => {
                write!(f, "{library} has no equivalent of {}", Quoted(value))
            }
        }
    }
}

impl core::error::Error for KeyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            KeyError::InVariable { error, .. }
            | KeyError::InFile { error, .. }
            | KeyError::InSet { error, .. } => Some(error.as_ref()),
            _ => None,
        }
    }
}

/// A signature could not be made: the backend failed, or the user's own signer did.
#[derive(Debug)]
pub struct SignError {
    source: Option<Box<dyn core::error::Error + Send + Sync + 'static>>,
}

impl SignError {
    /// An error of the user's own [`Sign`](super::Sign), kept as [`source`](core::error::Error::source).
    #[must_use]
    pub fn new(source: impl Into<Box<dyn core::error::Error + Send + Sync + 'static>>) -> Self {
        Self { source: Some(source.into()) }
    }

    /// Without more to say.
    pub(crate) const fn plain() -> Self {
        Self { source: None }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature could not be made")
    }
}

impl core::error::Error for SignError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

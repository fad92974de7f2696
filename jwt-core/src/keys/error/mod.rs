//! What can be wrong with a key, told when it is built and never while a token is verified.

mod sign;
mod text;

use std::io;
use std::path::PathBuf;

pub use sign::SignError;

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
        /// The name of the algorithm or hash, or what else the backend lacks.
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
    /// A secret in text is hexadecimal, which is base64 of other bytes as well.
    SecretIsHexadecimal {
        /// Length of the text in digits.
        digits: usize,
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
    /// A JWK set stands where one key is expected (RFC 7517 §5).
    JwkSet,
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
            KeyError::SecretIsHexadecimal { .. } => "secret_is_hexadecimal",
            KeyError::SecretEncoding { .. } => "secret_encoding",
            KeyError::MalformedJson { .. } => "malformed_json",
            KeyError::DuplicateMember { .. } => "duplicate_member",
            KeyError::JwkSet => "jwk_set",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::backend::RSA_SIGNING;

    /// Every kind with its code and its text.
    fn rows() -> Vec<(KeyError, &'static str, &'static str)> {
        let algorithm = Algorithm::ES256;
        let inner = || Box::new(KeyError::RsaRoca);
        vec![
            (
                KeyError::NoBackend { operation: "SHA-256" },
                "no_backend",
                "no cryptography backend for SHA-256 is compiled in (enable the feature `aws-lc-rs` or `rust-crypto`)",
            ),
            (KeyError::Generation { algorithm }, "generation_failed", "no key for ES256 could be generated"),
            (KeyError::Rejected { algorithm }, "key_rejected", "not a valid key for ES256"),
            (
                KeyError::TooLarge { bytes: 9, limit: 8 },
                "too_large",
                "9 bytes are more than any key needs (limit 8)",
            ),
            (
                KeyError::VariableMissing { variable: "V".into() },
                "variable_missing",
                "environment variable `V` is not set",
            ),
            (
                KeyError::VariableNotUnicode { variable: "V".into() },
                "variable_not_unicode",
                "environment variable `V` is not Unicode",
            ),
            (
                KeyError::File { path: "k.pem".into(), kind: io::ErrorKind::NotFound },
                "file_unreadable",
                "file `k.pem` cannot be read: entity not found",
            ),
            (
                KeyError::InVariable { variable: "V".into(), error: inner() },
                "rsa_roca",
                "environment variable `V`: the RSA modulus has the fingerprint of CVE-2017-15361 (ROCA)",
            ),
            (
                KeyError::InFile { path: "k.pem".into(), error: inner() },
                "rsa_roca",
                "file `k.pem`: the RSA modulus has the fingerprint of CVE-2017-15361 (ROCA)",
            ),
            (
                KeyError::InSet { index: 3, error: inner() },
                "rsa_roca",
                "key 3 of the set: the RSA modulus has the fingerprint of CVE-2017-15361 (ROCA)",
            ),
            (KeyError::MalformedPem { problem: "it is odd" }, "malformed_pem", "malformed PEM: it is odd"),
            (
                KeyError::SeveralPemBlocks { blocks: 2 },
                "several_pem_blocks",
                "the PEM text holds 2 keys or certificates where one is expected",
            ),
            (
                KeyError::PemLabel { label: "X".into(), expected: "a key" },
                "pem_label",
                "the PEM label `X` is not that of a key",
            ),
            (KeyError::MalformedDer { structure: "a key" }, "malformed_der", "the DER is not a key"),
            (
                KeyError::UnknownKeyOid { oid: "1.2.3".into() },
                "unknown_key_oid",
                "no supported key or curve has the identifier 1.2.3",
            ),
            (KeyError::PrivateKey, "private_key", "a private key stands where a public one is expected"),
            (KeyError::PublicKey, "public_key", "a public key stands where a private one is expected"),
            (
                KeyError::WrongKeyType { algorithm, found: KeyType::Rsa },
                "wrong_key_type",
                "ES256 takes no key of type RSA",
            ),
            (
                KeyError::WrongCurve { algorithm, found: "P-384" },
                "wrong_curve",
                "ES256 takes no key on P-384",
            ),
            (
                KeyError::WrongAlgorithm { expected: algorithm, found: Algorithm::RS256 },
                "wrong_algorithm",
                "the key is bound to RS256, not to ES256",
            ),
            (
                KeyError::HalvesDiffer { algorithm },
                "halves_differ",
                "the public half does not belong to the private half of this ES256 key",
            ),
            (
                KeyError::RsaSize { bits: 1024 },
                "rsa_size",
                "an RSA modulus of 1024 bits is outside 2048 to 8192 bits",
            ),
            (
                KeyError::RsaEvenModulus,
                "rsa_even_modulus",
                "an even RSA modulus is not a product of two primes",
            ),
            (
                KeyError::RsaExponent { bits: 1 },
                "rsa_exponent",
                "an RSA exponent is odd, at least 3 and at most 33 bits, and this one of 1 bits is not",
            ),
            (KeyError::RsaRoca, "rsa_roca", "the RSA modulus has the fingerprint of CVE-2017-15361 (ROCA)"),
            (KeyError::SmallOrderPoint, "small_order_point", "the Ed25519 key is a point of small order"),
            (
                KeyError::SecretTooShort { algorithm: Algorithm::HS256, bytes: 8, required: 32 },
                "secret_too_short",
                "a secret of 8 bytes is too short for HS256, which needs 32",
            ),
            (
                KeyError::SecretRepeatsOneByte { bytes: 0 },
                "secret_repeats_one_byte",
                "the secret of 0 bytes is empty or one repeated byte",
            ),
            (
                KeyError::SecretIsKey { found: "an SSH key", bytes: 80 },
                "secret_is_key",
                "the secret of 80 bytes is an SSH key, not a shared secret",
            ),
            (
                KeyError::SecretEncoding { bytes: 5 },
                "secret_encoding",
                "the secret in 5 bytes of text is neither base64url nor base64; if the text itself is the secret, \
                 use `HmacSecret::from_bytes`",
            ),
            (
                KeyError::SecretIsHexadecimal { digits: 64 },
                "secret_is_hexadecimal",
                "the secret is 64 hexadecimal digits, not base64: give `HmacSecret::from_bytes` the bytes that they \
                 spell or, where the text itself is the secret, the text",
            ),
            (KeyError::MalformedJson { problem: "it is odd" }, "malformed_json", "malformed JSON: it is odd"),
            (
                KeyError::DuplicateMember { member: "kid".into() },
                "duplicate_member",
                "member `kid` occurs twice",
            ),
            (
                KeyError::JwkSet,
                "jwk_set",
                "this is a JWK set and not one key: `KeySet::from_jwks_json` reads that",
            ),
            (KeyError::MissingMember { member: "x" }, "missing_member", "member `x` is missing"),
            (
                KeyError::MalformedMember { member: "x" },
                "malformed_member",
                "member `x` is of the wrong type or not canonical",
            ),
            (
                KeyError::MemberLength { member: "x", bytes: 31, expected: 32 },
                "member_length",
                "member `x` has 31 bytes where 32 are expected",
            ),
            (KeyError::UnknownKeyType { key_type: "X".into() }, "unknown_key_type", "unknown `kty` `X`"),
            (
                KeyError::UnknownAlgorithm { algorithm: "none".into() },
                "unknown_algorithm",
                "unknown `alg` `none`",
            ),
            (KeyError::UnknownCurve { curve: "X".into() }, "unknown_curve", "unknown `crv` `X`"),
            (
                KeyError::MissingAlgorithm,
                "missing_algorithm",
                "the key has no `alg`, and no algorithm is given beside it",
            ),
            (KeyError::KeyUse { usage: "enc".into() }, "key_use", "`use` is `enc`, not `sig`"),
            (
                KeyError::KeyOperations { problem: "does not list `verify`" },
                "key_operations",
                "`key_ops` does not list `verify`",
            ),
            (
                KeyError::KeyIdTooLong { bytes: 257 },
                "key_id_too_long",
                "a key identifier of 257 bytes is above the limit of 256",
            ),
            (
                KeyError::Symmetric { algorithm: Algorithm::HS256 },
                "symmetric",
                "a shared secret for HS256 has no such form",
            ),
            (
                KeyError::NoMaterial { algorithm },
                "no_material",
                "the ES256 key is an own implementation, so its material is not known",
            ),
            (
                KeyError::NoUsableKey { skipped: 2 },
                "no_usable_key",
                "the set holds no usable key (2 skipped)",
            ),
            (
                KeyError::TooManyKeys { keys: 101, limit: 100 },
                "too_many_keys",
                "a set of 101 keys is above the limit of 100",
            ),
            (
                KeyError::MixedSymmetry,
                "mixed_symmetry",
                "one set holds shared secrets or public keys, never both",
            ),
            (
                KeyError::RepeatedKeyId { key_id: "a".into(), key_type: KeyType::Ec },
                "repeated_key_id",
                "two EC keys share the `kid` `a`",
            ),
            (KeyError::RemoteSecret, "remote_secret", "a shared secret in a published set is no secret"),
            (
                KeyError::RemotePrivateKey,
                "remote_private_key",
                "a private key in a published set is compromised",
            ),
            (
                KeyError::NoEquivalent { value: "ES512".into(), library: "jsonwebtoken" },
                "no_equivalent",
                "jsonwebtoken has no equivalent of `ES512`",
            ),
        ]
    }

    #[test]
    fn every_kind_has_its_code_and_text() {
        for (error, code, text) in rows() {
            assert_eq!((error.code(), error.to_string().as_str()), (code, text), "{error:?}");
        }
    }

    #[test]
    fn codes_are_distinct_and_texts_follow_the_house_style() {
        let rows = rows();
        for (error, code, text) in &rows {
            let around = matches!(
                error,
                KeyError::InVariable { .. } | KeyError::InFile { .. } | KeyError::InSet { .. }
            );
            let same = rows.iter().filter(|(_, other, _)| other == code).count();
            assert!(same == 1 || *code == "rsa_roca", "{code}");
            assert!(!text.ends_with('.'), "{text}");
            assert_eq!(core::error::Error::source(error).is_some(), around, "{error:?}");
        }
    }

    #[test]
    fn a_feature_that_would_not_help_is_not_named() {
        assert_eq!(
            KeyError::NoBackend { operation: RSA_SIGNING }.to_string(),
            "no cryptography backend for RSA keys that sign is compiled in (enable the feature `aws-lc-rs`)"
        );
    }

    #[test]
    fn a_value_from_a_stranger_is_escaped_and_cut() {
        let error = KeyError::UnknownKeyType { key_type: format!("a\n\u{1b}[31m{}", "b".repeat(100)) };
        let text = error.to_string();
        assert!(text.starts_with("unknown `kty` `a\\n\\u{1b}[31mbbb") && text.ends_with("…`"), "{text}");
        assert!(text.chars().count() < 70, "{text}");
    }
}

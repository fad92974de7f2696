//! What a [`KeyError`] reads like.

use core::fmt;

use super::KeyError;
use crate::keys::backend::RSA_SIGNING;

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
            KeyError::NoBackend { operation } => {
                write!(f, "no cryptography backend for {operation} is compiled in (enable the feature ")?;
                f.write_str(if *operation == RSA_SIGNING {
                    "`aws-lc-rs`)"
                } else {
                    "`aws-lc-rs` or `rust-crypto`)"
                })
            }
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
                write!(
                    f,
                    "the secret in {bytes} bytes of text is neither base64url nor base64; if the text itself is the \
                     secret, use `HmacSecret::from_bytes`"
                )
            }
            KeyError::SecretIsHexadecimal { digits } => {
                write!(
                    f,
                    "the secret is {digits} hexadecimal digits, not base64: give `HmacSecret::from_bytes` the bytes \
                     that they spell or, where the text itself is the secret, the text"
                )
            }
            KeyError::MalformedJson { problem } => write!(f, "malformed JSON: {problem}"),
            KeyError::DuplicateMember { member } => write!(f, "member {} occurs twice", Quoted(member)),
            KeyError::JwkSet => {
                f.write_str("this is a JWK set and not one key: `KeySet::from_jwks_json` reads that")
            }
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

//! The algorithms of this workspace, and one table of facts about them.
//!
//! Keys, header checks, signing and tests read [`Algorithm::facts`]. To add an algorithm of a known family, add a
//! variant, its place in [`Algorithm::ALL`], its row in the table, and what a backend calls it (`keys/backend/`).

use core::fmt;
use core::str::FromStr;

/// A JWS signature algorithm (RFC 7518 §3.1, RFC 8037, RFC 9864, draft-ietf-cose-dilithium).
///
/// `none` is not a variant: an unsigned token cannot be expressed (RFC 8725 §3.1).
///
/// Names are compared byte for byte (RFC 7515 §4.1.1 makes `alg` case-sensitive):
///
/// ```
/// use jwt_core::Algorithm;
/// assert_eq!("ES256".parse(), Ok(Algorithm::ES256));
/// assert!("es256".parse::<Algorithm>().is_err());
/// assert!("none".parse::<Algorithm>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 7518 §3.2).
    HS256,
    /// HMAC with SHA-384 (RFC 7518 §3.2).
    HS384,
    /// HMAC with SHA-512 (RFC 7518 §3.2).
    HS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384 (RFC 7518 §3.3).
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512 (RFC 7518 §3.3).
    RS512,
    /// RSASSA-PSS with SHA-256, salt as long as the hash (RFC 7518 §3.5).
    PS256,
    /// RSASSA-PSS with SHA-384, salt as long as the hash (RFC 7518 §3.5).
    PS384,
    /// RSASSA-PSS with SHA-512, salt as long as the hash (RFC 7518 §3.5).
    PS512,
    /// ECDSA over P-256 with SHA-256 (RFC 7518 §3.4).
    ES256,
    /// ECDSA over P-384 with SHA-384 (RFC 7518 §3.4).
    ES384,
    /// ECDSA over P-521 with SHA-512 (RFC 7518 §3.4).
    ES512,
    /// EdDSA, here always over Ed25519 (RFC 8037 §3.1). RFC 9864 prefers [`Algorithm::Ed25519`].
    EdDSA,
    /// EdDSA over Ed25519 under its fully specified name (RFC 9864 §2.2).
    Ed25519,
    /// ML-DSA-44 of FIPS 204 (draft-ietf-cose-dilithium).
    MlDsa44,
    /// ML-DSA-65 of FIPS 204 (draft-ietf-cose-dilithium).
    MlDsa65,
    /// ML-DSA-87 of FIPS 204 (draft-ietf-cose-dilithium).
    MlDsa87,
}

/// How an algorithm signs; decides which keys fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// HMAC: one shared secret signs and verifies.
    Hmac,
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1,
    /// RSASSA-PSS.
    RsaPss,
    /// ECDSA with the fixed-length signature `r ‖ s`.
    Ecdsa,
    /// EdDSA.
    EdDsa,
    /// ML-DSA.
    MlDsa,
}

/// The `kty` of a key (RFC 7518 §6.1, RFC 8037 §2, draft-ietf-cose-dilithium).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// `oct`: a shared secret.
    Oct,
    /// `RSA`.
    Rsa,
    /// `EC`: a curve of NIST.
    Ec,
    /// `OKP`: an Edwards curve.
    Okp,
    /// `AKP`: a key that names its algorithm itself, used by ML-DSA.
    Akp,
}

impl KeyType {
    /// The value of `kty`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            KeyType::Oct => "oct",
            KeyType::Rsa => "RSA",
            KeyType::Ec => "EC",
            KeyType::Okp => "OKP",
            KeyType::Akp => "AKP",
        }
    }
}

/// The curve of an elliptic-curve key (the `crv` of RFC 7518 §6.2.1.1 and RFC 8037 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Edwards curve 25519.
    Ed25519,
}

impl Curve {
    /// The value of `crv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
            Curve::Ed25519 => "Ed25519",
        }
    }

    /// Length of one coordinate in bytes (RFC 7518 §6.2.1.2: always the full length).
    #[must_use]
    pub const fn coordinate_len(self) -> usize {
        match self {
            Curve::P256 | Curve::Ed25519 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }
}

/// The hash inside an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The value of `alg`.
    pub name: &'static str,
    /// How it signs.
    pub family: Family,
    /// The `kty` of its keys.
    pub key_type: KeyType,
    /// The hash it names; `None` for ML-DSA, which hashes inside.
    pub hash: Option<Hash>,
    /// The only curve it allows.
    pub curve: Option<Curve>,
    /// Length of every signature in bytes; `None` for RSA, where it is the modulus' length.
    pub signature_len: Option<usize>,
    /// The smallest key in bits: the hash's length for HMAC (RFC 7518 §3.2), 2048 for RSA
    /// (RFC 7518 §3.3), the curve's or parameter set's only size elsewhere.
    pub min_key_bits: usize,
}

const fn row(
    name: &'static str,
    family: Family,
    hash: Option<Hash>,
    curve: Option<Curve>,
    signature_len: Option<usize>,
    min_key_bits: usize,
) -> Facts {
    let key_type = match family {
        Family::Hmac => KeyType::Oct,
        Family::RsaPkcs1 | Family::RsaPss => KeyType::Rsa,
        Family::Ecdsa => KeyType::Ec,
        Family::EdDsa => KeyType::Okp,
        Family::MlDsa => KeyType::Akp,
    };
    Facts { name, family, key_type, hash, curve, signature_len, min_key_bits }
}

const fn hmac(name: &'static str, hash: Hash, bytes: usize) -> Facts {
    row(name, Family::Hmac, Some(hash), None, Some(bytes), bytes.saturating_mul(8))
}

const fn rsa(name: &'static str, family: Family, hash: Hash) -> Facts {
    row(name, family, Some(hash), None, None, 2048)
}

const fn ecdsa(name: &'static str, hash: Hash, curve: Curve, bits: usize) -> Facts {
    let len = curve.coordinate_len().saturating_mul(2);
    row(name, Family::Ecdsa, Some(hash), Some(curve), Some(len), bits)
}

const fn eddsa(name: &'static str) -> Facts {
    row(name, Family::EdDsa, Some(Hash::Sha512), Some(Curve::Ed25519), Some(64), 256)
}

/// FIPS 204 table 2: lengths of signature and public key in bytes.
const fn ml_dsa(name: &'static str, signature_len: usize, public_len: usize) -> Facts {
    row(name, Family::MlDsa, None, None, Some(signature_len), public_len.saturating_mul(8))
}

impl Algorithm {
    /// Every algorithm, in the order of the table.
    pub const ALL: [Algorithm; 17] = [
        Algorithm::HS256,
        Algorithm::HS384,
        Algorithm::HS512,
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::ES512,
        Algorithm::EdDSA,
        Algorithm::Ed25519,
        Algorithm::MlDsa44,
        Algorithm::MlDsa65,
        Algorithm::MlDsa87,
    ];

    /// The facts about this algorithm: the one table of the workspace.
    #[must_use]
    pub const fn facts(self) -> Facts {
        match self {
            Algorithm::HS256 => hmac("HS256", Hash::Sha256, 32),
            Algorithm::HS384 => hmac("HS384", Hash::Sha384, 48),
            Algorithm::HS512 => hmac("HS512", Hash::Sha512, 64),
            Algorithm::RS256 => rsa("RS256", Family::RsaPkcs1, Hash::Sha256),
            Algorithm::RS384 => rsa("RS384", Family::RsaPkcs1, Hash::Sha384),
            Algorithm::RS512 => rsa("RS512", Family::RsaPkcs1, Hash::Sha512),
            Algorithm::PS256 => rsa("PS256", Family::RsaPss, Hash::Sha256),
            Algorithm::PS384 => rsa("PS384", Family::RsaPss, Hash::Sha384),
            Algorithm::PS512 => rsa("PS512", Family::RsaPss, Hash::Sha512),
            Algorithm::ES256 => ecdsa("ES256", Hash::Sha256, Curve::P256, 256),
            Algorithm::ES384 => ecdsa("ES384", Hash::Sha384, Curve::P384, 384),
            Algorithm::ES512 => ecdsa("ES512", Hash::Sha512, Curve::P521, 521),
            Algorithm::EdDSA => eddsa("EdDSA"),
            Algorithm::Ed25519 => eddsa("Ed25519"),
            Algorithm::MlDsa44 => ml_dsa("ML-DSA-44", 2420, 1312),
            Algorithm::MlDsa65 => ml_dsa("ML-DSA-65", 3309, 1952),
            Algorithm::MlDsa87 => ml_dsa("ML-DSA-87", 4627, 2592),
        }
    }

    /// The value of `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// Whether one shared secret both signs and verifies.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self.facts().family, Family::Hmac)
    }

    /// The algorithm of that exact name, as `alg` spells it.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Algorithm::ALL.into_iter().find(|a| a.name().as_bytes() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not the name of an algorithm of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of a supported signature algorithm (names are case-sensitive, `none` does not exist)")
    }
}

impl core::error::Error for UnknownAlgorithm {}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Algorithm::from_name(name.as_bytes()).ok_or(UnknownAlgorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back_and_is_unique() {
        for a in Algorithm::ALL {
            assert_eq!(a.name().parse(), Ok(a), "{a}");
            assert_eq!(Algorithm::ALL.iter().filter(|b| b.name() == a.name()).count(), 1, "{a}");
        }
    }

    #[test]
    fn spellings_that_are_not_the_name_are_refused() {
        for bad in [
            "none", "None", "NONE", "nOnE", "", "rs256", " RS256", "RS256 ", "RS256\0", "HS1", "ES256K",
            "RS1",
        ] {
            assert_eq!(bad.parse::<Algorithm>(), Err(UnknownAlgorithm), "{bad:?}");
        }
    }
}

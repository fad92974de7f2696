//! Key material in one normal form, whatever text or structure it came in.
//!
//! Importers (`pem`, `der`, `jwk`, `convert`) produce it, backends consume it, exporters write it.

use zeroize::Zeroizing;

use super::{KeyError, edwards, strength};
use crate::{Algorithm, Curve, KeyType};

/// The longest key file, PEM text or DER structure that is read: the largest keys, ML-DSA-87 with
/// both private forms and RSA with 8192 bits, stay below 8 KiB, a certificate rarely exceeds it.
pub(crate) const MAX_INPUT: usize = 64 * 1024;

/// Refuses input that is longer than any key.
pub(crate) fn bounded(bytes: &[u8]) -> Result<(), KeyError> {
    if bytes.len() > MAX_INPUT {
        return Err(KeyError::TooLarge { bytes: bytes.len(), limit: MAX_INPUT });
    }
    Ok(())
}

/// Bytes of a private key; wiped when dropped.
pub(crate) type Private = Zeroizing<Vec<u8>>;

/// The public half of an asymmetric key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PublicMaterial {
    /// Modulus and exponent, big endian without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// Both coordinates in full length, `x ‖ y`.
    Ec { curve: Curve, xy: Vec<u8> },
    /// The encoded point.
    Okp { curve: Curve, x: Vec<u8> },
    /// A key that carries its algorithm (ML-DSA).
    Akp { algorithm: Algorithm, key: Vec<u8> },
}

impl PublicMaterial {
    pub(crate) fn key_type(&self) -> KeyType {
        match self {
            PublicMaterial::Rsa { .. } => KeyType::Rsa,
            PublicMaterial::Ec { .. } => KeyType::Ec,
            PublicMaterial::Okp { .. } => KeyType::Okp,
            PublicMaterial::Akp { .. } => KeyType::Akp,
        }
    }

    pub(crate) fn curve(&self) -> Option<Curve> {
        match self {
            PublicMaterial::Ec { curve, .. } | PublicMaterial::Okp { curve, .. } => Some(*curve),
            PublicMaterial::Rsa { .. } | PublicMaterial::Akp { .. } => None,
        }
    }

    /// Whether the algorithm takes this key: type, curve, parameter set (RFC 8725 §3.1).
    pub(crate) fn fits(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        let own = if let PublicMaterial::Akp { algorithm, .. } = self { Some(*algorithm) } else { None };
        fits(algorithm, self.key_type(), self.curve(), own)
    }

    /// The rules that hold for every import, public or private, and that no backend checks.
    pub(crate) fn strong(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        match self {
            PublicMaterial::Rsa { n, e } => strength::rsa(n, e),
            PublicMaterial::Okp { x, .. } => edwards::point(algorithm, x),
            PublicMaterial::Ec { .. } | PublicMaterial::Akp { .. } => Ok(()),
        }
    }

    /// The length of every signature, where the algorithm's row leaves it to the key.
    pub(crate) fn signature_len(&self, algorithm: Algorithm) -> Option<usize> {
        match self {
            PublicMaterial::Rsa { n, .. } => Some(n.len()),
            _ => algorithm.facts().signature_len,
        }
    }
}

/// The private half of an asymmetric key, and the public half when the input stated it.
pub(crate) struct PrivateMaterial {
    pub(crate) secret: PrivateParts,
    /// Never trusted: compared with what the backend derives (RUSTSEC-2022-0093).
    pub(crate) stated: Option<PublicMaterial>,
}

pub(crate) enum PrivateParts {
    Rsa(Box<RsaParts>),
    /// The scalar in full length.
    Ec {
        curve: Curve,
        d: Private,
    },
    /// The 32-byte seed.
    Okp {
        curve: Curve,
        seed: Private,
    },
    /// The 32-byte seed; `expanded` when the input stated it too, to be compared.
    Akp {
        algorithm: Algorithm,
        seed: Private,
        #[cfg_attr(
            not(any(feature = "aws-lc-rs", feature = "rust-crypto")),
            expect(dead_code, reason = "a backend compares it")
        )]
        expanded: Option<Private>,
    },
}

/// The numbers of an RSA key in the names of RFC 7518 §6.3, big endian.
pub(crate) struct RsaParts {
    pub(crate) n: Vec<u8>,
    pub(crate) e: Vec<u8>,
    pub(crate) d: Private,
    pub(crate) p: Private,
    pub(crate) q: Private,
    pub(crate) dp: Private,
    pub(crate) dq: Private,
    pub(crate) qi: Private,
}

impl PrivateParts {
    /// Whether the algorithm takes this key: type, curve, parameter set (RFC 8725 §3.1).
    pub(crate) fn fits(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        match self {
            PrivateParts::Rsa(_) => fits(algorithm, KeyType::Rsa, None, None),
            PrivateParts::Ec { curve, .. } => fits(algorithm, KeyType::Ec, Some(*curve), None),
            PrivateParts::Okp { curve, .. } => fits(algorithm, KeyType::Okp, Some(*curve), None),
            PrivateParts::Akp { algorithm: own, .. } => fits(algorithm, KeyType::Akp, None, Some(*own)),
        }
    }
}

fn fits(
    algorithm: Algorithm,
    key_type: KeyType,
    curve: Option<Curve>,
    own: Option<Algorithm>,
) -> Result<(), KeyError> {
    let facts = algorithm.facts();
    if facts.key_type != key_type {
        return Err(KeyError::WrongKeyType { algorithm, found: key_type });
    }
    match curve {
        Some(found) if facts.curve != curve => {
            return Err(KeyError::WrongCurve { algorithm, found: found.name() });
        }
        _ => {}
    }
    match own {
        Some(found) if found != algorithm => Err(KeyError::WrongAlgorithm { expected: algorithm, found }),
        _ => Ok(()),
    }
}

/// A big-endian number without its leading zeros.
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

//! Conversions from and to the types of jsonwebtoken 11.
//!
//! jsonwebtoken is used as a vocabulary only: none of its functions that need a cryptography provider is
//! called, for those panic unless exactly one of its backend features is on anywhere in the build.
//!
//! Its `DecodingKey` and `EncodingKey` forget the curve and the algorithm, so an [`Algorithm`] stands
//! beside them on the way in. It has no `ES512`, `Ed25519` or ML-DSA, which is
//! [`KeyError::NoEquivalent`] on the way out.

use jsonwebtoken as other;
use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use zeroize::Zeroizing;

use super::material::{PrivateParts, PublicMaterial};
use super::verifying::Material;
use super::{HmacSecret, Jwk, JwkSet, KeyError, SigningKey, VerifyingKey, der};
use crate::{Algorithm, KeyType};

const LIBRARY: &str = "jsonwebtoken";

/// # Errors
///
/// - [`KeyError::NoEquivalent`]: an algorithm that a later release of jsonwebtoken added.
impl TryFrom<other::Algorithm> for Algorithm {
    type Error = KeyError;

    fn try_from(algorithm: other::Algorithm) -> Result<Self, KeyError> {
        // Both libraries use the names of the registry; `Debug` of a variant is its name.
        let name = format!("{algorithm:?}");
        Algorithm::from_name(name.as_bytes())
            .ok_or(KeyError::NoEquivalent { value: name, library: "jwt-core" })
    }
}

/// # Errors
///
/// - [`KeyError::NoEquivalent`]: `ES512`, `Ed25519` and ML-DSA.
impl TryFrom<Algorithm> for other::Algorithm {
    type Error = KeyError;

    fn try_from(algorithm: Algorithm) -> Result<Self, KeyError> {
        algorithm.name().parse().map_err(|_| no_equivalent(algorithm.name()))
    }
}

/// # Errors
///
/// - [`KeyError::WrongKeyType`]: the key is for another family of algorithms.
/// - Those of [`VerifyingKey::from_der`] and [`VerifyingKey::from_secret`].
impl TryFrom<(Algorithm, &DecodingKey)> for VerifyingKey {
    type Error = KeyError;

    fn try_from((algorithm, key): (Algorithm, &DecodingKey)) -> Result<Self, KeyError> {
        same_family(algorithm, key.family())?;
        let content = match key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let public = PublicMaterial::Rsa { n: n.clone(), e: e.clone() };
                return VerifyingKey::from_material(algorithm, public);
            }
            DecodingKeyKind::SecretOrDer(content) => content,
        };
        let facts = algorithm.facts();
        match (facts.key_type, facts.curve) {
            (KeyType::Oct, _) => {
                VerifyingKey::from_secret(algorithm, &HmacSecret::from_bytes(content.as_slice())?)
            }
            // "DER" is a bare point there, unless the caller stored the whole structure.
            (KeyType::Ec, Some(curve)) => match der::uncompressed(curve, content) {
                Some(xy) => VerifyingKey::from_material(algorithm, PublicMaterial::Ec { curve, xy }),
                None => VerifyingKey::from_der(algorithm, content),
            },
            (KeyType::Okp, Some(curve)) if content.len() == curve.coordinate_len() => {
                let public = PublicMaterial::Okp { curve, x: content.clone() };
                VerifyingKey::from_material(algorithm, public)
            }
            _ => VerifyingKey::from_der(algorithm, content),
        }
    }
}

/// # Errors
///
/// - [`KeyError::NoEquivalent`]: an algorithm that jsonwebtoken has not.
/// - [`KeyError::NoMaterial`]: an own implementation.
impl TryFrom<&VerifyingKey> for DecodingKey {
    type Error = KeyError;

    fn try_from(key: &VerifyingKey) -> Result<Self, KeyError> {
        let _has_a_word: other::Algorithm = key.algorithm().try_into()?;
        if let Material::Secret(secret) = key.material() {
            return Ok(DecodingKey::from_secret(secret.bytes()));
        }
        match &**key.public()? {
            PublicMaterial::Rsa { n, e } => Ok(DecodingKey::from_rsa_raw_components(n, e)),
            PublicMaterial::Ec { xy, .. } => Ok(DecodingKey::from_ec_der(&[&[4], xy.as_slice()].concat())),
            PublicMaterial::Okp { x, .. } => Ok(DecodingKey::from_ed_der(x)),
            PublicMaterial::Akp { .. } => Err(no_equivalent(key.algorithm().name())),
        }
    }
}

/// # Errors
///
/// - [`KeyError::WrongKeyType`]: the key is for another family of algorithms.
/// - Those of [`SigningKey::from_der`] and [`SigningKey::from_secret`].
impl TryFrom<(Algorithm, &EncodingKey)> for SigningKey {
    type Error = KeyError;

    fn try_from((algorithm, key): (Algorithm, &EncodingKey)) -> Result<Self, KeyError> {
        same_family(algorithm, key.family())?;
        if algorithm.is_symmetric() {
            return SigningKey::from_secret(algorithm, &HmacSecret::from_bytes(key.as_bytes())?);
        }
        SigningKey::from_der(algorithm, key.as_bytes())
    }
}

/// The private bytes are copied into a type that wipes them, and shows them to whoever holds it.
///
/// # Errors
///
/// - [`KeyError::NoEquivalent`]: an algorithm that jsonwebtoken has not.
/// - [`KeyError::NoMaterial`]: an own implementation.
impl TryFrom<&SigningKey> for EncodingKey {
    type Error = KeyError;

    fn try_from(key: &SigningKey) -> Result<Self, KeyError> {
        let algorithm = key.algorithm();
        let _has_a_word: other::Algorithm = algorithm.try_into()?;
        let verifying = key.verifying_key();
        let Some(parts) = key.private_parts() else {
            return match verifying.material() {
                Material::Secret(secret) => Ok(EncodingKey::from_secret(secret.bytes())),
                _ => Err(KeyError::NoMaterial { algorithm }),
            };
        };
        match parts {
            PrivateParts::Rsa(parts) => Ok(EncodingKey::from_rsa_der(&der::write_pkcs1_private(parts))),
            PrivateParts::Ec { .. } => {
                Ok(EncodingKey::from_ec_der(&der::pkcs8(algorithm, parts, verifying.public()?)?))
            }
            PrivateParts::Okp { .. } => {
                Ok(EncodingKey::from_ed_der(&der::pkcs8(algorithm, parts, verifying.public()?)?))
            }
            PrivateParts::Akp { .. } => Err(no_equivalent(algorithm.name())),
        }
    }
}

/// # Errors
///
/// - Those of [`Jwk::from_json`]: that type is laxer.
impl TryFrom<&other::jwk::Jwk> for Jwk {
    type Error = KeyError;

    fn try_from(jwk: &other::jwk::Jwk) -> Result<Self, KeyError> {
        Jwk::from_json(&text(jwk)?)
    }
}

/// # Errors
///
/// - [`KeyError::NoEquivalent`]: an algorithm or type of key that jsonwebtoken has not.
/// - [`KeyError::Symmetric`]: a shared secret is not written.
impl TryFrom<&Jwk> for other::jwk::Jwk {
    type Error = KeyError;

    fn try_from(jwk: &Jwk) -> Result<Self, KeyError> {
        // There, an unknown `alg` becomes a catch-all and an unknown `kty` a bag of members.
        if let Some(algorithm) = jwk.algorithm() {
            let _has_a_word: other::Algorithm = algorithm.try_into()?;
        }
        serde_json::from_str(&jwk.to_json()?).map_err(|_| no_equivalent(jwk.key_type().name()))
    }
}

/// Keys that cannot be read become [`Skipped`](super::Skipped).
///
/// # Errors
///
/// - Those of [`JwkSet::from_json`].
impl TryFrom<&other::jwk::JwkSet> for JwkSet {
    type Error = KeyError;

    fn try_from(set: &other::jwk::JwkSet) -> Result<Self, KeyError> {
        JwkSet::from_json(&text(set)?)
    }
}

/// # Errors
///
/// - As for one key: a set is converted whole or not at all.
impl TryFrom<&JwkSet> for other::jwk::JwkSet {
    type Error = KeyError;

    fn try_from(set: &JwkSet) -> Result<Self, KeyError> {
        let keys: Result<Vec<_>, _> = set.keys().map(TryInto::try_into).collect();
        Ok(other::jwk::JwkSet { keys: keys? })
    }
}

/// The JSON of a JWK type of theirs; it may hold a secret.
fn text(jwk: &impl serde::Serialize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let json =
        serde_json::to_vec(jwk).map_err(|_| KeyError::MalformedJson { problem: "it cannot be written" })?;
    Ok(Zeroizing::new(json))
}

/// Their keys know the family, ours the algorithm.
fn same_family(algorithm: Algorithm, family: AlgorithmFamily) -> Result<(), KeyError> {
    let found = match family {
        AlgorithmFamily::Hmac => KeyType::Oct,
        AlgorithmFamily::Rsa => KeyType::Rsa,
        AlgorithmFamily::Ec => KeyType::Ec,
        AlgorithmFamily::Ed => KeyType::Okp,
    };
    if algorithm.facts().key_type == found {
        Ok(())
    } else {
        Err(KeyError::WrongKeyType { algorithm, found })
    }
}

fn no_equivalent(value: &str) -> KeyError {
    KeyError::NoEquivalent { value: value.to_owned(), library: LIBRARY }
}

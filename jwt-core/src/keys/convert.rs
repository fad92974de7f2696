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

use super::material::{PrivateParts, PublicMaterial, trimmed};
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
                // Kept there as the caller gave them: with the zero that DER has before a high bit, say.
                let public = PublicMaterial::Rsa { n: trimmed(n).to_vec(), e: trimmed(e).to_vec() };
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

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use super::*;
    use crate::base64url;
    use crate::keys::fixtures::{self as f, signable, signature, signed, signing, verifying};

    /// The algorithms that both libraries have.
    fn shared() -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.into_iter().filter(|a| other::Algorithm::try_from(*a).is_ok())
    }

    #[test]
    fn algorithms_that_both_have_come_back() {
        assert_eq!(shared().count(), 12);
        for algorithm in shared() {
            let theirs = other::Algorithm::try_from(algorithm).unwrap();
            assert_eq!(format!("{theirs:?}"), algorithm.name());
            assert_eq!(Algorithm::try_from(theirs), Ok(algorithm));
        }
    }

    #[test]
    fn algorithms_that_they_lack_are_named() {
        use Algorithm::{ES512, Ed25519, MlDsa44, MlDsa65, MlDsa87};
        for algorithm in [ES512, Ed25519, MlDsa44, MlDsa65, MlDsa87] {
            let error =
                KeyError::NoEquivalent { value: algorithm.name().to_owned(), library: "jsonwebtoken" };
            assert_eq!(other::Algorithm::try_from(algorithm).unwrap_err(), error);
            let key = signing(algorithm);
            assert_eq!(DecodingKey::try_from(&key.verifying_key()).map(|_| ()).unwrap_err(), error);
            assert_eq!(EncodingKey::try_from(&key).map(|_| ()).unwrap_err(), error);
            assert_eq!(other::jwk::Jwk::try_from(&key.to_jwk().unwrap()).unwrap_err(), error);
        }
    }

    #[test]
    fn keys_go_there_and_back() {
        for algorithm in shared() {
            let (key, made) = signed(algorithm);
            let theirs = DecodingKey::try_from(&key).unwrap();
            let back = VerifyingKey::try_from((algorithm, &theirs)).unwrap();
            assert!(back.verify(b"message", &made), "{algorithm}");
            assert_eq!(back.key_id(), None);
        }
        for algorithm in signable().filter(|a| other::Algorithm::try_from(*a).is_ok()) {
            let key = signing(algorithm);
            let theirs = EncodingKey::try_from(&key).unwrap();
            let back = SigningKey::try_from((algorithm, &theirs)).unwrap();
            assert!(key.verifying_key().verify(b"m", &signature(&back, b"m")), "{algorithm}");
        }
    }

    #[test]
    fn every_form_their_keys_hold_is_read() {
        let p256 = f::der(f::P256_PUBLIC);
        let ed = f::der(f::ED25519_PUBLIC);
        let rsa = verifying(Algorithm::RS256);
        let public = rsa.public().expect("a verifying key of RS256 is no secret");
        let PublicMaterial::Rsa { n, e } = &**public else { panic!("RS256 has RSA keys alone") };
        let zero_before = |number: &[u8]| [&[0], number].concat();
        for (algorithm, theirs) in [
            (Algorithm::RS256, DecodingKey::from_rsa_raw_components(n, e)),
            (Algorithm::RS256, DecodingKey::from_rsa_raw_components(&zero_before(n), &zero_before(e))),
            (Algorithm::RS256, DecodingKey::from_rsa_der(&f::der(f::RSA_PKCS1_PUBLIC))),
            (Algorithm::PS256, DecodingKey::from_rsa_der(&f::der(f::RSA_PUBLIC))),
            (Algorithm::ES256, DecodingKey::from_ec_der(&p256)),
            (Algorithm::ES256, DecodingKey::from_ec_der(&p256[p256.len() - 65..])),
            // It forgets the curve: what it takes for a key on P-256 may be one on P-521.
            (Algorithm::ES512, DecodingKey::from_ec_der(&f::der(f::P521_PUBLIC))),
            (Algorithm::EdDSA, DecodingKey::from_ed_der(&ed)),
            (Algorithm::Ed25519, DecodingKey::from_ed_der(&ed[ed.len() - 32..])),
        ] {
            let key = VerifyingKey::try_from((algorithm, &theirs)).unwrap();
            assert!(key.verify(b"message", &signed(algorithm).1), "{algorithm}");
        }
        for (algorithm, theirs) in [
            (Algorithm::RS256, EncodingKey::from_rsa_der(&f::der(f::RSA_PKCS1))),
            (Algorithm::RS256, EncodingKey::from_rsa_der(&f::der(f::RSA_PKCS8))),
            (Algorithm::ES384, EncodingKey::from_ec_der(&f::der(f::P384_PKCS8))),
            (Algorithm::EdDSA, EncodingKey::from_ed_der(&f::der(f::ED25519_PKCS8))),
        ] {
            let signs = signable().any(|a| a == algorithm);
            assert_eq!(SigningKey::try_from((algorithm, &theirs)).is_ok(), signs, "{algorithm}");
        }
    }

    #[test]
    fn our_rules_hold_for_their_keys() {
        let code = |algorithm, key: &DecodingKey| {
            VerifyingKey::try_from((algorithm, key)).map(|_| ()).unwrap_err().code()
        };
        let short = DecodingKey::from_secret(b"secret");
        assert_eq!(code(Algorithm::HS256, &short), "secret_too_short");
        // RSA text as a shared secret: the confusion of CVE-2015-9235.
        let pem = DecodingKey::from_secret(f::RSA_PUBLIC.as_bytes());
        assert_eq!(code(Algorithm::HS256, &pem), "secret_is_key");
        assert_eq!(code(Algorithm::RS256, &pem), "wrong_key_type");
        let weak = DecodingKey::from_rsa_raw_components(&[0xc5; 128], &[1, 0, 1]);
        assert_eq!(code(Algorithm::RS256, &weak), "rsa_size");
        let rsa = DecodingKey::from_rsa_der(&f::der(f::RSA_PUBLIC));
        assert_eq!(code(Algorithm::ES256, &rsa), "wrong_key_type");
        let p384 = DecodingKey::from_ec_der(&f::der(f::P384_PUBLIC));
        assert_eq!(code(Algorithm::ES256, &p384), "wrong_curve");
        let theirs = EncodingKey::from_ec_der(&f::der(f::P384_PKCS8));
        let error = SigningKey::try_from((Algorithm::ES256, &theirs)).unwrap_err();
        assert_eq!(error.code(), "wrong_curve");
    }

    #[test]
    fn own_implementations_do_not_go_there() {
        struct Own;
        impl crate::keys::Verify for Own {
            fn verify(&self, _: &[u8], _: &[u8]) -> bool {
                true
            }
        }
        impl crate::keys::Sign for Own {
            fn sign(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), crate::keys::SignError> {
                Ok(())
            }
        }
        let key = VerifyingKey::custom(Algorithm::ES256, Own);
        assert_eq!(DecodingKey::try_from(&key).map(|_| ()).unwrap_err().code(), "no_material");
        let key = SigningKey::custom(key, Own);
        assert_eq!(EncodingKey::try_from(&key).map(|_| ()).unwrap_err().code(), "no_material");
    }

    #[test]
    fn jwks_go_there_and_back() {
        for algorithm in shared().filter(|a| !a.is_symmetric()) {
            let ours = verifying(algorithm).to_jwk().unwrap();
            let theirs = other::jwk::Jwk::try_from(&ours).unwrap();
            assert_eq!(theirs.common.key_id.as_deref(), ours.key_id().map(AsRef::as_ref));
            let back = Jwk::try_from(&theirs).unwrap();
            assert_eq!(back.to_json(), ours.to_json(), "{algorithm}");
        }
        let set: JwkSet = [Algorithm::ES256, Algorithm::RS256]
            .map(|a| verifying(a).to_jwk().unwrap())
            .into_iter()
            .collect();
        let theirs = other::jwk::JwkSet::try_from(&set).unwrap();
        assert_eq!(theirs.keys.len(), 2);
        assert_eq!(JwkSet::try_from(&theirs).unwrap().to_json(), set.to_json());
    }

    #[test]
    fn a_secret_comes_from_their_jwk_and_does_not_go_back() {
        let json = format!(r#"{{"kty":"oct","alg":"HS256","k":"{}"}}"#, f::SECRET);
        let theirs: other::jwk::Jwk = serde_json::from_str(&json).unwrap();
        let ours = Jwk::try_from(&theirs).unwrap();
        assert!(VerifyingKey::from_jwk(&ours).is_ok());
        assert_eq!(other::jwk::Jwk::try_from(&ours).unwrap_err().code(), "symmetric");
    }

    #[test]
    fn what_their_jwk_lets_pass_is_refused() {
        let x = base64url::encode(&[7; 31]);
        for (json, code) in [
            (format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#), "member_length"),
            (r#"{"kty":"X","a":1}"#.to_owned(), "unknown_key_type"),
            (
                format!(r#"{{"kty":"EC","crv":"P-256","alg":"ES512","x":"{x}","y":"{x}"}}"#),
                "unknown_algorithm",
            ),
        ] {
            let theirs: other::jwk::Jwk = serde_json::from_str(&json).unwrap();
            assert_eq!(Jwk::try_from(&theirs).unwrap_err().code(), code, "{json}");
        }
    }
}

//! From JSON members to a key.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Content, Jwk, checked_key_id};
use crate::base64url;
use crate::keys::json::{Json, Members};
use crate::keys::material::{Private, PrivateParts, PublicMaterial, RsaParts};
use crate::keys::{HmacSecret, KeyError, der};
use crate::{Algorithm, Curve, KeyType};

/// The private members of every type of key.
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
/// Those of an RSA key (RFC 7518 §6.3.2).
const PRIVATE_RSA: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// The longest `key_ops`.
const MAX_OPERATIONS: usize = 16;

impl Jwk {
    pub(crate) fn from_members(members: &Members<'_>) -> Result<Self, KeyError> {
        members.unique()?;
        let key_id = key_id(members)?;
        let purpose = purpose(members)?;
        let elsewhere = other_use(&purpose);
        // An `alg` for encryption, say, is one that this library does not know. That is no news of such a key.
        Self::of_purpose(members, key_id, purpose).map_err(|error| match error {
            KeyError::UnknownKeyType { .. }
            | KeyError::UnknownAlgorithm { .. }
            | KeyError::UnknownCurve { .. } => elsewhere.unwrap_or(error),
            _ => error,
        })
    }

    fn of_purpose(
        members: &Members<'_>,
        key_id: Option<Arc<str>>,
        (usage, operations): Purpose,
    ) -> Result<Self, KeyError> {
        if members.value("kty").is_none() && members.value("keys").is_some() {
            return Err(KeyError::JwkSet);
        }
        let kty = required(members, "kty")?;
        let key_type = Algorithm::ALL
            .iter()
            .map(|algorithm| algorithm.facts().key_type)
            .find(|known| known.name() == kty)
            .ok_or_else(|| KeyError::UnknownKeyType { key_type: kty.to_owned() })?;
        let algorithm = optional(members, "alg")?
            .map(|name| {
                let unknown = || KeyError::UnknownAlgorithm { algorithm: name.to_owned() };
                Algorithm::from_name(name.as_bytes()).ok_or_else(unknown)
            })
            .transpose()?;
        let private_members = key_type == KeyType::Oct || any_of(members, &PRIVATE);
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
            // Eight are registered; the bound keeps the search for repetitions short.
            if items.len() > MAX_OPERATIONS {
                return Err(KeyError::KeyOperations { problem: "lists more operations than there are" });
            }
            let mut operations = Vec::with_capacity(items.len());
            for item in items {
                let Json::Text(operation) = item else {
                    return Err(KeyError::MalformedMember { member: "key_ops" });
                };
                if operations.iter().any(|known| known == operation.as_str()) {
                    return Err(KeyError::KeyOperations { problem: "repeats an operation" });
                }
                operations.push(operation.as_str().to_owned());
            }
            Some(operations)
        }
        Some(_) => return Err(KeyError::MalformedMember { member: "key_ops" }),
    };
    if let (Some(usage), Some(operations)) = (usage, &operations) {
        let consistent = match usage {
            "sig" => operations.iter().all(is_of_signatures),
            "enc" => !operations.iter().any(is_of_signatures),
            _ => true,
        };
        if !consistent {
            return Err(KeyError::KeyOperations { problem: "contradicts `use`" });
        }
    }
    Ok((usage.map(Arc::from), operations.map(Arc::from)))
}

/// Why it is no key for signatures, neither to make nor to verify them.
fn other_use((usage, operations): &Purpose) -> Option<KeyError> {
    if let Some(usage) = usage.as_deref().filter(|usage| *usage != "sig") {
        return Some(KeyError::KeyUse { usage: usage.to_owned() });
    }
    let operations = operations.as_deref()?;
    let elsewhere = !operations.iter().any(is_of_signatures);
    elsewhere.then_some(KeyError::KeyOperations { problem: "lists neither `sign` nor `verify`" })
}

fn is_of_signatures(operation: &String) -> bool {
    operation == "sign" || operation == "verify"
}

fn rsa(members: &Members<'_>) -> Result<Content, KeyError> {
    let (n, e) = (number(members, "n")?, number(members, "e")?);
    let public = Arc::new(PublicMaterial::Rsa { n: n.clone(), e: e.clone() });
    if !any_of(members, &PRIVATE_RSA) {
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
    let seed = sized(members, "priv", der::SEED_LEN)?;
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

fn any_of(members: &Members<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| members.value(name).is_some())
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
    base64url::decode_private(required(members, member)?).ok_or(KeyError::MalformedMember { member })
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

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn code(json: &str) -> &'static str {
        Jwk::from_json(json.as_bytes()).unwrap_err().code()
    }

    /// An Ed25519 key with more members.
    fn okp(more: &str) -> String {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"{more}}}"#)
    }

    #[test]
    fn what_is_no_key_but_something_else_is_named() {
        let set = format!(r#"{{"keys":[{}]}}"#, okp(""));
        assert_eq!(code(&set), "jwk_set");
        // A key may have a member of that name.
        assert!(Jwk::from_json(okp(r#","keys":[]"#).as_bytes()).is_ok());
        let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        for error in
            [Jwk::from_json(pem.as_bytes()).err(), crate::KeySet::from_jwks_json(pem.as_bytes()).err()]
        {
            let words = error.map(|error| error.to_string());
            assert_eq!(words.as_deref(), Some("malformed JSON: it is PEM: `from_pem` of a key reads that"));
        }
    }

    #[test]
    fn a_key_of_every_type_is_read() {
        let n = base64url::encode(&[0xc5; 256]);
        let ml_dsa = base64url::encode(&[7; 1312]);
        for (json, kty, crv) in [
            (okp(""), KeyType::Okp, Some(Curve::Ed25519)),
            (
                // RFC 7515 A.3.1.
                r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#.to_owned(),
                KeyType::Ec,
                Some(Curve::P256),
            ),
            (format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#), KeyType::Rsa, None),
            (format!(r#"{{"kty":"AKP","alg":"ML-DSA-44","pub":"{ml_dsa}"}}"#), KeyType::Akp, None),
        ] {
            let jwk = Jwk::from_json(json.as_bytes()).unwrap();
            assert_eq!((jwk.key_type(), jwk.curve(), jwk.is_private()), (kty, crv, false), "{json}");
        }
        let oct = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
        assert!(Jwk::from_json(oct.as_bytes()).unwrap().is_private());
    }

    #[test]
    fn names_are_read() {
        let jwk = Jwk::from_json(
            okp(r#","kid":"a","use":"sig","key_ops":["verify"],"alg":"EdDSA","x5t":"?","ext":true"#)
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(jwk.key_id().map(AsRef::as_ref), Some("a"));
        assert_eq!(jwk.public_key_use(), Some("sig"));
        assert_eq!(jwk.key_operations().unwrap(), ["verify"]);
        assert_eq!(jwk.algorithm(), Some(Algorithm::EdDSA));
    }

    #[test]
    fn faults_of_any_key_are_refused() {
        for (more, expected) in [
            (r#","kid":1"#, "malformed_member"),
            (r#","kid":null"#, "malformed_member"),
            (r#","alg":"none""#, "unknown_algorithm"),
            (r#","alg":"eddsa""#, "unknown_algorithm"),
            (r#","alg":"RSA-OAEP""#, "unknown_algorithm"),
            (r#","alg":"ES256""#, "wrong_key_type"),
            (r#","alg":["EdDSA"]"#, "malformed_member"),
            (r#","use":true"#, "malformed_member"),
            (r#","key_ops":"verify""#, "malformed_member"),
            (r#","key_ops":[1]"#, "malformed_member"),
            (r#","key_ops":["verify","verify"]"#, "key_operations"),
            (
                r#","key_ops":["1","2","3","4","5","6","7","8","9","a","b","c","d","e","f","g","h"]"#,
                "key_operations",
            ),
            (r#","use":"sig","key_ops":["verify","encrypt"]"#, "key_operations"),
            (r#","use":"enc","key_ops":["verify"]"#, "key_operations"),
            // What it is for is judged before names that are unknown, and only before those.
            (r#","use":"enc","alg":"RSA-OAEP""#, "key_use"),
            (r#","key_ops":["encrypt"],"alg":"RSA-OAEP""#, "key_operations"),
            (r#","key_ops":["sign","encrypt"],"alg":"RSA-OAEP""#, "unknown_algorithm"),
            (r#","use":"sig","alg":"RSA-OAEP""#, "unknown_algorithm"),
            (r#","use":"enc","alg":"ES256""#, "wrong_key_type"),
            (r#","kty":"OKP""#, "duplicate_member"),
            (r#","\u0078":"AA""#, "duplicate_member"),
            (r#","ext":{"a":1,"a":2}"#, "duplicate_member"),
        ] {
            assert_eq!(code(&okp(more)), expected, "{more}");
        }
        assert_eq!(code(&okp(&format!(r#","kid":"{}""#, "k".repeat(257)))), "key_id_too_long");
        assert!(Jwk::from_json(okp(&format!(r#","kid":"{}""#, "k".repeat(256))).as_bytes()).is_ok());
        assert_eq!(code(r#"{"crv":"Ed25519","x":"AA"}"#), "missing_member");
        assert_eq!(code(r#"{"kty":"okp"}"#), "unknown_key_type");
        assert_eq!(code(r#"{"kty":"okp","use":"enc"}"#), "key_use");
        assert_eq!(code(r#"{"kty":"OKP","crv":"X25519","x":"AA","use":"enc"}"#), "key_use");
        assert_eq!(code("[]"), "malformed_json");
    }

    #[test]
    fn coordinates_have_their_full_length_in_canonical_text() {
        for (crv, x, y, expected) in [
            ("P-256", 32, 31, "member_length"),
            ("P-256", 33, 32, "member_length"),
            ("P-384", 32, 32, "member_length"),
            ("P-521", 65, 66, "member_length"),
            ("P-521", 64, 64, "member_length"),
            ("secp256k1", 32, 32, "unknown_curve"),
            ("Ed25519", 32, 32, "unknown_curve"),
            ("p-256", 32, 32, "unknown_curve"),
        ] {
            let (x, y) = (base64url::encode(&vec![1; x]), base64url::encode(&vec![1; y]));
            let json = format!(r#"{{"kty":"EC","crv":"{crv}","x":"{x}","y":"{y}"}}"#);
            assert_eq!(code(&json), expected, "{json}");
        }
        let with_x = |x: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
        assert_eq!(code(&with_x("AA")), "member_length");
        for bad in [&format!("{X}="), &X.replace('_', "/"), &format!(" {X}"), &X.replace("Ro", "Rp"), ""] {
            let found = code(&with_x(bad));
            assert!(
                found == "malformed_member" || bad.is_empty() && found == "member_length",
                "{bad}: {found}"
            );
        }
        assert_eq!(code(r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#), "unknown_curve");
        assert_eq!(code(r#"{"kty":"EC","crv":"P-256","x":"AA"}"#), "member_length");
    }

    #[test]
    fn rsa_numbers_have_no_leading_zero() {
        let n = |bytes: &[u8]| format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, base64url::encode(bytes));
        assert_eq!(code(&n(&[&[0], &[0xc5; 256][..]].concat())), "malformed_member");
        assert_eq!(code(&n(&[])), "malformed_member");
        assert_eq!(code(r#"{"kty":"RSA","n":"xQ","e":"AAEAAQ"}"#), "malformed_member");
        assert_eq!(code(r#"{"kty":"RSA","n":"xQ"}"#), "missing_member");
    }

    #[test]
    fn private_rsa_members_come_all_together() {
        assert_eq!(code(r#"{"kty":"RSA","n":"xQ","e":"AQAB","d":"AQ"}"#), "missing_member");
        assert_eq!(code(r#"{"kty":"RSA","n":"xQ","e":"AQAB","p":"AQ"}"#), "missing_member");
        assert_eq!(code(r#"{"kty":"RSA","n":"xQ","e":"AQAB","oth":[]}"#), "malformed_member");
    }

    #[test]
    fn an_akp_key_names_its_algorithm() {
        let key = base64url::encode(&[7; 1312]);
        assert_eq!(code(&format!(r#"{{"kty":"AKP","pub":"{key}"}}"#)), "missing_member");
        assert_eq!(code(&format!(r#"{{"kty":"AKP","alg":"ES256","pub":"{key}"}}"#)), "wrong_key_type");
        assert_eq!(code(&format!(r#"{{"kty":"AKP","alg":"ML-DSA-65","pub":"{key}"}}"#)), "member_length");
        let short = format!(r#"{{"kty":"AKP","alg":"ML-DSA-44","pub":"{key}","priv":"AA"}}"#);
        assert_eq!(code(&short), "member_length");
    }

    #[test]
    fn secrets_are_checked_like_any_other() {
        let oct = |bytes: &[u8]| format!(r#"{{"kty":"oct","k":"{}"}}"#, base64url::encode(bytes));
        assert_eq!(code(&oct(&[])), "secret_repeats_one_byte");
        assert_eq!(code(&oct(&[7; 64])), "secret_repeats_one_byte");
        assert_eq!(code(&oct(b"-----BEGIN PUBLIC KEY-----")), "secret_is_key");
        assert_eq!(code(r#"{"kty":"oct"}"#), "missing_member");
        let short = r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umjw"}"#;
        assert_eq!(code(short), "secret_too_short");
    }
}

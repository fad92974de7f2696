//! JWK thumbprints: the hash of a key's required members (RFC 7638 §3).

use super::material::PublicMaterial;
use super::{KeyError, backend};
use crate::Hash;
use crate::base64url;

/// The SHA-256 thumbprint in base64url.
pub(crate) fn thumbprint(key: &PublicMaterial) -> Result<String, KeyError> {
    Ok(base64url::encode(&backend::digest(Hash::Sha256, canonical(key).as_bytes())?))
}

/// The required members in the order of their names, without white space. Every value is base64url or
/// a name from a table, so nothing has to be escaped.
fn canonical(key: &PublicMaterial) -> String {
    let kty = key.key_type().name();
    match key {
        PublicMaterial::Rsa { n, e } => {
            let (n, e) = (base64url::encode(n), base64url::encode(e));
            format!(r#"{{"e":"{e}","kty":"{kty}","n":"{n}"}}"#)
        }
        PublicMaterial::Ec { curve, xy } => {
            let (x, y) = xy.split_at_checked(curve.coordinate_len()).unwrap_or_default();
            let (crv, x, y) = (curve.name(), base64url::encode(x), base64url::encode(y));
            format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#)
        }
        // RFC 8037 §2.
        PublicMaterial::Okp { curve, x } => {
            let (crv, x) = (curve.name(), base64url::encode(x));
            format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}"}}"#)
        }
        // draft-ietf-cose-dilithium, "AKP Thumbprint".
        PublicMaterial::Akp { algorithm, key } => {
            let (alg, key) = (algorithm.name(), base64url::encode(key));
            format!(r#"{{"alg":"{alg}","kty":"{kty}","pub":"{key}"}}"#)
        }
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use crate::keys::Jwk;
    use crate::keys::fixtures::{jwk, verifying};
    use crate::{Algorithm, KeyType};

    /// RFC 7638 §3.1.
    const RSA: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    /// RFC 8037 A.2.
    const OKP: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    #[test]
    fn the_example_of_rfc_7638_has_its_thumbprint() {
        let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(jwk(RSA).thumbprint().as_deref(), Ok(expected));
    }

    #[test]
    fn the_example_of_rfc_8037_has_its_thumbprint() {
        let expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(jwk(OKP).thumbprint().as_deref(), Ok(expected));
    }

    #[test]
    fn required_members_stand_in_the_order_of_their_names() {
        for algorithm in Algorithm::ALL.into_iter().filter(|a| a.facts().key_type != KeyType::Oct) {
            let key = verifying(algorithm);
            let text = super::canonical(key.public().unwrap());
            let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
            // This map is sorted, and no white space is written.
            assert_eq!(serde_json::to_string(&members).unwrap(), text, "{algorithm}");
            let whole: serde_json::Value =
                serde_json::from_str(&key.to_jwk().unwrap().to_json().unwrap()).unwrap();
            assert!(members.iter().all(|(name, value)| whole.get(name) == Some(value)), "{algorithm}");
        }
    }

    #[test]
    fn names_and_uses_do_not_change_it() {
        let bare = Jwk::from_json(OKP.as_bytes()).unwrap();
        let named = OKP.replace("\"x\"", r#""kid":"a","use":"sig","alg":"EdDSA","x""#);
        assert_eq!(jwk(&named).thumbprint(), bare.thumbprint());
    }
}

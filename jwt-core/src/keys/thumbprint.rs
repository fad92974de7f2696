//! JWK thumbprints: the hash of a key's required members (RFC 7638 §3).

use super::material::PublicMaterial;
use super::{KeyError, backend, base64url};
use crate::Hash;

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

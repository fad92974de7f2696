//! The shared secret of the files, with which a token is a function of its text.

use jwt_core::{Algorithm, HmacSecret, SigningKey};
use serde_json::{Value, json};

use super::b64;

/// Nothing but these vectors uses it.
const SECRET: &str = "ZgxHJvQ8aMMEgnbBzy7rRIP8eC-nt36tOMfFJ6_a9Xc";

pub(super) fn keys() -> [Value; 1] {
    [json!({ "kty": "oct", "alg": "HS256", "k": SECRET })]
}

/// The usual header before this payload.
pub(super) fn token(payload: impl AsRef<[u8]>) -> String {
    sign(r#"{"alg":"HS256"}"#, payload)
}

pub(super) fn sign(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    sign_text(&format!("{}.{}", b64(header), b64(payload)))
}

/// The tag behind a text as it stands.
pub(super) fn sign_text(input: &str) -> String {
    let key =
        SigningKey::from_secret(Algorithm::HS256, &HmacSecret::from_base64url(SECRET).unwrap()).unwrap();
    let mut tag = Vec::new();
    key.sign(input.as_bytes(), &mut tag).unwrap();
    format!("{input}.{}", b64(tag))
}

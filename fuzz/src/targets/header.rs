//! A header of any bytes on a token that is good otherwise: accepted exactly where a second reading of the
//! rules says so, and by its text once it is known as by its members before.

use jwt_core::Limits;

use crate::fixture::{AUDIENCE, HMAC, ISSUER, hmac_keys, sign, verifier};
use crate::json::{self, Json, Reading};

pub(super) fn run(input: &[u8]) {
    let payload = format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":4102444800}}"#);
    let token = sign(&HMAC, input, payload.as_bytes());
    let verifier = verifier(hmac_keys());
    let first = verifier.verify(&token).map(|_| ());
    let accepted = first.is_ok();
    assert_eq!(first.clone().err(), verifier.verify(&token).err(), "the second time says otherwise");
    assert_eq!(verifier.explain(&token).findings().is_empty(), accepted, "explain says otherwise: {first:?}");
    match json::read(input) {
        Reading::Value(header) => {
            let good = is_good(&header) && input.len() <= Limits::default().header_bytes() && fits(&token);
            assert_eq!(accepted, good, "{first:?}");
        }
        Reading::HugeNumber => {}
        Reading::Refused => assert!(!accepted, "serde_json refuses it"),
    }
}

fn fits(token: &str) -> bool {
    token.len() <= Limits::default().token_bytes()
}

/// The rules of a header, in the words of the documentation.
fn is_good(header: &Json) -> bool {
    const NODES: usize = 128;
    let Json::Object(members) = header else { return false };
    let well_formed = ["alg", "kid", "typ", "cty"]
        .iter()
        .all(|name| header.member(name).is_none_or(|it| it.text().is_some()));
    let text = |name| header.member(name).and_then(Json::text);
    let forbidden = ["crit", "b64", "jwk", "zip", "enc", "epk", "p2c"];
    header.depth() <= Limits::HEADER_DEPTH
        && header.nodes() <= NODES
        && well_formed
        && text("alg") == Some("HS256")
        && !members.iter().any(|(name, _)| forbidden.contains(&name.as_str()))
        && text("kid").is_none_or(|kid| kid.len() <= 256)
        && text("typ").is_none_or(|typ| ["jwt", "at+jwt"].contains(&short(typ).as_str()))
        && text("cty").is_none_or(|cty| short(cty) != "jwt")
}

/// RFC 7515 §4.1.9.
fn short(media_type: &str) -> String {
    let lower = media_type.to_ascii_lowercase();
    match lower.strip_prefix("application/") {
        Some(rest) if !rest.contains('/') => rest.to_owned(),
        _ => lower,
    }
}

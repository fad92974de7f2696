//! Header and payload of any bytes, signed: what we accept, jsonwebtoken accepts, `nbf` being required of it
//! where it is there. Where it does not, it is for one of the reasons of [`is_stricter_there`].
//!
//! The input is the header, a line with a dot, the payload. Both are given the key of the algorithm that the
//! header names, if it is one of those that are compared; else that of HS256.

use jwt_core::SystemClock;

use crate::fixture::{COMPARED, Compared, sign, verifier};
use crate::json::{self, Json, Reading};
use crate::oracle;

pub(super) fn run(input: &[u8]) {
    const BETWEEN: &[u8] = b"\n.\n";
    let (header, payload) = match input.windows(BETWEEN.len()).position(|part| part == BETWEEN) {
        Some(at) => (&input[..at], &input[at + BETWEEN.len()..]),
        None => (br#"{"alg":"HS256"}"#.as_slice(), input),
    };
    let key = named(header).unwrap_or(&COMPARED[0]);
    let token = sign(&key.signing, header, payload);
    // The oracle reads the system's clock, and so must we.
    let Ok(ours) = verifier(key.keys()).with_clock(SystemClock).verify(&token) else { return };
    let theirs = match ours.not_before() {
        Some(_) => oracle::accepts_with_nbf(key.algorithm(), &token),
        None => oracle::accepts(key.algorithm(), &token),
    };
    if let Err(error) = theirs {
        assert!(is_stricter_there(header), "we accept what jsonwebtoken refuses: {error}");
    }
}

/// The key of the algorithm that the header names.
fn named(header: &[u8]) -> Option<&'static Compared> {
    let Reading::Value(header) = json::read(header) else { return None };
    let name = header.member("alg").and_then(Json::text)?;
    COMPARED.iter().find(|key| key.algorithm().name() == name)
}

/// It reads members of the header that never matter here (RFC 7515 §4: what is not understood is ignored),
/// and wants their values to be of the right type.
fn is_stricter_there(header: &[u8]) -> bool {
    let Reading::Value(header) = json::read(header) else { return true };
    let is_text = |value: &Json| value.text().is_some() || *value == Json::Null;
    let is_texts = |value: &Json| match value {
        Json::Array(all) => all.iter().all(|one| one.text().is_some()),
        other => *other == Json::Null,
    };
    ["jku", "x5u", "x5t", "x5t#S256", "nonce", "url"]
        .iter()
        .any(|name| header.member(name).is_some_and(|it| !is_text(it)))
        || header.member("x5c").is_some_and(|it| !is_texts(it))
}

//! Any text as a token. Whatever is accepted is, to the byte, one of the tokens that were signed.

use std::sync::LazyLock;

use jwt_core::{KeySet, Verifier, jws};
use serde_json::Value;

use crate::fixture::{hmac_keys, public_keys, verifier};

/// Signed once and committed, for ES256 is not the same twice.
const GOOD: [&str; 4] = [
    include_str!("../../seeds/token/hs256"),
    include_str!("../../seeds/token/es256"),
    include_str!("../../seeds/token/eddsa"),
    include_str!("../../seeds/token/hs256-many-claims"),
];

/// Signed as well, and over.
const EXPIRED: &str = include_str!("../../seeds/token/hs256-expired");

struct Keys {
    set: KeySet,
    verifier: Verifier,
}

/// HMAC by itself: it never shares a set with public keys.
static KEYS: LazyLock<[Keys; 2]> = LazyLock::new(|| {
    let keys = [hmac_keys(), public_keys()].map(|set| Keys { verifier: verifier(set.clone()), set });
    for good in GOOD {
        assert_eq!(keys.iter().filter(|keys| keys.verifier.verify(good).is_ok()).count(), 1, "{good}");
    }
    keys
});

pub(super) fn run(input: &[u8]) {
    let Ok(token) = str::from_utf8(input) else { return };
    for Keys { set, verifier } in &*KEYS {
        let result = verifier.verify(token);
        let explained = verifier.explain(token);
        assert_eq!(explained.findings().is_empty(), result.is_ok(), "explain says otherwise: {result:?}");
        let claims = verifier.verify_into::<Value>(token);
        assert_eq!(claims.as_ref().err(), result.as_ref().err());
        let jws = jws::verify(token, set);
        match &result {
            Ok(verified) => {
                assert!(GOOD.contains(&token), "a token that nobody signed");
                let jws = jws.expect("a token is a JWS");
                assert_eq!(jws.payload(), verified.payload());
            }
            Err(_) => assert!(jws.is_err() || token == EXPIRED, "a JWS that nobody signed"),
        }
    }
}

//! A JWK set of any bytes: what is accepted can be written and is accepted again, with the same keys.

use jwt_core::keys::{Jwk, JwkSet, Source};
use jwt_core::{Algorithm, KeySet, Reason, SigningKey, VerifyingKey};

use super::key;
use crate::json;

pub(super) fn run(input: &[u8]) {
    if let Ok(key) = Jwk::from_json(input) {
        assert!(json::is_json(input), "serde_json refuses it");
        again(&key);
        imported(&key);
    }
    let Ok(set) = JwkSet::from_json(input) else {
        return assert!(KeySet::from_jwks_json(input).is_err());
    };
    assert!(json::is_json(input), "serde_json refuses it");
    assert!(set.keys().count() + set.skipped().len() <= 100);
    set.keys().for_each(again);
    if let Ok(written) = set.to_json() {
        let read = JwkSet::from_json(written.as_bytes()).expect("what was written");
        assert!(read.skipped().is_empty());
        assert!(read.keys().map(thumbprint).eq(set.keys().map(thumbprint)));
        assert!(!read.keys().any(Jwk::is_private), "a private member was written");
    }
    for source in [Source::Static, Source::Remote] {
        if let Ok(keys) = KeySet::from_jwk_set(&set, source) {
            of_keys(&keys, source);
        }
    }
}

/// One key, written and read.
fn again(key: &Jwk) {
    match key.to_json() {
        Ok(written) => {
            let read = Jwk::from_json(written.as_bytes()).expect("what was written");
            assert_eq!(thumbprint(&read), thumbprint(key));
            assert_eq!(
                (read.key_id(), read.algorithm(), read.curve()),
                (key.key_id(), key.algorithm(), key.curve())
            );
            assert!(!read.is_private());
        }
        Err(error) => assert_eq!(error.code(), "symmetric", "{error}"),
    }
}

/// One key, bound to its algorithm, or to each that it may be for where it names none.
fn imported(jwk: &Jwk) {
    let named = jwk.algorithm();
    for algorithm in key::ALGORITHMS.into_iter().filter(|_| named.is_none()).chain(named) {
        if algorithm.is_symmetric() {
            continue;
        }
        if let Ok(key) = VerifyingKey::from_jwk_with(algorithm, jwk) {
            assert_eq!(VerifyingKey::from_jwk(jwk).is_ok(), named.is_some());
            key::public(&key);
        }
        if let Ok(key) = SigningKey::from_jwk_with(algorithm, jwk) {
            assert!(jwk.is_private(), "a public key signs");
            assert_eq!(SigningKey::from_jwk(jwk).is_ok(), named.is_some());
            key::private(&key);
        }
    }
    let other = if named == Some(Algorithm::ES256) { Algorithm::EdDSA } else { Algorithm::ES256 };
    if named.is_some() {
        assert!(VerifyingKey::from_jwk_with(other, jwk).is_err(), "a key for two algorithms");
        assert!(SigningKey::from_jwk_with(other, jwk).is_err(), "a key for two algorithms");
    }
}

fn thumbprint(key: &Jwk) -> Option<String> {
    key.thumbprint().ok()
}

fn of_keys(keys: &KeySet, source: Source) {
    assert!(!keys.is_empty() && !keys.algorithms().is_empty());
    assert!(source == Source::Static || !keys.is_symmetric(), "a published secret");
    for key in keys.iter() {
        assert!(!key.verify(b"message", b""), "a signature of nothing");
        if let Some(key_id) = key.key_id() {
            let found = keys.select(key.algorithm(), Some(key_id)).map(|key| key.key_id());
            assert_eq!(found, Ok(Some(key_id)), "a key is not found by its name");
        }
    }
    let unknown = keys.select(keys.algorithms()[0], Some("a name that none of them has"));
    assert!(
        unknown.is_ok_and(|key| key.key_id().is_none() && source == Source::Static)
            || unknown.is_err_and(|reason| [Reason::UnknownKey, Reason::AmbiguousKey].contains(&reason))
    );
}

//! Attacks on what is signed: keys that verifiers do not know yet, or know no longer, and numbers that tell a key.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::{Algorithm, Family, KeySet, SigningKey, Verifier, jws};
use tests::backend;

use super::covers;
use super::house::{House, ORIGIN, Plan, Tokens, wait};
use crate::routes::world::FRAMEWORKS;

covers! {
    a_key_that_verifiers_do_not_know [86];
    an_ecdsa_number_that_comes_twice [87];
    an_rsa_key_whose_signing_takes_telling_time [88];
}

/// Ten hours of a verifier elsewhere that keeps the set of keys for as long as it may, and of tokens that live for ten
/// minutes.
#[test]
fn a_key_that_verifiers_do_not_know() {
    for framework in FRAMEWORKS {
        let house = House::new(framework, &Plan { rotates: true, ..Plan::default() });
        let ring = house.inside.ring.as_ref().unwrap();
        let fetch = || {
            let response = house.send("GET", "/.well-known/jwks.json", &[], "");
            assert_eq!(response.field("cache-control"), Some("public, max-age=600"), "{framework}");
            assert!(!response.text().contains(r#""d":"#));
            let keys = KeySet::from_jwks_json(&response.body).unwrap();
            let verifier = Verifier::builder().with_keys(keys).with_audience("api").with_issuer(ORIGIN);
            verifier.build().unwrap().with_clock(house.inside.clock.clone())
        };
        let mut verifier = fetch();
        let mut tokens = house.login("alice");
        let (mut living, mut signed_by) = (VecDeque::new(), BTreeSet::new());
        for minute in 0..600 {
            if minute % 10 == 0 {
                verifier = fetch();
            }
            tokens = Tokens::of(&house.refresh(&tokens.refresh));
            signed_by.insert(ring.issuer().unwrap().key().key_id().cloned().unwrap());
            living.push_back(tokens.access.clone());
            if living.len() > 10 {
                living.pop_front();
            }
            for access in &living {
                assert!(verifier.verify(access).is_ok(), "minute {minute} in {framework}");
            }
            house.advance(60);
            wait(ring.tick()).unwrap();
        }
        assert!(signed_by.len() >= 10, "{framework}: {} keys have signed", signed_by.len());
    }
}

/// Two messages under one key and one nonce tell the key to whoever sees both.
#[test]
fn an_ecdsa_number_that_comes_twice() {
    for algorithm in Algorithm::ALL
        .iter()
        .filter(|algorithm| algorithm.facts().family == Family::Ecdsa && backend::signs(**algorithm))
    {
        let keys = [0, 1].map(|_| SigningKey::generate(*algorithm).unwrap());
        let mut seen: BTreeMap<Vec<u8>, (usize, usize)> = BTreeMap::new();
        let messages = if *algorithm == Algorithm::ES256 { 2_000 } else { 200 };
        for (number, key) in keys.iter().enumerate() {
            for message in 0..messages {
                let token = jws::sign(message.to_string().as_bytes(), key).unwrap();
                let signature = URL_SAFE_NO_PAD.decode(token.rsplit_once('.').unwrap().1).unwrap();
                let r = signature[..signature.len() / 2].to_vec();
                if let Some(before) = seen.insert(r, (number, message)) {
                    panic!("{algorithm}: messages {before:?} and {:?} have one nonce", (number, message));
                }
            }
        }
        assert_eq!(seen.len(), 2 * messages, "{algorithm}");
    }
}

/// RUSTSEC-2023-0071: the crate `rsa` tells by its time what it signs with. AWS-LC signs, or nobody does.
#[test]
fn an_rsa_key_whose_signing_takes_telling_time() {
    let rsa: Vec<Algorithm> = Algorithm::ALL
        .iter()
        .copied()
        .filter(|algorithm| matches!(algorithm.facts().family, Family::RsaPkcs1 | Family::RsaPss))
        .collect();
    assert_eq!(rsa.len(), 6);
    for algorithm in rsa {
        let made = SigningKey::generate(algorithm).map(|key| jws::sign(b"{}", &key).is_ok());
        // A key that another library has made.
        let pem = backend::private_pem(&backend::generate(algorithm));
        let read = SigningKey::from_pem(algorithm, &pem).map(|key| jws::sign(b"{}", &key).is_ok());
        for outcome in [made, read] {
            let outcome = outcome.map_err(|error| error.code());
            let expected = if cfg!(feature = "aws-lc-rs") { Ok(true) } else { Err("no_backend") };
            assert_eq!(outcome, expected, "{algorithm}");
        }
    }
}

//! Attacks on keys, and on how a token names one.

use std::net::TcpListener;

use jwt_core::keys::{Jwk, JwkSet, Source};
use jwt_core::{Algorithm, Authority, HmacSecret, KeySet, Reason, SigningKey, Verifier, VerifyingKey};
use serde_json::{Value, json};
use tests::tokens::{AUDIENCE, Forged, ISSUER, base64url, keys, mac};

use super::bench::{Bench, code_of};
use super::covers;

covers! {
    a_weak_rsa_key [13];
    a_weak_secret [14];
    a_key_in_the_header [16];
    an_address_of_keys_in_the_header [17];
    a_kid_that_is_something_else [18];
    a_kid_that_two_keys_have [20];
    no_kid [21];
}

fn jwk(key: &SigningKey) -> Value {
    serde_json::from_str(&key.to_jwk().unwrap().to_json().unwrap()).unwrap()
}

fn bytes(jwk: &Value, name: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
}

/// 65537^128: 2049 bits, a power of 65537 modulo every prime, as the moduli of CVE-2017-15361 are.
fn roca() -> Vec<u8> {
    let mut n = vec![1_u8];
    for _ in 0..128 {
        // Little endian while it grows: the number and itself two bytes up.
        let byte = |place: usize| n.get(place).copied().map_or(0, u16::from);
        let mut carry = 0;
        n = (0..n.len() + 3)
            .map(|place| {
                let sum = byte(place) + if place < 2 { 0 } else { byte(place - 2) } + carry;
                carry = sum >> 8;
                sum.to_le_bytes()[0]
            })
            .collect();
    }
    n.reverse();
    n.into_iter().skip_while(|byte| *byte == 0).collect()
}

#[test]
fn a_weak_rsa_key() {
    let good = jwk(&keys().rs256);
    let (n, other) = (bytes(&good, "n"), jwk(&keys().es256));
    let read = |n: &[u8], e: &[u8]| {
        let jwk = json!({"kty": "RSA", "alg": "RS256", "kid": "rs", "n": base64url(n), "e": base64url(e)});
        let set = JwkSet::from_json(json!({ "keys": [jwk, other] }).to_string().as_bytes()).unwrap();
        let remote = KeySet::from_jwk_set(&set, Source::Remote);
        let fetched = remote.unwrap().skipped().first().map(|key| key.error.code());
        let jwk = Jwk::from_json(jwk.to_string().as_bytes());
        let configured = jwk.and_then(|jwk| VerifyingKey::from_jwk_with(Algorithm::RS256, &jwk));
        (code_of(configured), fetched)
    };
    let f4 = [1, 0, 1];
    assert_eq!(read(&n, &f4), ("accepted", None));
    let mut even = n.clone();
    *even.last_mut().unwrap() &= 0xFE;
    let huge = [&[0x80], &*vec![1; 1024]].concat();
    for (name, n, e, code) in [
        ("512 bits", &n[..64], &f4[..], "rsa_size"),
        ("1024 bits", &n[..128], &f4, "rsa_size"),
        ("2040 bits", &n[..255], &f4, "rsa_size"),
        ("8200 bits", &huge, &f4, "rsa_size"),
        ("an even modulus", &even, &f4, "rsa_even_modulus"),
        ("ROCA", &roca(), &f4, "rsa_roca"),
        ("e = 0", &n, &[0], "malformed_member"),
        ("e = 1", &n, &[1], "rsa_exponent"),
        ("e = 2", &n, &[2], "rsa_exponent"),
        ("e = 65536", &n, &[1, 0, 0], "rsa_exponent"),
        ("e as long as n", &n, &n, "rsa_exponent"),
    ] {
        assert_eq!(read(n, e), (code, Some(code)), "{name}");
    }
}

#[test]
fn a_weak_secret() {
    for (algorithm, len) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        let secret: Vec<u8> = (0..len).collect();
        let key = |secret: &[u8]| {
            HmacSecret::from_bytes(secret).and_then(|secret| VerifyingKey::from_secret(algorithm, &secret))
        };
        assert_eq!(code_of(key(&secret)), "accepted", "{algorithm}");
        for (name, secret, code) in [
            ("empty", &[][..], "secret_repeats_one_byte"),
            ("one byte", b"k", "secret_repeats_one_byte"),
            ("a password", b"correct horse battery", "secret_too_short"),
            ("one byte less than the hash", &secret[1..], "secret_too_short"),
            ("zeros", &vec![0; secret.len()], "secret_repeats_one_byte"),
            ("one letter", &vec![b'a'; secret.len()], "secret_repeats_one_byte"),
        ] {
            assert_eq!(code_of(key(secret)), code, "{algorithm}: {name}");
        }
        let jwk = |k: &[u8]| {
            let jwk = json!({"kty": "oct", "alg": algorithm.facts().name, "k": base64url(k)});
            KeySet::from_jwks_json(json!({ "keys": [jwk] }).to_string().as_bytes())
        };
        assert_eq!(code_of(jwk(&secret)), "accepted", "{algorithm}");
        for weak in [&[][..], &secret[1..], &vec![0; secret.len()]] {
            assert!(jwk(weak).is_err(), "{algorithm}: {} bytes", weak.len());
        }
    }
    // A `kid` that nobody has finds no key at all, not an empty one.
    let hs = Verifier::builder().with_key(&keys().hs256).with_audience(AUDIENCE).with_issuer(ISSUER);
    let bench = Bench::of(hs.build().unwrap());
    let token = |kid: &str| Forged::new().key(&keys().hs256).header("alg", "HS256").header("kid", kid);
    for (kid, reason) in [("nobody", Reason::UnknownKey), ("hs", Reason::BadSignature)] {
        let token_of_ours = token(kid).sign();
        let (start, _) = token_of_ours.rsplit_once('.').unwrap();
        let attack = format!("{start}.{}", base64url(mac(Algorithm::HS256, b"", start)));
        bench.refuses(kid, &token("hs").sign(), &attack, reason);
    }
    bench.finish(2);
}

#[test]
fn a_key_in_the_header() {
    let bench = Bench::new();
    let stranger = jwk(&keys().stranger);
    let own = jwk(&keys().es256);
    let forged = || Forged::new().key(&keys().stranger);
    for (name, attack) in [
        ("the stranger's, signed by it", forged().header("jwk", stranger.clone())),
        ("without kid", forged().header("jwk", stranger.clone()).without_header("kid")),
        ("our own, signed by it", Forged::new().header("jwk", own.clone())),
        ("our own, signed by the stranger", forged().header("jwk", own)),
        ("no key at all", Forged::new().header("jwk", json!({}))),
        ("null", Forged::new().header("jwk", Value::Null)),
        ("a text", Forged::new().header("jwk", "es")),
    ] {
        bench.refuses_forged(name, attack, Reason::EmbeddedKey);
    }
    // Certificates are not looked at: they neither choose a key nor make one.
    let x5c = json!([base64url([0x30; 64])]);
    for (name, value) in [("x5c", x5c), ("x5t", json!("AA")), ("x5t#S256", json!("AA"))] {
        let good = Forged::new().header(name, value.clone()).sign();
        let attack = forged().header(name, value).sign();
        bench.refuses(name, &good, &attack, Reason::BadSignature);
    }
    bench.finish(10);
}

#[test]
fn an_address_of_keys_in_the_header() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let bench = Bench::new();
    for name in ["jku", "x5u"] {
        let good = Forged::new().header(name, url.as_str()).sign();
        let attack = Forged::new().header(name, url.as_str()).key(&keys().stranger);
        bench.refuses(name, &good, &attack.clone().sign(), Reason::BadSignature);
        bench.refuses(name, &good, &attack.header("kid", "theirs").sign(), Reason::UnknownKey);
    }
    bench.finish(4);
    let visit = listener.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(visit, Err(std::io::ErrorKind::WouldBlock), "somebody went there");
}

#[test]
fn a_kid_that_is_something_else() {
    let bench = Bench::new();
    let long = "k".repeat(257);
    for kid in [
        "../../dev/null",
        "/dev/null",
        "file:/etc/passwd",
        "es' OR '1'='1",
        "es'; DROP TABLE keys; --",
        "es\0",
        "es\n",
        " es",
        "es ",
        "ES",
        "e\u{455}",
        "",
        "0",
        "es-",
        "*",
        "e.",
        "http://127.0.0.1/keys",
        "$(id)",
        "es\r\nINFO request authenticated",
        "\u{1b}[2J",
        &long,
    ] {
        bench.refuses_forged(&format!("{kid:?}"), Forged::new().header("kid", kid), Reason::UnknownKey);
        let error = bench.verifier().verify(&Forged::new().header("kid", kid).sign()).unwrap_err();
        let shown = format!("{error} {error:?} {:?}", error.detail());
        assert!(!shown.contains(['\n', '\r', '\0', '\u{1b}']), "{shown}");
    }
    for kid in [json!(0), json!(["es"]), json!({"kid": "es"}), Value::Null, json!(true)] {
        let name = kid.to_string();
        bench.refuses_forged(&name, Forged::new().header("kid", kid), Reason::MalformedHeader);
    }
    bench.finish(26);
    // A key without a name, beside one that has one, is no key for every other name.
    let key = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let nameless = VerifyingKey::from_pem(Algorithm::EdDSA, key.verifying_key().to_pem().unwrap()).unwrap();
    assert_eq!(nameless.key_id(), None);
    let set = KeySet::new([keys().es256.verifying_key(), nameless]).unwrap();
    let builder = Authority::builder().with_keys(set).with_audience(AUDIENCE).with_issuer(ISSUER);
    let bench = Bench::of(builder.build().unwrap());
    let token = Forged::new().key(&key).header("alg", "EdDSA");
    let good = token.clone().without_header("kid").sign();
    bench.refuses("a name of nobody", &good, &token.clone().header("kid", "x").sign(), Reason::UnknownKey);
    bench.refuses("a name of another", &good, &token.sign(), Reason::KeyAlgorithmMismatch);
    bench.finish(2);
}

#[test]
fn a_kid_that_two_keys_have() {
    let key = |algorithm| SigningKey::generate(algorithm).unwrap().with_key_id("same").unwrap();
    let (first, second, other) = (key(Algorithm::ES256), key(Algorithm::ES256), key(Algorithm::EdDSA));
    let both = [first.verifying_key(), second.verifying_key()];
    assert_eq!(code_of(KeySet::new(both)), "repeated_key_id");
    let set = |keys: &[&SigningKey], source| {
        let keys: Vec<Value> = keys.iter().map(|key| jwk(key)).collect();
        let set = JwkSet::from_json(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
        KeySet::from_jwk_set(&set, source)
    };
    assert_eq!(code_of(set(&[&first, &second, &other], Source::Static)), "repeated_key_id");

    // Fetched, neither of the two is believed; a key of another type under the name stays what it is.
    let authority = |keys| Authority::builder().with_keys(keys).with_audience(AUDIENCE).with_issuer(ISSUER);
    let token = |key: &SigningKey| {
        Forged::new().key(key).header("kid", "same").header("alg", key.algorithm().facts().name).sign()
    };
    let fetched = set(&[&first, &second, &other], Source::Remote).unwrap();
    assert_eq!(fetched.skipped().len(), 2);
    let bench = Bench::of(authority(fetched).build().unwrap());
    for key in [&first, &second] {
        bench.refuses("one of two", &token(&other), &token(key), Reason::AlgorithmNotAllowed);
    }
    bench.finish(2);
    let alone = Bench::of(authority(set(&[&first, &other], Source::Remote).unwrap()).build().unwrap());
    alone.refuses("the other one", &token(&first), &token(&second), Reason::BadSignature);
    alone.finish(1);
}

#[test]
fn no_kid() {
    let bench = Bench::new();
    // Two keys fit, and neither is tried, although one would verify.
    for key in [&keys().es256, &keys().es256_next] {
        let good = Forged::new().key(key).header("kid", key.key_id().unwrap().to_string());
        let attack = good.clone().without_header("kid").sign();
        bench.refuses("two fit", &good.sign(), &attack, Reason::AmbiguousKey);
    }
    // One fits: that one and no other.
    let token = |key: &SigningKey| Forged::new().key(key).header("alg", "EdDSA").without_header("kid").sign();
    let stranger = SigningKey::generate(Algorithm::EdDSA).unwrap();
    bench.refuses("one fits", &token(&keys().eddsa), &token(&stranger), Reason::BadSignature);
    bench.finish(3);
}

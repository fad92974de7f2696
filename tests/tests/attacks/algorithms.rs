//! Attacks on the choice of the algorithm, and on signatures.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jwt_core::keys::{Jwk, JwkSet, Source};
use jwt_core::{Algorithm, HmacSecret, KeySet, Reason, SigningKey, Verifier, VerifyingKey};
use serde_json::{Value, json};
use tests::backend;
use tests::tokens::{AUDIENCE, Forged, HMAC_ISSUER, ISSUER, base64url, keys, mac};

use super::bench::{Bench, code_of};
use super::covers;

covers! {
    an_unsigned_token [1 2];
    a_name_that_is_almost_an_algorithm [2];
    a_published_key_as_a_secret [3 4 15];
    an_algorithm_that_the_key_does_not_name [5 7];
    a_key_of_another_algorithm_by_its_kid [8];
    a_key_on_another_curve [9];
    an_ecdsa_signature_out_of_range [10];
    a_signature_in_another_form [11];
    an_edwards_key_or_signature_with_several_spellings [12];
}

fn unsigned(header: &Value, payload: &str, signature: &[u8]) -> String {
    format!("{}.{}.{}", base64url(header.to_string()), base64url(payload), base64url(signature))
}

/// A token with the signature of another one changed.
fn resigned(token: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let (start, signature) = token.rsplit_once('.').unwrap();
    format!("{start}.{}", base64url(change(URL_SAFE_NO_PAD.decode(signature).unwrap())))
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|two| u8::from_str_radix(core::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

fn jwk(key: &SigningKey) -> Value {
    serde_json::from_str(&key.to_jwk().unwrap().to_json().unwrap()).unwrap()
}

fn parsed(jwk: &Value) -> Jwk {
    Jwk::from_json(jwk.to_string().as_bytes()).unwrap()
}

/// The bytes of a base64url member.
fn member(jwk: &Value, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
}

/// Trusts this one key, as [`ISSUER`].
fn trusting(key: &SigningKey) -> Bench {
    let verifier = Verifier::builder().with_key(key).with_audience(AUDIENCE).with_issuer(ISSUER);
    Bench::of(verifier.build().unwrap())
}

/// The good token under another key.
fn signed_by(key: &SigningKey) -> Forged {
    let kid = key.key_id().unwrap().to_string();
    Forged::new().key(key).header("alg", key.algorithm().facts().name).header("kid", kid)
}

fn generated(algorithm: Algorithm) -> SigningKey {
    backend::generate(algorithm).with_key_id("k").unwrap()
}

#[test]
fn an_unsigned_token() {
    let bench = Bench::new();
    let (good, payload) = (Forged::new().sign(), Forged::new().payload_json());
    let signature = URL_SAFE_NO_PAD.decode(good.rsplit_once('.').unwrap().1).unwrap();
    for alg in ["none", "None", "NONE", "nOnE", "none ", " none", "none\0", "n\u{43e}ne", "", "null"] {
        for kid in [json!("es"), Value::Null] {
            let mut header = json!({"alg": alg, "kid": kid, "typ": "at+jwt"});
            header.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            for signature in [&[][..], &signature, b"none"] {
                let attack = unsigned(&header, &payload, signature);
                bench.refuses(&format!("{header}"), &good, &attack, Reason::AlgorithmNotAllowed);
            }
        }
    }
    // The signature left out, under a good name.
    let (start, _) = good.rsplit_once('.').unwrap();
    bench.refuses("no signature", &good, &format!("{start}."), Reason::BadSignature);
    bench.refuses("no third segment", &good, start, Reason::NotThreeSegments);
    assert_eq!(Algorithm::from_name(b"none"), None);
    bench.finish(62);
}

#[test]
fn a_name_that_is_almost_an_algorithm() {
    let bench = Bench::new();
    for alg in [
        "es256",
        "Es256",
        "eS256",
        " ES256",
        "ES256 ",
        "ES256\0",
        "ES256\n",
        "\u{feff}ES256",
        "\u{ff25}S256",
        "ES-256",
        "ES256K",
        "ESP256",
        "SHA256withECDSA",
        "-7",
    ] {
        bench.refuses_forged(alg, Forged::new().header("alg", alg), Reason::AlgorithmNotAllowed);
    }
    bench.refuses_forged("absent", Forged::new().without_header("alg"), Reason::AlgorithmNotAllowed);
    for alg in [json!(-7), json!(null), json!(["ES256"]), json!({"alg": "ES256"}), json!(true)] {
        let name = alg.to_string();
        bench.refuses_forged(&name, Forged::new().header("alg", alg), Reason::MalformedHeader);
    }
    bench.finish(20);
}

/// What an attacker can know of a public key, as the bytes of a MAC's secret.
fn published(key: &SigningKey) -> Vec<(&'static str, Vec<u8>, bool)> {
    let pem = key.verifying_key().to_pem().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(&body).unwrap();
    let (public, coordinate) = (jwk(key), if key.algorithm() == Algorithm::RS256 { "n" } else { "x" });
    let text = public.to_string();
    vec![
        ("PEM", pem.clone().into_bytes(), true),
        ("PEM without its last line feed", pem.trim_end().into(), true),
        ("PEM and a line feed", format!("{pem}\n").into(), true),
        ("PEM with CRLF", pem.replace('\n', "\r\n").into(), true),
        ("PEM in one line", pem.replace('\n', "").into(), true),
        ("PEM with blanks before it", format!(" \t\n{pem}").into(), true),
        ("PEM with a byte order mark", format!("\u{feff}{pem}").into(), true),
        ("PEM in base64", STANDARD.encode(&pem).into(), true),
        ("PEM in base64url", URL_SAFE_NO_PAD.encode(&pem).into(), true),
        ("the body of PEM", body.into(), true),
        ("DER", der.clone(), true),
        ("DER in base64url", URL_SAFE_NO_PAD.encode(&der).into(), true),
        ("JWK", text.clone().into(), true),
        ("JWK in base64url", URL_SAFE_NO_PAD.encode(&text).into(), true),
        ("JWK set", format!(r#"{{"keys":[{text}]}}"#).into(), true),
        ("JWK in an array", format!("[{text}]").into(), true),
        // Nothing tells these from a random secret: the type of the configured key has to.
        ("the number or coordinate", member(&public, coordinate), false),
        ("the number or coordinate in base64url", public[coordinate].as_str().unwrap().into(), false),
    ]
}

#[test]
fn a_published_key_as_a_secret() {
    let macs = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    let token = |algorithm: Algorithm, secret: &[u8], kid: Option<&str>, payload: &str| {
        let alg = algorithm.name();
        let header = match kid {
            Some(kid) => json!({"alg": alg, "kid": kid, "typ": "at+jwt"}),
            None => json!({"alg": alg, "typ": "at+jwt"}),
        };
        let input = format!("{}.{}", base64url(header.to_string()), base64url(payload));
        format!("{input}.{}", base64url(mac(algorithm, secret, &input)))
    };
    // The MACs made here are right: under a secret they are accepted.
    let bytes = member(&serde_json::from_str(&keys().hs256.insecure_private_jwk().unwrap()).unwrap(), "k");
    let payload = Forged::new().claim("iss", HMAC_ISSUER).payload_json();
    let good = token(Algorithm::HS256, &bytes, Some("hs"), &payload);
    assert_eq!(Bench::of_two().verifier().verify(&good).unwrap().subject(), Some("alice"));

    let benches = [Bench::new(), Bench::of_two()];
    let payload = Forged::new().payload_json();
    for key in [&keys().rs256, &keys().es256, &keys().eddsa] {
        let (good, kid) = (signed_by(key).sign(), key.key_id().unwrap());
        for (name, secret, is_told) in published(key) {
            for algorithm in macs {
                for kid in [Some(&**kid), Some("hs"), None] {
                    let name = format!("{kid:?} {algorithm} by {name}");
                    for bench in &benches {
                        let attack = token(algorithm, &secret, kid, &payload);
                        bench.refuses(&name, &good, &attack, Reason::AlgorithmNotAllowed);
                    }
                }
            }
            // The second net: whoever configures such a text as a secret is told.
            if is_told {
                assert_eq!(code_of(HmacSecret::from_bytes(secret)), "secret_is_key", "{name} of {kid}");
            }
        }
    }
    for algorithm in macs {
        let secret = HmacSecret::generate(algorithm).unwrap();
        assert_eq!(code_of(VerifyingKey::from_secret(algorithm, &secret)), "accepted");
        // A secret is never made from a public key, nor the other way round.
        let public = keys().rs256.to_jwk().unwrap();
        assert_ne!(code_of(VerifyingKey::from_jwk_with(algorithm, &public)), "accepted");
        let pem = keys().rs256.verifying_key().to_pem().unwrap();
        assert_eq!(code_of(VerifyingKey::from_pem(algorithm, &pem)), "wrong_key_type");
        assert_ne!(code_of(VerifyingKey::from_secret(Algorithm::RS256, &secret)), "accepted");
    }
    for bench in benches {
        bench.finish(3 * 18 * 3 * 3);
    }
}

#[test]
fn an_algorithm_that_the_key_does_not_name() {
    let without_alg = |key: &SigningKey| {
        let mut jwk = jwk(key);
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    };
    let secret: Value = serde_json::from_str(&keys().hs256.insecure_private_jwk().unwrap()).unwrap();
    let read = |keys: &[Value], source| {
        let set = JwkSet::from_json(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
        KeySet::from_jwk_set(&set, source)
    };
    // What a JWK does not say follows from its type and curve, and is never HMAC.
    use Algorithm as A;
    let algorithms =
        |key: &SigningKey| read(&[without_alg(key)], Source::Remote).unwrap().algorithms().to_vec();
    assert_eq!(algorithms(&keys().rs256), [A::RS256, A::RS384, A::RS512, A::PS256, A::PS384, A::PS512]);
    assert_eq!(algorithms(&keys().es256), [A::ES256]);
    assert_eq!(algorithms(&keys().eddsa), [A::EdDSA, A::Ed25519]);

    // A published secret is dropped with its reason, and nothing is verified under it.
    let set = read(&[without_alg(&keys().es256), secret.clone()], Source::Remote).unwrap();
    assert_eq!(set.skipped().iter().map(|key| key.error.code()).collect::<Vec<_>>(), ["remote_secret"]);
    let verifier = Verifier::builder().with_keys(set).with_audience(AUDIENCE).with_issuer(ISSUER);
    let bench = Bench::of(verifier.build().unwrap());
    let (good, attack) = (signed_by(&keys().es256).sign(), signed_by(&keys().hs256).sign());
    bench.refuses("HS256 by a published secret", &good, &attack, Reason::AlgorithmNotAllowed);
    bench.finish(1);
    assert_eq!(code_of(read(&[secret], Source::Remote)), "no_usable_key");

    // The list of the authority is asked about the algorithm that would run, not about the key.
    let rsa = |allowed: &[Algorithm]| {
        let set = read(&[without_alg(&keys().rs256)], Source::Static).unwrap();
        let builder = Verifier::builder().with_keys(set).with_audience(AUDIENCE).with_issuer(ISSUER);
        Bench::of(builder.with_algorithms(allowed.iter().copied()).build().unwrap())
    };
    let by = |algorithm| backend::under(algorithm, &keys().rs256).with_key_id("rs").unwrap();
    let all = algorithms(&keys().rs256);
    for allowed in all.iter().copied() {
        let bench = rsa(&[allowed]);
        for other in all.iter().copied().filter(|other| *other != allowed) {
            let good = signed_by(&by(allowed)).sign();
            let name = format!("{other} where {allowed} is allowed");
            bench.refuses(&name, &good, &signed_by(&by(other)).sign(), Reason::AlgorithmNotAllowed);
            // The name of the one over the signature of the other, under the very same key.
            let forged = signed_by(&by(other)).header("alg", allowed.facts().name).sign();
            bench.refuses(&format!("{other} as {allowed}"), &good, &forged, Reason::BadSignature);
        }
        bench.finish(10);
    }
}

#[test]
fn a_key_of_another_algorithm_by_its_kid() {
    let bench = Bench::new();
    for (signer, named, reason) in [
        (&keys().es256, "rs", Reason::KeyAlgorithmMismatch),
        (&keys().es256, "ed", Reason::KeyAlgorithmMismatch),
        (&keys().rs256, "es", Reason::KeyAlgorithmMismatch),
        (&keys().eddsa, "es", Reason::KeyAlgorithmMismatch),
        (&keys().es256, "es-next", Reason::BadSignature),
    ] {
        let (good, attack) = (signed_by(signer).sign(), signed_by(signer).header("kid", named).sign());
        bench.refuses(named, &good, &attack, reason);
    }
    bench.finish(5);
    // Secrets and public keys never lie on one ring.
    let mixed = [keys().hs256.verifying_key(), keys().rs256.verifying_key()];
    assert_eq!(code_of(KeySet::new(mixed.clone())), "mixed_symmetry");
    let [secret, public] = mixed;
    let builder = Verifier::builder().with_key(public.clone()).with_key(secret).with_audience(AUDIENCE);
    assert_eq!(builder.with_issuer(ISSUER).build().unwrap_err().code(), "mixed_symmetry");
    assert_eq!(code_of(KeySet::new([public])), "accepted");
}

#[test]
fn a_key_on_another_curve() {
    let (p256, p384) = (generated(Algorithm::ES256), generated(Algorithm::ES384));
    let (good, other) = (jwk(&p256), jwk(&p384));
    let read = |jwk: &Value| {
        Jwk::from_json(jwk.to_string().as_bytes())
            .and_then(|jwk| VerifyingKey::from_jwk_with(Algorithm::ES256, &jwk))
    };
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        jwk
    };
    assert_eq!(code_of(read(&good)), "accepted");
    for (name, jwk, code) in [
        ("P-384", other.clone(), "wrong_algorithm"),
        ("P-384 under the name of P-256", with("crv", json!("P-384")), "member_length"),
        ("a coordinate of P-384", with("x", other["x"].clone()), "member_length"),
        ("secp256k1", with("crv", json!("secp256k1")), "unknown_curve"),
        ("p-256", with("crv", json!("p-256")), "unknown_curve"),
        ("x without its first byte", with("x", json!(base64url(&member(&good, "x")[1..]))), "member_length"),
        (
            "x with a zero before it",
            with("x", json!(base64url([&[0], &*member(&good, "x")].concat()))),
            "member_length",
        ),
        (
            "x and y exchanged",
            {
                let mut jwk = with("x", good["y"].clone());
                jwk["y"] = good["x"].clone();
                jwk
            },
            "key_rejected",
        ),
        (
            "the origin",
            {
                let mut jwk = with("x", json!(base64url([0; 32])));
                jwk["y"] = json!(base64url([0; 32]));
                jwk
            },
            "key_rejected",
        ),
        ("beyond the field", with("x", json!(base64url([0xFF; 32]))), "key_rejected"),
        ("OKP", with("kty", json!("OKP")), "unknown_curve"),
    ] {
        assert_eq!(code_of(read(&jwk)), code, "{name}");
    }
    let mut unnamed = other;
    unnamed.as_object_mut().unwrap().remove("alg");
    assert_eq!(code_of(read(&unnamed)), "wrong_curve");
    let pem = p384.verifying_key().to_pem().unwrap();
    assert_eq!(code_of(VerifyingKey::from_pem(Algorithm::ES256, &pem)), "wrong_curve");
    assert_eq!(code_of(VerifyingKey::from_pem(Algorithm::ES384, &pem)), "accepted");

    let bench = trusting(&p256);
    let attack = signed_by(&p384).header("alg", "ES256").sign();
    bench.refuses("ES256 by a key on P-384", &signed_by(&p256).sign(), &attack, Reason::BadSignature);
    bench.finish(1);
}

/// The order of the group of each curve.
const ORDERS: [(Algorithm, &str); 3] = [
    (Algorithm::ES256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
    (
        Algorithm::ES384,
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ),
    (
        Algorithm::ES512,
        concat!(
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa",
            "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        ),
    ),
];

/// `a − b` of numbers of one length, the larger first.
pub(super) fn difference(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0_i16;
    let mut bytes: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let digit = i16::from(*a) - i16::from(*b) - borrow;
            borrow = i16::from(digit < 0);
            u8::try_from(digit.rem_euclid(256)).unwrap()
        })
        .collect();
    assert_eq!(borrow, 0, "the larger comes first");
    bytes.reverse();
    bytes
}

/// `a + b` of numbers of one length, where it fits into that.
fn sum(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    let mut carry = 0_u16;
    let mut bytes: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let digit = u16::from(*a) + u16::from(*b) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    bytes.reverse();
    (carry == 0).then_some(bytes)
}

/// The order of P-256, of which the twin of a signature is the remainder.
pub(super) fn order_of_p256() -> Vec<u8> {
    hex(ORDERS[0].1)
}

/// What becomes of the two numbers of a signature.
type Change<'c> = dyn Fn(&[u8], &[u8]) -> Vec<u8> + 'c;

#[test]
fn an_ecdsa_signature_out_of_range() {
    for (algorithm, order) in ORDERS {
        let (key, n) = (generated(algorithm), hex(order));
        assert_eq!(n.len() * 2, algorithm.facts().signature_len.unwrap());
        let (bench, good) = (trusting(&key), signed_by(&key).sign());
        let (zero, one, ones) =
            (vec![0; n.len()], [&vec![0; n.len() - 1][..], &[1]].concat(), vec![0xFF; n.len()]);
        // The numbers are right: the twin of a signature, s being n − s, is good (row 25 is about that).
        let twin = resigned(&good, |s| [&s[..n.len()], &difference(&n, &s[n.len()..])].concat());
        assert!(bench.verifier().verify(&twin).is_ok(), "{algorithm}");
        let mut attacks = 0;
        let mut refuses = |name: &str, signature: &Change| {
            let attack = resigned(&good, |both| signature(&both[..n.len()], &both[n.len()..]));
            bench.refuses(&format!("{algorithm}: {name}"), &good, &attack, Reason::BadSignature);
            attacks += 1;
        };
        refuses("both 0", &|_, _| [&*zero, &zero].concat());
        refuses("both 1", &|_, _| [&*one, &one].concat());
        refuses("both n", &|_, _| [&*n, &n].concat());
        for (name, value) in [("0", &zero), ("1", &one), ("n", &n), ("all ones", &ones)] {
            refuses(&format!("r is {name}"), &|_, s| [value, s].concat());
            refuses(&format!("s is {name}"), &|r, _| [r, value].concat());
        }
        refuses("r and s exchanged", &|r, s| [s, r].concat());
        // What is the same number modulo n, where there is room for it: only in the 528 bits of P-521.
        if algorithm == Algorithm::ES512 {
            refuses("s + n", &|r, s| [r, &sum(s, &n).unwrap()].concat());
            refuses("r + n", &|r, s| [&*sum(r, &n).unwrap(), s].concat());
        }
        bench.finish(attacks);
        assert!(attacks >= 12);
    }
}

/// A positive INTEGER of DER.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap();
    let number = &bytes[start..];
    let sign: &[u8] = if number[0] >= 0x80 { &[0] } else { &[] };
    let len = u8::try_from(sign.len() + number.len()).unwrap();
    [&[2, len], sign, number].concat()
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let body = [integer(r), integer(s)].concat();
    let len = u8::try_from(body.len()).unwrap();
    let head: &[u8] = if len < 0x80 { &[0x30, len] } else { &[0x30, 0x81, len] };
    [head, &body].concat()
}

#[test]
fn a_signature_in_another_form() {
    for algorithm in Algorithm::ALL.iter().copied() {
        let key = generated(algorithm);
        let (bench, good) = (trusting(&key), signed_by(&key).sign());
        let refuses = |name: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
            let name = format!("{algorithm}: {name}");
            bench.refuses(&name, &good, &resigned(&good, change), Reason::BadSignature);
        };
        refuses("a zero before it", &|s| [&[0], &*s].concat());
        refuses("a zero behind it", &|s| [&*s, &[0]].concat());
        refuses("without its first byte", &|s| s[1..].to_vec());
        refuses("without its last byte", &|s| s[..s.len() - 1].to_vec());
        refuses("one byte", &|s| s[..1].to_vec());
        refuses("nothing", &|_| Vec::new());
        refuses("zeros", &|s| vec![0; s.len()]);
        refuses("twice", &|s| [&*s, &s].concat());
        refuses("backwards", &|s| s.into_iter().rev().collect());
        let halves = |s: &[u8]| (s[..s.len() / 2].to_vec(), s[s.len() / 2..].to_vec());
        let is_ecdsa = algorithm.facts().family == jwt_core::Family::Ecdsa;
        if is_ecdsa {
            refuses("in DER", &|s| der(&halves(&s).0, &halves(&s).1));
            refuses("each half with a zero before it", &|s| {
                let (r, s) = halves(&s);
                [&[0], &*r, &[0], &s].concat()
            });
        }
        bench.finish(if is_ecdsa { 11 } else { 9 });
    }
    // Half of all signatures over P-521 have a number that begins with a zero byte: it stays.
    let key = generated(Algorithm::ES512);
    let mut short = 0;
    for message in 0..300_u16 {
        let mut signature = Vec::new();
        key.sign(&message.to_be_bytes(), &mut signature).unwrap();
        assert_eq!(signature.len(), 132);
        short += usize::from(signature[0] == 0 || signature[66] == 0);
    }
    assert!(short > 100, "{short}");
}

#[test]
fn an_edwards_key_or_signature_with_several_spellings() {
    const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    for algorithm in [Algorithm::EdDSA, Algorithm::Ed25519] {
        let key = generated(algorithm);
        let (bench, good) = (trusting(&key), signed_by(&key).sign());
        // RFC 8032 §5.1.7: S is below the order; S + L would satisfy the equation as well. Little endian.
        let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
        let attack = resigned(&good, |s| {
            let higher = sum(&reversed(&s[32..]), &reversed(&hex(L))).unwrap();
            [&s[..32], &reversed(&higher)].concat()
        });
        bench.refuses("S + L", &good, &attack, Reason::BadSignature);
        let other = if algorithm == Algorithm::EdDSA { "Ed25519" } else { "EdDSA" };
        let attack = signed_by(&key).header("alg", other).sign();
        bench.refuses("the other name", &good, &attack, Reason::AlgorithmNotAllowed);
        for name in ["Ed448", "ECDH-ES", "eddsa"] {
            let attack = signed_by(&key).header("alg", name).sign();
            bench.refuses(name, &good, &attack, Reason::AlgorithmNotAllowed);
        }
        bench.finish(5);
    }
    let good = jwk(&keys().eddsa);
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        Jwk::from_json(jwk.to_string().as_bytes())
            .and_then(|jwk| VerifyingKey::from_jwk_with(Algorithm::EdDSA, &jwk))
    };
    assert_eq!(code_of(with("kid", json!("ed"))), "accepted");
    for curve in ["Ed448", "X25519", "X448", "ed25519", "P-256"] {
        assert_eq!(code_of(with("crv", json!(curve))), "unknown_curve", "{curve}");
    }
    // Points under which one signature fits many messages.
    let mut points = vec![[0; 32], [0; 32], [0xFF; 32]];
    points[1][0] = 1;
    points[2][0] = 0xEC;
    points[2][31] = 0x7F;
    for point in points {
        let code = code_of(with("x", json!(base64url(point))));
        assert_eq!(code, "small_order_point", "{point:?}");
    }
    // The public half of a private JWK is compared with the private one, never just believed.
    let other = jwk(&generated(Algorithm::EdDSA));
    let mut private: Value = serde_json::from_str(&keys().eddsa.insecure_private_jwk().unwrap()).unwrap();
    assert_eq!(code_of(SigningKey::from_jwk(&parsed(&private))), "accepted");
    private["x"] = other["x"].clone();
    let read = Jwk::from_json(private.to_string().as_bytes()).and_then(|jwk| SigningKey::from_jwk(&jwk));
    assert_eq!(code_of(read), "halves_differ");
}

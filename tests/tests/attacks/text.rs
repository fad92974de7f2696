//! Attacks on the text of a token: segments, base64url, length, and members of the header.

use core::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use jwt_core::request::{RequestFacts, SimpleHead};
use jwt_core::{Check, CheckOutcome, Limits, Reason, RequestAuth, Verified, Verifier, jws};
use serde_json::{Value, json};
use tests::tokens::{AUDIENCE, Forged, ISSUER, base64url, keys, sign_raw};

use super::algorithms::{difference, order_of_p256};
use super::bench::{Bench, reason_of};
use super::covers;

covers! {
    an_extension_that_must_be_understood [22];
    an_unencoded_payload [23];
    another_spelling_of_the_same_bytes [24 24a];
    the_twin_of_a_signature [25];
    another_number_of_segments [26];
    json_in_the_place_of_the_compact_form [6 27];
    an_encrypted_nested_or_compressed_token [28 29];
    a_token_that_is_too_long [30];
    a_token_of_any_other_shape [34];
}

#[test]
fn an_extension_that_must_be_understood() {
    let bench = Bench::new();
    for crit in [
        json!(["exp"]),
        json!(["urn:unknown"]),
        json!(["b64"]),
        json!([]),
        json!(["alg"]),
        json!(["kid", "typ"]),
        json!(["exp", "exp"]),
        json!(["absent"]),
        json!([1]),
        json!([[]]),
        json!("exp"),
        json!({"exp": true}),
        json!(0),
        json!(false),
        Value::Null,
    ] {
        let attack = Forged::new().header("exp", 1).header("crit", crit.clone());
        bench.refuses_forged(&crit.to_string(), attack, Reason::CriticalExtension);
    }
    // The same member without the list is unknown, and ignored.
    assert!(bench.verifier().verify(&Forged::new().header("exp", 1).sign()).is_ok());
    let escaped = Forged::new().header_json().replacen('{', r#"{"\u0063rit":["exp"],"#, 1);
    let attack = sign_raw(&keys().es256, escaped, Forged::new().payload_json());
    bench.refuses("an escaped name", &Forged::new().sign(), &attack, Reason::CriticalExtension);
    bench.finish(16);
}

#[test]
fn an_unencoded_payload() {
    let bench = Bench::new();
    for value in [json!(false), json!(true), json!(null), json!("false"), json!(0)] {
        let attack = Forged::new().header("b64", value.clone());
        bench.refuses_forged(&value.to_string(), attack.clone(), Reason::UnencodedPayload);
        let critical = attack.header("crit", json!(["b64"]));
        bench.refuses_forged(&value.to_string(), critical, Reason::CriticalExtension);
    }
    // RFC 7797 §3: the payload itself between the dots, with its signature; and a detached one.
    let (payload, good) = (Forged::new().payload_json(), Forged::new().sign());
    let header = base64url(Forged::new().header("b64", false).header("crit", json!(["b64"])).header_json());
    let mut signature = Vec::new();
    keys().es256.sign(format!("{header}.{payload}").as_bytes(), &mut signature).unwrap();
    let signature = base64url(signature);
    let clear = format!("{header}.{payload}.{signature}");
    assert!(payload.contains('.'), "which makes more than three segments of it");
    bench.refuses("in the clear", &good, &clear, Reason::NotThreeSegments);
    bench.refuses("detached", &good, &format!("{header}..{signature}"), Reason::CriticalExtension);
    let [header, _, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three segments") };
    bench.refuses("detached", &good, &format!("{header}..{signature}"), Reason::BadSignature);
    bench.finish(13);
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn another_spelling_of_the_same_bytes() {
    let bench = Bench::new();
    // 86 characters of signature for 64 bytes: the last one has four bits that mean nothing.
    let good = Forged::new().claim("n", 0).sign();
    let segments: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = segments[..] else { panic!("three segments") };
    let mut spellings = vec![
        ("padding", format!("{good}==")),
        ("one sign of padding", format!("{good}=")),
        ("padding of the payload", format!("{header}.{payload}=.{signature}")),
        ("padding of the header", format!("{header}=.{payload}.{signature}")),
        ("a line feed", format!("{good}\n")),
        ("a line feed before it", format!("\n{good}")),
        ("a blank", format!("{header} .{payload}.{signature}")),
        ("blanks around it", format!(" {good} ")),
        ("CRLF inside", format!("{header}.{}\r\n{}.{signature}", &payload[..8], &payload[8..])),
        ("a tab", format!("{header}.{payload}\t.{signature}")),
        ("a zero byte", format!("{good}\0")),
        ("marks behind it", format!("{good}!!!!")),
        ("percent", format!("{header}%2E{payload}.{signature}")),
        ("a full-width letter", format!("{header}.{payload}.\u{ff21}{}", &signature[1..])),
        ("three characters more", format!("{good}AAA")),
    ];
    for last in [header, payload, signature] {
        // Wherever bits are left over, the 3 or 15 other last characters stand for the same bytes.
        let (rest, bits) = match last.len() % 4 {
            2 => (&last[..last.len() - 1], 4),
            3 => (&last[..last.len() - 1], 2),
            _ => continue,
        };
        let bytes = URL_SAFE_NO_PAD.decode(last).unwrap();
        let value = ALPHABET.iter().position(|c| Some(c) == last.as_bytes().last()).unwrap();
        for extra in 1..1_usize << bits {
            let other = format!("{rest}{}", char::from(ALPHABET[value + extra]));
            assert_eq!(lenient(&other), bytes, "another spelling");
            spellings.push(("bits left over", good.replace(last, &other)));
        }
    }
    assert!(spellings.len() >= 15 + 15, "{}", spellings.len());
    let count = spellings.len();
    for (name, attack) in spellings {
        let reason = if name == "percent" { Reason::NotThreeSegments } else { Reason::NotBase64Url };
        bench.refuses(name, &good, &attack, reason);
    }
    bench.finish(count);
    // The other alphabet of RFC 4648 spells the characters 62 and 63 otherwise.
    let bench = Bench::new();
    let good = (0..).map(|n| Forged::new().claim("n", n).sign()).find(|t| t.contains(['-', '_'])).unwrap();
    let attack = good.replace('-', "+").replace('_', "/");
    bench.refuses("the other alphabet", &good, &attack, Reason::NotBase64Url);
    // Some issuers pad (row 24a). There is no switch for it: with `=` it is another text.
    let padded: Vec<String> =
        good.split('.').map(|part| URL_SAFE.encode(URL_SAFE_NO_PAD.decode(part).unwrap())).collect();
    bench.refuses("padded as the standard alphabet is", &good, &padded.join("."), Reason::NotBase64Url);
    bench.finish(2);
}

/// As readers decode that do not look at the bits left over.
fn lenient(text: &str) -> Vec<u8> {
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&base64::alphabet::URL_SAFE, config).decode(text).unwrap()
}

/// Revokes the token whose `jti` it is.
struct Revoked;

impl Check for Revoked {
    fn name(&self) -> &'static str {
        "revoked"
    }

    fn check(&self, verified: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        match verified.token_id() {
            Some("stolen") => CheckOutcome::refuse(Reason::Revoked),
            _ => CheckOutcome::pass(),
        }
    }
}

/// The token with the other ECDSA signature that anyone can make of its own.
pub(crate) fn twin(token: &str) -> String {
    let (start, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let s = difference(&order_of_p256(), &signature[32..]);
    format!("{start}.{}", base64url([&signature[..32], &s].concat()))
}

/// Anyone can turn an ECDSA signature into a second one. A list of revoked token texts would miss it; what a
/// check is given is the verified token, whose `jti` is the same.
#[test]
fn the_twin_of_a_signature() {
    let bench = Bench::new();
    let auth = RequestAuth::new(bench.verifier().clone()).with_check(Revoked);
    let reason = |token: &str| {
        reason_of(&auth, &SimpleHead::get("/").with_field("authorization", format!("Bearer {token}")))
    };
    for (id, expected) in [("t-1", None), ("stolen", Some(Reason::Revoked))] {
        let token = Forged::new().claim("jti", id).sign();
        assert_ne!(twin(&token), token);
        assert_eq!(twin(&twin(&token)), token);
        assert!(bench.verifier().verify(&twin(&token)).is_ok(), "the twin verifies");
        assert_eq!([reason(&token), reason(&twin(&token))], [expected; 2], "{id}");
    }
}

#[test]
fn another_number_of_segments() {
    let bench = Bench::new();
    let good = Forged::new().sign();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three segments")
    };
    use Reason::{Encrypted, NotThreeSegments};
    for (attack, reason) in [
        (String::new(), NotThreeSegments),
        (".".to_owned(), NotThreeSegments),
        ("..".to_owned(), NotThreeSegments),
        (header.to_owned(), NotThreeSegments),
        (format!("{header}.{payload}"), NotThreeSegments),
        (format!("{payload}.{signature}"), NotThreeSegments),
        (format!("{good}."), NotThreeSegments),
        (format!(".{good}"), NotThreeSegments),
        (format!("{good}.{signature}"), NotThreeSegments),
        (format!("{header}.{good}"), NotThreeSegments),
        (format!(".{payload}.{signature}"), NotThreeSegments),
        (format!("{header}.{header}.{payload}.{signature}"), NotThreeSegments),
        (format!("{good}.{payload}.{signature}"), Encrypted),
        (format!("{good}.."), Encrypted),
        ("....".to_owned(), Encrypted),
        (format!("{good}.{good}"), NotThreeSegments),
        (format!("{header}.{payload}..{signature}"), NotThreeSegments),
        (format!("{header}..{payload}.{signature}"), NotThreeSegments),
    ] {
        bench.refuses(&attack, &good, &attack, reason);
    }
    bench.finish(18);
}

#[test]
fn json_in_the_place_of_the_compact_form() {
    let bench = Bench::new();
    let good = Forged::new().sign();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three segments")
    };
    let parts = json!({"protected": header, "payload": payload, "signature": signature});
    let entry = json!({"protected": header, "signature": signature});
    let loose = json!({"header": {"alg": "none", "kid": "es"}, "payload": payload, "signature": ""});
    let mut mixed = parts.clone();
    mixed["header"] = json!({"alg": "none"});
    for (name, text, reason) in [
        ("flattened", parts.to_string(), Reason::NotThreeSegments),
        ("general", json!({"payload": payload, "signatures": [entry]}).to_string(), Reason::NotThreeSegments),
        ("an unprotected header", loose.to_string(), Reason::NotThreeSegments),
        ("both headers", mixed.to_string(), Reason::NotThreeSegments),
        ("no signature", json!({"payload": payload, "signatures": []}).to_string(), Reason::NotThreeSegments),
        ("the compact form in it", json!({ "token": good }).to_string(), Reason::NotBase64Url),
        ("the compact form quoted", format!("{good:?}"), Reason::NotBase64Url),
        ("the compact form in an array", json!([good]).to_string(), Reason::NotBase64Url),
        ("readable by both", format!(r#"{{"a":"{header}.{payload}.{signature}"}}"#), Reason::NotBase64Url),
        (
            "an unprotected segment",
            format!("{good}.{}", base64url(r#"{"alg":"none"}"#)),
            Reason::NotThreeSegments,
        ),
    ] {
        bench.refuses(name, &good, &text, reason);
    }
    // In the header of the compact form, `header` is a member like any other.
    let attack = Forged::new().header("alg", "none").header("header", json!({"alg": "ES256"}));
    bench.refuses_forged("a header in the header", attack, Reason::AlgorithmNotAllowed);
    bench.finish(11);
}

#[test]
fn an_encrypted_nested_or_compressed_token() {
    let bench = Bench::new();
    use Reason::{Compressed, Encrypted, Nested};
    for (name, value, reason) in [
        ("enc", json!("A256GCM"), Encrypted),
        ("enc", Value::Null, Encrypted),
        ("epk", json!({"kty": "EC"}), Encrypted),
        ("p2c", json!(2_147_483_647), Encrypted),
        ("p2c", json!(1), Encrypted),
        ("zip", json!("DEF"), Compressed),
        ("zip", json!(""), Compressed),
        ("zip", Value::Null, Compressed),
        ("cty", json!("JWT"), Nested),
        ("cty", json!("jwt"), Nested),
        ("cty", json!("application/jwt"), Nested),
        ("cty", json!("Application/JWT"), Nested),
    ] {
        let attack = Forged::new().header(name, value.clone());
        bench.refuses_forged(&format!("{name}: {value}"), attack, reason);
    }
    for alg in ["RSA-OAEP", "RSA1_5", "dir", "A256KW", "ECDH-ES", "PBES2-HS256+A128KW"] {
        let attack = Forged::new().header("alg", alg).header("enc", "A256GCM").header("p2c", 10_000_000);
        bench.refuses_forged(alg, attack, Reason::AlgorithmNotAllowed);
    }
    let good = Forged::new().sign();
    let jwe = json!({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}).to_string();
    let jwe =
        format!("{}..{}.{}.{}", base64url(jwe), base64url([0; 12]), base64url(&good), base64url([0; 16]));
    bench.refuses("five segments", &good, &jwe, Encrypted);
    // A good token in the place of the claims.
    let nested = Forged::new().header("cty", "JWT").sign_payload(&good);
    bench.refuses("a token in a token", &good, &nested, Nested);
    let nested = Forged::new().sign_payload(&good);
    bench.refuses("a token in a token, unannounced", &good, &nested, Reason::MalformedPayload);
    // Compressed claims are not claims.
    let deflated = Forged::new().sign_payload([0x78, 0x9C, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]);
    bench.refuses("compressed, unannounced", &good, &deflated, Reason::MalformedPayload);
    bench.finish(22);
}

#[test]
fn a_token_that_is_too_long() {
    let bench = Bench::new();
    let limits = Limits::default();
    let good = Forged::new().sign();
    let padded = |bytes: usize| Forged::new().claim("pad", "x".repeat(bytes)).sign();
    // The longest that passes, and four characters more.
    let longest =
        (0..).map(|n| padded(11_800 + n)).take_while(|t| t.len() <= limits.token_bytes()).last().unwrap();
    assert!(longest.len() > limits.token_bytes() - 4, "{}", longest.len());
    let over = padded(11_800 + limits.token_bytes());
    bench.refuses("the payload", &longest, &over, Reason::TokenTooLong);
    let payload_bytes = |token: &str| token.split('.').nth(1).unwrap().len();
    let pad = longest.len() - good.len();
    assert!(pad > 10_000 && payload_bytes(&longest) > pad);
    bench.refuses("the signature", &good, &format!("{good}{}", "A".repeat(20_000)), Reason::TokenTooLong);
    for text in [".", "a", "a.", "\0", "{", "["] {
        bench.refuses(text, &good, &text.repeat(1_000_000), Reason::TokenTooLong);
    }
    // Within the limit of the token, dots are dots.
    bench.refuses("dots", &good, &".".repeat(16_000), Reason::NotThreeSegments);
    // The header has a limit of its own.
    let headed = |bytes: usize| Forged::new().header("pad", "x".repeat(bytes));
    let over = headed(limits.header_bytes()).sign();
    bench.refuses("the header", &headed(limits.header_bytes() - 100).sign(), &over, Reason::HeaderTooLong);
    bench.finish(10);

    // Other limits hold as well, for a header that is known already too.
    let builder = Verifier::builder().with_key(&keys().es256).with_audience(AUDIENCE).with_issuer(ISSUER);
    let verifier = builder.build().unwrap().with_clock(jwt_core::ManualClock::at(tests::tokens::NOW));
    let short = verifier.clone().with_limits(Limits::default().with_token_bytes(good.len() - 1));
    assert!(verifier.verify(&good).is_ok());
    assert_eq!(short.verify(&good).unwrap_err().reason(), Reason::TokenTooLong);
    let set = jwt_core::KeySet::new([keys().es256.verifying_key()]).unwrap();
    assert!(jws::verify(&good, &set).is_ok());
    assert_eq!(jws::verify(&"a".repeat(20_000), &set).unwrap_err().reason(), Reason::TokenTooLong);
}

/// No text of any shape is accepted or ends in a panic: all that are one change away from a good token, and the
/// shapes that others stumbled over.
#[test]
fn a_token_of_any_other_shape() {
    for bench in [Bench::new(), Bench::of_two()] {
        let good = Forged::new().sign();
        let verifier = bench.verifier();
        let refuses = |text: &str| {
            assert!(verifier.verify(text).is_err(), "{text:?}");
            assert!(!verifier.explain(text).findings().is_empty(), "{text:?}");
        };
        for end in 0..good.len() {
            refuses(&good[..end]);
            refuses(&good[end + 1..]);
            refuses(&format!("{}{}", &good[..end], &good[end + 1..]));
            for change in ["A", "_", ".", "=", "\u{e4}"] {
                let changed = format!("{}{change}{}", &good[..end], &good[end + 1..]);
                if changed != good {
                    refuses(&changed);
                }
            }
        }
        assert!(verifier.verify(&good).is_ok());
        // Any bytes in the place of a signature, a header or a payload.
        let [header, payload, _] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three segments") };
        for len in 0..200 {
            let bytes = base64url(vec![0xA5; len]);
            refuses(&format!("{header}.{payload}.{bytes}"));
            refuses(&sign_raw(&keys().es256, vec![0xA5; len], Forged::new().payload_json()));
            refuses(&Forged::new().sign_payload(vec![b'['; len]));
            refuses(&Forged::new().sign_payload(vec![b'{'; len]));
        }
        let mut numbers = String::new();
        for number in ["1e400", "-1e400", "9e999999999", "1e-400", "-0", "0.1e1", "18446744073709551616"] {
            numbers.clear();
            write!(numbers, r#""exp":{number},"#).unwrap();
            let payload =
                Forged::new().without_claim("exp").payload_json().replacen('{', &format!("{{{numbers}"), 1);
            refuses(&Forged::new().sign_payload(payload));
        }
    }
}

//! The third segment under an ECDSA key (RFC 7518 section 3.4), and keys taken for other keys.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{ACCEPT, CLAIMS, OTHER, OURS, Tokens, Verdict, b64};
use crate::vectors::own::File;

const BAD: Verdict = Err("bad_signature");
const ALGORITHM: Verdict = Err("algorithm_not_allowed");

/// The order of the group of P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// `ORDER - number`.
fn negated(number: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut out = vec![0; 32];
    for place in (0..32).rev() {
        let difference = 256 + i32::from(ORDER[place]) - i32::from(number[place]) - borrow;
        out[place] = u8::try_from(difference % 256).unwrap();
        borrow = i32::from(difference < 256);
    }
    out
}

/// As X.509 writes it: two integers in DER.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|byte| *byte != 0).unwrap_or(31);
        let mut content = number[start..].to_vec();
        if content[0] & 0x80 != 0 {
            content.insert(0, 0);
        }
        [vec![2, u8::try_from(content.len()).unwrap()], content].concat()
    };
    let body = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat()
}

pub(super) fn file() -> File {
    let mut tokens =
        Tokens::new("Signatures of ES256: 64 bytes, r and s in full length.", [OURS.named("ours")]);
    let header = r#"{"alg":"ES256"}"#;
    let input = format!("{}.{}", b64(header), b64(CLAIMS));
    let signature = OURS.sign(&input);
    let (r, s) = signature.split_at(32);
    let zero = [0; 32];
    let one = [&[0; 31][..], &[1]].concat();
    for (name, bytes, verdict) in [
        ("r and s", signature.clone(), ACCEPT),
        ("the other s, which ECDSA has as well", [r, &negated(s)].concat(), ACCEPT),
        ("s and r", [s, r].concat(), BAD),
        ("DER", der(r, s), BAD),
        ("DER filled up to 64 bytes", [der(r, s), vec![0; 64]].concat()[..64].to_vec(), BAD),
        ("r alone", r.to_vec(), BAD),
        ("one byte less", signature[..63].to_vec(), BAD),
        ("one byte more", [&signature[..], &[0]].concat(), BAD),
        ("a zero before", [&[0], &signature[..]].concat(), BAD),
        ("each number with a zero before", [&[0], r, &[0], s].concat(), BAD),
        ("twice", signature.repeat(2), BAD),
        ("a recovery byte behind", [&signature[..], &[27]].concat(), BAD),
        ("zeros", vec![0; 64], BAD),
        ("r zero", [&zero[..], s].concat(), BAD),
        ("s zero", [r, &zero].concat(), BAD),
        ("r the order", [&ORDER[..], s].concat(), BAD),
        ("s the order", [r, &ORDER].concat(), BAD),
        ("r one, s one", [&one[..], &one].concat(), BAD),
        ("all bits set", vec![0xff; 64], BAD),
        ("of another input", OURS.sign("another"), BAD),
        ("of the payload alone", OURS.sign(&b64(CLAIMS)), BAD),
        ("of the decoded segments", OURS.sign(&format!("{header}.{CLAIMS}")), BAD),
        ("by another key", OTHER.sign(&input), BAD),
        ("empty", Vec::new(), BAD),
    ] {
        tokens.add(name, format!("{input}.{}", b64(bytes)), verdict);
    }
    let hexadecimal: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    tokens.add("in hexadecimal", format!("{input}.{hexadecimal}"), BAD);

    let admin = CLAIMS.replace("alice", "admin");
    let moved = format!("{}.{}.{}", b64(header), b64(admin), b64(&signature));
    tokens.add("under another payload", moved, BAD);
    let spaced = format!("{}.{}.{}", b64(r#"{"alg":"ES256" }"#), b64(CLAIMS), b64(&signature));
    tokens.add("under the same header spelled otherwise", spaced, BAD);

    confusion(&mut tokens);
    for (name, alg) in [("none", "none"), ("None", "None"), ("no", "")] {
        let input = format!("{}.{}", b64(format!(r#"{{"alg":"{alg}"}}"#)), b64(CLAIMS));
        tokens.add(format!("{name} algorithm, no signature"), format!("{input}."), ALGORITHM);
        tokens.add(
            format!("{name} algorithm, the signature"),
            format!("{input}.{}", b64(OURS.sign(&input))),
            ALGORITHM,
        );
    }
    tokens.file
}

/// The code of HS256 under any bytes: as a secret of jwt-core they would be refused.
fn mac(secret: &[u8], input: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(input.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The public key as if it were a shared secret (RFC 8725 section 2.1).
fn confusion(tokens: &mut Tokens) {
    let key = OURS.private().verifying_key();
    let pem = key.to_pem().unwrap();
    let jwk = OURS.public();
    let x = jwk["x"].as_str().unwrap();
    for (name, secret) in [
        ("PEM", pem.as_bytes()),
        ("PEM without the last line feed", pem.trim_end().as_bytes()),
        ("a coordinate in base64url", x.as_bytes()),
        ("an empty secret", b""),
    ] {
        let input = format!("{}.{}", b64(r#"{"alg":"HS256"}"#), b64(CLAIMS));
        let tag = mac(secret, &input);
        tokens.add(format!("HMAC under the public key, {name}"), format!("{input}.{}", b64(tag)), ALGORITHM);
        let input = format!("{}.{}", b64(r#"{"alg":"ES256"}"#), b64(CLAIMS));
        let tag = mac(secret, &input);
        tokens.add(
            format!("HMAC under the public key called ES256, {name}"),
            format!("{input}.{}", b64(tag)),
            BAD,
        );
    }
}

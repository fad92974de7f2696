//! How the three segments are spelled. The signature fits the text as it stands, so that nothing but its
//! spelling is wrong.

use super::{ACCEPT, CLAIMS, Tokens, Verdict, b64, hs256};
use crate::vectors::own::File;

const HEADER: &str = r#"{"alg":"HS256"}"#;
/// Of a length that leaves bits in the last character.
const LONGER_HEADER: &str = r#"{"alg":"HS256" }"#;
const BAD: Verdict = Err("not_base64url");
const PARTS: Verdict = Err("not_three_segments");

/// The same text with the last character raised by one, which only changes bits that must be zero.
fn raised(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert!(text.len() % 4 > 1, "there are no such bits");
    let last = text.as_bytes()[text.len() - 1];
    let place = ALPHABET.iter().position(|one| *one == last).unwrap();
    let other = char::from(ALPHABET[place + 1]);
    format!("{}{other}", &text[..text.len() - 1])
}

pub(super) fn file() -> File {
    let mut tokens = Tokens::new(
        "Segments, and base64url without padding, white space or loose bits (RFC 7515 section 2).",
        hs256::keys(),
    );
    let (header, payload) = (b64(HEADER), b64(CLAIMS));
    let signed = |header: &str, payload: &str| hs256::sign_text(&format!("{header}.{payload}"));
    let good = signed(&header, &payload);
    let signature = good.rsplit_once('.').unwrap().1;
    let unsigned = format!("{header}.{payload}");
    tokens.add("plain", good.clone(), ACCEPT);

    // A header that the padding of base64 fits.
    let longer = b64(LONGER_HEADER);
    let padded = "=".repeat(4 - longer.len() % 4);
    tokens.add("header with loose bits that are zero", signed(&longer, &payload), ACCEPT);
    tokens.add("header padded", signed(&format!("{longer}{padded}"), &payload), BAD);
    tokens.add("header with padding that it does not need", signed(&format!("{header}===="), &payload), BAD);
    tokens.add("header with loose bits set", signed(&raised(&longer), &payload), BAD);
    let claims = format!("{CLAIMS} ");
    let tail = [CLAIMS, &claims].into_iter().find(|text| !b64(text).len().is_multiple_of(4)).unwrap();
    let loose = b64(tail);
    tokens.add("payload with loose bits that are zero", signed(&header, &loose), ACCEPT);
    tokens.add(
        "payload padded",
        signed(&header, &format!("{loose}{}", "=".repeat(4 - loose.len() % 4))),
        BAD,
    );
    tokens.add("payload padded by percent encoding", signed(&header, &format!("{loose}%3D")), BAD);
    tokens.add("payload with loose bits set", signed(&header, &raised(&loose)), BAD);
    tokens.add("signature padded", format!("{good}="), BAD);
    tokens.add("signature with loose bits set", format!("{unsigned}.{}", raised(signature)), BAD);

    // The other alphabet, where the two differ.
    let marks = r#"{"iss":"https://id.example/","aud":"api","exp":1800000600,"a":"~~~???>>>~?>"}"#;
    let text = b64(marks);
    assert!(text.contains('-') || text.contains('_'));
    tokens.add("payload with the marks of base64url", signed(&header, &text), ACCEPT);
    let other = text.replace('-', "+").replace('_', "/");
    tokens.add("payload with the marks of base64", signed(&header, &other), BAD);

    let (before, behind) = payload.split_at(8);
    for (name, between) in [
        ("a space", " "),
        ("a line feed", "\n"),
        ("a carriage return and line feed", "\r\n"),
        ("a tab", "\t"),
        ("a NUL", "\0"),
        ("a vertical tab", "\u{b}"),
        ("a no-break space", "\u{a0}"),
        ("a zero-width space", "\u{200b}"),
        ("a byte order mark", "\u{feff}"),
        ("a padding character", "="),
        ("a percent sign", "%"),
        ("a comma", ","),
        ("a tilde", "~"),
        ("a full-width letter", "\u{ff21}"),
        ("an Arabic digit", "\u{661}"),
    ] {
        let spelled = format!("{before}{between}{behind}");
        tokens.add(format!("payload with {name} inside"), signed(&header, &spelled), BAD);
    }
    for (name, space) in [("a space", " "), ("a line feed", "\n"), ("a tab", "\t"), ("a NUL", "\0")] {
        tokens.add(format!("{name} before the token"), format!("{space}{good}"), BAD);
        tokens.add(format!("{name} behind the token"), format!("{good}{space}"), BAD);
    }
    tokens.add("quotation marks around the token", format!("\"{good}\""), BAD);
    tokens.add("the scheme before the token", format!("Bearer {good}"), BAD);
    tokens.add("header of a length that no bytes have", signed(&format!("{header}A"), &payload), BAD);
    tokens.add("payload of a length that no bytes have", signed(&header, "A"), BAD);
    tokens.add("signature of a length that no bytes have", format!("{unsigned}.AAAAA"), BAD);

    tokens.add("payload empty", signed(&header, ""), Err("malformed_payload"));
    tokens.add("signature empty", format!("{unsigned}."), Err("bad_signature"));
    tokens.add("header empty", signed("", &payload), PARTS);
    tokens.add("nothing", "", PARTS);
    tokens.add("one segment", header.clone(), PARTS);
    tokens.add("two segments", unsigned.clone(), PARTS);
    tokens.add("four segments", format!("{good}.{signature}"), PARTS);
    tokens.add("a full stop behind the token", format!("{good}."), PARTS);
    tokens.add("a full stop before the token", format!(".{good}"), PARTS);
    tokens.add("five segments", format!("{good}.{signature}.{signature}"), Err("encrypted_token"));
    tokens.add("six segments", format!("{good}.a.a.a"), PARTS);
    tokens.add("segments parted by a full-width full stop", good.replace('.', "\u{ff0e}"), PARTS);
    tokens.add("two tokens", format!("{good},{good}"), Err("encrypted_token"));
    tokens.add(
        "16385 characters",
        format!("{unsigned}.{}", "A".repeat(16_385 - unsigned.len() - 1)),
        Err("token_too_long"),
    );
    tokens.add(
        "16384 characters",
        format!("{unsigned}.{}", "A".repeat(16_384 - unsigned.len() - 1)),
        Err("bad_signature"),
    );
    tokens.file
}

//! What a stranger may send to make a server work in vain.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::fixture::{Fixture, User, header, now};

/// Longest token that is looked at.
const LONGEST: usize = 16 * 1024;
/// Longest header that is looked at.
const LONGEST_HEADER: usize = 4 * 1024;

/// A name and a token that costs as much as its kind can.
pub type Row = (&'static str, String);

/// The tokens; `fixture` has the server's key.
#[must_use]
pub fn rows(fixture: &Fixture) -> Vec<Row> {
    let alg = fixture.algorithm.name();
    let usual_header = header(fixture.algorithm);
    let usual = serde_json::to_string(&User::at(now())).expect("claims");
    let signature = fixture.signature();
    let token = |header: &str, payload: &str| {
        let [header, payload, signature] =
            [header.as_bytes(), payload.as_bytes(), &signature].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{header}.{payload}.{signature}")
    };
    // Of a key that nobody has: what reaches the signature check costs that check in any case.
    let with_header = |body: String| token(&format!("{{\"alg\":\"{alg}\",\"kid\":\"-\"{body}}}"), &usual);
    let room = LONGEST_HEADER - 48;
    let many_members: String = (0..room / 12).map(|n| format!(",\"m{n:03}\":1234")).collect();
    let same_prefix: String = (0..40).map(|n| format!(",\"{}{n:02}\":0", "p".repeat(90))).collect();
    let many_values = format!(",\"a\":[{}0]", "0,".repeat(room / 2 - 8));
    let filler = "x".repeat(LONGEST * 3 / 4 - 600);
    vec![
        ("16 KiB of garbage", "x".repeat(LONGEST)),
        ("16 KiB of bytes that are no text", "\u{fffd}".repeat(LONGEST / 3)),
        ("16 KiB of dots", ".".repeat(LONGEST)),
        ("1 MB of dots", ".".repeat(1_000_000)),
        ("a header of 4 KiB with many members", with_header(many_members)),
        ("a header of 4 KiB whose names are nearly the same", with_header(same_prefix)),
        ("a header of 4 KiB with many values", with_header(many_values)),
        ("a header of 4 KiB with nested arrays", with_header(format!(",\"a\":{}", "[".repeat(room - 8)))),
        (
            "a header of 4 KiB with a long `kid`",
            token(&format!("{{\"alg\":\"{alg}\",\"kid\":\"{}\"}}", "k".repeat(room)), &usual),
        ),
        (
            "a header of 4 KiB of escapes",
            with_header(format!(",\"a\":\"{}\"", "\\u00e9".repeat(room / 6 - 2))),
        ),
        ("a header of 12 KiB", with_header(format!(",\"a\":\"{}\"", "x".repeat(11_000)))),
        ("a bogus `kid`", with_header(String::new())),
        (
            "a bogus `kid` before a payload of 12 KiB",
            token(&format!("{{\"alg\":\"{alg}\",\"kid\":\"2021-04\"}}"), &filler),
        ),
        ("`alg` of another family", token(r#"{"alg":"HS256"}"#, &usual)),
        ("a signature of another length", token(&usual_header, &usual)[..400].to_owned()),
    ]
}

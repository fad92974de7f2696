//! Which key a token names.

use super::{ACCEPT, CLAIMS, ED25519, OTHER, OURS, Tokens, Verdict};
use crate::vectors::own::File;

const UNKNOWN: Verdict = Err("unknown_key");

/// Two keys of one type, and one of another type under a `kid` that is taken.
pub(super) fn named() -> File {
    let keys = [OURS.named("one"), OTHER.named("two"), ED25519.named("one")];
    let mut tokens = Tokens::new("Three keys, two of which share a kid but not a type.", keys);
    let header = |alg: &str, kid: &str| format!(r#"{{"alg":"{alg}","kid":{kid}}}"#);
    let one = r#""one""#;
    let two = r#""two""#;
    for (name, alg, kid, key, verdict) in [
        ("the first by its kid", "ES256", one, &OURS, ACCEPT),
        ("the second by its kid", "ES256", two, &OTHER, ACCEPT),
        ("the third by a kid that is shared", "EdDSA", one, &ED25519, ACCEPT),
        ("kid escaped", "ES256", r#""\u006fne""#, &OURS, ACCEPT),
        ("the kid of another key", "ES256", two, &OURS, Err("bad_signature")),
        ("the kid of another key, the other way round", "ES256", one, &OTHER, Err("bad_signature")),
        ("the algorithm of the other key of this kid", "ES256", one, &ED25519, Err("bad_signature")),
        ("the kid of a key of another type", "EdDSA", two, &ED25519, Err("key_algorithm_mismatch")),
        ("kid in other letters", "ES256", r#""One""#, &OURS, UNKNOWN),
        ("kid with a space", "ES256", r#""one ""#, &OURS, UNKNOWN),
        ("kid with a NUL", "ES256", r#""one\u0000""#, &OURS, UNKNOWN),
        ("kid with a NUL and more", "ES256", r#""one\u0000two""#, &OURS, UNKNOWN),
        ("a prefix of a kid", "ES256", r#""on""#, &OURS, UNKNOWN),
        ("kid empty", "ES256", r#""""#, &OURS, UNKNOWN),
        ("kid of a full-width letter", "ES256", "\"on\u{ff45}\"", &OURS, UNKNOWN),
        ("kid of a path", "ES256", r#""../../../dev/null""#, &OURS, UNKNOWN),
        ("kid of a query", "ES256", r#""x' UNION SELECT 'key' --""#, &OURS, UNKNOWN),
        ("kid of a command", "ES256", r#""one|id""#, &OURS, UNKNOWN),
        ("kid of an address", "ES256", r#""https://evil.example/key""#, &OURS, UNKNOWN),
        ("kid of a property", "ES256", r#""__proto__""#, &OURS, UNKNOWN),
        ("kid of an index", "ES256", r#""0""#, &OURS, UNKNOWN),
        ("kid a number", "ES256", "1", &OURS, Err("malformed_header")),
        ("kid null", "ES256", "null", &OURS, Err("malformed_header")),
        ("kid true", "ES256", "true", &OURS, Err("malformed_header")),
        ("kid a list", "ES256", r#"["one"]"#, &OURS, Err("malformed_header")),
        ("kid an object", "ES256", r#"{"one":1}"#, &OURS, Err("malformed_header")),
    ] {
        tokens.add(name, key.token(header(alg, kid), CLAIMS), verdict);
    }
    for len in [256, 257, 2000] {
        let kid = format!("\"{}\"", "k".repeat(len));
        tokens.add(format!("kid of {len} bytes"), OURS.token(header("ES256", &kid), CLAIMS), UNKNOWN);
    }
    let without = |alg: &str| format!(r#"{{"alg":"{alg}"}}"#);
    tokens.add("no kid, two keys fit", OURS.token(without("ES256"), CLAIMS), Err("ambiguous_key"));
    tokens.add("no kid, one key fits", ED25519.token(without("EdDSA"), CLAIMS), ACCEPT);
    tokens.file
}

/// A set in which no key has a name.
pub(super) fn nameless() -> File {
    let mut tokens = Tokens::new(
        "One key without a kid: nothing contradicts it, whatever the token says.",
        [OURS.public()],
    );
    for (name, header, verdict) in [
        ("no kid", r#"{"alg":"ES256"}"#, ACCEPT),
        ("a kid", r#"{"alg":"ES256","kid":"one"}"#, ACCEPT),
        ("another kid", r#"{"alg":"ES256","kid":"two"}"#, ACCEPT),
        ("an empty kid", r#"{"alg":"ES256","kid":""}"#, ACCEPT),
        ("a kid that is no string", r#"{"alg":"ES256","kid":1}"#, Err("malformed_header")),
        ("a kid and another algorithm", r#"{"alg":"ES384","kid":"one"}"#, Err("algorithm_not_allowed")),
    ] {
        tokens.add(name, OURS.token(header, CLAIMS), verdict);
    }
    tokens.add("signed by another key", OTHER.token(r#"{"alg":"ES256"}"#, CLAIMS), Err("bad_signature"));
    let long = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(257));
    tokens.add("a kid of 257 bytes", OURS.token(long, CLAIMS), UNKNOWN);
    tokens.file
}

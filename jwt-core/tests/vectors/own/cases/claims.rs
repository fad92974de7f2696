//! The types and values of registered claims (RFC 7519 section 4.1).

use super::{ACCEPT, NOW, Tokens, Verdict, hs256};
use crate::vectors::own::File;

const MALFORMED: Verdict = Err("malformed_claim");
const MISSING: Verdict = Err("missing_claim");
const EXPIRED: Verdict = Err("expired");
const EARLY: Verdict = Err("not_yet_valid");
const FUTURE: Verdict = Err("issued_in_future");
const AUDIENCE: Verdict = Err("wrong_audience");
const ISSUER: Verdict = Err("wrong_issuer");
const BOUND: Verdict = Err("sender_constraint");

/// Values of a date that are none, whatever the claim.
const NO_DATES: &[(&str, &str)] = &[
    ("a string of digits", r#""1800000000""#),
    ("an empty string", r#""""#),
    ("a date in words", r#""2027-01-15T08:00:00Z""#),
    ("null", "null"),
    ("true", "true"),
    ("false", "false"),
    ("an array", "[1800000000]"),
    ("an object", r#"{"$numberLong":"1800000000"}"#),
    ("negative", "-1"),
    ("negative zero", "-0"),
    ("negative by a fraction", "-0.5"),
    ("beyond the year 9999", "253402300800"),
    ("in milliseconds", "1800000000000"),
    ("the largest of 64 bits with a sign", "9223372036854775807"),
    ("one more than 64 bits", "18446744073709551616"),
    ("fifty digits", "99999999999999999999999999999999999999999999999999"),
    ("an exponent beyond a double", "1e400"),
    ("an exponent beyond 32 bits", "1e99999999999"),
];

pub(super) fn file() -> File {
    let mut tokens =
        Tokens::new("Registered claims: their types, their bounds, who the token is for.", hs256::keys());
    dates(&mut tokens);
    people(&mut tokens);
    others(&mut tokens);
    tokens.file
}

/// The usual claims with one of them another, or none where the value is empty.
fn with(claim: &str, value: &str) -> String {
    let mut members = Vec::new();
    let usual = [("iss", r#""https://id.example/""#), ("aud", r#""api""#), ("exp", "1800000600")];
    for (name, usual) in usual {
        if name != claim {
            members.push(format!("\"{name}\":{usual}"));
        }
    }
    if !value.is_empty() {
        members.push(format!("\"{claim}\":{value}"));
    }
    format!("{{{}}}", members.join(","))
}

fn add(tokens: &mut Tokens, claim: &str, name: &str, value: &str, verdict: Verdict) {
    tokens.add(format!("{claim}: {name}"), hs256::token(with(claim, value)), verdict);
}

/// As [`add`], at another time.
fn add_at(tokens: &mut Tokens, claim: &str, now: u64, name: &str, value: &str, verdict: Verdict) {
    tokens.add_at(format!("{claim}: {name}"), hs256::token(with(claim, value)), now, verdict);
}

fn dates(tokens: &mut Tokens) {
    for claim in ["exp", "nbf", "iat", "auth_time"] {
        for (name, value) in NO_DATES {
            add(tokens, claim, name, value, MALFORMED);
        }
    }
    for (name, value, verdict) in [
        ("absent", "", MISSING),
        ("whole seconds", "1800000600", ACCEPT),
        ("a fraction", "1800000600.5", ACCEPT),
        ("a fraction of many digits", "1800000600.123456789012345678901234567890", ACCEPT),
        ("a fraction of zeros", "1800000600.000", ACCEPT),
        ("an exponent", "18000006e2", ACCEPT),
        ("an exponent with a sign", "1.8000006E+9", ACCEPT),
        ("a negative exponent", "18000006000e-1", ACCEPT),
        ("the last second of the year 9999", "253402300799", ACCEPT),
        ("zero", "0", EXPIRED),
        ("zero with a fraction", "0.0", EXPIRED),
        ("zero with an exponent", "0e9", EXPIRED),
        ("a number too small for a double", "1e-400", EXPIRED),
        ("long ago", "1", EXPIRED),
    ] {
        add(tokens, "exp", name, value, verdict);
    }
    let exp = "1800000000";
    for (name, value, now, verdict) in [
        ("within the leeway", exp, NOW + 29, ACCEPT),
        ("the end of the leeway", exp, NOW + 30, EXPIRED),
        ("a fraction within the leeway", "1800000000.5", NOW + 30, ACCEPT),
        ("a fraction behind the leeway", "1800000000.5", NOW + 31, EXPIRED),
        ("a nanosecond within the leeway", "1800000000.000000001", NOW + 30, ACCEPT),
        ("an exponent within the leeway", "1.8e9", NOW + 29, ACCEPT),
        ("an exponent at the end of the leeway", "1.8e9", NOW + 30, EXPIRED),
        ("a billion seconds behind", exp, 2_800_000_000, EXPIRED),
    ] {
        add_at(tokens, "exp", now, name, value, verdict);
    }
    for (claim, early) in [("nbf", EARLY), ("iat", FUTURE)] {
        for (name, value, verdict) in [
            ("now", "1800000000", ACCEPT),
            ("zero", "0", ACCEPT),
            ("a fraction in the past", "1799999999.9", ACCEPT),
            ("the end of the leeway", "1800000030", ACCEPT),
            ("a nanosecond behind the leeway", "1800000030.000000001", early),
            ("a second behind the leeway", "1800000031", early),
            ("a second behind the leeway, as an exponent", "1.800000031e9", early),
            ("the year 9999", "253402300799", early),
        ] {
            add(tokens, claim, name, value, verdict);
        }
    }
    add(tokens, "auth_time", "a fraction", "1799999999.25", ACCEPT);
}

/// `iss`, `aud` and `sub`.
fn people(tokens: &mut Tokens) {
    for (name, value, verdict) in [
        ("absent", "", MISSING),
        ("ours", r#""api""#, ACCEPT),
        ("ours, escaped", r#""\u0061pi""#, ACCEPT),
        ("a list of ours", r#"["api"]"#, ACCEPT),
        ("a list with ours", r#"["web","api"]"#, ACCEPT),
        ("a list with ours twice", r#"["api","api"]"#, ACCEPT),
        ("another", r#""web""#, AUDIENCE),
        ("a list of others", r#"["web","mobile"]"#, AUDIENCE),
        ("in capitals", r#""API""#, AUDIENCE),
        ("a prefix of ours", r#""ap""#, AUDIENCE),
        ("ours with more behind it", r#""api2""#, AUDIENCE),
        ("ours and a slash", r#""api/""#, AUDIENCE),
        ("ours and a space", r#""api ""#, AUDIENCE),
        ("ours and a NUL", r#""api\u0000""#, AUDIENCE),
        ("several in one string, with spaces", r#""web api""#, AUDIENCE),
        ("several in one string, with commas", r#""web,api""#, AUDIENCE),
        ("ours in pieces", r#"["a","pi"]"#, AUDIENCE),
        ("a wildcard", r#""*""#, AUDIENCE),
        ("an empty list", "[]", MALFORMED),
        ("an empty string", r#""""#, MALFORMED),
        ("a list of an empty string", r#"[""]"#, MALFORMED),
        ("a list with ours and an empty string", r#"["api",""]"#, MALFORMED),
        ("a list with ours and a number", r#"["api",1]"#, MALFORMED),
        ("a list with ours and null", r#"["api",null]"#, MALFORMED),
        ("a list of a list", r#"[["api"]]"#, MALFORMED),
        ("an object", r#"{"api":true}"#, MALFORMED),
        ("an object like a list", r#"{"0":"api","length":1}"#, MALFORMED),
        ("a number", "0", MALFORMED),
        ("true", "true", MALFORMED),
        ("null", "null", MALFORMED),
    ] {
        add(tokens, "aud", name, value, verdict);
    }
    for (name, value, verdict) in [
        ("absent", "", MISSING),
        ("ours", r#""https://id.example/""#, ACCEPT),
        ("ours, escaped", r#""https:\/\/id.example\/""#, ACCEPT),
        ("without the slash", r#""https://id.example""#, ISSUER),
        ("with a second slash", r#""https://id.example//""#, ISSUER),
        ("in capitals", r#""https://ID.EXAMPLE/""#, ISSUER),
        ("over http", r#""http://id.example/""#, ISSUER),
        ("with its port", r#""https://id.example:443/""#, ISSUER),
        ("with more behind it", r#""https://id.example/evil""#, ISSUER),
        ("ours behind another", r#""https://evil.example/https://id.example/""#, ISSUER),
        ("with a space", r#""https://id.example/ ""#, ISSUER),
        ("with a Cyrillic letter", "\"https://id.ex\u{430}mple/\"", ISSUER),
        ("an empty string", r#""""#, ISSUER),
        ("a list of ours", r#"["https://id.example/"]"#, MALFORMED),
        ("a list with ours", r#"["https://evil.example/","https://id.example/"]"#, MALFORMED),
        ("an object", r#"{"https://id.example/":1}"#, MALFORMED),
        ("a number", "1", MALFORMED),
        ("true", "true", MALFORMED),
        ("null", "null", MALFORMED),
    ] {
        add(tokens, "iss", name, value, verdict);
    }
    for (claim, name, value, verdict) in [
        ("sub", "absent", "", ACCEPT),
        ("sub", "a string", r#""alice""#, ACCEPT),
        ("sub", "an empty string", r#""""#, ACCEPT),
        ("sub", "beyond the first plane", r#""\ud83d\ude00""#, ACCEPT),
        ("sub", "a number", "42", MALFORMED),
        ("sub", "zero", "0", MALFORMED),
        ("sub", "true", "true", MALFORMED),
        ("sub", "null", "null", MALFORMED),
        ("sub", "a list", r#"["alice"]"#, MALFORMED),
        ("sub", "an object", r#"{"$ne":""}"#, MALFORMED),
    ] {
        add(tokens, claim, name, value, verdict);
    }
}

/// What is read as a string wherever it is there, and what binds a token to its sender (RFC 7800).
fn others(tokens: &mut Tokens) {
    for claim in ["jti", "sid", "client_id", "acr"] {
        add(tokens, claim, "a string", r#""a""#, ACCEPT);
        for (name, value) in
            [("a number", "1"), ("null", "null"), ("a list", r#"["a"]"#), ("an object", "{}")]
        {
            add(tokens, claim, name, value, MALFORMED);
        }
    }
    for (name, value) in [
        ("the thumbprint of a key", r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#),
        ("the thumbprint of a certificate", r#"{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}"#),
        ("a key", r#"{"jwk":{"kty":"oct","k":"AA"}}"#),
        ("a name that nobody knows", r#"{"new":1}"#),
        ("empty", "{}"),
        ("null", "null"),
        ("a string", r#""a""#),
        ("a list", "[]"),
    ] {
        add(tokens, "cnf", name, value, BOUND);
    }
    for (name, value) in [
        ("a list of strings", r#"["admin"]"#),
        ("an object", r#"{"a":1}"#),
        ("null", "null"),
        ("a number that no double holds", "1e999"),
    ] {
        add(tokens, "unknown", name, value, ACCEPT);
    }
}

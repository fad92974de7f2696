//! Tokens in the shapes of libraries of other languages: which members, in which order, written how.
//!
//! They are made here with the keys of these files, by what the libraries' documentation and sources say. None of the
//! libraries was run.

use serde_json::{Value, json};

use super::{ACCEPT, File, OTHER, OURS, Tokens, b64, hs256};

const ALGORITHM: super::Verdict = Err("algorithm_not_allowed");

fn not_run(library: &str) -> String {
    format!(
        "Tokens in the shapes of {library}, as it is documented. Made by this project; {library} was not run."
    )
}

/// Java: `alg` last, behind what the application set; an array of audiences unless one is asked for.
pub(super) fn jjwt() -> File {
    let mut tokens = Tokens::new(&not_run("jjwt"), [OURS.named("ours")]);
    let claims = r#"{"iss":"https://id.example/","sub":"alice","aud":["api"],"exp":1800000600,"nbf":1800000000,"iat":1800000000,"jti":"6f1c"}"#;
    let single = claims.replace(r#"["api"]"#, r#""api""#);
    let several = claims.replace(r#"["api"]"#, r#"["web","api"]"#);
    for (name, header, payload, verdict) in [
        ("alg alone, aud in an array", r#"{"alg":"ES256"}"#, claims, ACCEPT),
        ("kid before alg", r#"{"kid":"ours","alg":"ES256"}"#, claims, ACCEPT),
        ("typ, kid and alg", r#"{"typ":"JWT","kid":"ours","alg":"ES256"}"#, claims, ACCEPT),
        ("one audience", r#"{"kid":"ours","alg":"ES256"}"#, &single, ACCEPT),
        ("several audiences", r#"{"kid":"ours","alg":"ES256"}"#, &several, ACCEPT),
        (
            "dates of one's own as text",
            r#"{"alg":"ES256"}"#,
            &claims.replace('}', r#","birthday":"1990-05-17T00:00:00.000Z"}"#),
            ACCEPT,
        ),
        ("expired", r#"{"alg":"ES256"}"#, &claims.replace("1800000600", "1799990000"), Err("expired")),
    ] {
        tokens.add(name, OURS.token(header, payload), verdict);
    }
    let compressed = OURS.token(r#"{"zip":"DEF","alg":"ES256"}"#, zlib(claims.as_bytes()));
    tokens.add("compressed", compressed, Err("compressed_token"));
    let unsecured = format!("{}.{}.", b64(r#"{"alg":"none"}"#), b64(claims));
    tokens.add("unsecured", unsecured, ALGORITHM);
    tokens.file
}

/// Java: `alg` and `typ`; in older versions in the order of a hash map.
pub(super) fn java_jwt() -> File {
    let mut tokens = Tokens::new(&not_run("java-jwt"), hs256::keys());
    let claims = r#"{"iss":"https://id.example/","sub":"alice","aud":"api","exp":1800000600,"nbf":1800000000,"iat":1800000000,"jti":"6f1c"}"#;
    let sorted = r#"{"aud":"api","exp":1800000600,"iat":1800000000,"iss":"https://id.example/","jti":"6f1c","nbf":1800000000,"sub":"alice"}"#;
    for (name, header, payload, verdict) in [
        ("alg before typ", r#"{"alg":"HS256","typ":"JWT"}"#, claims, ACCEPT),
        ("typ before alg", r#"{"typ":"JWT","alg":"HS256"}"#, sorted, ACCEPT),
        ("kid before both", r#"{"kid":"2026-01","alg":"HS256","typ":"JWT"}"#, claims, ACCEPT),
        ("kid before both, typ first", r#"{"kid":"2026-01","typ":"JWT","alg":"HS256"}"#, sorted, ACCEPT),
        ("typ of one's own", r#"{"typ":"at+jwt","alg":"HS256"}"#, claims, ACCEPT),
        (
            "audiences in an array",
            r#"{"alg":"HS256","typ":"JWT"}"#,
            &claims.replace(r#""api""#, r#"["web","api"]"#),
            ACCEPT,
        ),
        (
            "arrays, maps and null",
            r#"{"alg":"HS256","typ":"JWT"}"#,
            &claims
                .replace('}', r#","roles":["a","b"],"address":{"city":"Graz"},"nickname":null,"share":0.5}"#),
            ACCEPT,
        ),
        (
            "no exp",
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"iss":"https://id.example/","aud":"api"}"#,
            Err("missing_claim"),
        ),
    ] {
        tokens.add(name, hs256::sign(header, payload), verdict);
    }
    let none = format!("{}.{}.", b64(r#"{"alg":"none","typ":"JWT"}"#), b64(claims));
    tokens.add("none", none, ALGORITHM);
    tokens.file
}

/// PHP: `typ` first, the application's members, `alg`, `kid` last; the JSON of `json_encode`.
pub(super) fn php_jwt() -> File {
    let mut tokens = Tokens::new(&not_run("firebase/php-jwt"), hs256::keys());
    let header = r#"{"typ":"JWT","alg":"HS256"}"#;
    let claims = r#"{"iss":"https://id.example/","aud":"api","sub":"alice","iat":1800000000,"nbf":1800000000,"exp":1800000600}"#;
    for (name, header, payload, verdict) in [
        ("typ before alg", header, claims, ACCEPT),
        ("kid at the end", r#"{"typ":"JWT","alg":"HS256","kid":"key1"}"#, claims, ACCEPT),
        (
            "members of one's own before alg",
            r#"{"typ":"JWT","x-forwarded-for":"web","alg":"HS256","kid":"key1"}"#,
            claims,
            ACCEPT,
        ),
        ("escaped slashes", header, &claims.replace('/', r"\/"), ACCEPT),
        ("escaped text", header, &claims.replace('}', r#","name":"Zo\u00eb \ud83e\udd80"}"#), ACCEPT),
        ("dates by microtime", header, &claims.replace("1800000000", "1800000000.1234"), ACCEPT),
        ("an empty array for an empty object", header, &claims.replace('}', r#","address":[]}"#), ACCEPT),
        ("a number for sub", header, &claims.replace(r#""alice""#, "42"), Err("malformed_claim")),
        ("exp as text", header, &claims.replace("1800000600", r#""1800000600""#), Err("malformed_claim")),
        ("nothing at all, an empty array", header, "[]", Err("malformed_payload")),
    ] {
        tokens.add(name, hs256::sign(header, payload), verdict);
    }
    tokens.file
}

/// A certificate of [`OURS`] and one of [`OTHER`], self-signed for these files, each with its SHA-1 in hexadecimal and
/// in base64url.
const CERTIFICATES: [[&str; 3]; 2] = [
    [
        "995F460EB9417ED96A6C4E308F7E2C20938393CD",
        "mV9GDrlBftlqbE4wj34sIJODk80",
        "MIIBFjCBvaADAgECAgEBMAoGCCqGSM49BAMCMBUxEzARBgNVBAMMCmlkLmV4YW1wbGUwHhcNMjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAwWjAVMRMwEQYDVQQDDAppZC5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzFYdcDtdeiWXJyPRzuD2d7NT55Y88THe/WrjHr42nGN7/aHfySSP0Vzi8N7VLE/2moiAcgARdr9tFs6GamNPijAKBggqhkjOPQQDAgNIADBFAiEA3oS9e122/iUFuQ7Bz3VwfReG1QEndmJlotHkWSnOuw8CIBqYaqCpRhiaJ+o7O27wBONJzcHYY14Fc53T/XqhkNzO",
    ],
    [
        "DEEF2327AC68548333D7FD369BD534C3AC4D88C5",
        "3u8jJ6xoVIMz1_02m9U0w6xNiMU",
        "MIIBFzCBvaADAgECAgEBMAoGCCqGSM49BAMCMBUxEzARBgNVBAMMCmlkLmV4YW1wbGUwHhcNMjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAwWjAVMRMwEQYDVQQDDAppZC5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEM1ZTHB+qu2/IL9qM24Pan3elESeNVpQMGNn3aLRA1bLqnulUdTIZ2fYvB6abQN5fcQch0pVZo1T/By8KDB9/rzAKBggqhkjOPQQDAgNJADBGAiEApwqwBsp7cEAXMgbW8YXQ5xxxw7PgikvSqZYbvfRBwe8CIQCh4d9p7+bivGGcL05TdRL25ihOq/Vceke5pLpXMyq/Fw==",
    ],
];

/// .NET: keys by the thumbprint of their certificate, in `kid` and `x5t`; claims under the names of SOAP.
pub(super) fn system_identitymodel() -> File {
    let [[ours, ours_x5t, ours_x5c], [_, other_x5t, other_x5c]] = CERTIFICATES;
    let published = |mut jwk: Value, x5t: &str, x5c: &str| {
        jwk["use"] = "sig".into();
        jwk["x5t"] = x5t.into();
        jwk["x5c"] = json!([x5c]);
        jwk
    };
    // The one names its key in hexadecimal, the other as its `x5t`: both are in use.
    let keys = [
        published(OURS.named(ours), ours_x5t, ours_x5c),
        published(OTHER.named(other_x5t), other_x5t, other_x5c),
    ];
    let mut tokens = Tokens::new(&not_run("System.IdentityModel"), keys);
    let header = format!(r#"{{"alg":"ES256","kid":"{ours}","x5t":"{ours_x5t}","typ":"JWT"}}"#);
    let claims = r#"{"nameid":"alice","unique_name":"Alice","role":["admin","user"],"nbf":1800000000,"exp":1800000600,"iat":1800000000,"iss":"https://id.example/","aud":"api"}"#;
    let soap = claims
        .replace("nameid", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier")
        .replace("unique_name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name")
        .replace("role", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role");
    for (name, payload, verdict) in [
        ("kid in hexadecimal and x5t, short names of claims", claims, ACCEPT),
        ("names of claims from SOAP", &*soap, ACCEPT),
        ("one role, as text", &claims.replace(r#"["admin","user"]"#, r#""user""#), ACCEPT),
        ("escaped text", &claims.replace("Alice", r"Zo\u00EB \u0026 \u002B"), ACCEPT),
        ("several audiences", &claims.replace(r#""api""#, r#"["web","api"]"#), ACCEPT),
        (
            "an address of an audience",
            &claims.replace(r#""api""#, r#""https://api.example/""#),
            Err("wrong_audience"),
        ),
        ("expired", &claims.replace("1800000600", "1799990000"), Err("expired")),
    ] {
        tokens.add(name, OURS.token(&header, payload), verdict);
    }
    let entra = format!(r#"{{"typ":"JWT","alg":"ES256","x5t":"{other_x5t}","kid":"{other_x5t}"}}"#);
    tokens.add("kid and x5t alike, typ first", OTHER.token(entra, claims), ACCEPT);
    let x5t_alone = format!(r#"{{"typ":"JWT","alg":"ES256","x5t":"{ours_x5t}"}}"#);
    tokens.add("x5t without kid, which chooses no key", OURS.token(x5t_alone, claims), Err("ambiguous_key"));
    let small = header.replace(ours, &ours.to_lowercase());
    tokens.add("kid in small letters", OURS.token(small, claims), Err("unknown_key"));
    let address = header.replace("ES256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256");
    tokens.add("alg as an address of XML signatures", OURS.token(address, claims), ALGORITHM);
    let nested = header.replace('}', r#","cty":"JWT"}"#);
    tokens.add("cty JWT", OURS.token(nested, claims), Err("nested_token"));
    let unsigned = format!("{}.{}.", b64(r#"{"alg":"none","typ":"JWT"}"#), b64(claims));
    tokens.add("unsigned", unsigned, ALGORITHM);
    tokens.file
}

/// RFC 1950 around one stored block: a compressed text that takes no compressor.
fn zlib(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(text);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in text {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend(((b << 16) | a).to_be_bytes());
    out
}

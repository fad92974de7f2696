//! Where jsonwebtoken with `iss`, `aud` and `exp` required answers otherwise, by name, whatever the algorithm. The
//! target `differential` looks for what is not on these lists.

use fuzz::fixture::{AUDIENCE, COMPARED, Compared, ISSUER, sign, verifier};
use fuzz::oracle;
use jwt_core::{Reason, SystemClock, Verifier};

/// The rows are written for HS256; [`signed`] puts the algorithm of the key in its place.
const HEADER: &str = r#"{"alg":"HS256"}"#;

fn signed(key: &Compared, header: &str, payload: &str) -> String {
    sign(&key.signing, header.replace("HS256", key.algorithm().name()).as_bytes(), payload.as_bytes())
}

/// A good payload with more members.
fn payload(more: &str) -> String {
    format!(r#"{{"iss":"https://id.example.com/","aud":"https://api.example.com","exp":4102444800{more}}}"#)
}

fn ours(key: &Compared, token: &str) -> Result<(), Reason> {
    let verifier = verifier(key.keys()).with_clock(SystemClock);
    verifier.verify(token).map(|_| ()).map_err(|error| error.reason())
}

fn both_accept(key: &Compared, token: &str) -> bool {
    ours(key, token).is_ok() && oracle::accepts(key.algorithm(), token).is_ok()
}

fn both_refuse(key: &Compared, token: &str) -> bool {
    ours(key, token).is_err() && oracle::accepts(key.algorithm(), token).is_err()
}

#[test]
fn both_accept_what_is_good_and_refuse_what_is_not() {
    let good = payload(r#","nbf":1,"iat":1,"sub":"alice","jti":"1","roles":["a"]"#);
    for key in &*COMPARED {
        for header in [HEADER, r#"{"alg":"HS256","typ":"JWT","kid":"1"}"#] {
            assert!(both_accept(key, &signed(key, header, &good)), "{} {header}", key.algorithm());
        }
    }
    for (header, payload) in [
        (r#"{"alg":"none"}"#, payload("")),
        (r#"{"alg":"HS384"}"#, payload("")),
        (r#"{"typ":"JWT"}"#, payload("")),
        (HEADER, payload(r#","nbf":4102444800"#)),
        (HEADER, payload(r#","nbf":"1""#)),
        (HEADER, payload("").replace("4102444800", "1")),
        (HEADER, payload("").replace("4102444800", r#""4102444800""#)),
        (HEADER, payload("").replace("api.", "apis.")),
        (HEADER, payload("").replace("id.", "ids.")),
        (HEADER, payload("").replace(r#""exp""#, r#""exq""#)),
        (HEADER, payload("").replace('}', "")),
    ] {
        for key in &*COMPARED {
            let token = signed(key, header, &payload);
            assert!(both_refuse(key, &token), "{} {header} {payload}", key.algorithm());
        }
    }
}

#[test]
fn both_ask_for_nbf_where_it_is_required() {
    for key in &*COMPARED {
        let verifier = Verifier::builder()
            .with_keys(key.keys())
            .with_audience(AUDIENCE)
            .with_issuer(ISSUER)
            .require_claim("nbf")
            .build()
            .unwrap();
        for (more, good) in [
            (r#","nbf":1"#, true),
            (r#","nbf":1.5"#, true),
            ("", false),
            (r#","nbf":null"#, false),
            (r#","nbf":4102444800"#, false),
        ] {
            let (algorithm, token) = (key.algorithm(), signed(key, HEADER, &payload(more)));
            assert_eq!(verifier.verify(&token).is_ok(), good, "{algorithm} {more}");
            assert_eq!(oracle::accepts_with_nbf(algorithm, &token).is_ok(), good, "{algorithm} {more}");
        }
    }
}

#[test]
fn a_token_of_another_algorithm_is_refused_by_both() {
    for key in &*COMPARED {
        for other in COMPARED.iter().filter(|other| other.algorithm() != key.algorithm()) {
            for named in [key, other] {
                let header = format!(r#"{{"alg":"{}"}}"#, named.algorithm());
                let token = sign(&other.signing, header.as_bytes(), payload("").as_bytes());
                assert!(
                    both_refuse(key, &token),
                    "{header} by {} for {}",
                    other.algorithm(),
                    key.algorithm()
                );
            }
        }
    }
}

/// What jsonwebtoken accepts and we refuse. A row that it learns to refuse fails, and is then taken out.
#[test]
fn we_are_stricter_about_these() {
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let long = |bytes: usize| "x".repeat(bytes);
    let rows: Vec<(&str, String, String, Reason)> = vec![
        // Headers.
        ("a name twice", r#"{"alg":"HS256","x":1,"x":2}"#.into(), payload(""), Reason::DuplicateMember),
        ("crit", r#"{"alg":"HS256","crit":["exp"]}"#.into(), payload(""), Reason::CriticalExtension),
        ("b64", r#"{"alg":"HS256","b64":true}"#.into(), payload(""), Reason::UnencodedPayload),
        (
            "a key in it",
            r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#.into(),
            payload(""),
            Reason::EmbeddedKey,
        ),
        ("zip", r#"{"alg":"HS256","zip":"DEF"}"#.into(), payload(""), Reason::Compressed),
        ("enc", r#"{"alg":"HS256","enc":"A128GCM"}"#.into(), payload(""), Reason::Encrypted),
        ("p2c", r#"{"alg":"HS256","p2c":1}"#.into(), payload(""), Reason::Encrypted),
        ("a token in a token", r#"{"alg":"HS256","cty":"JWT"}"#.into(), payload(""), Reason::Nested),
        ("another kind by typ", r#"{"alg":"HS256","typ":"dpop+jwt"}"#.into(), payload(""), Reason::WrongType),
        ("null as a text", r#"{"alg":"HS256","kid":null}"#.into(), payload(""), Reason::MalformedHeader),
        ("a deep header", format!(r#"{{"alg":"HS256","x":{}}}"#, deep(4)), payload(""), Reason::TooDeep),
        (
            "a long header",
            format!(r#"{{"alg":"HS256","x":"{}"}}"#, long(4_096)),
            payload(""),
            Reason::HeaderTooLong,
        ),
        (
            "a long kid",
            format!(r#"{{"alg":"HS256","kid":"{}"}}"#, long(257)),
            payload(""),
            Reason::UnknownKey,
        ),
        // Payloads.
        ("a name twice", HEADER.into(), payload(r#","role":"a","role":"b""#), Reason::DuplicateMember),
        ("a name twice below", HEADER.into(), payload(r#","x":{"a":1,"a":2}"#), Reason::DuplicateMember),
        ("half a character", HEADER.into(), payload(r#","x":"\ud800""#), Reason::MalformedPayload),
        ("a deep payload", HEADER.into(), payload(&format!(r#","x":{}"#, deep(32))), Reason::TooDeep),
        (
            "a long token",
            HEADER.into(),
            payload(&format!(r#","x":"{}""#, long(16_384))),
            Reason::TokenTooLong,
        ),
        (
            "an array",
            HEADER.into(),
            r#"[4102444800,1,null,"https://id.example.com/","https://api.example.com"]"#.into(),
            Reason::MalformedPayload,
        ),
        (
            "an array of issuers",
            HEADER.into(),
            payload("").replace(r#""https://id.example.com/""#, r#"["https://id.example.com/"]"#),
            Reason::MalformedClaim,
        ),
        (
            "an empty recipient",
            HEADER.into(),
            payload("").replace(r#""https://api.example.com""#, r#"["https://api.example.com",""]"#),
            Reason::MalformedClaim,
        ),
        (
            "after the year 9999",
            HEADER.into(),
            payload("").replace("4102444800", "253402300800"),
            Reason::MalformedClaim,
        ),
        ("sub is no text", HEADER.into(), payload(r#","sub":1"#), Reason::MalformedClaim),
        ("jti is no text", HEADER.into(), payload(r#","jti":1"#), Reason::MalformedClaim),
        ("sid is no text", HEADER.into(), payload(r#","sid":1"#), Reason::MalformedClaim),
        ("client_id is no text", HEADER.into(), payload(r#","client_id":1"#), Reason::MalformedClaim),
        ("acr is no text", HEADER.into(), payload(r#","acr":1"#), Reason::MalformedClaim),
        ("auth_time is no date", HEADER.into(), payload(r#","auth_time":"1""#), Reason::MalformedClaim),
        ("iat is no date", HEADER.into(), payload(r#","iat":"1""#), Reason::MalformedClaim),
        ("issued in the future", HEADER.into(), payload(r#","iat":4102444799"#), Reason::IssuedInFuture),
        ("nonce", HEADER.into(), payload(r#","nonce":"n""#), Reason::WrongKind),
        ("at_hash", HEADER.into(), payload(r#","at_hash":"h""#), Reason::WrongKind),
        ("c_hash", HEADER.into(), payload(r#","c_hash":"h""#), Reason::WrongKind),
        ("events", HEADER.into(), payload(r#","events":{}"#), Reason::WrongKind),
        ("htm", HEADER.into(), payload(r#","htm":"GET""#), Reason::WrongKind),
        ("an ID token", HEADER.into(), payload(r#","token_use":"id""#), Reason::WrongKind),
        ("a refresh token", HEADER.into(), payload(r#","token_type":"refresh""#), Reason::WrongKind),
        ("bound to a key", HEADER.into(), payload(r#","cnf":{"jkt":"x"}"#), Reason::SenderConstraint),
    ];
    for (kind, header, payload, reason) in rows {
        for key in &*COMPARED {
            let (algorithm, token) = (key.algorithm(), signed(key, &header, &payload));
            assert_eq!(ours(key, &token), Err(reason), "{algorithm}, {kind}: {header} {payload}");
            let theirs = oracle::accepts(algorithm, &token);
            assert!(theirs.is_ok(), "{algorithm}, {kind}: jsonwebtoken refuses it as well: {theirs:?}");
        }
    }
}

/// What we accept and jsonwebtoken refuses: members that nobody may look at (RFC 7515 §4), of a type that
/// its struct does not have.
#[test]
fn it_is_stricter_about_these() {
    for header in [
        r#"{"alg":"HS256","jku":1}"#,
        r#"{"alg":"HS256","x5u":1}"#,
        r#"{"alg":"HS256","x5c":"AA"}"#,
        r#"{"alg":"HS256","x5t":1}"#,
        r#"{"alg":"HS256","x5t#S256":1}"#,
        r#"{"alg":"HS256","nonce":1}"#,
        r#"{"alg":"HS256","url":1}"#,
        r#"{"alg":"HS256","x":1e999}"#,
    ] {
        for key in &*COMPARED {
            let (algorithm, token) = (key.algorithm(), signed(key, header, &payload("")));
            assert_eq!(ours(key, &token), Ok(()), "{algorithm} {header}");
            assert!(oracle::accepts(algorithm, &token).is_err(), "{algorithm} {header}");
        }
    }
}

/// Every way to change a good token that the mutations of `differential` do not have, for they sign anew.
#[test]
fn a_changed_token_is_refused_by_both() {
    for key in &*COMPARED {
        let token = signed(key, HEADER, &payload(""));
        assert!(both_accept(key, &token), "{token}");
        for at in 0..token.len() {
            for other in [b'A', b'-', b'.', b'='] {
                let mut changed = token.clone().into_bytes();
                if std::mem::replace(&mut changed[at], other) == other {
                    continue;
                }
                let changed = String::from_utf8(changed).unwrap();
                assert!(both_refuse(key, &changed), "{changed}");
            }
        }
    }
}

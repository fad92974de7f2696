//! The shared table of tokens: what each says, and how we judge it. The verdicts are written by hand.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "tokens that are put together by hand; what fails in here fails a test"
)]

use jwt_core::{Algorithm, Reason};
use serde_json::json;

use super::signer::{Signer, and, at, base64url, der, in_base64, quoted, signed_with, stranger};
use super::tokens::{AUDIENCE, ISSUER};

/// A token of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// `None` where we accept it.
    pub(crate) due: Option<Reason>,
    /// Whether it fits into an `Authorization` field as it is.
    pub(crate) over_http: bool,
    only: fn(Algorithm) -> bool,
    pub(crate) make: fn(&Signer) -> String,
}

impl Row {
    fn outside_http(self) -> Self {
        Self { over_http: false, ..self }
    }

    fn only(self, only: fn(Algorithm) -> bool) -> Self {
        Self { only, ..self }
    }
}

/// The algorithms that the table is made for.
pub(crate) const ALGORITHMS: [Algorithm; 3] = [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256];

fn accept(name: &'static str, make: fn(&Signer) -> String) -> Row {
    Row { name, due: None, over_http: true, only: |_| true, make }
}

fn refuse(name: &'static str, reason: Reason, make: fn(&Signer) -> String) -> Row {
    Row { due: Some(reason), ..accept(name, make) }
}

/// The rows for an algorithm.
pub(crate) fn rows(algorithm: Algorithm) -> Vec<Row> {
    let all = [
        ordinary(),
        times(),
        audiences_and_issuers(),
        algorithms(),
        headers(),
        payloads(),
        signatures(),
        spellings(),
    ];
    all.into_iter().flatten().filter(|row| (row.only)(algorithm)).collect()
}

fn ordinary() -> Vec<Row> {
    vec![
        accept("good", |s| s.claims(&[])),
        accept("no typ", |s| s.header(&[("typ", "")])),
        accept("typ jwt in small letters", |s| s.header(&[("typ", r#""jwt""#)])),
        accept("typ at+jwt", |s| s.header(&[("typ", r#""at+jwt""#)])),
        accept("typ application/at+jwt", |s| s.header(&[("typ", r#""application/at+jwt""#)])),
        accept("members of one's own", |s| {
            s.token(&s.with_header(&[("x-own", "[1]")]), &s.with_claims(&[("own", r#"{"a":[null,true]}"#)]))
        }),
        accept("no kid", |s| s.header(&[("kid", "")])),
        accept("no sub", |s| s.claims(&[("sub", "")])),
        accept("no jti", |s| s.claims(&[("jti", "")])),
        accept("no token_type", |s| s.claims(&[("token_type", "")])),
        accept("an audience of one in an array", |s| s.claims(&[("aud", &json!([AUDIENCE]).to_string())])),
        accept("our audience among others", |s| {
            s.claims(&[("aud", &json!(["https://other.example", AUDIENCE]).to_string())])
        }),
        accept("jku and x5u", |s| {
            s.header(&[
                ("jku", r#""https://attacker.example/keys""#),
                ("x5u", r#""https://attacker.example/x""#),
            ])
        }),
        refuse("jwk in the header", Reason::EmbeddedKey, |s| s.header(&[("jwk", &s.embedded())])),
    ]
}

fn times() -> Vec<Row> {
    vec![
        accept("expired 10 s ago", |s| s.claims(&[("exp", &at(-10))])),
        accept("valid in 10 s", |s| s.claims(&[("nbf", &at(10))])),
        accept("issued in 10 s", |s| s.claims(&[("iat", &at(10))])),
        accept("nbf in the past", |s| s.claims(&[("nbf", &at(-60))])),
        accept("no iat", |s| s.claims(&[("iat", "")])),
        accept("fractional dates", |s| {
            s.claims(&[("iat", &(at(-60) + ".5")), ("nbf", &(at(-60) + ".25")), ("exp", &(at(600) + ".75"))])
        }),
        accept("dates with an exponent", |s| s.claims(&[("iat", "1.7e9"), ("exp", "4.1024448E+9")])),
        refuse("expired an hour ago", Reason::Expired, |s| s.claims(&[("exp", &at(-3600))])),
        refuse("exp 0", Reason::Expired, |s| s.claims(&[("exp", "0")])),
        refuse("valid in an hour", Reason::NotYetValid, |s| s.claims(&[("nbf", &at(3600))])),
        refuse("issued in an hour", Reason::IssuedInFuture, |s| s.claims(&[("iat", &at(3600))])),
        refuse("no exp", Reason::MissingClaim, |s| s.claims(&[("exp", "")])),
        refuse("exp null", Reason::MalformedClaim, |s| s.claims(&[("exp", "null")])),
        refuse("exp true", Reason::MalformedClaim, |s| s.claims(&[("exp", "true")])),
        refuse("exp as a string", Reason::MalformedClaim, |s| s.claims(&[("exp", &quoted(&at(600)))])),
        refuse("exp as a date", Reason::MalformedClaim, |s| {
            s.claims(&[("exp", r#""2099-01-01T00:00:00Z""#)])
        }),
        refuse("exp in an array", Reason::MalformedClaim, |s| {
            s.claims(&[("exp", &format!("[{}]", at(600)))])
        }),
        refuse("exp negative", Reason::MalformedClaim, |s| s.claims(&[("exp", "-1")])),
        refuse("exp in milliseconds", Reason::MalformedClaim, |s| s.claims(&[("exp", &(at(600) + "000"))])),
        refuse("exp 1e300", Reason::MalformedClaim, |s| s.claims(&[("exp", "1e300")])),
        refuse("exp 1e400", Reason::MalformedClaim, |s| s.claims(&[("exp", "1e400")])),
        refuse("nbf null", Reason::MalformedClaim, |s| s.claims(&[("nbf", "null")])),
        refuse("nbf as a string", Reason::MalformedClaim, |s| s.claims(&[("nbf", &quoted(&at(-60)))])),
        refuse("nbf as a string, in an hour", Reason::MalformedClaim, |s| {
            s.claims(&[("nbf", &quoted(&at(3600)))])
        }),
        refuse("iat as a string", Reason::MalformedClaim, |s| s.claims(&[("iat", &quoted(&at(-60)))])),
    ]
}

fn audiences_and_issuers() -> Vec<Row> {
    vec![
        refuse("another aud", Reason::WrongAudience, |s| s.claims(&[("aud", r#""https://other.example""#)])),
        refuse("aud with a slash more", Reason::WrongAudience, |s| {
            s.claims(&[("aud", &quoted(&format!("{AUDIENCE}/")))])
        }),
        refuse("aud in capitals", Reason::WrongAudience, |s| {
            s.claims(&[("aud", &quoted(&AUDIENCE.to_uppercase()))])
        }),
        refuse("the beginning of our aud", Reason::WrongAudience, |s| {
            s.claims(&[("aud", r#""https://api""#)])
        }),
        refuse("no aud", Reason::MissingClaim, |s| s.claims(&[("aud", "")])),
        refuse("aud null", Reason::MalformedClaim, |s| s.claims(&[("aud", "null")])),
        refuse("aud an empty array", Reason::MalformedClaim, |s| s.claims(&[("aud", "[]")])),
        refuse("aud a number", Reason::MalformedClaim, |s| s.claims(&[("aud", "7")])),
        refuse("aud with a number beside ours", Reason::MalformedClaim, |s| {
            s.claims(&[("aud", &json!([AUDIENCE, 7]).to_string())])
        }),
        refuse("aud an object", Reason::MalformedClaim, |s| {
            s.claims(&[("aud", &json!({ AUDIENCE: true }).to_string())])
        }),
        refuse("another iss", Reason::WrongIssuer, |s| s.claims(&[("iss", r#""https://other.example/""#)])),
        refuse("iss without its slash", Reason::WrongIssuer, |s| {
            s.claims(&[("iss", r#""https://id.example.com""#)])
        }),
        refuse("iss in capitals", Reason::WrongIssuer, |s| {
            s.claims(&[("iss", &quoted(&ISSUER.to_uppercase()))])
        }),
        refuse("no iss", Reason::MissingClaim, |s| s.claims(&[("iss", "")])),
        refuse("iss null", Reason::MalformedClaim, |s| s.claims(&[("iss", "null")])),
        refuse("iss in an array", Reason::MalformedClaim, |s| {
            s.claims(&[("iss", &json!([ISSUER]).to_string())])
        }),
        refuse("sub a number", Reason::MalformedClaim, |s| s.claims(&[("sub", "7")])),
        refuse("jti a number", Reason::MalformedClaim, |s| s.claims(&[("jti", "7")])),
        refuse("cnf", Reason::SenderConstraint, |s| s.claims(&[("cnf", r#"{"jkt":"x"}"#)])),
        refuse("nonce, as in an ID token", Reason::WrongKind, |s| s.claims(&[("nonce", r#""n""#)])),
        refuse("events, as in a logout token", Reason::WrongKind, |s| {
            s.claims(&[("events", r#"{"http://schemas.openid.net/event/backchannel-logout":{}}"#)])
        }),
    ]
}

fn algorithms() -> Vec<Row> {
    vec![
        refuse("alg none, no signature", Reason::AlgorithmNotAllowed, |s| {
            format!("{}.", s.input(&s.with_header(&[("alg", r#""none""#)]), &s.with_claims(&[])))
        }),
        refuse("alg none, two segments", Reason::NotThreeSegments, |s| {
            s.input(&s.with_header(&[("alg", r#""none""#)]), &s.with_claims(&[]))
        }),
        refuse("alg nOnE, no signature", Reason::AlgorithmNotAllowed, |s| {
            format!("{}.", s.input(&s.with_header(&[("alg", r#""nOnE""#)]), &s.with_claims(&[])))
        }),
        refuse("alg none, signed", Reason::AlgorithmNotAllowed, |s| s.header(&[("alg", r#""none""#)])),
        refuse("another alg under the same key", Reason::AlgorithmNotAllowed, |s| s.in_other_algorithm())
            .only(|algorithm| algorithm != Algorithm::ES256),
        refuse("another alg in the header alone", Reason::AlgorithmNotAllowed, |s| {
            s.header(&[("alg", r#""PS384""#)])
        }),
        refuse("our public key as the secret of HS256", Reason::AlgorithmNotAllowed, |s| s.confused())
            .only(|algorithm| !algorithm.is_symmetric()),
        refuse("alg in small letters", Reason::AlgorithmNotAllowed, |s| {
            s.header(&[("alg", &quoted(&s.algorithm.name().to_lowercase()))])
        }),
        refuse("no alg", Reason::AlgorithmNotAllowed, |s| s.header(&[("alg", "")])),
        refuse("alg null", Reason::MalformedHeader, |s| s.header(&[("alg", "null")])),
        refuse("alg in an array", Reason::MalformedHeader, |s| {
            s.header(&[("alg", &json!([s.algorithm.name()]).to_string())])
        }),
    ]
}

fn headers() -> Vec<Row> {
    vec![
        refuse("crit with a name that nobody knows", Reason::CriticalExtension, |s| {
            s.header(&[("crit", r#"["x-own"]"#), ("x-own", "true")])
        }),
        refuse("crit with a name that is not there", Reason::CriticalExtension, |s| {
            s.header(&[("crit", r#"["x-own"]"#)])
        }),
        refuse("crit with a registered name", Reason::CriticalExtension, |s| {
            s.header(&[("crit", r#"["alg"]"#)])
        }),
        refuse("crit empty", Reason::CriticalExtension, |s| s.header(&[("crit", "[]")])),
        refuse("crit a string", Reason::CriticalExtension, |s| {
            s.header(&[("crit", r#""x-own""#), ("x-own", "true")])
        }),
        refuse("crit null", Reason::CriticalExtension, |s| s.header(&[("crit", "null")])),
        refuse("b64 false and critical", Reason::CriticalExtension, |s| {
            s.header(&[("crit", r#"["b64"]"#), ("b64", "false")])
        }),
        refuse("b64 true and critical", Reason::CriticalExtension, |s| {
            s.header(&[("crit", r#"["b64"]"#), ("b64", "true")])
        }),
        refuse("b64 false", Reason::UnencodedPayload, |s| s.header(&[("b64", "false")])),
        refuse("zip", Reason::Compressed, |s| s.header(&[("zip", r#""DEF""#)])),
        refuse("cty JWT", Reason::Nested, |s| s.header(&[("cty", r#""JWT""#)])),
        refuse("typ of a logout token", Reason::WrongType, |s| s.header(&[("typ", r#""logout+jwt""#)])),
        refuse("typ of a DPoP proof", Reason::WrongType, |s| s.header(&[("typ", r#""dpop+jwt""#)])),
        refuse("typ a number", Reason::MalformedHeader, |s| s.header(&[("typ", "7")])),
        refuse("a kid that no key has", Reason::UnknownKey, |s| s.header(&[("kid", r#""unknown""#)])),
        refuse("kid a number", Reason::MalformedHeader, |s| s.header(&[("kid", "7")])),
        refuse("alg twice", Reason::DuplicateMember, |s| {
            s.token(
                &and(&s.with_header(&[]), &format!(r#""alg":"{}""#, s.algorithm.name())),
                &s.with_claims(&[]),
            )
        }),
        refuse("alg twice, none first", Reason::DuplicateMember, |s| {
            let none = s.with_header(&[("alg", r#""none""#)]);
            s.token(&and(&none, &format!(r#""alg":"{}""#, s.algorithm.name())), &s.with_claims(&[]))
        }),
        refuse("kid twice", Reason::DuplicateMember, |s| {
            s.token(&and(&s.with_header(&[]), &format!(r#""kid":{}"#, quoted(&s.kid))), &s.with_claims(&[]))
        }),
        refuse("header in an array", Reason::MalformedHeader, |s| {
            s.token(&format!("[{}]", s.with_header(&[])), &s.with_claims(&[]))
        }),
        refuse("header with a byte order mark", Reason::MalformedHeader, |s| {
            s.token(&format!("\u{feff}{}", s.with_header(&[])), &s.with_claims(&[]))
        }),
        refuse("header with text behind it", Reason::MalformedHeader, |s| {
            s.token(&(s.with_header(&[]) + "{}"), &s.with_claims(&[]))
        }),
        refuse("header of 5,000 bytes", Reason::HeaderTooLong, |s| {
            s.header(&[("x-own", &quoted(&"a".repeat(5_000)))])
        }),
        accept("white space in header and payload", |s| {
            let spread = |text: String| text.replace(',', " ,\r\n\t").replace("{", "{ ");
            s.token(&spread(s.with_header(&[])), &spread(s.with_claims(&[])))
        }),
    ]
}

fn payloads() -> Vec<Row> {
    vec![
        refuse("sub twice", Reason::DuplicateMember, |s| {
            s.payload(&and(&s.with_claims(&[]), r#""sub":"mallory""#))
        }),
        refuse("exp twice, the last one good", Reason::DuplicateMember, |s| {
            s.payload(&and(&s.with_claims(&[("exp", &at(-3600))]), &format!(r#""exp":{}"#, at(600))))
        }),
        refuse("exp twice, the first one good", Reason::DuplicateMember, |s| {
            s.payload(&and(&s.with_claims(&[]), &format!(r#""exp":{}"#, at(-3600))))
        }),
        refuse("sub twice, once with an escape", Reason::DuplicateMember, |s| {
            s.payload(&and(&s.with_claims(&[]), r#""\u0073ub":"mallory""#))
        }),
        refuse("a member twice, further down", Reason::DuplicateMember, |s| {
            s.claims(&[("own", r#"{"a":1,"a":2}"#)])
        }),
        refuse("payload in an array", Reason::MalformedPayload, |s| {
            s.payload(&format!("[{}]", s.with_claims(&[])))
        }),
        refuse("payload a string", Reason::MalformedPayload, |s| s.payload(r#""alice""#)),
        refuse("payload null", Reason::MalformedPayload, |s| s.payload("null")),
        refuse("payload empty", Reason::MalformedPayload, |s| s.payload("")),
        refuse("payload with a byte order mark", Reason::MalformedPayload, |s| {
            s.payload(&format!("\u{feff}{}", s.with_claims(&[])))
        }),
        refuse("payload with text behind it", Reason::MalformedPayload, |s| {
            s.payload(&(s.with_claims(&[]) + "x"))
        }),
        refuse("payload with a comma too many", Reason::MalformedPayload, |s| {
            s.payload(&and(&s.with_claims(&[]), ""))
        }),
        refuse("payload with a comment", Reason::MalformedPayload, |s| {
            s.payload(&("/* */".to_owned() + &s.with_claims(&[])))
        }),
        refuse("payload with NaN", Reason::MalformedPayload, |s| s.claims(&[("own", "NaN")])),
        refuse("payload that is not UTF-8", Reason::MalformedPayload, |s| {
            let claims = s.with_claims(&[("own", r#""@""#)]);
            let bytes: Vec<u8> = claims.bytes().map(|byte| if byte == b'@' { 0xff } else { byte }).collect();
            s.signed(&format!("{}.{}", base64url(s.with_header(&[])), base64url(bytes)))
        }),
        refuse("nested 40 deep", Reason::TooDeep, |s| {
            s.claims(&[("own", &format!("{}{}", "[".repeat(40), "]".repeat(40)))])
        }),
        refuse("a token of 20,000 bytes", Reason::TokenTooLong, |s| {
            s.claims(&[("own", &quoted(&"a".repeat(15_000)))])
        })
        .outside_http(),
    ]
}

fn signatures() -> Vec<Row> {
    vec![
        refuse("another payload", Reason::BadSignature, |s| {
            let (good, other) = (s.claims(&[]), s.claims(&[("sub", r#""mallory""#)]));
            let signature = good.rsplit('.').next().unwrap_or_default().to_owned();
            format!("{}.{signature}", other.rsplit_once('.').unwrap_or_default().0)
        }),
        refuse("signature with one bit turned", Reason::BadSignature, |s| {
            s.resigned(|mut signature| {
                let middle = signature.len() / 2;
                signature[middle] ^= 1;
                signature
            })
        }),
        refuse("signature of a stranger", Reason::BadSignature, |s| {
            signed_with(stranger(s.algorithm), &s.input(&s.with_header(&[]), &s.with_claims(&[])))
        }),
        refuse("signature empty", Reason::BadSignature, |s| s.resigned(|_| Vec::new())),
        refuse("signature a byte short", Reason::BadSignature, |s| {
            s.resigned(|mut signature| {
                signature.pop();
                signature
            })
        }),
        refuse("signature a byte long", Reason::BadSignature, |s| {
            s.resigned(|mut signature| {
                signature.push(0);
                signature
            })
        }),
        refuse("signature of zeros", Reason::BadSignature, |s| {
            s.resigned(|signature| vec![0; signature.len()])
        }),
        refuse("signature in DER", Reason::BadSignature, |s| s.resigned(|signature| der(&signature)))
            .only(|algorithm| algorithm == Algorithm::ES256),
    ]
}

fn spellings() -> Vec<Row> {
    vec![
        refuse("signature with padding", Reason::NotBase64Url, |s| {
            let token = s.claims(&[]);
            let length = token.rsplit('.').next().unwrap_or_default().len();
            token + &"=".repeat((4 - length % 4) % 4)
        }),
        refuse("header and payload with padding", Reason::NotBase64Url, |s| {
            // Two bytes of white space make the lengths such that there is padding.
            let padded = |text: String| {
                let text = format!("{text}{}", " ".repeat((2 + 3 - text.len() % 3) % 3));
                let encoded = base64url(text);
                format!("{encoded}{}", "=".repeat((4 - encoded.len() % 4) % 4))
            };
            s.signed(&format!("{}.{}", padded(s.with_header(&[])), padded(s.with_claims(&[]))))
        }),
        refuse("signature in the alphabet of base64", Reason::NotBase64Url, |s| {
            // Until it has a character that differs.
            (0..)
                .map(|n: u32| s.claims(&[("own", &n.to_string())]))
                .map(|token| in_base64(&token))
                .find(|token| token.contains(['+', '/']))
                .unwrap_or_default()
        }),
        refuse("signature with loose bits", Reason::NotBase64Url, |s| {
            // The last character has bits that no byte has.
            let mut token = s.claims(&[]);
            let last = token.pop().unwrap_or_default();
            let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let place = alphabet.find(last).unwrap_or_default();
            token + &alphabet[place + 1..place + 2]
        }),
        refuse("a line feed at the end", Reason::NotBase64Url, |s| s.claims(&[]) + "\n").outside_http(),
        refuse("a space at the end", Reason::NotBase64Url, |s| s.claims(&[]) + " ").outside_http(),
        refuse("a space at the beginning", Reason::NotBase64Url, |s| " ".to_owned() + &s.claims(&[]))
            .outside_http(),
        refuse("a line feed in the signature", Reason::NotBase64Url, |s| {
            let mut token = s.claims(&[]);
            token.insert(token.len() - 8, '\n');
            token
        })
        .outside_http(),
        refuse("a fourth segment", Reason::NotThreeSegments, |s| s.claims(&[]) + ".AAAA"),
        refuse("a dot at the end", Reason::NotThreeSegments, |s| s.claims(&[]) + "."),
        refuse("no signature", Reason::NotThreeSegments, |s| {
            s.claims(&[]).rsplit_once('.').unwrap_or_default().0.to_owned()
        }),
        refuse("header alone", Reason::NotThreeSegments, |s| base64url(s.with_header(&[]))),
    ]
}

mod live;
mod reading;
mod rules;

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::keys::{BoxFuture, HmacSecret, KeySet, Live, Refresh, SigningKey, Verify, VerifyingKey};
use crate::time::ManualClock;
use crate::{Algorithm, KeyType, Profile, jws};

const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://id.example.com/";
const AUDIENCE: &str = "https://api.example.com";

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap()
}

/// A key for which every signature is good, so that tests can write headers as they like.
struct Yes;

impl Verify for Yes {
    fn verify(&self, _: &[u8], signature: &[u8]) -> bool {
        signature != b"bad".repeat(16).as_slice()
    }
}

fn yes() -> VerifyingKey {
    VerifyingKey::custom(Algorithm::HS384, Yes).with_key_id("k1").unwrap()
}

type Ready = AuthorityBuilder<authority::Ready>;

fn authority(issuer: &str) -> Ready {
    Authority::builder().with_key(yes()).with_audience(AUDIENCE).with_issuer(issuer)
}

fn verifier(change: impl FnOnce(Ready) -> Ready) -> Verifier {
    change(authority(ISSUER)).build().unwrap().with_clock(ManualClock::at(NOW))
}

fn encode(text: &str) -> String {
    base64url::encode(text.as_bytes())
}

/// A token of any header and payload, with a signature that `Yes` accepts.
fn token(header: &str, payload: &str) -> String {
    format!("{}.{}.{}", encode(header), encode(payload), base64url::encode(&[1; 48]))
}

const HEADER: &str = r#"{"alg":"HS384","typ":"at+jwt"}"#;

/// The claims of a good token, with one member replaced (or removed, for an empty value).
fn claims_with(changes: &[(&str, &str)]) -> String {
    let mut members = vec![
        ("iss", format!("\"{ISSUER}\"")),
        ("aud", format!("\"{AUDIENCE}\"")),
        ("sub", "\"alice\"".to_owned()),
        ("exp", (NOW + 600).to_string()),
        ("iat", NOW.to_string()),
        ("jti", "\"t1\"".to_owned()),
        ("scope", "\"read write\"".to_owned()),
    ];
    for (name, value) in changes {
        members.retain(|(member, _)| member != name);
        if !value.is_empty() {
            members.push((name, (*value).to_owned()));
        }
    }
    let members: Vec<String> =
        members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn verdict(verifier: &Verifier, changes: &[(&str, &str)]) -> Result<(), Reason> {
    verifier.verify(&token(HEADER, &claims_with(changes))).map(|_| ()).map_err(|error| error.reason())
}

#[test]
fn a_good_token_of_every_algorithm_is_verified() {
    // Not every backend signs with RSA.
    let signs = |a: &Algorithm| cfg!(feature = "aws-lc-rs") || a.facts().key_type != KeyType::Rsa;
    for algorithm in Algorithm::ALL.into_iter().filter(signs) {
        let key = key(algorithm);
        let issuer = crate::Issuer::builder()
            .with_key(key.clone())
            .with_audience(AUDIENCE)
            .with_issuer(ISSUER)
            .build()
            .unwrap();
        let verifier =
            Verifier::builder().with_key(&key).with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap();
        let token = issuer.token().with_subject("alice").sign().unwrap();
        let verified = verifier.verify(&token).unwrap();
        assert_eq!(verified.subject(), Some("alice"), "{algorithm}");
        assert_eq!(verified.issuer(), Some(ISSUER));
        assert_eq!(verified.audience(), Some(AUDIENCE));
        assert!(
            matches!(verified.evidence(), Evidence::Signature { algorithm: ran, .. } if *ran == algorithm)
        );
        // Any one character of the signature, the claims or the header makes it another token.
        for at in [2, token.find('.').unwrap() + 9, token.len() - 9] {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(verifier.verify(&String::from_utf8(changed).unwrap()).is_err(), "{algorithm} {at}");
        }
    }
}

#[test]
fn the_first_failure_of_the_fixed_order_is_told() {
    let verifier = verifier(|authority| authority);
    let good = claims_with(&[]);
    let bad_signature = base64url::encode(&b"bad".repeat(16));
    for (name, token, reason) in [
        ("too long", "a".repeat(16 * 1024 + 1), Reason::TokenTooLong),
        ("two segments", "a.b".to_owned(), Reason::NotThreeSegments),
        ("five segments", "a.b.c.d.e".to_owned(), Reason::Encrypted),
        ("bad base64 in the payload", format!("{}.a=.AA", encode(HEADER)), Reason::NotBase64Url),
        ("bad base64 in the signature", format!("{}.AA.A", encode("[]")), Reason::NotBase64Url),
        ("header is no object", token("[]", &good), Reason::MalformedHeader),
        ("repeated alg", token(r#"{"alg":"HS384","alg":"HS384"}"#, &good), Reason::DuplicateMember),
        ("alg before crit", token(r#"{"alg":"none","crit":[]}"#, &good), Reason::AlgorithmNotAllowed),
        (
            "crit before typ",
            token(r#"{"alg":"HS384","crit":["x"],"typ":"x"}"#, &good),
            Reason::CriticalExtension,
        ),
        ("nested", token(r#"{"alg":"HS384","cty":"JWT"}"#, &good), Reason::Nested),
        ("typ before key", token(r#"{"alg":"HS384","typ":"x","kid":"k2"}"#, &good), Reason::WrongType),
        (
            "key before signature",
            format!("{}.{}.{bad_signature}", encode(r#"{"alg":"HS384","kid":"k2"}"#), encode("{}")),
            Reason::UnknownKey,
        ),
        (
            "signature before payload",
            format!("{}.{}.{bad_signature}", encode(HEADER), encode("[")),
            Reason::BadSignature,
        ),
        ("payload before claims", token(HEADER, "[]"), Reason::MalformedPayload),
        ("payload with a byte order mark", token(HEADER, "\u{feff}{}"), Reason::MalformedPayload),
        ("repeated claim", token(HEADER, r#"{"a":{"b":1,"b":1}}"#), Reason::DuplicateMember),
        ("deep", token(HEADER, &format!("{}1{}", "{\"a\":".repeat(33), "}".repeat(33))), Reason::TooDeep),
        (
            "iss before aud",
            token(HEADER, &claims_with(&[("iss", "\"x\""), ("aud", "\"x\"")])),
            Reason::WrongIssuer,
        ),
        (
            "aud before exp",
            token(HEADER, &claims_with(&[("aud", "\"x\""), ("exp", "1")])),
            Reason::WrongAudience,
        ),
        ("exp before nbf", token(HEADER, &claims_with(&[("exp", "1"), ("nbf", "\"x\"")])), Reason::Expired),
        (
            "exp before kind",
            token(HEADER, &claims_with(&[("exp", "1"), ("nonce", "\"x\"")])),
            Reason::Expired,
        ),
        (
            "kind before cnf",
            token(HEADER, &claims_with(&[("nonce", "\"x\""), ("cnf", "{}")])),
            Reason::WrongKind,
        ),
    ] {
        assert_eq!(verifier.verify(&token).unwrap_err().reason(), reason, "{name}");
        assert_eq!(verifier.explain(&token).findings()[0].reason(), reason, "{name}, explained");
    }
}

#[test]
fn a_registered_claim_of_the_wrong_type_is_malformed_and_never_absent() {
    let verifier = verifier(|authority| authority);
    for name in ["iss", "sub", "jti", "aud", "exp", "nbf", "iat", "sid", "client_id", "acr", "auth_time"] {
        let kinds: &[&str] = match name {
            "exp" | "nbf" | "iat" | "auth_time" => {
                &["\"1800000300\"", "null", "true", "[]", "{}", "-1", "-0", "1e400", "253402300800"]
            }
            "aud" => &[
                "null",
                "1",
                "true",
                "{}",
                "[]",
                "\"\"",
                "[\"\"]",
                "[1]",
                "[[\"https://api.example.com\"]]",
                "[\"https://api.example.com\",1]",
                "[\"https://api.example.com\",\"\"]",
            ],
            _ => &["null", "1", "true", "{}", "[\"https://id.example.com/\"]"],
        };
        for kind in kinds {
            assert_eq!(verdict(&verifier, &[(name, kind)]), Err(Reason::MalformedClaim), "{name}: {kind}");
        }
    }
}

#[test]
fn dates_are_judged_at_their_exact_boundary() {
    let leeway = 30;
    let verifier = verifier(|authority| authority);
    for (name, value, verdict_is) in [
        // Refused when now ≥ exp + leeway.
        ("exp", (NOW - leeway).to_string(), Err(Reason::Expired)),
        ("exp", format!("{}.000000001", NOW - leeway), Ok(())),
        ("exp", (NOW - leeway + 1).to_string(), Ok(())),
        ("exp", (NOW - leeway - 1).to_string(), Err(Reason::Expired)),
        ("exp", "0".to_owned(), Err(Reason::Expired)),
        ("exp", "253402300799".to_owned(), Ok(())),
        // Accepted when now + leeway ≥ nbf.
        ("nbf", (NOW + leeway).to_string(), Ok(())),
        ("nbf", format!("{}.000000001", NOW + leeway), Err(Reason::NotYetValid)),
        ("nbf", (NOW + leeway + 1).to_string(), Err(Reason::NotYetValid)),
        ("iat", (NOW + leeway).to_string(), Ok(())),
        ("iat", (NOW + leeway + 1).to_string(), Err(Reason::IssuedInFuture)),
        ("iat", "1.8e9".to_owned(), Ok(())),
    ] {
        assert_eq!(verdict(&verifier, &[(name, &value)]), verdict_is, "{name} {value}");
    }
    assert_eq!(verdict(&verifier, &[("exp", "")]), Err(Reason::MissingClaim));
    assert_eq!(verdict(&verifier, &[("iat", "")]), Ok(()));
}

#[test]
fn verify_at_judges_as_of_another_time() {
    let verifier = verifier(|authority| authority);
    let token = token(HEADER, &claims_with(&[]));
    let at =
        |seconds| verifier.verify_at(&token, Duration::from_secs(seconds)).map_err(|error| error.reason());
    assert!(at(NOW).is_ok());
    assert_eq!(at(NOW + 630).err(), Some(Reason::Expired));
    assert_eq!(at(0).err(), Some(Reason::IssuedInFuture));
    assert_eq!(at(u64::MAX).err(), Some(Reason::Expired));
}

#[test]
fn the_audience_is_matched_whole_and_as_configured() {
    let any = verifier(|authority| authority);
    for (aud, verdict_is) in [
        (r#"["x","https://api.example.com"]"#, Ok(())),
        (r#""https:\/\/api.example.com""#, Ok(())),
        (r#""https://api.example.com/""#, Err(Reason::WrongAudience)),
        (r#""https://api.example.co""#, Err(Reason::WrongAudience)),
        (r#""HTTPS://api.example.com""#, Err(Reason::WrongAudience)),
        ("", Err(Reason::MissingClaim)),
    ] {
        assert_eq!(verdict(&any, &[("aud", aud)]), verdict_is, "{aud}");
    }
    let built = |builder: AuthorityBuilder<authority::NeedsIssuer>| {
        builder.with_issuer(ISSUER).build().unwrap().with_clock(ManualClock::at(NOW))
    };
    let keys = || Authority::builder().with_key(yes());
    let all = built(keys().with_all_audiences(["a", "b"]));
    assert_eq!(verdict(&all, &[("aud", r#"["b","c","a"]"#)]), Ok(()));
    assert_eq!(verdict(&all, &[("aud", r#"["a"]"#)]), Err(Reason::WrongAudience));
    let none = built(keys().without_audience());
    assert_eq!(verdict(&none, &[("aud", "")]), Ok(()));
    assert_eq!(verdict(&none, &[]), Err(Reason::WrongAudience));
    let anybody = built(keys().insecure_any_audience());
    assert_eq!(verdict(&anybody, &[]), Ok(()));
    assert_eq!(verdict(&anybody, &[("aud", "")]), Ok(()));
    assert_eq!(verdict(&anybody, &[("aud", "[]")]), Err(Reason::MalformedClaim));
}

#[test]
fn the_issuer_is_matched_byte_for_byte() {
    let exact = verifier(|authority| authority);
    for iss in
        ["\"https://id.example.com\"", "\"https://id.example.com//\"", "\"https://ID.example.com/\"", "\"\""]
    {
        assert_eq!(verdict(&exact, &[("iss", iss)]), Err(Reason::WrongIssuer), "{iss}");
    }
    assert_eq!(verdict(&exact, &[("iss", "")]), Err(Reason::MissingClaim));
    assert_eq!(verdict(&exact, &[("iss", r#""https:\/\/id.example.com\/""#)]), Ok(()));
    let keys = || Authority::builder().with_key(yes()).with_audience(AUDIENCE);
    let absent = keys().without_issuer().build().unwrap().with_clock(ManualClock::at(NOW));
    assert_eq!(verdict(&absent, &[("iss", "")]), Ok(()));
    assert_eq!(verdict(&absent, &[]), Err(Reason::WrongIssuer));
    let any = keys().insecure_any_issuer().build().unwrap().with_clock(ManualClock::at(NOW));
    assert_eq!(verdict(&any, &[("iss", "\"x\"")]), Ok(()));
    assert_eq!(any.verify(&token(HEADER, &claims_with(&[("iss", "\"x\"")]))).unwrap().issuer(), Some("x"));
    assert_eq!(verdict(&any, &[("iss", "[\"x\"]")]), Err(Reason::MalformedClaim));
}

#[test]
fn of_several_authorities_only_the_one_that_iss_names_is_tried() {
    let (a, b) = (key(Algorithm::ES256), key(Algorithm::HS256));
    let one = |key: &SigningKey, issuer: &str| {
        Authority::builder()
            .with_key(key)
            .with_audience(AUDIENCE)
            .with_issuer(issuer)
            .build_authority()
            .unwrap()
    };
    let verifier = Verifier::of([one(&a, "a"), one(&b, "b")]).unwrap();
    let sign = |key: &SigningKey, issuer: &str| {
        let issuer = crate::Issuer::builder()
            .with_key(key.clone())
            .with_audience(AUDIENCE)
            .with_issuer(issuer)
            .build()
            .unwrap();
        issuer.token().sign().unwrap()
    };
    assert_eq!(verifier.verify(&sign(&a, "a")).unwrap().issuer(), Some("a"));
    assert_eq!(verifier.verify(&sign(&b, "b")).unwrap().issuer(), Some("b"));
    let reason = |token: &str| verifier.verify(token).unwrap_err().reason();
    assert_eq!(reason(&sign(&a, "b")), Reason::AlgorithmNotAllowed);
    assert_eq!(reason(&sign(&b, "a")), Reason::AlgorithmNotAllowed);
    assert_eq!(reason(&sign(&a, "c")), Reason::UntrustedIssuer);
    let no_issuer = jws::sign_typed(claims_with(&[("iss", "")]).as_bytes(), &a, "JWT", None).unwrap();
    assert_eq!(reason(&no_issuer), Reason::UntrustedIssuer);
    // The choice is made before the payload is trusted: a second `iss` is found behind it.
    let two = claims_with(&[("iss", "\"a\"")]).replacen('{', "{\"iss\":\"a\",", 1);
    let two = jws::sign_typed(two.as_bytes(), &a, "JWT", None).unwrap();
    assert_eq!(reason(&two), Reason::DuplicateMember);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let code = |result: Result<Verifier, ConfigError>| result.err().map(|error| error.code());
    let build = |issuer: &str| authority(issuer).build_authority().unwrap();
    assert_eq!(code(Verifier::of([])), Some("no_authorities"));
    assert_eq!(code(Verifier::of([build("a"), build("a")])), Some("repeated_issuer"));
    let any = Authority::builder()
        .with_key(yes())
        .with_audience("a")
        .insecure_any_issuer()
        .build_authority()
        .unwrap();
    assert_eq!(code(Verifier::of([build("a"), any])), Some("issuer_not_exact"));
    assert_eq!(code(authority("").build()), Some("empty_issuer"));
    let leeway = |seconds, nanos| code(authority("a").with_leeway(Duration::new(seconds, nanos)).build());
    assert_eq!(leeway(300, 0), None);
    assert_eq!(leeway(300, 1), Some("leeway_too_long"));
    assert_eq!(
        code(authority("a").with_algorithms([Algorithm::RS256]).build()),
        Some("algorithm_without_key")
    );
    let no_audience: [&str; 0] = [];
    let keys = || Authority::builder().with_key(yes());
    assert_eq!(code(keys().with_audiences(no_audience).with_issuer("a").build()), Some("empty_audience"));
    assert_eq!(code(keys().with_audience("").with_issuer("a").build()), Some("empty_audience"));
    let mixed = keys().with_key(key(Algorithm::ES256)).with_audience("a").with_issuer("a").build();
    assert!(matches!(mixed, Err(ConfigError::Keys(_))), "{mixed:?}");
    let live = Authority::builder().with_live_keys(Live::new().0).with_audience("a").with_issuer("a");
    assert_eq!(code(live.with_algorithms([Algorithm::HS256]).build()), Some("symmetric_algorithm"));
}

#[test]
fn an_authority_tells_its_issuer_and_algorithms() {
    assert_eq!(format!("{:?}", Authority::builder()), "AuthorityBuilder");
    let with_audience = || Authority::builder().with_key(yes()).with_audience(AUDIENCE);
    let exact = with_audience().with_issuer(ISSUER).build_authority().unwrap();
    assert_eq!((exact.issuer(), exact.algorithms()), (Some(ISSUER), &[Algorithm::HS384][..]));
    let shown = format!("Authority {{ issuer: Some({ISSUER:?}), algorithms: [HS384], .. }}");
    assert_eq!(format!("{exact:?}"), shown);
    let none = with_audience().without_issuer().build_authority().unwrap();
    assert_eq!(none.issuer(), None);
    assert_eq!(Verifier::of([exact]).unwrap().authorities().len(), 1);
}

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
fn further_rules_hold_where_they_are_set() {
    let hour = Duration::from_secs(3600);
    for (name, verifier, changes, verdict_is) in [
        ("subject", verifier(|a| a.with_subject("alice")), vec![], Ok(())),
        ("subject", verifier(|a| a.with_subject("bob")), vec![], Err(Reason::WrongSubject)),
        ("subject", verifier(|a| a.with_subject("bob")), vec![("sub", "")], Err(Reason::MissingClaim)),
        ("required", verifier(|a| a.require_claim("tenant")), vec![], Err(Reason::MissingClaim)),
        ("required", verifier(|a| a.require_claim("sub")), vec![("sub", "\"\"")], Err(Reason::MissingClaim)),
        (
            "required",
            verifier(|a| a.require_claim("tenant")),
            vec![("tenant", "null")],
            Err(Reason::MissingClaim),
        ),
        ("required", verifier(|a| a.require_claim("tenant")), vec![("tenant", "1")], Ok(())),
        ("lifetime", verifier(|a| a.with_max_lifetime(hour)), vec![], Ok(())),
        ("lifetime", verifier(|a| a.with_max_lifetime(hour)), vec![("exp", "1800003600")], Ok(())),
        (
            "lifetime",
            verifier(|a| a.with_max_lifetime(hour)),
            vec![("exp", "1800003601")],
            Err(Reason::LifetimeTooLong),
        ),
        ("lifetime", verifier(|a| a.with_max_lifetime(hour)), vec![("iat", "")], Err(Reason::MissingClaim)),
        ("age", verifier(|a| a.with_max_age(hour)), vec![("iat", "1799996370")], Ok(())),
        ("age", verifier(|a| a.with_max_age(hour)), vec![("iat", "1799996369")], Err(Reason::TooOld)),
        ("age", verifier(|a| a.with_max_age(hour)), vec![("iat", "")], Err(Reason::MissingClaim)),
        ("no expiry", verifier(|a| a.insecure_without_expiry()), vec![("exp", "")], Ok(())),
        ("no expiry", verifier(|a| a.insecure_without_expiry()), vec![("exp", "1")], Err(Reason::Expired)),
        (
            "no expiry",
            verifier(|a| a.insecure_without_expiry()),
            vec![("exp", "null")],
            Err(Reason::MalformedClaim),
        ),
        ("cnf", verifier(|a| a), vec![("cnf", r#"{"jkt":"x"}"#)], Err(Reason::SenderConstraint)),
        ("cnf", verifier(|a| a), vec![("cnf", "null")], Err(Reason::SenderConstraint)),
        ("cnf", verifier(|a| a.insecure_ignore_confirmation()), vec![("cnf", r#"{"jkt":"x"}"#)], Ok(())),
        ("typ", verifier(|a| a.require_typ("at+jwt")), vec![], Ok(())),
        ("typ", verifier(|a| a.require_typ("secevent+jwt")), vec![], Err(Reason::WrongType)),
        (
            "leeway",
            verifier(|a| a.with_leeway(Duration::ZERO)),
            vec![("exp", "1800000000")],
            Err(Reason::Expired),
        ),
        ("leeway", verifier(|a| a.with_leeway(Duration::ZERO)), vec![("exp", "1800000001")], Ok(())),
    ] {
        assert_eq!(verdict(&verifier, &changes), verdict_is, "{name} {changes:?}");
    }
}

#[test]
fn a_predicate_reads_the_claims_as_its_own_type() {
    #[derive(serde::Deserialize)]
    struct Tenant {
        tenant: u32,
    }
    let verifier =
        verifier(|authority| authority.require_that("tenant", |claims: &Tenant| claims.tenant == 7));
    assert_eq!(verdict(&verifier, &[("tenant", "7")]), Ok(()));
    assert_eq!(verdict(&verifier, &[("tenant", "8")]), Err(Reason::PredicateFailed));
    assert_eq!(verdict(&verifier, &[("tenant", "\"7\"")]), Err(Reason::ClaimsShape));
    assert_eq!(verdict(&verifier, &[]), Err(Reason::ClaimsShape));
}

#[test]
fn each_profile_takes_its_own_tokens_and_no_others() {
    let logout = r#"{"http://schemas.openid.net/event/backchannel-logout":{}}"#;
    let ok = Ok(());
    let typ = Err(Reason::WrongType);
    let kind = Err(Reason::WrongKind);
    let missing = Err(Reason::MissingClaim);
    for (profile, typ_is, changes, verdict_is) in [
        (Profile::AccessToken, "JWT", vec![], ok),
        (Profile::AccessToken, "jwt", vec![], ok),
        (Profile::AccessToken, "AT+JWT", vec![], ok),
        (Profile::AccessToken, "application/at+jwt", vec![], ok),
        (Profile::AccessToken, "", vec![], ok),
        (Profile::AccessToken, "rt+jwt", vec![], typ),
        (Profile::AccessToken, "logout+jwt", vec![], typ),
        (Profile::AccessToken, "dpop+jwt", vec![], typ),
        (Profile::AccessToken, "JWT", vec![("nonce", "\"n\"")], kind),
        (Profile::AccessToken, "JWT", vec![("nonce", "1")], kind),
        (Profile::AccessToken, "JWT", vec![("at_hash", "\"h\"")], kind),
        (Profile::AccessToken, "JWT", vec![("c_hash", "\"h\"")], kind),
        (Profile::AccessToken, "JWT", vec![("events", logout)], kind),
        (Profile::AccessToken, "JWT", vec![("htm", "\"GET\"")], kind),
        (Profile::AccessToken, "JWT", vec![("token_use", "\"id\"")], kind),
        (Profile::AccessToken, "JWT", vec![("token_use", "\"access\"")], ok),
        (Profile::AccessToken, "JWT", vec![("token_type", "\"refresh\"")], kind),
        (Profile::Rfc9068, "at+jwt", vec![("client_id", "\"c\"")], ok),
        (Profile::Rfc9068, "JWT", vec![("client_id", "\"c\"")], typ),
        (Profile::Rfc9068, "", vec![("client_id", "\"c\"")], typ),
        (Profile::Rfc9068, "at+jwt", vec![], missing),
        (Profile::Rfc9068, "at+jwt", vec![("client_id", "\"c\""), ("jti", "")], missing),
        (Profile::Rfc9068, "at+jwt", vec![("client_id", "\"c\""), ("iat", "")], missing),
        // An empty `sub` is nobody's: as good as none where one is demanded, and no matter elsewhere.
        (Profile::Rfc9068, "at+jwt", vec![("client_id", "\"c\""), ("sub", "\"\"")], missing),
        (Profile::IdToken, "JWT", vec![("sub", "\"\"")], missing),
        (Profile::AccessToken, "JWT", vec![("sub", "\"\"")], ok),
        (Profile::LogoutToken, "logout+jwt", vec![("events", logout), ("sub", "\"\"")], missing),
        (Profile::IdToken, "JWT", vec![("nonce", "\"n\"")], ok),
        (Profile::IdToken, "", vec![], ok),
        (Profile::IdToken, "at+jwt", vec![], typ),
        (Profile::IdToken, "JWT", vec![("sub", "")], missing),
        (Profile::IdToken, "JWT", vec![("events", logout)], kind),
        (Profile::IdToken, "JWT", vec![("azp", "\"https://api.example.com\"")], ok),
        (Profile::IdToken, "JWT", vec![("azp", "\"other\"")], Err(Reason::WrongAuthorizedParty)),
        (Profile::IdToken, "JWT", vec![("azp", "1")], Err(Reason::MalformedClaim)),
        (
            Profile::IdToken,
            "JWT",
            vec![("aud", r#"["https://api.example.com","other"]"#)],
            Err(Reason::WrongAuthorizedParty),
        ),
        (
            Profile::IdToken,
            "JWT",
            vec![("aud", r#"["https://api.example.com","other"]"#), ("azp", "\"https://api.example.com\"")],
            ok,
        ),
        (Profile::LogoutToken, "logout+jwt", vec![("events", logout)], ok),
        (Profile::LogoutToken, "", vec![("events", logout)], ok),
        (Profile::LogoutToken, "JWT", vec![("events", logout)], typ),
        (Profile::LogoutToken, "logout+jwt", vec![], missing),
        (Profile::LogoutToken, "logout+jwt", vec![("events", "{}")], kind),
        (Profile::LogoutToken, "logout+jwt", vec![("events", "[]")], kind),
        (Profile::LogoutToken, "logout+jwt", vec![("events", logout), ("nonce", "\"n\"")], kind),
        (Profile::LogoutToken, "logout+jwt", vec![("events", logout), ("sub", "")], missing),
        (Profile::LogoutToken, "logout+jwt", vec![("events", logout), ("sub", ""), ("sid", "\"s\"")], ok),
    ] {
        let verifier = verifier(|authority| authority.with_profile(profile));
        let header = match typ_is {
            "" => r#"{"alg":"HS384"}"#.to_owned(),
            typ => format!(r#"{{"alg":"HS384","typ":"{typ}"}}"#),
        };
        let found =
            verifier.verify(&token(&header, &claims_with(&changes))).map(|_| ()).map_err(|e| e.reason());
        assert_eq!(found, verdict_is, "{profile:?} {typ_is} {changes:?}");
    }
}

#[test]
fn one_call_may_expect_nonce_login_age_and_access_token() {
    let id_tokens = verifier(|authority| authority.with_profile(Profile::IdToken));
    let check = |changes: &[(&str, &str)], expected: &Expected<'_>| {
        let token = token(r#"{"alg":"HS384","typ":"JWT"}"#, &claims_with(changes));
        id_tokens.verify_with(&token, expected).map(|_| ()).map_err(|error| error.reason())
    };
    let nonce = Expected::new().with_nonce("n1");
    assert_eq!(check(&[("nonce", "\"n1\"")], &nonce), Ok(()));
    assert_eq!(check(&[("nonce", "\"n2\"")], &nonce), Err(Reason::WrongNonce));
    assert_eq!(check(&[("nonce", "1")], &nonce), Err(Reason::MalformedClaim));
    assert_eq!(check(&[], &nonce), Err(Reason::WrongNonce));

    let fresh = Expected::new().with_max_age(Duration::from_secs(60));
    assert_eq!(check(&[("auth_time", "1799999910")], &fresh), Ok(()));
    assert_eq!(check(&[("auth_time", "1799999909")], &fresh), Err(Reason::LoginTooOld));
    assert_eq!(check(&[("auth_time", "\"x\"")], &fresh), Err(Reason::MalformedClaim));
    assert_eq!(check(&[], &fresh), Err(Reason::LoginTooOld));

    // The left half of SHA-384, for the token is signed by HS384.
    let hash = crate::keys::digest(crate::Hash::Sha384, b"access").unwrap();
    let at_hash = format!("\"{}\"", base64url::encode(&hash[..24]));
    let access = Expected::new().with_access_token("access");
    assert_eq!(check(&[("at_hash", &at_hash)], &access), Ok(()));
    assert_eq!(check(&[], &access), Ok(()));
    assert_eq!(check(&[("at_hash", "\"x\"")], &access), Err(Reason::WrongAccessTokenHash));
    assert_eq!(check(&[("at_hash", "1")], &access), Err(Reason::MalformedClaim));
    let other = Expected::new().with_access_token("other");
    assert_eq!(check(&[("at_hash", &at_hash)], &other), Err(Reason::WrongAccessTokenHash));

    let bound = Expected::new().with_proofs(&["jkt"]);
    assert_eq!(check(&[("cnf", r#"{"jkt":"x"}"#)], &bound), Ok(()));
    for cnf in ["{}", "null", "[]", r#"{"x5t#S256":"x"}"#, r#"{"jkt":"x","x5t#S256":"x"}"#] {
        assert_eq!(check(&[("cnf", cnf)], &bound), Err(Reason::SenderConstraint), "{cnf}");
    }
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
    assert_eq!(code(authority("a").with_leeway(Duration::from_secs(301)).build()), Some("leeway_too_long"));
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
fn keys_in_a_cell_may_come_late_change_and_go() {
    let (first, second) = (key(Algorithm::ES256), key(Algorithm::ES256));
    let set = |key: &SigningKey| KeySet::new([key.verifying_key()]).unwrap();
    let (live, writer) = Live::new();
    let verifier =
        Verifier::builder().with_live_keys(live).with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap();
    let sign = |key: &SigningKey| {
        let issuer = crate::Issuer::builder()
            .with_key(key.clone())
            .with_audience(AUDIENCE)
            .with_issuer(ISSUER)
            .build()
            .unwrap();
        issuer.token().sign().unwrap()
    };
    let (one, two) = (sign(&first), sign(&second));
    let verdict = |token: &str| verifier.verify(token).map(|_| ()).map_err(|error| error.reason());
    assert_eq!(verdict(&one), Err(Reason::KeysUnavailable));
    // What is wrong with the header is told before keys are missed, and asks nobody for any.
    let unsigned = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode("{}"));
    assert_eq!(verdict(&unsigned), Err(Reason::AlgorithmNotAllowed));
    // What no key could mend is the token's own fault, and nothing to fetch keys for.
    let headed = |header: &str| format!("{}{}", encode(header), one.get(one.find('.').unwrap()..).unwrap());
    for (header, expected) in [
        (r#"{"alg":"none"}"#, Reason::AlgorithmNotAllowed),
        (r#"{"alg":"ES256","crit":["x"],"x":1}"#, Reason::CriticalExtension),
        (r#"{"alg":"ES256","cty":"JWT"}"#, Reason::Nested),
        (r#"{"alg":"ES256","typ":"logout+jwt"}"#, Reason::WrongType),
    ] {
        assert_eq!(verdict(&headed(header)), Err(expected), "{header}");
    }
    writer.replace(set(&first));
    assert_eq!((verdict(&one), verdict(&two)), (Ok(()), Err(Reason::UnknownKey)));
    writer.replace(set(&second));
    assert_eq!((verdict(&one), verdict(&two)), (Err(Reason::UnknownKey), Ok(())));
    writer.clear();
    assert_eq!(verdict(&two), Err(Reason::KeysUnavailable));
}

/// Grants one fetch, which brings `keys`.
struct OneFetch {
    keys: KeySet,
    writer: Arc<crate::keys::LiveWriter>,
    asked: Arc<AtomicUsize>,
}

impl Refresh for OneFetch {
    fn request(&self, _: RefreshHint<'_>) -> Grant {
        if self.asked.fetch_add(1, Ordering::SeqCst) > 0 {
            return Grant::Denied;
        }
        let (writer, keys) = (self.writer.clone(), self.keys.clone());
        Grant::Fetch(Box::pin(async move { writer.replace(keys) }))
    }
}

#[test]
fn a_granted_fetch_is_waited_for_once_and_only_for_a_key_that_is_missing() {
    let (old, new, other) = (key(Algorithm::ES256), key(Algorithm::ES256), key(Algorithm::ES256));
    let set = |key: &SigningKey| KeySet::new([key.verifying_key()]).unwrap();
    let (live, writer) = Live::new();
    writer.replace(set(&old));
    let asked = Arc::new(AtomicUsize::new(0));
    let refresh = OneFetch { keys: set(&new), writer: Arc::new(writer), asked: asked.clone() };
    let verifier = Verifier::builder()
        .with_live_keys(live)
        .with_refresh(refresh)
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .build()
        .unwrap();
    let sign = |key: &SigningKey| {
        let issuer = crate::Issuer::builder()
            .with_key(key.clone())
            .with_audience(AUDIENCE)
            .with_issuer(ISSUER)
            .build()
            .unwrap();
        issuer.token().sign().unwrap()
    };
    let is_wait =
        |token: &str| matches!(TokenAuthority::verify(&verifier, &Presented::new(token)), Verdict::Wait(_));
    // A bad signature under a known key asks for nothing, nor does a token of a known key.
    let good = sign(&old);
    let mut forged = good.clone();
    forged.replace_range(good.len() - 8.., "AAAAAAAA");
    assert!(!is_wait(&good) && !is_wait(&forged));
    assert_eq!(asked.load(Ordering::SeqCst), 0);

    let waiting = TokenAuthority::verify(&verifier, &Presented::new(&sign(&new)));
    let Verdict::Wait(verdict) = waiting else { panic!("not granted") };
    assert!(poll_once(verdict).unwrap().is_ok());
    // The grant is used up.
    let refused = poll_once(Box::pin(async { verifier.verify_fresh(&sign(&other)).await })).unwrap();
    assert_eq!(refused.unwrap_err().reason(), Reason::UnknownKey);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn expectations_of_a_call_hold_after_its_wait_too() {
    let (old, new) = (key(Algorithm::ES256), key(Algorithm::ES256));
    let set = |key: &SigningKey| KeySet::new([key.verifying_key()]).unwrap();
    let issuer = crate::Issuer::builder().with_key(new.clone()).with_audience(AUDIENCE).with_issuer(ISSUER);
    let issuer = issuer.with_profile(Profile::IdToken).build().unwrap();
    let token = issuer.token().with_subject("alice").with_claim("nonce", "n-1").sign().unwrap();
    for (nonce, expected) in [("n-1", None), ("n-2", Some(Reason::WrongNonce))] {
        let (live, writer) = Live::new();
        writer.replace(set(&old));
        let asked = Arc::new(AtomicUsize::new(0));
        let refresh = OneFetch { keys: set(&new), writer: Arc::new(writer), asked: asked.clone() };
        let authority = Verifier::builder().with_live_keys(live).with_refresh(refresh);
        let authority = authority.with_audience(AUDIENCE).with_issuer(ISSUER);
        let verifier = authority.with_profile(Profile::IdToken).build().unwrap();
        let expected_nonce = Expected::new().with_nonce(nonce);
        let verdict = Box::pin(verifier.verify_fresh_with(&token, &expected_nonce));
        let reason = poll_once(verdict).unwrap().err().map(|error| error.reason());
        assert_eq!(reason, expected, "{nonce}");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{nonce}");
    }
}

fn poll_once<T>(mut future: BoxFuture<'_, T>) -> Option<T> {
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        core::task::Poll::Ready(value) => Some(value),
        core::task::Poll::Pending => None,
    }
}

#[test]
fn claims_are_read_as_a_type_once_and_named_where_they_do_not_fit() {
    #[derive(serde::Deserialize, Debug)]
    struct User {
        sub: String,
        #[expect(dead_code, reason = "only its type matters")]
        age: u8,
    }
    let verifier = verifier(|authority| authority);
    let good = token(HEADER, &claims_with(&[("age", "7")]));
    let (verified, user) = verifier.verify_into::<User>(&good).unwrap();
    assert_eq!((verified.subject(), user.sub.as_str()), (Some("alice"), "alice"));
    // What is read the second time is kept for the third.
    let [first, second, third] = [(); 3].map(|()| verified.claims::<User>().unwrap());
    assert!(!Arc::ptr_eq(&first, &second) && Arc::ptr_eq(&second, &third));
    assert_eq!(verified.claims::<crate::Registered>().unwrap().jti.as_deref(), Some("t1"));
    assert_eq!(verified.claim::<u8>("age"), Ok(Some(7)));
    assert_eq!(verified.claim::<u8>("none"), Ok(None));

    let bad = token(HEADER, &claims_with(&[("age", "\"CANARY\"")]));
    let error = verifier.verify_into::<User>(&bad).unwrap_err();
    assert_eq!(error.reason(), Reason::ClaimsShape);
    assert_eq!(error.detail(), Some("age: expected u8, found a string"));
    assert!(!format!("{error} {error:?} {verified:?}").contains("CANARY"));
}

#[test]
fn scopes_and_roles_are_found_in_every_usual_form() {
    let verifier = verifier(|authority| authority.with_roles_at(["realm_access", "roles"]));
    let read = |changes: &[(&str, &str)]| verifier.verify(&token(HEADER, &claims_with(changes))).unwrap();
    for (changes, has) in [
        (vec![("scope", r#""read admin""#)], true),
        (vec![("scope", r#""\u0061dmin""#)], true),
        (vec![("scope", r#"["read","admin"]"#)], true),
        (vec![("scope", ""), ("scp", r#"["admin"]"#)], true),
        (vec![("scope", ""), ("scp", r#""x admin""#)], true),
        (vec![("scope", r#""read""#), ("scp", r#""admin""#)], false),
        (vec![("scope", r#""administrator admi""#)], false),
        (vec![("scope", r#"["admin",1]"#)], false),
        (vec![("scope", r#"{"admin":true}"#)], false),
        (vec![("scope", "")], false),
    ] {
        assert_eq!(read(&changes).has_scope("admin"), has, "{changes:?}");
        assert_eq!(read(&changes).scopes().contains("admin"), has, "{changes:?}");
    }
    assert!(!read(&[]).has_scope(""));
    assert!(read(&[("realm_access", r#"{"roles":["a","b"]}"#)]).has_role("b"));
    assert!(!read(&[("realm_access", r#"{"roles":["a"]}"#)]).has_role("b"));
    assert!(!read(&[("roles", r#"["b"]"#)]).has_role("b"));
}

#[test]
fn explain_finds_all_that_is_wrong() {
    let key = key(Algorithm::ES256);
    let verifier = Verifier::builder()
        .with_key(&key)
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .require_claim("tenant")
        .build()
        .unwrap()
        .with_clock(ManualClock::at(NOW));
    let token = format!(
        "{}.{}.AAAA",
        encode(r#"{"alg":"ES256","crit":["x"],"typ":"x"}"#),
        encode(&claims_with(&[("iss", "1"), ("aud", "\"x\""), ("exp", "1"), ("nonce", "\"x\"")]))
    );
    let reasons: Vec<Reason> = verifier.explain(&token).findings().iter().map(TokenError::reason).collect();
    assert_eq!(
        reasons,
        [
            Reason::CriticalExtension,
            Reason::WrongType,
            Reason::BadSignature,
            Reason::MalformedClaim,
            Reason::WrongAudience,
            Reason::Expired,
            Reason::MissingClaim,
            Reason::WrongKind,
        ]
    );
    let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
    let other = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    let foreign = jws::sign(b"[1]", &other).unwrap();
    let reasons: Vec<Reason> = verifier.explain(&foreign).findings().iter().map(TokenError::reason).collect();
    assert_eq!(reasons, [Reason::AlgorithmNotAllowed, Reason::MalformedPayload]);
}

#[test]
fn a_known_header_is_judged_by_the_rules_of_whoever_reads_it() {
    let keys = KeySet::new([yes()]).unwrap();
    let with = |typ: Option<&str>| {
        let ready = Authority::builder().with_keys(keys.clone()).with_audience(AUDIENCE).with_issuer(ISSUER);
        let ready = typ.into_iter().fold(ready, |ready, typ| ready.require_typ(typ));
        ready.build().unwrap().with_clock(ManualClock::at(NOW))
    };
    let good = token(HEADER, &claims_with(&[]));
    let reason = |verifier: &Verifier, token: &str| verifier.verify(token).err().map(|error| error.reason());
    assert_eq!(reason(&with(None), &good), None);
    // From here on the keys know the header: whatever else is wrong is found all the same.
    assert_eq!(reason(&with(None), &good), None);
    assert_eq!(reason(&with(Some("jwt")), &good), Some(Reason::WrongType));
    let short = Limits::default().with_header_bytes(HEADER.len() - 1);
    assert_eq!(reason(&with(None).with_limits(short), &good), Some(Reason::HeaderTooLong));
    let exact = Limits::default().with_header_bytes(HEADER.len());
    assert_eq!(reason(&with(None).with_limits(exact), &good), None);
    let (input, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{input}.{}", base64url::encode(b"bad".repeat(16).as_slice()));
    assert_eq!(reason(&with(None), &forged), Some(Reason::BadSignature));
    assert_eq!(reason(&with(None), &token(HEADER, "[]")), Some(Reason::MalformedPayload));
}

#[test]
fn only_good_signatures_make_a_header_known_and_many_headers_do_no_harm() {
    let verifier = verifier(|authority| authority);
    let header = |n: usize| format!(r#"{{"alg":"HS384","n":{n}}}"#);
    let authority = verifier.authorities()[0].0.keys().unwrap();
    let known =
        |n: usize| authority.set().known_headers().find(&encode(&header(n)), &Limits::default()).is_some();
    for n in 0..8 {
        let good = token(&header(n), &claims_with(&[]));
        let (input, _) = good.rsplit_once('.').unwrap();
        let forged = format!("{input}.{}", base64url::encode(b"bad".repeat(16).as_slice()));
        assert!(verifier.verify(&forged).is_err());
        assert!(!known(n), "{n}");
        for _ in 0..2 {
            assert!(verifier.verify(&good).is_ok());
            assert_eq!(known(n), n < 4, "{n}");
        }
    }
}

#[test]
fn claims_are_read_alike_whether_their_places_were_kept_or_not() {
    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct All {
        sub: String,
        list: Vec<u32>,
    }
    let verifier = verifier(|authority| authority);
    // Few places are kept, many are not; with an escape a string is kept by itself.
    for (count, sub) in [(3, "alice"), (300, "alice"), (3, "\\u0061lice"), (300, "\\u0061lice")] {
        let list: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        let list = format!("[{}]", list.join(","));
        let claims = claims_with(&[("list", &list), ("sub", &format!("\"{sub}\"")), ("roles", "[\"r\"]")]);
        let token = token(HEADER, &claims);
        let (at_once, all) = verifier.verify_into::<All>(&token).unwrap();
        for verified in [at_once, verifier.verify(&token).unwrap()] {
            assert_eq!(verified.subject(), Some("alice"), "{count} {sub}");
            assert_eq!(verified.token_id(), Some("t1"));
            assert_eq!(*verified.claims::<All>().unwrap(), all);
            assert_eq!(all.list.len(), count);
            assert!(verified.has_role("r") && verified.has_scope("write"));
            assert_eq!(verified.claim::<String>("jti").unwrap().as_deref(), Some("t1"));
            assert_eq!(verified.claim::<String>("none").unwrap(), None);
        }
    }
}

#[test]
fn an_authority_tells_its_issuer_and_algorithms() {
    let with_audience = || Authority::builder().with_key(yes()).with_audience(AUDIENCE);
    let exact = with_audience().with_issuer(ISSUER).build_authority().unwrap();
    assert_eq!((exact.issuer(), exact.algorithms()), (Some(ISSUER), &[Algorithm::HS384][..]));
    let none = with_audience().without_issuer().build_authority().unwrap();
    assert_eq!(none.issuer(), None);
    assert_eq!(Verifier::of([exact]).unwrap().authorities().len(), 1);
}

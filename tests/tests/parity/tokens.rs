//! Good tokens and bad ones. The bad ones are told apart by the log alone.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use jwt_core::request::RequestFacts;
use jwt_core::{
    Authority, Check, CheckOutcome, Evidence, KeySet, ManualClock, Profile, Reason, RequestAuth, SigningKey,
    Verified, Verifier,
};
use serde_json::{Value, json};
use tests::tokens::{
    AUDIENCE, FOREIGN_AUDIENCE, Forged, HMAC_ISSUER, ISSUER, NOW, alice, base64url, keys, sign_raw,
};
use tests::wire::Request;

use super::{Expected, Table, routes, rules, rules_of_one_issuer};

/// Tokens that are good although they look unusual.
fn unusual() -> Vec<(&'static str, String)> {
    let token = Forged::new;
    vec![
        ("as it is", token().sign()),
        ("no typ", token().without_header("typ").sign()),
        ("typ JWT", token().header("typ", "JWT").sign()),
        ("typ jwt", token().header("typ", "jwt").sign()),
        ("typ AT+JWT", token().header("typ", "AT+JWT").sign()),
        ("typ with prefix", token().header("typ", "application/at+jwt").sign()),
        ("typ with prefix in capitals", token().header("typ", "APPLICATION/AT+JWT").sign()),
        (
            "no kid, one key fits",
            token().key(&keys().rs256).header("alg", "RS256").without_header("kid").sign(),
        ),
        ("jku", token().header("jku", "https://evil.example/keys").sign()),
        ("x5u", token().header("x5u", "https://evil.example/cert").sign()),
        ("x5c", token().header("x5c", json!(["AA"])).sign()),
        ("x5t", token().header("x5t", "AA").sign()),
        ("cty of something else", token().header("cty", "text/plain").sign()),
        ("an unknown member", token().header("new", json!({"a": [1, 2]})).sign()),
        ("escaped names in the header", {
            sign_raw(&keys().es256, r#"{"\u0061lg":"ES2\u00356","kid":"\u0065s"}"#, token().payload_json())
        }),
        ("white space in JSON", {
            let header = " {\t\"alg\" : \"ES256\" ,\r\n \"kid\":\"es\" } ";
            sign_raw(&keys().es256, header, format!("\n{} ", token().payload_json()))
        }),
        ("aud among several", token().claim("aud", json!([FOREIGN_AUDIENCE, AUDIENCE])).sign()),
        ("exp now, within leeway", token().claim("exp", NOW).sign()),
        ("exp at the edge of leeway", token().claim("exp", NOW - 29).sign()),
        ("exp with a fraction", token().claim("exp", json!(1_900_000_600.5)).sign()),
        ("exp at the end of time", token().claim("exp", 253_402_300_799_u64).sign()),
        ("nbf within leeway", token().claim("nbf", NOW + 30).sign()),
        ("iat within leeway", token().claim("iat", NOW + 30).sign()),
        ("no iat", token().without_claim("iat").sign()),
        ("no jti", token().without_claim("jti").sign()),
        ("32 levels", token().claim("deep", nested(30)).sign()),
        ("claims beyond ASCII", token().claim("name", "Ålice 𝄞 \u{0}").sign()),
        ("token_use access", token().claim("token_use", "access").sign()),
    ]
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!([]), |inner, _| json!([inner]))
}

/// Tokens that nobody may accept, with the reason that the log gets.
fn bad() -> Vec<(&'static str, String, Reason)> {
    use Reason as R;
    let token = Forged::new;
    let good = token().sign();
    let (start, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = start.split_once('.').unwrap();
    let with_payload = |payload: &[u8]| token().sign_payload(payload);
    let with_header = |header: &str| sign_raw(&keys().es256, header, token().payload_json());
    let hs_by_public_key = {
        let pem = keys().rs256.verifying_key().to_pem().unwrap();
        let input =
            format!("{}.{}", base64url(r#"{"alg":"HS256","kid":"rs"}"#), base64url(token().payload_json()));
        format!("{input}.{}", base64url(&pem.as_bytes()[..32]))
    };
    let none = |alg: &str, signature: &str| {
        format!("{}.{payload}.{signature}", base64url(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#)))
    };
    let flipped = |at: usize| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let mut rows = vec![
        ("too long", token().claim("pad", "x".repeat(17_000)).sign(), R::TokenTooLong),
        ("one segment", "abc".to_owned(), R::NotThreeSegments),
        ("two segments", start.to_owned(), R::NotThreeSegments),
        ("four segments", format!("{good}.x"), R::NotThreeSegments),
        ("a trailing dot", format!("{good}."), R::NotThreeSegments),
        ("a leading dot", format!(".{good}"), R::NotThreeSegments),
        ("dots", "..".to_owned(), R::NotThreeSegments),
        ("five segments", format!("{good}.x.y"), R::Encrypted),
        ("enc in the header", token().header("enc", "A256GCM").sign(), R::Encrypted),
        ("epk in the header", token().header("epk", json!({})).sign(), R::Encrypted),
        ("p2c in the header", token().header("p2c", 1).sign(), R::Encrypted),
        ("padding", format!("{good}="), R::NotBase64Url),
        ("plus and slash", format!("{start}.+/{}", &signature[2..]), R::NotBase64Url),
        ("a tilde", format!("{start}.~{}", &signature[1..]), R::NotBase64Url),
        ("a length that cannot be", format!("{start}.{}", &signature[..85]), R::NotBase64Url),
        ("header too long", token().header("pad", "x".repeat(5_000)).sign(), R::HeaderTooLong),
        ("header an array", with_header(r#"["ES256"]"#), R::MalformedHeader),
        ("header no JSON", with_header("alg=ES256"), R::MalformedHeader),
        ("header empty", with_header(""), R::NotThreeSegments),
        ("header with a tail", with_header(r#"{"alg":"ES256","kid":"es"}x"#), R::MalformedHeader),
        ("header with a mark", with_header("\u{feff}{\"alg\":\"ES256\",\"kid\":\"es\"}"), R::MalformedHeader),
        ("alg a number", token().header("alg", 256).sign(), R::MalformedHeader),
        ("alg null", token().header("alg", Value::Null).sign(), R::MalformedHeader),
        ("kid a number", token().header("kid", 1).sign(), R::MalformedHeader),
        ("typ an array", token().header("typ", json!(["at+jwt"])).sign(), R::MalformedHeader),
        ("alg twice", with_header(r#"{"alg":"ES256","alg":"ES256","kid":"es"}"#), R::DuplicateMember),
        (
            "alg twice, once escaped",
            with_header(r#"{"alg":"ES256","\u0061lg":"none","kid":"es"}"#),
            R::DuplicateMember,
        ),
        (
            "a claim twice",
            { with_payload(token().payload_json().replacen('{', r#"{"sub":"mallory","#, 1).as_bytes()) },
            R::DuplicateMember,
        ),
        (
            "a claim twice, once escaped",
            { with_payload(token().payload_json().replacen('{', r#"{"s\u0075b":"mallory","#, 1).as_bytes()) },
            R::DuplicateMember,
        ),
        (
            "a member twice inside",
            { with_payload(token().payload_json().replacen('{', r#"{"x":[{"a":1,"a":1}],"#, 1).as_bytes()) },
            R::DuplicateMember,
        ),
        ("iss of nobody", token().claim("iss", "https://evil.example/").sign(), R::UntrustedIssuer),
        ("iss without its slash", token().claim("iss", "https://id.example.com").sign(), R::UntrustedIssuer),
        ("iss in capitals", token().claim("iss", ISSUER.to_uppercase()).sign(), R::UntrustedIssuer),
        ("iss an array", token().claim("iss", json!([ISSUER])).sign(), R::UntrustedIssuer),
        ("no iss", token().without_claim("iss").sign(), R::UntrustedIssuer),
        ("none", none("none", ""), R::AlgorithmNotAllowed),
        ("none with a signature", none("none", signature), R::AlgorithmNotAllowed),
        ("None", none("None", ""), R::AlgorithmNotAllowed),
        ("NONE", none("NONE", ""), R::AlgorithmNotAllowed),
        ("nOnE", none("nOnE", ""), R::AlgorithmNotAllowed),
        ("alg empty", none("", ""), R::AlgorithmNotAllowed),
        ("no alg", token().without_header("alg").sign(), R::AlgorithmNotAllowed),
        ("alg in lower case", token().header("alg", "es256").sign(), R::AlgorithmNotAllowed),
        ("alg with a space", token().header("alg", " ES256").sign(), R::AlgorithmNotAllowed),
        ("alg with a zero", token().header("alg", "ES256\0").sign(), R::AlgorithmNotAllowed),
        ("HS256 by a public key", hs_by_public_key, R::AlgorithmNotAllowed),
        (
            "HS256 of the other issuer's secret",
            { token().key(&keys().hs256).header("alg", "HS256").header("kid", "hs").sign() },
            R::AlgorithmNotAllowed,
        ),
        (
            "ES256 under the issuer of secrets",
            token().claim("iss", HMAC_ISSUER).sign(),
            R::AlgorithmNotAllowed,
        ),
        ("crit", token().header("crit", json!(["exp"])).header("exp", 1).sign(), R::CriticalExtension),
        ("crit empty", token().header("crit", json!([])).sign(), R::CriticalExtension),
        ("crit null", token().header("crit", Value::Null).sign(), R::CriticalExtension),
        ("b64", token().header("b64", true).sign(), R::UnencodedPayload),
        ("jwk", token().header("jwk", jwk_of(&keys().stranger)).key(&keys().stranger).sign(), R::EmbeddedKey),
        ("zip", token().header("zip", "DEF").sign(), R::Compressed),
        ("cty JWT", token().header("cty", "JWT").sign(), R::Nested),
        ("cty with prefix", token().header("cty", "application/jwt").sign(), R::Nested),
        ("typ of a refresh token", token().header("typ", "rt+jwt").sign(), R::WrongType),
        ("typ of a logout token", token().header("typ", "logout+jwt").sign(), R::WrongType),
        ("typ of a proof", token().header("typ", "dpop+jwt").sign(), R::WrongType),
        ("typ empty", token().header("typ", "").sign(), R::WrongType),
        ("kid of nobody", token().header("kid", "nobody").sign(), R::UnknownKey),
        ("kid in capitals", token().header("kid", "ES").sign(), R::UnknownKey),
        ("kid empty", token().header("kid", "").sign(), R::UnknownKey),
        ("kid of a path", token().header("kid", "../../dev/null").sign(), R::UnknownKey),
        ("kid too long", token().header("kid", "k".repeat(257)).sign(), R::UnknownKey),
        ("no kid, two keys fit", token().without_header("kid").sign(), R::AmbiguousKey),
        ("kid of a key of another algorithm", token().header("kid", "rs").sign(), R::KeyAlgorithmMismatch),
        ("signed by a stranger", token().key(&keys().stranger).sign(), R::BadSignature),
        ("kid of the other key", token().header("kid", "es-next").sign(), R::BadSignature),
        (
            "header changed",
            format!("{}.{payload}.{signature}", base64url(r#"{"alg":"ES256","kid":"es"}"#)),
            R::BadSignature,
        ),
        (
            "payload changed",
            {
                let payload = token().claim("sub", "mallory").payload_json();
                format!("{header}.{}.{signature}", base64url(payload))
            },
            R::BadSignature,
        ),
        ("signature changed", flipped(start.len() + 10), R::BadSignature),
        ("signature empty", format!("{start}."), R::BadSignature),
        ("signature short", format!("{start}.{}", base64url([1; 63])), R::BadSignature),
        ("signature long", format!("{start}.{}", base64url([1; 65])), R::BadSignature),
        ("signature of zeros", format!("{start}.{}", base64url([0; 64])), R::BadSignature),
        ("signature in DER", format!("{start}.{}", base64url([0x30; 71])), R::BadSignature),
        ("payload an array", with_payload(b"[]"), R::UntrustedIssuer),
        ("payload empty", with_payload(b""), R::UntrustedIssuer),
        ("payload no JSON", with_payload(b"hello"), R::UntrustedIssuer),
        (
            "payload with a mark",
            with_payload(format!("\u{feff}{}", token().payload_json()).as_bytes()),
            R::UntrustedIssuer,
        ),
        (
            "payload with a tail",
            with_payload(format!("{}x", token().payload_json()).as_bytes()),
            R::MalformedPayload,
        ),
        (
            "payload not UTF-8",
            {
                let mut payload = token().payload_json().into_bytes();
                let at = payload.len() - 2;
                payload.splice(at..at, *b"\xff");
                with_payload(&payload)
            },
            R::UntrustedIssuer,
        ),
        ("payload too deep", token().claim("deep", nested(40)).sign(), R::TooDeep),
    ];
    for (name, value) in [
        ("exp a string", json!("1900000600")),
        ("exp null", Value::Null),
        ("exp negative", json!(-1)),
        ("exp an array", json!([NOW + 600])),
        ("exp a boolean", json!(true)),
        ("exp beyond the year 9999", json!(253_402_300_800_u64)),
        ("exp beyond every number", json!(1e300)),
    ] {
        rows.push((name, token().claim("exp", value).sign(), R::MalformedClaim));
    }
    for (name, claim, value) in [
        ("nbf a string", "nbf", json!("1")),
        ("iat null", "iat", Value::Null),
        ("sub a number", "sub", json!(1)),
        ("sub null", "sub", Value::Null),
        ("jti a number", "jti", json!(1)),
        ("aud an empty array", "aud", json!([])),
        ("aud an empty string", "aud", json!("")),
        ("aud of mixed types", "aud", json!([AUDIENCE, 1])),
        ("aud an object", "aud", json!({"a": AUDIENCE})),
        ("aud null", "aud", Value::Null),
    ] {
        rows.push((name, token().claim(claim, value).sign(), R::MalformedClaim));
    }
    rows.extend([
        ("no exp", token().without_claim("exp").sign(), R::MissingClaim),
        ("no aud", token().without_claim("aud").sign(), R::MissingClaim),
        ("aud of somebody else", token().claim("aud", FOREIGN_AUDIENCE).sign(), R::WrongAudience),
        ("aud with a slash", token().claim("aud", format!("{AUDIENCE}/")).sign(), R::WrongAudience),
        ("aud a prefix", token().claim("aud", "https://api.example").sign(), R::WrongAudience),
        ("nbf ahead", token().claim("nbf", NOW + 31).sign(), R::NotYetValid),
        ("iat ahead", token().claim("iat", NOW + 31).sign(), R::IssuedInFuture),
        ("nonce", token().claim("nonce", "n").sign(), R::WrongKind),
        ("at_hash", token().claim("at_hash", "h").sign(), R::WrongKind),
        ("c_hash", token().claim("c_hash", "h").sign(), R::WrongKind),
        ("events", token().claim("events", json!({})).sign(), R::WrongKind),
        ("token_use id", token().claim("token_use", "id").sign(), R::WrongKind),
        ("token_use refresh", token().claim("token_use", "refresh").sign(), R::WrongKind),
        ("htm", token().claim("htm", "GET").sign(), R::WrongKind),
        ("cnf", token().claim("cnf", json!({"jkt": "x"})).sign(), R::SenderConstraint),
    ]);
    rows
}

fn jwk_of(key: &SigningKey) -> Value {
    serde_json::from_str(&key.to_jwk().unwrap().to_json().unwrap()).unwrap()
}

#[test]
fn unusual_tokens_are_as_good_as_others() {
    let table = Table::new("good tokens", &routes(&rules("")));
    for (name, token) in unusual() {
        table.row(name, &Request::get("/me").bearer(&token), &Expected::me(&token));
    }
    table.finish(28);
}

#[test]
fn every_bad_token_is_answered_with_the_same_bytes() {
    let table = Table::new("bad tokens", &routes(&rules("")));
    let verifier = trusting_both();
    let mut reasons = BTreeSet::new();
    let mut first: Option<Vec<Vec<u8>>> = None;
    for (name, token, reason) in bad() {
        let found = verifier.verify(&token).unwrap_err().reason();
        if found != reason {
            table.note(format!("{name}: {} instead of {}", found.code(), reason.code()));
        }
        reasons.insert(reason.code());
        let request = Request::get("/me").bearer(&token);
        table.row(name, &request, &Expected::not_valid());
        // Byte for byte, in the order in which the framework writes its fields.
        let raw: Vec<Vec<u8>> = table.ask(&request).into_iter().map(|(_, response)| response.raw).collect();
        if *first.get_or_insert_with(|| raw.clone()) != raw {
            table.note(format!("{name}: other bytes than the first row"));
        }
    }
    assert!(reasons.len() >= 25, "{reasons:?}");
    table.finish(2 * 110);
}

/// The verifier of [`rules`], to ask for reasons.
fn trusting_both() -> Verifier {
    let public =
        [&keys().rs256, &keys().es256, &keys().es256_next, &keys().eddsa].map(SigningKey::verifying_key);
    let asymmetric = Authority::builder().with_keys(KeySet::new(public).unwrap());
    let asymmetric = asymmetric.with_audience(AUDIENCE).with_issuer(ISSUER).build_authority().unwrap();
    let secret = Authority::builder().with_key(&keys().hs256);
    let secret = secret.with_audience(AUDIENCE).with_issuer(HMAC_ISSUER).build_authority().unwrap();
    Verifier::of([asymmetric, secret]).unwrap().with_clock(ManualClock::at(NOW))
}

/// Refuses by `jti`.
struct Denylist;

impl Check for Denylist {
    fn name(&self) -> &'static str {
        "denylist"
    }

    fn check(&self, verified: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        assert!(matches!(verified.evidence(), Evidence::Signature { .. }));
        match verified.token_id() {
            Some("revoked") => CheckOutcome::refuse(Reason::Revoked),
            Some("replayed") => CheckOutcome::refuse(Reason::Replayed),
            Some("inactive") => CheckOutcome::refuse(Reason::Inactive),
            Some("store-down") => CheckOutcome::refuse(Reason::StoreUnavailable),
            Some("later") => CheckOutcome::Wait(Box::pin(core::future::ready(Err(Reason::Revoked.into())))),
            Some("later-good") => CheckOutcome::Wait(Box::pin(async {
                Ok(jwt_core::Passed::default().with_response_header("x-checked", "later"))
            })),
            _ => CheckOutcome::pass(),
        }
    }
}

#[test]
fn stricter_rules_refuse_with_the_same_bytes_too() {
    let verifier = Verifier::builder()
        .with_key(&keys().es256)
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .with_subject("alice")
        .with_max_lifetime(Duration::from_secs(600))
        .with_max_age(Duration::from_secs(300))
        .require_claim("client_id")
        .require_that("tenant", |claims: &Tenant| claims.tenant == "blue")
        .build()
        .unwrap()
        .with_clock(ManualClock::at(NOW));
    let reason = |token: &str| verifier.verify(token).err().map(|error| error.reason());
    let table =
        Table::new("stricter rules", &routes(&RequestAuth::new(verifier.clone()).with_check(Denylist)));
    let token = || Forged::new().claim("client_id", "app").claim("tenant", "blue");
    let good = token().sign();
    table.row("good", &Request::get("/me").bearer(&good), &Expected::me(&good));
    for (name, token, expected) in [
        ("another subject", token().claim("sub", "bob"), Some(Reason::WrongSubject)),
        ("no subject", token().without_claim("sub"), Some(Reason::MissingClaim)),
        ("lives too long", token().claim("exp", NOW + 601), Some(Reason::LifetimeTooLong)),
        ("too old", token().claim("iat", NOW - 331).claim("exp", NOW + 1), Some(Reason::TooOld)),
        ("no iat", token().without_claim("iat"), Some(Reason::MissingClaim)),
        ("a claim missing", token().without_claim("client_id"), Some(Reason::MissingClaim)),
        ("a claim null", token().claim("client_id", Value::Null), Some(Reason::MalformedClaim)),
        ("another tenant", token().claim("tenant", "red"), Some(Reason::PredicateFailed)),
        ("a tenant that is none", token().claim("tenant", 1), Some(Reason::ClaimsShape)),
        ("iss of nobody", token().claim("iss", "https://evil.example/"), Some(Reason::WrongIssuer)),
        ("iss an array", token().claim("iss", json!([ISSUER])), Some(Reason::MalformedClaim)),
        ("no iss", token().without_claim("iss"), Some(Reason::MissingClaim)),
        ("revoked", token().claim("jti", "revoked"), None),
        ("replayed", token().claim("jti", "replayed"), None),
        ("inactive", token().claim("jti", "inactive"), None),
        ("revoked, found out later", token().claim("jti", "later"), None),
    ] {
        let token = token.sign();
        assert_eq!(reason(&token), expected, "{name}");
        table.row(name, &Request::get("/me").bearer(&token), &Expected::not_valid());
        table.row(name, &Request::get("/optional").bearer(&token), &Expected::not_valid());
    }
    let down = token().claim("jti", "store-down").sign();
    table.row("store down", &Request::get("/me").bearer(&down), &Expected::unavailable());
    let later = token().claim("jti", "later-good").sign();
    let expected = Expected::me(&later).with("x-checked", "later");
    table.row("good, found out later", &Request::get("/me").bearer(&later), &expected);
    let refused = Expected::insufficient_scope(Some("admin")).with("x-checked", "later");
    table.row("and refused behind the layer", &Request::get("/admin").bearer(&later), &refused);
    table.row("shape", &Request::get("/impossible").bearer(&good), &Expected::not_valid());
    table.finish(35);
}

#[derive(serde::Deserialize)]
struct Tenant {
    tenant: String,
}

#[test]
fn expiry_is_told_only_after_the_signature() {
    let table = Table::new("expiry", &routes(&rules("")));
    let row = |name: &str, token: String, expected: &Expected| {
        table.row(name, &Request::get("/me").bearer(&token), expected);
        table.row(name, &Request::get("/optional").bearer(&token), expected);
    };
    let old = || Forged::new().claim("iat", NOW - 7_200).claim("exp", NOW - 3_600);
    row("expired", old().sign(), &Expected::expired());
    row("expired at the edge", Forged::new().claim("exp", NOW - 30).sign(), &Expected::expired());
    row(
        "expired by a fraction",
        Forged::new().claim("exp", json!(1_899_999_969.9)).sign(),
        &Expected::expired(),
    );
    row("expired long ago", Forged::new().claim("exp", 0).sign(), &Expected::expired());
    row("expired and forged", old().key(&keys().stranger).sign(), &Expected::not_valid());
    row("expired and for somebody else", old().claim("aud", FOREIGN_AUDIENCE).sign(), &Expected::not_valid());
    row("expired and of nobody", old().claim("iss", "https://evil.example/").sign(), &Expected::not_valid());
    row("expired and of another kind", old().header("typ", "rt+jwt").sign(), &Expected::not_valid());
    row("expired and not yet valid", old().claim("nbf", NOW + 600).sign(), &Expected::expired());
    row("expired and bound to a key", old().claim("cnf", json!({})).sign(), &Expected::expired());
    table.finish(20);
}

#[test]
fn leeway_and_typ_are_what_the_configuration_says() {
    let table = Table::new("leeway and typ", &routes(&rules("leeway_seconds = 0\nrequired_typ = 'at+jwt'")));
    let row = |name: &str, token: String, expected: Expected| {
        table.row(name, &Request::get("/me").bearer(&token), &expected);
    };
    let good = Forged::new().sign();
    row("good", good.clone(), Expected::me(&good));
    let last = Forged::new().claim("exp", NOW + 1).claim("nbf", NOW).claim("iat", NOW).sign();
    row("last second", last.clone(), Expected::me(&last));
    row("exp now", Forged::new().claim("exp", NOW).sign(), Expected::expired());
    row("nbf ahead", Forged::new().claim("nbf", NOW + 1).sign(), Expected::not_valid());
    row("iat ahead", Forged::new().claim("iat", NOW + 1).sign(), Expected::not_valid());
    row("typ JWT", Forged::new().header("typ", "JWT").sign(), Expected::not_valid());
    row("no typ", Forged::new().without_header("typ").sign(), Expected::not_valid());
    let prefixed = Forged::new().header("typ", "application/at+jwt").sign();
    row("typ with prefix", prefixed.clone(), Expected::me(&prefixed));
    table.finish(8);
}

#[test]
fn one_issuer_refuses_in_the_same_words() {
    let table = Table::new("one issuer", &routes(&rules_of_one_issuer("")));
    let good = alice();
    table.row("good", &Request::get("/me").bearer(&good), &Expected::me(&good));
    for (name, token) in [
        ("iss of nobody", Forged::new().claim("iss", "https://evil.example/").sign()),
        ("no iss", Forged::new().without_claim("iss").sign()),
        ("iss an array", Forged::new().claim("iss", json!([ISSUER])).sign()),
        ("payload an array", Forged::new().sign_payload("[]")),
        ("payload empty", Forged::new().sign_payload("")),
        (
            "the other issuer's secret",
            Forged::new()
                .key(&keys().hs256)
                .header("alg", "HS256")
                .header("kid", "hs")
                .claim("iss", HMAC_ISSUER)
                .sign(),
        ),
    ] {
        table.row(name, &Request::get("/me").bearer(&token), &Expected::not_valid());
    }
    table.finish(7);
}

#[test]
fn the_other_profiles_refuse_access_tokens() {
    for profile in [Profile::Rfc9068, Profile::IdToken, Profile::LogoutToken] {
        let verifier =
            Verifier::builder().with_key(&keys().es256).with_audience(AUDIENCE).with_issuer(ISSUER);
        let verifier = verifier.with_profile(profile).build().unwrap().with_clock(ManualClock::at(NOW));
        let table = Table::new("profiles", &routes(&RequestAuth::new(verifier)));
        table.row("access token", &Request::get("/me").bearer(&alice()), &Expected::not_valid());
        table.finish(1);
    }
}

use serde_json::json;

use super::*;
use crate::claims::NumericDate;
use crate::profile::Profile;
use crate::{Algorithm, ManualClock, Ready, Verifier, base64url, jws};

const NOW: u64 = 1_800_000_000;

fn builder() -> (SigningKey, IssuerBuilder<Ready>) {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let builder = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("id");
    (key, builder)
}

fn built(builder: IssuerBuilder<Ready>) -> Issuer {
    builder.build().unwrap().with_clock(ManualClock::at(NOW))
}

fn claims(key: &SigningKey, token: &str) -> (serde_json::Value, jws::Jws) {
    let keys = crate::KeySet::new([key.verifying_key()]).unwrap();
    let jws = jws::verify(token, &keys).unwrap();
    (serde_json::from_slice(jws.payload()).unwrap(), jws)
}

#[test]
fn a_token_says_what_it_was_told_and_who_made_it() {
    let (key, builder) = builder();
    let issuer = built(builder);
    let token = issuer
        .token()
        .with_subject("ali\"ce")
        .with_scopes(["read", "write"])
        .with_client_id("app")
        .with_session_id("s1")
        .with_authentication("urn:mfa", NumericDate::from_secs(NOW).unwrap())
        .with_token_id("t1")
        .with_lifetime(Duration::from_secs(60))
        .with_claims(&json!({"tenant": "blue", "nested": {"a": [1]}}))
        .with_claims(&json!({}))
        .with_claim("level", &7)
        .sign()
        .unwrap();
    let (claims, jws) = claims(&key, &token);
    assert_eq!(
        claims,
        json!({"iss": "id", "aud": "api", "sub": "ali\"ce", "scope": "read write", "client_id": "app", "sid": "s1",
            "acr": "urn:mfa", "auth_time": NOW, "iat": NOW, "exp": NOW + 60, "jti": "t1", "tenant": "blue",
            "nested": {"a": [1]}, "level": 7})
    );
    assert_eq!((jws.typ(), jws.key_id()), (Some("at+jwt"), key.key_id().map(|key_id| &**key_id)));
}

#[test]
fn each_token_has_an_id_of_its_own() {
    let (key, builder) = builder();
    let issuer = built(builder);
    let id = || claims(&key, &issuer.token().sign().unwrap()).0["jti"].as_str().unwrap().to_owned();
    let (one, two) = (id(), id());
    assert_ne!(one, two);
    assert_eq!(base64url::decode(&one).unwrap().len(), 16);
}

#[test]
fn what_verifiers_would_refuse_is_not_issued() {
    let issuer = built(builder().1);
    let deep = (0..40).fold(json!(1), |value, _| json!([value]));
    let late = NumericDate::from_secs(NOW + 600).unwrap();
    let soon = NumericDate::from_secs(NOW + 599).unwrap();
    let far = Duration::from_secs(NumericDate::MAX_SECS);
    let token = || issuer.token();
    let code = |token: TokenBuilder<'_>| token.sign().err().map(|error| error.code());
    for (name, token, expected) in [
        ("registered", token().with_claim("exp", &1), Some("registered_claim")),
        ("registered in a struct", token().with_claims(&json!({"sub": "x"})), Some("registered_claim")),
        ("no object", token().with_claims(&json!([1])), Some("claims_not_an_object")),
        (
            "no JSON",
            token().with_claims(&std::collections::HashMap::from([((1, 2), 3)])),
            Some("claims_not_serialisable"),
        ),
        ("given twice", token().with_claim("a", &1).with_claim("a", &2), Some("duplicate_member")),
        ("own claim twice", token().with_scope("a").with_claim("scope", "b"), Some("duplicate_member")),
        ("own method twice", token().with_subject("a").with_subject("b"), Some("duplicate_member")),
        ("another kind", token().with_claim("nonce", "n"), Some("wrong_token_kind")),
        ("too deep", token().with_claim("deep", &deep), Some("too_deep")),
        ("too long", token().with_claim("long", &"x".repeat(16 * 1024)), Some("token_too_long")),
        ("never valid", token().with_not_before(late), Some("expired")),
        ("valid for a second", token().with_not_before(soon), None),
        ("beyond the calendar", token().with_lifetime(far), Some("clock")),
        ("no time at all", token().with_lifetime(Duration::ZERO), Some("expired")),
        ("bound to a key", token().with_claim("cnf", &json!({"jkt": "x"})), None),
        (
            "the first mistake is told",
            token().with_claims(&1).with_claim("exp", &1),
            Some("claims_not_an_object"),
        ),
    ] {
        assert_eq!(code(token), expected, "{name}");
    }
}

#[test]
fn names_that_look_secret_warn_or_are_refused() {
    let (_, warning) = builder();
    let warning = built(warning);
    assert!(warning.token().with_claim("Password", "x").sign().is_ok());
    assert_eq!(warning.0.warned.lock().unwrap().iter().copied().collect::<Vec<_>>(), ["password"]);
    let refusing = built(builder().1.without_sensitive_claims());
    let code = |name: &str| refusing.token().with_claim(name, "x").sign().err().map(|error| error.code());
    assert_eq!(code("password"), Some("sensitive_claim"));
    assert_eq!(code("PHONE_NUMBER"), Some("sensitive_claim"));
    assert_eq!(code("passwords_changed_at"), None);
}

#[test]
fn a_verifier_of_the_same_rules_accepts_every_profile() {
    let logout = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    for profile in [Profile::AccessToken, Profile::Rfc9068, Profile::IdToken, Profile::LogoutToken] {
        let (key, builder) = builder();
        let issuer = built(builder.with_profile(profile));
        let verifier = Verifier::builder()
            .with_key(&key)
            .with_audience("api")
            .with_issuer("id")
            .with_profile(profile)
            .build()
            .unwrap()
            .with_clock(ManualClock::at(NOW));
        let mut token = issuer.token().with_subject("alice").with_client_id("app");
        if profile == Profile::LogoutToken {
            token = token.with_claim("events", &logout);
        }
        assert!(verifier.verify(&token.sign().unwrap()).is_ok(), "{profile:?}");
    }
    let (_, builder) = builder();
    let issuer = built(builder.with_profile(Profile::Rfc9068));
    assert_eq!(issuer.token().sign().err().map(|error| error.code()), Some("missing_claim"));
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let code = |builder: IssuerBuilder<Ready>| builder.build().err().map(|error| error.code());
    assert_eq!(code(builder().1.with_lifetime(Duration::from_millis(999))), Some("lifetime"));
    assert_eq!(code(builder().1.with_lifetime(Duration::from_secs(u64::MAX))), Some("lifetime"));
    let key = || SigningKey::generate(Algorithm::ES256).unwrap();
    assert_eq!(
        code(Issuer::builder().with_key(key()).with_audience("a").with_issuer("")),
        Some("empty_issuer")
    );
    assert_eq!(
        code(Issuer::builder().with_key(key()).with_audience("").with_issuer("i")),
        Some("empty_audience")
    );
}

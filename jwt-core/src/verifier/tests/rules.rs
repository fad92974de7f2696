//! Rules beside issuer, audience and dates: of an authority, of a profile, of one call.

use super::*;

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
    assert_eq!(check(&[("auth_time", "1800000030")], &fresh), Ok(()));
    for ahead in ["1800000030.1", "1800000031", "253402300799"] {
        assert_eq!(check(&[("auth_time", ahead)], &fresh), Err(Reason::LoginTooOld), "{ahead}");
        assert_eq!(check(&[("auth_time", ahead)], &Expected::new()), Ok(()), "{ahead}");
    }
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
fn a_fetched_set_beside_a_key_of_ones_own_is_still_a_fetched_one() {
    use crate::keys::{JwkSet, Source};
    let nameless = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let own = key(Algorithm::ES256);
    let verifying = VerifyingKey::from_pem(Algorithm::ES256, own.verifying_key().to_pem().unwrap()).unwrap();
    assert_eq!((verifying.key_id(), own.key_id().is_some()), (None, true));
    let token = jws::sign_typed(claims_with(&[]).as_bytes(), &own, "JWT", None).unwrap();
    for (source, expected) in [(Source::Static, Ok(())), (Source::Remote, Err(Reason::UnknownKey))] {
        let set = KeySet::from_jwk_set(&JwkSet::from_json(nameless.as_bytes()).unwrap(), source).unwrap();
        let both = Authority::builder().with_keys(set).with_key(verifying.clone()).with_audience(AUDIENCE);
        let verifier = both.with_issuer(ISSUER).build().unwrap().with_clock(ManualClock::at(NOW));
        let found = verifier.verify(&token).map(|_| ()).map_err(|error| error.reason());
        assert_eq!(found, expected, "{source:?}");
    }
}

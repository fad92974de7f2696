//! What a verified token is read for, and what is kept to read it again.

use super::*;

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
        encode(r#"{"zip":"DEF","alg":"ES256","jwk":{},"crit":["x"],"b64":true,"p2c":1,"enc":"x","typ":"x"}"#),
        encode(&claims_with(&[
            ("iss", "1"),
            ("aud", "\"x\""),
            ("exp", "1"),
            ("nonce", "\"x\""),
            ("at_hash", "\"x\""),
            ("events", "{}"),
            ("token_use", "\"id\""),
            ("token_type", "\"refresh\""),
        ]))
    );
    let reasons: Vec<Reason> = verifier.explain(&token).findings().iter().map(TokenError::reason).collect();
    assert_eq!(
        reasons,
        [
            Reason::CriticalExtension,
            Reason::UnencodedPayload,
            Reason::EmbeddedKey,
            Reason::Encrypted,
            Reason::Compressed,
            Reason::WrongType,
            Reason::BadSignature,
            Reason::MalformedClaim,
            Reason::WrongAudience,
            Reason::Expired,
            Reason::MissingClaim,
            Reason::WrongKind,
            Reason::WrongKind,
            Reason::WrongKind,
            Reason::WrongKind,
            Reason::WrongKind,
        ]
    );
    let of_another_kind = |verifier: &Verifier, claims: &[(&str, &str)]| -> Vec<String> {
        let token = format!("{}.{}.AAAA", encode(HEADER), encode(&claims_with(claims)));
        let found = verifier.explain(&token);
        let kinds = [Reason::WrongKind, Reason::MissingClaim];
        let findings = found.findings().iter().filter(|finding| kinds.contains(&finding.reason()));
        findings.filter_map(|finding| finding.detail().map(str::to_owned)).collect()
    };
    let claims =
        [("htm", "1"), ("token_type", "\"refresh\""), ("nonce", "1"), ("events", "1"), ("c_hash", "1")];
    let named = ["tenant", "nonce", "c_hash", "events", "htm", "token_type"];
    assert_eq!(of_another_kind(&verifier, &claims), named);
    let logout = Verifier::builder().with_key(&key).with_audience(AUDIENCE).with_issuer(ISSUER);
    let logout = logout.with_profile(Profile::LogoutToken).build().unwrap();
    let claims = [("jti", "\"j\""), ("nonce", "1"), ("events", "1"), ("sub", "\"\"")];
    assert_eq!(of_another_kind(&logout, &claims), ["nonce", "events", "sub or sid"]);
    let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
    let other = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    let foreign = jws::sign(b"[1]", &other).unwrap();
    let reasons: Vec<Reason> = verifier.explain(&foreign).findings().iter().map(TokenError::reason).collect();
    assert_eq!(reasons, [Reason::AlgorithmNotAllowed, Reason::MalformedPayload]);
}

#[test]
fn an_explanation_is_a_line_for_each_finding_and_tells_no_value() {
    let verifier = verifier(|authority| authority.require_claim("tenant"));
    let claims = claims_with(&[("aud", "\"canary\""), ("exp", "\"canary\""), ("tenant", "")]);
    let words = verifier.explain(&token(HEADER, &claims)).to_string();
    let lines: Vec<&str> = words.lines().collect();
    assert_eq!(lines.len(), 3, "{words}");
    assert!(lines[1].ends_with(": exp") && lines[2].ends_with(": tenant"), "{words}");
    assert!(!words.contains("canary"), "{words}");
    let good = token(HEADER, &claims_with(&[("tenant", "\"a\"")]));
    assert_eq!(verifier.explain(&good).to_string(), "nothing speaks against the token");
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

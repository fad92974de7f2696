//! Attacks on claims, and on the kind of token.

use core::time::Duration;

use jwt_core::{Authority, Profile, Reason, SigningKey, Verifier};
use serde_json::{Value, json};
use tests::tokens::{AUDIENCE, FOREIGN_AUDIENCE, Forged, HMAC_ISSUER, ISSUER, NOW, base64url, keys};

use super::bench::Bench;
use super::covers;

covers! {
    a_date_of_another_type [35];
    no_expiry [36];
    a_date_at_its_boundary [37];
    clocks_that_differ_without_end [38];
    an_audience_of_another_shape [39];
    an_issuer_of_another_shape [40];
    a_pattern_in_the_place_of_a_name [41];
    a_token_of_another_kind [42];
    claims_of_a_token_nobody_signed [43];
    a_subject_of_another_issuer [44];
    a_signature_found_byte_by_byte [45];
}

type Ready = jwt_core::AuthorityBuilder<jwt_core::Ready>;

/// Trusts [`ISSUER`] and its key for ES256, with further rules.
fn with(change: impl FnOnce(Ready) -> Ready) -> Bench {
    let builder = Authority::builder().with_key(&keys().es256).with_audience(AUDIENCE).with_issuer(ISSUER);
    Bench::of(change(builder).build().unwrap())
}

#[test]
fn a_date_of_another_type() {
    let bench = Bench::new();
    for claim in ["exp", "nbf", "iat", "auth_time"] {
        // Within reach of what is asked for, whatever the claim.
        let good = Forged::new().claim(claim, if claim == "exp" { NOW + 600 } else { NOW - 1 }).sign();
        for value in [
            json!((NOW + 600).to_string()),
            json!("1900000600.0"),
            json!(""),
            json!("never"),
            Value::Null,
            json!(true),
            json!(false),
            json!([NOW + 600]),
            json!([]),
            json!({}),
            json!({"seconds": NOW}),
            json!(-1),
            json!(-0.5),
            json!(253_402_300_800_u64),
            json!(u64::MAX),
            json!(i64::MAX),
            json!(1e30),
            json!(1e300),
        ] {
            let attack = Forged::new().claim(claim, value.clone()).sign();
            bench.refuses(&format!("{claim}: {value}"), &good, &attack, Reason::MalformedClaim);
        }
        for value in ["1e400", "-1e400", "18446744073709551616", "1E999999999999"] {
            let payload = Forged::new().without_claim(claim).payload_json();
            let payload = payload.replacen('{', &format!(r#"{{"{claim}":{value},"#), 1);
            let attack = Forged::new().sign_payload(payload);
            bench.refuses(&format!("{claim}: {value}"), &good, &attack, Reason::MalformedClaim);
        }
    }
    bench.finish(4 * 22);
    // Where no `exp` is needed, one of another type is still no absent one.
    let bench = with(Ready::insecure_without_expiry);
    let good = Forged::new().without_claim("exp").sign();
    for value in [Value::Null, json!("never"), json!(false)] {
        let attack = Forged::new().claim("exp", value).sign();
        bench.refuses("not needed", &good, &attack, Reason::MalformedClaim);
    }
    bench.refuses("over", &good, &Forged::new().claim("exp", 1).sign(), Reason::Expired);
    bench.finish(4);
}

#[test]
fn no_expiry() {
    let bench = Bench::new();
    bench.refuses_forged("none", Forged::new().without_claim("exp"), Reason::MissingClaim);
    for name in ["EXP", "Exp", "exp ", "expires", "expires_in", "\u{435}xp"] {
        let attack = Forged::new().without_claim("exp").claim(name, NOW + 600);
        bench.refuses_forged(name, attack, Reason::MissingClaim);
    }
    let attack = Forged::new().without_claim("exp").header("exp", NOW + 600);
    bench.refuses_forged("in the header", attack, Reason::MissingClaim);
    let attack = Forged::new().without_claim("exp").claim("x", json!({"exp": NOW + 600}));
    bench.refuses_forged("within another claim", attack, Reason::MissingClaim);
    bench.finish(9);
}

#[test]
fn a_date_at_its_boundary() {
    for leeway in [0, 1, 30, 300] {
        let bench = with(|rules| rules.with_leeway(Duration::from_secs(leeway)));
        let token = |claim, at: u64| Forged::new().claim(claim, at).sign();
        // `now < exp + leeway`, so that the last good `exp` is one second after the first bad one.
        bench.refuses("exp", &token("exp", NOW - leeway + 1), &token("exp", NOW - leeway), Reason::Expired);
        bench.refuses(
            "exp",
            &token("exp", NOW - leeway + 1),
            &token("exp", NOW - leeway - 1),
            Reason::Expired,
        );
        bench.refuses("exp", &token("exp", NOW + 1), &token("exp", 0), Reason::Expired);
        bench.refuses(
            "nbf",
            &token("nbf", NOW + leeway),
            &token("nbf", NOW + leeway + 1),
            Reason::NotYetValid,
        );
        bench.refuses("nbf", &token("nbf", NOW), &token("nbf", 253_402_300_799), Reason::NotYetValid);
        bench.refuses(
            "iat",
            &token("iat", NOW + leeway),
            &token("iat", NOW + leeway + 1),
            Reason::IssuedInFuture,
        );
        bench.finish(6);
        // The same token, one moment apart.
        let token = Forged::new().without_claim("iat").claim("exp", NOW).sign();
        let over = Duration::from_secs(NOW + leeway);
        let verdict = |at| bench_at(leeway, &token, at);
        assert_eq!(verdict(over), Some(Reason::Expired));
        assert_eq!(verdict(over - Duration::from_nanos(1)), None);
    }
    // Half seconds count (RFC 7519 §2).
    let bench = with(|rules| rules.with_leeway(Duration::ZERO));
    let half = |claim, value: f64| Forged::new().claim(claim, json!(value)).sign();
    bench.refuses("exp", &half("exp", 1_900_000_000.5), &half("exp", 1_899_999_999.5), Reason::Expired);
    bench.refuses("nbf", &half("nbf", 1_899_999_999.5), &half("nbf", 1_900_000_000.5), Reason::NotYetValid);
    bench.finish(2);
}

fn bench_at(leeway: u64, token: &str, at: Duration) -> Option<Reason> {
    let bench = with(|rules| rules.with_leeway(Duration::from_secs(leeway)));
    bench.verifier().verify_at(token, at).err().map(|error| error.reason())
}

#[test]
fn clocks_that_differ_without_end() {
    let build = |leeway| {
        let builder =
            Authority::builder().with_key(&keys().es256).with_audience(AUDIENCE).with_issuer(ISSUER);
        builder.with_leeway(leeway).build().err().map(|error| error.code())
    };
    assert_eq!(build(Duration::from_secs(300)), None);
    for leeway in [Duration::from_secs(301), Duration::from_secs(u64::MAX), Duration::MAX] {
        assert_eq!(build(leeway), Some("leeway_too_long"), "{leeway:?}");
    }
    // A clock at the end of its range makes no sum overflow, in favour of nobody.
    let bench = with(|rules| rules.with_leeway(Duration::from_secs(300)));
    let token = Forged::new().claim("exp", 253_402_300_799_u64).sign();
    let at = |now| bench.verifier().verify_at(&token, now).err().map(|error| error.reason());
    assert_eq!(at(Duration::from_secs(NOW)), None);
    assert_eq!(at(Duration::MAX), Some(Reason::Expired));
    assert_eq!(at(Duration::ZERO), Some(Reason::IssuedInFuture));
    // What lies in the future was not issued, and what was issued long ago can be refused.
    bench.refuses_forged("iat ahead", Forged::new().claim("iat", NOW + 301), Reason::IssuedInFuture);
    bench.finish(1);
    let bench = with(|rules| rules.with_max_age(Duration::from_secs(60)));
    bench.refuses_forged("too old", Forged::new().claim("iat", NOW - 91), Reason::TooOld);
    bench.finish(1);
    let bench = with(|rules| rules.with_max_lifetime(Duration::from_secs(600)));
    bench.refuses_forged(
        "for ever",
        Forged::new().claim("exp", 253_402_300_799_u64),
        Reason::LifetimeTooLong,
    );
    bench.finish(1);
}

#[test]
fn an_audience_of_another_shape() {
    let bench = Bench::new();
    for value in [
        json!([]),
        json!(""),
        Value::Null,
        json!(true),
        json!(1),
        json!({}),
        json!({"0": AUDIENCE}),
        json!([AUDIENCE, 1]),
        json!([null, AUDIENCE]),
        json!([AUDIENCE, [AUDIENCE]]),
        json!([[AUDIENCE]]),
    ] {
        let name = value.to_string();
        bench.refuses_forged(&name, Forged::new().claim("aud", value), Reason::MalformedClaim);
    }
    for value in [
        json!(FOREIGN_AUDIENCE),
        json!([FOREIGN_AUDIENCE]),
        json!("https://api.example.co"),
        json!("https://api.example.com/"),
        json!("https://api.example.com.evil.example"),
        json!("https://api.example.com "),
        json!(" https://api.example.com"),
        json!("https://API.example.com"),
        json!("https://api.example.com:443"),
        json!("https://api.example.com\0"),
        json!("*"),
        json!("https://api.example.com https://elsewhere.example.com"),
        json!("https://api.example.com,https://elsewhere.example.com"),
        json!(["https", "://api.example.com"]),
        json!(["*", ".*", "https://*.example.com"]),
    ] {
        let name = value.to_string();
        bench.refuses_forged(&name, Forged::new().claim("aud", value), Reason::WrongAudience);
    }
    bench.refuses_forged("none", Forged::new().without_claim("aud"), Reason::MissingClaim);
    bench.finish(27);
    // There is no verifier that just does not look: whoever expects no audience refuses one.
    let builder = Verifier::builder().with_key(&keys().es256).without_audience().with_issuer(ISSUER);
    let bench = Bench::of(builder.build().unwrap());
    let good = Forged::new().without_claim("aud").sign();
    bench.refuses("unexpected", &good, &Forged::new().sign(), Reason::WrongAudience);
    bench.finish(1);
    let empty = |audiences: &[&'static str]| {
        let builder = Verifier::builder().with_key(&keys().es256).with_audiences(audiences.iter().copied());
        builder.with_issuer(ISSUER).build().err().map(|error| error.code())
    };
    assert_eq!(
        [empty(&[]), empty(&[""]), empty(&[AUDIENCE])],
        [Some("empty_audience"), Some("empty_audience"), None]
    );
}

#[test]
fn an_issuer_of_another_shape() {
    let names = [
        "https://id.example.com",
        "https://id.example.com//",
        "https://id.example.com/.",
        "https://id.example.com/ ",
        " https://id.example.com/",
        "https://id.example.com/\0",
        "https://ID.example.com/",
        "HTTPS://id.example.com/",
        "https://id.example.com:443/",
        "http://id.example.com/",
        "https://id.example.com/evil",
        "https://id.example.com/?",
        "https://id.example.com.evil.example/",
        "https://evil.example/https://id.example.com/",
        "id.example.com",
        "https://id.ex\u{430}mple.com/",
        "h",
        "",
    ];
    let shapes =
        [json!([ISSUER]), json!([ISSUER, "x"]), json!({"iss": ISSUER}), Value::Null, json!(true), json!(0)];
    // One issuer, whose rules judge; and two, of which `iss` chooses one.
    let (one, two) = (Bench::new(), Bench::of_two());
    for name in names {
        let attack = Forged::new().claim("iss", name);
        one.refuses_forged(name, attack.clone(), Reason::WrongIssuer);
        two.refuses_forged(name, attack, Reason::UntrustedIssuer);
    }
    for shape in shapes {
        let attack = Forged::new().claim("iss", shape.clone());
        one.refuses_forged(&shape.to_string(), attack.clone(), Reason::MalformedClaim);
        two.refuses_forged(&shape.to_string(), attack, Reason::UntrustedIssuer);
    }
    one.refuses_forged("none", Forged::new().without_claim("iss"), Reason::MissingClaim);
    two.refuses_forged("none", Forged::new().without_claim("iss"), Reason::UntrustedIssuer);
    let hidden = Forged::new().without_claim("iss").claim("x", json!({"iss": ISSUER}));
    one.refuses_forged("inside of another", hidden.clone(), Reason::MissingClaim);
    two.refuses_forged("inside of another", hidden, Reason::UntrustedIssuer);
    let headed = Forged::new().without_claim("iss").header("iss", ISSUER);
    one.refuses_forged("in the header", headed.clone(), Reason::MissingClaim);
    two.refuses_forged("in the header", headed, Reason::UntrustedIssuer);
    one.finish(27);
    two.finish(27);
}

#[test]
fn a_pattern_in_the_place_of_a_name() {
    // What others read as patterns are names here, long or odd as they may be.
    for name in [
        "https://.*/",
        "^https://id\\.example\\.com/$",
        "https://*.example.com/",
        "(a+)+$",
        "https://{tenant}/",
    ] {
        let builder = Verifier::builder().with_key(&keys().es256).with_audience(name).with_issuer(name);
        let bench = Bench::of(builder.build().unwrap());
        let good = Forged::new().claim("iss", name).claim("aud", name);
        for other in [ISSUER, "https://evil.example/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"] {
            let attack = good.clone().claim("iss", other).sign();
            bench.refuses(name, &good.clone().sign(), &attack, Reason::WrongIssuer);
            let attack = good.clone().claim("aud", other).sign();
            bench.refuses(name, &good.clone().sign(), &attack, Reason::WrongAudience);
        }
        bench.finish(6);
    }
}

#[test]
fn a_token_of_another_kind() {
    let event = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    let bench = Bench::new();
    for typ in
        ["rt+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "id+jwt", "JWT2", "", "at+jwt+x", "text/jwt"]
    {
        bench.refuses_forged(typ, Forged::new().header("typ", typ), Reason::WrongType);
    }
    for (name, value) in [
        ("nonce", json!("n")),
        ("nonce", Value::Null),
        ("at_hash", json!("h")),
        ("c_hash", json!("h")),
        ("events", event.clone()),
        ("events", json!({})),
        ("htm", json!("GET")),
        ("token_use", json!("id")),
        ("token_use", json!("refresh")),
        ("token_type", json!("refresh")),
    ] {
        for typ in ["at+jwt", "JWT", "application/at+jwt"] {
            let attack = Forged::new().header("typ", typ).claim(name, value.clone());
            bench.refuses_forged(&format!("{name} in {typ}"), attack, Reason::WrongKind);
        }
    }
    bench.refuses_forged("bound", Forged::new().claim("cnf", json!({"jkt": "x"})), Reason::SenderConstraint);
    bench.finish(40);
    // The other way round: an access token is no ID token, no logout token, and not by RFC 9068 by chance.
    let access = Forged::new();
    let strict = access.clone().claim("client_id", "app");
    let id = Forged::new().header("typ", "JWT").claim("nonce", "n");
    let logout = Forged::new().header("typ", "logout+jwt").claim("events", event);
    for (profile, good, attacks) in [
        (Profile::IdToken, &id, vec![(&access, Reason::WrongType), (&logout, Reason::WrongType)]),
        (Profile::LogoutToken, &logout, vec![(&access, Reason::WrongType), (&id, Reason::WrongType)]),
        (
            Profile::Rfc9068,
            &strict,
            vec![(&access, Reason::MissingClaim), (&id, Reason::WrongType), (&logout, Reason::WrongType)],
        ),
    ] {
        let bench = with(|rules| rules.with_profile(profile));
        let count = attacks.len();
        for (attack, reason) in attacks {
            bench.refuses(&format!("{profile:?}"), &good.clone().sign(), &attack.clone().sign(), reason);
        }
        bench.finish(count);
    }
    let bench = with(|rules| rules.with_profile(Profile::LogoutToken));
    let good = logout.clone().sign();
    bench.refuses("a nonce", &good, &logout.clone().claim("nonce", "n").sign(), Reason::WrongKind);
    bench.refuses("no event", &good, &logout.claim("events", json!({"other": {}})).sign(), Reason::WrongKind);
    bench.finish(2);
    let bench = with(|rules| rules.with_profile(Profile::IdToken));
    let several = id.clone().claim("aud", json!([AUDIENCE, "other"]));
    let attack = several.clone().claim("azp", "other").sign();
    bench.refuses("azp", &several.claim("azp", AUDIENCE).sign(), &attack, Reason::WrongAuthorizedParty);
    bench.finish(1);
}

#[test]
fn claims_of_a_token_nobody_signed() {
    let stranger = || Forged::new().key(&keys().stranger);
    let good = Forged::new().sign();
    for bench in [Bench::new(), Bench::of_two()] {
        // Each would be refused for its claims; that it says so only of a signed token shows the order.
        for (name, claim, value, reason) in [
            ("expired", "exp", json!(1), Reason::Expired),
            ("malformed", "exp", json!("x"), Reason::MalformedClaim),
            ("another audience", "aud", json!("x"), Reason::WrongAudience),
            ("another kind", "nonce", json!("x"), Reason::WrongKind),
            ("too deep", "x", (0..100).fold(json!([]), |inner, _| json!([inner])), Reason::TooDeep),
        ] {
            let verdict = |token: Forged| bench.verifier().verify(&token.claim(claim, value.clone()).sign());
            assert_eq!(verdict(Forged::new()).unwrap_err().reason(), reason, "{name}");
            let attack = stranger().claim(claim, value.clone()).sign();
            bench.refuses(name, &good, &attack, Reason::BadSignature);
        }
        let twice = Forged::new().payload_json().replacen('{', r#"{"x":1,"x":1,"#, 1);
        bench.refuses("a member twice", &good, &stranger().sign_payload(&twice), Reason::BadSignature);
        let tail = format!("{}x", Forged::new().payload_json());
        bench.refuses("a tail", &good, &stranger().sign_payload(tail), Reason::BadSignature);
        bench.finish(7);
    }
    // The look at `iss` chooses keys and proves nothing: afterwards the claims are read anew.
    let bench = Bench::of_two();
    let two = Forged::new().payload_json().replacen('{', &format!(r#"{{"iss":"{HMAC_ISSUER}","#), 1);
    for token in [Forged::new().sign_payload(&two), stranger().sign_payload(&two)] {
        assert!(bench.verifier().verify(&token).is_err());
    }
}

#[test]
fn a_subject_of_another_issuer() {
    let bench = Bench::of_two();
    let ours = Forged::new();
    let theirs = Forged::new().key(&keys().hs256).header("alg", "HS256").header("kid", "hs");
    let theirs = theirs.claim("iss", HMAC_ISSUER);
    let who = |token: &Forged| {
        let verified = bench.verifier().verify(&token.clone().sign()).unwrap();
        (verified.issuer().map(str::to_owned), verified.subject().map(str::to_owned))
    };
    // The same name from two issuers is two people, and an address of mail is nobody.
    assert_eq!(who(&ours), (Some(ISSUER.to_owned()), Some("alice".to_owned())));
    assert_eq!(who(&theirs), (Some(HMAC_ISSUER.to_owned()), Some("alice".to_owned())));
    for email in ["root@example.com", "a@b@example.com", "alice@example.com\0@evil.example"] {
        for verified in [json!(true), json!("true"), json!(1)] {
            let token = theirs.clone().claim("email", email).claim("email_verified", verified);
            assert_eq!(who(&token), who(&theirs), "{email}");
        }
    }
    for value in [json!(1), json!(["alice"]), Value::Null, json!({"sub": "alice"})] {
        bench.refuses_forged(&value.to_string(), Forged::new().claim("sub", value), Reason::MalformedClaim);
    }
    bench.finish(4);
    let bench = with(|rules| rules.with_subject("alice"));
    for other in ["Alice", "alice ", "alic", "alice\0", "bob", ""] {
        bench.refuses_forged(other, Forged::new().claim("sub", other), Reason::WrongSubject);
    }
    bench.finish(6);
}

/// Time cannot be asserted; that nothing but the whole MAC counts can.
#[test]
fn a_signature_found_byte_by_byte() {
    use base64::Engine as _;
    let builder = Verifier::builder().with_key(&keys().hs256).with_audience(AUDIENCE).with_issuer(ISSUER);
    let bench = Bench::of(builder.build().unwrap());
    let token = Forged::new().key(&keys().hs256).header("alg", "HS256").header("kid", "hs").sign();
    let (start, signature) = token.rsplit_once('.').unwrap();
    let tag = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(tag.len(), 32);
    for bit in 0..256 {
        let mut other = tag.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        let attack = format!("{start}.{}", base64url(&other));
        bench.refuses(&format!("bit {bit}"), &token, &attack, Reason::BadSignature);
    }
    for len in 0..32 {
        let attack = format!("{start}.{}", base64url(&tag[..len]));
        bench.refuses(&format!("{len} bytes"), &token, &attack, Reason::BadSignature);
    }
    bench.finish(256 + 32);
    let key: &SigningKey = &keys().hs256;
    assert!(key.verifying_key().verify(start.as_bytes(), &tag));
}

//! Attacks by pages of others on cookies that the browser sends by itself, and on preflights.

use jwt_core::request::{AllowedOrigins, Carriers, ProofOfOrigin, SimpleHead, is_unsafe};
use jwt_core::{Algorithm, CsrfKey, HmacSecret, Reason, RequestAuth};
use tests::tokens::{alice, good};

use super::bench::{Ask, Bench, Door, reason_of};
use super::covers;
use crate::parity::{Expected, rules};

covers! {
    a_double_submit_value_of_another_session [51];
    an_origin_that_is_almost_ours [52];
    a_request_that_changes_something [53];
    what_is_almost_a_preflight [56];
}

const COOKIE: &str = "__Host-access";
const APP: &str = "https://app.example.com";

fn cookie_rules() -> RequestAuth {
    rules(&format!("sources = ['header', 'cookie:{COOKIE}']\nallowed_origins = ['{APP}']"))
}

fn with_cookie(ask: Ask, token: &str) -> Ask {
    ask.with("Cookie", format!("{COOKIE}={token}"))
}

#[test]
fn a_double_submit_value_of_another_session() {
    let key = || CsrfKey::new(&HmacSecret::generate(Algorithm::HS256).unwrap()).unwrap();
    let (ours, theirs) = (key(), key());
    let token = good(|token| token.with_session_id("s-1"));
    let without_session = alice();
    let verifier = Bench::new().verifier().clone();
    let rules = |proof: ProofOfOrigin| {
        let carriers = Carriers::builder().with_cookie(COOKIE).build().unwrap();
        RequestAuth::new(verifier.clone())
            .with_carriers(carriers)
            .with_proof_of_origin(proof)
            .with_csrf_key(ours.clone())
    };
    let origins = || AllowedOrigins::new([APP]).unwrap();
    let door = Door::new("double submit", rules(ProofOfOrigin::new(origins())));
    let value = ours.issue("s-1").unwrap();
    let (ok, refused) = (Expected::me(&token), Expected::cross_origin());
    let post = |token: &str, value: &str| with_cookie(Ask::post(), token).with("X-CSRF-Token", value);
    let plain = post(&token, &value);
    let changed = |at: usize| {
        let mut bytes = value.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    for (name, attack) in [
        ("of another session", post(&token, &ours.issue("s-2").unwrap())),
        ("of another key", post(&token, &theirs.issue("s-1").unwrap())),
        ("of the session's name alone", post(&token, "s-1")),
        ("the session in clear", post(&token, "s-1.s-1")),
        ("its first part changed", post(&token, &changed(0))),
        ("its last part changed", post(&token, &changed(value.len() - 3))),
        ("cut", post(&token, &value[..value.len() - 1])),
        ("two in one", post(&token, &format!("{value},{value}"))),
        ("empty", post(&token, "")),
        ("none", with_cookie(Ask::post(), &token)),
        ("twice", plain.clone().with("X-CSRF-Token", value.as_str())),
        ("a token without a session", post(&without_session, &value)),
        // A page of others can write a cookie, but no field.
        ("in a cookie", Ask::post().with("Cookie", format!("{COOKIE}={token}; csrf={value}"))),
        ("under another name", with_cookie(Ask::post(), &token).with("X-XSRF-Token", value.as_str())),
        ("beside a foreign origin", plain.clone().with("Origin", "https://evil.example")),
        ("beside a foreign site", plain.clone().with("Sec-Fetch-Site", "cross-site")),
    ] {
        door.refuses(name, (&plain, &ok), (&attack, &refused), Reason::CrossOrigin);
    }
    door.finish(16);
    // For cookies with `SameSite=None` the origin alone does not do.
    let door = Door::new("both proofs", rules(ProofOfOrigin::new(origins()).require_double_submit()));
    let plain = plain.with("Origin", APP);
    let attack = with_cookie(Ask::post(), &token).with("Origin", APP);
    door.refuses("the origin alone", (&plain, &ok), (&attack, &refused), Reason::CrossOrigin);
    let attack = with_cookie(Ask::post(), &token).with("Sec-Fetch-Site", "same-origin");
    door.refuses("the site alone", (&plain, &ok), (&attack, &refused), Reason::CrossOrigin);
    door.finish(2);
}

#[test]
fn an_origin_that_is_almost_ours() {
    let door = Door::new("origins", cookie_rules());
    let token = alice();
    let (ok, refused) = (Expected::me(&token), Expected::cross_origin());
    let post = |fields: &[(&'static str, &str)]| {
        fields.iter().fold(with_cookie(Ask::post(), &token), |ask, (name, value)| ask.with(name, *value))
    };
    let (site, origin) = ("Sec-Fetch-Site", "Origin");
    let plain = post(&[(origin, APP)]);
    for fields in [
        &[][..],
        &[(origin, "http://app.example.com")],
        &[(origin, "https://app.example.com:444")],
        &[(origin, "https://app.example.com.evil.example")],
        &[(origin, "https://evil-app.example.com")],
        &[(origin, "https://sub.app.example.com")],
        &[(origin, "https://example.com")],
        &[(origin, "app.example.com")],
        &[(origin, "//app.example.com")],
        &[(origin, "https://app.example.com/")],
        &[(origin, "https://app.example.com@evil.example")],
        &[(origin, "https://evil.example#https://app.example.com")],
        &[(origin, "https://app.example.com https://evil.example")],
        &[(origin, "https://app.example.com\u{a0}")],
        &[(origin, "null")],
        &[(origin, "*")],
        &[(origin, "")],
        &[(origin, APP), (origin, "https://evil.example")],
        &[(origin, APP), (origin, APP)],
        &[(site, "cross-site")],
        &[(site, "same-site")],
        &[(site, "Same-Origin")],
        &[(site, "same-origin, cross-site")],
        &[(site, "")],
        &[(site, "same-origin"), (site, "cross-site")],
        &[(site, "same-site"), (origin, "https://evil.example")],
        // The host that the request says it is for is the attacker's word.
        &[(origin, "https://api.example.com")],
        &[("X-Forwarded-Host", "app.example.com"), (origin, "https://evil.example")],
        &[("Referer", "https://app.example.com/")],
        &[("X-Requested-With", "XMLHttpRequest")],
    ] {
        let attack = post(fields);
        door.refuses(&format!("{fields:?}"), (&plain, &ok), (&attack, &refused), Reason::CrossOrigin);
    }
    door.finish(30);
}

#[test]
fn a_request_that_changes_something() {
    let auth = cookie_rules();
    let door = Door::new("unsafe requests", auth.clone());
    let token = alice();
    let (ok, refused) = (Expected::me(&token), Expected::cross_origin());
    let plain = with_cookie(Ask::get(), &token);
    for method in ["POST", "PUT", "PATCH", "DELETE", "QUERY", "PROPFIND", "get", "Get"] {
        let attack = with_cookie(Ask::new(method, "/me").with("Content-Length", "0"), &token);
        door.refuses(method, (&plain, &ok), (&attack, &refused), Reason::CrossOrigin);
    }
    for (name, value) in [
        ("X-HTTP-Method-Override", "GET"),
        ("X-Method-Override", "GET"),
        ("X-HTTP-Method", "GET"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
        ("Upgrade-Insecure-Requests", "1"),
    ] {
        let attack = with_cookie(Ask::post(), &token).with(name, value);
        door.refuses(name, (&plain, &ok), (&attack, &refused), Reason::CrossOrigin);
    }
    // A GET that opens a WebSocket is not safe.
    for origin in [None, Some("https://evil.example"), Some("null")] {
        let upgrade = with_cookie(Ask::new("GET", "/ws").with("Upgrade", "websocket"), &token);
        let attack = origin.into_iter().fold(upgrade, |ask, origin| ask.with("Origin", origin));
        door.refuses("WebSocket", (&plain, &ok), (&attack, &refused), Reason::CrossOrigin);
    }
    // No field says that a request with a cookie is one without: only the token in a field is.
    let forged = with_cookie(Ask::post(), &token).with("Authorization", "Basic YTpi");
    door.refuses("another scheme beside", (&plain, &ok), (&forged, &refused), Reason::CrossOrigin);
    let forged = with_cookie(Ask::post(), &token).bearer(&token);
    let both = Expected::invalid_request();
    door.refuses("a token beside", (&plain, &ok), (&forged, &both), Reason::SeveralCarriers);
    door.accepts("a token in the field", &Ask::post().bearer(&token), &ok);
    // Before the token is looked at: a page of others learns nothing about it.
    let attack = with_cookie(Ask::post(), "a.b.c");
    door.refuses("a bad token", (&plain, &ok), (&attack, &refused), Reason::CrossOrigin);
    door.finish(20);
    // CONNECT, and what a route says of itself: login, refresh, logout.
    let connect =
        SimpleHead::new("CONNECT", "/ws").with_http2().with_field("cookie", format!("{COOKIE}={token}"));
    assert_eq!(reason_of(&auth, &connect), Some(Reason::CrossOrigin));
    assert_eq!(reason_of(&auth, &connect.with_field("origin", APP)), None);
    for (sensitive, expected) in [(false, false), (true, true)] {
        assert_eq!(is_unsafe(&SimpleHead::get("/logout"), sensitive), expected);
    }
}

#[test]
fn what_is_almost_a_preflight() {
    let door = Door::new("preflights", rules("allow_preflight = true"));
    let passes = Expected::method_not_allowed("GET,HEAD,POST");
    let none = Expected::no_credentials();
    let (origin, method) = (("Origin", APP), ("Access-Control-Request-Method", "PUT"));
    let ask = |verb: &'static str, fields: &[(&'static str, &str)]| {
        fields.iter().fold(Ask::new(verb, "/me"), |ask, (name, value)| ask.with(name, *value))
    };
    let plain = ask("OPTIONS", &[origin, method]);
    for (verb, fields) in [
        ("OPTIONS", &[][..]),
        ("OPTIONS", &[origin]),
        ("OPTIONS", &[method]),
        ("OPTIONS", &[("Origin", ""), method]),
        ("OPTIONS", &[origin, ("Access-Control-Request-Method", "")]),
        ("OPTIONS", &[origin, origin, method]),
        ("OPTIONS", &[origin, method, method]),
        ("options", &[origin, method]),
        ("GET", &[origin, method]),
        ("POST", &[origin, method, ("Content-Length", "0")]),
        ("POST", &[origin, method, ("X-HTTP-Method-Override", "OPTIONS"), ("Content-Length", "0")]),
        ("HEAD", &[origin, method]),
    ] {
        let expected = if verb == "HEAD" { none.clone().head() } else { none.clone() };
        let attack = ask(verb, fields);
        door.refuses(
            &format!("{verb} {fields:?}"),
            (&plain, &passes),
            (&attack, &expected),
            Reason::NoCredentials,
        );
    }
    door.finish(12);
    // By default even a whole one is a request like any other.
    let door = Door::new("no preflights", rules(""));
    let token = alice();
    let (good, ok) = (Ask::get().bearer(&token), Expected::me(&token));
    door.refuses("switched off", (&good, &ok), (&plain, &none), Reason::NoCredentials);
    door.finish(1);
}

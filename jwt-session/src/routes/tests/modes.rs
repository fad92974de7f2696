//! What a client is given in each mode, and when cookies are cleared.

use super::world::*;
use crate::routes::*;

const ALL: [&str; 3] = ["__Host-access", "__Secure-refresh", "__Host-refresh-session"];

/// A refresh by cookie, of the client `spa`.
async fn refreshed(world: &World, cookie: &str) -> RouteResponse {
    let cookie = with_session(cookie);
    world.send("POST", "/refresh", &[JSON, OURS, ("Cookie", &cookie)], r#"{"client_id":"spa"}"#).await
}

#[tokio::test]
async fn each_mode_gives_each_token_in_one_place() {
    let world = world().await;
    for (client, in_body, in_cookies) in [
        ("app", vec!["access_token", "expires_in", "refresh_token", "scope", "token_type"], vec![]),
        ("spa", vec!["csrf_token", "expires_in", "scope"], ALL.to_vec()),
        ("page", vec!["access_token", "csrf_token", "expires_in", "scope", "token_type"], ALL[1..].to_vec()),
    ] {
        let response = world.login("alice", client).await;
        let body: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&response.body).unwrap();
        assert_eq!(body.keys().collect::<Vec<_>>(), in_body, "{client}");
        let set = values(&response, "set-cookie");
        let names: Vec<_> = set.iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
        assert_eq!(names, in_cookies, "{client}");
        assert_eq!(values(&response, "vary").len(), usize::from(!set.is_empty()), "{client}");
        let session = world.sessions.list("alice").await.unwrap().remove(0);
        assert_eq!(session.client(), Some(client));
        world.clock.advance(1);
    }
}

#[tokio::test]
async fn cookies_have_the_attributes_of_their_prefixes_and_the_path_of_the_refresh_route() {
    let world = world_of(|builder| builder.with_prefix("/auth").with_mode(Mode::Cookies)).await;
    let right = r#"{"username":"a","password":"a"}"#;
    let response = world.send("POST", "/auth/login", &[JSON, OURS], right).await;
    let set = values(&response, "set-cookie");
    assert!(set[0].ends_with("; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"), "{set:?}");
    let rest = "; Path=/auth/refresh; Max-Age=1209600; Secure; HttpOnly; SameSite=Strict";
    assert!(set[1].ends_with(rest), "{set:?}");
    assert!(set[2].ends_with("; Path=/; Max-Age=1209600; Secure; HttpOnly; SameSite=Strict"), "{set:?}");
    let access = cookie(&response, "__Host-access");
    let response = world.send("POST", "/auth/logout", &[OURS, ("Cookie", &access)], "").await;
    assert_eq!(response.status, 204);
    assert_eq!(
        values(&response, "set-cookie"),
        [
            "__Host-access=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
            "__Secure-refresh=; Path=/auth/refresh; Max-Age=0; Secure; HttpOnly; SameSite=Strict",
            "__Host-refresh-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict",
        ]
    );
}

#[tokio::test]
async fn a_refresh_token_in_a_cookie_never_goes_out_in_a_body() {
    let world = world().await;
    let refresh = cookie(&world.login("alice", "spa").await, "__Secure-refresh");
    for client in ["", r#"{"client_id":"app"}"#] {
        let response = world.send("POST", "/refresh", &[JSON, OURS, ("Cookie", &refresh)], client).await;
        assert_eq!((response.status, &*text(&response)), (400, r#"{"error":"invalid_request"}"#), "{client}");
    }
    // The other way round no more than that.
    let (_, token) = refresh.split_once('=').unwrap();
    let body = format!(r#"{{"client_id":"spa","refresh_token":"{token}"}}"#);
    assert_eq!(world.send("POST", "/refresh", &[JSON, OURS], body).await.status, 400);
    assert_eq!(refreshed(&world, &refresh).await.status, 200);
}

#[tokio::test]
async fn two_cookies_of_the_name_are_refused_and_other_spellings_are_other_cookies() {
    let world = world().await;
    let refresh = cookie(&world.login("alice", "spa").await, "__Secure-refresh");
    let (_, token) = refresh.split_once('=').unwrap();
    let twice = refreshed(&world, &format!("{refresh}; {refresh}")).await;
    assert_eq!((twice.status, values(&twice, "set-cookie").len()), (400, 0));
    for name in ["%5F%5FSecure-refresh", "__secure-refresh", "$__Secure-refresh", "\u{2000}__Secure-refresh"]
    {
        let response = refreshed(&world, &format!("{name}={token}")).await;
        assert_eq!((response.status, values(&response, "set-cookie").len()), (401, 0), "{name}");
        let beside = refreshed(&world, &format!("{name}=guess; {refresh}")).await;
        assert_eq!(beside.status, 200, "{name} beside the real one");
    }
}

#[tokio::test]
async fn a_refresh_that_ends_its_session_or_finds_it_ended_clears_the_cookies() {
    let world = world().await;
    let first = cookie(&world.login("alice", "spa").await, "__Secure-refresh");
    let second = cookie(&refreshed(&world, &first).await, "__Secure-refresh");
    let third = cookie(&refreshed(&world, &second).await, "__Secure-refresh");
    // Reuse, then what has ended.
    for cookie in [&*first, &third] {
        let response = refreshed(&world, cookie).await;
        assert_eq!((response.status, &*text(&response)), (401, r#"{"error":"invalid_grant"}"#));
        assert_eq!(values(&response, "www-authenticate"), [r#"Bearer realm="api""#]);
        assert_eq!(cleared(&response), ALL);
    }
}

#[tokio::test]
async fn a_refusal_that_may_come_late_leaves_the_cookies_of_a_newer_login() {
    let world = world().await;
    let expired = cookie(&world.login("alice", "spa").await, "__Secure-refresh");
    // The name of the session, and another secret.
    let guess = format!("{}{}", expired.split_at(47).0, "A".repeat(expired.len() - 47));
    world.clock.advance(14 * 24 * 60 * 60);
    for cookie in [&*expired, &guess, "__Secure-refresh=guess", "other=1"] {
        let response = refreshed(&world, cookie).await;
        assert_eq!((response.status, &*text(&response)), (401, r#"{"error":"invalid_grant"}"#), "{cookie}");
        assert_eq!(cleared(&response), [""; 0], "{cookie}");
    }
}

#[tokio::test]
async fn a_refresh_cookie_that_a_sibling_domain_set_is_none() {
    let world = world().await;
    let own = with_session(&cookie(&world.login("alice", "spa").await, "__Secure-refresh"));
    let planted = cookie(&world.login("mallory", "spa").await, "__Secure-refresh");
    let (_, of_alice) = own.split_once("; ").unwrap();
    for cookies in
        [planted.clone(), format!("{planted}; {of_alice}"), format!("{planted}; __Host-refresh-session=x")]
    {
        let fields = [JSON, OURS, ("Cookie", &*cookies)];
        let response = world.send("POST", "/refresh", &fields, r#"{"client_id":"spa"}"#).await;
        assert_eq!((response.status, values(&response, "set-cookie").len()), (401, 0), "{cookies}");
        let value = world.send("GET", "/refresh/csrf", &[("Cookie", &cookies)], "").await;
        assert_eq!(value.status, 401, "{cookies}");
        let logout = world.send("POST", "/refresh/logout", &fields, "").await;
        assert_eq!((logout.status, cleared(&logout).len()), (204, 3), "{cookies}");
    }
    assert_eq!(
        world.sessions.list("mallory").await.unwrap().len(),
        1,
        "nobody was logged in or out as mallory"
    );
    let both = format!("{planted}; {own}");
    // A cookie of our name that stands twice is none of them.
    for (cookies, status) in [(both, 400), (own, 200)] {
        let fields = [JSON, OURS, ("Cookie", &*cookies)];
        let response = world.send("POST", "/refresh", &fields, r#"{"client_id":"spa"}"#).await;
        assert_eq!(response.status, status, "{cookies}");
    }
}

#[tokio::test]
async fn a_page_logs_out_when_its_access_token_is_over() {
    let world = world().await;
    let login = world.login("alice", "spa").await;
    let cookies = with_session(&cookie(&login, "__Secure-refresh"));
    let stale = format!("{}; {cookies}", cookie(&login, "__Host-access"));
    world.clock.advance(601 + 30);
    // By the access token it is too late, and yet this browser is logged out.
    for cookies in ["other=1", &stale] {
        let late = world.send("POST", "/logout", &[OURS, ("Cookie", cookies)], "").await;
        assert_eq!((late.status, &*cleared(&late)), (401, &ALL[..]), "{cookies}");
    }
    for (fields, status) in [
        (vec![("Authorization", "Bearer bad")], 401),
        (vec![("Cookie", "other=1"), ("Sec-Fetch-Site", "same-site")], 401),
        (vec![("Cookie", &*stale), ("Sec-Fetch-Site", "cross-site")], 403),
    ] {
        let foreign = world.send("POST", "/logout", &fields, "").await;
        assert_eq!((foreign.status, cleared(&foreign).len()), (status, 0), "{fields:?}");
    }
    // By the refresh cookie it is not.
    for field in [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("X-Other", "1")] {
        let foreign = world.send("POST", "/refresh/logout", &[field, ("Cookie", &cookies)], "").await;
        assert_eq!((foreign.status, cleared(&foreign).len()), (403, 0), "{field:?}");
    }
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 1);
    world.break_store(true);
    let unavailable = world.send("POST", "/refresh/logout", &[OURS, ("Cookie", &cookies)], "").await;
    assert_eq!((unavailable.status, cleared(&unavailable).len()), (503, 0));
    world.break_store(false);
    for _ in 0..2 {
        let logout = world.send("POST", "/refresh/logout", &[OURS, ("Cookie", &cookies)], "").await;
        assert_eq!((logout.status, &*cleared(&logout)), (204, &ALL[..]));
        assert!(world.sessions.list("alice").await.unwrap().is_empty());
    }
    let nobody = world.send("POST", "/refresh/logout", &[("X-Other", "1")], "").await;
    assert_eq!((nobody.status, cleared(&nobody).len()), (403, 0));
}

#[tokio::test]
async fn a_page_of_another_site_refreshes_after_it_was_loaded_anew() {
    let world = world_of(RoutesBuilder::with_cookies_across_sites).await;
    let login = world.login("alice", "spa").await;
    let mut cookies = with_session(&cookie(&login, "__Secure-refresh"));
    let mut value = member(&login, "csrf_token");
    for n in 0..3 {
        let across = [JSON, ("Sec-Fetch-Site", "cross-site"), ("Origin", ORIGIN)];
        let fields = [&across[..], &[("Cookie", &*cookies), ("X-CSRF-Token", &*value)]].concat();
        let refreshed = world.send("POST", "/refresh", &fields, r#"{"client_id":"spa"}"#).await;
        assert_eq!(refreshed.status, 200, "{n}");
        cookies = with_session(&cookie(&refreshed, "__Secure-refresh"));
        value = member(&refreshed, "csrf_token");
        // Loaded anew: the value is lost, and the access token over.
        if n == 1 {
            world.clock.advance(1_000);
            let response = world.send("GET", "/refresh/csrf", &[("Cookie", &cookies)], "").await;
            assert_eq!(response.status, 200);
            value = member(&response, "csrf_token");
        }
    }
    let session = world.sessions.list("alice").await.unwrap().remove(0);
    world.sessions.end(session.id()).await.unwrap();
    for cookies in ["", "__Secure-refresh=guess", &cookies] {
        assert_eq!(
            world.send("GET", "/refresh/csrf", &[("Cookie", cookies)], "").await.status,
            401,
            "{cookies}"
        );
    }
}

#[tokio::test]
async fn the_loser_of_a_race_a_failing_store_and_a_wrong_scope_clear_nothing() {
    let world = world().await;
    let first = cookie(&world.login("alice", "spa").await, "__Secure-refresh");
    let second = cookie(&refreshed(&world, &first).await, "__Secure-refresh");
    for _ in 0..5 {
        assert_eq!(
            cookie(&refreshed(&world, &first).await, "__Secure-refresh"),
            second,
            "the same successor"
        );
    }
    let loser = refreshed(&world, &first).await;
    assert_eq!((loser.status, values(&loser, "set-cookie").len()), (401, 0));

    world.break_store(true);
    let unavailable = refreshed(&world, &second).await;
    assert_eq!((unavailable.status, values(&unavailable, "set-cookie").len()), (503, 0));
    assert_eq!(values(&unavailable, "retry-after"), ["5"]);
    world.break_store(false);

    let wider = r#"{"client_id":"spa","scope":"read admin"}"#;
    let by_cookie = [JSON, OURS, ("Cookie", &*with_session(&second))].map(|(a, b)| (a, b.to_owned()));
    let by_cookie: Vec<_> = by_cookie.iter().map(|(name, value)| (*name, &**value)).collect();
    let wider = world.send("POST", "/refresh", &by_cookie, wider).await;
    assert_eq!((wider.status, &*text(&wider)), (400, r#"{"error":"invalid_scope"}"#));
    assert!(values(&wider, "set-cookie").is_empty());
    assert_eq!(refreshed(&world, &second).await.status, 200, "and nobody was logged out");
}

#[tokio::test]
async fn what_goes_by_cookie_needs_a_proof_of_origin() {
    let world = world().await;
    let login = world.login("alice", "spa").await;
    let access = cookie(&login, "__Host-access");
    let refresh = with_session(&cookie(&login, "__Secure-refresh"));
    let spa = r#"{"client_id":"spa","username":"a","password":"a"}"#;
    for (path, cookie, body) in
        [("/login", "other=1", spa), ("/refresh", &*refresh, spa), ("/logout-all", &*access, "")]
    {
        let with = |field: (&'static str, &'static str)| [JSON, ("Cookie", cookie), field];
        for field in [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
            ("X-CSRF-Token", "guess"),
            ("X-Other", "1"),
        ] {
            let response = world.send("POST", path, &with(field), body).await;
            assert_eq!(response.status, 403, "{path} {field:?}");
            assert!(values(&response, "set-cookie").is_empty(), "{path} {field:?}");
        }
        for field in [("Sec-Fetch-Site", "none"), ("Origin", ORIGIN)] {
            let response = world.send("POST", path, &with(field), body).await;
            let is_over = path == "/logout-all" && field.0 == "Origin";
            assert_eq!(response.status / 100, if is_over { 4 } else { 2 }, "{path} {field:?}");
        }
    }
}

#[tokio::test]
async fn a_double_submit_value_of_the_session_is_a_proof_and_that_of_another_is_none() {
    for across_sites in [false, true] {
        let world = world_of(|it| if across_sites { it.with_cookies_across_sites() } else { it }).await;
        let (alice, bob) = (world.login("alice", "spa").await, world.login("bob", "spa").await);
        let refresh = with_session(&cookie(&alice, "__Secure-refresh"));
        let expected = if across_sites { "SameSite=None" } else { "SameSite=Strict" };
        assert!(values(&alice, "set-cookie")[1].ends_with(expected));
        let mut values = Vec::new();
        for user in [&bob, &alice] {
            let access = cookie(user, "__Host-access");
            let response = world.send("GET", "/csrf", &[("Cookie", &access)], "").await;
            values.push(member(&response, "csrf_token"));
        }
        for (value, status) in values.iter().zip([403, 200]) {
            let fields = [JSON, ("Cookie", &*refresh), ("X-CSRF-Token", value)];
            let origin = ("Origin", ORIGIN);
            let fields = if across_sites { [&fields[..], &[origin]].concat() } else { fields.to_vec() };
            let response = world.send("POST", "/refresh", &fields, r#"{"client_id":"spa"}"#).await;
            assert_eq!(response.status, status, "{across_sites}");
        }
        let fields = [JSON, ("Cookie", &*refresh), ("Origin", ORIGIN)];
        let response = world.send("POST", "/refresh", &fields, r#"{"client_id":"spa"}"#).await;
        assert_eq!(response.status, if across_sites { 403 } else { 200 });
    }
}

#[tokio::test]
async fn a_token_that_does_not_fit_into_a_cookie_starts_no_session() {
    let world = world().await;
    let body = r#"{"username":"huge","password":"huge","client_id":"spa"}"#;
    let response = world.send("POST", "/login", &[JSON, OURS], body).await;
    assert_eq!((response.status, &*text(&response)), (500, r#"{"error":"server_error"}"#));
    assert!(values(&response, "set-cookie").is_empty());
    assert!(world.sessions.list("huge").await.unwrap().is_empty());
}

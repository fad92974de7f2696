//! What is refused, and what it is answered with.

use jwt_core::request::SimpleHead;

use super::world::*;
use crate::NewSession;
use crate::logged::Log;
use crate::routes::*;

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_have_one_answer() {
    let world = world().await;
    let expected = guess(&world, "alice", "wrong").await;
    assert_eq!((expected.status, &*text(&expected)), (400, r#"{"error":"invalid_grant"}"#));
    let long = "n".repeat(257);
    for name in ["nobody", &long, "a\\u0000b", "ünknown"] {
        assert!(guess(&world, name, "wrong").await == expected, "{name}");
    }
}

#[tokio::test]
async fn the_eleventh_wrong_password_within_a_minute_is_too_many() {
    let world = world().await;
    for n in 0..10 {
        assert_eq!(guess(&world, "alice", "wrong").await.status, 400, "{n}");
        world.clock.advance(3);
    }
    let refused = guess(&world, "alice", "wrong").await;
    assert_eq!((refused.status, &*text(&refused)), (429, r#"{"error":"slow_down"}"#));
    assert_eq!(values(&refused, "retry-after"), ["30"]);
    assert_eq!(guess(&world, "alice", "alice").await.status, 429, "nor is a right one asked about");
    world.clock.advance(30);
    assert_eq!(guess(&world, "alice", "alice").await.status, 200);
}

#[tokio::test]
async fn right_passwords_are_not_counted() {
    let world = world().await;
    for n in 0..50 {
        assert_eq!(guess(&world, "alice", "alice").await.status, 200, "{n}");
    }
}

#[tokio::test]
async fn many_wrong_passwords_at_once_are_no_way_around_the_limit() {
    let world = world().await;
    let guesses = (0..100).map(|_| guess(&world, "alice", "wrong"));
    let mut statuses = Vec::new();
    for answer in futures_of(guesses).await {
        statuses.push(answer.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 10);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 90);
}

#[tokio::test]
async fn right_passwords_at_once_are_not_too_many() {
    let world = world().await;
    let answers = futures_of((0..100).map(|_| guess(&world, "alice", "alice"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn services_with_right_secrets_are_not_counted_however_many_come_at_once() {
    let world = world().await;
    let right = basic("service", "service");
    let fields = [FORM, ("Authorization", &*right)];
    let asked = (0..300).map(|_| world.send("POST", "/introspect", &fields, "token=x"));
    assert!(futures_of(asked).await.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn outages_of_ours_use_up_nobodys_attempts() {
    let world = world().await;
    for _ in 0..50 {
        assert_eq!(guess(&world, "outage", "x").await.status, 503);
    }
    let token = member(&world.login("alice", "app").await, "refresh_token");
    let body = format!(r#"{{"refresh_token":"{token}","client_id":"app"}}"#);
    world.break_store(true);
    for n in 0..100 {
        for path in ["/refresh", "/logout"] {
            assert_eq!(world.send("POST", path, &[JSON], &body).await.status, 503, "{path} {n}");
        }
    }
    world.break_store(false);
    assert_eq!(world.send("POST", "/refresh", &[JSON], &body).await.status, 200);
    for n in 0..10 {
        assert_eq!(guess(&world, "alice", "wrong").await.status, 400, "{n}");
    }
}

#[tokio::test]
async fn a_name_may_start_so_many_sessions() {
    let limit = RateLimit::new(3, Duration::from_secs(60));
    let world = world_of(|builder| builder.with_start_limit(limit)).await;
    for n in 0..3 {
        assert_eq!(guess(&world, "alice", "wrong").await.status, 400, "{n}");
        assert_eq!(guess(&world, "alice", "alice").await.status, 200, "{n}");
    }
    for password in ["alice", "wrong"] {
        assert_eq!(guess(&world, "alice", password).await.status, 429, "{password}");
    }
    assert_eq!(guess(&world, "bob", "bob").await.status, 200);
    world.clock.advance(60);
    assert_eq!(guess(&world, "alice", "alice").await.status, 200);
}

#[tokio::test]
async fn bad_logout_tokens_keep_no_service_out() {
    let world = world().await;
    for status in [400; 10].into_iter().chain([429]) {
        let response = world.send("POST", "/backchannel-logout", &[FORM], "logout_token=x").await;
        assert_eq!(response.status, status);
    }
    let right = basic("service", "service");
    let fields = [FORM, ("Authorization", &*right)];
    assert_eq!(world.send("POST", "/introspect", &fields, "token=x").await.status, 200);
}

#[tokio::test]
async fn spellings_of_one_name_are_one_name() {
    let world = world_of(|builder| builder.with_address(|_, _| None)).await;
    for name in [
        "alice",
        "Alice",
        "ALICE",
        " alice",
        "aLice ",
        "al\u{ad}ice",
        "al\u{200b}ice",
        "\u{ff41}lice",
        "a\u{301}lice",
        "\u{e1}lice",
    ] {
        assert_eq!(guess(&world, name, "wrong").await.status, 400, "{name}");
    }
    assert_eq!(guess(&world, "alIce", "wrong").await.status, 429);
    assert_eq!(
        guess(&world, "bob", "wrong").await.status,
        400,
        "an address that is not known is not counted"
    );
}

#[tokio::test]
async fn the_address_is_found_as_the_operator_says() {
    let world = world_of(|builder| builder.with_address_field("X-Real-IP")).await;
    let guess = async |n: u32, address: &str| {
        let body = format!(r#"{{"username":"name-{n}","password":"wrong"}}"#);
        world.send("POST", "/login", &[JSON, ("X-Real-IP", address)], body).await.status
    };
    for n in 0..10 {
        assert_eq!(guess(n, "198.51.100.1").await, 400, "{n}");
    }
    assert_eq!((guess(10, " 198.51.100.1").await, guess(11, "198.51.100.2").await), (429, 400));
    for (n, none) in ["", "198.51.100.1, 198.51.100.2", "unknown", "198.51.100.1:80"].iter().enumerate() {
        assert_eq!(guess(20 + u32::try_from(n).unwrap(), none).await, 400, "{none:?} is no address");
    }
}

#[tokio::test]
async fn without_limits_by_address_names_have_theirs() {
    let world = world_of(RoutesBuilder::without_address_limits).await;
    for n in 0..20 {
        assert_eq!(guess(&world, &format!("name-{n}"), "wrong").await.status, 400, "{n}");
    }
    for status in [400; 10].into_iter().chain([429]) {
        assert_eq!(guess(&world, "alice", "wrong").await.status, status);
    }
    assert_eq!(warnings(&world, 3).await, 0, "it was chosen");
}

#[tokio::test]
async fn without_limits_by_address_clients_have_theirs_by_name_and_logout_tokens_one() {
    let world = world_of(RoutesBuilder::without_address_limits).await;
    let introspect = async |client: &str, secret: &str| {
        let credentials = basic(client, secret);
        let fields = [FORM, ("Authorization", &*credentials)];
        world.send("POST", "/introspect", &fields, "token=x").await.status
    };
    for status in [401; 160].into_iter().chain([429]) {
        assert_eq!(introspect("service", "guess").await, status);
        let response = world.send("POST", "/backchannel-logout", &[FORM], "logout_token=x").await;
        assert_eq!(response.status, if status == 401 { 400 } else { 429 });
    }
    assert_eq!(introspect("service", "service").await, 429);
    assert_eq!(introspect("other", "other").await, 200);
}

#[tokio::test]
async fn an_address_that_is_not_known_is_warned_of_once() {
    let world = world_of(|builder| builder.with_address_field("X-Real-IP")).await;
    assert_eq!(warnings(&world, 3).await, 1);
    let world = world_of(|builder| builder.with_address(|_, peer| peer)).await;
    assert_eq!(warnings(&world, 3).await, 0);
}

/// How often so many logins are warned of.
async fn warnings(world: &World, logins: u32) -> usize {
    let (log, _listening) = Log::listen();
    for _ in 0..logins {
        assert_eq!(guess(world, "bob", "bob").await.status, 200);
    }
    log.count("WARN ")
}

#[tokio::test]
async fn guesses_at_the_refresh_token_of_a_session_do_not_lock_it() {
    let limit = RateLimit::new(5, Duration::from_secs(60));
    let world = world_of(|builder| builder.with_refresh_limit(limit).with_address(|_, _| None)).await;
    let mut token = member(&world.login("alice", "app").await, "refresh_token");
    let refresh = async |token: &str| {
        let body = format!(r#"{{"refresh_token":"{token}","client_id":"app"}}"#);
        world.send("POST", "/refresh", &[JSON], body).await
    };
    // The name of the session, and another secret.
    let guess = format!("{}{}", token.split_at(30).0, "A".repeat(token.len() - 30));
    for n in 0..20 {
        assert_eq!(refresh(&guess).await.status, 400, "{n}");
    }
    for n in 0..5 {
        let response = refresh(&token).await;
        assert_eq!(response.status, 200, "{n}");
        token = member(&response, "refresh_token");
    }
    assert_eq!(refresh(&token).await.status, 429, "and yet a session has its limit");
    world.clock.advance(60);
    assert_eq!(refresh(&token).await.status, 200);
}

#[tokio::test]
async fn wrong_secrets_keep_no_service_out_that_comes_from_elsewhere() {
    let world = world_of(|builder| {
        builder.with_address(|head, peer| match jwt_core::request::single_field(head, "x-elsewhere") {
            jwt_core::request::Field::Absent => peer,
            _ => Some([198, 51, 100, 1].into()),
        })
    })
    .await;
    let (wrong, right) = (basic("service", "guess"), basic("service", "service"));
    for status in [401; 10].into_iter().chain([429]) {
        let fields = [FORM, ("Authorization", &*wrong)];
        assert_eq!(world.send("POST", "/introspect", &fields, "token=x").await.status, status);
    }
    let fields = [FORM, ("Authorization", &*right), ("X-Elsewhere", "1")];
    assert_eq!(world.send("POST", "/introspect", &fields, "token=x").await.status, 200);
}

#[tokio::test]
async fn tokens_do_not_go_over_plain_http_but_on_this_machine() {
    let world = world().await;
    let routes =
        Routes::builder(world.sessions.clone(), world.auth.clone(), |_: Credentials| async { Ok(None) });
    let routes = routes.build().unwrap();
    let status = async |host: &str, peer: Option<&str>, is_encrypted: bool| {
        let head = SimpleHead::post("/login").with_field("Host", host).with_field(JSON.0, JSON.1);
        let request = RouteRequest::new(&head).with_body(br#"{"username":"a","password":"b"}"#);
        let request = if is_encrypted { request.with_encryption() } else { request };
        let response = routes.handle(match peer {
            Some(peer) => request.with_peer(peer.parse().unwrap()),
            None => request,
        });
        // A wrong password, or too many of them.
        matches!(&*text(&response.await), r#"{"error":"invalid_grant"}"# | r#"{"error":"slow_down"}"#)
    };
    for host in ["localhost", "LOCALHOST:3000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:3000"] {
        for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.8.8.8"] {
            assert!(status(host, Some(peer), false).await, "{host} {peer}");
        }
        assert!(!status(host, Some("192.0.2.1"), false).await, "{host} from elsewhere");
        assert!(!status(host, None, false).await, "{host} from nobody knows where");
    }
    // Through a proxy on this machine, which names itself, or keeps the name that its client used.
    for name in ["Forwarded", "X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Host", "X-Real-IP", "Via"]
    {
        let head = SimpleHead::post("/login").with_host("localhost").with_field(name, "x");
        let head = head.with_field(JSON.0, JSON.1);
        let request = RouteRequest::new(&head).with_body(br#"{"username":"a","password":"b"}"#);
        let response = routes.handle(request.with_peer([127, 0, 0, 1].into())).await;
        assert_eq!(
            (response.status, &*text(&response)),
            (400, r#"{"error":"invalid_request","error_description":"TLS is required here"}"#),
            "{name}"
        );
    }
    for host in ["id.example.com", "", "localhost.example.com", "127.0.0.1.example.com", "[::2]", "[::1"] {
        assert!(!status(host, Some("127.0.0.1"), false).await, "{host}");
        assert!(status(host, Some("192.0.2.1"), true).await, "{host} over TLS");
    }
}

#[tokio::test]
async fn paths_below_a_prefix_are_served_and_others_are_not() {
    let world = world_of(|builder| builder.with_prefix("/auth")).await;
    for (path, status) in [
        ("/auth/login", 405),
        ("/auth/sessions/x", 405),
        ("/.well-known/jwks.json", 405),
        ("/login", 404),
        ("/auth/login/", 404),
        ("/auth/sessions/", 404),
        ("/auth/sessions/x/y", 404),
        ("/auth/.well-known/jwks.json", 404),
        ("/auth", 404),
        ("/authlogin", 404),
        ("/", 404),
    ] {
        assert_eq!(world.send("PUT", path, &[], "").await.status, status, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_set_up_is_not_served() {
    let world = world().await;
    let routes =
        Routes::builder(world.sessions.clone(), world.auth.clone(), |_: Credentials| async { Ok(None) });
    let routes = routes.build().unwrap();
    let expected = ["/login", "/refresh", "/logout", "/logout-all", "/sessions", "/sessions/{id}"];
    assert_eq!(routes.paths(), expected);
}

#[tokio::test]
async fn what_cannot_be_is_refused_when_it_is_set_up() {
    let world = world().await;
    let error = |set_up: fn(RoutesBuilder) -> RoutesBuilder| {
        set_up(builder(&world.sessions, &world.auth)).build().unwrap_err()
    };
    for prefix in ["auth", "/", "/auth/", "//", "/a//b", "/{id}", "/a b", "/ä", "/..", "/a/./b", "/a;b"] {
        let refused = builder(&world.sessions, &world.auth).with_prefix(prefix).build().unwrap_err();
        assert_eq!(refused, RoutesError::Prefix { value: prefix.to_owned() });
        assert!(refused.to_string().contains(&format!("{prefix:?}")), "{refused}");
    }
    assert!(matches!(error(|it| it.with_client("", Mode::Json)), RoutesError::Client { .. }));
    assert!(matches!(error(|it| it.with_public_origin("id.example.com")), RoutesError::PublicOrigin { .. }));
    let other = error(|it| it.with_public_origin("https://other.example.com"));
    assert_eq!(
        other.to_string(),
        "clients find issuer \"https://id.example.com\" at \"https://other.example.com\", and refuse it \
         (RFC 8414 §3.3): give both one name"
    );
    let long = error(|it| it.with_prefix(format!("/{}", "a".repeat(4_000))));
    assert!(matches!(long, RoutesError::Cookie { .. }), "{long}");
    let plain =
        || Routes::builder(world.sessions.clone(), world.auth.clone(), |_: Credentials| async { Ok(None) });
    let unchecked = plain().with_confidential_client("bff", Mode::Json).build().unwrap_err();
    assert_eq!(unchecked, RoutesError::NoClientCheck { client: "bff".to_owned() });
    assert!(unchecked.to_string().contains("\"bff\""), "{unchecked}");
    let behind = plain().with_tls_in_front();
    let refused = behind.build().unwrap_err();
    assert_eq!(refused, RoutesError::NoAddress);
    assert!(refused.to_string().contains("`with_address_field`"), "{refused}");
    assert!(plain().with_tls_in_front().without_address_limits().build().is_ok());
    assert!(plain().with_tls_in_front().with_address_field("X-Real-IP").build().is_ok());
    assert_eq!(plain().with_cookies_across_sites().build().unwrap_err(), RoutesError::NoCsrfKey);
}

#[tokio::test]
async fn a_login_that_names_another_client_than_the_request_starts_no_session() {
    let world = world().await;
    let login = |_: Credentials| async { Ok(Some(NewSession::of("alice").with_client("app"))) };
    let routes = Routes::builder(world.sessions.clone(), world.auth.clone(), login);
    let routes = routes.with_client("app", Mode::Json).with_client("spa", Mode::Cookies);
    let routes = routes.with_tls_in_front().without_address_limits().build().unwrap();
    let world = World { routes, ..world };
    for client in ["", r#","client_id":"spa""#] {
        let body = format!(r#"{{"username":"alice","password":"x"{client}}}"#);
        let response = world.send("POST", "/login", &[JSON, OURS], body).await;
        assert_eq!((response.status, &*text(&response)), (500, r#"{"error":"server_error"}"#), "{client}");
    }
    assert!(world.sessions.list("alice").await.unwrap().is_empty());
    let same = r#"{"username":"alice","password":"x","client_id":"app"}"#;
    let login = world.send("POST", "/login", &[JSON], same).await;
    let refresh = format!(r#"{{"refresh_token":"{}","client_id":"app"}}"#, member(&login, "refresh_token"));
    assert_eq!(world.send("POST", "/refresh", &[JSON], refresh).await.status, 200);
}

#[tokio::test]
async fn a_form_says_what_it_is_granted_by() {
    let world = world().await;
    let token = member(&world.login("alice", "app").await, "refresh_token");
    let rest = format!("client_id=app&refresh_token={token}");
    for (body, answer) in [
        (rest.clone(), r#"{"error":"invalid_request"}"#),
        (format!("grant_type=&{rest}"), r#"{"error":"invalid_request"}"#),
        (format!("grant_type=password&{rest}"), r#"{"error":"unsupported_grant_type"}"#),
    ] {
        let response = world.send("POST", "/refresh", &[FORM], &body).await;
        assert_eq!((response.status, &*text(&response)), (400, answer), "{body}");
    }
    let body = format!("grant_type=refresh_token&{rest}");
    assert_eq!(world.send("POST", "/refresh", &[FORM], &body).await.status, 200);
}

#[tokio::test]
async fn nothing_of_a_request_or_a_response_is_shown() {
    let world = world().await;
    let response = world.login("alice", "spa").await;
    assert_eq!(format!("{response:?}"), "RouteResponse { status: 200, .. }");
    let head = SimpleHead::post("/login").with_field("Cookie", "secret");
    let request = RouteRequest::new(&head).with_body(b"secret");
    assert_eq!(format!("{request:?}"), r#"RouteRequest { method: "POST", path: "/login", .. }"#);
}

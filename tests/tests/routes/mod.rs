//! The ready-made routes over a socket, in each framework: status, fields, `Set-Cookie` to the byte, and body.
//!
//! Each file beside this one is a story, as a client sees it. Both frameworks tell the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "what fails in here fails a test"
)]

mod coverage;
mod rest;
pub(crate) mod world;

use core::fmt::Write as _;

use tests::server::Framework;
use tests::wire::Response;

use self::world::{ETAG, FRAMEWORKS, World, cookies, member, routes_alone, shown};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// Writes down what is answered.
struct Story {
    world: World,
    text: String,
}

impl Story {
    fn of(framework: Framework) -> Self {
        Self { world: World::start(framework), text: String::new() }
    }

    fn send(
        &mut self,
        what: &str,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let response = self.world.send(method, path, fields, body);
        // The name of a session is another one each time.
        let path = match path.strip_prefix("/auth/sessions/") {
            Some(_) => "/auth/sessions/{id}",
            None => path,
        };
        write!(self.text, "### {what}\n{method} {path}\n{}\n", shown(&response)).unwrap();
        response
    }
}

/// Runs a story in each framework and compares it with the one that is written down.
fn tell(expected: &str, story: impl Fn(&mut Story)) {
    for framework in FRAMEWORKS {
        let mut told = Story::of(framework);
        story(&mut told);
        assert!(told.text == expected, "{framework} told:\n{}", told.text);
    }
}

#[test]
fn an_app_logs_in_refreshes_and_logs_out() {
    tell(include_str!("json.txt"), |story| {
        let right = r#"{"username":"alice","password":"alice","client_id":"app"}"#;
        let login = story.send("login", "POST", "/auth/login", &[JSON], right);
        let access = format!("Bearer {}", member(&login, "access_token"));
        let access = [("Authorization", &*access)];
        story.send("the application's own route", "GET", "/me", &access, "");
        let body = format!(
            "grant_type=refresh_token&client_id=app&refresh_token={}",
            member(&login, "refresh_token")
        );
        let refreshed = story.send("refresh", "POST", "/auth/refresh", &[FORM], &body);
        let narrower = format!(
            "grant_type=refresh_token&client_id=app&scope=read&refresh_token={}",
            member(&refreshed, "refresh_token")
        );
        let refreshed = story.send("refresh for less", "POST", "/auth/refresh", &[FORM], &narrower);
        let body =
            format!(r#"{{"refresh_token":"{}","client_id":"app"}}"#, member(&refreshed, "refresh_token"));
        story.send("logout", "POST", "/auth/logout", &[JSON], &body);
        story.send("the access token is refused at once", "GET", "/me", &access, "");
        story.send("the refresh token is worth nothing", "POST", "/auth/refresh", &[JSON], &body);
        rest::tell(story, "app");
    });
}

#[test]
fn a_page_with_cookies_logs_in_refreshes_and_logs_out() {
    tell(include_str!("cookies.txt"), |story| {
        let right = r#"{"username":"alice","password":"alice","client_id":"spa"}"#;
        let login = story.send("login", "POST", "/auth/login", &[JSON, OURS], right);
        let first = cookies(&login);
        story.send("the application's own route", "GET", "/me", &[("Cookie", &first)], "");
        let spa = r#"{"client_id":"spa"}"#;
        let refreshed =
            story.send("refresh", "POST", "/auth/refresh", &[JSON, OURS, ("Cookie", &first)], spa);
        let second = cookies(&refreshed);
        let again =
            story.send("another tab", "POST", "/auth/refresh", &[JSON, OURS, ("Cookie", &first)], spa);
        let refresh = |cookies: &str| {
            let mut all = cookies.split("; ");
            all.find(|cookie| cookie.starts_with("__Secure-refresh=")).unwrap().to_owned()
        };
        assert_eq!(refresh(&cookies(&again)), refresh(&second), "the same successor");
        let other = story.world.send("POST", "/auth/login", &[JSON, OURS], right);
        let other = [("Cookie", &*cookies(&other))].map(|(name, value)| (name, value.to_owned()));
        let other = (other[0].0, &*other[0].1);
        story.world.clock.advance(700);
        story.send("too late for the access token", "POST", "/auth/logout", &[OURS, other], "");
        story.send("a double-submit value", "GET", "/auth/refresh/csrf", &[other], "");
        story.send("logout of a page", "POST", "/auth/refresh/logout", &[OURS, other], "");
        let refreshed = story.world.send("POST", "/auth/refresh", &[JSON, OURS, ("Cookie", &second)], spa);
        let second = cookies(&refreshed);
        story.send("logout everywhere", "POST", "/auth/logout-all", &[OURS, ("Cookie", &second)], "");
        story.send("refused at once", "GET", "/me", &[("Cookie", &second)], "");
        let over = [JSON, OURS, ("Cookie", &*second)];
        story.send("a refused refresh clears the cookies", "POST", "/auth/refresh", &over, spa);
        rest::tell(story, "spa");
    });
}

#[test]
fn a_page_with_one_cookie_logs_in_refreshes_and_logs_out() {
    tell(include_str!("mixed.txt"), |story| {
        let right = r#"{"username":"alice","password":"alice","client_id":"page"}"#;
        let login = story.send("login", "POST", "/auth/login", &[JSON, OURS], right);
        let page = r#"{"client_id":"page"}"#;
        let by_cookie = [JSON, OURS, ("Cookie", &*cookies(&login))].map(|(a, b)| (a, b.to_owned()));
        let by_cookie: Vec<_> = by_cookie.iter().map(|(name, value)| (*name, &**value)).collect();
        let refreshed = story.send("refresh", "POST", "/auth/refresh", &by_cookie, page);
        let access = format!("Bearer {}", member(&refreshed, "access_token"));
        story.send("the application's own route", "GET", "/me", &[("Authorization", &access)], "");
        story.send("logout", "POST", "/auth/logout", &[("Authorization", &access)], "");
        story.send("refused at once", "GET", "/me", &[("Authorization", &access)], "");
        story.send("a refused refresh clears the cookie", "POST", "/auth/refresh", &by_cookie, page);
        rest::tell_of_refresh_cookie(story, "page");
        rest::tell(story, "page");
    });
}

#[test]
fn what_is_refused_is_refused_in_the_same_words() {
    tell(include_str!("refusals.txt"), |story| {
        let right = "username=alice&password=alice&client_id=spa";
        let foreign = [FORM, ("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")];
        story.send("a form of another site", "POST", "/auth/login", &foreign, right);
        let login = story.world.send("POST", "/auth/login", &[FORM, OURS], right);
        let ours = cookies(&login);
        let foreign = [&foreign[..], &[("Cookie", &*ours)]].concat();
        let refresh = "grant_type=refresh_token&client_id=spa";
        story.send("a form of another site", "POST", "/auth/refresh", &foreign, refresh);
        story.send("a form of another site", "POST", "/auth/refresh/logout", &foreign, "");
        let twice = [FORM, OURS, ("Cookie", &*format!("{ours}; {ours}"))].map(|(a, b)| (a, b.to_owned()));
        let twice: Vec<_> = twice.iter().map(|(name, value)| (*name, &**value)).collect();
        story.send("a cookie of ours twice", "POST", "/auth/refresh", &twice, refresh);
        story.send("a form of another site", "POST", "/auth/logout", &foreign, "a=b");
        story.send("another method", "PUT", "/auth/login", &[], "");
        story.send("another method", "POST", "/auth/sessions", &[], "");
        story.send("another media type", "POST", "/auth/login", &[("Content-Type", "text/plain")], "x");
        let long = format!("username={}", "x".repeat(16 * 1024));
        story.send("a long body", "POST", "/auth/login", &[FORM], &long);
        story.send("half a body", "POST", "/auth/login", &[JSON], "{");
        story.send("nobody by HTTP Basic", "POST", "/auth/introspect", &[FORM], "token=x");
        let basic = [FORM, ("Authorization", "Basic YXBwOmFwcA==")];
        story.send("a service asks", "POST", "/auth/introspect", &basic, "token=x");
        story.send("nobody takes back", "POST", "/auth/revoke", &[FORM], "token=x&client_id=app");
        story.send("a service takes back", "POST", "/auth/revoke", &basic, "token=x");

        story.world.break_store(true);
        story.send("no store", "POST", "/auth/login", &[FORM, OURS], right);
        let by_cookie = [FORM, OURS, ("Cookie", &*ours)];
        story.send("no store, no cookie is cleared", "POST", "/auth/refresh", &by_cookie, refresh);
        story.world.break_store(false);
        let healed = story.world.send("POST", "/auth/refresh", &by_cookie, refresh);
        assert_eq!(healed.status, 200, "and nothing was lost");

        let wrong = "username=alice&password=wrong";
        story.send("a wrong password", "POST", "/auth/login", &[FORM], wrong);
        let unknown = story.world.send("POST", "/auth/login", &[FORM], "username=nobody&password=wrong");
        assert_eq!((unknown.status, unknown.text()), (400, r#"{"error":"invalid_grant"}"#.to_owned()));
        (2..10).for_each(|_| drop(story.world.send("POST", "/auth/login", &[FORM], wrong)));
        story.send("the eleventh", "POST", "/auth/login", &[FORM], wrong);
        story.world.clock.advance(60);
        story.send("a minute later", "POST", "/auth/login", &[FORM], wrong);

        story.send("the public keys", "GET", "/.well-known/jwks.json", &[], "");
        story.send("known keys", "GET", "/.well-known/jwks.json", &[("If-None-Match", ETAG)], "");
        story.send("where all is", "GET", "/.well-known/oauth-authorization-server", &[], "");
    });
}

#[test]
fn other_paths_are_left_to_the_application() {
    for framework in FRAMEWORKS {
        let world = World::start(framework);
        for path in ["/", "/login", "/auth", "/auth/", "/auth/login/x", "/auth/sessions/a/b", "/auth/other"] {
            let response = world.send("POST", path, &[], "");
            assert_eq!(
                (response.status, &*response.text()),
                (200, "the application's own"),
                "{framework} {path}"
            );
        }
    }
}

#[test]
fn another_method_of_our_path_is_the_applications_where_it_has_a_route_for_it() {
    for framework in FRAMEWORKS {
        let world = World::start(framework);
        let page = world.send("GET", "/auth/login", &[], "");
        assert_eq!((page.status, &*page.text()), (200, "a page to log in by"), "{framework}");
        let right = r#"{"username":"alice","password":"alice","client_id":"app"}"#;
        assert_eq!(world.send("POST", "/auth/login", &[JSON], right).status, 200, "{framework}");
        let other = world.send("PUT", "/auth/login", &[JSON], right);
        assert_eq!((other.status, other.field("allow")), (405, Some("POST")), "{framework}");
    }
}

#[test]
fn nested_routes_say_that_they_are() {
    for framework in FRAMEWORKS {
        let world = World::start(framework);
        for (method, path) in [
            ("POST", "/nested/auth/login"),
            ("DELETE", "/nested/auth/sessions/x"),
            ("GET", "/nested/.well-known/jwks.json"),
        ] {
            let response = world.send(method, path, &[], "");
            assert_eq!(
                (response.status, &*response.text()),
                (500, r#"{"error":"server_error"}"#),
                "{framework} {path}"
            );
        }
    }
}

#[test]
fn nothing_secret_goes_over_plain_http_to_another_machine() {
    for framework in FRAMEWORKS {
        let world = World::start(framework);
        let right = "username=alice&password=alice";
        let response = world.send_to("id.example.com", "POST", "/auth/login", &[FORM], right);
        let told = r#"{"error":"invalid_request","error_description":"TLS is required here"}"#;
        assert_eq!((response.status, &*response.text()), (400, told), "{framework}");
        let keys = world.send_to("id.example.com", "GET", "/.well-known/jwks.json", &[], "");
        assert_eq!(keys.status, 200, "{framework}");
    }
}

#[tokio::test]
async fn what_a_cookie_holds_is_marked_as_sensitive_in_axum() {
    use axum::extract::ConnectInfo;
    use tower::ServiceExt as _;

    let app: axum::Router = axum_jwt::session_routes(routes_alone().await);
    let peer = ConnectInfo(core::net::SocketAddr::from(([127, 0, 0, 1], 1)));
    let request = http::Request::post("/auth/login").header("Host", "localhost").extension(peer);
    let request = [FORM, OURS].iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let body = axum::body::Body::from("username=alice&password=alice&client_id=spa");
    let response = app.oneshot(request.body(body).unwrap()).await.unwrap();
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 3);
    assert!(cookies.iter().all(|cookie| cookie.is_sensitive()));
}

#[test]
fn a_head_is_answered_as_a_get_without_its_body() {
    for framework in FRAMEWORKS {
        let world = World::start(framework);
        let response = world.send("HEAD", "/.well-known/jwks.json", &[], "");
        assert_eq!((response.status, response.body.len()), (200, 0), "{framework}");
        assert_eq!(response.field("etag"), Some(ETAG), "{framework}");
    }
}

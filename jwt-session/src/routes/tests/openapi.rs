//! `openapi.json` against what the routes answer: each status and media type of it is given, and no other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::world::*;
use crate::routes::*;

/// Path, method, status and media types.
type Row = (String, String, u16, Vec<String>);

fn document() -> Value {
    serde_json::from_str(include_str!("../../../openapi.json")).unwrap()
}

fn errors() -> Value {
    document()["components"]["schemas"]["Error"].clone()
}

/// All that is documented.
fn documented() -> BTreeSet<Row> {
    let document = document();
    let mut rows = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let types = response.get("content").into_iter().flat_map(|it| it.as_object().unwrap().keys());
                // One answer has one of them.
                let mut types: Vec<_> = types.map(|it| vec![it.clone()]).collect();
                if types.is_empty() {
                    types.push(Vec::new());
                }
                let row = |types| (path.clone(), method.to_uppercase(), status.parse().unwrap(), types);
                rows.extend(types.into_iter().map(row));
            }
        }
    }
    rows
}

/// Sends requests and notes what comes of them.
struct Scribe<'w> {
    world: &'w World,
    given: BTreeSet<Row>,
    /// What the document says of an error.
    errors: Value,
}

impl Scribe<'_> {
    async fn send(&mut self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> RouteResponse {
        let response = self.world.send(method, path, fields, body).await;
        let template = if path.starts_with("/sessions/") { "/sessions/{id}" } else { path };
        let types = values(&response, "content-type").into_iter().map(str::to_owned).collect();
        self.given.insert((template.to_owned(), method.to_owned(), response.status, types));
        if response.status >= 400 && values(&response, "content-type") == ["application/json"] {
            self.is_documented_error(&response);
        }
        let is_public = path.starts_with("/.well-known/");
        assert_eq!(values(&response, "cache-control") == ["no-store"], !is_public, "{method} {path}");
        assert_eq!(values(&response, "retry-after").len(), usize::from(matches!(response.status, 429 | 503)));
        response
    }

    /// RFC 6749 §5.2, in words that the document lists.
    fn is_documented_error(&self, response: &RouteResponse) {
        let body: BTreeMap<String, Value> = serde_json::from_slice(&response.body).unwrap();
        let members = &self.errors["properties"];
        assert!(body.contains_key("error"), "{body:?}");
        for (name, value) in &body {
            assert!(members[name]["enum"].as_array().unwrap().contains(value), "{name}: {value}");
        }
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)], body: &str) -> RouteResponse {
        self.send("POST", path, fields, body).await
    }
}

#[tokio::test]
async fn every_answer_is_documented_and_every_documented_one_is_given() {
    let world = world().await;
    let mut scribe = Scribe { world: &world, given: BTreeSet::new(), errors: errors() };
    let long = "x".repeat(MOST_BODY + 1);
    let text = ("Content-Type", "text/plain");
    let right = r#"{"username":"a","password":"a","client_id":"app"}"#;

    // Who stays logged in, who logs out, and who has no session.
    let good = world.login("a", "app").await;
    let good = bearer(&good);
    let good = [("Authorization", &*good)];
    let bad = [("Authorization", "Bearer bad")];
    let broken = [("Authorization", "Bearer two words")];
    let of_no_session = world.issuer.token().with_subject("a").sign().unwrap();
    let of_no_session = format!("Bearer {of_no_session}");
    let of_no_session = [("Authorization", &*of_no_session)];
    let in_cookie = with_session(&cookie(&world.login("b", "spa").await, "__Secure-refresh"));

    for path in ["/login", "/refresh", "/logout", "/logout-all"] {
        scribe.post(path, &[JSON], &long).await;
        scribe.post(path, &[text], "x").await;
        scribe.post(path, &[JSON], "{").await;
    }
    for path in ["/revoke", "/introspect"] {
        let (client, wrong) = (basic("app", "app"), basic("app", "guess"));
        let client = ("Authorization", &*client);
        let outage = basic("outage", "x");
        scribe.post(path, &[FORM], "token=x").await;
        scribe.post(path, &[FORM, ("Authorization", &wrong)], "token=x").await;
        scribe.post(path, &[FORM, ("Authorization", &outage)], "token=x").await;
        scribe.post(path, &[FORM, client], "token=x").await;
        scribe.post(path, &[FORM, client], "").await;
        scribe.post(path, &[JSON, client], "{}").await;
        scribe.post(path, &[FORM, client], &long).await;
    }
    let logout = world.provider.logout(Some("nobody"), None);
    for (fields, body) in [([FORM], &*logout), ([FORM], "logout_token=x"), ([JSON], "{}"), ([FORM], &long)] {
        scribe.post("/backchannel-logout", &fields, body).await;
    }
    for (method, path) in
        [("POST", "/logout-all"), ("GET", "/sessions"), ("DELETE", "/sessions/none"), ("GET", "/csrf")]
    {
        for fields in [bad, broken, of_no_session] {
            scribe.send(method, path, &fields, "").await;
        }
        if method != "POST" {
            scribe.send(method, path, &good, "").await;
        }
    }
    scribe.post("/login", &[JSON], right).await;
    scribe.post("/login", &[JSON], r#"{"username":"unfit","password":"x"}"#).await;
    scribe.post("/login", &[JSON], r#"{"username":"outage","password":"x"}"#).await;
    scribe.post("/login", &[JSON], r#"{"username":"a","password":"a","client_id":"spa"}"#).await;

    let refresh = member(&world.login("a", "app").await, "refresh_token");
    let refresh = format!(r#"{{"refresh_token":"{refresh}","client_id":"app"}}"#);
    scribe.post("/refresh", &[JSON], &refresh).await;
    scribe.post("/logout", &[JSON], &refresh).await;
    scribe.post("/refresh", &[JSON, OURS], r#"{"client_id":"spa"}"#).await;
    scribe.post("/refresh", &[JSON, ("Cookie", &in_cookie)], r#"{"client_id":"spa"}"#).await;
    let twice = format!("{in_cookie}; {in_cookie}");
    scribe.post("/refresh", &[JSON, OURS, ("Cookie", &twice)], r#"{"client_id":"spa"}"#).await;
    let guess = with_session(&format!("__Secure-refresh=rt_{}", "A".repeat(91)));
    for (method, path) in [("GET", "/refresh/csrf"), ("POST", "/refresh/logout")] {
        scribe.send(method, path, &[OURS, ("Cookie", &twice)], "").await;
        scribe.send(method, path, &[OURS], "").await;
        world.break_store(true);
        scribe.send(method, path, &[OURS, ("Cookie", &in_cookie)], "").await;
        world.break_store(false);
        scribe.send(method, path, &[OURS, ("Cookie", &in_cookie)], "").await;
        scribe.send(method, path, &[("Cookie", &in_cookie)], "").await;
    }
    let wrong = basic("app", "guess");
    for path in ["/login", "/refresh"] {
        scribe.post(path, &[JSON, ("Authorization", &wrong)], right).await;
    }
    scribe.post("/logout", &bad, "").await;
    scribe.post("/logout", &of_no_session, "").await;

    // A token that is too long for a cookie, given out to an app.
    let huge = member(&world.login("huge", "").await, "refresh_token");
    let of_pages = builder(&world.sessions, &world.auth).with_mode(Mode::Cookies).build().unwrap();
    let pages = World { routes: of_pages, ..world_of(|builder| builder).await };
    let cookie = with_session(&format!("__Secure-refresh={huge}"));
    let mut on_pages = Scribe { world: &pages, given: BTreeSet::new(), errors: errors() };
    on_pages.post("/refresh", &[OURS, ("Cookie", &cookie)], "").await;
    scribe.given.append(&mut on_pages.given);

    let own = world.sessions.list("a").await.unwrap().pop().unwrap().id();
    world.break_store(true);
    let unknown = format!("rt_{}", "A".repeat(91));
    let unknown = format!(r#"{{"refresh_token":"{unknown}"}}"#);
    scribe.post("/login", &[JSON], right).await;
    scribe.post("/refresh", &[JSON], &unknown).await;
    scribe.post("/logout", &[JSON], &unknown).await;
    scribe.post("/logout-all", &good, "").await;
    scribe.post("/backchannel-logout", &[FORM], &world.provider.logout(Some("a"), None)).await;
    scribe.send("GET", "/sessions", &good, "").await;
    scribe.send("DELETE", &format!("/sessions/{own}"), &good, "").await;
    world.break_store(false);

    scribe.send("DELETE", "/sessions/none", &good, "").await;
    let other = world.login("a", "app").await;
    let other_id = world.sessions.session_of(&member(&other, "refresh_token")).await.unwrap().unwrap().id();
    scribe.send("DELETE", &format!("/sessions/{other_id}"), &good, "").await;
    scribe.post("/logout-all", &good, "").await;
    scribe.send("GET", "/.well-known/jwks.json", &[], "").await;
    scribe.send("GET", "/.well-known/jwks.json", &[("If-None-Match", ETAG)], "").await;
    scribe.send("GET", "/.well-known/oauth-authorization-server", &[], "").await;

    // Once an address has tried too often.
    let client = basic("app", "guess");
    for _ in 0..61 {
        scribe.post("/login", &[JSON], r#"{"username":"a","password":"guess"}"#).await;
        scribe.post("/refresh", &[JSON], r#"{"refresh_token":"guess"}"#).await;
        scribe.post("/logout", &[JSON], r#"{"refresh_token":"guess"}"#).await;
        scribe.post("/revoke", &[FORM, ("Authorization", &client)], "token=x").await;
        scribe.post("/introspect", &[FORM, ("Authorization", &client)], "token=x").await;
        scribe.post("/backchannel-logout", &[FORM], "logout_token=x").await;
        scribe.send("GET", "/refresh/csrf", &[("Cookie", &guess)], "").await;
        scribe.post("/refresh/logout", &[OURS, ("Cookie", &guess)], "").await;
    }

    let documented = documented();
    let only_given: Vec<_> = scribe.given.difference(&documented).collect();
    let only_documented: Vec<_> = documented.difference(&scribe.given).collect();
    assert!(
        only_given.is_empty() && only_documented.is_empty(),
        "given, not documented: {only_given:?}\ndocumented, not given: {only_documented:?}"
    );
}

#[tokio::test]
async fn paths_and_methods_are_those_of_the_document_and_other_methods_are_told_them() {
    let world = world().await;
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let served: BTreeSet<_> = world.routes.paths().into_iter().collect();
    assert_eq!(served, paths.keys().cloned().collect());
    for endpoint in world.routes.endpoints() {
        let methods = paths[endpoint.path()].as_object().unwrap();
        let methods: BTreeSet<_> = methods.keys().map(|method| method.to_uppercase()).collect();
        // What answers GET answers HEAD, and no document says so.
        let served = endpoint.methods().iter().filter(|method| **method != "HEAD");
        assert_eq!(methods, served.map(|method| (*method).to_owned()).collect());
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "X"] {
            if endpoint.methods().contains(&method) {
                continue;
            }
            let response = world.send(method, &endpoint.path().replace("{id}", "x"), &[], "").await;
            assert_eq!(response.status, 405, "{method} {endpoint:?}");
            assert_eq!(values(&response, "allow"), [endpoint.methods().join(", ")]);
        }
    }
}

#[test]
fn every_route_stands_in_the_file_of_requests() {
    let file = include_str!("../../../requests.http");
    for endpoint in Endpoint::ALL {
        let path = endpoint.path().replace("{id}", "{{sessions.response.body.sessions[0].id}}");
        let method = endpoint.methods()[0];
        assert!(file.contains(&format!("\n{method} {{{{base}}}}{path}\n")), "{endpoint:?}");
    }
}

//! The situations and their answers.

use jwt_core::NumericDate;
use serde_json::json;
use tests::routes::{Demand, Endpoint, Layer, Route};
use tests::tokens::{AUDIENCE, Forged, HMAC_ISSUER, NOW, alice, good, issuer, keys, signers};
use tests::wire::{self, Request};

use super::{Expected, Table, routes, rules, rules_of_one_issuer};

fn ago(seconds: u64) -> NumericDate {
    NumericDate::from_secs(NOW - seconds).unwrap()
}

#[test]
fn required_mode() {
    let table = Table::new("required", &routes(&rules("")));
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    let token = alice();

    for path in [
        "/me",
        "/admin",
        "/admin-or-ops",
        "/step-up",
        "/ws",
        "/require-admin",
        "/require-step-up",
        "/everything",
        "/impossible",
        "/layered-public",
        "/fresh-login",
        "/auditor",
    ] {
        row(path, Request::get(path), Expected::no_credentials());
        row(path, Request::get(path).with("Authorization", "Basic YTpi"), Expected::no_credentials());
        row(path, Request::get(path).bearer("a.b.c"), Expected::not_valid());
        row(path, Request::get(path).with("Authorization", "Bearer"), Expected::invalid_request());
    }
    row("optional", Request::get("/optional"), Expected::nobody());
    row("optional", Request::get("/optional").with("Authorization", "Basic YTpi"), Expected::nobody());
    row("optional", Request::get("/optional").bearer(&token), Expected::subject("alice"));
    row("optional, bad", Request::get("/optional").bearer("a.b.c"), Expected::not_valid());
    row(
        "optional, broken",
        Request::get("/optional").with("Authorization", "Bearer"),
        Expected::invalid_request(),
    );

    row("public", Request::get("/public"), Expected::public());
    row("public, bad token", Request::get("/public").bearer("a.b.c"), Expected::public());
    row("public, broken", Request::get("/public").with("Authorization", "Bearer"), Expected::public());
    row("no such route", Request::get("/nowhere"), Expected::not_found());
    row("no such route", Request::get("/me/").bearer(&token), Expected::not_found());

    for (name, key, issuer) in signers() {
        let token = tests::tokens::issuer(key, issuer, AUDIENCE);
        let token = token.token().with_subject("alice").sign().unwrap();
        row(name, Request::get("/me").bearer(&token), Expected::me(&token));
        row(name, Request::post("/me").bearer(&token), Expected::me(&token));
        row(name, Request::get("/me?x=1").bearer(&token), Expected::me(&token));
        row(name, Request::new("HEAD", "/me").bearer(&token), Expected::me(&token).head());
        row(name, Request::get("/optional").bearer(&token), Expected::subject("alice"));
    }
    row("HEAD", Request::new("HEAD", "/me"), Expected::no_credentials().head());
    row("HEAD", Request::new("HEAD", "/me").bearer("a.b.c"), Expected::not_valid().head());
    row("HEAD", Request::new("HEAD", "/unlayered"), Expected::internal().head());
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY", "get"] {
        row(method, Request::new(method, "/me"), Expected::no_credentials());
        let expected = Expected::method_not_allowed("GET,HEAD,POST");
        row(method, Request::new(method, "/me").bearer(&token), expected);
    }
    let body = Request::new("POST", "/me").with("Content-Length", "5");
    row("a body", body.clone().body(b"hello"), Expected::no_credentials());
    row("a body", body.bearer(&token).body(b"hello"), Expected::me(&token));
    let chunked = Request::new("POST", "/me").with("Transfer-Encoding", "chunked");
    row("chunks", chunked.bearer(&token).body(b"5\r\nhello\r\n0\r\n\r\n"), Expected::me(&token));

    let preflight = Request::new("OPTIONS", "/me")
        .with("Origin", "https://app.example.com")
        .with("Access-Control-Request-Method", "GET");
    row("preflight, not switched on", preflight, Expected::no_credentials());
    row("claims of another type", Request::get("/impossible").bearer(&token), Expected::not_valid());
    table.finish(100);
}

#[test]
fn a_missing_layer_is_our_mistake() {
    let table = Table::new("missing layer", &routes(&rules("")));
    for path in [
        "/unlayered",
        "/unlayered-require",
        "/unlayered-authorized",
        "/unlayered-optional",
        "/unlayered-token",
        "/unlayered-owned",
        "/require-outside",
    ] {
        for request in
            [Request::get(path), Request::get(path).bearer(&alice()), Request::get(path).bearer("a.b.c")]
        {
            table.row(path, &request, &Expected::internal());
        }
    }
    table.finish(21);
}

#[test]
fn optional_mode() {
    let table = Table::new("optional", &routes(&rules("optional = true")));
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    let token = alice();
    // Behind an optional layer the refusal is the extractor's, in the layer's words.
    for path in [
        "/me",
        "/admin",
        "/admin-or-ops",
        "/step-up",
        "/require-admin",
        "/require-step-up",
        "/everything",
        "/impossible",
        "/ws",
    ] {
        row(path, Request::get(path), Expected::no_credentials());
        row(path, Request::get(path).with("Authorization", "Basic YTpi"), Expected::no_credentials());
        row(path, Request::get(path).bearer("a.b.c"), Expected::not_valid());
        let twice = Request::get(path).bearer(&token).bearer(&token);
        row(path, twice, Expected::invalid_request());
    }
    row("HEAD", Request::new("HEAD", "/me"), Expected::no_credentials().head());
    row("optional", Request::get("/optional"), Expected::nobody());
    row("optional", Request::get("/optional").bearer(&token), Expected::subject("alice"));
    row("layered", Request::get("/layered-public"), Expected::public());
    row("layered, bad", Request::get("/layered-public").bearer("a.b.c"), Expected::not_valid());
    row("good", Request::get("/me").bearer(&token), Expected::me(&token));
    row("claims of another type", Request::get("/impossible").bearer(&token), Expected::not_valid());
    row("unlayered", Request::get("/unlayered"), Expected::internal());
    table.finish(40);
}

#[test]
fn requirements_of_routes() {
    let table = Table::new("requirements", &routes(&rules("")));
    let plain = alice();
    let scope = |scope: &str| good(|token| token.with_scope(scope));
    let login = |context: &str, seconds| good(|token| token.with_authentication(context, ago(seconds)));
    let missing = Expected::insufficient_scope;
    let (mfa, fresh) = (r#"acr_values="urn:mfa""#, r#"max_age="300""#);
    let ok = || None;
    let tenant = |tenant: &str| good(|token| token.with_claim("tenant", tenant));
    let other_issuer =
        issuer(&keys().hs256, HMAC_ISSUER, AUDIENCE).token().with_subject("alice").sign().unwrap();
    let all = |scope: &str, role: &str, context: &str| {
        good(|token| token.with_scope(scope).with_claim("roles", role).with_authentication(context, ago(1)))
    };
    for (path, token, refused) in [
        ("admin", &plain, Some(missing(Some("admin")))),
        ("admin", &scope("admin"), ok()),
        ("admin", &scope("read admin write"), ok()),
        ("admin", &scope("administrator"), Some(missing(Some("admin")))),
        ("admin", &scope("Admin"), Some(missing(Some("admin")))),
        ("admin", &scope("ops"), Some(missing(Some("admin")))),
        ("admin", &good(|token| token.with_claim("scp", &["admin"])), ok()),
        ("admin", &good(|token| token.with_claim("scp", "read admin")), ok()),
        ("admin", &good(|token| token.with_claim("scope", &["admin"])), ok()),
        ("admin", &good(|token| token.with_claim("scope", &1)), Some(missing(Some("admin")))),
        (
            "admin",
            &good(|token| token.with_scope("read").with_claim("scp", "admin")),
            Some(missing(Some("admin"))),
        ),
        ("admin-or-ops", &plain, Some(missing(Some("admin ops")))),
        ("admin-or-ops", &scope("ops"), ok()),
        ("admin-or-ops", &scope("admin"), ok()),
        ("admin-or-ops", &scope("read"), Some(missing(Some("admin ops")))),
        ("step-up", &plain, Some(Expected::stronger_login(mfa))),
        ("step-up", &login("urn:pwd", 1), Some(Expected::stronger_login(mfa))),
        ("step-up", &login("urn:mfa", 100_000), ok()),
        ("step-up", &Forged::new().claim("acr", json!(["urn:mfa"])).sign(), Some(Expected::not_valid())),
        ("fresh-login", &plain, Some(Expected::stronger_login(fresh))),
        ("fresh-login", &login("urn:pwd", 300), ok()),
        ("fresh-login", &login("urn:pwd", 301), Some(Expected::stronger_login(fresh))),
        ("auditor", &plain, Some(missing(None))),
        ("auditor", &good(|token| token.with_claim("roles", &["auditor"])), ok()),
        ("auditor", &good(|token| token.with_claim("roles", "auditor")), ok()),
        ("auditor", &good(|token| token.with_claim("roles", &["audit"])), Some(missing(None))),
        ("of-acme", &plain, Some(missing(None))),
        ("of-acme", &tenant("acme"), ok()),
        ("of-acme", &tenant("acme2"), Some(missing(None))),
        ("of-acme", &good(|token| token.with_claim("tenant", &["acme"])), Some(missing(None))),
        ("of-acme", &other_issuer, Some(missing(None))),
        ("other-issuer", &other_issuer, ok()),
        // Good, and trusted elsewhere.
        ("other-issuer", &plain, Some(missing(None))),
        // Rules add up; what no login would give is told before a login that is too weak.
        ("all", &plain, Some(missing(Some("admin write")))),
        ("all", &all("admin write", "ops", "urn:mfa"), ok()),
        ("all", &all("write read admin", "root", "urn:mfa"), ok()),
        ("all", &all("admin", "ops", "urn:mfa"), Some(missing(Some("admin write")))),
        ("all", &all("write", "ops", "urn:mfa"), Some(missing(Some("admin write")))),
        ("all", &all("admin write", "dev", "urn:mfa"), Some(missing(None))),
        ("all", &all("admin write", "dev", "urn:pwd"), Some(missing(None))),
        (
            "all",
            &all("admin write", "ops", "urn:pwd"),
            Some(Expected::stronger_login(r#"acr_values="urn:mfa""#)),
        ),
        ("everything", &plain, Some(missing(Some("admin")))),
        ("everything", &scope("admin"), ok()),
    ] {
        let request = Request::get(&format!("/{path}")).bearer(token);
        let expected = refused.clone().unwrap_or_else(|| Expected::subject("alice"));
        table.row(path, &request, &expected);
        if path != "everything" {
            let request = Request::get(&format!("/require-{path}")).bearer(token);
            table.row(path, &request, &refused.unwrap_or_else(Expected::public));
        }
    }
    table.finish(84);
}

#[test]
fn extractors_without_a_layer_answer_as_with_one() {
    for (name, top) in [("by handle", ""), ("by handle, optional", "optional = true")] {
        let auth = rules(&format!("{top}\nsources = ['header', 'cookie:access']"));
        let route = |path, endpoint| Route { path, layers: vec![Layer::Handle(auth.clone())], endpoint };
        let table =
            Table::new(name, &[route("/me", Endpoint::Me), route("/optional", Endpoint::Optional)].into());
        let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
        let token = alice();
        row("none", Request::get("/me"), Expected::no_credentials());
        // Rules that are not optional are not made so by an extractor.
        let nobody = if top.is_empty() { Expected::no_credentials() } else { Expected::nobody() };
        row("none, optional", Request::get("/optional"), nobody);
        row("good", Request::get("/me").bearer(&token), Expected::me(&token));
        row("good, optional", Request::get("/optional").bearer(&token), Expected::subject("alice"));
        row("HEAD", Request::new("HEAD", "/me").bearer(&token), Expected::me(&token).head());
        for path in ["/me", "/optional"] {
            row("bad", Request::get(path).bearer("a.b.c"), Expected::not_valid());
            row("broken", Request::get(path).with("Authorization", "Bearer"), Expected::invalid_request());
            row("twice", Request::get(path).bearer(&token).bearer(&token), Expected::invalid_request());
            let both = Request::get(path).bearer(&token).with("Cookie", format!("access={token}"));
            row("two carriers", both, Expected::invalid_request());
            let grpc = Request::get(path).with("Content-Type", "application/grpc").bearer("a.b.c");
            row("gRPC", grpc, Expected::not_valid());
        }
        let cookie = Request::post("/me").with("Cookie", format!("access={token}"));
        row("cookie", cookie.clone().with("Sec-Fetch-Site", "same-origin"), Expected::me(&token));
        row("cookie from elsewhere", cookie, Expected::cross_origin());
        table.finish(17);
    }
}

#[test]
fn refusals_are_in_the_words_of_the_innermost_layer() {
    for top in ["", "optional = true"] {
        let auth = rules(top);
        let (own, plain) = (Layer::OwnWords(auth.clone()), Layer::Auth(auth.clone()));
        let route = |path, layers: &[&Layer], endpoint| Route {
            path,
            layers: layers.iter().copied().cloned().collect(),
            endpoint,
        };
        let routes = [
            route("/me", &[&own], Endpoint::Me),
            route("/admin", &[&own], Endpoint::Authorized(Demand::Admin)),
            route("/require-admin", &[&own, &Layer::Require(Demand::Admin)], Endpoint::Public),
            route("/impossible", &[&own], Endpoint::Impossible),
            route("/own-inside", &[&plain, &own], Endpoint::Authorized(Demand::Admin)),
            route("/own-outside", &[&own, &plain], Endpoint::Authorized(Demand::Admin)),
        ];
        let table = Table::new("own words", &routes.into());
        let row = |path: &str, token: Option<&str>, expected: Expected| {
            let request = token.into_iter().fold(Request::get(path), |request, token| request.bearer(token));
            table.row(path, &request, &expected);
        };
        let token = alice();
        row("/me", Some(&token), Expected::me(&token));
        for path in ["/me", "/admin", "/require-admin", "/impossible"] {
            row(path, None, Expected::no_credentials().own_words());
            row(path, Some("a.b.c"), Expected::not_valid().own_words());
        }
        let refused = Expected::insufficient_scope(Some("admin"));
        row("/admin", Some(&token), refused.clone().own_words());
        row("/require-admin", Some(&token), refused.clone().own_words());
        row("/impossible", Some(&token), Expected::not_valid().own_words());
        // Behind both the inner one speaks; what never gets past the outer one is told by that.
        row("/own-inside", Some(&token), refused.clone().own_words());
        row("/own-inside", Some("a.b.c"), Expected::not_valid());
        row("/own-outside", Some(&token), refused);
        row("/own-outside", Some("a.b.c"), Expected::not_valid().own_words());
        table.finish(16);
    }
}

#[test]
fn what_only_a_handler_can_tell_is_refused_in_the_words_of_the_layer() {
    let bob = Forged::new().claim("sub", "bob").sign();
    let nobody = Forged::new().without_claim("sub").sign();
    let stepped_up = good(|token| token.with_authentication("urn:mfa", ago(0)));
    for top in ["", "optional = true"] {
        let auth = rules(top);
        let route = |path, layer| Route { path, layers: vec![layer], endpoint: Endpoint::Owned };
        let routes = [
            route("/owned", Layer::Auth(auth.clone())),
            route("/own-words", Layer::OwnWords(auth.clone())),
            route("/handle", Layer::Handle(auth)),
        ];
        let table = Table::new("owned", &routes.into());
        for path in ["/owned", "/own-words", "/handle"] {
            let row = |name: &str, token: Option<&str>, expected: Expected| {
                let request =
                    token.into_iter().fold(Request::get(path), |request, token| request.bearer(token));
                let in_own_words = path == "/own-words" && expected != Expected::subject("alice");
                let expected = if in_own_words { expected.own_words() } else { expected };
                table.row(name, &request, &expected);
            };
            row("nobody", None, Expected::no_credentials());
            row("a bad token", Some("a.b.c"), Expected::not_valid());
            row("another", Some(&bob), Expected::insufficient_scope(None));
            row("without a subject", Some(&nobody), Expected::insufficient_scope(None));
            row("the owner", Some(&alice()), Expected::stronger_login(r#"acr_values="urn:mfa""#));
            row("the owner, sure", Some(&stepped_up), Expected::subject("alice"));
        }
        table.finish(18);
    }
}

#[test]
fn preflights_pass_where_they_are_switched_on() {
    let table = Table::new("preflight", &routes(&rules("allow_preflight = true")));
    let passes = Expected::method_not_allowed("GET,HEAD,POST");
    let refused = Expected::no_credentials();
    let (origin, method) = (("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "PUT"));
    for (verb, fields, expected) in [
        ("OPTIONS", &[origin, method][..], &passes),
        ("OPTIONS", &[origin, method, ("Access-Control-Request-Headers", "authorization")], &passes),
        ("OPTIONS", &[origin, method, ("Authorization", "Bearer a.b.c")], &passes),
        ("OPTIONS", &[origin, method, ("Authorization", "Bearer")], &passes),
        ("OPTIONS", &[("Origin", "null"), method], &passes),
        ("OPTIONS", &[origin], &refused),
        ("OPTIONS", &[method], &refused),
        ("OPTIONS", &[], &refused),
        ("OPTIONS", &[origin, origin, method], &refused),
        ("OPTIONS", &[origin, method, method], &refused),
        ("OPTIONS", &[("Origin", ""), method], &refused),
        ("options", &[origin, method], &refused),
        ("GET", &[origin, method], &refused),
        ("PUT", &[origin, method], &refused),
    ] {
        let request =
            fields.iter().fold(Request::new(verb, "/me"), |all, (name, value)| all.with(name, value));
        table.row(verb, &request, expected);
    }
    table.finish(14);
}

#[test]
fn an_outage_of_ours_never_blames_the_token() {
    let table = Table::new("outage", &routes(&rules_of_one_issuer("keys_unavailable = true")));
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    for path in ["/me", "/optional", "/admin", "/require-admin", "/impossible", "/ws"] {
        row(path, Request::get(path).bearer(&alice()), Expected::unavailable());
    }
    row("HEAD", Request::new("HEAD", "/me").bearer(&alice()), Expected::unavailable().head());
    row("nothing presented", Request::get("/me"), Expected::no_credentials());
    row("nothing presented", Request::get("/optional"), Expected::nobody());
    row("broken", Request::get("/me").with("Authorization", "Bearer"), Expected::invalid_request());
    row("no token at all", Request::get("/me").bearer("abc"), Expected::not_valid());
    row("public", Request::get("/public"), Expected::public());
    let grpc = Request::post("/me").with("Content-Type", "application/grpc").bearer(&alice());
    row("gRPC", grpc, Expected::unavailable());
    table.finish(13);
}

#[test]
fn over_http_1_a_media_type_of_grpc_changes_nothing() {
    let table = Table::new("gRPC", &routes(&rules("")));
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    for media_type in
        ["application/grpc", "application/grpc+proto", "application/grpc;x=y", "Application/gRPC"]
    {
        let post = |path: &str| Request::post(path).with("Content-Type", media_type).with("TE", "trailers");
        let get = |path: &str| Request::get(path).with("Content-Type", media_type);
        row(media_type, post("/me"), Expected::no_credentials());
        row(media_type, post("/me").bearer("a.b.c"), Expected::not_valid());
        row(media_type, post("/me").with("Authorization", "Bearer"), Expected::invalid_request());
        row(media_type, get("/admin").bearer(&alice()), Expected::insufficient_scope(Some("admin")));
        row(media_type, get("/require-admin").bearer(&alice()), Expected::insufficient_scope(Some("admin")));
        let stronger = Expected::stronger_login(r#"acr_values="urn:mfa""#);
        row(media_type, get("/step-up").bearer(&alice()), stronger);
        row(media_type, get("/impossible").bearer(&alice()), Expected::not_valid());
        row(media_type, get("/unlayered"), Expected::internal());
        row(media_type, get("/unlayered-require"), Expected::internal());
        row(media_type, post("/me").bearer(&alice()), Expected::me(&alice()));
    }
    for media_type in ["application/grpc-web", "application/grpcx", "application/json", ""] {
        row(media_type, Request::post("/me").with("Content-Type", media_type), Expected::no_credentials());
    }
    table.finish(44);
}

#[test]
fn the_challenge_is_quoted_and_names_the_metadata() {
    let top = r#"
        realm = 'the "api" \ of ours'
        resource_metadata = "https://api.example.com/.well-known/oauth-protected-resource"
    "#;
    let table = Table::new("challenge", &routes(&rules(top)));
    let metadata = r#", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource""#;
    let written = |expected: Expected| {
        let mut expected = expected.realm(r#"the \"api\" \\ of ours"#);
        for (_, value) in expected.fields.iter_mut().filter(|(name, _)| *name == "www-authenticate") {
            value.push_str(metadata);
        }
        expected
    };
    table.row("none", &Request::get("/me"), &written(Expected::no_credentials()));
    table.row("bad", &Request::get("/me").bearer("a.b.c"), &written(Expected::not_valid()));
    let broken = Request::get("/me").with("Authorization", "Bearer");
    table.row("broken", &broken, &written(Expected::invalid_request()));
    let scope = Expected::insufficient_scope(Some("admin"));
    table.row("scope", &Request::get("/admin").bearer(&alice()), &written(scope.clone()));
    table.row("scope", &Request::get("/require-admin").bearer(&alice()), &written(scope));
    let stronger = Expected::stronger_login(r#"acr_values="urn:mfa""#);
    table.row("step-up", &Request::get("/step-up").bearer(&alice()), &written(stronger));
    table.row("shape", &Request::get("/impossible").bearer(&alice()), &written(Expected::not_valid()));
    table.finish(7);
}

#[test]
fn websockets_open_after_authentication_only() {
    let table = Table::new("WebSocket", &routes(&rules(r#"sources = ["header", "websocket"]"#)));
    let token = alice();
    let offered = |protocol: &str| Request::websocket("/ws").with("Sec-WebSocket-Protocol", protocol);
    for (name, request, protocol) in [
        ("by header", Request::websocket("/ws").bearer(&token), None),
        ("by protocol", offered(&format!("bearer, {token}")), Some("bearer")),
        ("by protocol among others", offered(&format!("chat, bearer, {token}")), Some("bearer")),
        ("by two fields", offered("bearer").with("Sec-WebSocket-Protocol", &token), Some("bearer")),
        ("a protocol we have not", offered("chat").bearer(&token), None),
    ] {
        for (framework, server) in table.servers() {
            let (response, echo) = wire::websocket(server.address(), &request, "hello");
            assert_eq!(
                (response.status, echo.as_deref()),
                (101, Some("hello")),
                "{name} {framework} {response:?}"
            );
            assert_eq!(response.field("sec-websocket-protocol"), protocol, "{name} {framework}");
            assert_eq!(
                response.field("sec-websocket-accept"),
                Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                "{framework}"
            );
            assert!(!String::from_utf8_lossy(&response.raw).contains(&token), "{name} {framework}");
        }
    }
    // The servers close after a refusal where they are asked to.
    let closing = || Request::get("/ws").with("Upgrade", "websocket");
    let offered = |protocol: &str| closing().with("Sec-WebSocket-Protocol", protocol);
    let row = |name: &str, request: Request, expected: Expected| table.row(name, &request, &expected);
    row("none", closing(), Expected::no_credentials());
    row("other protocol", offered("chat"), Expected::no_credentials());
    row("case", offered(&format!("Bearer, {token}")), Expected::no_credentials());
    row("bad", offered("bearer, a.b.c"), Expected::not_valid());
    row("cut", offered("bearer"), Expected::invalid_request());
    row("cut", offered("bearer,"), Expected::invalid_request());
    row("twice", offered(&format!("bearer, {token}, bearer, {token}")), Expected::invalid_request());
    row("no token", offered("bearer, a b"), Expected::invalid_request());
    row("two carriers", offered(&format!("bearer, {token}")).bearer(&token), Expected::invalid_request());
    let plain = Request::get("/me").with("Sec-WebSocket-Protocol", format!("bearer, {token}"));
    row("no upgrade", plain, Expected::no_credentials());
    let upgraded = Request::get("/me").with("Upgrade", "websocket");
    let upgraded = upgraded.with("Sec-WebSocket-Protocol", format!("bearer, {token}"));
    row("an upgrade that the route ignores", upgraded, Expected::me(&token));
    let needed = Expected::new(426, super::JSON, r#"{"error":"a WebSocket upgrade is needed"}"#);
    row("no handshake", Request::get("/ws").bearer(&token), needed);
    row("POST", Request::post("/ws").bearer(&token), Expected::method_not_allowed("GET"));
    table.finish(13);
}

//! A user's own sessions, and what services may ask.

use super::world::*;
use crate::routes::*;

#[tokio::test]
async fn a_user_sees_its_own_sessions_and_ends_them() {
    let world = world().await;
    let phone = world.login("alice", "app").await;
    world.clock.advance(5);
    let agent = ("User-Agent", "Mozilla/5.0");
    let right = r#"{"username":"alice","password":"alice"}"#;
    let here = world.send("POST", "/login", &[JSON, agent], right).await;
    let bob = world.login("bob", "app").await;
    let here = [("Authorization", &*bearer(&here))].map(|(name, value)| (name, value.to_owned()));
    let here = [(here[0].0, &*here[0].1)];

    let list = world.send("GET", "/sessions", &here, "").await;
    let list: serde_json::Value = serde_json::from_slice(&list.body).unwrap();
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{list}");
    let (own, other) = (&sessions[0], &sessions[1]);
    assert_eq!((own["current"].as_bool(), other["current"].as_bool()), (Some(true), Some(false)));
    assert_eq!(
        (own["user_agent"].as_str(), own["address"].as_str()),
        (Some("Mozilla/5.0"), Some("192.0.2.7"))
    );
    assert_eq!((other["client_id"].as_str(), other["created"].as_u64()), (Some("app"), Some(START)));

    let end = async |id: &str| world.send("DELETE", &format!("/sessions/{id}"), &here, "").await.status;
    let of_bob = world.sessions.list("bob").await.unwrap().remove(0).id().to_string();
    assert_eq!(end(&of_bob).await, 404, "somebody else's");
    assert_eq!(end(other["id"].as_str().unwrap()).await, 204);
    assert_eq!(end(other["id"].as_str().unwrap()).await, 404, "ended before");
    let status = async |user: &RouteResponse| {
        world.send("GET", "/sessions", &[("Authorization", &bearer(user))], "").await.status
    };
    assert_eq!((status(&phone).await, status(&bob).await), (401, 200), "at once, and nobody else");
    assert_eq!(end(own["id"].as_str().unwrap()).await, 204);
    assert_eq!(world.send("GET", "/sessions", &here, "").await.status, 401);
}

#[tokio::test]
async fn a_client_takes_back_its_own_tokens_alone() {
    let world = world().await;
    let revoke = async |client: &str, token: &str| {
        let fields = [FORM, ("Authorization", &*basic(client, client))].map(|(a, b)| (a, b.to_owned()));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
        let response = world.send("POST", "/revoke", &fields, format!("token={token}")).await;
        (response.status, text(&response))
    };
    let good = (200, "{}".to_owned());
    let foreign = (400, r#"{"error":"invalid_grant"}"#.to_owned());
    let login = world.login("alice", "app").await;
    let (access, refresh) = (member(&login, "access_token"), member(&login, "refresh_token"));
    for token in [&access, &refresh] {
        assert_eq!(revoke("other", token).await, foreign);
    }
    let is_good = async || {
        let fields = [("Authorization", &*bearer(&login))].map(|(a, b)| (a, b.to_owned()));
        world.send("GET", "/sessions", &[(fields[0].0, &fields[0].1)], "").await.status == 200
    };
    assert!(is_good().await);
    assert_eq!(revoke("app", &access).await, good);
    assert!(!is_good().await, "the access token alone");
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 1);
    assert_eq!(revoke("app", &refresh).await, good);
    assert!(world.sessions.list("alice").await.unwrap().is_empty());
    for token in ["guess", "", &access, &refresh] {
        let expected =
            if token.is_empty() { (400, r#"{"error":"invalid_request"}"#.to_owned()) } else { good.clone() };
        assert_eq!(revoke("app", token).await, expected, "{token}");
    }
}

#[tokio::test]
async fn a_service_is_told_what_an_access_token_is_worth_and_a_refresh_token_is_worth_nothing() {
    let world = world().await;
    let introspect = async |token: &str| {
        let basic = basic("api", "api");
        let fields = [FORM, ("Authorization", &*basic)];
        let response = world.send("POST", "/introspect", &fields, format!("token={token}")).await;
        assert_eq!(response.status, 200);
        text(&response)
    };
    let login = world.login("alice", "app").await;
    let access = member(&login, "access_token");
    let told: serde_json::Value = serde_json::from_str(&introspect(&access).await).unwrap();
    for (name, value) in [
        ("active", serde_json::json!(true)),
        ("sub", "alice".into()),
        ("scope", "read write".into()),
        ("client_id", "app".into()),
        ("iss", ORIGIN.into()),
        ("aud", "api".into()),
        ("exp", (START + 600).into()),
        ("token_type", "Bearer".into()),
    ] {
        assert_eq!(told[name], value, "{name} of {told}");
    }
    let nothing = r#"{"active":false}"#;
    assert_eq!(introspect(&member(&login, "refresh_token")).await, nothing);
    assert_eq!(introspect("guess").await, nothing);
    world.sessions.end_all("alice").await.unwrap();
    assert_eq!(introspect(&access).await, nothing);
}

/// What a client is told of a token of our own with these members.
async fn introspected(world: &World, client: &str, members: &str) -> String {
    let token = world.signed(members);
    let client = basic(client, client);
    let fields = [FORM, ("Authorization", &*client)];
    let response = world.send("POST", "/introspect", &fields, format!("token={token}")).await;
    assert_eq!(response.status, 200);
    text(&response)
}

#[tokio::test]
async fn a_service_is_told_what_our_own_rules_look_at_and_what_was_set_up_and_nothing_else() {
    let claims = r#","roles":["admin"],"acr":"2","auth_time":7,"tenant":"acme","plan":"free","email":"a@b.c",
        "active":false,"token_type":"x","huge":123456789012345678901234567890,"n":0.1000"#;
    let told = introspected(&world().await, "api", claims).await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    for (name, value) in [
        ("active", serde_json::json!(true)),
        ("roles", serde_json::json!(["admin"])),
        ("acr", "2".into()),
        ("auth_time", 7.into()),
        ("tenant", "acme".into()),
        ("token_type", "Bearer".into()),
    ] {
        assert_eq!(told[name], value, "{name} of {told}");
    }
    assert!(["plan", "email", "huge", "n"].iter().all(|name| told.get(name).is_none()), "{told}");

    let names = ["plan", "active", "token_type", "absent"];
    let world = world_of(|builder| builder.with_introspected_claims(names)).await;
    let told = introspected(&world, "api", claims).await;
    assert_eq!((told.matches(r#""active""#).count(), told.matches(r#""token_type""#).count()), (1, 1));
    assert!(told.contains(r#""plan":"free""#) && told.contains(r#""active":true"#), "{told}");
    assert!(!told.contains("absent") && !told.contains("email"), "{told}");
}

#[tokio::test]
async fn the_tenant_is_told_by_the_name_that_its_claim_has() {
    let world = world().await;
    let issuer = world.issuer.clone();
    let store = crate::MemoryStore::new().with_clock(world.clock.clone());
    let sessions = Sessions::builder(issuer, store).with_revocations(|it| it.with_tenant_claim("org"));
    let sessions = sessions.with_clock(world.clock.clone()).open().await.unwrap();
    let world = World { routes: builder(&sessions, &world.auth).build().unwrap(), sessions, ..world };
    let told = introspected(&world, "api", r#","org":"acme","tenant":"other""#).await;
    assert!(told.contains(r#""org":"acme""#) && !told.contains("other"), "{told}");
}

#[tokio::test]
async fn a_number_beyond_all_makes_no_token_worthless_and_is_told_as_it_stands() {
    let world = world_of(|builder| builder.with_introspected_claims(["exact"])).await;
    let told = introspected(&world, "api", r#","far":1e400,"exact":1e400"#).await;
    assert!(told.starts_with(r#"{"active":true"#), "{told}");
    assert!(told.contains(r#""exact":1e400"#) && !told.contains("far"), "{told}");
}

#[tokio::test]
async fn a_client_is_told_of_tokens_for_its_own_service_alone() {
    let nothing = r#"{"active":false}"#;
    let registered = world_of(|builder| {
        let builder =
            builder.with_client_audience("gateway", "orders").with_client_audience("gateway", "api");
        builder.with_client_audience("other", "orders").with_client_audience("api", "orders")
    });
    let (by_name, registered) = (world().await, registered.await);
    for (world, client, is_told) in [
        (&by_name, "api", true),
        (&by_name, "ap", false),
        (&by_name, "anybody", false),
        // The client that the token was given to.
        (&by_name, "app", false),
        (&registered, "gateway", true),
        (&registered, "other", false),
        (&registered, "api", false),
        (&registered, "anybody", false),
    ] {
        let told = introspected(world, client, r#","client_id":"app""#).await;
        assert_eq!(told != nothing, is_told, "{client}: {told}");
    }
}

#[tokio::test]
async fn a_client_with_a_secret_proves_who_it_is_and_one_that_gives_a_proof_is_checked() {
    let world = world_of(|builder| builder.with_confidential_client("bff", Mode::Json)).await;
    let (right, wrong, other) = (basic("bff", "bff"), basic("bff", "guess"), basic("app", "app"));
    let send = async |path: &str, authorization: &str, body: &str| {
        let fields = [JSON, ("Authorization", authorization)];
        world.send("POST", path, if authorization.is_empty() { &fields[..1] } else { &fields }, body).await
    };
    let login = r#"{"username":"alice","password":"alice","client_id":"bff"}"#;
    for authorization in ["", &wrong, &other, "Bearer x"] {
        let response = send("/login", authorization, login).await;
        assert_eq!(
            (response.status, &*text(&response)),
            (401, r#"{"error":"invalid_client"}"#),
            "{authorization}"
        );
        assert_eq!(values(&response, "www-authenticate").len(), 1);
    }
    let token = member(&send("/login", &right, login).await, "refresh_token");
    for body in [
        format!(r#"{{"refresh_token":"{token}","client_id":"bff"}}"#),
        format!(r#"{{"refresh_token":"{token}"}}"#),
    ] {
        assert_eq!(send("/refresh", &wrong, &body).await.status, 401, "{body}");
        if body.contains("bff") {
            assert_eq!(send("/refresh", "", &body).await.status, 401, "{body}");
        }
    }
    // The secret says who it is, too.
    let body = format!(r#"{{"refresh_token":"{token}"}}"#);
    assert_eq!(send("/refresh", &right, &body).await.status, 200);
    let login = r#"{"username":"alice","password":"alice","client_id":"app"}"#;
    assert_eq!(send("/login", &basic("app", "guess"), login).await.status, 401);
    assert_eq!(send("/login", &basic("app", "app"), login).await.status, 200);
    assert_eq!(send("/login", "", login).await.status, 200, "a name alone is enough for the others");
    let metadata = world.send("GET", "/.well-known/oauth-authorization-server", &[], "").await;
    let methods = r#""token_endpoint_auth_methods_supported":["none","client_secret_basic"]"#;
    assert!(text(&metadata).contains(methods));
}

#[tokio::test]
async fn a_client_without_a_secret_takes_back_nothing_unless_it_is_let() {
    let world = world().await;
    let token = member(&world.login("alice", "app").await, "refresh_token");
    let body = format!("token={token}&client_id=app");
    let response = world.send("POST", "/revoke", &[FORM], body).await;
    assert_eq!((response.status, &*text(&response)), (401, r#"{"error":"invalid_client"}"#));
    assert_eq!(values(&response, "www-authenticate").len(), 1);
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_client_without_a_secret_that_is_let_takes_back_its_own_tokens_by_having_them() {
    let world = world_of(|builder| {
        builder.with_confidential_client("bff", Mode::Json).with_revocation_by_public_clients()
    })
    .await;
    let token = member(&world.login("alice", "app").await, "refresh_token");
    let revoke = async |client: &str, token: &str| {
        let body = format!("token={token}&client_id={client}");
        world.send("POST", "/revoke", &[FORM], body).await.status
    };
    assert_eq!(revoke("page", &token).await, 400, "of another client");
    for client in ["nobody", "bff", ""] {
        assert_eq!(revoke(client, &token).await, 401, "{client:?} has to prove who it is");
    }
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 1);
    assert_eq!((revoke("app", &token).await, revoke("app", &token).await), (200, 200));
    assert!(world.sessions.list("alice").await.unwrap().is_empty());
    for n in 0..60 {
        assert_eq!(revoke("app", "guess").await, 200, "{n}");
    }
    assert_eq!(revoke("app", "guess").await, 429);
    let metadata = world.send("GET", "/.well-known/oauth-authorization-server", &[], "").await;
    let methods = r#""revocation_endpoint_auth_methods_supported":["client_secret_basic","none"]"#;
    assert!(text(&metadata).contains(methods));
}

#[tokio::test]
async fn a_logout_with_a_worthless_refresh_token_ends_the_session_of_a_good_access_token() {
    let world = world().await;
    let login = world.login("alice", "app").await;
    let access = bearer(&login);
    let fields = [JSON, ("Authorization", &*access)];
    let logout = async |fields: &[(&str, &str)]| {
        world.send("POST", "/logout", fields, r#"{"refresh_token":"guess"}"#).await.status
    };
    assert_eq!(logout(&[JSON]).await, 204);
    assert_eq!(logout(&[JSON, ("Authorization", "Bearer bad")]).await, 204, "nobody's business");
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 1);
    assert_eq!(logout(&fields).await, 204);
    assert!(world.sessions.list("alice").await.unwrap().is_empty());
}

#[tokio::test]
async fn clients_without_a_proof_are_asked_for_one() {
    let world = world().await;
    for authorization in ["", "Basic", "Basic !", "Basic YXBw", "Basic OnNlY3JldA==", "Bearer abc", "Basic  "]
    {
        let fields = [FORM, ("Authorization", authorization)];
        let response = world.send("POST", "/introspect", &fields, "token=x").await;
        assert_eq!(
            (response.status, &*text(&response)),
            (401, r#"{"error":"invalid_client"}"#),
            "{authorization}"
        );
        assert_eq!(values(&response, "www-authenticate"), [r#"Basic realm="clients", charset="UTF-8""#]);
    }
    // Encoded as in a form (RFC 6749 §2.3.1).
    let encoded = basic("a%3Ab+c", "a%3Ab+c");
    let response = world.send("POST", "/introspect", &[FORM, ("Authorization", &encoded)], "token=x").await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn what_there_is_and_where_is_told_in_full() {
    let world = world_of(|builder| builder.with_prefix("/auth")).await;
    let response = world.send("GET", "/.well-known/oauth-authorization-server", &[], "").await;
    assert_eq!(
        text(&response),
        r#"{"issuer":"https://id.example.com","token_endpoint":"https://id.example.com/auth/refresh","#
            .to_owned()
            + r#""jwks_uri":"https://id.example.com/.well-known/jwks.json","response_types_supported":[],"#
            + r#""grant_types_supported":["refresh_token"],"token_endpoint_auth_methods_supported":["none"],"#
            + r#""revocation_endpoint":"https://id.example.com/auth/revoke","#
            + r#""revocation_endpoint_auth_methods_supported":["client_secret_basic"],"#
            + r#""introspection_endpoint":"https://id.example.com/auth/introspect","#
            + r#""introspection_endpoint_auth_methods_supported":["client_secret_basic"]}"#
    );
    assert_eq!(values(&response, "cache-control"), ["public, max-age=3600"]);
}

#[tokio::test]
async fn keys_are_served_once_and_then_known() {
    let world = world().await;
    let ask = async |known: &str| {
        world.send("GET", "/.well-known/jwks.json", &[("If-None-Match", known)], "").await
    };
    for known in [ETAG, &format!("W/{ETAG}"), &format!("\"v0\", {ETAG}"), "*"] {
        let response = ask(known).await;
        assert_eq!((response.status, response.body.len()), (304, 0), "{known}");
        assert_eq!(values(&response, "etag"), [ETAG]);
        assert_eq!(values(&response, "cache-control"), ["public, max-age=300"]);
    }
    let response = ask("\"v0\"").await;
    assert_eq!((response.status, &*text(&response)), (200, r#"{"keys":[]}"#));
    assert_eq!(values(&response, "content-type"), ["application/jwk-set+json"]);
}

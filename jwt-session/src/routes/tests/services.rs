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
        let basic = basic("service", "service");
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

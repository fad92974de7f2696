//! Opaque tokens beside JWTs, in every framework: an endpoint of RFC 7662 over a socket, and handlers that cannot tell
//! which of both they serve.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::{RequestAuth, SigningKey, Verifier};
use jwt_remote::{ClientAuth, Either, Introspection};
use serde_json::{Value, json};
use tests::routes::{Demand, Endpoint, Layer, Route, Routes};
use tests::server::{Framework, TestServer};
use tests::tokens::{AUDIENCE, ISSUER};
use tests::wire::{self, Request, exchange};
use tokio::net::TcpListener;

use super::{Shared, key, remote, token};

/// Escaped in `Authorization`, where it would else end early (RFC 6749 §2.3.1).
const SECRET: &str = "hunter2:%&+ \u{e9}";

/// What the endpoint knows, and what it was asked.
#[derive(Clone, Default)]
struct Endpoints {
    answers: Shared<HashMap<&'static str, Value>>,
    status: Shared<Option<u16>>,
    asked: Shared<Vec<String>>,
}

impl Endpoints {
    fn knows(&self, token: &'static str, answer: Value) {
        self.answers.lock().unwrap().insert(token, answer);
    }

    fn fails(&self, status: impl Into<Option<u16>>) {
        *self.status.lock().unwrap() = status.into();
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Serves until the runtime ends; the address.
    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().route("/introspect", post(introspect)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/introspect")
    }
}

/// As a server would: the client first, then the token.
async fn introspect(State(endpoint): State<Endpoints>, headers: HeaderMap, body: String) -> Response {
    let field = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credentials = STANDARD.encode("orders:hunter2%3A%25%26%2B+%C3%A9");
    if field(header::AUTHORIZATION) != format!("Basic {credentials}") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    assert_eq!(field(header::CONTENT_TYPE), "application/x-www-form-urlencoded");
    assert_eq!(field(header::ACCEPT), "application/json");
    let token =
        body.strip_prefix("token=").and_then(|rest| rest.strip_suffix("&token_type_hint=access_token"));
    let token = token.unwrap_or_else(|| panic!("{body:?}"));
    endpoint.asked.lock().unwrap().push(token.to_owned());
    if let Some(status) = *endpoint.status.lock().unwrap() {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    let answer = endpoint.answers.lock().unwrap().get(token).cloned();
    ([(header::CONTENT_TYPE, "application/json")], answer.unwrap_or(json!({"active": false})).to_string())
        .into_response()
}

async fn introspection(endpoint: &Endpoints, secret: &str) -> Introspection {
    let url = endpoint.serve().await;
    Introspection::at(url, ClientAuth::basic("orders", secret))
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .with_remote(&remote())
        .with_token_type_hint("access_token")
        .start()
        .unwrap()
}

fn verifier(key: &SigningKey) -> Verifier {
    Verifier::builder().with_key(key).with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap()
}

fn routes(auth: &RequestAuth) -> Routes {
    let route = |path, endpoint| Route { path, layers: vec![Layer::Auth(auth.clone())], endpoint };
    [
        route("/me", Endpoint::Me),
        route("/identity", Endpoint::Identity),
        route("/admin", Endpoint::Authorized(Demand::Admin)),
    ]
    .into()
}

/// A response of a server that must not hold up the endpoint's runtime.
async fn get(server: &TestServer, path: &'static str, token: &str) -> wire::Response {
    let (address, request) = (server.address(), Request::get(path).bearer(token));
    tokio::task::spawn_blocking(move || exchange(address, &request)).await.unwrap()
}

/// Far ahead of any run.
const LATER: u64 = 4_102_444_800;

fn alice() -> Value {
    json!({
        "active": true, "sub": "alice", "aud": AUDIENCE, "iss": ISSUER, "exp": LATER, "token_type": "Bearer",
        "scope": "read admin",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_see_the_same_claims_whoever_vouches_for_the_token() {
    for framework in Framework::ALL {
        let endpoint = Endpoints::default();
        endpoint.knows("opaque-alice", alice());
        endpoint.knows(
            "opaque-other",
            json!({"active": true, "sub": "alice", "aud": "https://other.example.com"}),
        );
        endpoint
            .knows("opaque-refresh", json!({"active": true, "aud": AUDIENCE, "token_type": "refresh_token"}));
        let key = key("k1");
        let both = Either::new(verifier(&key), introspection(&endpoint, SECRET).await);
        let server = TestServer::start(*framework, routes(&RequestAuth::new(both))).unwrap();

        // The same answer for both kinds, down to the byte.
        let (jwt, opaque) = (token(&key), "opaque-alice");
        for path in ["/identity", "/me"] {
            let (by_key, by_word) = (get(&server, path, &jwt).await, get(&server, path, opaque).await);
            assert_eq!((by_key.status, by_word.status), (200, 200), "{framework} {path}");
            assert_eq!(by_key.fields.len(), by_word.fields.len(), "{framework} {path}");
            let read = |response: &wire::Response| serde_json::from_str::<Value>(&response.text()).unwrap();
            let (by_key, by_word) = (read(&by_key), read(&by_word));
            assert_eq!(by_key["sub"], by_word["sub"], "{framework} {path}");
            assert_eq!(by_key["audience"], by_word["audience"], "{framework} {path}");
            assert_eq!(by_key["claims"]["iss"], by_word["claims"]["iss"], "{framework} {path}");
        }
        // What a requirement looks at stands in the answer too; the JWT has no scope.
        assert_eq!(get(&server, "/admin", opaque).await.status, 200, "{framework}");
        assert_eq!(get(&server, "/admin", &jwt).await.status, 403, "{framework}");

        // A refusal says as little by either.
        let forged = token(&super::key("k1"));
        let refused = get(&server, "/me", &forged).await;
        assert_eq!(refused.status, 401, "{framework}");
        for bad in ["opaque-unknown", "opaque-other", "opaque-refresh", "a.b"] {
            let response = get(&server, "/me", bad).await;
            // actix-web writes its fields in any order.
            let told =
                |response: &wire::Response| (response.status, response.fields.clone(), response.text());
            assert_eq!(told(&response), told(&refused), "{framework} {bad}");
        }

        // One call for each opaque token, and none for a JWT, good or forged.
        let asked = endpoint.asked();
        assert_eq!(
            asked,
            ["opaque-alice", "opaque-unknown", "opaque-other", "opaque-refresh", "a.b"],
            "{framework}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_503_for_what_is_not_held_and_nothing_for_the_rest() {
    for framework in Framework::ALL {
        let endpoint = Endpoints::default();
        endpoint.knows("opaque-alice", alice());
        endpoint.knows("opaque-late", alice());
        let key = key("k1");
        let both = Either::new(verifier(&key), introspection(&endpoint, SECRET).await);
        let server = TestServer::start(*framework, routes(&RequestAuth::new(both))).unwrap();
        assert_eq!(get(&server, "/me", "opaque-alice").await.status, 200, "{framework}");

        endpoint.fails(503);
        for n in 0..50 {
            let response = get(&server, "/me", &format!("opaque-{n}")).await;
            assert_eq!(response.status, 503, "{framework}");
            assert_eq!(response.field("retry-after"), Some("5"), "{framework}");
            assert_eq!(get(&server, "/me", "opaque-alice").await.status, 200, "{framework}");
            assert_eq!(get(&server, "/me", &token(&key)).await.status, 200, "{framework}");
        }
        // One that opens the pause, four after it, and four after each longer one, however long this takes.
        let asked = endpoint.asked().len();
        assert!(asked <= 20, "{framework}: {asked}");

        endpoint.fails(None);
        let mut recovered = false;
        for _ in 0..1_000 {
            recovered = get(&server, "/me", "opaque-late").await.status == 200;
            if recovered {
                break;
            }
            tokio::time::sleep(core::time::Duration::from_millis(20)).await;
        }
        assert!(recovered, "{framework}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_one_token_is_one_call() {
    for framework in Framework::ALL {
        let endpoint = Endpoints::default();
        endpoint.knows("opaque-alice", alice());
        let auth = RequestAuth::new(introspection(&endpoint, SECRET).await);
        let server = TestServer::start(*framework, routes(&auth)).unwrap();
        let burst = (0..40).map(|_| get(&server, "/me", "opaque-alice"));
        let statuses: Vec<u16> =
            futures_util::future::join_all(burst).await.iter().map(|response| response.status).collect();
        assert_eq!(statuses, vec![200; 40], "{framework}");
        assert_eq!(endpoint.asked().len(), 1, "{framework}");
    }
}

#[tokio::test]
async fn credentials_that_the_endpoint_does_not_take_are_told_as_such() {
    let (told, _guard) = super::told::Told::listen();
    let endpoint = Endpoints::default();
    let introspection = introspection(&endpoint, "wrong").await;
    for n in 0..20 {
        let error = introspection.introspect(&format!("opaque-{n}")).await.unwrap_err();
        assert_eq!(error.reason(), jwt_core::Reason::StoreUnavailable);
    }
    assert!(endpoint.asked().is_empty(), "it looked at no token");
    assert_eq!(
        introspection.last_error().map(|error| error.to_string()).as_deref(),
        Some("status 401 instead of 200")
    );
    let lines = told.with("does not take the credentials of this service");
    assert!(!lines.is_empty());
    assert!(
        lines
            .iter()
            .all(|line| line.level == tracing::Level::ERROR && line.field("reason") == Some("status"))
    );
    assert!(!told.with("the introspection endpoint is left alone after failures").is_empty());
    assert!(told.with("opaque-").is_empty() && told.with("wrong").is_empty());
}

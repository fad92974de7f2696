//! As much of an authorization server as client credentials need (RFC 6749 §4.4): one client, two scopes.

use std::{collections::HashMap, sync::Arc};

use axum::http::{HeaderMap, StatusCode, header};
use axum::{Form, Json, Router, extract::State, response::IntoResponse, routing::post};
use axum_jwt::Issuer;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

type Server = State<Arc<(Issuer, String)>>;

/// Serves `POST /token` to the client `shop`, which may read the stock and list it.
pub(crate) fn router(issuer: Issuer, secret: &str) -> Router {
    let expected = format!("Basic {}", STANDARD.encode(format!("shop:{secret}")));
    Router::new().route("/token", post(token)).with_state(Arc::new((issuer, expected)))
}

async fn token(state: Server, headers: HeaderMap, wish: Form<HashMap<String, String>>) -> impl IntoResponse {
    let (issuer, expected) = &**state;
    let presented = headers.get(header::AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
    let wish = |name: &str| wish.get(name).map(String::as_str);
    let token = |scope| issuer.token().with_subject("shop").with_scope(scope).sign();
    let bearer = |token| json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 });
    let refuse = |status, error: &str| (status, json!({ "error": error }));
    let (status, answer) = match (wish("grant_type"), wish("scope").unwrap_or("stock:read")) {
        _ if !are_same(presented, expected.as_bytes()) => refuse(StatusCode::UNAUTHORIZED, "invalid_client"),
        (Some("client_credentials"), scope @ ("stock:read" | "stock:list")) => match token(scope) {
            Ok(token) => (StatusCode::OK, bearer(token)),
            Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        },
        (Some("client_credentials"), _) => refuse(StatusCode::BAD_REQUEST, "invalid_scope"),
        _ => refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(answer))
}

/// In a time that does not tell where they differ.
fn are_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

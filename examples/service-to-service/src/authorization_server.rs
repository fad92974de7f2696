//! As much of an authorization server as client credentials need (RFC 6749 §4.4): one client, one scope.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Json, Router, response::IntoResponse, routing::post};
use axum_jwt::Issuer;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

#[derive(serde::Deserialize)]
struct Wish {
    grant_type: String,
    scope: Option<String>,
}

/// Serves `POST /token` to the client `shop`, which may read the stock.
pub(crate) fn router(issuer: Issuer, secret: &str) -> Router {
    let expected = format!("Basic {}", STANDARD.encode(format!("shop:{secret}")));
    Router::new().route("/token", post(token)).with_state(Arc::new((issuer, expected)))
}

async fn token(
    State(server): State<Arc<(Issuer, String)>>,
    headers: HeaderMap,
    Form(wish): Form<Wish>,
) -> impl IntoResponse {
    let presented = headers.get(header::AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
    let granted = server.0.token().with_subject("shop").with_scope("stock:read").sign();
    let (status, answer) = match (wish.grant_type.as_str(), wish.scope.as_deref(), granted) {
        _ if !same_in_constant_time(presented, server.1.as_bytes()) => {
            (StatusCode::UNAUTHORIZED, json!({ "error": "invalid_client" }))
        }
        ("client_credentials", None | Some("stock:read"), Ok(token)) => {
            (StatusCode::OK, json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 }))
        }
        ("client_credentials", _, Ok(_)) => (StatusCode::BAD_REQUEST, json!({ "error": "invalid_scope" })),
        (_, _, Ok(_)) => (StatusCode::BAD_REQUEST, json!({ "error": "unsupported_grant_type" })),
        (_, _, Err(_)) => (StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": "server_error" })),
    };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(answer))
}

fn same_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

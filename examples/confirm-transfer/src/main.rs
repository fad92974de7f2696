//! A transfer that is begun, shown, and confirmed. What is begun is answered with a nonce, bound to the user, the session
//! and the exact details; the transfer is made when the nonce comes back with the same details, once. And a route that
//! takes each access token once.
//!
//! `cargo run -p confirm-transfer` prints the curl lines to try.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use axum_jwt::jwt_core::{HmacSecret, Requirement};
use axum_jwt::{Algorithm, Issuer, JwtAuth, SigningKey, VerifiedToken, Verifier};
use jwt_session::{MemoryStore, NewSession, OperationNonces, Sessions, UsedTokens};
use serde::{Deserialize, Serialize};

/// All that matters of a transfer: what is confirmed is what is done.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    to: String,
    cents: u64,
}

/// How a user proves who they are is not the subject here: whoever asks to be alice is.
async fn login(sessions: Sessions, name: String) -> Response {
    match sessions.start(NewSession::of(&name)).await {
        Ok(tokens) => ([(CACHE_CONTROL, "no-store")], tokens.access_token().to_owned()).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn begin(
    State(nonces): State<OperationNonces>,
    user: VerifiedToken,
    Form(transfer): Form<Transfer>,
) -> Response {
    match nonces.issue(&user, "transfer", &transfer) {
        // Beside it the page shows the details as they came, and asks.
        Ok(nonce) => ([(CACHE_CONTROL, "no-store")], nonce).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn confirm(
    State(nonces): State<OperationNonces>,
    user: VerifiedToken,
    headers: HeaderMap,
    Form(transfer): Form<Transfer>,
) -> (StatusCode, String) {
    let nonce = headers.get("x-nonce").and_then(|nonce| nonce.to_str().ok()).unwrap_or_default();
    if let Err(error) = nonces.redeem(nonce, &user, "transfer", &transfer).await {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // The same for every cause; the log has the reason.
        return (status, "not confirmed: begin again\n".to_owned());
    }
    // The one place where money moves, with the values that were redeemed.
    (StatusCode::OK, format!("{} cents go to {}\n", transfer.cents, transfer.to))
}

async fn statement(user: VerifiedToken) -> String {
    format!("the statement of {}, which this token shows once\n", user.subject().unwrap_or("nobody"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://bank.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;
    // With several nodes: a store that they share, and a secret from the environment.
    let store = MemoryStore::new();
    let nonces = OperationNonces::new(&HmacSecret::generate(Algorithm::HS256)?, store.clone())?;
    let sessions = Sessions::builder(issuer, store.clone()).open().await?;

    let auth = JwtAuth::new(verifier).with_check(sessions.revocations().clone());
    let once = auth.clone().require_single_use(Requirement::new(), UsedTokens::on(store));
    let app = Router::new()
        .route("/begin", post(begin))
        .route("/confirm", post(confirm))
        .route_layer(auth)
        .route("/statement", get(statement).layer(once))
        .route("/login/{name}", post(move |Path(name): Path<String>| login(sessions, name)))
        .with_state(nonces);

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    print_lines(&format!("http://{}", listener.local_addr()?));
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

fn print_lines(url: &str) {
    println!("confirm-transfer is at {url}\n\nPaste these; the number is the status to expect.\n");
    for (who, name) in [("alice", "alice"), ("phone", "alice"), ("bob", "bob")] {
        println!("  {who}=$(curl -s -X POST {url}/login/{name})");
    }
    let begun = "-d 'to=carol&cents=100'";
    println!("  nonce=$(curl -s -H \"Authorization: Bearer $alice\" {begun} {url}/begin)");
    let confirm = |who: &str, details: &str| {
        format!("-H \"Authorization: Bearer ${who}\" -H \"X-Nonce: $nonce\" {details} {url}/confirm")
    };
    let statement = format!("-H \"Authorization: Bearer $bob\" {url}/statement");
    for (status, line) in [
        (400, confirm("alice", "-d 'to=carol&cents=100000'")),
        (400, confirm("alice", "-d 'to=mallory&cents=100'")),
        (400, confirm("bob", begun)),
        (400, confirm("phone", begun)),
        (400, format!("-H \"Authorization: Bearer $alice\" {begun} {url}/confirm")),
        (200, confirm("alice", begun)),
        (400, confirm("alice", begun)),
        (200, statement.clone()),
        (401, statement),
    ] {
        println!("  curl -i {line}   # {status}");
    }
    println!("\nStop with Ctrl-C.");
}

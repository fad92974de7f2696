//! Two routes for whoever runs the service. `/healthz` says that the process is alive, whatever its provider does: who
//! restarts it for want of keys makes an outage longer. `/readyz` says whether tokens can be verified: 503 until the
//! first keys came, and again when the last ones became too old. Both stand outside of the layer and tell nothing secret.
//!
//! `ISSUER=https://tenant.example.com/ cargo run -p health-and-readiness` starts before its provider or after it, and
//! prints the curl lines to try, such as `curl -i http://127.0.0.1:3000/readyz   # 200`. Without the variable it asks
//! the provider that `node tests/interop/node/oidc-provider.mjs 3001` starts.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use std::env;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use axum_jwt::{JwtAuth, VerifiedToken};
use jwt_remote::{Oidc, OidcProvider};
use serde_json::{Value, json};

async fn me(token: VerifiedToken) -> String {
    format!("you are {}\n", token.subject().unwrap_or("nobody"))
}

async fn readyz(State(provider): State<OidcProvider>) -> (StatusCode, Json<Value>) {
    let keys = provider.status();
    let status = if keys.has_keys { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": keys.has_keys,
        // Growing beyond a day: the provider fails, and soon this will too.
        "keys_age_seconds": keys.age.map(|age| age.as_secs()),
        "failures_in_a_row": keys.failures,
        // A code for alerts. The text, which names addresses, stands in the log.
        "last_error": keys.error.map(|error| error.code()),
    });
    (status, Json(body))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = env::var("ISSUER").unwrap_or_else(|_| "http://127.0.0.1:3001".into());
    // `start` and not `discover`: the service may be up before its provider.
    let provider = Oidc::issuer(&issuer).with_audience("https://api.example.com").start()?;
    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtAuth::new(provider.clone()))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .with_state(provider);

    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("health-and-readiness is at {url}, and takes tokens of {issuer}\n");
    println!("Paste these; the number is the status to expect.\n");
    println!("  curl -i {url}/healthz   # 200");
    println!("  curl -i {url}/readyz   # 200");
    println!("  curl -i {url}/me   # 401");
    println!("\nBefore the provider answered, the last two give 503.");
    println!("Stop with Ctrl-C.");
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

//! Two routes for whoever runs the service. `/healthz` says that the process is alive, whatever its provider does: who
//! restarts it for want of keys makes an outage longer. `/readyz` says whether tokens can be verified: 503 until the
//! first keys came, and again when the last ones became too old. Both stand outside of the layer and tell nothing secret.
//!
//! `ISSUER=https://tenant.example.com/ cargo run -p health-and-readiness` starts before its provider or after it, and
//! prints the curl lines to try, such as `curl -i http://127.0.0.1:3000/readyz   # 200`. Without the variable it asks
//! the provider that `node tests/interop/node/oidc-provider.mjs 3001` starts.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::error::Error;
use std::{env, io, process::ExitCode};

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
        "keys_age_seconds": keys.age.map(|age| age.as_secs()),
        // Alert on these, long before readiness ends. Keys are fresh for as long as the provider says, mostly 1 to 10
        // minutes; while it fails they serve on, and end 24 h after that.
        "failures_in_a_row": keys.failures,
        // A code for alerts. The text, which names addresses, stands in the log.
        "last_error": keys.error.map(|error| error.code()),
    });
    (status, Json(body))
}

#[tokio::main]
async fn main() -> ExitCode {
    // What the library tells operators: what is wrong with the provider's keys, and what to do.
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("health-and-readiness: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
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
    println!(
        "\nUntil the provider answers, /readyz gives 503, and so does /me to who has a token of this issuer."
    );
    println!("Stop with Ctrl-C.");
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

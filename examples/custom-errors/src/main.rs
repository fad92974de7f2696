//! Refusals in words of your own. Status, `WWW-Authenticate` and `Retry-After` stay as the standards want
//! them, whatever the closure says; the reason stays in the log and in the response's extensions.
//!
//! `cargo run -p custom-errors` prints a token and the curl lines to try, such as
//! `curl -i http://127.0.0.1:3000/me   # 401`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the lines to try and the log are printed")]

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum_jwt::jwt_core::{Answer, Reason, Refusal};
use axum_jwt::{Algorithm, Issuer, JwtAuth, Require, SigningKey, VerifiedToken, Verifier};

/// The house's own form of errors. What a client may know is the `Answer`; the `Reason` would tell whoever
/// forges tokens how far they came.
fn in_our_words(refusal: &Refusal) -> Response {
    let help = match refusal.answer() {
        Answer::NoCredentials => "log in first",
        Answer::InvalidToken { expired: true } => "your login has expired: refresh it",
        Answer::InsufficientScope => "ask an administrator for access",
        other => other.description(),
    };
    let body = serde_json::json!({ "ok": false, "help": help });
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Outside of the layer: what operators want to know about a refusal.
async fn count_refusals(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(reason) = response.extensions().get::<Reason>() {
        eprintln!("refused: {}", reason.code());
    }
    response
}

async fn me(token: VerifiedToken) -> String {
    format!("you are {}\n", token.subject().unwrap_or("nobody"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One key: the private half signs, the public half verifies.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;

    let app = Router::new()
        .route("/admin", get(me).layer(Require::scope("admin"))) // in the words of the layer outside
        .route("/me", get(me))
        .route_layer(JwtAuth::new(verifier).with_refusal(in_our_words))
        .layer(from_fn(count_refusals));

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    print_lines(&format!("http://{}", listener.local_addr()?), &issuer)?;
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

fn print_lines(url: &str, issuer: &Issuer) -> Result<(), Box<dyn std::error::Error>> {
    println!("custom-errors is at {url}\n\nPaste these; the number is the status to expect.\n");
    println!("  alice={}", issuer.token().with_subject("alice").sign()?);
    println!("  curl -i {url}/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer nonsense\" {url}/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer two words\" {url}/me   # 400");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/me   # 200");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/admin   # 403");
    println!("\nStop with Ctrl-C.");
    Ok(())
}

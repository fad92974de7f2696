//! What is tested in `tests/handlers.rs`, as a program. There the routes get the verifier of the test kit, and a
//! handler's test has a good token, or a bad one of any kind, in one line.
//!
//! `cargo test -p test-your-handlers` runs the tests; `cargo run -p test-your-handlers` prints a token and the curl
//! lines to try, such as `curl -i http://127.0.0.1:3000/me   # 401`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use axum_jwt::{Algorithm, Issuer, SigningKey, Verifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One key: the private half signs, the public half verifies.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("test-your-handlers is at {url}\n\nPaste these; the number is the status to expect.\n");
    println!("  alice={}", issuer.token().with_subject("alice").sign()?);
    println!("  curl -i {url}/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/me   # 200");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/admin   # 403");
    println!("\nStop with Ctrl-C.");
    let app = test_your_handlers::in_axum(verifier);
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

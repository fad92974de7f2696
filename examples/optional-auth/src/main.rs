//! Optional authentication: nobody is turned away for lack of a token, but a bad one is refused. Taking it for
//! none would hide an expired login from the client, and an attack from us.
//!
//! `cargo run -p optional-auth` prints a token and the curl lines to try, such as
//! `curl -i http://127.0.0.1:3000/feed   # 200`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use axum::Router;
use axum::routing::get;
use axum_jwt::jwt_core::NumericDate;
use axum_jwt::{Algorithm, Claims, Issuer, JwtAuth, SigningKey, VerifiedToken, Verifier};
use serde::Deserialize;

/// What our tokens say, as far as the handlers care.
#[derive(Deserialize)]
struct User {
    sub: String,
    #[serde(default)]
    topics: Vec<String>,
}

/// `None` is somebody without a token, never somebody with a bad one.
async fn feed(user: Option<Claims<User>>) -> String {
    match user {
        None => "news for everybody\n".into(),
        Some(user) => format!("news for {} about {}\n", user.sub, user.topics.join(" and ")),
    }
}

/// Under the same layer a handler may insist: without a token this is a 401.
async fn bookmarks(token: VerifiedToken) -> String {
    let until = token.expires_at().map_or(0, NumericDate::as_secs);
    format!("the bookmarks of {}, until {until}\n", token.subject().unwrap_or("nobody"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One key: the private half signs, the public half verifies.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;

    let app = Router::new()
        .route("/feed", get(feed))
        .route("/bookmarks", get(bookmarks))
        .route_layer(JwtAuth::new(verifier).optional());

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    print_lines(&format!("http://{}", listener.local_addr()?), &issuer)?;
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

fn print_lines(url: &str, issuer: &Issuer) -> Result<(), Box<dyn std::error::Error>> {
    println!("optional-auth is at {url}\n\nPaste these; the number is the status to expect.\n");
    let topics = ["bees", "boats"];
    println!("  alice={}", issuer.token().with_subject("alice").with_claim("topics", &topics).sign()?);
    println!("  curl -i {url}/feed   # 200");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/feed   # 200");
    println!("  curl -i -H \"Authorization: Bearer $alice.tampered\" {url}/feed   # 401");
    println!("  curl -i -H \"Authorization: Bearer nonsense\" {url}/feed   # 401");
    println!("  curl -i {url}/bookmarks   # 401");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/bookmarks   # 200");
    println!("\nStop with Ctrl-C.");
    Ok(())
}

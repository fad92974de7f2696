//! A web service with a login and protected routes. Run it and paste the lines it prints.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_jwt::jwt_core::{Algorithm, Issuer, Permission, Requirement, SigningKey, Verifier};
use axum_jwt::{Authorized, Claims, JwtAuth};
use serde::Deserialize;

/// What our tokens say, as far as the handlers care.
#[derive(Deserialize)]
struct User {
    sub: String,
    scope: String,
}

/// Whoever has the scope `admin`.
struct Admin;
impl Permission for Admin {
    const REQUIREMENT: Requirement = Requirement::scope("admin");
}

async fn me(user: Claims<User>) -> String {
    format!("you are {} and may {}\n", user.sub, user.scope)
}

async fn admin(user: Authorized<Admin, User>) -> String {
    format!("welcome to the engine room, {}\n", user.sub)
}

async fn feed(user: Option<Claims<User>>) -> String {
    format!("news for {}\n", user.as_ref().map_or("everybody", |user| &user.sub))
}

/// Demo accounts, with passwords made at start.
struct Accounts {
    issuer: Issuer,
    users: Vec<(&'static str, String, &'static str)>,
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

async fn login(
    State(accounts): State<Arc<Accounts>>,
    Json(login): Json<Login>,
) -> Result<Json<serde_json::Value>, StatusCode> {
    // Every account is compared in full, so that name and password take the same time to be wrong.
    let found = accounts.users.iter().fold(None, |found, user| {
        let (name, password) = (user.0.as_bytes(), user.1.as_bytes());
        let matches = same(name, login.name.as_bytes()) & same(password, login.password.as_bytes());
        if matches { Some(user) } else { found }
    });
    let (name, _, scope) = found.ok_or(StatusCode::UNAUTHORIZED)?;
    let signed = accounts.issuer.token().with_subject(name).with_scope(scope).sign();
    let token = signed.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(serde_json::json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 })))
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One key: the private half signs, the public half verifies.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;
    // The last segment of a random token serves as a random password.
    let password = || issuer.token().sign().map(|token| token.chars().rev().take(20).collect::<String>());
    let users = vec![("alice", password()?, "read"), ("root", password()?, "read admin")];

    let auth = JwtAuth::new(verifier);
    let app = Router::new()
        .route("/me", get(me))
        .route("/admin", get(admin))
        .route_layer(auth.clone())
        .merge(Router::new().route("/feed", get(feed)).route_layer(auth.optional()))
        .route("/public", get(|| async { "hello, whoever you are\n" }));

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    print_lines(&format!("http://{}", listener.local_addr()?), &users);
    let app = app.route("/login", post(login)).with_state(Arc::new(Accounts { issuer, users }));
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

fn print_lines(url: &str, users: &[(&str, String, &str)]) {
    println!("quickstart is at {url}\n\nPaste these; the number is the status to expect.\n");
    for (name, password, _) in users {
        println!(
            "  {name}=$(curl -s --json '{{\"name\":\"{name}\",\"password\":\"{password}\"}}' {url}/login | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
        );
    }
    for (status, line) in [
        (401, format!("--json '{{\"name\":\"alice\",\"password\":\"wrong\"}}' {url}/login")),
        (200, format!("{url}/public")),
        (401, format!("{url}/me")),
        (200, format!("-H \"Authorization: Bearer $alice\" {url}/me")),
        (401, format!("-H \"Authorization: Bearer $alice.tampered\" {url}/me")),
        (403, format!("-H \"Authorization: Bearer $alice\" {url}/admin")),
        (200, format!("-H \"Authorization: Bearer $root\" {url}/admin")),
        (200, format!("{url}/feed")),
        (200, format!("-H \"Authorization: Bearer $alice\" {url}/feed")),
        (401, format!("-H \"Authorization: Bearer nonsense\" {url}/feed")),
    ] {
        println!("  curl -i {line}   # {status}");
    }
    println!("\nStop with Ctrl-C.");
}

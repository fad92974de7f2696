//! Several trusted issuers: staff log in at one provider, customers at another. A token's `iss` chooses the one
//! authority whose keys and rules are asked; no key of one vouches for a token of the other.
//!
//! `cargo run -p several-issuers` prints tokens and the curl lines to try, such as
//! `curl -i -H "Authorization: Bearer $customer" http://127.0.0.1:3000/staff   # 403`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use core::time::Duration;

use axum::Router;
use axum::routing::get;
use axum_jwt::jwt_core::{Authority, ConfigError};
use axum_jwt::{
    Algorithm, Authorized, Issuer, JwtAuth, Permission, Requirement, SigningKey, VerifiedToken, Verifier,
};

const AUDIENCE: &str = "https://api.example.com";
const STAFF: &str = "https://staff.example.com/";
const CUSTOMERS: &str = "https://customers.example.com/";

/// Whoever logged in at the staff's provider. Scopes of the other one mean nothing here.
struct Staff;
impl Permission for Staff {
    const REQUIREMENT: Requirement = Requirement::new().require_issuer(&[STAFF]);
}

/// A subject is unique within its issuer only: alice of one is not alice of the other.
async fn me(token: VerifiedToken) -> String {
    let (who, by) = (token.subject().unwrap_or("nobody"), token.issuer().unwrap_or("nobody"));
    format!("you are {who}, says {by}\n")
}

async fn staff(user: Authorized<Staff>) -> String {
    format!("hello colleague {}\n", user.sub.as_deref().unwrap_or("without a name"))
}

/// What the provider has, and what this example plays.
fn issuer(key: &SigningKey, name: &str) -> Result<Issuer, ConfigError> {
    Issuer::builder().with_key(key.clone()).with_audience(AUDIENCE).with_issuer(name).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (key, other_key) =
        (SigningKey::generate(Algorithm::ES256)?, SigningKey::generate(Algorithm::Ed25519)?);
    let authorities = [
        Authority::builder()
            .with_key(&key)
            .with_audience(AUDIENCE)
            .with_issuer(STAFF)
            .with_max_lifetime(Duration::from_secs(900))
            .build_authority()?,
        Authority::builder()
            .with_key(&other_key)
            .with_audience(AUDIENCE)
            .with_issuer(CUSTOMERS)
            .require_claim("sub")
            .build_authority()?,
    ];
    let app = Router::new()
        .route("/me", get(me))
        .route("/staff", get(staff))
        .route_layer(JwtAuth::new(Verifier::of(authorities)?));

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let tokens = [
        ("staff", issuer(&key, STAFF)?.token().with_subject("alice").sign()?),
        ("customer", issuer(&other_key, CUSTOMERS)?.token().with_subject("alice").sign()?),
        ("stranger", issuer(&other_key, "https://stranger.example/")?.token().with_subject("alice").sign()?),
        // The customers' provider signs in the name of the staff's.
        ("impostor", issuer(&other_key, STAFF)?.token().with_subject("alice").sign()?),
        // Longer than the staff's rules allow.
        ("long", issuer(&key, STAFF)?.token().with_lifetime(Duration::from_secs(3600)).sign()?),
    ];
    print_lines(&format!("http://{}", listener.local_addr()?), &tokens);
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

fn print_lines(url: &str, tokens: &[(&str, String)]) {
    println!("several-issuers is at {url}\n\nPaste these; the number is the status to expect.\n");
    for (name, token) in tokens {
        println!("  {name}={token}");
    }
    for (status, name, path) in [
        (200, "staff", "me"),
        (200, "customer", "me"),
        (401, "stranger", "me"),
        (401, "impostor", "me"),
        (401, "long", "me"),
        (200, "staff", "staff"),
        (403, "customer", "staff"),
    ] {
        println!("  curl -i -H \"Authorization: Bearer ${name}\" {url}/{path}   # {status}");
    }
    println!("\nStop with Ctrl-C.");
}

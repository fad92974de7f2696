//! What a token may do: a scope by a layer, a role by an argument, a fresh login, and whose thing it is.
//!
//! `cargo run -p scopes-and-roles` prints tokens and the curl lines to try, such as
//! `curl -i -H "Authorization: Bearer $alice" http://127.0.0.1:3000/notes/2   # 403`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use core::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum_jwt::jwt_core::{Clock, NumericDate, SystemClock};
use axum_jwt::{
    Algorithm, Authorized, Claims, Deny, Issuer, JwtAuth, Permission, Require, Requirement, SigningKey,
    Verifier,
};
use serde::Deserialize;

/// What our tokens say, as far as the handlers care.
#[derive(Deserialize)]
struct User {
    sub: String,
}

/// Whoever has one of these roles, and the scope too: rules that are added must all hold.
struct Operator;
impl Permission for Operator {
    const REQUIREMENT: Requirement = Requirement::scope("write").require_any_role(&["ops", "root"]);
}

/// Whoever has logged in within the last five minutes. Others are told to log in anew (RFC 9470).
struct FreshLogin;
impl Permission for FreshLogin {
    const REQUIREMENT: Requirement =
        Requirement::new().require_authentication_within(Duration::from_secs(300));
}

/// Stands for a table of notes with the `sub` of each owner.
fn owner_of(note: u32) -> Option<&'static str> {
    [(1, "alice"), (2, "bob")].into_iter().find_map(|(id, owner)| (id == note).then_some(owner))
}

/// Ownership depends on the thing that is asked for, so it is decided here, where that is known, and refused in
/// the layer's words.
async fn note(Path(note): Path<u32>, user: Claims<User>, deny: Deny) -> axum::response::Result<String> {
    let owner = owner_of(note).ok_or(StatusCode::NOT_FOUND)?;
    if owner != user.sub {
        return Err(deny.forbidden().into());
    }
    Ok(format!("note {note} of {owner}\n"))
}

async fn restart(user: Authorized<Operator, User>) -> String {
    format!("restarted by {}\n", user.sub)
}

async fn close_account(user: Authorized<FreshLogin, User>) -> String {
    format!("goodbye, {}\n", user.sub)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One key: the private half signs, the public half verifies.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name);
    // Keycloak's place for roles; by default they stand in `roles`.
    let verifier = verifier.with_roles_at(["realm_access", "roles"]).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;

    // `Require` asks something of every request to its routes; `JwtAuth` stands outside of it.
    let app = Router::new()
        .route("/notes/{note}", get(note))
        .route_layer(Require::scope("read"))
        .route("/restart", post(restart))
        .route("/account", delete(close_account))
        .route_layer(JwtAuth::new(verifier));

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    print_lines(&format!("http://{}", listener.local_addr()?), &issuer)?;
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

fn print_lines(url: &str, issuer: &Issuer) -> Result<(), Box<dyn std::error::Error>> {
    println!("scopes-and-roles is at {url}\n\nPaste these; the number is the status to expect.\n");
    let just_now = NumericDate::from_secs(SystemClock.now().as_secs())?;
    let alice = issuer.token().with_subject("alice").with_scope("read write");
    println!("  alice={}", alice.with_authentication("urn:password", just_now).sign()?);
    let roles = std::collections::BTreeMap::from([("roles", ["ops"])]);
    let ops = issuer.token().with_subject("ops").with_scope("write");
    println!("  ops={}", ops.with_claim("realm_access", &roles).sign()?);
    for (status, line) in [
        (401, format!("{url}/notes/1")),
        (200, format!("-H \"Authorization: Bearer $alice\" {url}/notes/1")),
        (403, format!("-H \"Authorization: Bearer $alice\" {url}/notes/2")), // not hers
        (404, format!("-H \"Authorization: Bearer $alice\" {url}/notes/3")),
        (403, format!("-H \"Authorization: Bearer $ops\" {url}/notes/1")), // no scope `read`
        (200, format!("-X POST -H \"Authorization: Bearer $ops\" {url}/restart")),
        (403, format!("-X POST -H \"Authorization: Bearer $alice\" {url}/restart")), // no role
        (200, format!("-X DELETE -H \"Authorization: Bearer $alice\" {url}/account")),
        (401, format!("-X DELETE -H \"Authorization: Bearer $ops\" {url}/account")), // when did they log in?
    ] {
        println!("  curl -i {line}   # {status}");
    }
    println!("\nStop with Ctrl-C.");
    Ok(())
}

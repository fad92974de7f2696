//! Tokens in cookies. A browser sends a cookie along with what foreign pages ask of us too, so a request that
//! may change something must prove where it comes from: by `Sec-Fetch-Site` or `Origin`, which no page can
//! forge, or else by a double-submit value that only our pages can read.
//!
//! `cargo run -p cookies` prints the curl lines to try, such as
//! `curl -i -X POST -b "__Host-access=$alice" http://127.0.0.1:3000/orders   # 403`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum_jwt::jwt_core::request::{AllowedOrigins, Carriers, Proof, ProofOfOrigin};
use axum_jwt::jwt_core::{CsrfKey, HmacSecret};
use axum_jwt::tower_jwt::HttpHead;
use axum_jwt::{Algorithm, Issuer, JwtAuth, SigningKey, VerifiedToken, Verifier};

/// Browsers take a cookie of this prefix only over HTTPS, from this host, for all of its paths.
const COOKIE: &str = "__Host-access";

struct Sessions {
    issuer: Issuer,
    csrf: CsrfKey,
    origin: ProofOfOrigin,
}

/// How a user proves who they are is not the subject here: whoever asks is alice. That it is our page which
/// asks must be proven here too, or a foreign page logs its visitors in as somebody else.
async fn login(State(sessions): State<Arc<Sessions>>, request: Request) -> Response {
    if sessions.origin.judge(&HttpHead::from(&request), true) != Proof::Given {
        return StatusCode::FORBIDDEN.into_response();
    }
    // The session's name, which double-submit values are bound to. Take random bits for it.
    let token = sessions.issuer.token().with_subject("alice").with_session_id("session-1").sign();
    match token {
        Ok(token) => {
            let cookie = format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600");
            ([(SET_COOKIE, cookie)], "logged in\n").into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Our page reads its value here; a foreign page may send the request and cannot read the answer.
async fn csrf(State(sessions): State<Arc<Sessions>>, token: VerifiedToken) -> Response {
    match token.session_id().map(|session| sessions.csrf.issue(&session)) {
        Some(Ok(value)) => ([(CACHE_CONTROL, "no-store")], value).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn orders(token: VerifiedToken) -> String {
    format!("the orders of {}\n", token.subject().unwrap_or("nobody"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;
    let csrf_key = CsrfKey::new(&HmacSecret::generate(Algorithm::HS256)?)?;
    let origin = ProofOfOrigin::new(AllowedOrigins::new(["https://app.example.com"])?);

    let auth = JwtAuth::new(verifier)
        .with_carriers(Carriers::builder().with_cookie(COOKIE).build()?)
        .with_proof_of_origin(origin.clone())
        .with_csrf_key(csrf_key.clone());
    let app = Router::new()
        .route("/orders", get(orders).post(orders))
        .route("/csrf", get(csrf))
        .route_layer(auth)
        .route("/login", post(login))
        .with_state(Arc::new(Sessions { issuer, csrf: csrf_key, origin }));

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    print_lines(&format!("http://{}", listener.local_addr()?));
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

fn print_lines(url: &str) {
    println!("cookies is at {url}\n\nPaste these; the number is the status to expect.\n");
    let cookie = format!("-b \"{COOKIE}=$alice\"");
    println!(
        "  alice=$(curl -si -X POST -H 'Sec-Fetch-Site: same-origin' {url}/login | sed -n 's/.*{COOKIE}=\\([^;]*\\);.*/\\1/p')"
    );
    println!("  csrf=$(curl -s {cookie} {url}/csrf)");
    for (status, line) in [
        (403, format!("-X POST -H 'Sec-Fetch-Site: cross-site' {url}/login")),
        (401, format!("{url}/orders")),
        (200, format!("{cookie} {url}/orders")),
        (403, format!("-X POST {cookie} {url}/orders")),
        (200, format!("-X POST {cookie} -H \"X-CSRF-Token: $csrf\" {url}/orders")),
        (403, format!("-X POST {cookie} -H 'X-CSRF-Token: made.up' {url}/orders")),
        (200, format!("-X POST {cookie} -H 'Sec-Fetch-Site: same-origin' {url}/orders")),
        (403, format!("-X POST {cookie} -H 'Sec-Fetch-Site: cross-site' {url}/orders")),
        (200, format!("-X POST {cookie} -H 'Origin: https://app.example.com' {url}/orders")),
        (403, format!("-X POST {cookie} -H 'Origin: https://evil.example' {url}/orders")),
        (200, format!("-X POST -H \"Authorization: Bearer $alice\" {url}/orders")),
        (400, format!("{cookie} -H \"Authorization: Bearer $alice\" {url}/orders")),
    ] {
        println!("  curl -i {line}   # {status}");
    }
    println!("\nStop with Ctrl-C.");
}

//! axum with an identity provider: its keys are found by its metadata and kept fresh while it rotates them.
//!
//! `ISSUER=https://tenant.example.com/ AUDIENCE=https://api.example.com cargo run -p oidc-axum`, with `CLIENT_ID` and
//! `CLIENT_SECRET` of a service that may have tokens of its own. Without these variables it is at home with the provider
//! that `node tests/interop/node/oidc-provider.mjs 3001` starts. It prints the curl lines to try, such as
//! `curl -i -H "Authorization: Bearer $token" http://127.0.0.1:3000/me   # 200`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use std::env;

use axum::Router;
use axum::routing::get;
use axum_jwt::{Claims, JwtAuth};
use jwt_remote::Oidc;
use serde::Deserialize;

/// What the provider's tokens say, as far as the handlers care.
#[derive(Deserialize)]
struct User {
    sub: String,
}

async fn me(user: Claims<User>) -> String {
    format!("you are {}\n", user.sub)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = variable("ISSUER", "http://127.0.0.1:3001");
    let audience = variable("AUDIENCE", "https://api.example.com");

    let provider = Oidc::issuer(&issuer).with_audience(audience.as_str()).discover().await?;
    let auth = JwtAuth::new(provider.clone());
    let app = Router::new().route("/me", get(me)).route_layer(auth);

    let listener = tokio::net::TcpListener::bind(variable("LISTEN", "127.0.0.1:3000")).await?;
    let metadata = provider.metadata().ok_or("the provider said nothing of itself")?;
    let tokens = metadata.token_endpoint.as_deref().ok_or("the provider has no token endpoint")?;
    println!("oidc-axum takes tokens of {issuer} for {audience}");
    print_lines(&format!("http://{}", listener.local_addr()?), tokens, &audience);
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

fn variable(name: &str, otherwise: &str) -> String {
    env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

fn print_lines(url: &str, token_endpoint: &str, audience: &str) {
    println!("oidc-axum is at {url}\n\nPaste these; the number is the status to expect.\n");
    let (id, secret) = (variable("CLIENT_ID", "service-ES256"), variable("CLIENT_SECRET", "secret"));
    for (name, resource) in [("token", audience), ("other", "https://other.example.com")] {
        println!(
            "  {name}=$(curl -s -u '{id}:{secret}' -d grant_type=client_credentials -d resource={resource} \
             {token_endpoint} | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
        );
    }
    println!("  curl -i {url}/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer $token\" {url}/me   # 200");
    println!("  curl -i -H \"Authorization: Bearer $token.tampered\" {url}/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer $other\" {url}/me   # 401");
    println!("\nStop with Ctrl-C.");
}

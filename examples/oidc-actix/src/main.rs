//! actix-web with an identity provider: its keys are found by its metadata and kept fresh while it rotates them.
//!
//! `ISSUER=https://tenant.example.com/ AUDIENCE=https://api.example.com cargo run -p oidc-actix`. Without these variables
//! it is at home with the provider that `node tests/interop/node/oidc-provider.mjs 3001` starts. It prints the curl
//! lines to try, such as `curl -i -H "Authorization: Bearer $token" http://127.0.0.1:3000/me   # 200`; they ask for tokens
//! by `CLIENT_ID` and `CLIENT_SECRET` of a service that may have some, which are variables of the shell alone.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::error::Error;
use std::{env, io, process::ExitCode};

use actix_jwt::{Claims, JwtAuth};
use actix_web::{App, HttpServer, web};
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

#[actix_web::main]
async fn main() -> ExitCode {
    // What the library tells operators: what is wrong with the provider's keys, and what to do.
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oidc-actix: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let issuer = variable("ISSUER", "http://127.0.0.1:3001");
    let audience = variable("AUDIENCE", "https://api.example.com");

    let provider = Oidc::issuer(&issuer).with_audience(audience.as_str()).discover().await?;
    let auth = JwtAuth::new(provider.clone());
    let server = HttpServer::new(move || App::new().wrap(auth.clone()).route("/me", web::get().to(me)));

    let server = server.workers(2).bind(variable("LISTEN", "127.0.0.1:3000"))?;
    let address = server.addrs().first().copied().ok_or("no address to listen at")?;
    let metadata = provider.metadata().ok_or("the provider said nothing of itself")?;
    let tokens = metadata.token_endpoint.as_deref().ok_or("the provider has no token endpoint")?;
    println!("oidc-actix takes tokens of {issuer} for {audience}");
    print_lines(&format!("http://{address}"), tokens, &audience);
    Ok(server.run().await?)
}

fn variable(name: &str, otherwise: &str) -> String {
    env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

fn print_lines(url: &str, token_endpoint: &str, audience: &str) {
    println!("oidc-actix is at {url}\n\nPaste these; the number is the status to expect.\n");
    println!(
        "# Entra ID: -d scope=API/.default in place of audience and resource. Keycloak: an audience mapper."
    );
    // Another API that the provider knows; a token for it is not one for this.
    let other = variable("OTHER_AUDIENCE", "https://other.example.com");
    for (name, audience) in [("token", audience), ("other", &other)] {
        // Auth0 reads `audience`, others `resource` (RFC 8707). The secret stays in the shell.
        println!(
            "  {name}=$(curl -sSf -u \"${{CLIENT_ID:-service-ES256}}:${{CLIENT_SECRET:-secret}}\" \
             -d grant_type=client_credentials -d audience={audience} -d resource={audience} \
             {token_endpoint} | sed 's/.*\"access_token\": *\"\\([^\"]*\\)\".*/\\1/')"
        );
    }
    println!("  curl -i {url}/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer $token\" {url}/me   # 200");
    println!("  curl -i -H \"Authorization: Bearer $token.tampered\" {url}/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer $other\" {url}/me   # 401");
    println!("\nStop with Ctrl-C.");
}

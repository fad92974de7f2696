//! A shop asks a stock service, by a token of its own from an authorization server. In earnest the three run apart.
//!
//! `cargo run -p service-to-service` prints the curl lines to try, such as `curl -i http://127.0.0.1:3000/offer   # 200`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

mod authorization_server;

use std::{error::Error, process::ExitCode};

use axum::{Router, body::Body, http::Request, http::Response, http::StatusCode, routing::get};
use axum_jwt::{Algorithm, Issuer, JwtAuth, Require, SigningKey, VerifiedToken, Verifier};
use jwt_remote::{ClientAuth, Remote, ServiceToken, ServiceTokenLayer, reqwest};
use tower::{ServiceBuilder, ServiceExt, service_fn};

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run().await else { return ExitCode::SUCCESS };
    eprintln!("service-to-service: {error}");
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    // The authorization server, at a free port. It and the shop share a random secret.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://stock.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;
    let secret = format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?);
    let server = serve("127.0.0.1:0", authorization_server::router(issuer, &secret)).await?;

    // The stock service, protected as any other: a token for it is not enough, it must be one to read.
    let hello = |token: VerifiedToken| async move { format!("seven for {:?}\n", token.subject()) };
    let stock = Router::new().route("/stock", get(hello)).route_layer(Require::scope("stock:read"));
    let stock = serve("127.0.0.1:0", stock.route_layer(JwtAuth::new(verifier))).await?;

    // The shop: a token of its own, and a client that puts it into requests to the stock service and into no other.
    let client = jwt_remote::client_builder().no_proxy().build()?;
    let at = ServiceToken::at(format!("{server}/token"), ClientAuth::basic("shop", secret.as_str()));
    let at = at.with_remote(&Remote::with_reqwest(jwt_remote::client_builder().no_proxy())?);
    let token = at.with_scopes(["stock:read"]).fetch().await?;
    let http = service_fn(move |request: Request<reqwest::Body>| {
        let client = client.clone();
        async move { client.execute(request.try_into()?).await.map(Response::<reqwest::Body>::from) }
    });
    let client = ServiceBuilder::new().layer(ServiceTokenLayer::for_origins(&token, [&stock])?).service(http);
    let url = format!("{stock}/stock");
    let offer = move || async move {
        let request = Request::get(url).body(reqwest::Body::default()).or(Err(StatusCode::BAD_GATEWAY))?;
        match client.oneshot(request).await {
            Ok(answer) if answer.status().is_success() => Ok(Body::new(answer.into_body())),
            // What the other service thinks of this one is no matter of the caller's.
            _ => Err(StatusCode::BAD_GATEWAY),
        }
    };
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let shop = serve(&listen, Router::new().route("/offer", get(offer))).await?;

    println!(
        "service-to-service is at {shop}\n\nPaste these; the number is the status to expect.\n\n  secret={secret}"
    );
    let grant = "-d grant_type=client_credentials -d scope=stock";
    println!("  list=$(curl -sSf -u shop:$secret {grant}:list {server}/token | cut -d '\"' -f 4)");
    println!("  curl -i {shop}/offer   # 200");
    println!("  curl -i {stock}/stock   # 401");
    println!("  curl -i -H \"Authorization: Bearer $list\" {stock}/stock   # 403");
    println!("  curl -i -u shop:$secret {grant}:read {server}/token   # 200");
    println!("  curl -i -u shop:$secret {grant}:write {server}/token   # 400");
    println!("  curl -i -u shop:wrong {grant}:read {server}/token   # 401");
    println!("\nStop with Ctrl-C.");
    Ok(tokio::signal::ctrl_c().await?)
}

/// Serves in the background, and says where.
async fn serve(listen: &str, app: Router) -> std::io::Result<String> {
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(url)
}

//! hyper without a web framework: any tower service stands behind the layer.
//!
//! `cargo run -p tower-hyper` prints a token and the curl lines to try, such as
//! `curl -i -H "Authorization: Bearer $alice" http://127.0.0.1:3000/   # 200`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tower::{Layer as _, service_fn};
use tower_jwt::jwt_core::{Algorithm, Issuer, SigningKey, Verifier};
use tower_jwt::{JwtAuth, Require};

/// What the layer knows about the sender stands in the request's extensions.
async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let token = tower_jwt::verified(request.extensions());
    let who = token.and_then(|token| token.subject()).unwrap_or("nobody");
    Ok(Response::new(format!("you are {who}\n").into()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One key: the private half signs, the public half verifies.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;

    // Outside who they are, inside what they may.
    let service = JwtAuth::new(verifier).layer(Require::scope("read").layer(service_fn(hello)));

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    print_lines(&format!("http://{}", listener.local_addr()?), &issuer)?;
    loop {
        // A client that breaks off is nobody's concern, neither here nor below.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let service = TowerToHyperService::new(service.clone());
        let connection =
            http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async { _ = connection.await });
    }
}

fn print_lines(url: &str, issuer: &Issuer) -> Result<(), Box<dyn std::error::Error>> {
    println!("tower-hyper is at {url}\n\nPaste these; the number is the status to expect.\n");
    println!("  alice={}", issuer.token().with_subject("alice").with_scope("read").sign()?);
    println!("  guest={}", issuer.token().with_subject("guest").sign()?);
    println!("  curl -i {url}/   # 401");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/   # 200");
    println!("  curl -i -H \"Authorization: Bearer $alice.tampered\" {url}/   # 401");
    println!("  curl -i -H \"Authorization: $alice\" {url}/   # 401");
    println!("  curl -i -H \"Authorization: Bearer\" {url}/   # 400");
    println!("  curl -i -H \"Authorization: Bearer $guest\" {url}/   # 403");
    println!("\nStop with Ctrl-C.");
    Ok(())
}

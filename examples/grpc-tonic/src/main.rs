//! One layer for gRPC by tonic and for REST by axum, on one port. A refused gRPC call is answered in gRPC's way:
//! HTTP status 200 and `grpc-status` 16 (unauthenticated) or 7 (permission denied), with the challenge beside it.
//!
//! `cargo run -p grpc-tonic` prints a token and the curl lines to try, such as
//! `curl -i http://127.0.0.1:3000/me   # 401`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get, post};
use axum_jwt::jwt_core::Authentication;
use axum_jwt::{Algorithm, Issuer, JwtAuth, Require, SigningKey, VerifiedToken, Verifier};
use tonic::Status;
use tonic::server::Grpc;
use tonic_prost::ProstCodec;
use tower::service_fn;

/// gRPC: `rpc Hello(google.protobuf.StringValue) returns (google.protobuf.StringValue)`. Generated services find
/// the same in the extensions of their requests.
async fn hello(call: tonic::Request<String>) -> Result<tonic::Response<String>, Status> {
    let authentication = call.extensions().get::<Authentication>();
    // Behind the layer there is a token always.
    let token = authentication.and_then(Authentication::verified).ok_or(Status::internal("no layer"))?;
    let who = token.subject().unwrap_or("nobody").to_owned();
    Ok(tonic::Response::new(format!("{}, {who}", call.into_inner())))
}

/// What tonic-build generates for a service, by hand: a codec and the handler of one method.
async fn greeter(request: Request) -> Response<tonic::body::Body> {
    Grpc::new(ProstCodec::<String, String>::default()).unary(service_fn(hello), request).await
}

/// REST.
async fn me(token: VerifiedToken) -> String {
    format!("you are {}\n", token.subject().unwrap_or("nobody"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One key: the private half signs, the public half verifies.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;

    // Services that tonic-build generated are merged by `tonic::service::Routes::into_axum_router`.
    let app = Router::new()
        .route("/example.Greeter/Hello", post(greeter))
        .route("/example.Greeter/Admin", post(greeter).layer(Require::scope("admin")))
        .route("/me", get(me))
        .route_layer(JwtAuth::new(verifier));

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    print_lines(&format!("http://{}", listener.local_addr()?), &issuer)?;
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

fn print_lines(url: &str, issuer: &Issuer) -> Result<(), Box<dyn std::error::Error>> {
    println!("grpc-tonic is at {url}\n\nPaste these; the number is the status to expect.\n");
    println!("  alice={}", issuer.token().with_subject("alice").sign()?);
    println!("  curl -i {url}/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/me   # 200");
    // An empty message. The status is 200 whatever happens; what happened stands in `grpc-status`.
    let grpc = "--http2-prior-knowledge -X POST -H 'Content-Type: application/grpc' -H 'TE: trailers'";
    println!("  curl -i {grpc} {url}/example.Greeter/Hello   # 200");
    println!("\nThe last one has `grpc-status: 16`.");
    println!("Stop with Ctrl-C.");
    Ok(())
}

//! WebSockets in axum and actix-web. The token is verified before the connection is upgraded. A browser's script
//! cannot set `Authorization`, but it can name subprotocols: `new WebSocket(url, ["bearer", token])`.
//!
//! `cargo run -p websocket` prints a token, a line for a browser's console, and the curl lines to try, such as
//! `curl -i http://127.0.0.1:3000/ws   # 401`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use actix_web::http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use actix_web::{App, HttpMessage as _, HttpRequest, HttpResponse, HttpServer, web};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum_jwt::jwt_core::request::{CarrierKind, Carriers};
use axum_jwt::jwt_core::{Authentication, RequestAuth};
use axum_jwt::{Algorithm, Issuer, SigningKey, Verifier};

/// What the server answers with, of what was offered. Never the token.
const PROTOCOL: &str = "bearer";

/// axum: greets and echoes. A client that breaks off is nobody's concern.
async fn in_axum(token: axum_jwt::VerifiedToken, upgrade: WebSocketUpgrade) -> Response {
    let hello = format!("hello {}, says axum", token.subject().unwrap_or("nobody"));
    upgrade.protocols([PROTOCOL]).on_upgrade(async move |mut socket: WebSocket| {
        let mut sent = socket.send(Message::from(hello)).await;
        while let (Ok(()), Some(Ok(message @ Message::Text(_)))) = (sent, socket.recv().await) {
            sent = socket.send(message).await;
        }
    })
}

/// actix-web: the same.
async fn in_actix(
    token: actix_jwt::VerifiedToken,
    request: HttpRequest,
    body: web::Payload,
) -> actix_web::Result<HttpResponse> {
    let hello = format!("hello {}, says actix", token.subject().unwrap_or("nobody"));
    let (mut response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    // actix-ws leaves the choice to us: `bearer` was offered where the token stood there.
    let carrier = request.extensions().get::<Authentication>().and_then(Authentication::carrier);
    if carrier == Some(CarrierKind::WebSocketProtocol) {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    }
    actix_web::rt::spawn(async move {
        let mut sent = session.text(hello).await;
        while let (Ok(()), Some(Ok(actix_ws::Message::Text(text)))) = (sent, messages.recv().await) {
            sent = session.text(text).await;
        }
    });
    Ok(response)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One key: the private half signs, the public half verifies.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;

    // One set of rules for both frameworks.
    let rules =
        RequestAuth::new(verifier).with_carriers(Carriers::builder().with_websocket_protocol().build()?);

    // axum at the address of `LISTEN`, actix-web at the same host on a free port.
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let axum_at = listener.local_addr()?;
    let app = axum::Router::new()
        .route("/ws", axum::routing::get(in_axum))
        .route_layer(axum_jwt::JwtAuth::new(rules.clone()));
    let axum = async { axum::serve(listener, app).await };
    let auth = actix_jwt::JwtAuth::new(rules);
    let actix = HttpServer::new(move || App::new().wrap(auth.clone()).route("/ws", web::get().to(in_actix)));
    let actix = actix.workers(2).bind((axum_at.ip(), 0))?;
    let actix_at = actix.addrs().first().copied().ok_or("no address to listen at")?;

    println!("axum is at http://{axum_at}, actix-web at http://{actix_at}\n");
    println!("Paste these; the number is the status to expect.\n");
    println!("  alice={}", issuer.token().with_subject("alice").sign()?);
    for url in [format!("http://{axum_at}/ws"), format!("http://{actix_at}/ws")] {
        let upgrade = "-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='";
        println!("  curl -i {upgrade} {url}   # 401");
        println!("  curl -i {upgrade} -H \"Sec-WebSocket-Protocol: bearer, $alice.tampered\" {url}   # 401");
        println!("  curl -i {upgrade} -H \"Sec-WebSocket-Protocol: bearer\" {url}   # 400");
    }
    println!("\nIn a browser's console, with the token for ALICE:");
    println!(
        "new WebSocket(\"ws://{axum_at}/ws\", [\"bearer\", \"ALICE\"]).onmessage = (e) => console.log(e.data)"
    );
    println!("\nStop with Ctrl-C.");
    // actix-web ends with Ctrl-C, and what it is selected with ends too.
    let axum = actix_web::rt::spawn(axum);
    actix.run().await?;
    axum.abort();
    Ok(())
}

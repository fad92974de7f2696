//! Token and layer by reqwest, against sockets that count and answer as they are told.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Mutex;

use http::{Request, Response};
use reqwest::{Body, Client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower_layer::Layer;
use tower_service::Service;

use super::*;

/// A server that serves tokens at `/token`, and anything else to whoever has the right one.
#[derive(Clone)]
struct Server {
    origin: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `good` is the token that the resource takes.
    async fn start(good: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { origin, heads: Arc::default() };
        let answering = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                answering.answer(stream, good).await;
            }
        });
        server
    }

    async fn answer(&self, mut stream: TcpStream, good: &str) {
        let mut asked = Vec::new();
        // The head, and the body where its length is stated.
        while !is_whole(&asked) {
            let mut part = [0; 1_024];
            let len = stream.read(&mut part).await.unwrap();
            assert_ne!(len, 0, "the request is cut off");
            asked.extend_from_slice(part.get(..len).unwrap());
        }
        let asked = String::from_utf8(asked).unwrap();
        let tokens = {
            let mut heads = self.heads.lock().unwrap();
            heads.push(asked.clone());
            heads.iter().filter(|head| head.starts_with("POST /token ")).count()
        };
        let (status, body) = if asked.starts_with("POST /token ") {
            let body = format!(r#"{{"access_token":"t{tokens}","token_type":"Bearer","expires_in":600}}"#);
            ("200 OK", body)
        } else if asked.contains(&format!("authorization: Bearer {good}\r\n")) {
            ("200 OK", "welcome".to_owned())
        } else {
            ("401 Unauthorized", String::new())
        };
        let len = body.len();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    fn heads(&self, start: &str) -> Vec<String> {
        self.heads.lock().unwrap().iter().filter(|head| head.starts_with(start)).cloned().collect()
    }
}

fn is_whole(asked: &[u8]) -> bool {
    let text = String::from_utf8_lossy(asked);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// reqwest as a service of `http`'s requests.
#[derive(Clone)]
struct Http(Client);

impl Service<Request<Body>> for Http {
    type Response = Response<Body>;
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, reqwest::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), reqwest::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move { client.execute(request.try_into()?).await.map(Into::into) })
    }
}

async fn status(client: &mut ServiceTokenService<Http>, url: String) -> u16 {
    core::future::poll_fn(|cx| client.poll_ready(cx)).await.unwrap();
    client.call(Request::get(url).body(Body::default()).unwrap()).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_client_behind_the_layer_calls_with_its_own_token_and_recovers_from_a_refused_one() {
    let (server, other) = (Server::start("t2").await, Server::start("t2").await);
    let client = crate::client_builder().no_proxy().build().unwrap();
    let remote = Remote::with_reqwest(crate::client_builder().no_proxy()).unwrap();
    let auth = ClientAuth::basic("orders", "hunter2");
    let token = ServiceToken::at(format!("{}/token", server.origin), auth);
    let token = token.with_scopes(["stock:read"]).with_remote(&remote).fetch().await.unwrap();
    let layer = ServiceTokenLayer::for_origins(&token, [&server.origin]).unwrap();
    let mut client = layer.layer(Http(client));

    // The first token is refused, and the answer given back as it is; the next request has another one.
    assert_eq!(status(&mut client, format!("{}/a", server.origin)).await, 401);
    assert_eq!(status(&mut client, format!("{}/a", server.origin)).await, 200);
    assert_eq!(status(&mut client, format!("{}/a", server.origin)).await, 200);
    // The same machine at another port is another origin.
    assert_eq!(status(&mut client, format!("{}/a", other.origin)).await, 401);

    let tokens = server.heads("POST /token ");
    assert_eq!(tokens.len(), 2);
    for head in tokens {
        assert!(head.contains("authorization: Basic b3JkZXJzOmh1bnRlcjI=\r\n"), "{head}");
        assert!(head.ends_with("grant_type=client_credentials&scope=stock%3Aread"), "{head}");
    }
    assert_eq!(server.heads("GET /a ").len(), 3);
    let elsewhere = other.heads("GET /a ");
    assert!(elsewhere.iter().all(|head| !head.contains("authorization")) && elsewhere.len() == 1);
}

#[tokio::test]
async fn the_token_endpoints_redirects_are_not_followed() {
    let other = Server::start("").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let location = format!("{}/token", other.origin);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _read = stream.read(&mut [0; 4_096]).await.unwrap();
        let answer = format!("HTTP/1.1 307 R\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        // Held open until the client has gone.
        let _read = stream.read(&mut [0; 1]).await;
    });
    let remote = Remote::with_reqwest(crate::client_builder().no_proxy()).unwrap();
    let token = ServiceToken::at(url, ClientAuth::post("orders", "hunter2")).with_remote(&remote);
    assert_eq!(token.fetch().await.unwrap_err().code(), "redirect");
    assert!(other.heads("").is_empty());
}

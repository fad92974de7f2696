//! A server of several workers, over a socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use actix_web::{App, HttpServer, web};

use actix_jwt::{Claims, JwtAuth};

use crate::support::{House, User};

/// One exchange over a connection of its own.
async fn exchange(address: SocketAddr, fields: String) -> String {
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            format!("GET /me HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\n{fields}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    };
    web::block(exchange).await.unwrap()
}

#[actix_web::test]
async fn workers_share_one_verifier() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let server = HttpServer::new(move || {
        App::new()
            .wrap(auth.clone())
            .route("/me", web::get().to(|user: Claims<User>| async move { user.sub.clone() }))
    })
    .workers(2)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let [address] = *server.addrs() else { panic!("one address") };
    let running = server.run();
    let handle = running.handle();
    actix_web::rt::spawn(running);

    for _ in 0..4 {
        let accepted = exchange(address, format!("authorization: Bearer {}\r\n", house.token())).await;
        assert!(accepted.starts_with("HTTP/1.1 200 OK\r\n") && accepted.ends_with("\r\n\r\nalice"));
        let refused = exchange(address, String::new()).await;
        assert!(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{refused}");
        assert!(refused.contains("\r\nwww-authenticate: Bearer realm=\"api\"\r\n"), "{refused}");
        assert!(refused.contains("\r\ncontent-type: application/problem+json\r\n"), "{refused}");
    }
    assert_eq!(house.signatures_checked(), 4);
    handle.stop(false).await;
}

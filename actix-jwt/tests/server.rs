//! A server of several workers, over a socket.

use core::time::Duration;
use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use actix_web::{App, HttpServer, web};

use actix_jwt::{Claims, JwtAuth};
use jwt_core::{Presented, TokenAuthority, Verdict, Verifier};

use crate::support::{House, User};

/// How often is asked until each worker has answered. They take turns.
const MOST: usize = 200;

/// Who was asked: by which thread, and where in memory.
type Asked = Arc<Mutex<HashSet<(ThreadId, usize)>>>;

/// A verifier that notes where it is asked.
struct Noting {
    verifier: Verifier,
    asked: Asked,
}

impl TokenAuthority for Noting {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        let place = core::ptr::from_ref(self).addr();
        self.asked.lock().unwrap().insert((thread::current().id(), place));
        TokenAuthority::verify(&self.verifier, presented)
    }

    fn now(&self) -> Duration {
        self.verifier.now()
    }
}

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
    let asked = Asked::default();
    let auth = JwtAuth::new(Noting { verifier: house.verifier.clone(), asked: asked.clone() });
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

    let threads = || asked.lock().unwrap().iter().map(|(thread, _)| *thread).collect::<HashSet<_>>().len();
    let token = format!("authorization: Bearer {}\r\n", house.token());
    let mut sent = 0..MOST;
    while threads() < 2 && sent.next().is_some() {
        let accepted = exchange(address, token.clone()).await;
        assert!(accepted.starts_with("HTTP/1.1 200 OK\r\n") && accepted.ends_with("\r\n\r\nalice"));
    }
    for _ in 0..2 {
        let refused = exchange(address, String::new()).await;
        assert!(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{refused}");
        assert!(refused.contains("\r\nwww-authenticate: Bearer realm=\"api\"\r\n"), "{refused}");
        assert!(refused.contains("\r\ncontent-type: application/problem+json\r\n"), "{refused}");
    }
    let places: HashSet<_> = asked.lock().unwrap().iter().map(|(_, place)| *place).collect();
    assert_eq!((threads(), places.len()), (2, 1), "both workers asked, and one verifier was there");
    assert_eq!(house.signatures_checked(), sent.start);
    handle.stop(false).await;
}

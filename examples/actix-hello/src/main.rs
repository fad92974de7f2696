//! actix-web: one `wrap` protects a scope, one argument brings the claims.
//!
//! `cargo run -p actix-hello` prints tokens and the curl lines to try, such as
//! `curl -i -H "Authorization: Bearer $alice" http://127.0.0.1:3000/me   # 200`.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use actix_jwt::{
    Algorithm, Authorized, Claims, Issuer, JwtAuth, Permission, Requirement, SigningKey, Verifier,
};
use actix_web::{App, HttpServer, web};
use serde::Deserialize;

/// What our tokens say, as far as the handlers care.
#[derive(Deserialize)]
struct User {
    sub: String,
}

/// Whoever has the scope `admin`.
struct Admin;
impl Permission for Admin {
    const REQUIREMENT: Requirement = Requirement::scope("admin");
}

async fn me(user: Claims<User>) -> String {
    format!("you are {}\n", user.sub)
}

async fn admin(user: Authorized<Admin, User>) -> String {
    format!("welcome to the engine room, {}\n", user.sub)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One key: the private half signs, the public half verifies.
    let key = SigningKey::generate(Algorithm::ES256)?;
    let (audience, name) = ("https://api.example.com", "https://id.example.com/");
    let verifier = Verifier::builder().with_key(&key).with_audience(audience).with_issuer(name).build()?;
    let issuer = Issuer::builder().with_key(key).with_audience(audience).with_issuer(name).build()?;

    // Made once, outside of the closure that each worker runs.
    let auth = JwtAuth::new(verifier);
    let server = HttpServer::new(move || {
        let protected = web::scope("/api")
            .wrap(auth.clone())
            .route("/me", web::get().to(me))
            .route("/admin", web::get().to(admin));
        App::new().service(protected).route("/public", web::get().to(|| async { "hello, whoever you are\n" }))
    });
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let server = server.workers(2).bind(listen)?;
    let address = server.addrs().first().copied().ok_or("no address to listen at")?;
    print_lines(&format!("http://{address}"), &issuer)?;
    Ok(server.run().await?)
}

fn print_lines(url: &str, issuer: &Issuer) -> Result<(), Box<dyn std::error::Error>> {
    println!("actix-hello is at {url}\n\nPaste these; the number is the status to expect.\n");
    for (name, scope) in [("alice", "read"), ("root", "read admin")] {
        println!("  {name}={}", issuer.token().with_subject(name).with_scope(scope).sign()?);
    }
    println!("  curl -i {url}/public   # 200");
    println!("  curl -i {url}/api/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/api/me   # 200");
    println!("  curl -i -H \"Authorization: Bearer $alice.tampered\" {url}/api/me   # 401");
    println!("  curl -i -H \"Authorization: Bearer $alice\" {url}/api/admin   # 403");
    println!("  curl -i -H \"Authorization: Bearer $root\" {url}/api/admin   # 200");
    println!("\nStop with Ctrl-C.");
    Ok(())
}

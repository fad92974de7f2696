//! A web service with a login: a page, the API behind it, and sessions that outlast a restart. Run it, and open the
//! address or paste the lines that it prints.
//!
//! | file | job |
//! |---|---|
//! | `main.rs` | puts it together |
//! | `accounts.rs` | who may log in, and the hashes of their passwords |
//! | `data.rs` | the folder that all is kept in, and the key that seals what is secret there |
//! | `keys.rs` | the keys that sign tokens |
//! | `pages.rs` | the login page, from the folder `page` |
//! | `printed.rs` | what is printed at start |

mod accounts;
mod data;
mod keys;
mod pages;
mod printed;

use std::net::SocketAddr;

use axum::routing::get;
use axum::{Json, Router};
use axum_jwt::{Claims, JwtAuth, Verifier, session_routes};
use jwt_session::Sessions;
use jwt_session::jwt_core::request::AllowedOrigins;
use jwt_session::routes::{Mode, Routes};
use serde::{Deserialize, Serialize};

use crate::accounts::Accounts;
use crate::data::Data;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The one user that is made at the first start.
const USER: &str = "alice";

/// What our tokens say, as far as the handlers care.
#[derive(Deserialize)]
struct User {
    sub: String,
    scope: String,
}

#[derive(Serialize)]
struct Me {
    name: String,
    scope: String,
}

/// A protected route: whoever comes here has a token that is good and of a session that has not ended.
async fn me(user: Claims<User>) -> Json<Me> {
    Json(Me { name: user.sub.clone(), scope: user.scope.clone() })
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // What is refused, and what fails, goes to the standard error.
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let data = Data::open(std::env::var_os("DATA").unwrap_or_else(|| "quickstart-data".into())).await?;
    let accounts = Accounts::open(&data).await?;
    let ring = keys::open(&data).await?;
    let sessions = Sessions::builder(ring.clone(), data.store.clone()).open().await?;
    if std::env::args().nth(1).as_deref() == Some("new-password") {
        let password = accounts.new_password(USER).await?;
        sessions.password_changed(USER, None).await?;
        printed::new_password(USER, &password);
        return Ok(());
    }

    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(listen).await?;
    // Told once, so that an address in use must have been noticed by now.
    let password = accounts.first(USER).await?;
    let port = listener.local_addr()?.port();
    // For browsers that do not say `Sec-Fetch-Site`: the pages that may send our cookies along are our own.
    let own = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{port}"));

    // Both verify: our own routes, and those that come ready-made below `/auth`.
    let verifier = Verifier::builder()
        .with_live_keys(ring.verifying_keys())
        .with_audience(keys::AUDIENCE)
        .with_issuer(keys::ISSUER)
        .build()?;
    let public_keys = ring.clone();
    let routes = Routes::builder(sessions, verifier, accounts)
        .with_prefix("/auth")
        .with_mode(Mode::Cookies)
        .with_origins(AllowedOrigins::new(&own)?)
        .with_keys(move || public_keys.jwks())
        .build()?;

    let app = Router::new()
        .route("/me", get(me))
        .route_layer(JwtAuth::new(routes.auth().clone()))
        .merge(session_routes(routes))
        .merge(pages::router());

    // Keys are replaced as time goes by; what sessions need done, they do by themselves.
    tokio::spawn(ring.run());
    printed::lines(&format!("http://{}", listener.local_addr()?), &data, USER, password.as_deref());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}

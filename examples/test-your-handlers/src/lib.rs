//! The routes, made from whatever verifier they are given: the provider's in the program, the kit's in tests.

use axum_jwt::{Permission, Requirement, Verifier};
use serde::Deserialize;

/// What our tokens say, as far as the handlers care.
#[derive(Deserialize)]
pub struct User {
    sub: String,
}

/// Whoever has the scope `admin`.
pub struct Admin;
impl Permission for Admin {
    const REQUIREMENT: Requirement = Requirement::scope("admin");
}

/// The routes in axum.
pub fn in_axum(verifier: Verifier) -> axum::Router {
    use axum::routing::get;
    use axum_jwt::{Authorized, Claims, JwtAuth};

    let me = async |user: Claims<User>| format!("you are {}\n", user.sub);
    let admin = async |user: Authorized<Admin, User>| format!("welcome, {}\n", user.sub);
    axum::Router::new().route("/me", get(me)).route("/admin", get(admin)).route_layer(JwtAuth::new(verifier))
}

/// The routes in actix-web, for `App::configure`.
pub fn in_actix(verifier: Verifier) -> impl Fn(&mut actix_web::web::ServiceConfig) + Clone {
    use actix_jwt::{Authorized, Claims, JwtAuth};
    use actix_web::web::{get, scope};

    let auth = JwtAuth::new(verifier);
    move |app| {
        let me = async |user: Claims<User>| format!("you are {}\n", user.sub);
        let admin = async |user: Authorized<Admin, User>| format!("welcome, {}\n", user.sub);
        let routes = scope("").wrap(auth.clone()).route("/me", get().to(me)).route("/admin", get().to(admin));
        app.service(routes);
    }
}

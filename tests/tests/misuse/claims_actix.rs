//! As `claims_axum.rs`, in actix-web.

#[cfg(right)]
type User = actix_jwt::jwt_core::Registered;
#[cfg(not(right))]
pub struct User;

use actix_jwt::Claims;
use actix_web::Resource;
use actix_web::web::{get, resource};

pub async fn me(_: Claims<User>) -> &'static str {
    "me"
}

pub fn app() -> Resource {
    resource("/me").route(get().to(me))
}

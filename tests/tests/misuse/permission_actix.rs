//! As `permission_axum.rs`, in actix-web.

pub struct Admin;
#[cfg(right)]
impl actix_jwt::Permission for Admin {
    const REQUIREMENT: actix_jwt::Requirement = actix_jwt::Requirement::scope("admin");
}

use actix_jwt::Authorized;
use actix_web::Resource;
use actix_web::web::{get, resource};

pub async fn me(_: Authorized<Admin>) -> &'static str {
    "me"
}

pub fn app() -> Resource {
    resource("/me").route(get().to(me))
}

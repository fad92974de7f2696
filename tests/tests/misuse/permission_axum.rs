//! A permission that says nothing of what it requires.

pub struct Admin;
#[cfg(right)]
impl axum_jwt::Permission for Admin {
    const REQUIREMENT: axum_jwt::Requirement = axum_jwt::Requirement::scope("admin");
}

use axum_jwt::Authorized;

pub async fn me(_: Authorized<Admin>) {}

pub fn app() -> axum::Router {
    axum::Router::new().route("/me", axum::routing::get(me))
}

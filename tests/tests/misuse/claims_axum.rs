//! Claims are read as a type that cannot be read: the derive is missing.

#[cfg(right)]
type User = axum_jwt::jwt_core::Registered;
#[cfg(not(right))]
pub struct User;

use axum_jwt::Claims;

pub async fn me(_: Claims<User>) {}

pub fn app() -> axum::Router {
    axum::Router::new().route("/me", axum::routing::get(me))
}

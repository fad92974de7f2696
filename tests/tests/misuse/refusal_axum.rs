//! A text where a maker of refusals is asked for.

use axum::Router;
use axum::response::Response;
use axum_jwt::JwtAuth;
use axum_jwt::jwt_core::Refusal;

pub fn app(auth: JwtAuth) -> Router {
    #[cfg(right)]
    let words = |_: &Refusal| Response::new("go away".into());
    #[cfg(not(right))]
    let words = "go away";
    let _ = |_: &Refusal| Response::<()>::default();
    Router::new().layer(auth.with_refusal(words))
}

//! As `refusal_axum.rs`, in actix-web.

use actix_jwt::JwtAuth;
use actix_jwt::jwt_core::Refusal;
use actix_web::HttpResponse;

pub fn auth(auth: JwtAuth) -> JwtAuth {
    #[cfg(right)]
    let words = |_: &Refusal| HttpResponse::Ok().body("go away");
    #[cfg(not(right))]
    let words = "go away";
    let _ = |_: &Refusal| HttpResponse::Ok();
    auth.with_refusal(words)
}

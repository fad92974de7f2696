//! Middlewares inside middlewares.

use actix_web::{App, HttpResponse, test, web};

use actix_jwt::{Claims, JwtAuth, MaybeClaims};

use crate::support::{House, User, bearer, get, send};

async fn me(user: Claims<User>) -> String {
    format!("{} of {}", user.sub, Claims::verified(&user).issuer().unwrap_or_default())
}

#[actix_web::test]
async fn the_same_rules_are_not_run_twice() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let scope = web::scope("/a").wrap(auth.clone()).route("/me", web::get().to(me));
    let app = test::init_service(App::new().wrap(auth).service(scope)).await;
    assert_eq!(send!(app, bearer("/a/me", &house.token())).status, 200);
    assert_eq!(house.signatures_checked(), 1);
}

#[actix_web::test]
async fn another_authority_verifies_again_and_its_outcome_replaces_the_outer_one() {
    let (house, other) = (House::new(), House::of("https://other.example.com/"));
    let outer = JwtAuth::new(house.verifier.clone());
    let inner = JwtAuth::new(other.verifier.clone());
    let scope = web::scope("/inner").wrap(inner.clone()).route("/me", web::get().to(me));
    let app = test::init_service(App::new().wrap(outer).service(scope)).await;
    // The outer one accepts, the inner one does not.
    assert_eq!(send!(app, bearer("/inner/me", &house.token())).status, 401);
    assert_eq!(send!(app, bearer("/inner/me", &other.token())).status, 401);
}

#[actix_web::test]
async fn required_inside_optional_refuses_the_anonymous_in_its_own_words() {
    let house = House::new();
    let outer = JwtAuth::new(house.verifier.clone()).optional();
    let inner = JwtAuth::new(house.verifier.clone())
        .with_refusal(|_: &jwt_core::Refusal| HttpResponse::Ok().body("inner"));
    let feed = async |user: MaybeClaims<User>| if user.is_some() { "some" } else { "none" };
    let scope = web::scope("/inner").wrap(inner).route("/me", web::get().to(me));
    let app = App::new().wrap(outer).route("/feed", web::get().to(feed)).service(scope);
    let app = test::init_service(app).await;
    assert_eq!(send!(app, get("/feed")).body, "none");
    let refused = send!(app, get("/inner/me"));
    assert_eq!((refused.status, &*refused.body), (401, "inner"));
    // The same verifier: what it verified for the outer rules is taken over.
    assert_eq!(send!(app, bearer("/inner/me", &house.token())).status, 200);
    assert_eq!(house.signatures_checked(), 1);
}

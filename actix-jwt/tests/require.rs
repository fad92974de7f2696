//! Requirements of scopes and resources.

use core::time::Duration;

use actix_web::{App, HttpResponse, test, web};
use jwt_core::Requirement;

use actix_jwt::{JwtAuth, Require};

use crate::support::{House, bearer, get, send};

fn routes(config: &mut web::ServiceConfig) {
    let ok = || web::get().to(HttpResponse::Ok);
    let step_up = Requirement::new()
        .require_authentication(&["urn:mfa"])
        .require_authentication_within(Duration::from_secs(60));
    config
        .service(web::scope("/admin").wrap(Require::scope("admin")).route("", ok()))
        .service(web::resource("/boss").wrap(Require::role("boss")).route(ok()))
        .service(web::resource("/transfer").wrap(Require::new(step_up)).route(ok()));
}

#[actix_web::test]
async fn what_is_missing_is_refused_in_the_words_of_the_middleware() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone()).optional();
    let own = |refusal: &jwt_core::Refusal| HttpResponse::Ok().body(refusal.reason().code());
    let app = App::new().wrap(auth.with_refusal(own)).configure(routes);
    let app = test::init_service(app).await;
    let plain = house.token();
    let admin = house.alice().with_scope("admin").sign().unwrap();
    let boss = house.alice().with_claim("roles", &"boss").sign().unwrap();

    assert_eq!(send!(app, bearer("/admin", &admin)).status, 200);
    assert_eq!(send!(app, bearer("/boss", &boss)).status, 200);
    for (request, status, code, part) in [
        (get("/admin"), 401, "no_credentials", r#"Bearer realm="api""#),
        (bearer("/admin", &plain), 403, "missing_scope", r#"error="insufficient_scope""#),
        (bearer("/admin", &plain), 403, "missing_scope", r#"scope="admin""#),
        (bearer("/boss", &admin), 403, "missing_role", r#"error="insufficient_scope""#),
        (bearer("/transfer", &plain), 401, "insufficient_authentication", r#"acr_values="urn:mfa""#),
        (bearer("/transfer", &plain), 401, "insufficient_authentication", "max_age=60"),
    ] {
        let refused = send!(app, request);
        assert_eq!((refused.status, &*refused.body), (status, code), "{part}");
        let challenge = refused.field("www-authenticate").unwrap().replace('"', "");
        assert!(challenge.contains(&part.replace('"', "")), "{challenge}");
    }
}

#[actix_web::test]
async fn without_the_middleware_the_answer_is_500() {
    let house = House::new();
    let admin = house.alice().with_scope("admin").sign().unwrap();
    let app = App::new().app_data(JwtAuth::new(house.verifier.clone())).configure(routes);
    let app = test::init_service(app).await;
    let answer = send!(app, bearer("/admin", &admin));
    assert_eq!((answer.status, answer.field("www-authenticate")), (500, None));
}

#[actix_web::test]
async fn the_middleware_that_is_wrapped_last_stands_outside() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let admin = house.alice().with_scope("admin").sign().unwrap();
    let ok = || web::get().to(HttpResponse::Ok);
    let right = App::new().wrap(Require::scope("admin")).wrap(auth.clone()).route("/", ok());
    let wrong = App::new().wrap(auth).wrap(Require::scope("admin")).route("/", ok());
    assert_eq!(send!(test::init_service(right).await, bearer("/", &admin)).status, 200);
    assert_eq!(send!(test::init_service(wrong).await, bearer("/", &admin)).status, 500);
}

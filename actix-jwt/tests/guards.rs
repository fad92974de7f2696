//! Guards choose among routes, and refuse nothing.

use actix_web::{App, test, web};

use actix_jwt::{JwtAuth, guard};

use crate::support::{House, ISSUER, bearer, get, send};

fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/report").guard(guard::scope("full")).to(async || "full"))
        .service(web::resource("/report").guard(guard::role("boss")).to(async || "boss"))
        .service(web::resource("/report").to(async || "summary"))
        .service(web::resource("/ours").guard(guard::issuer(ISSUER)).to(async || "ours"))
        .service(
            web::resource("/theirs").guard(guard::issuer("https://id.example.com")).to(async || "theirs"),
        )
        .service(web::resource("/full").guard(guard::scope("full")).to(async || "full"));
}

#[actix_web::test]
async fn a_guard_picks_the_route_and_a_failed_one_is_a_404() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone()).optional();
    let app = test::init_service(App::new().wrap(auth).configure(routes)).await;
    let token = house.token();
    let full = house.alice().with_scope("full").sign().unwrap();
    let boss = house.alice().with_claim("roles", &["boss"]).sign().unwrap();

    assert_eq!(send!(app, bearer("/report", &full)).body, "full");
    assert_eq!(send!(app, bearer("/report", &boss)).body, "boss");
    assert_eq!(send!(app, bearer("/report", &token)).body, "summary");
    assert_eq!(send!(app, get("/report")).body, "summary");
    assert_eq!(send!(app, bearer("/ours", &token)).body, "ours");
    assert_eq!(send!(app, bearer("/theirs", &token)).status, 404, "issuers are compared byte for byte");
    assert_eq!(send!(app, bearer("/full", &token)).status, 404, "not 403");
    assert_eq!(send!(app, get("/full")).status, 404, "not 401");
}

#[actix_web::test]
async fn a_guard_sees_nothing_of_a_handle_or_of_its_own_scopes_middleware() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let full = house.alice().with_scope("full").sign().unwrap();
    let app = App::new().app_data(auth.clone()).configure(routes).service(
        web::scope("/scope")
            .guard(guard::scope("full"))
            .wrap(auth)
            .route("", web::get().to(async || "unreachable")),
    );
    let app = test::init_service(app).await;
    assert_eq!(send!(app, bearer("/full", &full)).status, 404);
    assert_eq!(send!(app, bearer("/scope", &full)).status, 404);
}

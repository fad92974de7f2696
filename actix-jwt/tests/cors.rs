//! CORS outside: refusals reach it as responses.

use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::{App, HttpResponse, test, web};

use actix_jwt::{Claims, JwtAuth};

use crate::support::{House, Tenant, bearer, get, send};

const ORIGIN: &str = "https://app.example.com";

#[actix_web::test]
async fn refusals_carry_the_fields_of_cors_and_preflights_need_no_token() {
    let house = House::new();
    let cors = Cors::default().allowed_origin(ORIGIN).allow_any_method().allow_any_header();
    let app = App::new()
        .wrap(JwtAuth::new(house.verifier.clone()))
        .wrap(cors)
        .route("/me", web::get().to(HttpResponse::Ok))
        .route("/tenant", web::get().to(async |_: Claims<Tenant>| "unreachable"));
    let app = test::init_service(app).await;

    let not_valid =
        r#"Bearer realm="api", error="invalid_token", error_description="The access token is not valid""#;
    for (row, request, status, challenge) in [
        ("accepted", bearer("/me", &house.token()), 200, None),
        ("refused by the middleware", get("/me"), 401, Some(r#"Bearer realm="api""#)),
        ("refused by an extractor", bearer("/tenant", &house.token()), 401, Some(not_valid)),
    ] {
        let response = send!(app, request.insert_header(("origin", ORIGIN)));
        assert_eq!(response.status, status, "{row}");
        assert_eq!(response.field("access-control-allow-origin"), Some(ORIGIN), "{row}");
        assert_eq!(response.field("www-authenticate"), challenge, "{row}");
    }
    let preflight = test::TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/me")
        .insert_header(("origin", ORIGIN))
        .insert_header(("access-control-request-method", "GET"));
    let preflight = send!(app, preflight);
    assert_eq!((preflight.status, preflight.field("www-authenticate")), (200, None));
}

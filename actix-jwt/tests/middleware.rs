//! What the middleware lets through and what it answers.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::error::ErrorBadGateway;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, test, web};
use jwt_core::request::{Carriers, Challenge, RequestFacts};
use jwt_core::{Check, CheckOutcome, CheckRefusal, Passed, Reason, Verified};
use std::sync::Arc;

use actix_jwt::{Claims, JwtAuth};

use crate::support::{House, User, Wire, bearer, get, send};

async fn me(user: Claims<User>) -> String {
    user.sub.clone()
}

#[actix_web::test]
async fn a_good_token_goes_on_and_every_other_request_is_answered() {
    let (house, foreign) = (House::new(), House::new());
    let auth = JwtAuth::new(house.verifier.clone());
    let app = test::init_service(App::new().wrap(auth).route("/me", web::get().to(me))).await;
    let good = house.token();

    let accepted = send!(app, bearer("/me", &good));
    assert_eq!((accepted.status, &*accepted.body), (200, "alice"));

    let basic = get("/me").insert_header(("authorization", "Basic YTpi"));
    let twice = bearer("/me", &good).append_header(("authorization", format!("Bearer {good}")));
    let invalid_token =
        r#"Bearer realm="api", error="invalid_token", error_description="The access token is not valid""#;
    let invalid_request = r#"Bearer realm="api", error="invalid_request", error_description="The request does not carry exactly one well-formed token""#;
    for (row, request, status, challenge) in [
        ("nothing", get("/me"), 401, r#"Bearer realm="api""#),
        ("another scheme", basic, 401, r#"Bearer realm="api""#),
        ("two fields", twice, 400, invalid_request),
        ("two words", bearer("/me", "a b"), 400, invalid_request),
        ("not a token", bearer("/me", "abc"), 401, invalid_token),
        ("foreign key", bearer("/me", &foreign.token()), 401, invalid_token),
    ] {
        let refused = send!(app, request);
        assert_eq!(refused.status, status, "{row}");
        // Every field and every byte: nothing that tells one framework from another.
        let body: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
        assert_eq!(body["status"], status, "{row}");
        let fields = [("content-type", "application/problem+json"), ("www-authenticate", challenge)];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(refused.fields, fields, "{row}");
    }
}

#[actix_web::test]
async fn a_refusal_is_a_response_that_tells_its_reason_inside_the_server() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let app = test::init_service(App::new().wrap(auth).route("/me", web::get().to(me))).await;
    let response = test::try_call_service(&app, get("/me").to_request()).await.expect("not an error");
    assert!(response.response().error().is_none());
    assert_eq!(response.response().extensions().get::<Reason>(), Some(&Reason::NoCredentials));
}

#[actix_web::test]
async fn optional_rules_let_the_anonymous_through_and_no_bad_token() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone()).optional();
    let app = App::new().wrap(auth).route("/", web::get().to(HttpResponse::Ok));
    let app = test::init_service(app).await;
    assert_eq!(send!(app, get("/")).status, 200);
    assert_eq!(send!(app, bearer("/", "abc")).status, 401);
    assert_eq!(send!(app, bearer("/", &house.token())).status, 200);
}

#[actix_web::test]
async fn the_builder_reaches_the_rules() {
    let house = House::new();
    let carriers = Carriers::builder().with_cookie("session").insecure_query_token("t").build().unwrap();
    let auth = JwtAuth::new(house.verifier.clone())
        .with_carriers(carriers)
        .with_preflight()
        .with_challenge(Challenge::default().with_realm("orders").unwrap());
    let app = App::new().wrap(auth).route("/me", web::route().to(HttpResponse::Ok));
    let app = test::init_service(app).await;

    assert_eq!(send!(app, get("/me")).field("www-authenticate"), Some(r#"Bearer realm="orders""#));
    let cookie = get("/me").insert_header(("cookie", format!("a=b; session={}", house.token())));
    assert_eq!(send!(app, cookie.insert_header(("sec-fetch-site", "same-origin"))).status, 200);
    let forged = test::TestRequest::post()
        .uri("/me")
        .insert_header(("cookie", format!("session={}", house.token())))
        .insert_header(("sec-fetch-site", "cross-site"));
    assert_eq!(send!(app, forged).status, 403);
    let encoded = get("/me").insert_header(("cookie", format!("%73ession={}", house.token())));
    assert_eq!(send!(app, encoded).status, 401, "the cookie jar would have decoded the name");

    let query = send!(app, get(&format!("/me?t={}", house.token())));
    assert_eq!((query.status, query.field("cache-control")), (200, Some("private")));

    let preflight = test::TestRequest::default()
        .method(actix_web::http::Method::OPTIONS)
        .uri("/me")
        .insert_header(("origin", "https://app.example.com"))
        .insert_header(("access-control-request-method", "GET"));
    assert_eq!(send!(app, preflight).status, 200);
}

/// Passes or refuses by the path, and says something in a field either way.
struct Nonce;

impl Check for Nonce {
    fn name(&self) -> &'static str {
        "nonce"
    }

    fn check(&self, _: &Arc<Verified>, facts: &RequestFacts<'_>) -> CheckOutcome {
        match facts.path() {
            "/refused" => {
                let refusal = CheckRefusal::from(Reason::StoreUnavailable);
                CheckOutcome::Refuse(refusal.with_response_header("dpop-nonce", "2"))
            }
            _ => CheckOutcome::Pass(Passed::default().with_response_header("dpop-nonce", "1")),
        }
    }
}

#[actix_web::test]
async fn fields_of_checks_stand_on_every_response() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone()).with_check(Nonce);
    let fails = from_fn(|_, _| async { Err::<ServiceResponse<BoxBody>, _>(ErrorBadGateway("down")) });
    let app = App::new()
        .wrap(auth)
        .route("/ok", web::get().to(HttpResponse::Ok))
        .route("/error", web::get().to(async || Err::<String, _>(ErrorBadGateway("down"))))
        .service(web::scope("/middleware").wrap(fails));
    let app = test::init_service(app).await;
    let token = house.token();

    for (row, status, nonce) in
        [("/ok", 200, "1"), ("/error", 502, "1"), ("/absent", 404, "1"), ("/refused", 503, "2")]
    {
        let response = send!(app, bearer(row, &token));
        assert_eq!((response.status, response.field("dpop-nonce")), (status, Some(nonce)), "{row}");
    }
    let unavailable = send!(app, bearer("/refused", &token));
    assert_eq!(unavailable.field("retry-after"), Some("5"));
    assert_eq!(unavailable.field("www-authenticate"), None);

    // An error of a middleware inside stays one, and answers with the field once it is a response.
    let error = test::try_call_service(&app, bearer("/middleware/x", &token).to_request()).await;
    let error = error.expect_err("an error").error_response();
    assert_eq!(error.status(), 502);
    assert_eq!(error.headers().get("dpop-nonce").unwrap(), "1");
    assert_eq!(error.headers().get(header::CONTENT_TYPE).unwrap(), "text/plain; charset=utf-8");
}

#[actix_web::test]
async fn what_matches_no_route_is_refused_before_it_is_not_found() {
    let house = House::new();
    let app = test::init_service(App::new().wrap(JwtAuth::new(house.verifier.clone()))).await;
    let refused: Wire = send!(app, get("/absent"));
    assert_eq!(refused.status, 401);
    assert_eq!(send!(app, bearer("/absent", &house.token())).status, 404);
}

//! Bodies of refusals: ready-made, of one's own, and for gRPC.

use actix_web::http::{Version, header};
use actix_web::{App, HttpResponse, test, web};
use jwt_core::{Reason, Refusal};

use actix_jwt::{Bodyless, Claims, JwtAuth, ProblemJson, RefusalResponse};

use crate::support::{House, Tenant, bearer, get, send};

async fn needs_tenant(_: Claims<Tenant>) -> &'static str {
    "unreachable"
}

/// Says all the wrong things, which are then put right.
struct Liar;

impl RefusalResponse for Liar {
    fn respond(&self, refusal: &Refusal) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::WWW_AUTHENTICATE, "Basic"))
            .insert_header((header::RETRY_AFTER, "1"))
            .insert_header(("x-own", "kept"))
            .body(format!("own: {}", refusal.status()))
    }
}

#[actix_web::test]
async fn the_maker_of_bodies_cannot_change_what_the_refusal_is_about() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone()).with_refusal(Liar);
    let app = test::init_service(App::new().wrap(auth).route("/", web::get().to(needs_tenant))).await;
    // By the middleware, and by an extractor in its words.
    for (request, challenge) in [
        (get("/"), r#"Bearer realm="api""#),
        (
            bearer("/", &house.token()),
            r#"Bearer realm="api", error="invalid_token", error_description="The access token is not valid""#,
        ),
    ] {
        let refused = send!(app, request);
        let fields = [("www-authenticate", challenge), ("x-own", "kept")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!((refused.status, &*refused.body), (401, "own: 401"));
        assert_eq!(refused.fields, fields);
    }
}

#[actix_web::test]
async fn bodyless_refusals_have_no_body_and_closures_make_any() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let bodyless = App::new().wrap(auth.clone().with_refusal(Bodyless));
    let refused = send!(test::init_service(bodyless).await, get("/"));
    assert_eq!((refused.status, &*refused.body, refused.fields.len()), (401, "", 1));

    let closure = |refusal: &Refusal| HttpResponse::Ok().body(refusal.answer().description());
    let own = App::new().wrap(auth.clone().with_refusal(closure));
    let refused = send!(test::init_service(own).await, get("/"));
    assert_eq!((refused.status, &*refused.body), (401, "Authentication is required"));

    let back = App::new().wrap(auth.with_refusal(Bodyless).with_refusal(ProblemJson));
    let refused = send!(test::init_service(back).await, get("/"));
    assert_eq!(refused.field("content-type"), Some("application/problem+json"));
}

#[actix_web::test]
async fn grpc_requests_are_refused_in_trailers_only() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    // What a closure says of its body goes with the body.
    let wordy = |_: &Refusal| {
        let mut response = HttpResponse::Ok();
        response.insert_header(("content-length", "9")).insert_header(("content-encoding", "identity"));
        response.insert_header(("x-own", "kept")).body("own words")
    };
    let routes = |app: &mut web::ServiceConfig| {
        app.route("/", web::post().to(needs_tenant));
    };
    let app = test::init_service(App::new().wrap(auth.clone()).configure(routes)).await;
    let own = test::init_service(App::new().wrap(auth.with_refusal(wordy)).configure(routes)).await;
    let post = || {
        let call = test::TestRequest::post().version(Version::HTTP_2).insert_header(("te", "trailers"));
        call.insert_header(("content-type", "application/grpc+proto"))
    };
    let with_token = || post().insert_header(("authorization", format!("Bearer {}", house.token())));
    for (row, refused, message) in [
        ("middleware", send!(app, post()), "Authentication is required"),
        ("extractor", send!(app, with_token()), "The access token is not valid"),
        ("middleware, own", send!(own, post()), "Authentication is required"),
        ("extractor, own", send!(own, with_token()), "The access token is not valid"),
    ] {
        assert_eq!((refused.status, &*refused.body), (200, ""), "{row}");
        assert_eq!(refused.field("grpc-status"), Some("16"), "{row}");
        assert_eq!(refused.field("grpc-message"), Some(message), "{row}");
        assert_eq!(refused.field("content-type"), Some("application/grpc"), "{row}");
        assert!(refused.field("www-authenticate").is_some(), "{row}");
        assert_eq!(refused.field("x-own").is_some(), row.ends_with("own"), "{row}");
        assert_eq!(refused.field("content-length"), None, "{row}");
        assert_eq!(refused.field("content-encoding"), None, "{row}");
    }
}

#[actix_web::test]
async fn the_reason_of_an_extractors_refusal_is_in_the_response() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let app = test::init_service(App::new().wrap(auth).route("/", web::get().to(needs_tenant))).await;
    let response = test::call_service(&app, bearer("/", &house.token()).to_request()).await;
    assert_eq!(response.response().extensions().get::<Reason>(), Some(&Reason::ClaimsShape));
}

//! What a service behind the layer shows of a request's fields: no token, however it came, and all the rest.

#![allow(clippy::unwrap_used, reason = "what fails in here fails a test")]

use core::convert::Infallible;
use std::sync::{Arc, Mutex};

use actix_web::dev::{Service as _, ServiceRequest};
use actix_web::test::{TestRequest, init_service};
use axum_jwt::StateClaims;
use http::{HeaderMap, Request, Response};
use jwt_core::request::Carriers;
use jwt_core::{Check, CheckOutcome, ManualClock, Passed, RequestAuth, Verified, Verifier};
use tests::tokens::{AUDIENCE, ISSUER, NOW, alice, keys};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_jwt::JwtAuth;

/// Tokens in every kind of field, required or not.
fn rules() -> RequestAuth {
    let verifier = Verifier::builder().with_key(&keys().es256).with_audience(AUDIENCE).with_issuer(ISSUER);
    let carriers = Carriers::builder().with_cookie("access").with_header("X-Token").with_websocket_protocol();
    RequestAuth::new(verifier.build().unwrap().with_clock(ManualClock::at(NOW)))
        .with_carriers(carriers.build().unwrap())
        .optional()
}

type Field = (&'static str, String);

/// A secret, and the fields that bear it.
fn rows() -> Vec<(String, Vec<Field>)> {
    let token = alice();
    let with = |fields: Vec<Field>| (token.clone(), fields);
    vec![
        with(vec![("authorization", format!("Bearer {token}"))]),
        // In one field, and in one of several, as HTTP/2 may have it.
        with(vec![("cookie", format!("a=b; access={token}"))]),
        with(vec![("cookie", "a=b".into()), ("cookie", "c=d".into()), ("cookie", format!("access={token}"))]),
        with(vec![("x-token", token.clone())]),
        with(vec![("upgrade", "websocket".into()), ("sec-websocket-protocol", format!("bearer, {token}"))]),
        // No token of ours, and a secret all the same.
        ("YWxpY2U6c2VjcmV0".into(), vec![("authorization", "Basic YWxpY2U6c2VjcmV0".into())]),
    ]
}

fn request(fields: &[Field]) -> Request<axum::body::Body> {
    let request = Request::get("/me").header("accept", "text/plain");
    let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, value));
    request.body(axum::body::Body::empty()).unwrap()
}

/// Nothing of the secret is shown, nothing is changed, and nothing else is hidden.
fn assert_hidden(headers: &HeaderMap, secret: &str, fields: &[Field], row: &str) {
    let shown = format!("{headers:?}");
    assert!(!shown.contains(secret) && shown.contains("Sensitive"), "{row}: {shown}");
    assert!(shown.contains("text/plain"), "{row}: {shown}");
    for (name, value) in fields {
        assert!(headers.get_all(*name).iter().any(|found| found == value), "{row}: {name}");
    }
}

#[tokio::test]
async fn behind_the_layer_no_debug_of_the_fields_shows_a_token() {
    for (row, (secret, fields)) in rows().into_iter().enumerate() {
        let before = format!("{:?}", request(&fields).headers());
        assert!(before.contains(&secret), "{row}: {before}");
        let seen = Arc::new(Mutex::new(None));
        let keep = seen.clone();
        let inner = service_fn(move |request: Request<axum::body::Body>| {
            *keep.lock().unwrap() = Some(request.headers().clone());
            async { Ok::<_, Infallible>(Response::new(String::new())) }
        });
        let response = JwtAuth::new(rules()).layer(inner).oneshot(request(&fields)).await.unwrap();
        assert_eq!(response.status(), 200, "{row}");
        let headers = seen.lock().unwrap().take().unwrap();
        assert_hidden(&headers, &secret, &fields, &format!("tower, row {row}"));
    }
}

#[tokio::test]
async fn what_may_bear_no_token_is_shown() {
    let rules = rules().with_carriers(Carriers::default());
    let seen = Arc::new(Mutex::new(String::new()));
    let keep = seen.clone();
    let inner = service_fn(move |request: Request<axum::body::Body>| {
        *keep.lock().unwrap() = format!("{:?}", request.headers());
        async { Ok::<_, Infallible>(Response::new(String::new())) }
    });
    let fields = [("cookie", "theme=dark".to_owned()), ("x-token", "of something else".to_owned())];
    JwtAuth::new(rules).layer(inner).oneshot(request(&fields)).await.unwrap();
    let shown = seen.lock().unwrap().clone();
    assert!(shown.contains("theme=dark") && shown.contains("of something else"), "{shown}");
}

#[tokio::test]
async fn in_axum_a_handler_sees_none_by_layer_or_by_state() {
    let page = async |headers: HeaderMap| format!("{headers:?}");
    let by_state = async |_: Option<StateClaims>, headers: HeaderMap| format!("{headers:?}");
    for (row, (secret, fields)) in rows().into_iter().enumerate() {
        let auth = JwtAuth::new(rules());
        let layered = axum::Router::new().route("/me", axum::routing::get(page)).layer(auth.clone());
        let stated = axum::Router::new().route("/me", axum::routing::get(by_state)).with_state(auth);
        for (way, app) in [("layer", layered), ("state", stated)] {
            let response = app.oneshot(request(&fields)).await.unwrap();
            assert_eq!(response.status(), 200, "{row} {way}");
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let shown = String::from_utf8(body.to_vec()).unwrap();
            assert!(!shown.contains(&secret) && shown.contains("Sensitive"), "{row} {way}: {shown}");
        }
    }
}

/// actix-web hides two fields where it shows an `HttpRequest` and none where it shows a `ServiceRequest`, and
/// marking them would panic where somebody outside holds a copy of the request. This tells when that changes.
#[test]
fn in_actix_what_is_hidden_is_up_to_the_framework() {
    actix_web::rt::System::new().block_on(what_actix_web_shows());
}

async fn what_actix_web_shows() {
    for (row, (secret, fields)) in rows().into_iter().enumerate() {
        let app = actix_web::App::new().wrap(actix_jwt::JwtAuth::new(rules())).route(
            "/me",
            actix_web::web::get().to(async |request: actix_web::HttpRequest| format!("{request:?}")),
        );
        let app = init_service(app).await;
        let request = TestRequest::get().uri("/me");
        let request = fields.iter().fold(request, |request, field| request.append_header(field.clone()));
        let response = app.call(request.to_request()).await.unwrap();
        let shown = actix_web::test::read_body(response).await;
        let is_shown = String::from_utf8_lossy(&shown).contains(&secret);
        let is_hidden_by_actix = ["authorization", "cookie"].contains(&fields.last().unwrap().0);
        assert_eq!(is_shown, !is_hidden_by_actix, "{row}");

        let request = TestRequest::get().uri("/me");
        let request = fields.iter().fold(request, |request, field| request.append_header(field.clone()));
        let request: ServiceRequest = request.to_srv_request();
        assert!(format!("{request:?}").contains(&secret), "{row}");
    }
}

/// Sends a cookie with every response.
struct Session;

impl Check for Session {
    fn name(&self) -> &'static str {
        "session"
    }

    fn check(&self, _: &Arc<Verified>, _: &jwt_core::request::RequestFacts<'_>) -> CheckOutcome {
        CheckOutcome::Pass(Passed::default().with_response_header("set-cookie", "session=of-alice"))
    }
}

#[test]
fn a_cookie_that_a_check_sets_is_not_shown_either() {
    actix_web::rt::System::new().block_on(set_cookies());
}

async fn set_cookies() {
    let (auth, bearer) = (rules().with_check(Session), format!("Bearer {}", alice()));
    let inner =
        service_fn(async |_: Request<axum::body::Body>| Ok::<_, Infallible>(Response::new(String::new())));
    let request = request(&[("authorization", bearer.clone())]);
    let response = JwtAuth::new(auth.clone()).layer(inner).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["set-cookie"], "session=of-alice");
    assert!(!format!("{response:?}").contains("of-alice"), "{response:?}");

    let app = actix_web::App::new()
        .wrap(actix_jwt::JwtAuth::new(auth))
        .route("/me", actix_web::web::get().to(async || ""));
    let app = init_service(app).await;
    let request = TestRequest::get().uri("/me").insert_header(("authorization", bearer));
    let response = app.call(request.to_request()).await.unwrap();
    assert_eq!(response.headers().get("set-cookie").unwrap(), "session=of-alice");
    assert!(!format!("{:?}", response.headers()).contains("of-alice"));
}

//! What operators are told of requests, and clients are not.

use actix_web::App;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use jwt_core::RequestAuth;
use tests::tokens::{Forged, NOW, alice};
use tests::wire::{Request, exchange};
use tower::ServiceExt as _;

use super::{Table, routes, rules};
use crate::logged;

/// Who asks for a layer, by what each framework calls it.
const WITHOUT_LAYER: [(&str, [&str; 3]); 7] = [
    ("/unlayered", ["a tower service", "Claims", "Claims"]),
    ("/unlayered-require", ["Require"; 3]),
    ("/unlayered-authorized", ["a tower service", "Authorized", "Authorized"]),
    ("/unlayered-optional", ["a tower service", "Option<Claims>", "MaybeClaims"]),
    ("/unlayered-token", ["a tower service", "VerifiedToken", "VerifiedToken"]),
    ("/unlayered-owned", ["a tower service", "Option<VerifiedToken>", "MaybeToken"]),
    ("/require-outside", ["Require"; 3]),
];

#[test]
fn the_log_says_who_misses_which_layer_and_the_client_learns_nothing() {
    let (log, _) = logged::everything();
    let table = Table::new("who misses a layer", &routes(&rules("")));
    for (path, names) in WITHOUT_LAYER {
        for ((framework, server), wanted_by) in table.servers().iter().zip(names) {
            let mark = log.mark();
            let response = exchange(server.address(), &Request::get(path).bearer(&alice()));
            assert_eq!(response.status, 500, "{path} {framework}");
            let told = response.raw.escape_ascii().to_string();
            for word in ["JwtAuth", "layer", wanted_by] {
                assert!(!told.contains(word), "{path} {framework}: {told}");
            }
            let lines = log.since(mark);
            let parts = [
                "ERROR jwt_core",
                r#"reason="missing_layer""#,
                &format!("wanted_by={wanted_by:?}"),
                "`.layer(JwtAuth::new(…))`",
                "`.wrap(…)`",
            ];
            let is_told = lines.iter().any(|line| parts.iter().all(|part| line.contains(part)));
            assert!(is_told, "{path} {framework}: {lines:?}");
        }
    }
}

/// Asks each framework's own `JwtAuth` once, and says with which status it answered.
fn ask_each(
    rules: &RequestAuth,
    recording: bool,
    token: impl Fn(&str) -> String,
) -> [(&'static str, u16); 3] {
    let request = |framework| {
        let request = http::Request::get("/").header("authorization", format!("Bearer {}", token(framework)));
        request.body(Body::empty()).unwrap()
    };
    let auth = || {
        let auth = axum_jwt::JwtAuth::new(rules.clone());
        if recording { auth.record_subject() } else { auth }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let tower = runtime.block_on(async {
        let inner = tower::service_fn(async |_| {
            Ok::<_, core::convert::Infallible>(http::Response::new(Body::empty()))
        });
        tower::Layer::layer(&auth(), inner).oneshot(request("tower")).await.unwrap().status().as_u16()
    });
    let axum = runtime.block_on(async {
        let app = Router::new().route("/", get(async |_: axum_jwt::Claims| ())).layer(auth());
        app.oneshot(request("axum")).await.unwrap().status().as_u16()
    });
    let actix = actix_web::rt::System::new().block_on(async {
        let auth = actix_jwt::JwtAuth::new(rules.clone());
        let auth = if recording { auth.record_subject() } else { auth };
        let handler = actix_web::web::get().to(async |_: actix_jwt::Claims| "");
        let app = actix_web::test::init_service(App::new().wrap(auth).route("/", handler)).await;
        let field = ("authorization", format!("Bearer {}", token("actix")));
        let request = actix_web::test::TestRequest::get().insert_header(field).to_request();
        actix_web::test::call_service(&app, request).await.status().as_u16()
    });
    [("tower", tower), ("axum", axum), ("actix", actix)]
}

#[test]
fn a_subject_is_logged_where_that_was_asked_for_of_good_tokens_and_nowhere_else() {
    let (log, _) = logged::everything();
    let rules = rules("");
    for (recording, expiry, status, recorded) in [
        (false, NOW + 60, 200, false),
        (true, NOW + 60, 200, true),
        (false, NOW - 60, 401, false),
        (true, NOW - 60, 401, false),
    ] {
        let subject = |framework: &str| format!("subject-in-{framework}-{recording}-{status}");
        let token =
            |framework: &str| Forged::new().claim("sub", subject(framework)).claim("exp", expiry).sign();
        let mark = log.mark();
        let answered = ask_each(&rules, recording, token);
        let lines = log.since(mark);
        for (framework, found) in answered {
            assert_eq!(found, status, "{framework}");
            let naming: Vec<_> = lines.iter().filter(|line| line.contains(&subject(framework))).collect();
            let (start, field) = ("INFO jwt_core", format!("subject={:?}", subject(framework)));
            match naming.as_slice() {
                [] if !recorded => {}
                [line] if recorded => assert!(
                    line.starts_with(start)
                        && line.contains(&field)
                        && line.contains("request authenticated"),
                    "{framework}: {line}"
                ),
                _ => panic!("{framework}, recording: {recording}, status: {status}: {naming:?}"),
            }
        }
        let word = if status == 200 { "request authenticated" } else { "request refused" };
        let told = lines.iter().filter(|line| line.contains(word)).count();
        assert!(told >= answered.len(), "{word}: {lines:?}");
    }
}

//! The extractors, behind the middleware and without it.

use std::sync::{Arc, Mutex};

use actix_web::dev::Service;
use actix_web::{App, FromRequest, HttpMessage, HttpRequest, HttpResponse, test, web};
use jwt_core::{Authentication, Permission, Reason, Requirement};

use actix_jwt::{AuthRejection, Authorized, Claims, JwtAuth, MaybeClaims, MaybeToken, VerifiedToken};

use crate::support::{Expiry, House, Tenant, User, bearer, get, send};

struct Admin;

impl Permission for Admin {
    const REQUIREMENT: Requirement = Requirement::scope("admin");
}

async fn claims(user: Claims<User>) -> String {
    let issuer = Claims::verified(&user).issuer().unwrap_or_default().to_owned();
    format!("{} of {issuer}", Claims::into_arc(user).sub)
}

async fn registered(user: Claims) -> String {
    user.sub.clone().unwrap_or_default()
}

async fn maybe(user: MaybeClaims<User>) -> String {
    assert_eq!(user.is_some(), user.clone().into_inner().is_some());
    user.as_ref().map_or("anonymous".to_owned(), |user| user.sub.clone())
}

async fn tenant(_: Claims<Tenant>) -> &'static str {
    "unreachable"
}

async fn maybe_tenant(_: MaybeClaims<Tenant>) -> &'static str {
    "unreachable"
}

async fn admin(user: Authorized<Admin, User>) -> String {
    assert!(Authorized::verified(&user).has_scope("admin"));
    Authorized::into_claims(user).sub.clone()
}

async fn token(token: VerifiedToken) -> String {
    VerifiedToken::into_arc(token).subject().unwrap_or_default().to_owned()
}

async fn maybe_token(token: MaybeToken) -> String {
    token.as_ref().and_then(|token| token.subject()).unwrap_or("anonymous").to_owned()
}

async fn several(user: Claims<User>, expiry: Claims<Expiry>, token: VerifiedToken) -> HttpResponse {
    let one = Arc::ptr_eq(Claims::verified(&user), &VerifiedToken::into_arc(token));
    HttpResponse::Ok().body(format!("{one} {}", expiry.exp > 0))
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/claims", web::get().to(claims))
        .route("/registered", web::get().to(registered))
        .route("/maybe", web::get().to(maybe))
        .route("/tenant", web::get().to(tenant))
        .route("/maybe-tenant", web::get().to(maybe_tenant))
        .route("/admin", web::get().to(admin))
        .route("/token", web::get().to(token))
        .route("/maybe-token", web::get().to(maybe_token))
        .route("/several", web::get().to(several));
}

/// Behind the middleware and by `app_data` in both forms, the answers are the same bytes.
#[actix_web::test]
async fn every_extractor_answers_alike_with_and_without_the_middleware() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone()).optional();
    let wrapped = test::init_service(App::new().wrap(auth.clone()).configure(routes)).await;
    let plain = test::init_service(App::new().app_data(auth.clone()).configure(routes)).await;
    let data = test::init_service(App::new().app_data(web::Data::new(auth)).configure(routes)).await;
    let (user, boss) = (house.token(), house.alice().with_scope("admin").sign().unwrap());

    for (row, path, presented, status, body) in [
        ("claims", "/claims", Some(&user), 200, Some("alice of https://id.example.com/")),
        ("claims, anonymous", "/claims", None, 401, None),
        ("registered", "/registered", Some(&user), 200, Some("alice")),
        ("maybe", "/maybe", Some(&user), 200, Some("alice")),
        ("maybe, anonymous", "/maybe", None, 200, Some("anonymous")),
        ("another shape", "/tenant", Some(&user), 401, None),
        ("maybe, another shape", "/maybe-tenant", Some(&user), 401, None),
        ("admin", "/admin", Some(&boss), 200, Some("alice")),
        ("no admin", "/admin", Some(&user), 403, None),
        ("admin, anonymous", "/admin", None, 401, None),
        ("token", "/token", Some(&user), 200, Some("alice")),
        ("token, anonymous", "/token", None, 401, None),
        ("maybe token", "/maybe-token", Some(&user), 200, Some("alice")),
        ("maybe token, anonymous", "/maybe-token", None, 200, Some("anonymous")),
        ("several", "/several", Some(&user), 200, Some("true true")),
    ] {
        let request = || presented.map_or_else(|| get(path), |token| bearer(path, token));
        let first = send!(wrapped, request());
        assert_eq!(first.status, status, "{row}: {first:?}");
        if let Some(body) = body {
            assert_eq!(first.body, body, "{row}");
        } else {
            assert_eq!(first.field("content-type"), Some("application/problem+json"), "{row}");
            assert!(first.field("www-authenticate").is_some(), "{row}");
        }
        assert_eq!(send!(plain, request()), first, "{row}, by app_data");
        assert_eq!(send!(data, request()), first, "{row}, by web::Data");
    }
    let forbidden = send!(wrapped, bearer("/admin", &user));
    assert!(forbidden.field("www-authenticate").unwrap().contains(r#"scope="admin""#));
}

#[actix_web::test]
async fn a_handle_in_app_data_refuses_as_the_middleware_does() {
    let house = House::new();
    let words = JwtAuth::new(house.verifier.clone())
        .with_refusal(|refusal: &jwt_core::Refusal| HttpResponse::Ok().body(refusal.reason().code()));
    let routes = || web::resource("/").to(async |_: Claims| "in");
    let wrapped = test::init_service(App::new().wrap(words.clone()).service(routes())).await;
    let plain = test::init_service(App::new().app_data(words).service(routes())).await;
    for request in [|| get("/"), || bearer("/", "abc"), || bearer("/", "a b")] {
        let refused = send!(plain, request());
        assert!(refused.status >= 400);
        assert_eq!(refused, send!(wrapped, request()));
    }
}

#[actix_web::test]
async fn what_an_extractor_found_stays_in_the_request() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let request = bearer("/", &house.token()).app_data(auth.clone()).to_http_request();
    Claims::<User>::extract(&request).await.unwrap();
    Claims::<Expiry>::extract(&request).await.unwrap();
    VerifiedToken::extract(&request).await.unwrap();
    assert_eq!(house.signatures_checked(), 1);
    assert!(request.extensions().get::<Authentication>().is_some());
}

#[actix_web::test]
async fn an_extractor_under_other_rules_verifies_anew() {
    let (house, other) = (House::new(), House::of("https://other.example.com/"));
    let (outer, inner) = (JwtAuth::new(house.verifier.clone()), JwtAuth::new(other.verifier.clone()));
    let app = App::new()
        .app_data(outer)
        // An extraction under the outer handle, before the scope with its own.
        .wrap_fn(|mut request, service| {
            let extracted = request.extract::<Claims>();
            let next = service.call(request);
            async move {
                assert!(extracted.await.is_ok(), "the outer handle accepts");
                next.await
            }
        })
        .service(web::scope("/inner").app_data(inner).route("", web::get().to(registered)));
    let app = test::init_service(app).await;
    assert_eq!(send!(app, bearer("/inner", &house.token())).status, 401);
}

/// The hole in actix-web's blanket impl, which this crate cannot close: it is here so that the
/// documentation stays true, and so that it is noticed should actix-web close it.
#[actix_web::test]
async fn option_of_claims_swallows_every_error() {
    async fn hole(user: Option<Claims<Tenant>>) -> &'static str {
        if user.is_some() { "some" } else { "none" }
    }
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let route = || web::get().to(hole);

    let bare = test::init_service(App::new().route("/", route())).await;
    assert_eq!(send!(bare, get("/")).body, "none", "a missing set-up");
    let plain = test::init_service(App::new().app_data(auth.clone()).route("/", route())).await;
    assert_eq!(send!(plain, bearer("/", "forged")).body, "none", "a bad token");
    let wrapped = test::init_service(App::new().wrap(auth).route("/", route())).await;
    assert_eq!(send!(wrapped, bearer("/", &house.token())).body, "none", "claims of another shape");
    // Behind the middleware a bad token does not get that far.
    assert_eq!(send!(wrapped, bearer("/", "forged")).status, 401);
}

#[actix_web::test]
async fn a_result_shows_the_rejection() {
    async fn me(user: Result<Claims<Tenant>, AuthRejection>) -> String {
        let rejection = user.unwrap_err();
        assert_eq!(format!("{rejection:?}"), "AuthRejection(ClaimsShape)");
        assert_eq!(rejection.to_string(), Reason::ClaimsShape.to_string());
        format!("{} {}", rejection.status(), rejection.reason().code())
    }
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let app = test::init_service(App::new().wrap(auth).route("/", web::get().to(me))).await;
    assert_eq!(send!(app, bearer("/", &house.token())).body, "401 claims_shape");
}

#[actix_web::test]
async fn without_middleware_and_handle_the_answer_is_500_and_the_fix_is_in_the_log() {
    let app = test::init_service(App::new().configure(routes)).await;
    for path in
        ["/claims", "/maybe", "/tenant", "/admin", "/token", "/maybe-token", "/several", "/maybe-tenant"]
    {
        let answer = send!(app, get(path));
        assert_eq!(answer.status, 500, "{path}");
        assert_eq!(answer.fields, [("content-type".to_owned(), "application/problem+json".to_owned())]);
        assert!(!answer.body.contains("JwtAuth"), "{path}: the cause is not for the client");
    }
    let log = Log::default();
    let request = get("/").to_http_request();
    let guard = tracing::subscriber::set_default(log.clone());
    let rejection = Claims::<User>::extract(&request).await.unwrap_err();
    drop(guard);
    assert_eq!(rejection.reason(), Reason::MissingLayer);
    let lines = log.0.lock().unwrap().join("\n");
    assert!(lines.contains(".wrap(") && lines.contains("Claims"), "{lines}");
}

#[actix_web::test]
async fn the_authentication_is_there_for_extractors_of_ones_own() {
    async fn own(request: HttpRequest) -> HttpResponse {
        let extensions = request.extensions();
        let refusal = extensions.get::<Authentication>().unwrap().authorize(&Admin::REQUIREMENT).unwrap_err();
        actix_jwt::refuse(&request, &refusal)
    }
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone())
        .with_refusal(|_: &jwt_core::Refusal| HttpResponse::Ok().body("in our words"));
    let app = test::init_service(App::new().wrap(auth).route("/", web::get().to(own))).await;
    let refused = send!(app, bearer("/", &house.token()));
    assert_eq!((refused.status, &*refused.body), (403, "in our words"));
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Line(String);
        impl tracing::field::Visit for Line {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn core::fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?} "));
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

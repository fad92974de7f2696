//! One verifier for all, and one signature check per request.

use actix_web::{App, test, web};
use jwt_core::{Permission, Requirement};

use actix_jwt::{Authorized, Claims, JwtAuth, MaybeClaims, Require, VerifiedToken};

use crate::support::{Expiry, House, User, bearer, send};

struct Reader;

impl Permission for Reader {
    const REQUIREMENT: Requirement = Requirement::scope("read");
}

async fn many(
    user: Claims<User>,
    expiry: Claims<Expiry>,
    reader: Authorized<Reader, User>,
    maybe: MaybeClaims<Expiry>,
    token: VerifiedToken,
) -> String {
    assert!(expiry.exp > 0 && maybe.is_some() && token.has_scope("read"));
    format!("{} {}", user.sub, reader.sub)
}

#[actix_web::test]
async fn one_request_costs_one_signature_check_in_any_worker() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let token = house.alice().with_scope("read").sign().unwrap();
    // What each worker of `HttpServer::new` calls.
    let factory = move || {
        let route = web::resource("/").wrap(Require::scope("read")).route(web::get().to(many));
        App::new().wrap(auth.clone()).service(route)
    };
    for worker in 1..=3 {
        let app = test::init_service(factory()).await;
        assert_eq!(send!(app, bearer("/", &token)).body, "alice alice");
        assert_eq!(house.signatures_checked(), worker);
    }
}

#[actix_web::test]
async fn without_the_middleware_it_is_one_check_too() {
    let house = House::new();
    let token = house.alice().with_scope("read").sign().unwrap();
    let auth = JwtAuth::new(house.verifier.clone());
    let app = test::init_service(App::new().app_data(auth).route("/", web::get().to(many))).await;
    assert_eq!(send!(app, bearer("/", &token)).body, "alice alice");
    assert_eq!(house.signatures_checked(), 1);
}

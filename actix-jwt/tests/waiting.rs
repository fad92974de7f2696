//! Decisions that come later.

use core::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::Service;
use actix_web::{App, FromRequest, test, web};
use jwt_core::request::RequestFacts;
use jwt_core::{Check, CheckOutcome, Passed, Reason, Verified};

use actix_jwt::{Claims, JwtAuth, VerifiedToken};

use crate::support::{Expiry, Gate, House, Slow, User, Wire, bearer, get, is_pending, send};

async fn me(user: Claims<User>) -> String {
    user.sub.clone()
}

#[actix_web::test]
async fn the_service_is_called_once_the_decision_is_there() {
    let (house, gate) = (House::new(), Gate::default());
    let auth = JwtAuth::new(Slow::new(&house, &gate));
    let calls = Arc::<AtomicUsize>::default();
    let app = App::new()
        .wrap_fn({
            let calls = calls.clone();
            move |request, service| {
                calls.fetch_add(1, Ordering::SeqCst);
                service.call(request)
            }
        })
        .wrap(auth)
        .route("/me", web::get().to(me));
    let app = test::init_service(app).await;

    let mut good = pin!(app.call(bearer("/me", &house.token()).to_request()));
    let mut bad = pin!(app.call(bearer("/me", &House::new().token()).to_request()));
    assert!(is_pending(good.as_mut()).await && is_pending(bad.as_mut()).await);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    // Others are served meanwhile.
    assert_eq!(send!(app, get("/me")).status, 401);

    gate.open();
    let good = Wire::of(good.await.unwrap()).await;
    assert_eq!((good.status, &*good.body), (200, "alice"));
    let bad = Wire::of(bad.await.unwrap()).await;
    assert_eq!((bad.status, bad.field("content-type")), (401, Some("application/problem+json")));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_request_that_is_dropped_while_it_waits_leaves_nothing_behind() {
    let (house, gate) = (House::new(), Gate::default());
    let kept = Rc::new(());
    let auth = JwtAuth::new(Slow::new(&house, &gate));
    let app = test::init_service(App::new().wrap(auth).route("/me", web::get().to(me))).await;
    {
        let request = bearer("/me", &house.token()).to_request();
        actix_web::HttpMessage::extensions_mut(&request).insert(kept.clone());
        let mut waiting = pin!(app.call(request));
        assert!(is_pending(waiting.as_mut()).await);
    }
    assert_eq!(Rc::strong_count(&kept), 1, "the request is gone");
    gate.open();
    assert_eq!(house.signatures_checked(), 0);
    assert_eq!(send!(app, bearer("/me", &house.token())).body, "alice");
}

/// A single-use token: the second look at it is a replay.
#[derive(Default)]
struct Once(AtomicUsize);

impl Check for Once {
    fn name(&self) -> &'static str {
        "once"
    }

    fn check(&self, _: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        CheckOutcome::Wait(Box::pin(async move {
            if first { Ok(Passed::default()) } else { Err(Reason::Replayed.into()) }
        }))
    }
}

#[actix_web::test]
async fn extractors_without_the_middleware_wait_for_one_decision() {
    async fn several(user: Claims<User>, expiry: Claims<Expiry>, token: VerifiedToken) -> String {
        format!("{} {} {}", user.sub, expiry.exp > 0, token.subject().is_some())
    }
    let (house, gate) = (House::new(), Gate::default());
    let slow = Slow::new(&house, &gate);
    let asked = slow.asked.clone();
    let auth = JwtAuth::new(slow).with_check(Once::default());
    let app = test::init_service(App::new().app_data(auth).route("/", web::get().to(several))).await;

    let mut response = pin!(app.call(bearer("/", &house.token()).to_request()));
    assert!(is_pending(response.as_mut()).await);
    gate.open();
    assert_eq!(Wire::of(response.await.unwrap()).await.body, "alice true true");
    assert_eq!((asked.load(Ordering::SeqCst), house.signatures_checked()), (1, 1));
    assert_eq!(send!(app, bearer("/", &house.token())).status, 401, "the next request is a replay");
}

#[actix_web::test]
async fn one_waiting_extractor_may_be_dropped_and_the_other_goes_on() {
    let (house, gate) = (House::new(), Gate::default());
    let slow = Slow::new(&house, &gate);
    let asked = slow.asked.clone();
    let request = bearer("/", &house.token()).app_data(JwtAuth::new(slow)).to_http_request();
    let mut other = pin!(Claims::<Expiry>::extract(&request));
    {
        let mut first = pin!(Claims::<User>::extract(&request));
        assert!(is_pending(first.as_mut()).await && is_pending(other.as_mut()).await);
    }
    gate.open();
    assert!(other.await.unwrap().exp > 0);
    assert_eq!(VerifiedToken::extract(&request).await.unwrap().subject(), Some("alice"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_refusal_is_kept_for_the_next_extractor() {
    let (house, gate) = (House::new(), Gate::default());
    gate.open();
    let slow = Slow::new(&house, &gate);
    let asked = slow.asked.clone();
    let request = bearer("/", "abc").app_data(JwtAuth::new(slow)).to_http_request();
    for _ in 0..3 {
        assert_eq!(Claims::<User>::extract(&request).await.unwrap_err().status(), 401);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    let auth = JwtAuth::new(house.verifier.clone());
    let foreign = House::new().issuer.token().with_subject("eve").sign().unwrap();
    let request = bearer("/", &foreign).app_data(auth).to_http_request();
    for _ in 0..3 {
        assert_eq!(Claims::<User>::extract(&request).await.unwrap_err().reason(), Reason::BadSignature);
    }
    assert_eq!(house.signatures_checked(), 1);
}

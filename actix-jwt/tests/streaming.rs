//! Bodies pass untouched, in both directions.

use core::task::Poll;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, test, web};
use futures_util::stream;

use actix_jwt::JwtAuth;

use crate::support::{House, bearer, get};

/// A body of three chunks that counts how often it is asked for one.
fn chunks(polls: &Arc<AtomicUsize>) -> Payload {
    let (polls, mut left) = (polls.clone(), 0..3);
    let chunks = stream::poll_fn(move |_| {
        polls.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(left.next().map(|_| Ok::<_, PayloadError>(Bytes::from_static(b"chunk "))))
    });
    Payload::Stream { payload: Box::pin(chunks) }
}

#[actix_web::test]
async fn a_stream_stays_a_stream_and_a_refused_one_is_not_read() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let echo = async |payload: web::Payload| HttpResponse::Ok().streaming(payload);
    let app = test::init_service(App::new().wrap(auth).route("/", web::get().to(echo))).await;

    let polls = Arc::<AtomicUsize>::default();
    let request = bearer("/", &house.token()).to_request().replace_payload(chunks(&polls)).0;
    let response = test::call_service(&app, request).await;
    assert_eq!(polls.load(Ordering::SeqCst), 0, "nothing was read ahead");
    assert_eq!(response.response().body().size(), BodySize::Stream);
    assert_eq!(test::read_body(response).await, "chunk chunk chunk ");

    let polls = Arc::<AtomicUsize>::default();
    let request = get("/").to_request().replace_payload(chunks(&polls)).0;
    assert_eq!(test::call_service(&app, request).await.status(), 401);
    assert_eq!(polls.load(Ordering::SeqCst), 0);
}

#[actix_web::test]
async fn a_body_of_known_size_keeps_it() {
    let house = House::new();
    let auth = JwtAuth::new(house.verifier.clone());
    let app = test::init_service(App::new().wrap(auth).route("/", web::get().to(async || "four"))).await;
    let response = test::call_service(&app, bearer("/", &house.token()).to_request()).await;
    assert_eq!(response.response().body().size(), BodySize::Sized(4));
}

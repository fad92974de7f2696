//! What the middleware adds to verifying: `cargo bench -p actix-jwt --bench overhead`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark without its token has nothing to measure"
)]

use core::future::{Future, ready};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::hint::black_box;

use actix_jwt::JwtAuth;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, Transform, fn_service};
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::test::TestRequest;
use actix_web::{Error, HttpResponse};
use criterion::{BatchSize, Criterion};
use jwt_core::{Algorithm, Issuer, SigningKey, Verifier};

/// Answers with nothing.
fn empty() -> impl Service<ServiceRequest, Response = ServiceResponse, Error = Error> {
    let answer =
        |request: ServiceRequest| ready(Ok::<_, Error>(request.into_response(HttpResponse::Ok().finish())));
    now(fn_service(answer).new_service(())).unwrap()
}

fn main() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    let token = issuer.build().unwrap().token().with_subject("alice").with_scope("read").sign().unwrap();
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
    let verifier = verifier.build().unwrap();
    let authorization: HeaderValue = format!("Bearer {token}").parse().unwrap();
    // Making a request of actix-web costs more than all that is measured, and is left out.
    let request =
        || TestRequest::get().insert_header((AUTHORIZATION, authorization.clone())).to_srv_request();

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("overhead");
    group.bench_function("verify", |bencher| bencher.iter(|| verifier.verify(black_box(&token))));
    let bare = empty();
    group.bench_function("bare", |bencher| {
        bencher.iter_batched(request, |request| serve(&bare, request), BatchSize::SmallInput);
    });
    let layered = now(JwtAuth::new(verifier.clone()).new_transform(empty())).unwrap();
    group.bench_function("middleware", |bencher| {
        bencher.iter_batched(request, |request| serve(&layered, request), BatchSize::SmallInput);
    });
    group.finish();
    criterion.final_summary();
}

fn serve<B>(
    service: &impl Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    request: ServiceRequest,
) -> bool {
    now(service.call(request)).is_ok_and(|response| response.status() == 200)
}

/// What is there at once.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing is to be waited for"),
    }
}

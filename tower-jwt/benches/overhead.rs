//! What the layer adds to verifying: `cargo bench -p tower-jwt --bench overhead`.
#![expect(clippy::unwrap_used, reason = "a benchmark without its token has nothing to measure")]

use core::convert::Infallible;
use core::future::{Ready, ready};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::hint::black_box;

use criterion::Criterion;
use http::{Request, Response};
use jwt_core::{Algorithm, Issuer, SigningKey, Verifier};
use tower::{Layer, Service};
use tower_jwt::JwtAuth;

/// Answers with nothing.
#[derive(Clone)]
struct Empty;

impl Service<Request<()>> for Empty {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(String::new())))
    }
}

fn main() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    let token = issuer.build().unwrap().token().with_subject("alice").with_scope("read").sign().unwrap();
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
    let verifier = verifier.build().unwrap();
    let authorization: http::HeaderValue = format!("Bearer {token}").parse().unwrap();

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("overhead");
    group.bench_function("verify", |bencher| bencher.iter(|| verifier.verify(black_box(&token))));
    group.bench_function("bare", |bencher| bencher.iter(|| serve(&mut Empty, &authorization)));
    let mut service = JwtAuth::new(verifier.clone()).layer(Empty);
    group.bench_function("layer", |bencher| bencher.iter(|| serve(&mut service, &authorization)));
    group.finish();
    criterion.final_summary();
}

fn serve<S>(service: &mut S, authorization: &http::HeaderValue) -> bool
where
    S: Service<Request<()>, Response = Response<String>>,
{
    let mut request = Request::new(());
    request.headers_mut().insert(http::header::AUTHORIZATION, authorization.clone());
    let response = pin!(service.call(request)).poll(&mut Context::from_waker(Waker::noop()));
    matches!(response, Poll::Ready(Ok(response)) if response.status() == 200)
}

//! How often the layer allocates, beside what verifying costs.

use core::convert::Infallible;
use core::future::{Ready, ready};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use allocation_counter::measure;
use http::{Request, Response};
use jwt_core::{Algorithm, Authentication, Issuer, SigningKey, Verifier};
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

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert!(request.extensions().get::<Authentication>().is_some_and(|one| one.verified().is_some()));
        ready(Ok(Response::new(String::new())))
    }
}

#[test]
fn the_layer_adds_one_allocation_to_those_of_verifying() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let issuer =
        Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("id").build().unwrap();
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("id").build().unwrap();
    let token = issuer.token().with_subject("alice").sign().unwrap();
    let mut service = JwtAuth::new(verifier.clone()).layer(Empty);
    let request = || {
        let mut request =
            Request::get("/me").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        // Every router leaves something there, so that the table exists.
        request.extensions_mut().insert("/me");
        request
    };
    let mut serve = |request| {
        let future = service.call(request);
        let Poll::Ready(Ok(response)) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("nothing is to be waited for")
        };
        assert_eq!(response.status(), 200);
    };
    // The first request makes what all others share.
    serve(request());
    let prepared = request();
    let verifying = measure(|| assert!(verifier.verify(&token).is_ok())).count_total;
    let serving = measure(|| serve(prepared)).count_total;
    // Counting a request makes the list of its labels.
    let counting = u64::from(cfg!(feature = "metrics"));
    assert_eq!(serving - verifying, 1 + counting, "the authentication among the request's extensions");
}

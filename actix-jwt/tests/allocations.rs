//! How often the middleware allocates, beside what verifying costs.
#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests may panic as tests do")]

use core::future::{Future, ready};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use actix_jwt::JwtAuth;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, Transform, fn_service};
use actix_web::test::TestRequest;
use actix_web::{Error, HttpMessage, HttpResponse};
use allocation_counter::measure;
use jwt_core::{Algorithm, Authentication, Issuer, SigningKey, Verifier};

/// What is there at once.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing is to be waited for"),
    }
}

/// Serves one request.
fn serve<B>(
    service: &impl Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    request: ServiceRequest,
) -> ServiceResponse<B> {
    let response = now(service.call(request)).unwrap();
    assert_eq!(response.status(), 200);
    response
}

#[test]
fn the_middleware_adds_one_allocation_to_those_of_verifying() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let issuer =
        Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("id").build().unwrap();
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("id").build().unwrap();
    let token = issuer.token().with_subject("alice").sign().unwrap();
    let inner = |is_known: bool| {
        fn_service(move |request: ServiceRequest| {
            let known =
                request.extensions().get::<Authentication>().is_some_and(|one| one.verified().is_some());
            assert_eq!(known, is_known);
            ready(Ok::<_, Error>(request.into_response(HttpResponse::Ok().finish())))
        })
    };
    let service = |is_known| now(inner(is_known).new_service(())).unwrap();
    let bare = service(false);
    let layered = now(JwtAuth::new(verifier.clone()).new_transform(service(true))).unwrap();
    let request = || {
        let field = ("authorization", format!("Bearer {token}"));
        let request = TestRequest::get().uri("/me").insert_header(field).to_srv_request();
        // Every application leaves something there, so that the table exists.
        request.extensions_mut().insert("/me");
        request
    };
    // The first requests make what all others share.
    drop((serve(&bare, request()), serve(&layered, request())));
    let allocations = |act: &mut dyn FnMut()| measure(act).count_total;
    let verifying = allocations(&mut || assert!(verifier.verify(&token).is_ok()));
    let (mut for_bare, mut for_layered) = (Some(request()), Some(request()));
    let bare = allocations(&mut || drop(serve(&bare, for_bare.take().unwrap())));
    let layered = allocations(&mut || drop(serve(&layered, for_layered.take().unwrap())));
    // Counting a request makes the list of its labels.
    let counting = u64::from(cfg!(feature = "metrics"));
    assert_eq!(
        layered - bare - verifying,
        1 + counting,
        "the authentication among the request's extensions; {bare} without the middleware"
    );
}

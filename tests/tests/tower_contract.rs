//! What tower asks of a layer: readiness, cancellation, and bodies that are none of its business.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "what fails in here fails a test"
)]

use core::convert::Infallible;
use core::future::{Ready, ready};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::{Body as _, Frame};
use jwt_core::request::{Carriers, RequestFacts, RequestHead as _};
use jwt_core::{
    Authentication, BoxFuture, Check, CheckOutcome, CheckRefusal, Passed, Reason, Refusal, RequestAuth,
    Verified, Verifier,
};
use tests::tokens::{AUDIENCE, ISSUER, NOW, alice, good, keys};
use tokio::sync::oneshot;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt as _, service_fn};
use tower_http::cors::CorsLayer;
use tower_jwt::{Bodyless, HttpHead, JwtAuth, RefusalResponse, Require};
use tower_test::mock;

type Body = Full<Bytes>;

fn verifier() -> Verifier {
    let verifier = Verifier::builder().with_key(&keys().es256).with_audience(AUDIENCE).with_issuer(ISSUER);
    verifier.build().unwrap().with_clock(jwt_core::ManualClock::at(NOW))
}

fn auth() -> JwtAuth {
    JwtAuth::new(verifier())
}

/// A check that waits until it is told the outcome.
struct Held(Mutex<Option<oneshot::Receiver<bool>>>);

impl Held {
    fn new() -> (Self, oneshot::Sender<bool>) {
        let (tell, told) = oneshot::channel();
        (Self(Mutex::new(Some(told))), tell)
    }
}

impl Check for Held {
    fn name(&self) -> &'static str {
        "held"
    }

    fn check(&self, _: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        match self.0.lock().unwrap().take() {
            None => CheckOutcome::pass(),
            Some(told) => CheckOutcome::Wait(Box::pin(async {
                match told.await {
                    Ok(true) => Ok(Passed::default().with_response_header("x-checked", "yes")),
                    _ => Err(CheckRefusal::from(Reason::Revoked)),
                }
            })),
        }
    }
}

fn request(token: Option<&str>) -> Request<Body> {
    let request = Request::builder().uri("/me");
    let request = match token {
        Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
        None => request,
    };
    request.body(Body::default()).unwrap()
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn is_ready<S: Service<Request<Body>>>(service: &mut S) -> bool {
    service.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// A service that gives each of its clones a number, insists on `poll_ready` before `call`, and says
/// who answered.
struct Strict {
    number: usize,
    clones: Arc<AtomicUsize>,
    is_ready: bool,
}

impl Strict {
    fn new() -> Self {
        Self { number: 0, clones: Arc::default(), is_ready: false }
    }
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        let number = self.clones.fetch_add(1, Ordering::SeqCst) + 1;
        Self { number, clones: self.clones.clone(), is_ready: false }
    }
}

impl Service<Request<Body>> for Strict {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert!(self.is_ready, "service {} was called and not polled ready", self.number);
        self.is_ready = false;
        assert!(request.extensions().get::<Authentication>().is_some());
        ready(Ok(Response::new(Body::from(self.number.to_string()))))
    }
}

/// The same request as gRPC has it.
fn grpc<B>(mut request: Request<B>) -> Request<B> {
    request.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc+proto"));
    request.headers_mut().insert("te", HeaderValue::from_static("trailers"));
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    request
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn readiness_is_that_of_the_inner_service() {
    let (mut service, mut handle) = mock::spawn_layer::<Request<Body>, Response<Body>, _>(auth());
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());

    // A refusal does not reach it, and uses nothing up.
    let refused = service.call(request(None)).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert!(service.poll_ready().is_ready());

    let token = alice();
    let answer = service.call(request(Some(&token)));
    let (received, send) = handle.next_request().await.unwrap();
    assert!(received.extensions().get::<Authentication>().is_some());
    send.send_response(Response::new(Body::from("hello")));
    assert_eq!(text(answer.await.unwrap()).await, "hello");

    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    handle.send_error("broken");
    assert!(service.poll_ready().is_ready());
}

#[tokio::test]
async fn errors_of_the_inner_service_pass_as_they_are() {
    let (mut service, mut handle) = mock::spawn_layer::<Request<Body>, Response<Body>, _>(auth());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let answer = service.call(request(Some(&alice())));
    let (_, send) = handle.next_request().await.unwrap();
    send.send_error("the inner error");
    assert_eq!(answer.await.unwrap_err().to_string(), "the inner error");
    handle.send_error("not ready for good");
    // The layer adds nothing of its own to a failed readiness either.
    let failed = core::future::poll_fn(|_| service.poll_ready()).await;
    assert_eq!(failed.unwrap_err().to_string(), "not ready for good");
}

#[tokio::test]
async fn the_service_that_was_polled_ready_is_the_one_that_is_called() {
    // Decided at once: no clone at all.
    let inner = Strict::new();
    let clones = inner.clones.clone();
    let mut service = auth().layer(inner);
    for _ in 0..3 {
        let response = service.ready().await.unwrap().call(request(Some(&alice()))).await.unwrap();
        assert_eq!(text(response).await, "0");
    }
    let refused = service.ready().await.unwrap().call(request(None)).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(clones.load(Ordering::SeqCst), 0);

    // Decided later: the ready one goes into the future, its clone stays behind.
    let (held, tell) = Held::new();
    let mut service = auth().with_check(held).layer(Strict::new());
    let waiting = service.ready().await.unwrap().call(request(Some(&alice())));
    let mut waiting = pin!(waiting);
    assert!(poll(waiting.as_mut()).is_pending());
    let meanwhile = service.ready().await.unwrap().call(request(Some(&alice()))).await.unwrap();
    assert_eq!(text(meanwhile).await, "1");
    tell.send(true).unwrap();
    let response = waiting.await.unwrap();
    assert_eq!(response.headers()["x-checked"], "yes");
    assert_eq!(text(response).await, "0");
}

#[tokio::test]
async fn a_limit_of_one_is_kept_and_given_back() {
    let token = alice();
    let limit = ConcurrencyLimitLayer::new(1);
    let release = Arc::new(tokio::sync::Notify::new());
    let inner = service_fn(|_: Request<Body>| {
        let release = release.clone();
        async move {
            release.notified().await;
            Ok::<_, Infallible>(Response::new(Body::from("done")))
        }
    });
    let mut one = auth().layer(limit.layer(inner));
    let mut other = one.clone();

    // Refused: the reservation stays with the service that made it and serves its next request.
    let refused = one.ready().await.unwrap().call(request(None)).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert!(is_ready(&mut one));

    // Proceeding: the other one waits for as long as the response does.
    let mut answer = Box::pin(one.call(request(Some(&token))));
    assert!(poll(answer.as_mut()).is_pending());
    assert!(!is_ready(&mut other));
    release.notify_one();
    assert_eq!(text(answer.await.unwrap()).await, "done");
    assert!(is_ready(&mut other));

    // A service that is dropped gives its reservation back.
    drop(other);
    assert!(is_ready(&mut one));
}

#[tokio::test]
async fn a_request_that_waits_holds_its_reservation_until_it_is_dropped() {
    let token = alice();
    for dropped in [true, false] {
        let called = Arc::new(AtomicBool::new(false));
        let inner = service_fn(|_: Request<Body>| {
            called.store(true, Ordering::SeqCst);
            ready(Ok::<_, Infallible>(Response::new(Body::from("done"))))
        });
        let (held, tell) = Held::new();
        let mut service = auth().with_check(held).layer(ConcurrencyLimitLayer::new(1).layer(inner));
        let mut other = service.clone();

        let mut waiting = Box::pin(service.ready().await.unwrap().call(request(Some(&token))));
        assert!(poll(waiting.as_mut()).is_pending());
        assert!(!is_ready(&mut service), "the clone that stayed behind has no reservation");
        assert!(!is_ready(&mut other));
        if dropped {
            drop(waiting);
            assert!(tell.is_closed(), "what the check waited for was dropped, too");
        } else {
            tell.send(false).unwrap();
            let refused = waiting.await.unwrap();
            assert_eq!(refused.status(), 401);
            assert_eq!(
                refused.headers()[WWW_AUTHENTICATE],
                r#"Bearer realm="api", error="invalid_token", error_description="The access token is not valid""#
            );
        }
        // Whoever asked first is served first.
        assert!(is_ready(&mut service));
        assert!(!is_ready(&mut other));
        let response = service.call(request(Some(&token))).await.unwrap();
        assert_eq!(text(response).await, "done");
        assert!(called.load(Ordering::SeqCst));
    }
}

/// Waits in as many steps as told, so that it can be dropped at each.
struct Steps(usize);

impl Check for Steps {
    fn name(&self) -> &'static str {
        "steps"
    }

    fn check(&self, _: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        let mut left = self.0;
        let waiting: BoxFuture<'static, _> =
            Box::pin(core::future::poll_fn(move |_| match left.checked_sub(1) {
                Some(fewer) => {
                    left = fewer;
                    Poll::Pending
                }
                None => Poll::Ready(Ok(Passed::default())),
            }));
        CheckOutcome::Wait(waiting)
    }
}

#[tokio::test]
async fn the_future_may_be_dropped_at_any_await() {
    const STEPS: usize = 3;
    let limit = ConcurrencyLimitLayer::new(1);
    let auth = auth().with_check(Steps(STEPS)).with_check(Steps(STEPS));
    let mut service = auth.layer(limit.layer(Strict::new()));
    for polls in 0..=2 * STEPS {
        let mut waiting = Box::pin(service.ready().await.unwrap().call(request(Some(&alice()))));
        for _ in 0..polls {
            assert!(poll(waiting.as_mut()).is_pending(), "after {polls} polls");
        }
        drop(waiting);
        assert!(is_ready(&mut service), "dropped after {polls} polls");
    }
    let mut waiting = Box::pin(service.call(request(Some(&alice()))));
    let answer = (0..=2 * STEPS).find_map(|_| match poll(waiting.as_mut()) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    });
    assert_eq!(answer.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn cors_outside_sees_refused_responses() {
    const APP: &str = "https://app.example.com";
    let cors = CorsLayer::new()
        .allow_origin(HeaderValue::from_static(APP))
        .allow_methods([Method::GET])
        .allow_headers([AUTHORIZATION])
        .expose_headers([WWW_AUTHENTICATE]);
    let service = ServiceBuilder::new().layer(cors).layer(auth()).service(Strict::new());
    let token = alice();
    let refusals = [
        (None, 401, r#"Bearer realm="api""#),
        (
            Some("a.b.c"),
            401,
            r#"Bearer realm="api", error="invalid_token", error_description="The access token is not valid""#,
        ),
    ];
    for (token, status, challenge) in refusals {
        let mut request = request(token);
        request.headers_mut().insert("origin", HeaderValue::from_static(APP));
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], APP);
        assert_eq!(response.headers()["access-control-expose-headers"], "www-authenticate");
        assert_eq!(response.headers()[WWW_AUTHENTICATE], challenge);
        // A layer outside can tell why; the client cannot.
        assert!(response.extensions().get::<Reason>().is_some());
    }
    let mut good = request(Some(&token));
    good.headers_mut().insert("origin", HeaderValue::from_static(APP));
    assert_eq!(service.clone().oneshot(good).await.unwrap().headers()[ACCESS_CONTROL_ALLOW_ORIGIN], APP);

    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .header("origin", APP)
        .header("access-control-request-method", "GET")
        .body(Body::default())
        .unwrap();
    let response = service.oneshot(preflight).await.unwrap();
    assert_eq!(response.status(), 200, "answered before the token is asked for");
    assert_eq!(response.headers()["access-control-allow-headers"], "authorization");
}

type Pieces = StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

/// A body in three pieces with trailers, which a layer that reads bodies would squash.
fn pieces() -> Pieces {
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-end", HeaderValue::from_static("yes"));
    let data = ["one", "two", "three"].map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes()))));
    let frames: Vec<_> = data.into_iter().chain([Ok(Frame::trailers(trailers))]).collect();
    StreamBody::new(futures_util::stream::iter(frames))
}

/// Makes refusals with a body that is neither `Default` nor `From<String>`.
struct InPieces;

impl RefusalResponse<Pieces> for InPieces {
    fn respond(&self, _: &Refusal) -> Response<Pieces> {
        Response::new(pieces())
    }

    fn empty_body(&self) -> Pieces {
        StreamBody::new(futures_util::stream::iter(Vec::new()))
    }
}

async fn frames<B: hyper::body::Body<Data = Bytes> + Unpin>(mut body: B) -> Vec<String> {
    let mut frames = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        match frame.into_data() {
            Ok(data) => frames.push(String::from_utf8(data.to_vec()).unwrap()),
            Err(frame) => frames.push(format!("{:?}", frame.into_trailers().ok().unwrap())),
        }
    }
    frames
}

#[tokio::test]
async fn bodies_stream_through_in_both_directions() {
    let expected = ["one", "two", "three", r#"{"x-end": "yes"}"#];
    for waits in [false, true] {
        let rules = RequestAuth::new(verifier());
        let rules = if waits { rules.with_check(Steps(0)) } else { rules };
        let inner = service_fn(async |request: Request<_>| {
            assert_eq!(frames(request.into_body()).await, expected);
            Ok::<_, Infallible>(Response::new(pieces()))
        });
        let service = JwtAuth::new(rules).with_refusal(InPieces).layer(inner);
        let with_token = |token: &str| {
            Request::builder().header(AUTHORIZATION, format!("Bearer {token}")).body(pieces()).unwrap()
        };
        let response = service.clone().oneshot(with_token(&alice())).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(frames(response.into_body()).await, expected);
        let refused = service.clone().oneshot(with_token("a.b.c")).await.unwrap();
        assert_eq!(refused.status(), 401, "set after the response was made");
        assert_eq!(frames(refused.into_body()).await, expected);
        let refused = service.oneshot(grpc(with_token("a.b.c"))).await.unwrap();
        assert_eq!(refused.headers()["grpc-status"], "16");
        assert!(frames(refused.into_body()).await.is_empty());
    }
}

#[tokio::test]
async fn extensions_of_the_request_and_the_response_pass() {
    #[derive(Clone, Debug, PartialEq)]
    struct Upgrade(u8);

    let inner = service_fn(async |request: Request<Body>| {
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.extensions_mut().insert(request.extensions().get::<Upgrade>().unwrap().clone());
        Ok::<_, Infallible>(response)
    });
    let mut request = request(Some(&alice()));
    request.extensions_mut().insert(Upgrade(7));
    let response = auth().layer(inner).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(response.extensions().get(), Some(&Upgrade(7)));
}

/// Refuses by the kind of outage.
struct Down(Reason);

impl Check for Down {
    fn name(&self) -> &'static str {
        "down"
    }

    fn check(&self, _: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        CheckOutcome::refuse(self.0)
    }
}

#[tokio::test]
async fn grpc_gets_its_status_in_trailers_and_the_challenge_as_metadata() {
    let inner = || service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::default())));
    let grpc = |token: Option<&str>| grpc(request(token));
    let token = alice();
    let malformed = {
        let mut request = grpc(None);
        request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer"));
        request
    };
    let admin = Require::scope("admin");
    let mut rows = vec![
        ("nothing", auth().layer(inner()).oneshot(grpc(None)).await, "16", true),
        ("malformed", auth().layer(inner()).oneshot(malformed).await, "16", true),
        ("bad", auth().layer(inner()).oneshot(grpc(Some("a.b.c"))).await, "16", true),
        ("forbidden", auth().layer(admin.layer(inner())).oneshot(grpc(Some(&token))).await, "7", true),
        ("no layer", admin.layer(inner()).oneshot(grpc(Some(&token))).await, "13", false),
    ];
    for reason in [Reason::StoreUnavailable, Reason::KeysUnavailable] {
        let down = auth().with_check(Down(reason)).layer(inner());
        rows.push(("down", down.oneshot(grpc(Some(&token))).await, "14", false));
    }
    // What a closure says of its body goes with the body.
    let wordy = |_: &Refusal| {
        let response = Response::builder().header(CONTENT_LENGTH, 9).header(CONTENT_ENCODING, "identity");
        response.header("x-own", "kept").body(Body::from("own words")).unwrap()
    };
    let wordy = auth().with_refusal(wordy).layer(admin.layer(inner()));
    for (name, request, status) in
        [("own words", grpc(None), "16"), ("own words, forbidden", grpc(Some(&token)), "7")]
    {
        let response = wordy.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-own"], "kept", "{name}");
        assert!(!response.headers().contains_key(CONTENT_LENGTH), "{name}");
        assert!(!response.headers().contains_key(CONTENT_ENCODING), "{name}");
        assert!(response.body().is_end_stream(), "{name}");
        rows.push((name, Ok(response), status, true));
    }
    let bodyless = JwtAuth::new(verifier()).with_refusal(Bodyless);
    let empty =
        service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())));
    let response = bodyless.layer(empty).oneshot(grpc(None)).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["grpc-status"]),
        (200, &HeaderValue::from_static("16"))
    );

    for (name, response, status, challenged) in rows {
        let response = response.unwrap();
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(response.headers()["content-type"], "application/grpc", "{name}");
        assert_eq!(response.headers()["grpc-status"], status, "{name}");
        assert!(response.headers().contains_key("grpc-message"), "{name}");
        assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), challenged, "{name}");
        assert_eq!(response.headers().contains_key(RETRY_AFTER), status == "14", "{name}");
        assert_eq!(text(response).await, "", "{name}");
    }
}

#[tokio::test]
async fn outages_and_query_tokens_have_their_fields() {
    let inner = || service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::default())));
    let down = auth().with_check(Down(Reason::StoreUnavailable)).layer(inner());
    let response = down.oneshot(request(Some(&alice()))).await.unwrap();
    assert_eq!(response.status(), 503);
    let seconds: u64 = response.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!(Duration::from_secs(seconds) > Duration::ZERO);
    assert!(!response.headers().contains_key(WWW_AUTHENTICATE));

    let carriers = Carriers::builder().insecure_query_token("access_token").build().unwrap();
    let service = auth().with_carriers(carriers).layer(inner());
    let by_query = Request::get(format!("/me?access_token={}", alice())).body(Body::default()).unwrap();
    let response = service.clone().oneshot(by_query).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()[CACHE_CONTROL]),
        (200, &HeaderValue::from_static("private"))
    );
    let response = service.oneshot(request(Some(&alice()))).await.unwrap();
    assert!(!response.headers().contains_key(CACHE_CONTROL));
}

#[tokio::test]
async fn a_requirement_inside_passes_readiness_and_answers_in_the_layers_words() {
    let refusal = |refusal: &Refusal| Response::new(Body::from(format!("own words: {}", refusal.status())));
    let inner =
        JwtAuth::new(verifier()).with_refusal(refusal).layer(Require::scope("admin").layer(Strict::new()));
    let mut service = inner.clone();
    let refused = service.ready().await.unwrap().call(request(Some(&alice()))).await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(text(refused).await, "own words: 403");
    let admin = good(|token| token.with_scope("admin"));
    let response = service.ready().await.unwrap().call(request(Some(&admin))).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[test]
fn the_head_is_the_request_as_it_came() {
    let build = |uri: &str, version| {
        let request = Request::builder().uri(uri).version(version).header("host", "other.example");
        request.header("cookie", "a=1").header("cookie", "b=%32").body(Body::default()).unwrap()
    };
    for (uri, version, authority, host, is_http2) in [
        ("/a%2Fb?x=%20", Version::HTTP_11, None, "other.example", false),
        ("/a%2Fb?x=%20", Version::HTTP_10, None, "other.example", false),
        (
            "http://user@api.example.com:8080/a%2Fb?x=%20",
            Version::HTTP_2,
            Some("user@api.example.com:8080"),
            "api.example.com:8080",
            true,
        ),
        (
            "https://api.example.com/a%2Fb?x=%20",
            Version::HTTP_3,
            Some("api.example.com"),
            "api.example.com",
            true,
        ),
    ] {
        let request = build(uri, version);
        let head = HttpHead::from(&request);
        assert_eq!((head.method(), head.path(), head.query()), ("GET", "/a%2Fb", Some("x=%20")));
        assert_eq!((head.authority(), head.host(), head.is_http2()), (authority, Some(host), is_http2));
        let mut cookies = Vec::new();
        head.for_each_field("cookie", &mut |value| cookies.push(value));
        assert_eq!(cookies, [b"a=1".as_slice(), b"b=%32"]);
        let mut all = Vec::new();
        head.for_each(&mut |name, value| all.push(format!("{name}: {}", value.escape_ascii())));
        assert_eq!(all, ["host: other.example", "cookie: a=1", "cookie: b=%32"]);
        let (parts, _) = request.into_parts();
        assert_eq!(HttpHead::from(&parts).host(), Some(host));
    }
}

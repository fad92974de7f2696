//! Requests through a router to a handler that reads the subject, in process.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use axum_jwt::{Claims, JwtAuth};
use jwt_core::Verifier;
use tower::Service as _;

use crate::fixture::{Fixture, SUBJECT, User};
use crate::{ours, peer};

/// A router, and the header of a request that it serves.
pub struct Server {
    router: Router,
    authorization: HeaderValue,
}

impl Server {
    fn new(router: Router, token: &str) -> Self {
        let authorization = format!("Bearer {token}").parse().expect("a header value");
        // As `axum::serve` does for each connection, or every request would build its layers anew.
        Self { router: router.with_state(()), authorization }
    }

    /// Without any authentication.
    #[must_use]
    pub fn bare(fixture: &Fixture) -> Self {
        async fn me() -> String {
            SUBJECT.to_owned()
        }
        Self::new(Router::new().route("/me", get(me)), &fixture.token)
    }

    /// With the layer and extractor of ours.
    #[must_use]
    pub fn ours(fixture: &Fixture) -> Self {
        Self::of(ours::verifier(fixture), &fixture.token)
    }

    /// With the layer and extractor of ours around this verifier.
    #[must_use]
    pub fn of(verifier: Verifier, token: &str) -> Self {
        async fn me(user: Claims<User>) -> String {
            user.sub.clone()
        }
        let auth = JwtAuth::new(verifier);
        Self::new(Router::new().route("/me", get(me)).layer(auth), token)
    }

    /// With the middleware that tutorials write by hand.
    ///
    /// # Panics
    /// Where the peer lacks the algorithm.
    #[must_use]
    pub fn peer(fixture: &Fixture) -> Self {
        async fn authenticate(
            State(decoder): State<Arc<peer::Decoder>>,
            mut request: Request,
            next: Next,
        ) -> Result<Response, StatusCode> {
            let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            let token =
                header.and_then(|text| text.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
            let user = decoder.verify(token).ok_or(StatusCode::UNAUTHORIZED)?;
            request.extensions_mut().insert(user);
            Ok(next.run(request).await)
        }
        async fn me(Extension(user): Extension<User>) -> String {
            user.sub
        }
        let decoder = Arc::new(peer::Decoder::new(fixture).expect("an algorithm of the peer"));
        let layer = middleware::from_fn_with_state(decoder, authenticate);
        Self::new(Router::new().route("/me", get(me)).layer(layer), &fixture.token)
    }

    /// Serves one request.
    ///
    /// # Panics
    /// Where anything had to be waited for: nothing here may.
    #[must_use]
    pub fn serve(&mut self) -> StatusCode {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = axum::http::Uri::from_static("/me");
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        self.send(request)
    }

    /// Serves one request with a token that is not good.
    #[must_use]
    pub fn serve_stranger(&mut self) -> StatusCode {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = axum::http::Uri::from_static("/me");
        request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer a.b.c"));
        self.send(request)
    }

    fn send(&mut self, request: Request) -> StatusCode {
        let mut response = std::pin::pin!(self.router.call(request));
        match response.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(response)) => response.status(),
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => panic!("the request waits"),
        }
    }
}

/// Panics where a server does not serve the good token and refuse another.
pub fn prove(fixture: &Fixture) {
    assert_eq!(Server::bare(fixture).serve(), StatusCode::OK);
    for mut server in [Server::ours(fixture), Server::peer(fixture)] {
        assert_eq!(server.serve(), StatusCode::OK);
        assert_eq!(server.serve_stranger(), StatusCode::UNAUTHORIZED);
    }
}

//! Requests through an axum router.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use axum_extra::TypedHeader;
use axum_extra::headers::Authorization;
use axum_extra::headers::authorization::Bearer;
use axum_jwt::{Claims, JwtAuth};
use jwt_core::Verifier;
use tower::Service as _;

use super::{Server, ready};
use crate::fixture::{Fixture, SUBJECT, User};
use crate::ours;
use crate::peer::Decoder;

/// A router, and the header of a request that it serves.
pub struct AxumServer {
    router: Router,
    authorization: HeaderValue,
}

impl AxumServer {
    fn new(router: Router, token: &str) -> Self {
        let authorization = format!("Bearer {token}").parse().expect("a header value");
        // As `axum::serve` does for each connection, or every request would build its layers anew.
        Self { router: router.with_state(()), authorization }
    }

    /// With the layer and extractor of ours around this verifier.
    #[must_use]
    pub fn of(verifier: Verifier, token: &str) -> Self {
        async fn me(user: Claims<User>) -> String {
            user.sub.clone()
        }
        Self::new(Router::new().route("/me", get(me)).layer(JwtAuth::new(verifier)), token)
    }
}

/// What a middleware written by hand does.
async fn forward(user: Option<User>, mut request: Request, next: Next) -> Result<Response, StatusCode> {
    request.extensions_mut().insert(user.ok_or(StatusCode::UNAUTHORIZED)?);
    Ok(next.run(request).await)
}

async fn subject(Extension(user): Extension<User>) -> String {
    user.sub
}

impl Server for AxumServer {
    fn bare(fixture: &Fixture) -> Self {
        async fn me() -> String {
            SUBJECT.to_owned()
        }
        Self::new(Router::new().route("/me", get(me)), &fixture.token)
    }

    fn ours(fixture: &Fixture) -> Self {
        Self::of(ours::verifier(fixture), &fixture.token)
    }

    fn peer(fixture: &Fixture) -> Self {
        async fn authenticate(
            State(decoder): State<Arc<Decoder>>,
            TypedHeader(authorization): TypedHeader<Authorization<Bearer>>,
            request: Request,
            next: Next,
        ) -> Result<Response, StatusCode> {
            forward(decoder.verify_as_documented(authorization.token()), request, next).await
        }
        let decoder = Arc::new(Decoder::new(fixture).expect("an algorithm of the peer"));
        let layer = middleware::from_fn_with_state(decoder, authenticate);
        Self::new(Router::new().route("/me", get(subject)).layer(layer), &fixture.token)
    }

    fn tuned_peer(fixture: &Fixture) -> Self {
        async fn authenticate(
            State(decoder): State<Arc<Decoder>>,
            request: Request,
            next: Next,
        ) -> Result<Response, StatusCode> {
            let header = request.headers().get(AUTHORIZATION).cloned();
            let text = header.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
            let token = text.strip_prefix("Bearer ").ok_or(StatusCode::UNAUTHORIZED)?;
            forward(decoder.verify(token), request, next).await
        }
        let decoder = Arc::new(Decoder::new(fixture).expect("an algorithm of the peer"));
        let layer = middleware::from_fn_with_state(decoder, authenticate);
        Self::new(Router::new().route("/me", get(subject)).layer(layer), &fixture.token)
    }

    fn with_token(mut self, token: &str) -> Self {
        self.authorization = format!("Bearer {token}").parse().expect("a header value");
        self
    }

    fn serve(&mut self) -> u16 {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static("/me");
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        ready(self.router.call(request)).unwrap_or_else(|never| match never {}).status().as_u16()
    }
}

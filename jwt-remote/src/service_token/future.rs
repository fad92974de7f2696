//! The response future. Only a request that waits for a token is boxed.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use jwt_core::keys::BoxFuture;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::ServiceToken;
use super::access_token::AccessToken;
use super::error::ServiceTokenError;
use super::layer::BoxError;

pin_project! {
    /// The future of [`ServiceTokenService`](crate::ServiceTokenService).
    pub struct ServiceTokenFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, S::Future, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F, B> {
        Inner {
            #[pin]
            future: F,
            // The token that the request carries, where it carries ours.
            carried: Option<(ServiceToken, AccessToken)>,
        },
        Waiting {
            token: BoxFuture<'static, Result<AccessToken, ServiceTokenError>>,
            // Taken when the token is there.
            rest: Option<Box<(Request<B>, S, ServiceToken)>>,
        },
    }
}

impl<S, B> ServiceTokenFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn without(future: S::Future) -> Self {
        Self { state: State::Inner { future, carried: None } }
    }

    pub(super) fn with(future: S::Future, source: ServiceToken, token: AccessToken) -> Self {
        Self { state: State::Inner { future, carried: Some((source, token)) } }
    }

    pub(super) fn waiting(source: ServiceToken, request: Request<B>, service: S) -> Self {
        let asked = source.clone();
        let token = Box::pin(async move { asked.token().await });
        Self { state: State::Waiting { token, rest: Some(Box::new((request, service, source))) } }
    }
}

impl<S, B, R> Future for ServiceTokenFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Inner { future, carried } => {
                    let response = ready!(future.poll(cx)).map_err(Into::into)?;
                    if let (StatusCode::UNAUTHORIZED, Some((source, token))) = (response.status(), carried) {
                        source.invalidate(token);
                    }
                    return Poll::Ready(Ok(response));
                }
                StateProjection::Waiting { token, rest } => {
                    let token = ready!(token.as_mut().poll(cx))?;
                    // A future that has ended is not polled again.
                    let Some(rest) = rest.take() else { return Poll::Pending };
                    let (mut request, mut service, source) = *rest;
                    request.headers_mut().insert(AUTHORIZATION, token.header_value());
                    let future = service.call(request);
                    state.set(State::Inner { future, carried: Some((source, token)) });
                }
            }
        }
    }
}

impl<S, B> fmt::Debug for ServiceTokenFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceTokenFuture")
    }
}

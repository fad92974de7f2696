//! Requirements of single routes, behind the layer.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use http::{Request, Response};
use jwt_core::{Authentication, Refusal, Requirement};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::head::HttpHead;
use crate::response::refuse;

/// Demands something of the token of every request to a route: scopes, roles, a recent login.
///
/// Stands inside of [`JwtAuth`](crate::JwtAuth) and answers in its words: 401 to an anonymous
/// request, 403 where a scope, role or predicate is missing, 401 `insufficient_user_authentication`
/// where the login is too weak or too old (RFC 9470). Without the layer it answers 500.
///
/// ```
/// use jwt_core::Requirement;
/// use tower_jwt::Require;
/// let admin = Require::new(Requirement::scope("admin"));
/// let step_up = Require::new(Requirement::new().require_authentication(&["urn:mfa"]));
/// # let _ = (admin, step_up);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Require(Requirement);

impl Require {
    /// Demands `requirement`.
    #[must_use]
    pub const fn new(requirement: Requirement) -> Self {
        Self(requirement)
    }

    /// Demands one scope.
    #[must_use]
    pub const fn scope(scope: &'static str) -> Self {
        Self(Requirement::scope(scope))
    }

    /// Demands one role.
    #[must_use]
    pub const fn role(role: &'static str) -> Self {
        Self(Requirement::role(role))
    }
}

impl<S> Layer<S> for Require {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService { inner, requirement: self.0 }
    }
}

/// What [`Require`] makes of a service.
#[derive(Clone, Debug)]
pub struct RequireService<S> {
    inner: S,
    requirement: Requirement,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RequireService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: From<String> + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = RequireFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let authentication = request.extensions().get::<Authentication>();
        let decision = match authentication {
            Some(authentication) => authentication.authorize(&self.requirement).map(|_| ()),
            None => Err(Refusal::missing_layer("Require")),
        };
        let state = match decision {
            Ok(()) => State::Inner { future: self.inner.call(request) },
            Err(refusal) => {
                let response = refuse(&HttpHead::from(&request), authentication, &refusal);
                State::Refused { response: Some(response) }
            }
        };
        RequireFuture { state }
    }
}

pin_project! {
    /// The future of [`RequireService`].
    pub struct RequireFuture<F, ResBody> {
        #[pin]
        state: State<F, ResBody>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, ResBody> {
        Refused { response: Option<Response<ResBody>> },
        Inner {
            #[pin]
            future: F,
        },
    }
}

impl<F, ResBody, E> Future for RequireFuture<F, ResBody>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
            StateProjection::Inner { future } => future.poll(cx),
        }
    }
}

impl<F, ResBody> fmt::Debug for RequireFuture<F, ResBody> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequireFuture")
    }
}

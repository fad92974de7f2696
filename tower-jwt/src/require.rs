//! Requirements of single routes, behind the layer.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use http::{Request, Response};
use jwt_core::{Authentication, Refusal, Requirement};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::head::HttpHead;
use crate::response::{ProblemJson, RefusalResponse, refuse};

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
pub struct Require<R = ProblemJson> {
    requirement: Arc<Requirement>,
    refusal: Arc<R>,
}

impl Require {
    /// Demands `requirement`.
    #[must_use]
    pub fn new(requirement: Requirement) -> Self {
        Self { requirement: Arc::new(requirement), refusal: Arc::new(ProblemJson) }
    }

    /// Demands one scope.
    #[must_use]
    pub fn scope(scope: &'static str) -> Self {
        Self::new(Requirement::scope(scope))
    }

    /// Demands one role.
    #[must_use]
    pub fn role(role: &'static str) -> Self {
        Self::new(Requirement::role(role))
    }
}

impl<R> Require<R> {
    /// The maker of refusals where the layer's does not fit this service's body, as
    /// [`JwtAuth::with_refusal`](crate::JwtAuth::with_refusal).
    #[must_use]
    pub fn with_refusal<Other>(self, refusal: Other) -> Require<Other> {
        Require { requirement: self.requirement, refusal: Arc::new(refusal) }
    }
}

impl<R> Clone for Require<R> {
    fn clone(&self) -> Self {
        Self { requirement: self.requirement.clone(), refusal: self.refusal.clone() }
    }
}

impl<R> fmt::Debug for Require<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Require").field(&self.requirement).finish()
    }
}

impl<S, R> Layer<S> for Require<R> {
    type Service = RequireService<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService { inner, rule: self.clone() }
    }
}

/// What [`Require`] makes of a service.
pub struct RequireService<S, R = ProblemJson> {
    inner: S,
    rule: Require<R>,
}

impl<S: Clone, R> Clone for RequireService<S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), rule: self.rule.clone() }
    }
}

impl<S: fmt::Debug, R> fmt::Debug for RequireService<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireService").field("inner", &self.inner).field("rule", &self.rule).finish()
    }
}

impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for RequireService<S, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: RefusalResponse<ResBody>,
    ResBody: 'static,
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
            Some(authentication) => authentication.authorize(&self.rule.requirement).map(|_| ()),
            None => Err(Refusal::missing_layer("Require")),
        };
        let state = match decision {
            Ok(()) => State::Inner { future: self.inner.call(request) },
            Err(refusal) => {
                let head = HttpHead::from(&request);
                let response = refuse(&head, authentication, &*self.rule.refusal, &refusal);
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

//! Requirements of single routes, behind the middleware.

use core::fmt;
use core::future::{Future, Ready, ready};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpMessage};
use jwt_core::{Authentication, Refusal, Requirement};
use pin_project_lite::pin_project;

use crate::response::refuse;

/// Demands something of the token of every request to a scope or resource: scopes, roles, a recent
/// login.
///
/// Stands inside of [`JwtAuth`](crate::JwtAuth) and answers in its words: 401 to an anonymous
/// request, 403 where a scope, role or predicate is missing, 401 `insufficient_user_authentication`
/// where the login is too weak or too old (RFC 9470). It asks no handle in `app_data`, as extractors do:
/// without the middleware it answers 500. On one `App` or scope the middleware that is wrapped last
/// stands outside: `.wrap(Require::scope("admin")).wrap(auth)`.
///
/// ```
/// use actix_jwt::Require;
/// use jwt_core::Requirement;
/// let admin = Require::new(Requirement::scope("admin"));
/// let step_up = Require::new(Requirement::new().require_authentication(&["urn:mfa"]));
/// let scope = actix_web::web::scope("/admin").wrap(step_up).wrap(admin);
/// # let _ = scope;
/// ```
#[derive(Clone, Debug)]
pub struct Require(Arc<Requirement>);

impl Require {
    /// Demands `requirement`.
    #[must_use]
    pub fn new(requirement: Requirement) -> Self {
        Self(Arc::new(requirement))
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

impl<S, B> Transform<S, ServiceRequest> for Require
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = RequireService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(RequireService { inner, requirement: self.0.clone() }))
    }
}

/// What [`Require`] makes of a service.
#[derive(Clone, Debug)]
pub struct RequireService<S> {
    inner: S,
    requirement: Arc<Requirement>,
}

impl<S, B> Service<ServiceRequest> for RequireService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = RequireFuture<S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let decision = match request.extensions().get::<Authentication>() {
            Some(authentication) => authentication.authorize(&self.requirement).map(|_| ()),
            None => Err(Refusal::missing_layer("Require")),
        };
        let state = match decision {
            Ok(()) => State::Inner { future: self.inner.call(request) },
            Err(refusal) => {
                let response = refuse(request.request(), &refusal);
                State::Refused { response: Some(request.into_response(response)) }
            }
        };
        RequireFuture { state }
    }
}

pin_project! {
    /// The future of [`RequireService`].
    pub struct RequireFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Refused { response: Option<ServiceResponse<BoxBody>> },
        Inner {
            #[pin]
            future: F,
        },
    }
}

impl<F, B> Future for RequireFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Refused { response } => response
                .take()
                .map_or(Poll::Pending, |response| Poll::Ready(Ok(response.map_into_right_body()))),
            StateProjection::Inner { future } => future.poll(cx).map_ok(ServiceResponse::map_into_left_body),
        }
    }
}

impl<F> fmt::Debug for RequireFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequireFuture")
    }
}

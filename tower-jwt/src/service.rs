//! The service: decide, then forward or answer.

use core::task::{Context, Poll};
use core::{fmt, mem};
use std::sync::Arc;

use http::{Request, Response};
use jwt_core::{Authentication, Decision, Step};
use tower_service::Service;

use crate::future::JwtAuthFuture;
use crate::head::HttpHead;
use crate::layer::JwtAuth;
use crate::response::{ProblemJson, RefusalResponse, answer};

/// What [`JwtAuth`] makes of a service.
pub struct JwtAuthService<S, R = ProblemJson> {
    pub(crate) inner: S,
    /// Behind one count, for routers clone the service for every request.
    pub(crate) auth: Arc<JwtAuth<R>>,
}

impl<S: Clone, R> Clone for JwtAuthService<S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), auth: self.auth.clone() }
    }
}

impl<S: fmt::Debug, R> fmt::Debug for JwtAuthService<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuthService").field("inner", &self.inner).field("auth", &self.auth).finish()
    }
}

impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for JwtAuthService<S, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    R: RefusalResponse<ResBody>,
    ResBody: 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = JwtAuthFuture<S, R, ReqBody, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        self.auth.mark_sensitive(request.headers_mut());
        let head = HttpHead::from(&request);
        match self.auth.auth.decide(&head, request.extensions().get::<Authentication>()) {
            Step::Decided(Decision::Proceed(proceed)) => {
                let authentication = proceed.authentication.with_presenter(self.auth.presenter());
                request.extensions_mut().insert(authentication);
                JwtAuthFuture::inner(self.inner.call(request), proceed.response_headers)
            }
            Step::Decided(Decision::Refuse(refusal)) => {
                JwtAuthFuture::refused(answer(&head, self.auth.refusal(), &refusal))
            }
            Step::Wait(decision) => {
                // The service that was polled ready must be the one that is called.
                let next = self.inner.clone();
                let ready = mem::replace(&mut self.inner, next);
                JwtAuthFuture::waiting(decision, request, ready, self.auth.clone())
            }
        }
    }
}

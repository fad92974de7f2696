//! The service: decide, then forward or answer.

use core::fmt;
use core::task::{Context, Poll};
use std::rc::Rc;

use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use jwt_core::{Authentication, Decision, Step};

use crate::auth::JwtAuth;
use crate::future::JwtAuthFuture;
use crate::head::HttpHead;
use crate::response::answer;

/// What [`JwtAuth`] makes of a service.
pub struct JwtAuthService<S> {
    // Shared with the futures that still wait for a decision and call it afterwards.
    pub(crate) inner: Rc<S>,
    pub(crate) auth: JwtAuth,
}

impl<S, B> Service<ServiceRequest> for JwtAuthService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = JwtAuthFuture<S, B>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let step = {
            let extensions = request.extensions();
            self.auth.rules().decide(&HttpHead::from(&request), extensions.get::<Authentication>())
        };
        match step {
            Step::Decided(Decision::Proceed(proceed)) => {
                let authentication = self.auth.sign(proceed.authentication, request.request());
                request.extensions_mut().insert(authentication);
                JwtAuthFuture::inner(self.inner.call(request), proceed.response_headers)
            }
            Step::Decided(Decision::Refuse(refusal)) => {
                let response = answer(&(&request).into(), self.auth.refusal(), &refusal);
                JwtAuthFuture::refused(request.into_response(response))
            }
            Step::Wait(decision) => {
                JwtAuthFuture::waiting(decision, request, self.inner.clone(), self.auth.clone())
            }
        }
    }
}

impl<S> fmt::Debug for JwtAuthService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwtAuthService").field(&self.auth).finish()
    }
}

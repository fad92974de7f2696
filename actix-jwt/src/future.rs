//! The response future. Only a request that waits for keys or a store is boxed.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::rc::Rc;

use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use jwt_core::{BoxFuture, Decision, ResponseHeader};
use pin_project_lite::pin_project;

use crate::auth::JwtAuth;
use crate::response::{add_headers, add_headers_to_error, answer};

pin_project! {
    /// The future of [`JwtAuthService`](crate::JwtAuthService).
    pub struct JwtAuthFuture<S, B>
    where
        S: Service<ServiceRequest>,
    {
        #[pin]
        state: State<S, S::Future, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F, B> {
        // Boxed, as is what waits: the future that nearly every request makes is as small as the inner one.
        Refused { response: Option<Box<ServiceResponse<EitherBody<B>>>> },
        Inner {
            #[pin]
            future: F,
            response_headers: Vec<ResponseHeader>,
        },
        Waiting {
            decision: BoxFuture<'static, Decision>,
            // Taken when the decision is there.
            rest: Option<Box<(ServiceRequest, Rc<S>, JwtAuth)>>,
        },
    }
}

impl<S, B> JwtAuthFuture<S, B>
where
    S: Service<ServiceRequest>,
{
    pub(crate) fn refused(response: ServiceResponse<BoxBody>) -> Self {
        Self { state: State::Refused { response: Some(Box::new(response.map_into_right_body())) } }
    }

    pub(crate) fn inner(future: S::Future, response_headers: Vec<ResponseHeader>) -> Self {
        Self { state: State::Inner { future, response_headers } }
    }

    pub(crate) fn waiting(
        decision: BoxFuture<'static, Decision>,
        request: ServiceRequest,
        service: Rc<S>,
        auth: JwtAuth,
    ) -> Self {
        Self { state: State::Waiting { decision, rest: Some(Box::new((request, service, auth))) } }
    }
}

impl<S, B> Future for JwtAuthFuture<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Refused { response } => {
                    // A future that has ended is not polled again.
                    return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(*response)));
                }
                StateProjection::Inner { future, response_headers } => {
                    return Poll::Ready(match ready!(future.poll(cx)) {
                        Ok(mut response) => {
                            add_headers(response.headers_mut(), response_headers);
                            Ok(response.map_into_left_body())
                        }
                        // Becomes a response further out.
                        Err(error) => Err(add_headers_to_error(error, core::mem::take(response_headers))),
                    });
                }
                StateProjection::Waiting { decision, rest } => {
                    let decision = ready!(decision.as_mut().poll(cx));
                    let Some(rest) = rest.take() else { return Poll::Pending };
                    let (request, service, auth) = *rest;
                    let next = match decision {
                        Decision::Proceed(proceed) => {
                            let authentication = auth.sign(proceed.authentication, request.request());
                            request.extensions_mut().insert(authentication);
                            State::Inner {
                                future: service.call(request),
                                response_headers: proceed.response_headers,
                            }
                        }
                        Decision::Refuse(refusal) => {
                            let response = answer(&(&request).into(), auth.refusal(), &refusal);
                            let response = request.into_response(response).map_into_right_body();
                            State::Refused { response: Some(Box::new(response)) }
                        }
                    };
                    state.set(next);
                }
            }
        }
    }
}

impl<S, B> fmt::Debug for JwtAuthFuture<S, B>
where
    S: Service<ServiceRequest>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtAuthFuture")
    }
}

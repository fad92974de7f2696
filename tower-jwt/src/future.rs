//! The response future. Only a request that waits for keys or a store is boxed.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::sync::Arc;

use http::{Request, Response};
use jwt_core::{BoxFuture, Decision, ResponseHeader};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::head::HttpHead;
use crate::layer::JwtAuth;
use crate::response::{RefusalResponse, add_headers, answer};

pin_project! {
    /// The future of [`JwtAuthService`](crate::JwtAuthService).
    pub struct JwtAuthFuture<S, R, ReqBody, ResBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        state: State<S, S::Future, R, ReqBody, ResBody>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F, R, ReqBody, ResBody> {
        // Boxed, as is what waits: the future that nearly every request makes is as small as the inner one.
        Refused { response: Option<Box<Response<ResBody>>> },
        Inner {
            #[pin]
            future: F,
            response_headers: Vec<ResponseHeader>,
        },
        Waiting {
            decision: BoxFuture<'static, Decision>,
            // Taken when the decision is there.
            rest: Option<Box<Rest<ReqBody, S, R>>>,
        },
    }
}

/// What a request that waits goes on with.
type Rest<ReqBody, S, R> = (Request<ReqBody>, S, Arc<JwtAuth<R>>);

impl<S, R, ReqBody, ResBody> JwtAuthFuture<S, R, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(crate) fn refused(response: Response<ResBody>) -> Self {
        Self { state: State::Refused { response: Some(Box::new(response)) } }
    }

    pub(crate) fn inner(future: S::Future, response_headers: Vec<ResponseHeader>) -> Self {
        Self { state: State::Inner { future, response_headers } }
    }

    pub(crate) fn waiting(
        decision: BoxFuture<'static, Decision>,
        request: Request<ReqBody>,
        service: S,
        auth: Arc<JwtAuth<R>>,
    ) -> Self {
        Self { state: State::Waiting { decision, rest: Some(Box::new((request, service, auth))) } }
    }
}

impl<S, R, ReqBody, ResBody> Future for JwtAuthFuture<S, R, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: RefusalResponse<ResBody>,
    ResBody: 'static,
{
    type Output = Result<Response<ResBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Refused { response } => {
                    // A future that has ended is not polled again.
                    return response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(*response)));
                }
                StateProjection::Inner { future, response_headers } => {
                    let mut response = ready!(future.poll(cx))?;
                    add_headers(response.headers_mut(), response_headers);
                    return Poll::Ready(Ok(response));
                }
                StateProjection::Waiting { decision, rest } => {
                    let decision = ready!(decision.as_mut().poll(cx));
                    let Some(rest) = rest.take() else { return Poll::Pending };
                    let (mut request, mut service, auth) = *rest;
                    let next = match decision {
                        Decision::Proceed(proceed) => {
                            let authentication = proceed.authentication.with_presenter(auth.presenter());
                            request.extensions_mut().insert(authentication);
                            State::Inner {
                                future: service.call(request),
                                response_headers: proceed.response_headers,
                            }
                        }
                        Decision::Refuse(refusal) => {
                            let head = HttpHead::from(&request);
                            State::Refused {
                                response: Some(Box::new(answer(&head, auth.refusal(), &refusal))),
                            }
                        }
                    };
                    state.set(next);
                }
            }
        }
    }
}

impl<S, R, ReqBody, ResBody> fmt::Debug for JwtAuthFuture<S, R, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtAuthFuture")
    }
}

//! What every extractor does: find the authentication, or make it, and read it.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use actix_web::{HttpMessage, HttpRequest};
use futures_util::future::{FutureExt, Shared};
use jwt_core::{Authentication, BoxFuture, Decision, Refusal, Step};
use pin_project_lite::pin_project;

use crate::auth::{Decider, JwtAuth};
use crate::head::HttpHead;
use crate::rejection::AuthRejection;

/// What an extractor makes of an authentication.
type Read<E> = fn(&Authentication) -> Result<E, Refusal>;

/// Several extractors of one handler are polled side by side; they wait for one decision, so that
/// a check runs once, also one that may not run twice (replay).
type SharedDecision = Shared<BoxFuture<'static, Decision>>;

pin_project! {
    /// The future of every extractor here. Ready at once where the middleware's outcome counts.
    pub struct ExtractFuture<E> {
        state: State<E>,
    }
}

enum State<E> {
    Ready(Option<Result<E, AuthRejection>>),
    Waiting { decision: SharedDecision, auth: JwtAuth, request: HttpRequest, read: Read<E> },
}

/// What became of authenticating by the handle, kept in the request for the next extractor. A
/// success is an [`Authentication`] there instead.
struct Attempt {
    by: JwtAuth,
    outcome: Outcome,
}

#[derive(Clone)]
enum Outcome {
    Refused(Refusal),
    Waiting(SharedDecision),
}

/// Takes what the middleware left in `request`; where none stands, or a handle in `app_data` stands
/// further in, authenticates by that handle.
pub(crate) fn extract<E>(request: &HttpRequest, wanted_by: &'static str, read: Read<E>) -> ExtractFuture<E> {
    let (auth, before) = {
        let extensions = request.extensions();
        let before = extensions.get::<Authentication>();
        match Decider::of(request, before) {
            Decider::Before(authentication) => {
                return ExtractFuture::ready(read_for(request, authentication, read));
            }
            Decider::Handle(auth) => (auth, before.cloned()),
            Decider::Nobody => {
                let refusal = Refusal::missing_layer(wanted_by);
                return ExtractFuture::ready(Err(AuthRejection::new(request, None, refusal)));
            }
        }
    };
    let attempted = {
        let extensions = request.extensions();
        extensions.get::<Attempt>().filter(|attempt| attempt.by.is_same(auth)).map(|one| one.outcome.clone())
    };
    let outcome = match attempted {
        Some(outcome) => outcome,
        None => match auth.rules().decide(&HttpHead::from(request), before.as_ref()) {
            Step::Decided(decision) => {
                return ExtractFuture::ready(conclude(request, auth, decision, read));
            }
            Step::Wait(decision) => keep(request, auth, Outcome::Waiting(decision.shared())),
        },
    };
    match outcome {
        Outcome::Refused(refusal) => {
            ExtractFuture::ready(Err(AuthRejection::new(request, Some(auth.clone()), refusal)))
        }
        Outcome::Waiting(decision) => ExtractFuture {
            state: State::Waiting { decision, auth: auth.clone(), request: request.clone(), read },
        },
    }
}

fn read_for<E>(
    request: &HttpRequest,
    authentication: &Authentication,
    read: Read<E>,
) -> Result<E, AuthRejection> {
    read(authentication)
        .map_err(|refusal| AuthRejection::new(request, JwtAuth::behind(authentication), refusal))
}

fn keep(request: &HttpRequest, auth: &JwtAuth, outcome: Outcome) -> Outcome {
    request.extensions_mut().insert(Attempt { by: auth.clone(), outcome: outcome.clone() });
    outcome
}

/// Leaves the decision in the request, and reads it.
fn conclude<E>(
    request: &HttpRequest,
    auth: &JwtAuth,
    decision: Decision,
    read: Read<E>,
) -> Result<E, AuthRejection> {
    match decision {
        Decision::Proceed(proceed) => {
            let authentication = auth.sign(proceed.authentication, request);
            request.extensions_mut().insert(authentication.clone());
            read_for(request, &authentication, read)
        }
        Decision::Refuse(refusal) => {
            keep(request, auth, Outcome::Refused(refusal.clone()));
            Err(AuthRejection::new(request, Some(auth.clone()), refusal))
        }
    }
}

impl<E> ExtractFuture<E> {
    fn ready(result: Result<E, AuthRejection>) -> Self {
        Self { state: State::Ready(Some(result)) }
    }
}

impl<E> Future for ExtractFuture<E> {
    type Output = Result<E, AuthRejection>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let state = self.project().state;
        let result = match state {
            // A future that has ended is not polled again.
            State::Ready(result) => return result.take().map_or(Poll::Pending, Poll::Ready),
            State::Waiting { decision, auth, request, read } => {
                let decision = ready!(Pin::new(decision).poll(cx));
                conclude(request, auth, decision, *read)
            }
        };
        // Lets go of the request at once: actix-web cannot route one of which a copy is held.
        *state = State::Ready(None);
        Poll::Ready(result)
    }
}

impl<E> fmt::Debug for ExtractFuture<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExtractFuture")
    }
}

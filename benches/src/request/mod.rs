//! Requests to a handler that reads the subject, in process.

mod in_actix;
mod in_axum;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub use self::in_actix::ActixServer;
pub use self::in_axum::AxumServer;
use crate::fixture::Fixture;

/// A server, and the request that it serves.
pub trait Server: Sized {
    /// Without any authentication.
    fn bare(fixture: &Fixture) -> Self;

    /// With the middleware and extractor of ours.
    fn ours(fixture: &Fixture) -> Self;

    /// With jsonwebtoken in the framework's `from_fn`, each used as its documentation shows: the key
    /// is parsed once, extractors take the header and the state, the rules stand beside the call.
    fn peer(fixture: &Fixture) -> Self;

    /// As [`Server::peer`], tuned by hand: rules are made once, and nothing is extracted for a request.
    fn tuned_peer(fixture: &Fixture) -> Self;

    /// With another token.
    #[must_use]
    fn with_token(self, token: &str) -> Self;

    /// The status of one request.
    fn serve(&mut self) -> u16;
}

/// Panics where a server does not serve the good token and refuse another.
pub fn prove<S: Server>(fixture: &Fixture) {
    assert_eq!(S::bare(fixture).serve(), 200);
    for make in [S::ours, S::peer, S::tuned_peer] {
        assert_eq!(make(fixture).serve(), 200);
        assert_eq!(make(fixture).with_token("a.b.c").serve(), 401);
    }
}

/// What the future yields at once: nothing here may wait.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the request waits"),
    }
}

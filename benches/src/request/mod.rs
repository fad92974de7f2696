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
    /// What [`Server::peer`] is.
    const DOCUMENTED: &'static str;
    /// What [`Server::tuned_peer`] is.
    const TUNED: &'static str;

    /// Without any authentication.
    fn bare(fixture: &Fixture) -> Self;

    /// With the middleware and extractor of ours.
    fn ours(fixture: &Fixture) -> Self;

    /// With jsonwebtoken in the middleware that the framework's documentation shows, key and rules
    /// in its state.
    fn peer(fixture: &Fixture) -> Self;

    /// As [`Server::peer`], tuned by hand: nothing is cloned or looked up for a request.
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

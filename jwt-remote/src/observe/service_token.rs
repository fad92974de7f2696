//! What operators are told of this service's own token. Of what a server answers, only a code that is known is told.

use core::time::Duration;

#[cfg(any(feature = "metrics", test))]
use crate::metrics;
use crate::service_token::ServiceTokenError;

/// A new token is served from now on.
pub(crate) fn fetched(source: &str, good_for: Duration, missing: &[&str]) {
    let seconds = good_for.as_secs();
    if missing.is_empty() {
        tracing::debug!(source, seconds, "a token of this service's own was fetched");
    } else {
        tracing::warn!(
            source,
            seconds,
            ?missing,
            "the token of this service's own has less scope than was asked for, and resources may refuse it; allow the \
             client these scopes at the server, or do not ask for them"
        );
    }
    count(source, "new");
}

/// A request for one failed.
pub(crate) fn failed(source: &str, error: &ServiceTokenError, is_held: bool) {
    let reason = error.code();
    if is_held {
        tracing::warn!(
            source,
            reason,
            "this service's own token could not be renewed; the one that is held serves until it ends: {error}"
        );
    } else {
        tracing::error!(
            source,
            reason,
            "this service has no token of its own, and what needs one fails: {error}"
        );
    }
    count(source, reason);
}

/// The token has ended, and there is no other one.
pub(crate) fn ended(source: &str) {
    tracing::error!(
        source,
        "this service's own token has ended, and what needs it fails until the server gives one again; the events before \
         this one say why it does not"
    );
}

/// A resource refused the token.
pub(crate) fn refused(source: &str, is_renewed: bool) {
    if is_renewed {
        tracing::warn!(
            source,
            "a resource answers 401 to this service's own token, and a new one is fetched; if this repeats, look at the \
             audience and the keys that the resource wants"
        );
    } else {
        tracing::debug!(
            source,
            "a resource answers 401 to this service's own token, which is not fetched anew so soon"
        );
    }
}

/// By `source`, which is configured, and a code of a closed set.
fn count(source: &str, outcome: &'static str) {
    #[cfg(any(feature = "metrics", test))]
    ::metrics::counter!(metrics::SERVICE_TOKENS, "source" => source.to_owned(), "outcome" => outcome)
        .increment(1);
    #[cfg(not(any(feature = "metrics", test)))]
    let _ = (source, outcome);
}

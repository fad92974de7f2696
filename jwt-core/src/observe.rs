//! What operators are told: events by `tracing` and, with the feature `metrics`, counters. The one
//! place of both, so that nothing is counted and not logged, and nothing that a token says is told.

#[cfg(feature = "metrics")]
use std::time::Instant;

use crate::algorithm::Algorithm;
use crate::keys::Skipped;
#[cfg(feature = "metrics")]
use crate::metrics;
use crate::refusal::{Answer, Reason};

/// A request that carried a good token. Its subject only where that was asked for, since whoever
/// reads the log is not whom the token is for; then as an event that is kept by default.
// Out of line: the path of every request is faster without the text of an event in it.
#[inline(never)]
pub(crate) fn authenticated(issuer: Option<&str>, subject: Option<&str>, carrier: &'static str) {
    match subject {
        Some(subject) => tracing::info!(issuer, subject, carrier, "request authenticated"),
        None => tracing::debug!(issuer, carrier, "request authenticated"),
    }
    #[cfg(feature = "metrics")]
    ::metrics::counter!(metrics::AUTHENTICATED, "carrier" => carrier).increment(1);
}

/// A request that went on without a token.
#[inline(never)]
pub(crate) fn anonymous() {
    tracing::debug!("request let through without a token");
    #[cfg(feature = "metrics")]
    ::metrics::counter!(metrics::ANONYMOUS).increment(1);
}

/// A request that was refused. Never the token, a claim's value or a `kid`.
pub(crate) fn refused(reason: Reason, detail: Option<&str>) {
    let (code, status) = (reason.code(), reason.answer().status());
    match reason.answer() {
        Answer::NoCredentials => tracing::debug!(reason = code, status, "request refused"),
        Answer::Unavailable => tracing::warn!(reason = code, detail, status, "request refused: {reason}"),
        _ => tracing::info!(reason = code, detail, status, "request refused: {reason}"),
    }
    #[cfg(feature = "metrics")]
    ::metrics::counter!(metrics::REFUSED, "reason" => code, "status" => status.to_string()).increment(1);
}

/// An extractor or requirement before which no layer stands.
pub(crate) fn missing_layer(wanted_by: &'static str) {
    let code = Reason::MissingLayer.code();
    tracing::error!(
        reason = code,
        wanted_by,
        "no JWT layer stands before this route: add `.layer(JwtAuth::new(…))` (actix-web: `.wrap(…)`) outside of it, \
         behind all of its routes: the later layer is the outer one"
    );
    #[cfg(feature = "metrics")]
    ::metrics::counter!(metrics::REFUSED, "reason" => code, "status" => "500").increment(1);
}

/// An authority's keys were replaced.
pub(crate) fn keys_replaced(epoch: u64, keys: usize) {
    tracing::debug!(epoch, keys, "keys replaced");
    #[cfg(feature = "metrics")]
    ::metrics::counter!(metrics::KEYS_REPLACED).increment(1);
}

/// An authority's keys were taken away.
pub(crate) fn keys_taken_away(epoch: u64) {
    tracing::warn!(epoch, "keys taken away: nothing can be verified");
    #[cfg(feature = "metrics")]
    ::metrics::counter!(metrics::KEYS_TAKEN_AWAY).increment(1);
}

/// A key of a JWK set that is not used. A `kid` is whatever its publisher likes: escaped, and no more
/// of it than helps to find it (CVE-2024-45808).
pub(crate) fn key_skipped(skipped: &Skipped) {
    let Skipped { index, key_id, error } = skipped;
    let key_id = key_id.as_deref().map(|key_id| key_id.escape_debug().take(32).collect::<String>());
    let code = error.code();
    if skipped.is_for_another_use() {
        tracing::debug!(index, key_id, reason = code, "a key of a JWK set is for another use: {error}");
    } else {
        tracing::warn!(index, key_id, reason = code, "a key of a JWK set is not used: {error}");
    }
    #[cfg(feature = "metrics")]
    ::metrics::counter!(metrics::KEYS_SKIPPED, "reason" => code).increment(1);
}

/// A claim of an issuer's own that looks personal or secret.
pub(crate) fn sensitive_claim(name: &'static str) {
    tracing::warn!(
        claim = name,
        "a claim's name looks personal or secret; whoever holds the token can read it"
    );
}

/// A token that was signed: by which key, and nothing of what it says.
#[inline(never)]
pub(crate) fn issued(algorithm: Algorithm, key_id: Option<&str>) {
    tracing::debug!(algorithm = algorithm.name(), key_id, "token issued");
    #[cfg(feature = "metrics")]
    ::metrics::counter!(metrics::ISSUED).increment(1);
}

/// Measures from its making until it is dropped; nothing without the feature `metrics`.
pub(crate) struct Timer {
    #[cfg(feature = "metrics")]
    start: Instant,
}

impl Timer {
    #[inline]
    pub(crate) fn of_decision() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            start: Instant::now(),
        }
    }
}

#[cfg(feature = "metrics")]
impl Drop for Timer {
    fn drop(&mut self) {
        ::metrics::histogram!(metrics::DECISION_SECONDS).record(self.start.elapsed());
    }
}

//! What operators are told of sources: what is wrong, and what to do. Events by `tracing` and, with the feature
//! `metrics`, counters. The one place of both.
//!
//! A source is called by its address without the query, or by its issuer: what the operator configured. Nothing that a
//! token or an answer says is told, but for the text of an error, which quotes none of it unescaped.

#[cfg(test)]
pub(crate) mod counted;
pub(crate) mod service_token;
#[cfg(test)]
pub(crate) mod told;
pub(crate) mod watched;

use core::time::Duration;

use jwt_core::keys::Skipped;
use jwt_core::{Algorithm, KeySet};

use crate::fetch_error::FetchError;
#[cfg(any(feature = "metrics", test))]
use crate::metrics;

/// What a source is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'s> {
    /// In events.
    pub(crate) source: &'s str,
    /// In metrics, where each name costs memory.
    pub(crate) label: &'s str,
}

/// New keys are served from now on. Those for the algorithms in `unnamed` are left out.
pub(crate) fn fetched(Name { source, label }: Name<'_>, keys: &KeySet, unnamed: &[Algorithm]) {
    let is_amiss = |skipped: &&Skipped| !skipped.is_for_another_use();
    let (used, skipped) = (keys.len(), keys.skipped().iter().filter(is_amiss).count());
    if !unnamed.is_empty() {
        let names: Vec<_> = unnamed.iter().map(|algorithm| algorithm.name()).collect();
        let algorithms = names.join(", ");
        tracing::warn!(
            source,
            algorithms,
            "keys for algorithms that the provider does not name in its metadata are not used, and tokens signed by \
             them are refused; where these are good tokens, configure the keys by their own address"
        );
    }
    if skipped == 0 {
        tracing::debug!(source, used, "new keys were fetched");
    } else {
        tracing::warn!(
            source,
            used,
            skipped,
            "keys of a fetched set are not used, and tokens signed by them are refused; the events before this one say \
             which and why: tell the provider"
        );
    }
    count(label, "new");
}

/// The source says that its keys are those that are held.
pub(crate) fn unchanged(Name { source, label }: Name<'_>) {
    tracing::debug!(source, "the keys are as before");
    count(label, "same");
}

/// What there is where a fetch gives nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Held {
    /// Keys, which serve on.
    Keys,
    /// None any more.
    TooOld,
    /// None since they were purged.
    Purged,
    /// None since a good answer had none that is for this service.
    Withdrawn,
    /// None yet.
    Never,
}

/// A fetch gave nothing.
pub(crate) fn failed(Name { source, label }: Name<'_>, error: &FetchError, held: Held) {
    let reason = error.code();
    if matches!(error.what(), FetchError::Issuer { .. }) {
        tracing::error!(
            source,
            reason,
            "the provider speaks for another issuer, so its keys are not used; configure the issuer exactly as its \
             metadata spells it: {error}"
        );
        count(label, reason);
        return;
    }
    match held {
        Held::Keys => tracing::warn!(
            source,
            reason,
            "keys could not be fetched; those that are held serve on until they are too old; before that, look whether this \
             address can be reached from here and serves a JWK set: {error}"
        ),
        Held::TooOld => tracing::error!(
            source,
            reason,
            "keys are still too old, and every token is answered with 503; look whether this address can be reached \
             from here and serves a JWK set: {error}"
        ),
        Held::Purged => tracing::error!(
            source,
            reason,
            "keys were not fetched since they were purged, and every token is answered with 503; look whether this \
             address can be reached from here and serves a JWK set: {error}"
        ),
        Held::Withdrawn => tracing::error!(
            source,
            reason,
            "the keys that were held are withdrawn, none that is served now is for this service, and every token is \
             answered with 503; compare the algorithms of the keys, of the provider's metadata and of the rules here: \
             {error}"
        ),
        Held::Never => tracing::error!(
            source,
            reason,
            "keys were never fetched, and every token is answered with 503; look whether this address can be reached \
             from here and serves a JWK set: {error}"
        ),
    }
    count(label, reason);
}

/// Keys that are served no longer.
pub(crate) fn too_old(Name { source, .. }: Name<'_>) {
    tracing::error!(
        source,
        "keys are too old to be trusted, and every token is answered with 503 until the source answers again; look \
         whether this address can be reached from here and serves a JWK set, the events before this one say why it does \
         not"
    );
}

/// The keys were given up at a word of this service.
pub(crate) fn purged(Name { source, .. }: Name<'_>) {
    tracing::warn!(
        source,
        "keys were purged by this service, and every token is answered with 503 until they are fetched again; where nobody \
         meant to, look for who calls `purge`"
    );
}

/// Nobody holds the source any more, but for a verifier that reads its keys.
pub(crate) fn closed(Name { source, .. }: Name<'_>) {
    tracing::error!(
        source,
        "the last handle of these keys is gone while a verifier reads them, and every token is answered with 503; begin \
         the authority by `authority()` of the handle, or keep that"
    );
}

/// Tokens named keys that the source does not have, more often than it is asked for them.
pub(crate) fn suppressed(Name { source, label }: Name<'_>, wishes: u64) {
    tracing::warn!(
        source,
        wishes,
        "tokens name keys that this source does not have, and it is not asked for each; if these are good tokens, look \
         whether the provider publishes its keys before it signs by them"
    );
    #[cfg(not(any(feature = "metrics", test)))]
    let _ = label;
    #[cfg(any(feature = "metrics", test))]
    ::metrics::counter!(metrics::SUPPRESSED, "source" => label.to_owned()).increment(wishes);
}

/// The endpoint said something about a token; `is_back` where that ends a time of failures.
pub(crate) fn introspected(source: &str, is_active: bool, is_back: bool) {
    if is_back {
        tracing::info!(source, "the introspection endpoint answers again");
    }
    count_introspection(source, if is_active { "active" } else { "refused" });
}

/// A call to an introspection endpoint failed. It is left alone for `pause`; without one the event `is_due` once in a
/// while.
pub(crate) fn introspection_failed(source: &str, error: &FetchError, pause: Option<Duration>, is_due: bool) {
    let reason = error.code();
    let is_refused = matches!(error, FetchError::Status { status: 401 });
    match pause {
        Some(pause) if is_refused || matches!(error, FetchError::ClientAuth { .. }) => tracing::error!(
            source,
            reason,
            pause_ms = pause.as_millis(),
            "the introspection endpoint does not take the credentials of this service, and tokens that it must be asked \
             about are answered with 503; look whether the client, its secret or key and the method are those that the \
             server knows: {error}"
        ),
        Some(pause) => tracing::error!(
            source,
            reason,
            pause_ms = pause.as_millis(),
            "the introspection endpoint fails and is left alone for a while, and tokens that it must be asked about are \
             answered with 503; look whether this address can be reached from here and is one of RFC 7662: {error}"
        ),
        None if is_due => tracing::warn!(
            source,
            reason,
            "the introspection endpoint did not say whether a token is good, which is answered with 503: {error}"
        ),
        None => {}
    }
    count_introspection(source, reason);
}

/// A token came about which the endpoint was not asked; `told` is how many, where that is to be told now.
pub(crate) fn not_introspected(source: &str, told: Option<u64>) {
    if let Some(requests) = told {
        tracing::warn!(
            source,
            requests,
            "requests were answered with 503 because the introspection endpoint is left alone after failures, or too \
             many calls to it are under way; if nothing failed before this event, look how long it takes to answer"
        );
    }
    count_introspection(source, "not_asked");
}

/// By `source`, which is configured, and a code of a closed set.
fn count_introspection(source: &str, outcome: &'static str) {
    #[cfg(any(feature = "metrics", test))]
    ::metrics::counter!(metrics::INTROSPECTIONS, "source" => source.to_owned(), "outcome" => outcome)
        .increment(1);
    #[cfg(not(any(feature = "metrics", test)))]
    let _ = (source, outcome);
}

/// By `source`, which is configured, and a code of a closed set.
fn count(source: &str, outcome: &'static str) {
    #[cfg(any(feature = "metrics", test))]
    ::metrics::counter!(metrics::FETCHES, "source" => source.to_owned(), "outcome" => outcome).increment(1);
    #[cfg(not(any(feature = "metrics", test)))]
    let _ = (source, outcome);
}

/// Wishes that were not granted, told together: a flood of tokens is no flood of events.
#[derive(Debug, Default)]
pub(crate) struct Suppressed {
    wishes: u64,
    told_at: Option<Duration>,
}

impl Suppressed {
    /// At most one event in this time.
    const EVERY: Duration = Duration::from_secs(60);

    /// How many are to be told now.
    pub(crate) fn one_more(&mut self, now: Duration) -> Option<u64> {
        self.wishes = self.wishes.saturating_add(1);
        if self.told_at.is_some_and(|then| now.saturating_sub(then) < Self::EVERY) {
            return None;
        }
        self.told_at = Some(now);
        Some(core::mem::take(&mut self.wishes))
    }
}

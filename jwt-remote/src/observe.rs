//! What operators are told of sources, by `tracing`: what is wrong, and what to do. The one place of it.

use crate::address::Address;
use crate::jwks::FetchError;

/// A fetch gave nothing.
pub(crate) fn failed(address: &Address, error: &FetchError, has_keys: bool) {
    let (url, reason) = (address.without_query(), error.code());
    if has_keys {
        tracing::warn!(url, reason, "keys could not be fetched, those that are held serve on: {error}");
    } else {
        tracing::error!(
            url,
            reason,
            "keys were never fetched, every token is answered with 503; look whether this address can be reached \
             from here and serves a JWK set: {error}"
        );
    }
}

/// Keys that are served no longer.
pub(crate) fn too_old(address: &Address) {
    let url = address.without_query();
    tracing::error!(
        url,
        "keys are too old to be trusted, every token is answered with 503 until the source answers again"
    );
}

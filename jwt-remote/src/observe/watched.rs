//! What operators are told of watched files. A path is what the operator configured.

use jwt_core::KeySet;

use crate::watched::WatchError;

/// New keys are served from now on.
pub(crate) fn read(files: &impl core::fmt::Display, keys: &KeySet) {
    let (used, skipped) = (keys.len(), keys.skipped().len());
    tracing::info!(%files, used, skipped, "keys were read");
    super::count(&files.to_string(), "new");
}

/// The files hold again what they held before they could not be used.
pub(crate) fn as_before(files: &impl core::fmt::Display) {
    tracing::info!(%files, "the files are good again, and their keys are as before");
    super::count(&files.to_string(), "same");
}

/// Nobody holds the keys any more, but for a verifier that reads them.
pub(crate) fn closed(files: &impl core::fmt::Display) {
    tracing::error!(
        %files,
        "the last handle of these keys is gone while a verifier reads them, and every token is answered with 503; begin \
         the authority by `authority()` of the handle, or keep that"
    );
}

/// The files give nothing that can be used.
pub(crate) fn failed(files: &impl core::fmt::Display, error: &WatchError) {
    let reason = error.code();
    tracing::warn!(
        %files,
        reason,
        "changed keys cannot be used; those that were read before serve on, and the files are read again: {error}"
    );
    super::count(&files.to_string(), reason);
}

//! Requests that are let through though it is not known what others have revoked.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

/// How many there were, and whether there are some now.
#[derive(Default)]
pub(super) struct Unchecked {
    requests: AtomicU64,
    is_told: AtomicBool,
}

impl Unchecked {
    /// One more. The first one of an outage is told of.
    // Out of line: the path of every request is faster without the text of an event in it.
    #[inline(never)]
    pub(super) fn let_through(&self, lag: Duration) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        #[cfg(any(feature = "metrics", test))]
        ::metrics::counter!(crate::metrics::REVOCATION_UNCHECKED).increment(1);
        if !self.is_told.swap(true, Ordering::AcqRel) {
            tracing::warn!(
                event = "revocation_unchecked",
                lag_seconds = lag.as_secs(),
                "it is not known what other processes revoke, and tokens are let through all the same"
            );
        }
    }

    /// It is known again.
    pub(super) fn heals(&self) {
        if self.is_told.swap(false, Ordering::AcqRel) {
            let requests = self.requests();
            tracing::info!(
                event = "revocation_checked",
                requests,
                "it is known again what other processes revoke; so many requests were let through up to now"
            );
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

//! When the store was last read, by a clock that cannot jump.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use tokio::time::Instant;

/// When the store was last read.
pub(super) struct Heard {
    began: Instant,
    /// Milliseconds since then.
    at: AtomicU64,
}

impl Heard {
    /// Just now.
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), at: AtomicU64::new(0) }
    }

    /// It was read.
    pub(super) fn now(&self) {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.at.fetch_max(at, Ordering::AcqRel);
    }

    /// How long ago that is.
    pub(super) fn ago(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.at.load(Ordering::Acquire)))
    }
}

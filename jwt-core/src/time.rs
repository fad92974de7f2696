//! The clock. Time enters the workspace here and nowhere else.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of wall-clock time, in whole and fractional seconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use jwt_core::{Clock, ManualClock, SystemClock};
/// assert!(SystemClock.now().as_secs() > 1_700_000_000);
/// let clock = ManualClock::at(1_000);
/// clock.advance(30);
/// assert_eq!(clock.now().as_secs(), 1_030);
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time since the Unix epoch. A clock that cannot tell should read far in the future, so
    /// that every token has expired.
    fn now(&self) -> Duration;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
    fn now(&self) -> Duration {
        // A clock set before 1970 tells nothing: then no token is good, rather than every old one.
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::MAX)
    }
}

/// A clock that stands still until it is told to move. Clones share the same time.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock that reads `unix_seconds`.
    #[must_use]
    pub fn at(unix_seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(unix_seconds)))
    }

    /// Jumps to `unix_seconds`, forward or back.
    pub fn set(&self, unix_seconds: u64) {
        self.0.store(unix_seconds, Ordering::SeqCst);
    }

    /// Moves forward by `seconds`; stops at the largest representable time.
    pub fn advance(&self, seconds: u64) {
        let then = self.0.load(Ordering::SeqCst).saturating_add(seconds);
        self.set(then);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that several share.
impl Clock for Arc<dyn Clock> {
    fn now(&self) -> Duration {
        (**self).now()
    }
}

impl fmt::Debug for dyn Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

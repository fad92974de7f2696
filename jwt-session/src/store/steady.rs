//! When it is safe to forget: not by one reading of a clock that may have jumped.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// How far the clock may differ from what has passed since the last reading, beside a thousandth of that.
const TOLERANCE: Duration = Duration::from_secs(300);
/// How long a clock must have been steady at first: a machine that has just started may yet find out what time it is.
const SETTLED: Duration = Duration::from_secs(10 * 60);
/// How long after it jumped.
const TRIED: Duration = Duration::from_secs(60 * 60);

/// Tells whether a clock is steady, by comparing it with a monotonic one: for stores that forget what is over.
///
/// A clock that is set a year ahead makes all that was taken back, or used up, look over. Were it forgotten, it would be
/// good again when the clock is set right.
///
/// ```
/// use jwt_session::jwt_core::Clock;
/// use jwt_session::store::Steady;
///
/// fn forget(steady: &Steady, clock: &impl Clock) {
///     let now = clock.now();
///     if steady.may_forget(now) {
///         // Delete what is over by `now`.
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct Steady {
    last: Mutex<Option<Reading>>,
    jumps: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    wall: Duration,
    at: Instant,
    /// From then on it is steady.
    steady: Instant,
}

impl Steady {
    /// Whether what is over by this reading, the time since the Unix epoch, may be forgotten: not in the ten minutes
    /// behind the first reading, and not for an hour after a jump, forwards or backwards by more than five minutes since
    /// the last one.
    pub fn may_forget(&self, wall: Duration) -> bool {
        let at = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let in_a_while = |wait| at.checked_add(wait).unwrap_or(at);
        let steady = match *last {
            None => in_a_while(SETTLED),
            Some(before) => {
                let passed = at.saturating_duration_since(before.at);
                let differs = wall.abs_diff(before.wall.saturating_add(passed));
                if differs <= TOLERANCE.saturating_add(passed.checked_div(1_000).unwrap_or_default()) {
                    before.steady
                } else {
                    self.jumps.fetch_add(1, Ordering::AcqRel);
                    tracing::warn!(
                        event = "clock_jumped",
                        seconds = differs.as_secs(),
                        "the clock has jumped: nothing that is taken back or used up is forgotten for an hour"
                    );
                    in_a_while(TRIED)
                }
            }
        };
        *last = Some(Reading { wall, at, steady });
        at >= steady
    }

    /// How often it has jumped.
    pub(crate) fn jumps(&self) -> u64 {
        self.jumps.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const YEAR: Duration = Duration::from_secs(365 * 86_400);

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_jumped_forgets_nothing_for_an_hour() {
        for jump in [|wall: Duration| wall + YEAR, |wall: Duration| wall - YEAR, |wall| wall + MINUTE * 6] {
            let (steady, mut wall) = (Steady::default(), YEAR * 50);
            for _ in 0..10 {
                assert!(!steady.may_forget(wall), "not at first");
                advance(MINUTE).await;
                wall += MINUTE;
            }
            // Five more that are no jump.
            wall += MINUTE * 5;
            assert!(steady.may_forget(wall) && steady.jumps() == 0);
            wall = jump(wall);
            assert!(!steady.may_forget(wall) && steady.jumps() == 1);
            for _ in 0..59 {
                advance(MINUTE).await;
                wall += MINUTE;
                assert!(!steady.may_forget(wall));
            }
            advance(MINUTE).await;
            assert!(steady.may_forget(wall + MINUTE));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn months_without_a_look_are_no_jump() {
        let steady = Steady::default();
        assert!(!steady.may_forget(YEAR));
        advance(YEAR).await;
        assert!(steady.may_forget(YEAR * 2 + MINUTE * 60));
    }
}

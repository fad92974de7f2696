//! When it is safe to forget: not by one reading of a clock that may have jumped.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// How far the clock may differ from what has passed since the last look, beside a thousandth of that.
const TOLERANCE: Duration = Duration::from_secs(300);
/// How long a clock must have been steady after it jumped.
const TRIED: Duration = Duration::from_secs(60 * 60);

/// Tells whether a clock is steady, by comparing it with a monotonic one: for stores that forget what is over.
///
/// A clock that is set a year ahead makes all that was taken back, or used up, look over. Were it forgotten, it would be
/// good again when the clock is set right.
///
/// ```
/// use core::time::Duration;
/// use jwt_session::store::Steady;
///
/// let (steady, now) = (Steady::default(), Duration::from_secs(1_800_000_000));
/// assert!(steady.may_forget(now));
/// let next_year = now + Duration::from_secs(365 * 86_400);
/// assert!(!steady.may_forget(next_year));
/// ```
#[derive(Debug, Default)]
pub struct Steady {
    seen: Mutex<Option<Seen>>,
    has_jumped: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    wall: Duration,
    at: Instant,
    jumped: Option<Instant>,
}

impl Steady {
    /// Whether what is over by this reading, the time since the Unix epoch, may be forgotten. After a jump, forwards or
    /// backwards by more than five minutes since the last reading, nothing may for an hour.
    pub fn may_forget(&self, wall: Duration) -> bool {
        let at = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut jumped = None;
        if let Some(before) = *seen {
            let passed = at.saturating_duration_since(before.at);
            let differs = wall.abs_diff(before.wall.saturating_add(passed));
            let is_jump = differs > TOLERANCE.saturating_add(passed.checked_div(1_000).unwrap_or_default());
            if is_jump {
                self.has_jumped.store(true, Ordering::Release);
                tracing::warn!(
                    event = "clock_jumped",
                    seconds = differs.as_secs(),
                    "the clock has jumped: nothing that is taken back or used up is forgotten for an hour"
                );
            }
            let is_tried = |since: Instant| at.saturating_duration_since(since) >= TRIED;
            jumped = if is_jump { Some(at) } else { before.jumped.filter(|since| !is_tried(*since)) };
        }
        *seen = Some(Seen { wall, at, jumped });
        jumped.is_none()
    }

    /// Whether there was a jump since this was last asked.
    pub(crate) fn has_jumped(&self) -> bool {
        self.has_jumped.swap(false, Ordering::AcqRel)
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
            assert!(steady.may_forget(wall));
            advance(MINUTE).await;
            // A minute, and five more that are no jump.
            wall += MINUTE * 5;
            assert!(steady.may_forget(wall));
            wall = jump(wall);
            assert!(!steady.may_forget(wall));
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
        assert!(steady.may_forget(YEAR));
        advance(YEAR).await;
        assert!(steady.may_forget(YEAR * 2 + MINUTE * 60));
    }
}

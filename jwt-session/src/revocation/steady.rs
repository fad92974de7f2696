//! When it is safe to forget: not by one reading of a clock that may have jumped.

use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// How far the clock may differ from what has passed since the last look, beside a thousandth of that.
const TOLERANCE: Duration = Duration::from_secs(300);
/// How long a clock must have been steady after it jumped.
const TRIED: Duration = Duration::from_secs(60 * 60);

/// Compares the clock of the wall with a monotonic one.
///
/// A clock that is set a year ahead makes all that was taken back look expired. Were it forgotten, it would be good again
/// when the clock is set right.
#[derive(Default)]
pub(crate) struct Steady(Mutex<Option<Seen>>);

#[derive(Clone, Copy)]
struct Seen {
    wall: Duration,
    at: Instant,
    jumped: Option<Instant>,
}

impl Steady {
    /// Whether what is expired by this reading may be forgotten. After a jump, forwards or backwards by minutes, nothing
    /// may for an hour.
    pub(crate) fn may_forget(&self, wall: Duration) -> bool {
        let at = Instant::now();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut jumped = None;
        if let Some(before) = *seen {
            let passed = at.saturating_duration_since(before.at);
            let differs = wall.abs_diff(before.wall.saturating_add(passed));
            let is_jump = differs > TOLERANCE.saturating_add(passed.checked_div(1_000).unwrap_or_default());
            if is_jump {
                tracing::warn!(
                    event = "clock_jumped",
                    seconds = differs.as_secs(),
                    "the clock has jumped: nothing that is taken back is forgotten for an hour"
                );
            }
            let is_tried = |since: Instant| at.saturating_duration_since(since) >= TRIED;
            jumped = if is_jump { Some(at) } else { before.jumped.filter(|since| !is_tried(*since)) };
        }
        *seen = Some(Seen { wall, at, jumped });
        jumped.is_none()
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

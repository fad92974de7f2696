//! Uses in memory.

use core::time::Duration;
use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;

use jwt_core::keys::BoxFuture;

use super::{MemoryStore, REVOCATIONS_A_SESSION};
use crate::store::{ReplayStore, Steady, StoreError, StoreErrorKind, UseId};

/// Names that one call forgets at most, so that none waits for a sweep of all of them.
const FORGOTTEN_AT_ONCE: usize = 8;

/// What was used, and in which order it is over.
#[derive(Default)]
pub(super) struct Uses {
    ids: HashSet<UseId>,
    by_end: BTreeSet<(Duration, UseId)>,
    steady: Steady,
}

impl Uses {
    fn consume(
        &mut self,
        id: UseId,
        until: Duration,
        now: Duration,
        most: usize,
    ) -> Result<bool, StoreError> {
        let forgotten = if self.steady.may_forget(now) { FORGOTTEN_AT_ONCE } else { 0 };
        for _ in 0..forgotten {
            match self.by_end.first() {
                Some((end, over)) if *end <= now => {
                    self.ids.remove(over);
                    self.by_end.pop_first();
                }
                _ => break,
            }
        }
        if until <= now || self.ids.contains(&id) {
            return Ok(false);
        }
        if self.ids.len() >= most {
            return Err(StoreErrorKind::Full.into());
        }
        self.by_end.insert((until, id));
        Ok(self.ids.insert(id))
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
impl MemoryStore {
    /// Uses that are remembered; some may be over.
    pub(crate) fn uses(&self) -> usize {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).ids.len()
    }
}

impl ReplayStore for MemoryStore {
    fn consume(&self, id: UseId, until: Duration) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let most = self.most_sessions.saturating_mul(REVOCATIONS_A_SESSION);
            let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
            uses.consume(id, until, self.clock.now(), most)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> UseId {
        UseId::of("test", &[&n.to_be_bytes()])
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Nothing is used yet, by a clock that was steady for ten minutes.
    async fn uses() -> Uses {
        let uses = Uses::default();
        assert!(!uses.steady.may_forget(at(0)));
        tokio::time::advance(at(600)).await;
        uses
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_over_is_forgotten_by_later_calls_a_few_at_a_time() {
        let mut uses = uses().await;
        for n in 0..1_000 {
            assert!(uses.consume(id(n), at(700), at(600), 1_000).unwrap());
        }
        assert_eq!(uses.ids.len(), 1_000);
        assert!(uses.consume(id(1_000), at(700), at(699), 1_000).is_err(), "it is full, and none is over");
        for n in 1_000..2_000 {
            let before = uses.ids.len();
            assert!(uses.consume(id(n), at(900), at(700), 1_000).unwrap());
            assert!(before + 1 - uses.ids.len() <= FORGOTTEN_AT_ONCE, "no call forgets all of them");
        }
        assert_eq!((uses.ids.len(), uses.by_end.len()), (1_000, 1_000), "the first thousand are forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_held_than_is_not_over() {
        let mut uses = uses().await;
        for n in 0..60_000 {
            // A thousand a second, each for five seconds.
            let now = at(600 + u64::from(n / 1_000));
            assert!(uses.consume(id(n), now + at(5), now, 10_000).unwrap(), "{n}");
            assert!(
                uses.ids.len() <= 5_000 && uses.by_end.len() == uses.ids.len(),
                "{n}: {}",
                uses.ids.len()
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_forgotten_by_a_clock_that_has_jumped() {
        let mut uses = uses().await;
        assert!(uses.consume(id(1), at(1_500), at(600), 10).unwrap());
        assert!(uses.consume(id(2), at(5_100), at(4_200), 10).unwrap());
        assert!(!uses.consume(id(1), at(1_500), at(600), 10).unwrap(), "it was used");
    }

    /// It begins in the next year, and the clock is set right nine minutes later.
    #[tokio::test(start_paused = true)]
    async fn nothing_is_forgotten_by_a_clock_that_was_wrong_at_first() {
        let mut uses = Uses::default();
        const YEAR: u64 = 365 * 86_400;
        assert!(uses.consume(id(1), at(900), at(0), 10).unwrap());
        uses.steady = Steady::default();
        for minute in 0..9 {
            let now = YEAR + minute * 60;
            assert!(
                uses.consume(id(2 + u32::try_from(minute).unwrap()), at(now + 900), at(now), 20).unwrap()
            );
            tokio::time::advance(at(60)).await;
        }
        assert!(!uses.consume(id(1), at(900), at(540), 20).unwrap(), "it was used");
    }

    #[test]
    fn a_refused_call_leaves_nothing() {
        let mut uses = Uses::default();
        assert!(!uses.consume(id(1), at(10), at(10), 10).unwrap(), "it was over");
        assert!(uses.consume(id(1), at(11), at(10), 0).is_err(), "there is no room");
        assert_eq!((uses.ids.len(), uses.by_end.len()), (0, 0));
    }
}

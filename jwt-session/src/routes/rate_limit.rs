//! Rate limits in memory: so many times within a while, per address and per name.
//!
//! The crate governor was looked at: it keeps one entry for each key that was ever seen until somebody tells it to
//! shrink, and its bucket, which fills up all the time, lets an eleventh attempt within a minute pass. Here the last
//! attempts of a key are kept, and of keys only so many.

use core::fmt;
use core::hash::{BuildHasher as _, Hash};
use core::time::Duration;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::sync::{Mutex, PoisonError};

/// Keys in one of the two halves of the memory.
const MOST_KEYS: usize = 8_192;
/// Attempts in one of them, 16 bytes each.
const MOST_SEEN: usize = 64 * MOST_KEYS;

/// So many times within a while.
///
/// ```
/// use core::time::Duration;
/// use jwt_session::routes::RateLimit;
///
/// let ten_a_minute = RateLimit::new(10, Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    most: u16,
    within: Duration,
}

impl RateLimit {
    /// At most `most` times within any span of this length; 0 is never.
    #[must_use]
    pub const fn new(most: u16, within: Duration) -> Self {
        Self { most, within }
    }

    /// Once in the same span.
    pub(super) const fn once(self) -> Self {
        Self { most: 1, within: self.within }
    }

    /// So many times as often.
    pub(super) const fn times(self, factor: u16) -> Self {
        Self { most: self.most.saturating_mul(factor), within: self.within }
    }
}

/// Counts by key. A key that was not seen for long makes room for a new one.
pub(super) struct RateLimiter {
    limit: RateLimit,
    most_keys: usize,
    most_seen: usize,
    hash: RandomState,
    halves: Mutex<Halves>,
}

/// When a key was seen within the while, the earliest first.
type Seen = Vec<Duration>;

/// What was seen lately, and what was seen before that. Where the first is full, it takes the place of the second, which
/// is forgotten: the least recently used half of all keys goes, at no cost per attempt.
#[derive(Default)]
struct Halves {
    young: HashMap<u64, Seen>,
    /// Attempts in it.
    young_seen: usize,
    old: HashMap<u64, Seen>,
}

impl RateLimiter {
    pub(super) fn new(limit: RateLimit) -> Self {
        let (most_keys, most_seen) = (MOST_KEYS, MOST_SEEN);
        Self { limit, most_keys, most_seen, hash: RandomState::new(), halves: Mutex::default() }
    }

    /// Whether an attempt would be counted now. Counts none.
    ///
    /// # Errors
    /// How long to wait, where it would not.
    pub(super) fn check<K: Hash>(&self, key: &K, now: Duration) -> Result<(), Duration> {
        self.seen(key, now, |_| ())
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// How long to wait, where there were too many. Such an attempt is not counted.
    pub(super) fn take<K: Hash>(&self, key: &K, now: Duration) -> Result<(), Duration> {
        self.seen(key, now, |seen| seen.push(now))
    }

    /// What `then` makes of a key that was not seen too often.
    fn seen<K: Hash>(&self, key: &K, now: Duration, then: impl FnOnce(&mut Seen)) -> Result<(), Duration> {
        let key = self.hash.hash_one(key);
        let RateLimit { most, within } = self.limit;
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = halves.remove(key);
        // A clock that was set back forgets what is yet to come, for nobody is to wait an hour.
        seen.retain(|at| *at <= now && now.saturating_sub(*at) < within);
        let outcome = if seen.len() < usize::from(most) {
            then(&mut seen);
            Ok(())
        } else {
            let first = seen.first().copied().unwrap_or(now);
            Err(within.saturating_sub(now.saturating_sub(first)))
        };
        halves.insert(key, seen, self);
        outcome
    }

    /// Takes back an attempt that turned out to be a good one.
    pub(super) fn give_back<K: Hash>(&self, key: &K, taken: Duration) {
        let key = self.hash.hash_one(key);
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = halves.remove(key);
        if let Some(place) = seen.iter().rposition(|at| *at == taken) {
            seen.remove(place);
        }
        halves.insert(key, seen, self);
    }
}

impl Halves {
    fn remove(&mut self, key: u64) -> Seen {
        if let Some(seen) = self.young.remove(&key) {
            self.young_seen = self.young_seen.saturating_sub(seen.len());
            return seen;
        }
        self.old.remove(&key).unwrap_or_default()
    }

    fn insert(&mut self, key: u64, seen: Seen, most: &RateLimiter) {
        if seen.is_empty() {
            return;
        }
        if self.young.len() >= most.most_keys || self.young_seen >= most.most_seen {
            self.old = core::mem::take(&mut self.young);
            self.young_seen = 0;
        }
        self.young_seen = self.young_seen.saturating_add(seen.len());
        self.young.insert(key, seen);
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn limiter() -> RateLimiter {
        RateLimiter::new(RateLimit::new(10, at(60)))
    }

    #[test]
    fn the_eleventh_within_any_minute_waits() {
        let limiter = limiter();
        for n in 0..10 {
            assert_eq!(limiter.take(&"a", at(100 + 5 * n)), Ok(()), "{n}");
        }
        assert_eq!(limiter.take(&"a", at(150)), Err(at(10)));
        assert_eq!(limiter.take(&"b", at(150)), Ok(()), "another key");
        // The first of them is over, and then the second.
        assert_eq!(limiter.take(&"a", at(160)), Ok(()));
        assert_eq!(limiter.take(&"a", at(160)), Err(at(5)));
        assert_eq!(limiter.take(&"a", at(165)), Ok(()));
    }

    #[test]
    fn what_is_given_back_was_never_counted() {
        let limiter = limiter();
        for n in 0..100 {
            assert_eq!(limiter.take(&"a", at(n)), Ok(()), "{n}");
            limiter.give_back(&"a", at(n));
        }
        assert!(limiter.halves.lock().unwrap().young.is_empty());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let limiter = limiter();
        (0..10).for_each(|_| limiter.take(&"a", at(5_000)).unwrap());
        assert_eq!(limiter.take(&"a", at(5_000)), Err(at(60)));
        assert_eq!(limiter.take(&"a", at(1_000)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_forgets_what_was_not_seen_for_longest() {
        let limiter = RateLimiter { most_keys: 100, ..limiter() };
        (0..10).for_each(|_| limiter.take(&0, at(1)).unwrap());
        for key in 1..10_000 {
            limiter.take(&key, at(2)).unwrap();
            // Whoever keeps trying is not forgotten.
            assert_eq!(limiter.take(&0, at(2)), Err(at(59)), "{key}");
        }
        let halves = limiter.halves.lock().unwrap();
        assert!(halves.young.len() <= 100 && halves.old.len() <= 100);
    }

    #[test]
    fn memory_is_bounded_where_keys_are_seen_often_too() {
        let limiter = RateLimiter { most_seen: 1_000, ..RateLimiter::new(RateLimit::new(500, at(60))) };
        for key in 0..100 {
            (0..500).for_each(|_| limiter.take(&key, at(1)).unwrap());
            assert_eq!(limiter.take(&key, at(1)), Err(at(60)), "{key}");
        }
        let halves = limiter.halves.lock().unwrap();
        let seen = |half: &HashMap<u64, Seen>| half.values().map(Vec::len).sum::<usize>();
        assert_eq!(seen(&halves.young), halves.young_seen);
        assert!(seen(&halves.young) <= 1_500 && seen(&halves.old) <= 1_500);
    }

    #[test]
    fn a_check_counts_nothing() {
        let limiter = limiter();
        for n in 0..10 {
            (0..100).for_each(|_| limiter.check(&"a", at(n)).unwrap());
            limiter.take(&"a", at(n)).unwrap();
        }
        assert_eq!(limiter.check(&"a", at(10)), Err(at(50)));
    }

    #[test]
    fn none_at_all_is_never() {
        assert_eq!(RateLimiter::new(RateLimit::new(0, at(60))).take(&1, at(0)), Err(at(60)));
    }
}

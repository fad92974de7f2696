//! Keys that tokens name and a source does not have: what bounds the fetches that strangers can cause.

use core::time::Duration;
use std::collections::{HashSet, VecDeque};

/// A keyed hash of a token's `kid` and `alg`. Only compared: what a stranger wrote is neither kept nor sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyPrint(pub(crate) u64);

/// Pays for what strangers can cause: some at once, then one more in each interval.
#[derive(Debug)]
pub(crate) struct Bucket {
    most: u32,
    fills_in: Duration,
    tokens: u32,
    /// Up to when the filling is accounted for.
    filled_at: Duration,
}

impl Bucket {
    /// Full, with `most` at once and one more in each `fills_in`.
    pub(crate) fn new(most: u32, fills_in: Duration, now: Duration) -> Self {
        Self { most, fills_in, tokens: most, filled_at: now }
    }

    /// Of the fetches of one source: two at once, one more in each half minute.
    pub(crate) fn of_fetches(now: Duration) -> Self {
        Self::new(2, Duration::from_secs(30), now)
    }

    /// Pays for one, if it can.
    pub(crate) fn pays(&mut self, now: Duration) -> bool {
        while self.tokens < self.most {
            let next = self.filled_at.saturating_add(self.fills_in);
            if now < next {
                break;
            }
            self.filled_at = next;
            self.tokens = self.tokens.saturating_add(1);
        }
        if self.tokens == self.most {
            // A full bucket fills no further.
            self.filled_at = now;
        }
        let pays = self.tokens > 0;
        self.tokens = self.tokens.saturating_sub(1);
        pays
    }
}

/// Keys of which a good fetch showed that the source does not have them.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    known: HashSet<KeyPrint>,
    /// In the order in which they became known, with the time up to which that holds.
    until: VecDeque<(Duration, KeyPrint)>,
}

impl Strangers {
    /// The most that are known at a time.
    pub(crate) const MOST: usize = 1_024;
    const FOR: Duration = Duration::from_secs(60);

    /// Whether it is known that the source does not have this key.
    pub(crate) fn are_known(&mut self, key: KeyPrint, now: Duration) -> bool {
        while let Some((_, old)) = self.until.front().copied().filter(|(until, _)| *until <= now) {
            self.until.pop_front();
            self.known.remove(&old);
        }
        self.known.contains(&key)
    }

    /// A good fetch that began after somebody had asked for this key: whoever asks again finds it missing.
    pub(crate) fn learn(&mut self, key: KeyPrint, now: Duration) {
        if !self.known.insert(key) {
            return;
        }
        self.until.push_back((now.saturating_add(Self::FOR), key));
        if self.until.len() > Self::MOST
            && let Some((_, oldest)) = self.until.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        assert_eq!(self.known.len(), self.until.len());
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_bucket_pays_twice_then_once_in_half_a_minute_and_never_saves_more() {
        let mut bucket = Bucket::of_fetches(at(0));
        let paid: Vec<u64> = (0..200).filter(|&second| bucket.pays(at(second))).collect();
        assert_eq!(paid, [0, 1, 30, 60, 90, 120, 150, 180]);
        let paid = (0..10).filter(|_| bucket.pays(at(100_000))).count();
        assert_eq!(paid, 2);
    }

    #[test]
    fn time_that_goes_back_pays_nothing() {
        let mut bucket = Bucket::of_fetches(at(1_000));
        assert!(bucket.pays(at(1_000)) && bucket.pays(at(1_000)));
        assert!(!bucket.pays(at(0)));
    }

    #[test]
    fn what_a_fetch_did_not_bring_is_known_for_a_minute() {
        let mut strangers = Strangers::default();
        assert!(!strangers.are_known(KeyPrint(1), at(0)));
        strangers.learn(KeyPrint(1), at(10));
        // Told again, it is not known for longer.
        strangers.learn(KeyPrint(1), at(50));
        assert!(strangers.are_known(KeyPrint(1), at(69)));
        assert!(!strangers.are_known(KeyPrint(2), at(69)));
        assert!(!strangers.are_known(KeyPrint(1), at(70)));
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut strangers = Strangers::default();
        for n in 0..3_000 {
            strangers.learn(KeyPrint(n), at(0));
            assert!(strangers.len() <= Strangers::MOST);
        }
        assert!(!strangers.are_known(KeyPrint(3_000 - 1_025), at(1)));
        assert!(strangers.are_known(KeyPrint(3_000 - 1_024), at(1)));
    }
}

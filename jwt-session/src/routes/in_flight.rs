//! Attempts that have begun and are not decided yet: so many at a time of one key.

use core::fmt;
use core::hash::{BuildHasher as _, Hash};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::sync::{Mutex, PoisonError};

/// How many attempts of a key are in flight. A key is in memory for as long as one is.
pub(super) struct InFlight {
    most: usize,
    hash: RandomState,
    counts: Mutex<HashMap<u64, usize>>,
}

/// One attempt in flight. It is over when this is dropped, whatever came of it.
#[must_use]
pub(super) struct Place<'f> {
    of: &'f InFlight,
    key: u64,
}

impl InFlight {
    pub(super) fn new(most: usize) -> Self {
        Self { most, hash: RandomState::new(), counts: Mutex::default() }
    }

    /// Takes a place; None where all are taken.
    pub(super) fn enter<K: Hash>(&self, key: &K) -> Option<Place<'_>> {
        let key = self.hash.hash_one(key);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&key).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        counts.insert(key, count.saturating_add(1));
        Some(Place { of: self, key })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut counts = self.of.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get(&self.key).copied().unwrap_or_default().saturating_sub(1) {
            0 => drop(counts.remove(&self.key)),
            left => drop(counts.insert(self.key, left)),
        }
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").field("most", &self.most).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_once_its_attempt_is_dropped() {
        let in_flight = InFlight::new(2);
        let (one, two) = (in_flight.enter(&"a").unwrap(), in_flight.enter(&"a").unwrap());
        assert!(in_flight.enter(&"a").is_none());
        let other = in_flight.enter(&"b").unwrap();
        drop(one);
        let three = in_flight.enter(&"a").unwrap();
        assert!(in_flight.enter(&"a").is_none());
        drop((two, three, other));
        assert!(in_flight.counts.lock().unwrap().is_empty(), "nothing is kept of what is over");
    }
}

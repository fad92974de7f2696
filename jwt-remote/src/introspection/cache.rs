//! Verdicts that are kept for a while, by prints of the tokens they are about.

use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

/// What a token is known again by: 128 bits of hashes under random keys, and its length. Never the token: whoever comes
/// to see what is kept must not be able to send it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Print {
    one: u64,
    other: u64,
    bytes: usize,
}

/// Makes prints, by keys of its own: those of one endpoint say nothing at another.
pub(crate) struct Prints {
    one: RandomState,
    other: RandomState,
}

impl Prints {
    pub(crate) fn new() -> Self {
        Self { one: RandomState::new(), other: RandomState::new() }
    }

    pub(crate) fn of(&self, token: &str) -> Print {
        // The keys of two states may be related, so that what is hashed differs too.
        let (one, other) = (self.one.hash_one((1_u8, token)), self.other.hash_one((2_u8, token)));
        Print { one, other, bytes: token.len() }
    }
}

/// Values that are kept for a while, at most so many and so many bytes; the oldest make room. Time is monotonic.
pub(crate) struct Expiring<V> {
    most: usize,
    most_bytes: usize,
    entries: HashMap<Print, Entry<V>>,
    /// Of the entries.
    bytes: usize,
    /// In the order in which they came, with their numbers: an entry that was replaced has another one.
    order: VecDeque<(Print, u64)>,
    next: u64,
}

struct Entry<V> {
    value: V,
    until: Duration,
    bytes: usize,
    number: u64,
}

impl<V> Expiring<V> {
    pub(crate) fn new(most: usize, most_bytes: usize) -> Self {
        Self { most, most_bytes, entries: HashMap::new(), bytes: 0, order: VecDeque::new(), next: 0 }
    }

    pub(crate) fn get(&self, print: Print, now: Duration) -> Option<&V> {
        self.entries.get(&print).filter(|entry| now < entry.until).map(|entry| &entry.value)
    }

    /// Keeps a value of so many bytes up to a moment, in place of what was kept before.
    pub(crate) fn insert(&mut self, print: Print, value: V, bytes: usize, until: Duration, now: Duration) {
        self.remove(print);
        if now >= until || bytes > self.most_bytes {
            return;
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.entries.insert(print, Entry { value, until, bytes, number });
        self.order.push_back((print, number));
        while let Some(&(print, number)) = self.order.front() {
            let entry = self.entries.get(&print).filter(|entry| entry.number == number);
            let may_stay = entry.is_some_and(|entry| now < entry.until);
            // The order holds each entry, so that it bounds their number.
            if may_stay && self.order.len() <= self.most && self.bytes <= self.most_bytes {
                break;
            }
            if entry.is_some() {
                self.remove(print);
            }
            self.order.pop_front();
        }
    }

    /// Its place in the order stays, and is passed over.
    pub(crate) fn remove(&mut self, print: Print) {
        if let Some(entry) = self.entries.remove(&print) {
            self.bytes = self.bytes.saturating_sub(entry.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn print(n: u64) -> Print {
        Print { one: n, other: 0, bytes: 0 }
    }

    #[test]
    fn a_print_is_of_one_token_under_one_pair_of_keys() {
        let (ours, theirs) = (Prints::new(), Prints::new());
        assert!(ours.of("abc") == ours.of("abc"));
        for other in ["abd", "ab", "abcd", ""] {
            assert!(ours.of("abc") != ours.of(other), "{other}");
        }
        assert!(ours.of("abc") != theirs.of("abc"));
        assert_ne!(ours.of("abc").one, ours.of("abc").other);
    }

    #[test]
    fn a_value_is_there_up_to_its_moment() {
        let mut kept = Expiring::new(9, 9);
        kept.insert(print(1), 'a', 1, at(10), at(0));
        assert_eq!(kept.get(print(1), at(9)), Some(&'a'));
        assert_eq!(kept.get(print(1), at(10)), None);
        assert_eq!(kept.get(print(2), at(9)), None);
        kept.insert(print(2), 'b', 1, at(10), at(10));
        assert_eq!(kept.get(print(2), at(10)), None, "of no time at all");
        kept.insert(print(1), 'c', 1, at(20), at(5));
        assert_eq!(kept.get(print(1), at(15)), Some(&'c'));
        kept.remove(print(1));
        assert_eq!((kept.get(print(1), at(15)), kept.bytes), (None, 0));
    }

    #[test]
    fn the_oldest_make_room_by_number_and_by_bytes() {
        let mut kept = Expiring::new(3, 100);
        for n in 0..5 {
            kept.insert(print(n), n, 10, at(10), at(0));
        }
        let there: Vec<_> = (0..5).filter(|&n| kept.get(print(n), at(0)).is_some()).collect();
        assert_eq!((there, kept.bytes), (vec![2, 3, 4], 30));
        kept.insert(print(5), 5, 85, at(10), at(0));
        let there: Vec<_> = (0..6).filter(|&n| kept.get(print(n), at(0)).is_some()).collect();
        assert_eq!((there, kept.bytes), (vec![4, 5], 95));
        kept.insert(print(6), 6, 101, at(10), at(0));
        assert_eq!(kept.get(print(6), at(0)), None, "too big for all of it");
        assert_eq!(kept.bytes, 95);
    }

    #[test]
    fn a_replaced_value_does_not_leave_with_the_place_of_the_old_one() {
        let mut kept = Expiring::new(2, 100);
        kept.insert(print(1), 'a', 1, at(10), at(0));
        kept.insert(print(1), 'b', 1, at(10), at(0));
        kept.insert(print(2), 'c', 1, at(10), at(0));
        assert_eq!(kept.get(print(1), at(0)), Some(&'b'));
        assert_eq!(kept.get(print(2), at(0)), Some(&'c'));
    }

    /// Any order of events, by a generator of pseudo-random numbers.
    #[test]
    fn whatever_happens_it_stays_within_its_bounds() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let mut kept = Expiring::new(50, 1_000);
        for second in 0..20_000 {
            let (key, now) = (print(random(200)), at(second / 10));
            match random(4) {
                0 => kept.remove(key),
                _ => kept.insert(key, (), usize::try_from(random(90)).unwrap(), now + at(random(9)), now),
            }
            assert!(kept.entries.len() <= 50 && kept.order.len() <= 50 && kept.bytes <= 1_000);
            assert_eq!(kept.bytes, kept.entries.values().map(|entry| entry.bytes).sum::<usize>());
        }
    }
}

//! What is revoked, in the memory of this process: read without a lock, 16 bytes a place, at most half of them taken.
//!
//! It is in 256 parts by the first bits of the key, each with a table of its own, so that what grows or is cleared in one
//! go is two megabytes at most.
//!
//! A key is a hash of 64 bits under a secret that is random in each process. Two keys of a million that happen to have
//! one hash would refuse a good token; nobody can look for such a pair, and chance makes one in 37 million processes.
//! No pair lets a revoked token in.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwap;

/// Parts.
const PARTS: usize = 256;

/// Places of a new table.
const FIRST: usize = 1 << 4;

/// Entries of a part beyond which no more are taken. 16 million in all: half a gigabyte.
pub(crate) const MOST_OF_A_PART: usize = 1 << 16;

/// There is no room for another entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Nothing issued up to `cutoff` is good, until `until`: whole seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) cutoff: u32,
    pub(crate) until: u32,
}

impl Entry {
    fn of_bits(bits: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = bits.to_be_bytes();
        Self { cutoff: u32::from_be_bytes([a, b, c, d]), until: u32::from_be_bytes([e, f, g, h]) }
    }

    fn bits(self) -> u64 {
        let ([a, b, c, d], [e, f, g, h]) = (self.cutoff.to_be_bytes(), self.until.to_be_bytes());
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// The later of each: what was revoked stays so.
    fn and(self, other: Self) -> Self {
        Self { cutoff: self.cutoff.max(other.cutoff), until: self.until.max(other.until) }
    }
}

/// A place: the key and, once that is read, its entry. A key of zero is an empty place.
#[derive(Default)]
struct Place {
    key: AtomicU64,
    entry: AtomicU64,
}

struct Table {
    places: Box<[Place]>,
}

impl Table {
    /// Of a power of two.
    fn new(places: usize) -> Self {
        Self { places: (0..places).map(|_| Place::default()).collect() }
    }

    /// The places where a key may stand, in order; all of them.
    fn probe(&self, key: u64) -> impl Iterator<Item = &Place> {
        let mask = self.places.len().saturating_sub(1);
        let first = usize::try_from(key & u64::try_from(mask).unwrap_or(u64::MAX)).unwrap_or_default();
        (0..=mask).filter_map(move |step| self.places.get(first.wrapping_add(step) & mask))
    }

    fn find(&self, key: u64) -> Option<Entry> {
        for place in self.probe(key) {
            match place.key.load(Ordering::Acquire) {
                0 => return None,
                found if found == key => return Some(Entry::of_bits(place.entry.load(Ordering::Acquire))),
                _ => {}
            }
        }
        None
    }

    /// Only by one writer at a time. Tells whether the key is new. There must be an empty place.
    fn insert(&self, key: u64, entry: Entry) -> bool {
        for place in self.probe(key) {
            match place.key.load(Ordering::Relaxed) {
                0 => {
                    // Readers take the entry only when they have seen the key.
                    place.entry.store(entry.bits(), Ordering::Release);
                    place.key.store(key, Ordering::Release);
                    return true;
                }
                found if found == key => {
                    let before = Entry::of_bits(place.entry.load(Ordering::Relaxed));
                    place.entry.store(before.and(entry).bits(), Ordering::Release);
                    return false;
                }
                _ => {}
            }
        }
        false
    }

    fn entries(&self) -> impl Iterator<Item = (u64, Entry)> {
        let pair = |place: &Place| {
            (place.key.load(Ordering::Relaxed), Entry::of_bits(place.entry.load(Ordering::Relaxed)))
        };
        self.places.iter().map(pair).filter(|(key, _)| *key != 0)
    }

    fn living(&self, now: u32) -> impl Iterator<Item = (u64, Entry)> {
        self.entries().filter(move |(_, entry)| now < entry.until)
    }
}

/// The index. A part is made with its first entry.
pub(crate) struct Index {
    parts: Box<[OnceLock<Part>]>,
    most_of_a_part: usize,
}

struct Part {
    table: ArcSwap<Table>,
    /// How many entries there are. Whoever holds it writes.
    writer: Mutex<usize>,
}

impl Default for Part {
    fn default() -> Self {
        Self { table: ArcSwap::from_pointee(Table::new(FIRST)), writer: Mutex::new(0) }
    }
}

impl Index {
    /// Takes a power of two of entries in each part, or a few.
    pub(crate) fn new(most_of_a_part: usize) -> Self {
        Self { parts: (0..PARTS).map(|_| OnceLock::new()).collect(), most_of_a_part }
    }

    /// Whether what has this key and was issued then is revoked. The time is asked for where there is an entry, which is
    /// seldom.
    pub(crate) fn is_revoked(&self, key: u64, issued: u32, now: impl FnOnce() -> u32) -> bool {
        let part = self.part(key).and_then(OnceLock::get);
        let entry = part.and_then(|part| part.table.load().find(key.max(1)));
        entry.is_some_and(|entry| issued <= entry.cutoff && now() < entry.until)
    }

    /// Adds an entry; one that is there already only grows. Whoever reads after this returns sees it. `forgotten` says
    /// which time has passed for what may be forgotten, where there is no room without that.
    pub(crate) fn insert(
        &self,
        key: u64,
        entry: Entry,
        forgotten: impl FnOnce() -> Option<u32>,
    ) -> Result<(), Full> {
        self.part(key).ok_or(Full)?.get_or_init(Part::default).insert(
            key.max(1),
            entry,
            self.most_of_a_part,
            forgotten,
        )
    }

    /// Forgets what no living token is concerned by, part by part.
    pub(crate) fn remove_expired(&self, now: u32) -> impl Iterator<Item = ()> {
        self.parts().map(move |part| part.remove_expired(now))
    }

    /// How many entries there are, expired ones included.
    pub(crate) fn len(&self) -> usize {
        self.parts().map(|part| *part.writer()).fold(0, usize::saturating_add)
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter_map(OnceLock::get)
    }

    fn part(&self, key: u64) -> Option<&OnceLock<Part>> {
        let [first, ..] = key.to_be_bytes();
        self.parts.get(usize::from(first))
    }
}

impl Part {
    fn writer(&self) -> MutexGuard<'_, usize> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(
        &self,
        key: u64,
        entry: Entry,
        most: usize,
        forgotten: impl FnOnce() -> Option<u32>,
    ) -> Result<(), Full> {
        let mut count = self.writer();
        let mut table = self.table.load_full();
        // At least one in two places is empty, so that no probe is long.
        let has_room = *count < most.min(table.places.len() / 2);
        if !has_room && table.find(key).is_none() {
            let now = forgotten().unwrap_or_default();
            // Before anything is allocated.
            if table.living(now).count() >= most {
                return Err(Full);
            }
            (table, *count) = self.rebuild(&table, now);
        }
        if table.insert(key, entry) {
            *count = count.saturating_add(1);
        }
        Ok(())
    }

    fn remove_expired(&self, now: u32) {
        let mut count = self.writer();
        let table = self.table.load_full();
        if table.entries().any(|(_, entry)| entry.until <= now) {
            (_, *count) = self.rebuild(&table, now);
        }
    }

    /// A table of those that have not expired, a quarter full at most, but for the largest.
    fn rebuild(&self, old: &Table, now: u32) -> (Arc<Table>, usize) {
        let count = old.living(now).count();
        let places =
            count.saturating_mul(4).next_power_of_two().clamp(FIRST, MOST_OF_A_PART.saturating_mul(2));
        let new = Arc::new(Table::new(places));
        old.living(now).for_each(|(key, entry)| {
            new.insert(key, entry);
        });
        self.table.store(new.clone());
        (new, count)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("entries", &self.len()).finish_non_exhaustive()
    }
}

/// Whole seconds of a time since the Unix epoch. What is beyond them is as far as they go.
pub(crate) fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_000_000;
    const EXACT: Entry = Entry { cutoff: u32::MAX, until: NOW + 100 };

    /// As evenly as hashes are.
    fn spread(n: u64) -> u64 {
        n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    #[test]
    fn what_is_inserted_is_found_until_it_expires() {
        let index = Index::new(MOST_OF_A_PART);
        assert!(!index.is_revoked(7, NOW, || NOW));
        index.insert(7, EXACT, || Some(NOW)).unwrap();
        assert!(index.is_revoked(7, NOW, || NOW) && index.is_revoked(7, NOW, || NOW + 99));
        assert!(!index.is_revoked(7, NOW, || NOW + 100) && !index.is_revoked(8, NOW, || NOW));
    }

    #[test]
    fn a_cutoff_refuses_what_was_issued_up_to_then_and_the_latest_rules() {
        let index = Index::new(MOST_OF_A_PART);
        let until = NOW + 1_000;
        index.insert(7, Entry { cutoff: NOW, until }, || Some(NOW)).unwrap();
        index.insert(7, Entry { cutoff: NOW - 50, until: NOW + 10 }, || Some(NOW)).unwrap();
        assert!(index.is_revoked(7, NOW, || NOW + 999) && index.is_revoked(7, 0, || NOW));
        assert!(!index.is_revoked(7, NOW + 1, || NOW));
        index.insert(7, Entry { cutoff: NOW + 5, until: NOW }, || Some(NOW)).unwrap();
        assert!(index.is_revoked(7, NOW + 5, || NOW + 999));
        assert_eq!(index.len(), 1);
    }

    #[test]
    fn keys_that_begin_alike_are_told_apart_however_many() {
        let index = Index::new(MOST_OF_A_PART);
        // All want the first places of any table.
        let key = |n: u64| n << 32;
        for n in 0..5_000 {
            index.insert(key(n), EXACT, || Some(NOW)).unwrap();
        }
        assert_eq!(index.len(), 5_000);
        assert!((0..5_000).all(|n| index.is_revoked(key(n), NOW, || NOW)));
        assert!((5_000..6_000).all(|n| !index.is_revoked(key(n), NOW, || NOW)));
    }

    #[test]
    fn what_expired_makes_room() {
        let index = Index::new(MOST_OF_A_PART);
        for n in 1..=100_000 {
            let entry = Entry { until: NOW + u32::try_from(n).unwrap(), ..EXACT };
            index.insert(spread(n), entry, || Some(NOW)).unwrap();
        }
        index.remove_expired(NOW + 99_990).count();
        assert_eq!(index.len(), 10);
        assert!(index.parts().all(|part| part.table.load().places.len() == FIRST));
        let is_revoked = |n, now| index.is_revoked(spread(n), NOW, || now);
        assert!(is_revoked(99_991, NOW + 99_990) && !is_revoked(99_990, NOW));
    }

    #[test]
    fn there_is_a_bound_and_what_expired_is_forgotten_before_it_is_met() {
        let index = Index::new(MOST_OF_A_PART);
        // All of one part, which are the first to meet it.
        let key = |n: usize| u64::try_from(n).unwrap();
        for n in 1..=MOST_OF_A_PART {
            index
                .insert(key(n), Entry { until: NOW + 1 + u32::from(n > 10), ..EXACT }, || Some(NOW))
                .unwrap();
        }
        let memory = allocation_counter::measure(|| {
            assert_eq!(index.insert(key(MOST_OF_A_PART + 1), EXACT, || Some(NOW)), Err(Full));
            // It may not be forgotten yet, whatever the time is.
            assert_eq!(index.insert(key(MOST_OF_A_PART + 1), EXACT, || None), Err(Full));
            index.insert(key(1), EXACT, || Some(NOW)).unwrap();
        });
        assert_eq!((memory.bytes_total, index.len()), (0, MOST_OF_A_PART));
        for n in 1..10 {
            index.insert(key(MOST_OF_A_PART + n), EXACT, || Some(NOW + 1)).unwrap();
        }
        assert_eq!(index.insert(key(MOST_OF_A_PART + 10), EXACT, || Some(NOW + 1)), Err(Full));
        assert_eq!(index.parts[0].get().unwrap().table.load().places.len(), 2 * MOST_OF_A_PART);
        assert!(
            index.is_revoked(1, NOW, || NOW + 1)
                && index.is_revoked(key(MOST_OF_A_PART + 9), NOW, || NOW + 1)
        );
    }

    #[test]
    fn a_million_entries_take_less_than_a_hundred_bytes_each_also_while_it_grows() {
        let index = Index::new(MOST_OF_A_PART);
        let memory = allocation_counter::measure(|| {
            (1..=1_000_000).for_each(|n| index.insert(spread(n), EXACT, || Some(NOW)).unwrap());
        });
        assert_eq!(index.len(), 1_000_000);
        assert!(memory.bytes_max <= 100_000_000, "{} bytes", memory.bytes_max);
    }

    #[test]
    fn readers_see_all_that_was_written_while_it_grows() {
        let index = Index::new(MOST_OF_A_PART);
        let written = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while written.load(Ordering::Acquire) < 50_000 {
                        let up_to = written.load(Ordering::Acquire);
                        // The newest, and one of the others.
                        for n in [up_to, up_to / 2].into_iter().filter(|n| *n > 0) {
                            assert!(index.is_revoked(n, NOW, || NOW), "{n} of {up_to}");
                        }
                    }
                });
            }
            for n in 1..=50_000 {
                index.insert(n, EXACT, || Some(NOW)).unwrap();
                written.store(n, Ordering::Release);
            }
        });
    }
}

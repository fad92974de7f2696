//! Chance, so that a thousand nodes do not ask together.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::schedule::Chance;

/// Gives numbers that no other node gives in this order. Not for secrets.
#[derive(Debug, Default)]
pub(crate) struct Dice {
    random: RandomState,
    throws: AtomicU64,
}

impl Dice {
    pub(crate) fn throw(&self) -> Chance {
        let [low, high, ..] = self.random.hash_one(self.throws.fetch_add(1, Ordering::Relaxed)).to_le_bytes();
        Chance(u16::from_le_bytes([low, high]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throws_differ_and_come_from_the_whole_range() {
        let dice = Dice::default();
        let throws: Vec<u16> = (0..1_000).map(|_| dice.throw().0).collect();
        let quarter = |n: u16| throws.iter().filter(|throw| **throw / (u16::MAX / 4 + 1) == n).count();
        // By chance less than one in a billion times.
        assert!((0..4).all(|n| quarter(n) > 150), "{throws:?}");
    }
}

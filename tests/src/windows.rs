//! Whether a part of a secret stands in a text: every window of every secret is looked for at every place.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashSet;

/// How many bytes of a secret may stand anywhere: fewer than these.
pub const WINDOW: usize = 16;
/// Half of them, for a first look.
const HALF: usize = WINDOW / 2;

/// What is looked for, as numbers of the same bytes.
#[derive(Default)]
pub struct Windows {
    whole: HashSet<u128, BuildHasherDefault<Fold>>,
    halves: HashSet<u64, BuildHasherDefault<Fold>>,
}

impl Windows {
    /// Looks for all of this too.
    pub fn add(&mut self, secret: &[u8]) {
        self.whole.extend(secret.array_windows().map(|window| u128::from_ne_bytes(*window)));
        self.halves.extend(secret.array_windows().map(|half| u64::from_ne_bytes(*half)));
    }

    /// How many are looked for.
    #[must_use]
    pub fn count(&self) -> usize {
        self.whole.len()
    }

    /// Whether one stands in the text. Each holds a half that begins at a multiple of `HALF + 1`, so that most texts are
    /// done with after a look at few places: a suite tells a great many.
    #[must_use]
    pub fn are_in(&self, text: &[u8]) -> bool {
        let mut places = text.array_windows().step_by(HALF + 1);
        places.any(|half| self.halves.contains(&u64::from_ne_bytes(*half)))
            && text.array_windows().any(|window| self.whole.contains(&u128::from_ne_bytes(*window)))
    }
}

/// Quick where nothing is optimised, and good enough for bytes that nobody chooses to have collide.
#[derive(Default)]
struct Fold(u64);

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, word: u64) {
        // The fractional part of the golden ratio, odd.
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u128(&mut self, word: u128) {
        let [a, b, c, d, e, f, g, h, rest @ ..] = word.to_ne_bytes();
        self.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
        self.write_u64(u64::from_ne_bytes(rest));
    }

    fn finish(&self) -> u64 {
        // The best bits of a product are its upper ones, and a table takes the lower ones too.
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_found_at_any_place_and_less_is_none() {
        let secret: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').collect();
        let mut secrets = Windows::default();
        secrets.add(&secret);
        for before in 0..40 {
            for window in secret.array_windows::<WINDOW>() {
                let text = |part: &[u8]| [&vec![b'-'; before][..], part, b"--"].concat();
                assert!(secrets.are_in(&text(window)), "{before}");
                let (less, _) = window.split_at(WINDOW - 1);
                assert!(!secrets.are_in(&text(less)), "{before}");
            }
        }
    }
}

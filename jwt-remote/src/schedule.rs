//! When keys are fetched, who may ask for a fetch, and how long a set is served: rules without a network, a clock
//! or chance of their own, so that every hour of them is tested in a moment.
//!
//! Time is monotonic, since any fixed moment: a wall clock that jumps must not make keys young or old.

use core::time::Duration;

use crate::strangers::{Bucket, KeyPrint, Strangers};

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The figures of a [`Schedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// How long a set is fresh where the source does not say.
    pub(crate) fresh_for: Duration,
    /// What a source may say, at least and at most.
    pub(crate) least_fresh: Duration,
    pub(crate) most_fresh: Duration,
    /// How long a set is served beyond that, while its source fails.
    pub(crate) stale_for: Duration,
    /// The wait after a first failure; each further one doubles it.
    pub(crate) first_wait: Duration,
    pub(crate) longest_wait: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            fresh_for: Duration::from_secs(600),
            least_fresh: Duration::from_secs(60),
            most_fresh: A_DAY,
            stale_for: A_DAY,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
        }
    }
}

/// A number that chance gave, evenly from 0 to `u16::MAX`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance(pub(crate) u16);

impl Chance {
    /// The part of `whole` that lies this far between `least` and `most` per cent of it.
    pub(crate) fn of(self, whole: Duration, least: u32, most: u32) -> Duration {
        let part = |of: Duration, parts: u32, all: u32| {
            of.saturating_mul(parts).checked_div(all).unwrap_or_default()
        };
        let (least, most) = (part(whole, least, 100), part(whole, most, 100));
        least.saturating_add(part(most.saturating_sub(least), self.0.into(), u16::MAX.into()))
    }
}

/// What becomes of a wish for newer keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A fetch begins now.
    Begin,
    /// One is under way; its outcome is everybody's.
    Join,
    /// The source was asked lately, or fails.
    Denied,
}

/// How long the set that is held may be served.
#[derive(Clone, Copy, Debug)]
struct Held {
    until: Duration,
}

/// The state of one source.
#[derive(Debug)]
pub(crate) struct Schedule {
    rules: Rules,
    held: Option<Held>,
    is_fetching: bool,
    /// The key for which the fetch began. What joined it later, it may have been too early for.
    asked: Option<KeyPrint>,
    /// Fetches that failed since the last good one.
    failures: u32,
    /// When the next fetch is due by itself; before that, none begins after a failure.
    due: Duration,
    bucket: Bucket,
    strangers: Strangers,
}

impl Schedule {
    /// Of a source that was never asked: the first fetch is due at once.
    pub(crate) fn new(rules: Rules, now: Duration) -> Self {
        Self {
            rules,
            held: None,
            is_fetching: false,
            asked: None,
            failures: 0,
            due: now,
            bucket: Bucket::of_fetches(now),
            strangers: Strangers::default(),
        }
    }

    /// When something is to be done though nobody asks: a fetch that falls due, or a set that is served no longer.
    pub(crate) fn wakes_at(&self) -> Option<Duration> {
        let due = (!self.is_fetching).then_some(self.due);
        let ends = self.held.map(|held| held.until);
        due.into_iter().chain(ends).min()
    }

    /// Begins the fetch that is due by itself, if one is.
    pub(crate) fn begins_by_itself(&mut self, now: Duration) -> bool {
        let begins = !self.is_fetching && now >= self.due;
        self.is_fetching |= begins;
        begins
    }

    /// Whether a fetch is under way, or promised.
    pub(crate) fn is_fetching(&self) -> bool {
        self.is_fetching
    }

    /// The fetch that somebody was promised begins, whatever was forgotten since.
    pub(crate) fn begins_as_promised(&mut self) {
        self.is_fetching = true;
    }

    /// Whether the set that is held must not be served from now on. True once.
    pub(crate) fn ends(&mut self, now: Duration) -> bool {
        let ends = self.held.is_some_and(|held| now >= held.until);
        if ends {
            self.held = None;
        }
        ends
    }

    /// The set that is held is held no longer, whatever its source said.
    pub(crate) fn forget(&mut self) {
        self.held = None;
        // Nobody goes on with a fetch that was under way.
        self.is_fetching = false;
    }

    /// Nothing that was fetched is worth anything any more: another fetch begins, even where the source fails.
    pub(crate) fn begins_anew(&mut self) {
        self.held = None;
        self.is_fetching = true;
        self.asked = None;
    }

    /// Somebody needs keys, and there are none.
    pub(crate) fn ask_for_any(&mut self, now: Duration) -> Answer {
        if self.is_fetching {
            return Answer::Join;
        }
        // A source that fails is not asked by each request.
        if self.waits(now) {
            return Answer::Denied;
        }
        self.is_fetching = true;
        Answer::Begin
    }

    /// Somebody has a token whose key is not in the set.
    ///
    /// Each fetch that begins so is paid for, whatever comes of it; to join one costs nothing.
    pub(crate) fn ask_for(&mut self, key: KeyPrint, now: Duration) -> Answer {
        if self.strangers.are_known(key, now) {
            return Answer::Denied;
        }
        if self.is_fetching {
            return Answer::Join;
        }
        if self.waits(now) || !self.bucket.pays(now) {
            return Answer::Denied;
        }
        self.is_fetching = true;
        self.asked = Some(key);
        Answer::Begin
    }

    /// The fetch gave a set, or said that the one that is held is still the one. `fresh_for` is what the source says.
    pub(crate) fn succeeded(&mut self, fresh_for: Option<Duration>, now: Duration, chance: Chance) {
        let Rules { least_fresh, most_fresh, stale_for, .. } = self.rules;
        let fresh_for = fresh_for.map_or(self.rules.fresh_for, |said| said.clamp(least_fresh, most_fresh));
        self.is_fetching = false;
        self.failures = 0;
        self.held = Some(Held { until: now.saturating_add(fresh_for).saturating_add(stale_for) });
        // 80 % of it, a tenth more or less, so that a thousand nodes do not ask together.
        self.due = now.saturating_add(chance.of(fresh_for, 72, 88));
        // Where it is in the set after all, the source sees that before it asks here.
        if let Some(key) = self.asked.take() {
            self.strangers.learn(key, now);
        }
    }

    /// The fetch gave nothing that can be used.
    pub(crate) fn failed(&mut self, now: Duration, chance: Chance) {
        let Rules { first_wait, longest_wait, .. } = self.rules;
        let wait = first_wait.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.is_fetching = false;
        self.failures = self.failures.saturating_add(1);
        self.due = now.saturating_add(chance.of(wait.min(longest_wait), 50, 100));
        self.asked = None;
    }

    /// Whether the fetch that is under way was begun for a key that is not held.
    pub(crate) fn is_for_a_stranger(&self) -> bool {
        self.asked.is_some()
    }

    /// Fetches that failed since the last good one.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    fn waits(&self, now: Duration) -> bool {
        self.failures > 0 && now < self.due
    }
}

#[cfg(test)]
mod tests;

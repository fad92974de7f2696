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
mod tests {
    use super::*;

    const MIDDLE: Chance = Chance(u16::MAX / 2);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn key(name: u64) -> KeyPrint {
        KeyPrint(name)
    }

    /// A schedule that holds a set since `now`, fresh for ten minutes.
    fn holding(now: u64) -> Schedule {
        let mut schedule = Schedule::new(Rules::default(), at(now));
        assert!(schedule.begins_by_itself(at(now)));
        schedule.succeeded(None, at(now), MIDDLE);
        schedule
    }

    #[test]
    fn the_first_fetch_is_due_at_once_and_is_one() {
        let mut schedule = Schedule::new(Rules::default(), at(7));
        assert_eq!(schedule.wakes_at(), Some(at(7)));
        assert_eq!(schedule.ask_for_any(at(7)), Answer::Begin);
        assert_eq!(schedule.ask_for_any(at(7)), Answer::Join);
        assert_eq!(schedule.ask_for(key(1), at(8)), Answer::Join);
        assert!(!schedule.begins_by_itself(at(9)));
        assert_eq!(schedule.wakes_at(), None);
    }

    #[test]
    fn a_set_is_fetched_again_at_80_per_cent_of_its_freshness_more_or_less_a_tenth() {
        for (said, fresh_for) in [
            (None, 600),
            (Some(0), 60),
            (Some(59), 60),
            (Some(3_600), 3_600),
            (Some(86_401), 86_400),
            (Some(u64::MAX), 86_400),
        ] {
            for (chance, per_cent) in [(Chance(0), 72), (Chance(u16::MAX), 88)] {
                let mut schedule = Schedule::new(Rules::default(), at(0));
                assert!(schedule.begins_by_itself(at(0)));
                schedule.succeeded(said.map(at), at(100), chance);
                let due = at(100) + at(fresh_for) * per_cent / 100;
                assert_eq!(schedule.wakes_at(), Some(due), "{said:?} {chance:?}");
                assert!(!schedule.begins_by_itself(due - Duration::from_nanos(1)));
                assert!(schedule.begins_by_itself(due));
            }
        }
    }

    #[test]
    fn waits_double_up_to_a_minute_and_a_good_fetch_ends_them() {
        let mut schedule = Schedule::new(Rules::default(), at(0));
        let mut now = at(0);
        for wait in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            assert!(schedule.begins_by_itself(now));
            schedule.failed(now, Chance(u16::MAX));
            assert_eq!(schedule.wakes_at(), Some(now + at(wait)));
            assert_eq!(schedule.ask_for_any(now), Answer::Denied);
            now += at(wait);
        }
        // Half of it at least.
        assert!(schedule.begins_by_itself(now));
        schedule.failed(now, Chance(0));
        assert_eq!(schedule.wakes_at(), Some(now + at(30)));
        now += at(30);
        assert_eq!(schedule.ask_for_any(now), Answer::Begin);
        schedule.succeeded(None, now, MIDDLE);
        assert_eq!(schedule.failures(), 0);
        let due = schedule.wakes_at().unwrap();
        assert!(schedule.begins_by_itself(due));
        schedule.failed(due, Chance(u16::MAX));
        assert_eq!(schedule.wakes_at(), Some(due + at(1)));
    }

    #[test]
    fn no_number_of_failures_overflows() {
        let mut schedule = Schedule::new(Rules::default(), at(0));
        schedule.failures = u32::MAX;
        assert!(schedule.begins_by_itself(at(0)));
        schedule.failed(Duration::MAX, Chance(u16::MAX));
        assert_eq!(schedule.wakes_at(), Some(Duration::MAX));
    }

    #[test]
    fn a_set_is_served_for_a_day_beyond_its_freshness_while_the_source_fails() {
        let mut schedule = holding(0);
        let end = at(600) + at(86_400);
        let mut now = schedule.wakes_at().unwrap();
        while now < end {
            assert!(!schedule.ends(now), "{now:?}");
            assert!(schedule.begins_by_itself(now));
            schedule.failed(now, Chance(u16::MAX));
            now = schedule.wakes_at().unwrap();
        }
        assert_eq!(now, end);
        assert!(schedule.ends(end));
        assert!(!schedule.ends(end), "told once");
    }

    #[test]
    fn without_a_time_beyond_it_a_set_ends_with_its_freshness() {
        let mut schedule = Schedule::new(Rules { stale_for: at(0), ..Rules::default() }, at(0));
        assert!(schedule.begins_by_itself(at(0)));
        schedule.succeeded(Some(at(60)), at(0), MIDDLE);
        assert!(!schedule.ends(at(59)));
        assert!(schedule.ends(at(60)));
    }

    #[test]
    fn a_thousand_bogus_keys_in_half_a_minute_cost_three_fetches() {
        let mut schedule = holding(0);
        let mut fetches = 0;
        for n in 0..1_000_u64 {
            let now = at(100) + Duration::from_millis(30 * n);
            if schedule.ask_for(key(n), now) == Answer::Begin {
                fetches += 1;
                schedule.succeeded(None, now, MIDDLE);
            }
        }
        assert_eq!(fetches, 2, "a burst of two; the next one is due at the thirtieth second");
        assert_eq!(schedule.ask_for(key(5_000), at(130)), Answer::Begin);
    }

    #[test]
    fn fetches_are_counted_by_attempts() {
        let mut schedule = holding(0);
        let mut begun = 0;
        for n in 0..100 {
            // The waits after failures are over each time.
            let now = at(100) + Duration::from_millis(n);
            schedule.due = now;
            if schedule.ask_for(key(n), now) == Answer::Begin {
                begun += 1;
                schedule.failed(now, Chance(0));
            }
        }
        assert_eq!(begun, 2);
    }

    #[test]
    fn a_key_that_a_fetch_did_not_bring_is_not_asked_for_again_for_a_minute() {
        let mut schedule = holding(0);
        assert_eq!(schedule.ask_for(key(1), at(10)), Answer::Begin);
        assert_eq!(schedule.ask_for(key(2), at(10)), Answer::Join);
        schedule.succeeded(None, at(11), MIDDLE);
        assert_eq!(schedule.ask_for(key(1), at(70)), Answer::Denied);
        // The bucket has filled, so that nothing else denies it.
        assert_eq!(schedule.ask_for(key(1), at(71)), Answer::Begin);
    }

    #[test]
    fn a_fetch_that_began_before_a_key_was_asked_for_does_not_count_against_it() {
        let mut schedule = holding(0);
        assert_eq!(schedule.ask_for(key(1), at(10)), Answer::Begin);
        // Published while the fetch was under way.
        assert_eq!(schedule.ask_for(key(2), at(11)), Answer::Join);
        schedule.succeeded(None, at(11), MIDDLE);
        assert_eq!(schedule.ask_for(key(2), at(11)), Answer::Begin);
    }

    #[test]
    fn a_failed_fetch_says_nothing_about_a_key() {
        let mut schedule = holding(0);
        assert_eq!(schedule.ask_for(key(1), at(10)), Answer::Begin);
        schedule.failed(at(10), Chance(u16::MAX));
        assert_eq!(schedule.ask_for(key(1), at(10)), Answer::Denied, "the source is left alone for a second");
        assert_eq!(schedule.ask_for(key(1), at(11)), Answer::Begin);
    }

    /// Any order of events, by a generator of pseudo-random numbers: what must hold always.
    #[test]
    fn whatever_happens_fetches_are_single_and_bounded() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        for _ in 0..200 {
            let mut now = at(random(1_000));
            let mut schedule = Schedule::new(Rules::default(), now);
            let (began_at, mut asked, mut fetching) = (now, 0_u64, false);
            for _ in 0..500 {
                now += Duration::from_millis(random(2_000));
                let begins = match random(4) {
                    0 => schedule.ask_for(key(random(3_000)), now) == Answer::Begin,
                    1 => schedule.begins_by_itself(now),
                    2 if fetching => {
                        schedule.succeeded(None, now, MIDDLE);
                        fetching = false;
                        continue;
                    }
                    3 if fetching && random(3) == 0 => {
                        schedule.failed(now, MIDDLE);
                        fetching = false;
                        continue;
                    }
                    _ => continue,
                };
                assert!(!(begins && fetching), "two fetches at once");
                fetching |= begins;
                asked += u64::from(begins);
                assert!(schedule.strangers.len() <= Strangers::MOST);
                assert!(fetching || schedule.wakes_at().is_some(), "nobody would ever fetch again");
            }
            // By itself at least a second apart after a failure and 43 s after a success; asked for, two and one in 30 s.
            let seconds = (now - began_at).as_secs();
            assert!(asked <= 3 + seconds * 2 + seconds / 30, "{asked} in {seconds} s");
        }
    }
}

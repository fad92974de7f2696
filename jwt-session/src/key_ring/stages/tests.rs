use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const START: Duration = Duration::from_secs(1_800_000_000);
const RULES: RingRules = RingRules {
    period: Duration::from_secs(30 * 86_400),
    ahead: Duration::from_secs(2 * 600 + 3_600),
    retire: Duration::from_secs(600 + 300 + 3_600),
    clocks: HOUR,
};

/// A ring whose fresh keys are named by a number.
struct World {
    keys: Vec<StagedKey>,
    made: core::ops::RangeFrom<u32>,
    now: Duration,
}

impl World {
    fn begin() -> Self {
        let mut world = Self { keys: Vec::new(), made: 0.., now: START };
        assert_eq!(world.tick(), ["0 published", "0 activated", "1 published"]);
        world
    }

    fn wish(&mut self, wish: Wish<'_>) -> Result<Vec<String>, Refused> {
        let mut fresh: Vec<Arc<str>> = Vec::new();
        loop {
            let mut keys = self.keys.clone();
            match advance(&mut keys, wish, &RULES, &fresh, self.now) {
                Ok(step) => {
                    assert_eq!(step.changed, keys != self.keys);
                    self.keys = keys;
                    let active = self.keys.iter().filter(|key| key.stage == Stage::Active).count();
                    assert_eq!(active, 1, "exactly one key is active");
                    let told =
                        |(key_id, change): (Arc<str>, KeyChange)| format!("{key_id} {}", change.code());
                    return Ok(step.changes.into_iter().map(told).collect());
                }
                Err(Halt::NeedsKey) => {
                    fresh.push(self.made.next().unwrap().to_string().into());
                }
                Err(Halt::Refused(refused)) => return Err(refused),
            }
        }
    }

    fn tick(&mut self) -> Vec<String> {
        self.wish(Wish::Nothing).unwrap()
    }

    fn due(&self) -> Duration {
        due(&self.keys, &RULES)
    }

    fn has(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| &*key.key_id == key_id)
    }
}

#[test]
fn a_key_is_published_then_signs_then_verifies_and_is_gone() {
    let mut world = World::begin();
    assert_eq!(world.due(), START + RULES.period);
    world.now = world.due() - MINUTE;
    assert!(world.tick().is_empty());
    world.now = world.due();
    assert_eq!(world.tick(), ["0 retired", "1 activated", "2 published"]);
    assert_eq!(world.due(), world.now + RULES.retire);
    world.now = world.due() - MINUTE;
    assert!(world.tick().is_empty());
    world.now = world.due();
    assert_eq!(world.tick(), ["0 removed"]);
    assert!(!world.has("0") && world.has("1") && world.has("2"));
    assert_eq!(world.due(), START + RULES.period * 2);
}

#[test]
fn no_key_signs_before_it_was_published_for_long_enough() {
    let mut world = World::begin();
    assert_eq!(world.wish(Wish::Replace("0")), Err(Refused::TooSoon { wait: RULES.ahead }));
    world.now += RULES.ahead - MINUTE;
    assert_eq!(world.wish(Wish::Replace("0")), Err(Refused::TooSoon { wait: MINUTE }));
    world.now += MINUTE;
    assert_eq!(world.wish(Wish::Replace("0")).unwrap(), ["0 retired", "1 activated", "2 published"]);
    assert_eq!(world.wish(Wish::Replace("1")), Err(Refused::TooSoon { wait: RULES.ahead }));
    // Nor where it is due: the active key signs a little longer.
    world.now += RULES.period;
    world.keys.retain(|key| key.stage == Stage::Active);
    assert_eq!(world.tick(), ["3 published"]);
    assert_eq!(world.due(), world.now + RULES.ahead);
}

#[test]
fn who_comes_second_is_content() {
    let mut world = World::begin();
    world.now += RULES.ahead;
    world.wish(Wish::Replace("0")).unwrap();
    assert!(world.wish(Wish::Replace("0")).unwrap().is_empty());
}

#[test]
fn a_dropped_key_is_gone_and_the_pending_one_signs_at_once() {
    let mut world = World::begin();
    assert_eq!(world.wish(Wish::Drop("0")).unwrap(), ["0 dropped", "1 activated", "2 published"]);
    assert_eq!(world.wish(Wish::Drop("2")).unwrap(), ["2 dropped", "3 published"]);
    assert_eq!(world.wish(Wish::Drop("0")), Err(Refused::Unknown));
    // Where none is pending a fresh one signs.
    world.keys.retain(|key| key.stage == Stage::Active);
    let told = world.wish(Wish::Drop("1")).unwrap();
    assert_eq!(told, ["1 dropped", "4 published", "4 activated", "5 published"]);
}

#[test]
fn a_retiring_key_can_be_dropped() {
    let mut world = World::begin();
    world.now += RULES.ahead;
    world.wish(Wish::Replace("0")).unwrap();
    assert_eq!(world.wish(Wish::Drop("0")).unwrap(), ["0 dropped"]);
}

#[test]
fn a_clock_that_jumps_an_hour_drops_no_key_early_and_leaves_one_active() {
    for jumps in [[3_600, -3_600], [-3_600, 3_600]] {
        let mut world = World::begin();
        world.now = world.due();
        world.tick();
        // The last token that the old key signed.
        let last = world.now + Duration::from_secs(600 + 300);
        for jump in jumps {
            let seconds = Duration::from_secs(u64::try_from(i64::abs(jump)).unwrap());
            world.now = if jump > 0 { world.now + seconds } else { world.now - seconds };
            assert!(world.tick().is_empty(), "nothing is due because of a jump");
            assert!(world.has("0"));
        }
        world.now = last;
        world.tick();
        assert!(world.has("0"));
    }
}

#[test]
fn a_time_far_ahead_is_a_mistake_and_does_not_last() {
    let mut world = World::begin();
    world.now = START + DAY * 3_650;
    world.tick();
    world.now = START + HOUR;
    let mut keys = world.keys.clone();
    let step = advance(&mut keys, Wish::Nothing, &RULES, &[], world.now).unwrap();
    assert!(step.changed && step.changes.is_empty());
    assert!(keys.iter().all(|key| key.since == world.now), "whoever waits, waits from now on");
    // What two clocks differ by is no mistake.
    world.now -= HOUR;
    assert!(!advance(&mut keys, Wish::Nothing, &RULES, &[], world.now).unwrap().changed);
}

#[test]
fn a_ring_does_not_grow_without_end() {
    let mut world = World::begin();
    // Keys that take a year to retire.
    for _ in 0..MOST_KEYS * 2 {
        world.now += RULES.ahead;
        for key in &mut world.keys {
            if key.stage == Stage::Retiring {
                key.since = world.now;
            }
        }
        let active = at(&world.keys, Stage::Active).unwrap().key_id.clone();
        let outcome = world.wish(Wish::Replace(&active));
        assert!(world.keys.len() <= MOST_KEYS);
        if world.keys.len() == MOST_KEYS && at(&world.keys, Stage::Pending).is_none() {
            assert!(matches!(outcome, Ok(_) | Err(Refused::Full)));
        }
    }
    let active = at(&world.keys, Stage::Active).unwrap().key_id.clone();
    assert_eq!(world.wish(Wish::Replace(&active)), Err(Refused::Full));
    // An emergency finds room.
    world.wish(Wish::Drop(&active)).unwrap();
    // And it empties itself.
    world.now += RULES.retire;
    world.tick();
    assert_eq!(world.keys.len(), 2);
}

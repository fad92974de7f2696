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
    rules: RingRules,
    /// For how long this process has seen each key where it is.
    watched: Duration,
}

impl World {
    fn begin() -> Self {
        let mut world =
            Self { keys: Vec::new(), made: 0.., now: START, rules: RULES, watched: Duration::MAX };
        assert_eq!(world.tick(), ["0 published", "0 activated", "1 published"]);
        world
    }

    fn wish(&mut self, wish: Wish<'_>) -> Result<Vec<String>, Refused> {
        let mut fresh: Vec<Arc<str>> = Vec::new();
        loop {
            let mut keys = self.keys.clone();
            let moment = Moment { now: self.now, watched: &|_| self.watched };
            match advance(&mut keys, wish, &self.rules, &fresh, moment) {
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
        due(&self.keys, &self.rules, Moment { now: self.now, watched: &|_| self.watched })
    }

    fn has(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| &*key.key_id == key_id)
    }

    fn key(&self, key_id: &str) -> &StagedKey {
        self.keys.iter().find(|key| &*key.key_id == key_id).unwrap()
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
fn a_clock_that_is_far_behind_ages_no_key_and_can_still_drop_one() {
    let mut world = World::begin();
    world.now = world.due();
    world.tick();
    let before = world.keys.clone();
    for now in [Duration::ZERO, world.now - HOUR - MINUTE] {
        let difference = Some(world.now - now);
        let mut wrong = World { now, keys: before.clone(), made: 10.., ..World::begin() };
        for wish in [Wish::Nothing, Wish::Replace("1"), Wish::Replace("0")] {
            assert_eq!(wrong.wish(wish), Err(Refused::Clock { difference }), "{wish:?}");
            assert_eq!(wrong.keys, before, "no time was changed");
        }
        assert_eq!(
            wrong.wish(Wish::Drop("1")).unwrap(),
            ["1 dropped", "2 activated", "10 published"],
            "in an emergency"
        );
        assert_eq!((wrong.key("2").since, wrong.key("10").since), (None, None), "without its time");
        assert_eq!(wrong.key("0"), &before[0]);
    }
    // What two clocks may differ by is no mistake.
    world.now -= HOUR;
    assert!(world.tick().is_empty());
    assert_eq!(world.keys, before);
}

#[test]
fn a_key_without_a_time_gets_that_of_the_next_step() {
    let mut world = World::begin();
    world.now += RULES.ahead;
    world.wish(Wish::Drop("0")).unwrap();
    world.now += MINUTE;
    assert!(world.tick().is_empty());
    assert!(world.keys.iter().all(|key| key.since == Some(world.now)));
    assert_eq!(world.wish(Wish::Replace("1")), Err(Refused::TooSoon { wait: RULES.ahead }));
}

#[test]
fn an_operator_can_take_times_that_lie_ahead_for_mistakes() {
    let mut world = World::begin();
    let begin = world.now;
    world.now += DAY * 3_650;
    world.tick();
    world.now = begin + HOUR;
    assert!(matches!(world.wish(Wish::Nothing), Err(Refused::Clock { .. })));
    assert!(world.wish(Wish::Trust).unwrap().is_empty());
    assert!(world.keys.iter().all(|key| key.since == Some(world.now)), "whoever waits, waits from now on");
    assert!(world.tick().is_empty());
}

/// Written times that are all too old, as a clock far ahead finds them.
#[test]
fn nothing_signs_or_is_removed_before_this_process_has_seen_it_for_long_enough() {
    let mut world = World::begin();
    world.watched = Duration::ZERO;
    world.now += DAY * 3_650;
    assert!(world.tick().is_empty());
    assert_eq!(world.due(), world.now + RULES.ahead);
    world.watched = RULES.ahead - MINUTE;
    assert!(world.tick().is_empty());
    world.watched = RULES.ahead;
    assert_eq!(world.tick(), ["0 retired", "1 activated", "2 published"]);
    world.now += DAY * 3_650;
    world.watched = RULES.retire - MINUTE;
    assert!(world.tick().is_empty());
    assert_eq!(world.due(), world.now + MINUTE);
    world.watched = RULES.retire;
    assert_eq!(world.tick(), ["0 removed"]);
}

#[test]
fn a_key_verifies_and_is_published_for_the_longest_that_any_node_wanted() {
    let mut world = World::begin();
    let longer = RingRules { ahead: RULES.ahead * 2, retire: RULES.retire * 2, ..RULES };
    world.rules = longer;
    assert!(world.tick().is_empty());
    // Nodes that want less do not take it back.
    world.rules = RULES;
    assert!(world.tick().is_empty());
    for key in ["0", "1"] {
        assert_eq!((world.key(key).ahead, world.key(key).retire), (longer.ahead, longer.retire));
    }
    world.now += RULES.ahead;
    assert_eq!(world.wish(Wish::Replace("0")), Err(Refused::TooSoon { wait: RULES.ahead }));
    world.now += RULES.ahead;
    world.wish(Wish::Replace("0")).unwrap();
    // A key that signs no longer is none of a later node's business.
    world.rules.retire = DAY;
    world.tick();
    assert_eq!(world.key("0").retire, longer.retire);
    assert_eq!(world.key("2").retire, DAY);
    world.now += longer.retire - MINUTE;
    assert!(world.tick().is_empty());
    world.now += MINUTE;
    assert_eq!(world.tick(), ["0 removed"]);
}

#[test]
fn a_ring_does_not_grow_without_end() {
    let mut world = World::begin();
    // Keys that take a year to retire.
    for _ in 0..MOST_KEYS * 2 {
        world.now += RULES.ahead;
        for key in &mut world.keys {
            if key.stage == Stage::Retiring {
                key.since = Some(world.now);
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
    world.tick();
    // And it empties itself.
    world.now += RULES.retire;
    world.tick();
    assert_eq!(world.keys.len(), 2);
}

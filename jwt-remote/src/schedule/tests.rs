//! Hours of a source in a moment.

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

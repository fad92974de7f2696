//! The life of signing keys. Pure: no clock, no store, no chance but what is handed in.
//!
//! A key is `Pending` (published, unused), `Active` (signs), `Retiring` (verifies what it signed), then gone. A key that is
//! dropped goes [at once](drop_at_once), whatever the time is. Otherwise each step does, in this order:
//!
//! 1. where a time lies further ahead than clocks may differ, nothing: one clock is wrong, and nobody here can tell whose
//!    (a node that took the time of its own clock instead would, at a wrong one, age every key for all others);
//! 2. a key that has no time yet gets that of now: waiting longer is the safe mistake;
//! 3. a key that signs, or will, keeps the longest of the times that any node wants it to be published and to verify for;
//! 4. a retiring key goes when the last token that it can have signed has expired;
//! 5. where no key is active, the pending one is, or a fresh one: at the very start;
//! 6. an active key whose time is over, or that an operator wants to be replaced, retires, where a pending one has been
//!    published for long enough: never before;
//! 7. where no key is pending, a fresh one is, so that the next rotation, planned or not, finds it published.
//!
//! What time drives (4 and 6) waits, beside the times that are written, until this process itself has watched the key
//! where it stands for that long, by a clock that cannot jump. So no wrong clock, of any node, has a token refused.
//!
//! Whatever was so before, afterwards exactly one key is active.

use core::time::Duration;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Keys of a ring at most: twenty-four sealed keys of any algorithm fit into a document.
pub(crate) const MOST_KEYS: usize = 24;

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    Pending,
    Active,
    Retiring,
}

impl Stage {
    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
        }
    }
}

/// A key: its name, where it stands, since when, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StagedKey {
    pub(crate) key_id: Arc<str>,
    pub(crate) stage: Stage,
    /// Since the Unix epoch. None where whoever put it there did not ask for the time: the next step does.
    pub(crate) since: Option<Duration>,
    /// How long it is published before it signs: the longest that any node wanted.
    pub(crate) ahead: Duration,
    /// How long it verifies after it has signed for the last time: the longest that any node wanted while it signed.
    pub(crate) retire: Duration,
}

/// How long each stage lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RingRules {
    /// How long a key signs.
    pub(crate) period: Duration,
    /// How long a key is published before it signs.
    pub(crate) ahead: Duration,
    /// How long a key verifies after it has signed for the last time.
    pub(crate) retire: Duration,
    /// How far clocks may differ.
    pub(crate) clocks: Duration,
}

/// The time of a step.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'m> {
    /// Since the Unix epoch.
    pub(crate) now: Duration,
    /// For how long this process has seen a key where it stands, by a clock that cannot jump. [`Duration::MAX`] where the
    /// time is not this process's alone.
    pub(crate) watched: &'m dyn Fn(&StagedKey) -> Duration,
}

/// What is wanted beside what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish<'w> {
    /// Nothing.
    Nothing,
    /// That this key is active no longer. Where it is not, somebody else was faster, and that will do.
    Replace(&'w str),
    /// That this key is gone at once.
    Drop(&'w str),
    /// That times that lie ahead are taken for mistakes.
    Trust,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyChange {
    /// It was made, and is published.
    Published,
    /// It signs from now on.
    Activated,
    /// It only verifies from now on.
    Retired,
    /// Nothing that it signed can be good any longer: it is gone.
    Removed,
    /// An operator dropped it: whatever it signed is refused.
    Dropped,
}

impl KeyChange {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Activated => "activated",
            Self::Retired => "retired",
            Self::Removed => "removed",
            Self::Dropped => "dropped",
        }
    }
}

/// Why a wish is not granted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The next key has not been published for long enough: this much is missing.
    TooSoon { wait: Duration },
    /// There are too many keys that retire.
    Full,
    /// No key has that name.
    Unknown,
    /// Clocks differ by this much, or, for none, this node's cannot tell the time at all.
    Clock { difference: Option<Duration> },
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advance {
    /// In their order.
    pub(crate) changes: Vec<(Arc<str>, KeyChange)>,
    /// Whether anything is other than before, be it a time.
    pub(crate) changed: bool,
    /// When the next step is due, since the Unix epoch; zero for at once.
    pub(crate) due: Duration,
}

/// A step that did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// One more fresh key is wanted.
    NeedsKey,
    Refused(Refused),
}

/// Does what is due and what is wanted. `fresh` are the names of keys that were made for it, used in their order.
///
/// Where it halts, `keys` are to be thrown away.
pub(crate) fn advance(
    keys: &mut Vec<StagedKey>,
    wish: Wish<'_>,
    rules: &RingRules,
    fresh: &[Arc<str>],
    moment: Moment<'_>,
) -> Result<Advance, Halt> {
    if let Wish::Drop(key_id) = wish {
        return drop_at_once(keys, key_id, rules, fresh);
    }
    let Moment { now, watched } = moment;
    let mut fresh = fresh.iter();
    let mut changes = Vec::new();
    let mut changed = date(keys, wish, rules, now)?;
    for key in keys.iter_mut().filter(|key| key.stage != Stage::Retiring) {
        let longest = (key.ahead.max(rules.ahead), key.retire.max(rules.retire));
        changed |= longest != (key.ahead, key.retire);
        (key.ahead, key.retire) = longest;
    }
    let is_over = |key: &StagedKey| {
        key.stage == Stage::Retiring && age(key, now) >= key.retire && watched(key) >= key.retire
    };
    keys.retain(|key| {
        if is_over(key) {
            changes.push((key.key_id.clone(), KeyChange::Removed));
        }
        !is_over(key)
    });
    if at(keys, Stage::Active).is_none() {
        if at(keys, Stage::Pending).is_none() {
            publish(keys, &mut fresh, &mut changes, rules, Some(now))?;
        }
        activate(keys, &mut changes, Some(now));
    }
    let is_due = at(keys, Stage::Active).is_some_and(|active| age(active, now) >= rules.period);
    let is_wanted = at(keys, Stage::Active).is_some_and(|active| wish == Wish::Replace(&active.key_id));
    if is_due || is_wanted {
        let wait = at(keys, Stage::Pending).map(|next| {
            // An operator who wants it need not have this process run for so long.
            let seen = if is_wanted { Duration::MAX } else { watched(next) };
            next.ahead.saturating_sub(age(next, now).min(seen))
        });
        match wait {
            Some(Duration::ZERO) => {
                for key in keys.iter_mut().filter(|key| key.stage == Stage::Active) {
                    (key.stage, key.since) = (Stage::Retiring, Some(now));
                    changes.push((key.key_id.clone(), KeyChange::Retired));
                }
                activate(keys, &mut changes, Some(now));
            }
            Some(wait) if is_wanted => return Err(Halt::Refused(Refused::TooSoon { wait })),
            None if is_wanted && keys.len() >= MOST_KEYS => return Err(Halt::Refused(Refused::Full)),
            None if is_wanted => {
                return Err(Halt::Refused(Refused::TooSoon { wait: rules.ahead }));
            }
            _ => {}
        }
    }
    if at(keys, Stage::Pending).is_none() && keys.len() < MOST_KEYS {
        publish(keys, &mut fresh, &mut changes, rules, Some(now))?;
    }
    Ok(Advance { changed: changed || !changes.is_empty(), changes, due: due(keys, rules, moment) })
}

/// Takes the key away. Where it signed, the next one does, or a fresh one. Asks no clock: whoever takes a place gets its
/// time by the next step.
pub(crate) fn drop_at_once(
    keys: &mut Vec<StagedKey>,
    key_id: &str,
    rules: &RingRules,
    fresh: &[Arc<str>],
) -> Result<Advance, Halt> {
    let mut fresh = fresh.iter();
    let place = keys.iter().position(|key| &*key.key_id == key_id);
    let dropped = keys.remove(place.ok_or(Halt::Refused(Refused::Unknown))?);
    let mut changes = vec![(dropped.key_id, KeyChange::Dropped)];
    if at(keys, Stage::Active).is_none() {
        if at(keys, Stage::Pending).is_none() {
            publish(keys, &mut fresh, &mut changes, rules, None)?;
        }
        activate(keys, &mut changes, None);
    }
    if at(keys, Stage::Pending).is_none() && keys.len() < MOST_KEYS {
        publish(keys, &mut fresh, &mut changes, rules, None)?;
    }
    Ok(Advance { changes, changed: true, due: Duration::ZERO })
}

/// Gives its time to each key that has none. Tells whether there was one.
fn date(keys: &mut [StagedKey], wish: Wish<'_>, rules: &RingRules, now: Duration) -> Result<bool, Halt> {
    let mut dated = false;
    for key in keys.iter_mut() {
        let ahead = key.since.map(|since| since.saturating_sub(now));
        match ahead {
            Some(difference) if difference > rules.clocks && wish != Wish::Trust => {
                return Err(Halt::Refused(Refused::Clock { difference: Some(difference) }));
            }
            Some(difference) if difference.is_zero() || wish != Wish::Trust => {}
            _ => {
                key.since = Some(now);
                dated = true;
            }
        }
    }
    Ok(dated)
}

/// How long a key has been where it is, as it is written. A time that lies ahead is no age.
fn age(key: &StagedKey, now: Duration) -> Duration {
    key.since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
}

/// Of several, the one that has been there for longest.
fn at(keys: &[StagedKey], stage: Stage) -> Option<&StagedKey> {
    keys.iter().filter(|key| key.stage == stage).min_by_key(|key| key.since.unwrap_or(Duration::MAX))
}

fn publish<'f>(
    keys: &mut Vec<StagedKey>,
    fresh: &mut impl Iterator<Item = &'f Arc<str>>,
    changes: &mut Vec<(Arc<str>, KeyChange)>,
    rules: &RingRules,
    since: Option<Duration>,
) -> Result<(), Halt> {
    let key_id = fresh.next().ok_or(Halt::NeedsKey)?.clone();
    changes.push((key_id.clone(), KeyChange::Published));
    keys.push(StagedKey { key_id, stage: Stage::Pending, since, ahead: rules.ahead, retire: rules.retire });
    Ok(())
}

fn activate(keys: &mut [StagedKey], changes: &mut Vec<(Arc<str>, KeyChange)>, since: Option<Duration>) {
    let pending = keys.iter_mut().filter(|key| key.stage == Stage::Pending);
    if let Some(next) = pending.min_by_key(|key| key.since.unwrap_or(Duration::MAX)) {
        (next.stage, next.since) = (Stage::Active, since);
        changes.push((next.key_id.clone(), KeyChange::Activated));
    }
}

fn due(keys: &[StagedKey], rules: &RingRules, moment: Moment<'_>) -> Duration {
    // Whoever has not watched for long enough waits for the rest.
    let after = |key: &StagedKey, stays: Duration, least: Duration| {
        let unseen = least.saturating_sub((moment.watched)(key));
        let written = key.since.unwrap_or(moment.now).saturating_add(stays);
        if unseen.is_zero() { written } else { written.max(moment.now.saturating_add(unseen)) }
    };
    let ready = at(keys, Stage::Pending).map(|next| after(next, next.ahead, next.ahead));
    let of = |key: &StagedKey| match key.stage {
        Stage::Pending => None,
        // Without a pending key the room for one is waited for, which a retiring key tells.
        Stage::Active => ready.map(|ready| after(key, rules.period, Duration::ZERO).max(ready)),
        Stage::Retiring => Some(after(key, key.retire, key.retire)),
    };
    keys.iter().filter_map(of).min().unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;

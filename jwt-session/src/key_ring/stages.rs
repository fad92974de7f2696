//! The life of signing keys. Pure: no clock, no store, no chance but what is handed in.
//!
//! A key is `Pending` (published, unused), `Active` (signs), `Retiring` (verifies what it signed), then gone. Each step
//! does, in this order:
//!
//! 1. a time that lies further ahead than clocks may differ is taken for now: whoever wrote it was wrong, and waiting
//!    longer is the safe mistake;
//! 2. a retiring key goes when the last token that it can have signed has expired;
//! 3. a key that is dropped goes at once;
//! 4. where no key is active, the pending one is, or a fresh one: after a drop, and at the very start;
//! 5. an active key whose time is over, or that an operator wants to be replaced, retires, where a pending one has been
//!    published for long enough: never before;
//! 6. where no key is pending, a fresh one is, so that the next rotation, planned or not, finds it published.
//!
//! Whatever was so before, afterwards exactly one key is active.

use core::time::Duration;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Keys of a ring at most: twenty-four sealed RSA keys fit into a document.
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

/// A key: its name, where it stands, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StagedKey {
    pub(crate) key_id: Arc<str>,
    pub(crate) stage: Stage,
    /// Since the Unix epoch.
    pub(crate) since: Duration,
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

/// What is wanted beside what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish<'w> {
    /// Nothing.
    Nothing,
    /// That this key is active no longer. Where it is not, somebody else was faster, and that will do.
    Replace(&'w str),
    /// That this key is gone at once.
    Drop(&'w str),
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
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advance {
    /// In their order.
    pub(crate) changes: Vec<(Arc<str>, KeyChange)>,
    /// Whether anything is other than before, be it a time.
    pub(crate) changed: bool,
    /// When the next step is due, since the Unix epoch.
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
    now: Duration,
) -> Result<Advance, Halt> {
    let mut fresh = fresh.iter();
    let mut changes = Vec::new();
    let mut redated = false;
    for key in keys.iter_mut().filter(|key| key.since > now.saturating_add(rules.clocks)) {
        key.since = now;
        redated = true;
    }
    let is_over = |key: &StagedKey| key.stage == Stage::Retiring && age(key, now) >= rules.retire;
    keys.retain(|key| {
        if is_over(key) {
            changes.push((key.key_id.clone(), KeyChange::Removed));
        }
        !is_over(key)
    });
    if let Wish::Drop(key_id) = wish {
        let place = keys.iter().position(|key| &*key.key_id == key_id);
        let dropped = keys.remove(place.ok_or(Halt::Refused(Refused::Unknown))?);
        changes.push((dropped.key_id, KeyChange::Dropped));
    }
    if at(keys, Stage::Active).is_none() {
        if at(keys, Stage::Pending).is_none() {
            publish(keys, &mut fresh, &mut changes, now)?;
        }
        activate(keys, &mut changes, now);
    }
    let is_due = at(keys, Stage::Active).is_some_and(|active| age(active, now) >= rules.period);
    let is_wanted = at(keys, Stage::Active).is_some_and(|active| wish == Wish::Replace(&active.key_id));
    if is_due || is_wanted {
        let wait = at(keys, Stage::Pending).map(|next| rules.ahead.saturating_sub(age(next, now)));
        match wait {
            Some(Duration::ZERO) => {
                for key in keys.iter_mut().filter(|key| key.stage == Stage::Active) {
                    (key.stage, key.since) = (Stage::Retiring, now);
                    changes.push((key.key_id.clone(), KeyChange::Retired));
                }
                activate(keys, &mut changes, now);
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
        publish(keys, &mut fresh, &mut changes, now)?;
    }
    Ok(Advance { changed: redated || !changes.is_empty(), changes, due: due(keys, rules) })
}

/// How long a key has been where it is. A time that lies ahead is no age.
const fn age(key: &StagedKey, now: Duration) -> Duration {
    now.saturating_sub(key.since)
}

fn at(keys: &[StagedKey], stage: Stage) -> Option<&StagedKey> {
    // Of several, the one that has been there for longest.
    keys.iter().filter(|key| key.stage == stage).min_by_key(|key| key.since)
}

fn publish<'f>(
    keys: &mut Vec<StagedKey>,
    fresh: &mut impl Iterator<Item = &'f Arc<str>>,
    changes: &mut Vec<(Arc<str>, KeyChange)>,
    now: Duration,
) -> Result<(), Halt> {
    let key_id = fresh.next().ok_or(Halt::NeedsKey)?.clone();
    changes.push((key_id.clone(), KeyChange::Published));
    keys.push(StagedKey { key_id, stage: Stage::Pending, since: now });
    Ok(())
}

fn activate(keys: &mut [StagedKey], changes: &mut Vec<(Arc<str>, KeyChange)>, now: Duration) {
    let next = keys.iter_mut().filter(|key| key.stage == Stage::Pending).min_by_key(|key| key.since);
    if let Some(next) = next {
        (next.stage, next.since) = (Stage::Active, now);
        changes.push((next.key_id.clone(), KeyChange::Activated));
    }
}

fn due(keys: &[StagedKey], rules: &RingRules) -> Duration {
    let ready = at(keys, Stage::Pending).map(|next| next.since.saturating_add(rules.ahead));
    let of = |key: &StagedKey| match key.stage {
        Stage::Pending => None,
        // Without a pending key the room for one is waited for, which a retiring key tells.
        Stage::Active => ready.map(|ready| key.since.saturating_add(rules.period).max(ready)),
        Stage::Retiring => Some(key.since.saturating_add(rules.retire)),
    };
    keys.iter().filter_map(of).min().unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;

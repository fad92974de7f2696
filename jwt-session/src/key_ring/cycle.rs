//! One turn of a ring: read it from the store, decide, write it back where nobody else has.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use jwt_core::{Clock, KeyError, KeySet, NumericDate, SigningKey};

use super::document::{self, HeldKey, RingName};
use super::error::KeyRingError;
use super::heard::Heard;
use super::sealing::Sealer;
use super::stages::{Halt, KeyChange, Moment, Refused, RingRules, Stage, StagedKey, Wish, advance};
use super::watch::{Watch, Watched};
use crate::patience::Patient;
use crate::store::{KeyRingStore, StoreErrorKind};

/// How often a turn begins anew because another node was faster. Each time, that node did what was due.
const MOST_ATTEMPTS: usize = 16;
/// What the time of a store may be off by while it is asked, however well the clocks go.
const LEAST_DIFFERENCE: Duration = Duration::from_secs(60);

/// Whatever a turn needs.
pub(super) struct Cycle {
    pub(super) ring: RingName,
    pub(super) store: Patient<dyn KeyRingStore>,
    pub(super) sealer: Sealer,
    pub(super) clock: Arc<dyn Clock>,
    /// The revision that the ring has at least.
    pub(super) least_revision: u64,
    pub(super) watch: Mutex<Watch>,
    pub(super) heard: Heard,
}

/// The keys of a ring as the store has them.
#[derive(Clone)]
pub(super) struct Held {
    /// None where the store has none yet.
    pub(super) version: Option<u64>,
    pub(super) revision: u64,
    pub(super) keys: Vec<HeldKey>,
    /// The document that says so.
    pub(super) text: Arc<str>,
}

impl Held {
    pub(super) fn none() -> Self {
        Self { version: None, revision: 0, keys: Vec::new(), text: "".into() }
    }

    pub(super) fn has(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| *key.staged.key_id == *key_id)
    }

    /// The key that signs.
    pub(super) fn active(&self) -> Option<&HeldKey> {
        self.keys.iter().find(|key| key.staged.stage == Stage::Active)
    }

    /// The keys that verify: all but those that were dropped here and not yet in the store. None where none is left.
    pub(super) fn verifying(&self, dropped: &[Arc<str>]) -> Result<Option<KeySet>, KeyError> {
        let kept = self.keys.iter().filter(|key| !dropped.contains(&key.staged.key_id));
        let keys: Vec<_> = kept.map(|key| key.signing.verifying_key()).collect();
        if keys.is_empty() { Ok(None) } else { KeySet::new(keys).map(Some) }
    }
}

/// What came of a turn.
pub(super) struct Turn {
    pub(super) held: Held,
    pub(super) changes: Vec<(Arc<str>, KeyChange)>,
    pub(super) due: Duration,
    /// Why what was wanted was not done. What is held is what the store has all the same.
    pub(super) refused: Option<Refused>,
}

/// What time it is.
struct Time {
    now: Duration,
    /// Whether all nodes have it from one clock.
    is_shared: bool,
}

impl Cycle {
    /// The ring in the store, which must not be older than what was seen of it.
    pub(super) async fn load(&self, seen: Option<&Held>) -> Result<Held, KeyRingError> {
        let held = self.read(seen).await?;
        self.heard.now();
        Ok(held)
    }

    async fn read(&self, seen: Option<&Held>) -> Result<Held, KeyRingError> {
        let went_back = || KeyRingError::WentBack { ring: self.ring.name.to_string() };
        let seen_version = seen.and_then(|seen| seen.version);
        let Some(document) = self.store.load(&self.ring.name).await? else {
            let is_first = seen_version.is_none() && self.least_revision == 0;
            return if is_first { Ok(Held::none()) } else { Err(went_back()) };
        };
        let version = Some(document.version());
        match seen {
            Some(seen) if version < seen.version => Err(went_back()),
            // Written again under the same number, from a copy: another one than was seen.
            Some(seen) if version == seen.version && *document.text() != *seen.text => Err(went_back()),
            Some(seen) if version == seen.version => Ok(seen.clone()),
            _ => {
                let known = seen.map(|seen| seen.keys.as_slice()).unwrap_or_default();
                let (revision, keys) = document::read(&self.ring, document.text(), &self.sealer, known)?;
                let is_older = seen.is_some_and(|seen| revision <= seen.revision);
                if is_older || revision < self.least_revision {
                    return Err(went_back());
                }
                Ok(Held { version, revision, keys, text: document.text().into() })
            }
        }
    }

    /// Does what is due and what is wanted. `news` is told what the store has, before anything is tried that may fail.
    /// `fresh` are keys that may be taken before others are made.
    pub(super) async fn turn(
        &self,
        seen: Option<&Held>,
        wish: Wish<'_>,
        rules: &RingRules,
        news: &(dyn Fn(&Held) + Sync),
        mut fresh: Vec<SigningKey>,
        reseals: bool,
    ) -> Result<Turn, KeyRingError> {
        for _ in 0..MOST_ATTEMPTS {
            let held = self.load(seen).await?;
            news(&held);
            let refused = |held, refused| {
                Ok(Turn { held, changes: Vec::new(), due: Duration::ZERO, refused: Some(refused) })
            };
            let time = match wish {
                // Needs none, so that a clock or a store that cannot tell is in nobody's way.
                Wish::Drop(_) => Ok(Time { now: Duration::ZERO, is_shared: false }),
                _ => self.time(rules).await?,
            };
            let time = match time {
                Ok(time) => time,
                // The next turn tells.
                Err(clock) => return refused(held, clock),
            };
            let seen_keys = self.look(&held);
            let watched = |key: &StagedKey| if time.is_shared { Duration::MAX } else { seen_keys.of(key) };
            // A step takes two fresh keys at most.
            let (staged, step) = loop {
                let mut staged: Vec<StagedKey> = held.keys.iter().map(|key| key.staged.clone()).collect();
                let names: Vec<Arc<str>> =
                    fresh.iter().filter_map(SigningKey::key_id).map(Arc::clone).collect();
                let step = {
                    let moment = Moment { now: time.now, watched: &watched };
                    advance(&mut staged, wish, rules, &names, moment)
                };
                match step {
                    Ok(step) => break (staged, step),
                    Err(Halt::NeedsKey) => fresh.push(self.generate().await?),
                    Err(Halt::Refused(why)) => return refused(held, why),
                }
            };
            let reseals = reseals && !held.keys.iter().all(HeldKey::is_sealed_by_first);
            if !step.changed && !reseals {
                return Ok(Turn { held, changes: Vec::new(), due: step.due, refused: None });
            }
            let find = |staged: StagedKey| {
                if let Some(key) = held.keys.iter().find(|key| key.staged.key_id == staged.key_id) {
                    return Some(key.at(staged));
                }
                let signing = fresh.iter().find(|key| key.key_id() == Some(&staged.key_id))?.clone();
                Some(HeldKey::fresh(staged, signing))
            };
            let keys: Vec<HeldKey> = staged.into_iter().filter_map(find).collect();
            let revision = held.revision.saturating_add(1);
            let (text, keys) = document::write(&self.ring, revision, &keys, &self.sealer)?;
            if let Some(version) = self.store.replace(&self.ring.name, held.version, &text).await? {
                let held = Held { version: Some(version), revision, keys, text: text.into() };
                return Ok(Turn { held, changes: step.changes, due: step.due, refused: None });
            }
        }
        Err(StoreErrorKind::Unavailable.into())
    }

    fn look(&self, held: &Held) -> Watched {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner).look(&held.keys)
    }

    /// The time of the store where it has one and this node's clock agrees, else that of this node's clock. A clock that
    /// cannot tell reads far in the future, where every key would be too old.
    async fn time(&self, rules: &RingRules) -> Result<Result<Time, Refused>, KeyRingError> {
        let shared = self.store.now().await?;
        let own = self.clock.now();
        if own.as_secs() > NumericDate::MAX_SECS {
            return Ok(Err(Refused::Clock { difference: None }));
        }
        let Some(shared) = shared else { return Ok(Ok(Time { now: own, is_shared: false })) };
        let difference = shared.abs_diff(own);
        if difference > rules.clocks.max(LEAST_DIFFERENCE) {
            return Ok(Err(Refused::Clock { difference: Some(difference) }));
        }
        Ok(Ok(Time { now: shared, is_shared: true }))
    }

    /// A new key. RSA takes a while, so it is made where nobody waits.
    pub(super) async fn generate(&self) -> Result<SigningKey, KeyRingError> {
        let algorithm = self.ring.algorithm;
        match tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await {
            Ok(key) => Ok(key?),
            // The runtime comes to its end.
            Err(_) => Err(KeyError::Generation { algorithm }.into()),
        }
    }
}

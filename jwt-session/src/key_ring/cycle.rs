//! One turn of a ring: read it from the store, decide, write it back where nobody else has.

use core::time::Duration;
use std::sync::Arc;

use jwt_core::{Clock, KeyError, KeySet, NumericDate, SigningKey};

use super::document::{self, HeldKey, RingName};
use super::error::KeyRingError;
use super::sealing::Sealer;
use super::stages::{Halt, KeyChange, Refused, RingRules, Stage, StagedKey, Wish, advance};
use crate::store::{KeyRingStore, StoreErrorKind};

/// How often a turn begins anew because another node was faster. Each time, that node did what was due.
const MOST_ATTEMPTS: usize = 16;

/// Whatever a turn needs.
pub(super) struct Cycle {
    pub(super) ring: RingName,
    pub(super) store: Arc<dyn KeyRingStore>,
    pub(super) sealer: Sealer,
    pub(super) clock: Arc<dyn Clock>,
}

/// The keys of a ring as the store has them.
#[derive(Clone)]
pub(super) struct Held {
    /// None where the store has none yet.
    pub(super) version: Option<u64>,
    pub(super) revision: u64,
    pub(super) keys: Vec<HeldKey>,
}

impl Held {
    /// The key that signs.
    pub(super) fn active(&self) -> Option<&HeldKey> {
        self.keys.iter().find(|key| key.staged.stage == Stage::Active)
    }

    /// The keys that verify: all of them.
    pub(super) fn verifying(&self) -> Result<KeySet, KeyError> {
        KeySet::new(self.keys.iter().map(|key| key.signing.verifying_key()))
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

impl Cycle {
    /// The ring in the store, which must not be older than what was seen of it.
    pub(super) async fn load(&self, seen: Option<&Held>) -> Result<Held, KeyRingError> {
        let went_back = || KeyRingError::WentBack { ring: self.ring.name.to_string() };
        let seen_version = seen.and_then(|seen| seen.version);
        let Some(document) = self.store.load(&self.ring.name).await? else {
            return if seen_version.is_some() {
                Err(went_back())
            } else {
                Ok(Held { version: None, revision: 0, keys: Vec::new() })
            };
        };
        let version = Some(document.version());
        match seen {
            Some(seen) if version < seen.version => Err(went_back()),
            Some(seen) if version == seen.version => Ok(seen.clone()),
            _ => {
                let known = seen.map(|seen| seen.keys.as_slice()).unwrap_or_default();
                let (revision, keys) = document::read(&self.ring, document.text(), &self.sealer, known)?;
                match seen {
                    Some(seen) if revision <= seen.revision => Err(went_back()),
                    _ => Ok(Held { version, revision, keys }),
                }
            }
        }
    }

    /// Does what is due and what is wanted. `fresh` are keys that may be taken before others are made.
    pub(super) async fn turn(
        &self,
        seen: Option<&Held>,
        wish: Wish<'_>,
        rules: &RingRules,
        mut fresh: Vec<SigningKey>,
        reseals: bool,
    ) -> Result<Turn, KeyRingError> {
        for _ in 0..MOST_ATTEMPTS {
            let held = self.load(seen).await?;
            let now = self.now()?;
            // A step takes two fresh keys at most.
            let (staged, step) = loop {
                let mut staged: Vec<StagedKey> = held.keys.iter().map(|key| key.staged.clone()).collect();
                let names: Vec<Arc<str>> =
                    fresh.iter().filter_map(SigningKey::key_id).map(Arc::clone).collect();
                match advance(&mut staged, wish, rules, &names, now) {
                    Ok(step) => break (staged, step),
                    Err(Halt::NeedsKey) => fresh.push(self.generate().await?),
                    Err(Halt::Refused(refused)) => {
                        // The next turn tells.
                        return Ok(Turn { held, changes: Vec::new(), due: now, refused: Some(refused) });
                    }
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
                let held = Held { version: Some(version), revision, keys };
                return Ok(Turn { held, changes: step.changes, due: step.due, refused: None });
            }
        }
        Err(StoreErrorKind::Unavailable.into())
    }

    /// A clock that cannot tell reads far in the future, where every key would be too old.
    fn now(&self) -> Result<Duration, KeyRingError> {
        let now = self.clock.now();
        if now.as_secs() > NumericDate::MAX_SECS { Err(KeyRingError::Clock) } else { Ok(now) }
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

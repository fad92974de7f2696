//! For how long this process has seen each key where it stands, by a clock that cannot jump.

use core::time::Duration;
use std::sync::Arc;

use tokio::time::Instant;

use super::document::HeldKey;
use super::stages::{Stage, StagedKey};

/// Since when each key of a ring has been seen where it stands. As long as the ring.
#[derive(Default)]
pub(super) struct Watch(Vec<Seen>);

#[derive(Clone)]
struct Seen {
    key_id: Arc<str>,
    stage: Stage,
    since: Instant,
}

/// What a [`Watch`] knew at one moment.
pub(super) struct Watched {
    seen: Vec<Seen>,
    now: Instant,
}

impl Watch {
    /// Looks at the keys as the store has them now.
    pub(super) fn look(&mut self, keys: &[HeldKey]) -> Watched {
        let now = Instant::now();
        let seen = keys.iter().map(|HeldKey { staged, .. }| {
            let before = self.0.iter().find(|seen| seen.is_of(staged)).map(|seen| seen.since);
            Seen { key_id: staged.key_id.clone(), stage: staged.stage, since: before.unwrap_or(now) }
        });
        self.0 = seen.collect();
        Watched { seen: self.0.clone(), now }
    }
}

impl Watched {
    /// For how long the key has been seen at this stage. Nothing where it never was.
    pub(super) fn of(&self, key: &StagedKey) -> Duration {
        let seen = self.seen.iter().find(|seen| seen.is_of(key));
        seen.map_or(Duration::ZERO, |seen| self.now.saturating_duration_since(seen.since))
    }
}

impl Seen {
    fn is_of(&self, key: &StagedKey) -> bool {
        self.stage == key.stage && self.key_id == key.key_id
    }
}

//! What this process knows of a ring: who verifies, who signs, and what is published.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use jwt_core::keys::LiveWriter;
use jwt_core::{ConfigError, Issuer, SigningKey};
use tokio::task::AbortHandle;

use super::KeyRingError;
use super::cycle::{Cycle, Held, Turn};
use super::stages::{KeyChange, Refused, RingRules, Wish};
use crate::events::{Events, SecurityEvent};
use crate::jwks::Jwks;

/// A ring in this process.
pub(super) struct Inner {
    pub(super) cycle: Cycle,
    pub(super) rules: RingRules,
    pub(super) max_age: Duration,
    pub(super) silence: Duration,
    pub(super) issuer: Box<dyn Fn(SigningKey) -> Result<Issuer, ConfigError> + Send + Sync>,
    /// As it was at the start: name and lifetime are the same for all keys.
    pub(super) first: Issuer,
    pub(super) view: ArcSwap<View>,
    pub(super) writer: LiveWriter,
    /// One turn after the other.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// What was dropped here of which the store has not taken note yet. Held wherever a view is made, never for long, so
    /// that no turn brings back what was dropped in the middle of it.
    pub(super) dropped: Mutex<Vec<Arc<str>>>,
    /// Why the last tick failed.
    pub(super) failing: Mutex<Option<&'static str>>,
    /// The task that has it fall silent.
    pub(super) guard: Mutex<Option<AbortHandle>>,
    pub(super) events: Events,
}

pub(super) struct View {
    pub(super) held: Held,
    pub(super) jwks: Jwks,
    /// None where no key signs at present.
    pub(super) issuer: Option<Issuer>,
}

impl Inner {
    /// One turn, and its outcome in this process. To be called by whoever has the turn.
    pub(super) async fn step(&self, wish: Wish<'_>) -> Result<(Duration, Option<Refused>), KeyRingError> {
        let view = self.view.load_full();
        // What others have dropped is gone from here though nothing can be written. What is wrong with it is told below,
        // or was told already.
        let news = |held: &Held| drop(self.take_over(held.clone(), &[]));
        let turn = self.cycle.turn(Some(&view.held), wish, &self.rules, &news, Vec::new(), false).await?;
        let Turn { held, changes, due, refused } = turn;
        self.take_over(held, &changes)?;
        Ok((due, refused))
    }

    /// Looks at what the store has, and does nothing else. To be called by whoever has the turn.
    pub(super) async fn follow(&self) -> Result<(), KeyRingError> {
        let held = self.cycle.load(Some(&self.view.load_full().held)).await?;
        self.take_over(held, &[])
    }

    /// Who verifies knows a key before anybody signs with it, and forgets a dropped one whatever else goes wrong.
    pub(super) fn take_over(
        &self,
        held: Held,
        changes: &[(Arc<str>, KeyChange)],
    ) -> Result<(), KeyRingError> {
        {
            let mut dropped = self.dropped();
            dropped.retain(|key_id| held.has(key_id));
            let before = self.view.load_full();
            // Where the keys were taken away for want of news, they are back.
            let is_known = held.version == before.held.version && self.writer.live().load().is_some();
            if !is_known {
                self.show(held, &dropped, true)?;
            }
        }
        self.tell(changes);
        self.sign_by_active()
    }

    /// Has the active key sign, or none where it was dropped here.
    fn sign_by_active(&self) -> Result<(), KeyRingError> {
        let view = self.view.load_full();
        let Some(active) = view.held.active() else { return Ok(()) };
        let signs = view.issuer.as_ref().and_then(|issuer| issuer.key().key_id());
        if signs == active.signing.key_id() {
            return Ok(());
        }
        let is_dropped = || self.dropped().contains(&active.staged.key_id);
        let made = if is_dropped() { Ok(None) } else { self.make_issuer(&active.signing).map(Some) };
        let (issuer, made) = match made {
            Ok(issuer) => (issuer, Ok(())),
            // Nor does the key sign any longer whose time is over.
            Err(error) => (None, Err(error)),
        };
        // Whoever drops a key needs no turn: it may be this one, since just now.
        let dropped = self.dropped();
        let issuer = issuer.filter(|_| !dropped.contains(&active.staged.key_id));
        let view = self.view.load_full();
        self.view.store(Arc::new(View { held: view.held.clone(), jwks: view.jwks.clone(), issuer }));
        made
    }

    fn make_issuer(&self, signing: &SigningKey) -> Result<Issuer, KeyRingError> {
        let issuer = (self.issuer)(signing.clone())?;
        let is_alike = issuer.name() == self.first.name() && issuer.lifetime() == self.first.lifetime();
        if issuer.key().key_id() == signing.key_id() && is_alike {
            Ok(issuer)
        } else {
            Err(KeyRingError::IssuerDiffers)
        }
    }

    /// Takes the key out of this process, whatever the store says. One that is not there is remembered too, until the next
    /// turn knows better: the turn under way may have read of it.
    pub(super) fn forget(&self, key_id: &str) -> Result<(), KeyRingError> {
        let mut dropped = self.dropped();
        if dropped.iter().any(|known| **known == *key_id) {
            return Ok(());
        }
        dropped.push(key_id.into());
        let held = &self.view.load_full().held;
        if held.has(key_id) { self.show(held.clone(), &dropped, false) } else { Ok(()) }
    }

    /// What was dropped here of which the store has not taken note yet.
    pub(super) fn undone_drops(&self) -> Vec<Arc<str>> {
        self.dropped().clone()
    }

    fn dropped(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has these keys verify and be published. The issuer stays until there is another, unless its key is gone. Keys that
    /// were taken away come back where they were just read.
    fn show(&self, held: Held, dropped: &[Arc<str>], was_read: bool) -> Result<(), KeyRingError> {
        let jwks = match held.verifying(dropped)? {
            Some(verifying) => {
                let jwks = Jwks::of(&verifying, self.max_age)?;
                // What fell silent stays so until the store is read, also where a key is dropped meanwhile.
                if self.silent().is_none() && (was_read || self.writer.live().load().is_some()) {
                    self.writer.replace(verifying);
                }
                jwks
            }
            None => {
                self.writer.clear();
                Jwks::none()
            }
        };
        let is_there = |issuer: &Issuer| {
            issuer.key().key_id().is_some_and(|key_id| held.has(key_id) && !dropped.contains(key_id))
        };
        let issuer = self.view.load().issuer.clone().filter(is_there);
        self.view.store(Arc::new(View { held, jwks, issuer }));
        Ok(())
    }

    /// For how long the store was not read, where that is too long. Then no key verifies.
    pub(super) fn silent(&self) -> Option<Duration> {
        let ago = self.cycle.heard.ago();
        if ago < self.silence {
            return None;
        }
        if self.writer.live().load().is_some() {
            self.writer.clear();
            tracing::error!(
                event = "key_ring_silent",
                ring = &*self.cycle.ring.name,
                seconds = ago.as_secs(),
                "the key ring was not read from its store for too long: it signs, verifies and publishes nothing until a \
                 tick reads it"
            );
        }
        Some(ago)
    }

    /// Why the tick failed, or that it did not.
    pub(super) fn note(&self, error: Option<&KeyRingError>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = error.map(KeyRingError::code);
        if let Some(error) = error {
            tracing::error!(
                event = "key_ring_failed",
                ring = &*self.cycle.ring.name,
                code = error.code(),
                unread_seconds = self.cycle.heard.ago().as_secs(),
                "the key ring could not do what is due: {error}"
            );
        }
    }

    /// What the ring begins with, so that a restored backup is noticed.
    pub(super) fn tell_of_opening(&self) {
        let held = &self.view.load().held;
        let keys: Vec<&str> = held.keys.iter().map(|key| &*key.staged.key_id).collect();
        tracing::info!(
            event = "key_ring_opened",
            ring = &*self.cycle.ring.name,
            revision = held.revision,
            keys = keys.join(" "),
            "a key ring was opened"
        );
    }

    fn tell(&self, changes: &[(Arc<str>, KeyChange)]) {
        for (key_id, change) in changes {
            self.events.tell(&SecurityEvent::KeyRotated {
                ring: self.cycle.ring.name.to_string(),
                key_id: key_id.to_string(),
                change: *change,
            });
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.writer.clear();
    }
}

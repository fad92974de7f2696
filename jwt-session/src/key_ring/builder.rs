//! The rules of a key ring.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::keys::Live;
use jwt_core::{Algorithm, Clock, ConfigError, Issuer, SigningKey, SystemClock};

use super::cycle::Cycle;
use super::document::RingName;
use super::sealing::Sealer;
use super::stages::{RingRules, Wish};
use super::{Inner, KeyEncryptionKey, KeyRing, KeyRingError, View};
use crate::events::{EventSink, Events};
use crate::store::KeyRingStore;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The leeway of verifiers at most.
const LEEWAY: Duration = Duration::from_secs(300);
/// The name of a ring at most.
const MOST_NAME: usize = 256;

/// Opens a [`KeyRing`].
///
/// | setting | default | range |
/// |---|---|---|
/// | [`with_period`](Self::with_period) | 30 days | up to 10 years |
/// | [`with_max_age`](Self::with_max_age) | 10 minutes | 1 minute to 24 hours |
/// | [`with_longest_lifetime`](Self::with_longest_lifetime) | that of the issuer | up to 90 days |
/// | [`with_clock_difference`](Self::with_clock_difference) | 1 hour | up to 24 hours |
#[must_use = "a ring is there after `open`"]
pub struct KeyRingBuilder {
    ring: RingName,
    store: Arc<dyn KeyRingStore>,
    key_encryption_keys: Vec<KeyEncryptionKey>,
    period: Duration,
    max_age: Duration,
    longest_lifetime: Duration,
    clocks: Duration,
    clock: Arc<dyn Clock>,
    events: Events,
}

impl KeyRingBuilder {
    pub(super) fn new(name: Arc<str>, algorithm: Algorithm, store: Arc<dyn KeyRingStore>) -> Self {
        Self {
            ring: RingName { name, algorithm },
            store,
            key_encryption_keys: Vec::new(),
            period: DAY.saturating_mul(30),
            max_age: MINUTE.saturating_mul(10),
            longest_lifetime: Duration::ZERO,
            clocks: HOUR,
            clock: Arc::new(SystemClock),
            events: Events::default(),
        }
    }

    /// A key that the private keys are sealed under. The first one seals, each opens; at least one, at most eight.
    ///
    /// To take another key into use, first add it behind the old one on all nodes, then have them change places, start
    /// each node once, and take the old one away.
    pub fn with_key_encryption_key(mut self, key: KeyEncryptionKey) -> Self {
        self.key_encryption_keys.push(key);
        self
    }

    /// How long a key signs before the next one takes its place. Default 30 days. At least as long as a key is published
    /// ahead, which is twice the maximum age and the difference of clocks.
    pub const fn with_period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// How long caches may keep the JWK set. Default 10 minutes; from 1 minute to 24 hours, in whole seconds. After an
    /// emergency, others may trust a dropped key for so long.
    pub const fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// The longest lifetime that any token is given, where it is longer than the issuer's own. At most 90 days.
    pub const fn with_longest_lifetime(mut self, lifetime: Duration) -> Self {
        self.longest_lifetime = lifetime;
        self
    }

    /// How far the clocks of nodes may differ, or jump. Default 1 hour, at most 24 hours.
    pub const fn with_clock_difference(mut self, difference: Duration) -> Self {
        self.clocks = difference;
        self
    }

    /// Tells the time by another clock: for tests. The issuer has a clock of its own.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Tells `sink` of each [`SecurityEvent::KeyRotated`](crate::SecurityEvent::KeyRotated).
    pub fn with_events(mut self, sink: impl EventSink) -> Self {
        self.events = Events::to(sink);
        self
    }

    /// Opens the ring: reads its keys, or makes the first two where the store has none of that name, and does what is
    /// due.
    ///
    /// `issuer` makes an [`Issuer`] of each key that comes to sign: the same one but for the key.
    ///
    /// # Errors
    /// - [`KeyRingError::Unfit`]: a setting is out of its range.
    /// - [`KeyRingError::NoKeyEncryptionKey`]: there is none.
    /// - [`KeyRingError::NotOpened`]: the key-encryption key is another one than the ring was sealed under, or the ring
    ///   was tampered with. No key is made in its place.
    /// - [`KeyRingError::AnotherAlgorithm`], [`KeyRingError::Malformed`]: the store holds another ring under that name.
    /// - [`KeyRingError::Issuer`], [`KeyRingError::IssuerDiffers`]: by `issuer`.
    /// - [`KeyRingError::Store`], [`KeyRingError::Key`], [`KeyRingError::NoRandomBits`].
    pub async fn open(
        self,
        issuer: impl Fn(SigningKey) -> Result<Issuer, ConfigError> + Send + Sync + 'static,
    ) -> Result<KeyRing, KeyRingError> {
        let sealer = Sealer::new(&self.key_encryption_keys)?;
        let ahead = self.max_age.saturating_mul(2).saturating_add(self.clocks);
        let is_name = !self.ring.name.is_empty() && self.ring.name.len() <= MOST_NAME;
        let is_whole = self.max_age.subsec_nanos() == 0;
        let fits = |is_fit, setting| if is_fit { Ok(()) } else { Err(KeyRingError::Unfit { setting }) };
        fits(is_name, "name")?;
        fits(self.max_age >= MINUTE && self.max_age <= DAY && is_whole, "maximum age")?;
        fits(self.clocks <= DAY, "difference of clocks")?;
        fits(self.period >= ahead && self.period <= DAY.saturating_mul(3_650), "period")?;

        let cycle = Cycle { ring: self.ring, store: self.store, sealer, clock: self.clock };
        let held = cycle.load(None).await?;
        let mut fresh = Vec::new();
        let signing = match held.active() {
            Some(active) => active.signing.clone(),
            None => {
                let signing = cycle.generate().await?;
                fresh.push(signing.clone());
                signing
            }
        };
        let first = issuer(signing.clone())?;
        if first.key().key_id() != signing.key_id() {
            return Err(KeyRingError::IssuerDiffers);
        }
        let lifetime = self.longest_lifetime.max(first.lifetime());
        fits(lifetime <= DAY.saturating_mul(90), "longest lifetime")?;
        let retire = lifetime.saturating_add(LEEWAY).saturating_add(self.clocks);
        let rules = RingRules { period: self.period, ahead, retire, clocks: self.clocks };
        let turn = cycle.turn(None, Wish::Nothing, &rules, fresh, true).await?;
        let verifying = turn.held.verifying()?;
        let (_, writer) = Live::new();
        writer.replace(verifying.clone());
        let view = View::of(turn.held, verifying, &first, &issuer, self.max_age)?;
        let ring = KeyRing(Arc::new(Inner {
            cycle,
            rules,
            max_age: self.max_age,
            issuer: Box::new(issuer),
            view: arc_swap::ArcSwap::from_pointee(view),
            writer,
            turn: tokio::sync::Mutex::new(()),
            events: self.events,
        }));
        ring.tell(&turn.changes);
        Ok(ring)
    }
}

impl fmt::Debug for KeyRingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRingBuilder").field("ring", &self.ring).finish_non_exhaustive()
    }
}

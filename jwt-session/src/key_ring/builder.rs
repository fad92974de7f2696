//! The rules of a key ring.

use core::fmt;
use core::time::Duration;
use std::sync::{Arc, Mutex};

use jwt_core::keys::Live;
use jwt_core::{Algorithm, Clock, ConfigError, Issuer, SigningKey, SystemClock};

use super::cycle::{Cycle, Held};
use super::document::RingName;
use super::heard::Heard;
use super::sealing::Sealer;
use super::stages::{Refused, RingRules, Wish};
use super::view::{Inner, View};
use super::watch::Watch;
use super::{KeyEncryptionKey, KeyRing, KeyRingError, run};
use crate::events::{EventSink, Events};
use crate::jwks::Jwks;
use crate::patience::Patient;
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
/// | [`with_longest_silence`](Self::with_longest_silence) | 24 hours | 5 minutes to 30 days |
/// | [`with_least_revision`](Self::with_least_revision) | 0 | any |
/// | [`with_patience`](Self::with_patience) | 5 s | 1 millisecond to 1 minute |
#[must_use = "a ring is there after `open`"]
pub struct KeyRingBuilder {
    ring: RingName,
    store: Patient<dyn KeyRingStore>,
    key_encryption_keys: Vec<KeyEncryptionKey>,
    period: Duration,
    max_age: Duration,
    longest_lifetime: Duration,
    clocks: Duration,
    silence: Duration,
    least_revision: u64,
    clock: Arc<dyn Clock>,
    events: Events,
}

impl KeyRingBuilder {
    pub(super) fn new(name: Arc<str>, algorithm: Algorithm, store: Arc<dyn KeyRingStore>) -> Self {
        Self {
            ring: RingName { name, algorithm },
            store: Patient::new(store),
            key_encryption_keys: Vec::new(),
            period: DAY.saturating_mul(30),
            max_age: MINUTE.saturating_mul(10),
            longest_lifetime: Duration::ZERO,
            clocks: HOUR,
            silence: DAY,
            least_revision: 0,
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
    ///
    /// Nodes may say different things, as during a deployment: a key verifies for the longest that any of them said while
    /// the key signed or waited to, and is published ahead for the longest as well.
    pub const fn with_longest_lifetime(mut self, lifetime: Duration) -> Self {
        self.longest_lifetime = lifetime;
        self
    }

    /// How far the clocks of nodes may differ, or jump. Default 1 hour, at most 24 hours. Beyond it nothing is done that
    /// time drives: see [`KeyRingError::Clock`]. For the clock of a store, less than a minute counts as a minute.
    pub const fn with_clock_difference(mut self, difference: Duration) -> Self {
        self.clocks = difference;
        self
    }

    /// How long the ring signs, verifies and publishes where its store is not read, be it that the store fails or that
    /// nobody calls [`tick`](KeyRing::tick). Default 24 hours; from 5 minutes to 30 days. Afterwards
    /// [`issuer`](KeyRing::issuer) is [`KeyRingError::Silent`], no key verifies (status 503), and the JWK set is empty.
    pub const fn with_longest_silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// Refuses, with [`KeyRingError::WentBack`], a ring that was written less often. Default 0.
    ///
    /// A process knows by itself what it has seen, but not what there was before it began: whoever can write the store,
    /// or restores a backup of it, can have it begin with an old document, in which dropped keys are alive. Keep
    /// [`revision`](KeyRing::revision) where the store's writers cannot reach it, and hand it in here.
    pub const fn with_least_revision(mut self, revision: u64) -> Self {
        self.least_revision = revision;
        self
    }

    /// A store that does not answer for so long cannot be asked: [`KeyRingError::Store`]. Default 5 s; from a millisecond to
    /// a minute. For each question, of which a [tick](KeyRing::tick) asks a few. What was asked may have been done all the
    /// same, and the next tick finds it.
    ///
    /// Measured by the timer of tokio, which its runtime must have.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.store = self.store.with_patience(patience);
        self
    }

    /// Tells the time by another clock: for tests. The issuer has a clock of its own, and so has a
    /// [`MemoryStore`](crate::MemoryStore), which is to be set by the same.
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
    /// Where clocks differ too much the ring is opened with the keys that it has, and an event of level `error` tells so.
    /// To be called in a Tokio runtime with its timer, which sees to
    /// [`with_longest_silence`](Self::with_longest_silence).
    ///
    /// # Errors
    /// - [`KeyRingError::Unfit`]: a setting is out of its range.
    /// - [`KeyRingError::NoKeyEncryptionKey`]: there is none.
    /// - [`KeyRingError::NotOpened`]: the key-encryption key is another one than the ring was sealed under, or the ring
    ///   was tampered with. No key is made in its place.
    /// - [`KeyRingError::AnotherAlgorithm`], [`KeyRingError::Malformed`]: the store holds another ring under that name.
    /// - [`KeyRingError::Issuer`], [`KeyRingError::IssuerDiffers`]: by `issuer`.
    /// - [`KeyRingError::WentBack`]: it is older than [`with_least_revision`](Self::with_least_revision).
    /// - [`KeyRingError::Clock`]: clocks differ, and there is no ring yet.
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
        fits(
            self.silence >= MINUTE.saturating_mul(5) && self.silence <= DAY.saturating_mul(30),
            "longest silence",
        )?;
        fits(self.store.has_fit_patience(), "patience")?;
        fits(self.period >= ahead && self.period <= DAY.saturating_mul(3_650), "period")?;

        let cycle = Cycle {
            ring: self.ring,
            store: self.store,
            sealer,
            clock: self.clock,
            least_revision: self.least_revision,
            watch: Mutex::new(Watch::default()),
            heard: Heard::begin(),
        };
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
        let turn = cycle.turn(None, Wish::Nothing, &rules, &|_| (), fresh, true).await?;
        let clock = match turn.refused {
            Some(Refused::Clock { difference }) => Some(KeyRingError::Clock { difference }),
            _ => None,
        };
        let clock = match clock {
            Some(error) if turn.held.keys.is_empty() => return Err(error),
            clock => clock,
        };
        let inner = Inner {
            cycle,
            rules,
            max_age: self.max_age,
            silence: self.silence,
            issuer: Box::new(issuer),
            view: arc_swap::ArcSwap::from_pointee(View {
                held: Held::none(),
                jwks: Jwks::none(),
                issuer: Some(first.clone()),
            }),
            first,
            writer: Live::new().1,
            turn: tokio::sync::Mutex::default(),
            dropped: Mutex::default(),
            failing: Mutex::new(None),
            guard: Mutex::new(None),
            events: self.events,
        };
        inner.take_over(turn.held, &turn.changes)?;
        inner.tell_of_opening();
        if let Some(error) = clock {
            inner.note(Some(&error));
        }
        let ring = KeyRing(Arc::new(inner));
        run::guard(&ring.0);
        Ok(ring)
    }
}

impl fmt::Debug for KeyRingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRingBuilder").field("ring", &self.ring).finish_non_exhaustive()
    }
}

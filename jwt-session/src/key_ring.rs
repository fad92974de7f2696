//! The signing keys of an issuer: published ahead, used, retired, and kept sealed.

mod builder;
mod cycle;
mod document;
mod error;
mod heard;
mod key_encryption_key;
mod refresh;
mod run;
mod sealing;
mod stages;
mod status;
mod view;
mod watch;

use core::fmt;
use core::time::Duration;
use std::sync::{Arc, PoisonError};

use jwt_core::keys::Live;
use jwt_core::{Algorithm, Issuer};

pub use self::builder::KeyRingBuilder;
pub use self::error::KeyRingError;
pub use self::key_encryption_key::{KeyEncryptionKey, KeyEncryptionKeyError};
pub use self::refresh::KeyRingRefresh;
pub use self::stages::KeyChange;
use self::stages::{Refused, Wish};
pub use self::status::KeyRingStatus;
use self::view::Inner;
use crate::jwks::Jwks;
use crate::store::KeyRingStore;

/// The signing keys of one issuer and algorithm, which replace each other.
///
/// 1. A key is published at least twice the maximum age of the JWK set before it signs, signs for a period, and verifies
///    until the last token that it signed has expired. Exactly one signs, on all nodes together.
/// 2. The next key is always there, published and ready, so that an emergency finds it.
/// 3. The `kid` is the thumbprint of RFC 7638; of a shared secret it is random, and no JWK set has it.
/// 4. In the store, private keys are sealed by AES-256-GCM under a [`KeyEncryptionKey`], and the whole ring is under a
///    seal, so that whoever can write the store can neither read a key nor slip one in. A key-encryption key that does
///    not fit is an error at start; no key is made in its place.
/// 5. Nothing happens by itself: [`run`](Self::run) is to be spawned, or [`tick`](Self::tick) called every minute. A ring
///    whose store was not read for [a day](KeyRingBuilder::with_longest_silence) signs, verifies and publishes nothing.
/// 6. No wrong clock has a good token refused: see [below](#clocks).
///
/// ```
/// use jwt_core::{Algorithm, Issuer, Verifier};
/// use jwt_session::{KeyEncryptionKey, KeyRing, MemoryStore, NewSession, Sessions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = KeyEncryptionKey::from_bytes(&(0..32).collect::<Vec<u8>>())?;
/// // let key = KeyEncryptionKey::from_env("RING_KEY")?;
/// let store = MemoryStore::new();
/// let ring = KeyRing::builder("https://id.example.com/", Algorithm::ES256, store.clone())
///     .with_key_encryption_key(key)
///     .open(|key| Issuer::builder().with_key(key).with_audience("api").with_issuer("https://id.example.com/").build())
///     .await?;
/// // Keeps it fresh, until the last handle is dropped.
/// tokio::spawn(ring.run());
/// let verifier = Verifier::builder()
///     .with_live_keys(ring.verifying_keys())
///     .with_audience("api")
///     .with_issuer("https://id.example.com/")
///     .build()?;
///
/// // Every token is signed by the key of the day, here of a session.
/// let sessions = Sessions::builder(ring.clone(), store).open().await?;
/// let tokens = sessions.start(NewSession::of("alice")).await?;
/// assert!(verifier.verify(tokens.access_token()).is_ok());
///
/// // A key that became known to somebody: what it signed is refused from now on.
/// let leaked = ring.issuer()?.key().key_id().cloned().unwrap_or_default();
/// ring.drop_key(&leaked).await?;
/// assert!(verifier.verify(tokens.access_token()).is_err());
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
///
/// Clones are the same ring. When the last one is dropped its [`verifying_keys`](Self::verifying_keys) are taken away:
/// keys that nobody keeps fresh must not verify for ever.
///
/// # Clocks
///
/// Where the [store tells the time](KeyRingStore::now) all nodes go by it, and a node whose own clock differs by more than
/// [`with_clock_difference`](KeyRingBuilder::with_clock_difference) does nothing that time drives. It says so, goes on
/// signing, and follows what the others do.
///
/// Where it does not, each node goes by its own clock, and two rules keep a wrong one from doing harm. A node that finds a
/// time further ahead of its clock than clocks may differ does nothing that time drives. And a key begins to sign, or is
/// removed, only after the node that does it has itself watched it for so long, by a clock that cannot jump. So
/// a process must run for about an hour and a half, with the defaults, before it rotates or removes anything by itself.
///
/// What these cannot do: a clock that is far ahead may rotate too early, without harm for tokens. Until the times that it
/// wrote are reached, the other nodes rotate nothing and [say so](KeyRingError::Clock); [`trust_clock`](Self::trust_clock)
/// ends that. And [`rotate`](Self::rotate) takes the word of this node's clock for how long the next key was published,
/// where the store tells no time.
///
/// # After a restore
///
/// Whoever puts an old document of the ring back into the store, be it a restored backup or somebody who can write there,
/// is found out by each process that has seen a later one: it goes on with that, and tells
/// [`WentBack`](KeyRingError::WentBack). A process that begins afterwards takes the old document for the ring: keys that
/// were dropped since then verify again, and one that was active then signs again, until their times are over; keys that
/// were made since are unknown to it. So after a restore, start all processes anew and call
/// [`drop_key`](Self::drop_key) again for each key that was dropped since the backup. The event `key_ring_opened` tells
/// the [`revision`](Self::revision) and the keys that a process begins with;
/// [`with_least_revision`](KeyRingBuilder::with_least_revision) refuses what is older than you know.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

impl KeyRing {
    /// Starts with the ring's name, which is that of the issuer where nothing speaks against it, the algorithm of its
    /// keys, and where they are kept.
    pub fn builder(
        name: impl Into<Arc<str>>,
        algorithm: Algorithm,
        store: impl KeyRingStore,
    ) -> KeyRingBuilder {
        KeyRingBuilder::new(name.into(), algorithm, Arc::new(store))
    }

    /// The issuer for the next token, under the key that signs now. To be asked for each token anew.
    ///
    /// # Errors
    /// - [`KeyRingError::Silent`]: the store was not read for too long.
    /// - [`KeyRingError::NotSigning`]: there is no key to sign with at present.
    pub fn issuer(&self) -> Result<Issuer, KeyRingError> {
        if let Some(silence) = self.0.silent() {
            return Err(KeyRingError::Silent { silence });
        }
        self.0.view.load().issuer.clone().ok_or(KeyRingError::NotSigning)
    }

    /// The issuer as it was at the start, for what is the same for all keys.
    pub(crate) fn first_issuer(&self) -> &Issuer {
        &self.0.first
    }

    /// The keys that verify, kept up to date: for
    /// [`with_live_keys`](jwt_core::AuthorityBuilder::with_live_keys), and for shared secrets
    /// [`with_live_secrets`](jwt_core::AuthorityBuilder::with_live_secrets).
    #[must_use]
    pub fn verifying_keys(&self) -> Live {
        self.0.writer.live()
    }

    /// Has a verifier of the [`verifying_keys`](Self::verifying_keys) look into the store where a token names a key that
    /// is not known here: one that another node began with at once, after two drops in a minute. Twice, and then once in
    /// 30 seconds, each shared by all who wait, at most 64 and for at most 2 seconds. Not for shared secrets.
    ///
    /// Does not keep the ring alive.
    ///
    /// ```
    /// # use jwt_core::{Algorithm, ConfigError, Verifier};
    /// # use jwt_session::KeyRing;
    /// fn verifier(ring: &KeyRing) -> Result<Verifier, ConfigError> {
    ///     let keys = Verifier::builder().with_live_keys(ring.verifying_keys()).with_refresh(ring.refresh());
    ///     keys.with_audience("api").with_issuer("https://id.example.com/").build()
    /// }
    /// ```
    #[must_use]
    pub fn refresh(&self) -> KeyRingRefresh {
        KeyRingRefresh::of(Arc::downgrade(&self.0))
    }

    /// The public keys, for the route `/.well-known/jwks.json`. None of them where the store was not read for too long.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        if self.0.silent().is_some() {
            return Jwks::none();
        }
        self.0.view.load().jwks.clone()
    }

    /// How often the ring was written, by all nodes, up to what is known here. For
    /// [`with_least_revision`](KeyRingBuilder::with_least_revision).
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.0.view.load().held.revision
    }

    /// How the ring is, for alarms and readiness.
    #[must_use]
    pub fn status(&self) -> KeyRingStatus {
        let is_silent = self.0.silent().is_some();
        let view = self.0.view.load();
        KeyRingStatus {
            unread: self.0.cycle.heard.ago(),
            is_silent,
            signs: !is_silent && view.issuer.is_some(),
            failing: *self.0.failing.lock().unwrap_or_else(PoisonError::into_inner),
            revision: view.held.revision,
        }
    }

    /// Calls [`tick`](Self::tick) every minute until the last handle of the ring is dropped: to be spawned. Does not keep
    /// the ring alive itself. Ends at most a minute later.
    ///
    /// What fails is told as an event of level `error` and by [`status`](Self::status), and tried again.
    ///
    /// ```
    /// # async fn example(ring: jwt_session::KeyRing) {
    /// tokio::spawn(ring.run());
    /// # }
    /// ```
    pub fn run(&self) -> impl Future<Output = ()> + Send + use<> {
        run::run(Arc::downgrade(&self.0))
    }

    /// Does what is due: publishes, activates, retires and removes keys, drops what [`drop_key`](Self::drop_key) could
    /// not, and takes over what other nodes did. To be called every minute, as [`run`](Self::run) does. Tells when
    /// something is due next, since the Unix epoch; zero for at once.
    ///
    /// An error is told as an event of level `error` too, and by [`status`](Self::status). Where the runtime has ended in
    /// which the ring was opened, the one that this is called in sees to it that a ring without news falls silent.
    ///
    /// # Errors
    /// - [`KeyRingError::Store`]: this process goes on with the keys that it has, for
    ///   [so long](KeyRingBuilder::with_longest_silence): it does not learn of a key that was dropped elsewhere.
    /// - [`KeyRingError::WentBack`], [`KeyRingError::NotOpened`], [`KeyRingError::Malformed`]: likewise; the store does
    ///   not hold what it held.
    /// - [`KeyRingError::Clock`]: clocks differ by more than they may.
    /// - [`KeyRingError::Issuer`], [`KeyRingError::IssuerDiffers`]: nothing is signed until that is mended; whatever else
    ///   there was to do is done.
    /// - [`KeyRingError::Key`], [`KeyRingError::NoRandomBits`].
    pub async fn tick(&self) -> Result<Duration, KeyRingError> {
        run::guard(&self.0);
        let outcome = self.turn(Wish::Nothing).await;
        self.0.note(outcome.as_ref().err());
        // The guard may be in a runtime that nobody drives.
        _ = self.0.silent();
        outcome
    }

    /// Has the next key sign now, before the period is over. The one before it verifies what it signed. Where another
    /// node is doing the same, both find it done once.
    ///
    /// # Errors
    /// - [`KeyRingError::TooSoon`]: the next key has not been published for long enough.
    /// - [`KeyRingError::Full`]: too many keys retire already.
    /// - Those of [`issuer`](Self::issuer) and [`tick`](Self::tick).
    pub async fn rotate(&self) -> Result<(), KeyRingError> {
        let active = self.issuer()?.key().key_id().cloned().unwrap_or_default();
        self.turn(Wish::Replace(&active)).await.map(drop)
    }

    /// In an emergency: the key is gone at once, from verification and from the JWK set. Where it signed, the next one
    /// does, or a new one where there is none. Asks no clock.
    ///
    /// Other nodes follow at their next [`tick`](Self::tick), so that for up to a minute they verify by the key and may
    /// sign by it, and whoever fetches the JWK set when its maximum age is over. It is not brought back by any of them.
    /// Some clients go by times of their own: jose of npm keeps a set for `cacheMaxAge`, 600 s, and PyJWT's
    /// `PyJWKClient` for `lifespan`, 300 s, but with `cache_keys` a key for ever. Both look again sooner where a token
    /// names a key that they do not have.
    ///
    /// The key is gone from this process when this is first polled, before the store is asked and whatever a
    /// [`tick`](Self::tick) waits for. Where the store fails, or the future is dropped, a key that was known here stays gone; the process then does
    /// not [sign](KeyRingError::NotSigning) if that was the key that did. Each [`tick`](Self::tick) of this process tries
    /// again.
    ///
    /// # Errors
    /// - [`KeyRingError::UnknownKey`]: no key has that name.
    /// - Those of [`tick`](Self::tick). Other nodes are not known to learn of it then: call again.
    pub async fn drop_key(&self, key_id: &str) -> Result<(), KeyRingError> {
        self.turn(Wish::Drop(key_id)).await.map(drop)
    }

    /// Takes the times of the ring that lie ahead for mistakes, and those keys as having come to where they are now. For
    /// an operator who has found that the clock of another node was wrong, has mended it, and knows that the clock here is
    /// right: see [`KeyRingError::Clock`]. Waiting gets longer by it, never shorter.
    ///
    /// # Errors
    /// - [`KeyRingError::Clock`]: the clock here differs from that of the store, or cannot tell the time.
    /// - Those of [`tick`](Self::tick).
    pub async fn trust_clock(&self) -> Result<(), KeyRingError> {
        self.turn(Wish::Trust).await.map(drop)
    }

    async fn turn(&self, wish: Wish<'_>) -> Result<Duration, KeyRingError> {
        let inner = &*self.0;
        let forget = || if let Wish::Drop(key_id) = wish { inner.forget(key_id) } else { Ok(()) };
        // An emergency waits for nobody, least of all for a turn that waits for the store.
        forget()?;
        let _turn = inner.turn.lock().await;
        // Again: where the turn before had not heard of the key, it is remembered no longer.
        forget()?;
        // What could not be dropped before.
        for key_id in inner.undone_drops() {
            if wish != Wish::Drop(&key_id) {
                inner.step(Wish::Drop(&key_id)).await?;
            }
        }
        let (due, refused) = inner.step(wish).await?;
        match refused {
            None => Ok(due),
            Some(Refused::TooSoon { wait }) => Err(KeyRingError::TooSoon { wait }),
            Some(Refused::Full) => Err(KeyRingError::Full),
            Some(Refused::Unknown) => Err(KeyRingError::UnknownKey),
            Some(Refused::Clock { difference }) => Err(KeyRingError::Clock { difference }),
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("ring", &self.0.cycle.ring).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

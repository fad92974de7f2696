//! The signing keys of an issuer: published ahead, used, retired, and kept sealed.

mod builder;
mod cycle;
mod document;
mod error;
mod key_encryption_key;
mod sealing;
mod stages;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jwt_core::keys::{KeySet, Live, LiveWriter};
use jwt_core::{Algorithm, ConfigError, Issuer, SigningKey};

pub use self::builder::KeyRingBuilder;
use self::cycle::{Cycle, Held, Turn};
pub use self::error::KeyRingError;
pub use self::key_encryption_key::{KeyEncryptionKey, KeyEncryptionKeyError};
pub use self::stages::KeyChange;
use self::stages::{Refused, RingRules, Wish};
use crate::events::{Events, SecurityEvent};
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
/// 5. Nothing happens by itself: [`tick`](Self::tick) is to be called every minute.
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
/// let leaked = ring.issuer().key().key_id().cloned().unwrap_or_default();
/// ring.drop_key(&leaked).await?;
/// assert!(verifier.verify(tokens.access_token()).is_err());
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
///
/// Clones are the same ring. When the last one is dropped its [`verifying_keys`](Self::verifying_keys) are taken away:
/// keys that nobody keeps fresh must not verify for ever.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    cycle: Cycle,
    rules: RingRules,
    max_age: Duration,
    issuer: Box<dyn Fn(SigningKey) -> Result<Issuer, ConfigError> + Send + Sync>,
    view: ArcSwap<View>,
    writer: LiveWriter,
    /// One turn after the other.
    turn: tokio::sync::Mutex<()>,
    events: Events,
}

/// What this process knows of the ring.
struct View {
    held: Held,
    issuer: Issuer,
    jwks: Jwks,
}

impl View {
    /// `before` is the issuer of the key that signed until now.
    fn of(
        held: Held,
        verifying: KeySet,
        before: &Issuer,
        issuer: impl Fn(SigningKey) -> Result<Issuer, ConfigError>,
        max_age: Duration,
    ) -> Result<Self, KeyRingError> {
        let active = held.active().ok_or(KeyRingError::UnknownKey)?;
        let is_of_active = |issuer: &Issuer| issuer.key().key_id() == active.signing.key_id();
        let issuer = if is_of_active(before) { before.clone() } else { issuer(active.signing.clone())? };
        let is_alike = issuer.name() == before.name() && issuer.lifetime() == before.lifetime();
        if !is_of_active(&issuer) || !is_alike {
            return Err(KeyRingError::IssuerDiffers);
        }
        let jwks = Jwks::of(&verifying, max_age)?;
        Ok(Self { held, issuer, jwks })
    }
}

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
    #[must_use]
    pub fn issuer(&self) -> Issuer {
        self.0.view.load().issuer.clone()
    }

    /// The keys that verify, kept up to date: for
    /// [`with_live_keys`](jwt_core::AuthorityBuilder::with_live_keys), and for shared secrets
    /// [`with_live_secrets`](jwt_core::AuthorityBuilder::with_live_secrets).
    #[must_use]
    pub fn verifying_keys(&self) -> Live {
        self.0.writer.live()
    }

    /// The public keys, for the route `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        self.0.view.load().jwks.clone()
    }

    /// Does what is due: publishes, activates, retires and removes keys, and takes over what other nodes did. To be
    /// called every minute. Tells when something is due next, since the Unix epoch.
    ///
    /// # Errors
    /// - [`KeyRingError::Store`]: this process goes on with the keys that it has. Where that lasts, tell an operator: it
    ///   does not learn of a key that was dropped elsewhere.
    /// - [`KeyRingError::WentBack`], [`KeyRingError::NotOpened`], [`KeyRingError::Malformed`]: likewise; the store does
    ///   not hold what it held.
    /// - [`KeyRingError::Key`], [`KeyRingError::Issuer`], [`KeyRingError::IssuerDiffers`],
    ///   [`KeyRingError::NoRandomBits`].
    pub async fn tick(&self) -> Result<Duration, KeyRingError> {
        self.turn(Wish::Nothing).await
    }

    /// Has the next key sign now, before the period is over. The one before it verifies what it signed. Where another
    /// node is doing the same, both find it done once.
    ///
    /// # Errors
    /// - [`KeyRingError::TooSoon`]: the next key has not been published for long enough.
    /// - [`KeyRingError::Full`]: too many keys retire already.
    /// - Those of [`tick`](Self::tick).
    pub async fn rotate(&self) -> Result<(), KeyRingError> {
        let active = self.issuer().key().key_id().cloned().unwrap_or_default();
        self.turn(Wish::Replace(&active)).await.map(drop)
    }

    /// In an emergency: the key is gone at once, from verification and from the JWK set. Where it signed, the next one
    /// does, or a new one where there is none.
    ///
    /// Other nodes follow at their next [`tick`](Self::tick), and whoever fetches the JWK set when its maximum age is
    /// over. It is not brought back by any of them. Some clients go by times of their own: jose of npm keeps a set for
    /// `cacheMaxAge`, 600 s, and PyJWT's `PyJWKClient` for `lifespan`, 300 s, but with `cache_keys` a key for ever. Both
    /// look again sooner where a token names a key that they do not have.
    ///
    /// # Errors
    /// - [`KeyRingError::UnknownKey`]: no key has that name.
    /// - Those of [`tick`](Self::tick). Nothing is known to have happened then: call again.
    pub async fn drop_key(&self, key_id: &str) -> Result<(), KeyRingError> {
        self.turn(Wish::Drop(key_id)).await.map(drop)
    }

    async fn turn(&self, wish: Wish<'_>) -> Result<Duration, KeyRingError> {
        let inner = &*self.0;
        let _turn = inner.turn.lock().await;
        let view = inner.view.load_full();
        let turn = inner.cycle.turn(Some(&view.held), wish, &inner.rules, Vec::new(), false).await?;
        let Turn { held, changes, due, refused } = turn;
        if held.version != view.held.version {
            // Who verifies knows a key before anybody signs with it, and forgets a dropped one whatever else goes wrong.
            let verifying = held.verifying()?;
            inner.writer.replace(verifying.clone());
            let view = View::of(held, verifying, &view.issuer, &inner.issuer, inner.max_age)?;
            inner.view.store(Arc::new(view));
        }
        self.tell(&changes);
        match refused {
            None => Ok(due),
            Some(Refused::TooSoon { wait }) => Err(KeyRingError::TooSoon { wait }),
            Some(Refused::Full) => Err(KeyRingError::Full),
            Some(Refused::Unknown) => Err(KeyRingError::UnknownKey),
        }
    }

    fn tell(&self, changes: &[(Arc<str>, KeyChange)]) {
        for (key_id, change) in changes {
            self.0.events.tell(&SecurityEvent::KeyRotated {
                ring: self.0.cycle.ring.name.to_string(),
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

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("ring", &self.0.cycle.ring).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

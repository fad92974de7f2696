//! Setting up one-time tokens.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::{Clock, ConfigError, HmacSecret, Issuer, SystemClock, Verifier};

use super::{Inner, Key, LEEWAY, OneTimeTokens, TYP};
use crate::mac_key::MacKey;
use crate::patience::Patient;
use crate::store::ReplayStore;

/// How long a token is good where nothing else is said.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// A use is remembered for as long as the token could be good.
const MOST_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Sets up [`OneTimeTokens`].
#[must_use = "a builder does nothing until `build`"]
pub struct OneTimeTokensBuilder {
    issuer: Box<str>,
    purpose: Box<str>,
    secrets: Vec<HmacSecret>,
    store: Patient<dyn ReplayStore>,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
}

impl OneTimeTokensBuilder {
    pub(super) fn new(issuer: &str, purpose: &str, secret: &HmacSecret, store: Arc<dyn ReplayStore>) -> Self {
        Self {
            issuer: issuer.into(),
            purpose: purpose.into(),
            secrets: vec![secret.clone()],
            store: Patient::new(store),
            lifetime: LIFETIME,
            clock: Arc::new(SystemClock),
        }
    }

    /// How long a token is good. Default 30 minutes, from 1 s to 30 days, whole seconds. Half an hour is enough for a
    /// password; an invitation may need days.
    pub const fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The secret that signed before: its tokens are still good. The last one that is set counts.
    pub fn with_previous_secret(mut self, secret: &HmacSecret) -> Self {
        self.secrets.truncate(1);
        self.secrets.push(secret.clone());
        self
    }

    /// A store that does not answer for so long cannot be asked: [`RedeemError::Store`](crate::RedeemError::Store). Default 5 s; from a millisecond to a minute, and
    /// what is beyond is taken as the nearest. A store in memory or on a fast network may be given half a second; one of
    /// SQLite gives up by itself after 2 s in the queue and 2 s at a lock, unless it is told otherwise. What was asked may
    /// have been done all the same, and the one-time token is used up then.
    ///
    /// Measured by the timer of tokio, which its runtime must have where the store does not answer at once.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.store = self.store.with_nearest_patience(patience);
        self
    }

    /// Tells the time by another clock. Default: the system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes them.
    ///
    /// # Errors
    /// - [`ConfigError::EmptyIssuer`], [`ConfigError::EmptyAudience`]: the name of the service or the purpose is empty.
    /// - [`ConfigError::Lifetime`]: less than 1 s or more than 30 days.
    /// - [`ConfigError::Keys`]: a secret that HS256 must not have, or no backend.
    pub fn build(self) -> Result<OneTimeTokens, ConfigError> {
        let Self { issuer: name, purpose, secrets, store, lifetime, clock } = self;
        if lifetime < Duration::from_secs(1) || lifetime > MOST_LIFETIME {
            return Err(ConfigError::Lifetime { lifetime });
        }
        let (audience, issuer_name): (Arc<str>, Arc<str>) = ((&*purpose).into(), (&*name).into());
        let mut keys = Vec::new();
        for secret in &secrets {
            let mac = MacKey::new(secret).map_err(ConfigError::Keys)?;
            let verifier = Verifier::builder()
                .with_key(mac.signing_key())
                .with_audience(&*audience)
                .with_issuer(issuer_name.clone())
                .require_typ(TYP)
                .require_claim("sub")
                .require_claim("jti")
                .with_leeway(LEEWAY)
                .build()?
                .with_clock(clock.clone());
            keys.push(Key { verifier, mac });
        }
        let key = keys.first().ok_or(ConfigError::NoKeys)?.mac.signing_key().clone();
        let issuer = Issuer::builder()
            .with_key(key)
            .with_audience(&*audience)
            .with_issuer(issuer_name)
            .with_typ(TYP)
            .with_lifetime(lifetime)
            .build()?
            .with_clock(clock.clone());
        Ok(OneTimeTokens(Arc::new(Inner { issuer_name: name, purpose, issuer, keys, store, clock })))
    }
}

impl fmt::Debug for OneTimeTokensBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneTimeTokensBuilder").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

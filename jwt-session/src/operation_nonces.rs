//! Nonces of operations: what the user sees is what is done, once.

mod error;
#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::keys::{KeyError, SignError};
use jwt_core::{Clock, HmacSecret, Reason, SystemClock, Verified};
use serde::Serialize;

pub use self::error::NonceError;
use crate::mac_key::MacKey;
use crate::patience::Patient;
use crate::random::random;
use crate::redeem_error::RedeemError;
use crate::store::{ReplayStore, UseId};
use crate::used_tokens::REMEMBERED_BEYOND;

/// Keeps the MAC of a nonce apart from other uses of the key.
const LABEL: &str = "jwt-session operation nonce v1";
const RANDOM: usize = 16;
const EXPIRY: usize = 8;
const BYTES: usize = RANDOM + EXPIRY + MacKey::BYTES;
/// Of the whole text: four characters for three bytes.
const CHARACTERS: usize = (BYTES * 4).div_ceil(3);

const LIFETIME: Duration = Duration::from_secs(5 * 60);
const MOST_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Nonces for operations that are confirmed before they are done: a transfer, a deletion.
///
/// The server gives out a nonce when an operation is begun, and does it when the nonce comes back. A nonce is a MAC over
/// whose token began it, in which session, the name of the operation and its exact details; nothing of it is stored until
/// it is redeemed. So it is worth nothing
///
/// 1. for another subject, another session (`sid`), or another issuer's subject of the same name;
/// 2. for another operation, or with any detail changed, be it by the page, a script in it or a proxy;
/// 3. after [five minutes](Self::with_lifetime);
/// 4. a second time: of any number of requests at the same time one wins, and a repeat of the request does nothing again.
///
/// It says that the same login began and confirmed the same operation, not that a person read it: where that matters,
/// ask for a fresh login beside it ([`Requirement::require_authentication_within`](jwt_core::Requirement)).
///
/// ```
/// use jwt_core::{Algorithm, HmacSecret, Issuer, SigningKey, Verifier};
/// use jwt_session::{MemoryStore, OperationNonces, RedeemError};
///
/// #[derive(serde::Serialize)]
/// struct Transfer {
///     to: &'static str,
///     cents: u64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = SigningKey::generate(Algorithm::ES256)?;
/// # let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id").build()?;
/// # let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id").build()?;
/// # let token = issuer.token().with_subject("alice").with_session_id("s1").sign()?;
/// # let alice = verifier.verify(&token)?;
/// # let secret = HmacSecret::generate(Algorithm::HS256)?;
/// let nonces = OperationNonces::new(&secret, MemoryStore::new())?;
/// let (asked, changed) = (Transfer { to: "bob", cents: 100 }, Transfer { to: "bob", cents: 100_000 });
///
/// let nonce = nonces.issue(&alice, "transfer", &asked)?;
/// assert!(matches!(nonces.redeem(&nonce, &alice, "transfer", &changed).await, Err(RedeemError::Mismatch)));
/// nonces.redeem(&nonce, &alice, "transfer", &asked).await?;
/// assert!(matches!(nonces.redeem(&nonce, &alice, "transfer", &asked).await, Err(RedeemError::Used)));
/// # Ok(())
/// # }
/// ```
///
/// Details are what serialises to the same JSON both times: a struct of strings and whole numbers, not a map without an
/// order. Redeem with the very value that is then carried out.
///
/// At most once: where the process ends behind the redemption and before the effect, the operation is begun anew. Where
/// the secret is replaced, nonces that are out are worth nothing, and their operations are begun anew too. Clones are the
/// same nonces.
#[derive(Clone)]
pub struct OperationNonces {
    key: MacKey,
    store: Patient<dyn ReplayStore>,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
}

impl OperationNonces {
    /// By a secret of at least 32 bytes, the same on all nodes; uses are remembered in `store`.
    ///
    /// # Errors
    /// [`KeyError`] where the secret is shorter or no backend is built in.
    pub fn new(secret: &HmacSecret, store: impl ReplayStore) -> Result<Self, KeyError> {
        let (key, store) = (MacKey::new(secret)?, Arc::new(store));
        Ok(Self { key, store: Patient::new(store), lifetime: LIFETIME, clock: Arc::new(SystemClock) })
    }

    /// How long a nonce is good. Default 5 minutes, from 1 s to 1 h; what is beyond is taken as the nearest.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime.clamp(Duration::from_secs(1), MOST_LIFETIME);
        self
    }

    /// A store that does not answer for so long cannot be asked: [`RedeemError::Store`]. Default 5 s; from a millisecond to a minute, and
    /// what is beyond is taken as the nearest. A store in memory or on a fast network may be given half a second; one of
    /// SQLite gives up by itself after 2 s in the queue and 2 s at a lock, unless it is told otherwise. What was asked may
    /// have been done all the same, and the nonce is used up then.
    ///
    /// Measured by the timer of tokio, which its runtime must have where the store does not answer at once.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.store = self.store.with_nearest_patience(patience);
        self
    }

    /// Tells the time by another clock. Default: the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// A nonce for an operation that the bearer of this token begins: 75 characters of base64url.
    ///
    /// # Errors
    /// - [`NonceError::NoSession`]: the token has no `sub` or no `sid`, so that there is nothing to bind it to.
    /// - [`NonceError::Details`]: they cannot be written as JSON.
    /// - [`NonceError::Sign`]: random bits or the MAC failed.
    pub fn issue<T: Serialize + ?Sized>(
        &self,
        by: &Verified,
        operation: &str,
        details: &T,
    ) -> Result<String, NonceError> {
        let bound = Bound::to(by, operation, details)?;
        let random = random::<RANDOM>().map_err(|error| NonceError::Sign(SignError::new(error)))?;
        let expiry = self.clock.now().saturating_add(self.lifetime).as_secs().to_be_bytes();
        let mac = self.key.mac(LABEL, &bound.parts(&random, &expiry)).map_err(NonceError::Sign)?;
        Ok(URL_SAFE_NO_PAD.encode([&random[..], &expiry, &mac].concat()))
    }

    /// Redeems a nonce for an operation that the bearer of this token confirms. Once this returns `Ok`, the operation is
    /// to be done, by this request and no other.
    ///
    /// # Errors
    /// - [`RedeemError::Mismatch`]: no nonce, or not one of this subject, session, operation and details.
    /// - [`RedeemError::Refused`]: its time is over.
    /// - [`RedeemError::Used`]: it was redeemed before.
    /// - [`RedeemError::Store`]: the store could not be asked; status 503.
    pub async fn redeem<T: Serialize + ?Sized>(
        &self,
        nonce: &str,
        by: &Verified,
        operation: &str,
        details: &T,
    ) -> Result<(), RedeemError> {
        let redeemed = match self.check(nonce, by, operation, details) {
            Ok((id, until)) => match self.store.consume(id, until).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(RedeemError::Used),
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error),
        };
        match &redeemed {
            Ok(()) => tracing::info!(event = "operation_confirmed", operation, "a nonce was redeemed"),
            Err(error @ RedeemError::Store(_)) => {
                tracing::warn!(
                    event = "nonce_refused",
                    operation,
                    reason = error.code(),
                    "a nonce was not redeemed"
                );
            }
            Err(error) => {
                tracing::info!(
                    event = "nonce_refused",
                    operation,
                    reason = error.code(),
                    "a nonce was refused"
                );
            }
        }
        redeemed
    }

    /// The name of a nonce that is good, and until when its use is remembered.
    fn check<T: Serialize + ?Sized>(
        &self,
        nonce: &str,
        by: &Verified,
        operation: &str,
        details: &T,
    ) -> Result<(UseId, Duration), RedeemError> {
        let bytes = decode(nonce).ok_or(RedeemError::Mismatch)?;
        let bound = Bound::to(by, operation, details).map_err(|_| RedeemError::Mismatch)?;
        let (random, rest) = bytes.split_first_chunk::<RANDOM>().ok_or(RedeemError::Mismatch)?;
        let (expiry, mac) = rest.split_first_chunk::<EXPIRY>().ok_or(RedeemError::Mismatch)?;
        if !self.key.is_mac(LABEL, &bound.parts(random, expiry), mac) {
            return Err(RedeemError::Mismatch);
        }
        let expiry = Duration::from_secs(u64::from_be_bytes(*expiry));
        if self.clock.now() >= expiry {
            return Err(Reason::Expired.into());
        }
        Ok((UseId::of("operation nonce", &[&bytes]), expiry.saturating_add(REMEMBERED_BEYOND)))
    }
}

/// The bytes of a nonce. There is one spelling of each.
fn decode(nonce: &str) -> Option<[u8; BYTES]> {
    if nonce.len() != CHARACTERS {
        return None;
    }
    let mut bytes = [0; BYTES];
    // Exactly so many bytes: the length was compared.
    URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes).ok()?;
    Some(bytes)
}

/// What a nonce is bound to.
struct Bound<'b> {
    issuer: &'b str,
    subject: &'b str,
    session: String,
    operation: &'b str,
    details: Vec<u8>,
}

impl<'b> Bound<'b> {
    fn to<T: Serialize + ?Sized>(
        by: &'b Verified,
        operation: &'b str,
        details: &T,
    ) -> Result<Self, NonceError> {
        let subject = by.subject().filter(|subject| !subject.is_empty());
        let session = by.session_id().filter(|session| !session.is_empty());
        let (Some(subject), Some(session)) = (subject, session) else { return Err(NonceError::NoSession) };
        Ok(Self {
            issuer: by.issuer().unwrap_or_default(),
            subject,
            session: session.into_owned(),
            operation,
            details: serde_json::to_vec(details).map_err(|_| NonceError::Details)?,
        })
    }

    fn parts<'p>(&'p self, random: &'p [u8], expiry: &'p [u8]) -> [&'p [u8]; 7] {
        [
            self.issuer.as_bytes(),
            self.subject.as_bytes(),
            self.session.as_bytes(),
            self.operation.as_bytes(),
            &self.details,
            random,
            expiry,
        ]
    }
}

impl fmt::Debug for OperationNonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationNonces").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

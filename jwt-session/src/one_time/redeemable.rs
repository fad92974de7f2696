//! A one-time token that verified, and what it becomes.

use core::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::{NumericDate, Reason, TokenError, Verified};
use serde::de::DeserializeOwned;

use super::{LEEWAY, OneTimeTokens};
use crate::mac_key::MacKey;
use crate::redeem_error::RedeemError;
use crate::store::{ReplayStore as _, UseId};
use crate::used_tokens::REMEMBERED_BEYOND;

/// Keeps the MAC of a state apart from other uses of the key.
pub(super) const STATE: &str = "jwt-session one-time state v1";

/// What the MAC of a state binds: one token, so that two of them do not show that they are of the same state.
pub(super) const fn state_parts<'p>(subject: &'p str, token_id: &'p str, state: &'p [u8]) -> [&'p [u8]; 3] {
    [subject.as_bytes(), token_id.as_bytes(), state]
}

/// A one-time token that is genuine and whose time is not over. Whether it was used is not known yet.
#[must_use = "nothing is redeemed yet"]
pub struct Redeemable {
    tokens: OneTimeTokens,
    mac: MacKey,
    /// The MAC of the state that it is bound to.
    state: Option<Vec<u8>>,
    expiry: NumericDate,
    verified: Arc<Verified>,
}

impl Redeemable {
    pub(super) fn new(
        tokens: OneTimeTokens,
        mac: MacKey,
        verified: Arc<Verified>,
    ) -> Result<Self, RedeemError> {
        let expiry = verified.expires_at().ok_or(Reason::MissingClaim)?;
        let state = verified.claim::<String>("state_mac")?.map(|state| URL_SAFE_NO_PAD.decode(state));
        let state = state.transpose().map_err(|_| TokenError::about(Reason::MalformedClaim, "state_mac"))?;
        Ok(Self { tokens, mac, state, expiry, verified })
    }

    /// Whose it is.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.verified.subject().unwrap_or_default()
    }

    /// When it is over.
    #[must_use]
    pub const fn expires_at(&self) -> NumericDate {
        self.expiry
    }

    /// The claims as a `T`.
    ///
    /// # Errors
    /// [`Reason::ClaimsShape`] where they are not a `T`.
    pub fn claims<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, TokenError> {
        self.verified.claims()
    }

    /// Uses it up, where it is bound to no state. Once this returns `Ok` nobody else redeems it; where the future is
    /// dropped before, it may be used up.
    ///
    /// # Errors
    /// - [`RedeemError::Mismatch`]: it is bound to a state. Nothing is used up.
    /// - [`RedeemError::Refused`]: its time is over by now.
    /// - [`RedeemError::Used`]: somebody was faster.
    /// - [`RedeemError::Store`]: the store could not be asked; status 503.
    pub async fn redeem(self) -> Result<Redeemed, RedeemError> {
        if self.state.is_some() {
            return Err(self.told(RedeemError::Mismatch));
        }
        self.use_up().await
    }

    /// As [`redeem`](Self::redeem), where it is bound to a state, and the account of its subject is in that state now.
    ///
    /// # Errors
    /// As [`redeem`](Self::redeem); [`RedeemError::Mismatch`] where it is bound to another state, or to none.
    pub async fn redeem_bound_to(self, state: impl AsRef<[u8]>) -> Result<Redeemed, RedeemError> {
        let token_id = self.verified.token_id().unwrap_or_default();
        let parts = state_parts(self.subject(), token_id, state.as_ref());
        if !self.state.as_ref().is_some_and(|mac| self.mac.is_mac(STATE, &parts, mac)) {
            return Err(self.told(RedeemError::Mismatch));
        }
        self.use_up().await
    }

    async fn use_up(self) -> Result<Redeemed, RedeemError> {
        let inner = &*self.tokens.0;
        // Once more: the form may have been open for long.
        if inner.clock.now() >= self.expiry.as_duration().saturating_add(LEEWAY) {
            return Err(self.told(Reason::Expired.into()));
        }
        let token_id = self.verified.token_id().unwrap_or_default();
        let parts = [&inner.issuer_name, &inner.purpose, token_id].map(str::as_bytes);
        let until = self.expiry.as_duration().saturating_add(REMEMBERED_BEYOND);
        match inner.store.consume(UseId::of("one-time token", &parts), until).await {
            Ok(true) => {
                tracing::info!(event = "one_time_redeemed", purpose = %inner.purpose, "a one-time token was redeemed");
                Ok(Redeemed { verified: self.verified })
            }
            Ok(false) => Err(self.told(RedeemError::Used)),
            Err(error) => Err(self.told(error.into())),
        }
    }

    fn told(&self, error: RedeemError) -> RedeemError {
        let purpose = &*self.tokens.0.purpose;
        let reason = error.code();
        match error {
            RedeemError::Store(_) => {
                tracing::warn!(
                    event = "one_time_refused",
                    purpose,
                    reason,
                    "a one-time token was not redeemed"
                );
            }
            _ => tracing::info!(event = "one_time_refused", purpose, reason, "a one-time token was refused"),
        }
        error
    }
}

impl fmt::Debug for Redeemable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redeemable").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

/// A one-time token that was redeemed, by this call and no other.
pub struct Redeemed {
    verified: Arc<Verified>,
}

impl Redeemed {
    /// Whose it was.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.verified.subject().unwrap_or_default()
    }

    /// The claims as a `T`.
    ///
    /// # Errors
    /// [`Reason::ClaimsShape`] where they are not a `T`. Read what may fail from the [`Redeemable`], before it is used up.
    pub fn claims<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, TokenError> {
        self.verified.claims()
    }
}

impl fmt::Debug for Redeemed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redeemed")
    }
}

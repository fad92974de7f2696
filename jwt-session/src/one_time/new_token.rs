//! A one-time token in the making.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::keys::SignError;
use jwt_core::{IssueError, Reason, TokenBuilder, TokenError};
use serde::Serialize;

use super::OneTimeTokens;
use super::redeemable::{STATE, state_parts};
use crate::mac_key::MacKey;
use crate::random::random;

/// One token in the making. What is wrong with it is told by [`sign`](Self::sign).
#[must_use = "a token is made by `sign`"]
pub struct NewOneTimeToken<'t> {
    tokens: &'t OneTimeTokens,
    subject: &'t str,
    token: TokenBuilder<'t>,
    state: Option<Vec<u8>>,
}

impl<'t> NewOneTimeToken<'t> {
    pub(super) fn new(tokens: &'t OneTimeTokens, subject: &'t str) -> Self {
        Self { tokens, subject, token: tokens.0.issuer.token().with_subject(subject), state: None }
    }

    /// Binds it to a state of the account, as text or bytes: it can be redeemed only while
    /// [`redeem_bound_to`](super::Redeemable::redeem_bound_to) is given the same. The token holds a MAC of it, which tells
    /// nothing.
    ///
    /// For a new password take the whole hash of the present one, with its salt; to confirm an address, the address.
    pub fn bound_to(mut self, state: impl AsRef<[u8]>) -> Self {
        self.state = Some(state.as_ref().to_vec());
        self
    }

    /// A claim of one's own, which whoever has the token can read. Not one of RFC 7519 §4.1, and not `state_mac`.
    pub fn with_claim<T: Serialize + ?Sized>(mut self, name: &str, value: &T) -> Self {
        self.token = self.token.with_claim(name, value);
        self
    }

    /// Claims of one's own: whatever serialises as an object.
    pub fn with_claims<T: Serialize + ?Sized>(mut self, claims: &T) -> Self {
        self.token = self.token.with_claims(claims);
        self
    }

    /// Signs it: a JWT, which may stand in a link as it is.
    ///
    /// # Errors
    /// Those of [`TokenBuilder::sign`]; an empty subject is [`IssueError::Refused`].
    pub fn sign(self) -> Result<String, IssueError> {
        let Self { tokens, subject, token, state } = self;
        let inner = &*tokens.0;
        if subject.is_empty() {
            return Err(IssueError::Refused(TokenError::about(Reason::MissingClaim, "sub")));
        }
        let failed = |error| IssueError::Sign(SignError::new(error));
        let token_id = URL_SAFE_NO_PAD.encode(random::<16>().map_err(failed)?);
        let key: &MacKey = &inner.keys.first().ok_or(IssueError::Serialize)?.mac;
        let token = match state {
            None => token,
            Some(state) => {
                let parts = state_parts(subject, &token_id, &state);
                let mac = key.mac(STATE, &parts).map_err(IssueError::Sign)?;
                token.with_claim("state_mac", &URL_SAFE_NO_PAD.encode(mac))
            }
        };
        token.with_token_id(token_id).sign()
    }
}

impl fmt::Debug for NewOneTimeToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewOneTimeToken")
    }
}

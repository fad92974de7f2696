//! One-time tokens: for a new password, to confirm an address, to invite.

mod builder;
mod new_token;
mod redeemable;
#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::{Clock, HmacSecret, Issuer, Reason, Verifier};

pub use self::builder::OneTimeTokensBuilder;
pub use self::new_token::NewOneTimeToken;
pub use self::redeemable::{Redeemable, Redeemed};
use crate::mac_key::MacKey;
use crate::patience::Patient;
use crate::redeem_error::RedeemError;
use crate::store::ReplayStore;

/// The `typ` of a one-time token, which no profile of access, ID or logout tokens accepts (RFC 8725 §3.11).
const TYP: &str = "one-time+jwt";
/// How far the clocks of the nodes of this service may differ.
const LEEWAY: Duration = Duration::from_secs(30);

/// Tokens that are good once, for one purpose: a link to set a new password, to confirm an e-mail address, to accept an
/// invitation.
///
/// A token is a JWT under a secret of this service, with the `typ` `one-time+jwt`, the purpose as its audience and a
/// `jti` of 128 random bits. Nothing of it is stored until it is redeemed, so that whoever asks for many fills nothing.
///
/// 1. It is good for nothing else: not as an access token, which has another `typ` and audience, and not for another
///    purpose. Take a secret that signs no access tokens, and no other verifier believes it at all.
/// 2. It is good for [30 minutes](OneTimeTokensBuilder::with_lifetime).
/// 3. It is redeemed at most once: of any number of requests at the same time one wins. Where the process ends behind
///    that and before the effect, the token is lost and the user asks for another one.
/// 4. It can be [bound to a state](NewOneTimeToken::bound_to) of the account, and dies with it: bound to the hash of the
///    password, a link is worth nothing once the password was changed, by this link, by another one or otherwise. So that
///    a new link takes the place of the older ones, count them in the account, and bind them to the number too.
/// 5. Where the store cannot be asked, nothing is redeemed: [`RedeemError::status`] is 503.
///
/// ```
/// use jwt_session::jwt_core::{Algorithm, HmacSecret};
/// use jwt_session::{MemoryStore, OneTimeTokens, RedeemError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let secret = HmacSecret::generate(Algorithm::HS256)?;
/// let issuer = "https://id.example.com/";
/// let resets = OneTimeTokens::builder(issuer, "password-reset", &secret, MemoryStore::new()).build()?;
///
/// // "I have forgotten my password": the link goes to the address that the account has.
/// let password_hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
/// let token = resets.token("alice").bound_to(password_hash).sign()?;
///
/// // The link is opened, maybe by a scanner of mail: a form is shown, and nothing is used up.
/// assert_eq!(resets.open(&token)?.subject(), "alice");
///
/// // The form is sent. Then the new password is set.
/// let redeemed = resets.open(&token)?.redeem_bound_to(password_hash).await?;
/// assert_eq!(redeemed.subject(), "alice");
/// assert!(matches!(resets.open(&token)?.redeem_bound_to(password_hash).await, Err(RedeemError::Used)));
/// assert!(matches!(resets.open(&token)?.redeem_bound_to("the new hash").await, Err(RedeemError::Mismatch)));
/// # Ok(())
/// # }
/// ```
///
/// The page behind the link should say `Referrer-Policy: no-referrer`, for the token stands in its address, and the answer
/// to whoever asks for a link is the same whether there is such an account or not.
///
/// Clones are the same tokens.
#[derive(Clone)]
pub struct OneTimeTokens(Arc<Inner>);

struct Inner {
    issuer_name: Box<str>,
    purpose: Box<str>,
    issuer: Issuer,
    /// The one that signs first, then the one before it.
    keys: Vec<Key>,
    store: Patient<dyn ReplayStore>,
    clock: Arc<dyn Clock>,
}

struct Key {
    verifier: Verifier,
    mac: MacKey,
}

impl OneTimeTokens {
    /// Starts with the name of this service, which becomes `iss`; what the tokens are for, which becomes `aud`; the
    /// secret that signs them, of at least 32 bytes; and where it is kept that they were used.
    pub fn builder(
        issuer: &str,
        purpose: &str,
        secret: &HmacSecret,
        store: impl ReplayStore,
    ) -> OneTimeTokensBuilder {
        OneTimeTokensBuilder::new(issuer, purpose, secret, Arc::new(store))
    }

    /// Starts a token for an account. The name is in the token, where whoever has it can read it.
    pub fn token<'t>(&'t self, subject: &'t str) -> NewOneTimeToken<'t> {
        NewOneTimeToken::new(self, subject)
    }

    /// Verifies a token without using it up: to see whose it is, and to show a form.
    ///
    /// # Errors
    /// [`RedeemError::Refused`]: it is none of these tokens, or its time is over. Whether it was used is told when it is
    /// redeemed.
    pub fn open(&self, token: &str) -> Result<Redeemable, RedeemError> {
        let mut refused = None;
        for key in &self.0.keys {
            match key.verifier.verify(token) {
                Ok(verified) => return Redeemable::new(self.clone(), key.mac.clone(), verified),
                Err(error) => refused = Some(error),
            }
        }
        // There is a key.
        Err(refused.map_or_else(|| Reason::KeysUnavailable.into(), RedeemError::Refused))
    }

    /// Verifies a token that is bound to no state, and uses it up.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) and of [`Redeemable::redeem`].
    pub async fn redeem(&self, token: &str) -> Result<Redeemed, RedeemError> {
        self.open(token)?.redeem().await
    }
}

/// Names the purpose.
impl fmt::Debug for OneTimeTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneTimeTokens").field("purpose", &self.0.purpose).finish_non_exhaustive()
    }
}

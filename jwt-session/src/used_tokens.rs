//! Tokens that were used, for routes that take each once.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::request::RequestFacts;
use jwt_core::{Check, CheckOutcome, CheckRefusal, Passed, Reason, SingleUse, Verified};

use crate::patience::Patient;
use crate::store::{ReplayStore, UseId};

/// How long a use is remembered beyond the expiry of the token: a verifier may have a leeway of five minutes, and its
/// clock may be as far from that of the store.
pub(crate) const REMEMBERED_BEYOND: Duration = Duration::from_secs(600);

/// Uses access tokens up, for `JwtAuth::require_single_use`: a token is good once, on all routes with the same store.
///
/// A token is known by its `iss` and `jti`, so that neither the twin of an ECDSA signature nor another carrier makes it a
/// new one. A token without a `jti` or `exp` cannot be used up, and is refused. Of any number of requests at the same
/// time one goes on; the others, and all later ones, are answered as any other bad token, and the log says `replayed`.
/// Where the store cannot be asked the answer is 503.
///
/// ```
/// use jwt_core::request::SimpleHead;
/// use jwt_core::{Algorithm, Decision, Issuer, Reason, RequestAuth, Requirement, SigningKey, Step, Verifier};
/// use jwt_session::{MemoryStore, UsedTokens};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = SigningKey::generate(Algorithm::ES256)?;
/// # let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id").build()?;
/// # let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id").build()?;
/// // As on the `JwtAuth` of each framework.
/// let auth = RequestAuth::new(verifier);
/// let once = auth.require_single_use(Requirement::scope("pay"), UsedTokens::on(MemoryStore::new()));
///
/// let token = issuer.token().with_subject("alice").with_scope("pay").sign()?;
/// let pay = SimpleHead::post("/pay").with_field("Authorization", format!("Bearer {token}"));
/// let mut answers = Vec::new();
/// for _ in 0..2 {
///     let Step::Wait(decision) = once.decide(&pay, None) else { panic!("the store was not asked") };
///     answers.push(match decision.await {
///         Decision::Proceed(_) => None,
///         Decision::Refuse(refusal) => Some((refusal.status(), refusal.reason())),
///     });
/// }
/// assert_eq!(answers, [None, Some((401, Reason::Replayed))]);
/// # Ok(())
/// # }
/// ```
///
/// Clones are the same list.
#[derive(Clone)]
pub struct UsedTokens(Patient<dyn ReplayStore>);

impl UsedTokens {
    /// Remembers them in `store`.
    #[must_use]
    pub fn on(store: impl ReplayStore) -> Self {
        Self(Patient::new(Arc::new(store)))
    }

    /// A store that does not answer for so long cannot be asked: 503. Default 5 s; from a millisecond to a minute, and
    /// what is beyond is taken as the nearest. A store in memory or on a fast network may be given half a second; one of
    /// SQLite gives up by itself after 2 s in the queue and 2 s at a lock, unless it is told otherwise. What was asked may
    /// have been done all the same, and the token is used up then.
    ///
    /// Measured by the timer of tokio, which its runtime must have where the store does not answer at once.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self(self.0.with_nearest_patience(patience))
    }
}

impl Check for UsedTokens {
    fn name(&self) -> &'static str {
        "single use"
    }

    fn check(&self, verified: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        let (Some(token_id), Some(expiry)) = (verified.token_id(), verified.expires_at()) else {
            return CheckOutcome::refuse(Reason::MissingClaim);
        };
        let issuer = verified.issuer().unwrap_or_default();
        let id = UseId::of("access token", &[issuer.as_bytes(), token_id.as_bytes()]);
        let until = expiry.as_duration().saturating_add(REMEMBERED_BEYOND);
        let store = self.0.clone();
        CheckOutcome::Wait(Box::pin(async move {
            match store.consume(id, until).await {
                Ok(true) => Ok(Passed::default()),
                Ok(false) => Err(CheckRefusal::from(Reason::Replayed)),
                Err(error) => {
                    tracing::warn!(reason = error.kind().code(), %error, "a token was not used up");
                    Err(CheckRefusal::from(Reason::StoreUnavailable))
                }
            }
        }))
    }
}

impl SingleUse for UsedTokens {}

impl fmt::Debug for UsedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UsedTokens")
    }
}

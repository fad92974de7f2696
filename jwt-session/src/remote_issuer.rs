//! Issuing under a key that stays elsewhere: in a key management service or a hardware module.

mod error;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::keys::{BoxFuture, SignError};
use jwt_core::{Issuer, TokenBuilder};
use tokio::sync::Semaphore;

pub use self::error::RemoteIssueError;

/// How long a signature may take where nothing else is said, and at most.
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// Signatures that are waited for at a time where nothing else is said.
const MOST_WAITING: usize = 64;

/// Makes signatures by a key that it does not hold, in its own time.
///
/// A module that blocks its caller, as PKCS#11 does, belongs into `tokio::task::spawn_blocking`.
pub trait Signer: Send + Sync + 'static {
    /// A signature of `message`, in the form of RFC 7518 §3: for ECDSA `r ‖ s` in full length, not DER. The future may
    /// be dropped at any time; the signature is then not used.
    ///
    /// # Errors
    /// [`SignError`] around what the service says, which must hold nothing of the message.
    fn sign<'s>(&'s self, message: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>>;
}

/// Issues tokens that a [`Signer`] signs.
///
/// ```
/// use jwt_core::keys::{BoxFuture, SignError};
/// use jwt_core::{Algorithm, Issuer, SigningKey, Verifier};
/// use jwt_session::{RemoteIssuer, Signer};
///
/// /// A service far away.
/// struct Service(SigningKey);
/// impl Signer for Service {
///     fn sign<'s>(&'s self, message: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>> {
///         Box::pin(async move {
///             let mut signature = Vec::new();
///             self.0.sign(message, &mut signature).map(|()| signature)
///         })
///     }
/// }
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let service = Service(SigningKey::generate(Algorithm::ES256)?);
/// let public = service.0.verifying_key();
/// let issuer = Issuer::builder()
///     .with_key(SigningKey::remote(public.clone()))
///     .with_audience("api")
///     .with_issuer("https://id")
///     .build()?;
/// let issuer = RemoteIssuer::new(issuer, service);
/// let token = issuer.sign(issuer.token().with_subject("alice")).await?;
///
/// let verifier = Verifier::builder().with_key(public).with_audience("api").with_issuer("https://id").build()?;
/// assert_eq!(verifier.verify(&token)?.subject(), Some("alice"));
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
///
/// The claims are checked before anybody is asked, and what comes back is verified. Whoever waits holds up nobody else.
/// [`Sessions`](crate::Sessions) can issue by it as well. Clones are the same issuer.
#[derive(Clone)]
pub struct RemoteIssuer {
    issuer: Issuer,
    signer: Arc<dyn Signer>,
    patience: Duration,
    waiting: Arc<Semaphore>,
}

impl RemoteIssuer {
    /// An issuer under a [`SigningKey::remote`](jwt_core::SigningKey::remote), and who signs by that key.
    #[must_use]
    pub fn new(issuer: Issuer, signer: impl Signer) -> Self {
        let waiting = Arc::new(Semaphore::new(MOST_WAITING));
        Self { issuer, signer: Arc::new(signer), patience: PATIENCE, waiting }
    }

    /// How long a signature may take. Default 5 s, at most 60 s.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience.min(MOST_PATIENCE);
        self
    }

    /// How many signatures may be waited for at a time; whoever comes then is told at once. Default 64, at least 1.
    #[must_use]
    pub fn with_most_waiting(mut self, most: usize) -> Self {
        self.waiting = Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        self
    }

    /// Starts a token, for [`sign`](Self::sign).
    pub fn token(&self) -> TokenBuilder<'_> {
        self.issuer.token()
    }

    /// The issuer, for what is the same for all its tokens.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Has the token signed.
    ///
    /// # Errors
    /// - [`RemoteIssueError::Issue`]: the token must not be issued, or what came back is no signature of it.
    /// - [`RemoteIssueError::Overloaded`]: too many wait already.
    /// - [`RemoteIssueError::Unavailable`], [`RemoteIssueError::TooSlow`]: the signer failed, or did not answer in time.
    pub async fn sign(&self, token: TokenBuilder<'_>) -> Result<String, RemoteIssueError> {
        let unsigned = token.unsigned()?;
        let _place = self.waiting.try_acquire().map_err(|_| RemoteIssueError::Overloaded)?;
        let asked = self.signer.sign(unsigned.signing_input());
        let answered = tokio::time::timeout(self.patience, asked).await;
        let signature = answered
            .map_err(|_| RemoteIssueError::TooSlow { patience: self.patience })?
            .map_err(RemoteIssueError::Unavailable)?;
        Ok(unsigned.with_signature(&signature)?)
    }
}

impl fmt::Debug for RemoteIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteIssuer").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

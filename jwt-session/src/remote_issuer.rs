//! Issuing under a key that stays elsewhere: in a key management service or a hardware module.

mod error;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::keys::{BoxFuture, SignError};
use jwt_core::{Issuer, TokenBuilder};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

pub use self::error::RemoteIssueError;

/// How long a signature may take where nothing else is said, and at most.
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// Signatures that are under way at a time where nothing else is said.
const MOST_WAITING: usize = 64;

/// Makes signatures by a key that it does not hold, in its own time.
///
/// A module that blocks its caller, as PKCS#11 does, belongs into `tokio::task::spawn_blocking`, and what that returns is
/// to be waited for: what blocks cannot be stopped, and while it runs the signature counts as under way.
///
/// ```
/// use std::sync::Arc;
///
/// use jwt_core::SigningKey;
/// use jwt_core::keys::{BoxFuture, SignError};
/// use jwt_session::Signer;
///
/// /// A module that answers when it likes.
/// struct Module(Arc<SigningKey>);
/// impl Signer for Module {
///     fn sign<'s>(&'s self, message: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>> {
///         let (module, message) = (Arc::clone(&self.0), message.to_vec());
///         Box::pin(async move {
///             let work = tokio::task::spawn_blocking(move || {
///                 let mut signature = Vec::new();
///                 module.sign(&message, &mut signature).map(|()| signature)
///             });
///             work.await.map_err(SignError::new)?
///         })
///     }
/// }
/// ```
pub trait Signer: Send + Sync + 'static {
    /// A signature of `message`, in the form of RFC 7518 §3: for ECDSA `r ‖ s` in full length, not DER.
    ///
    /// The future is driven to its end in a task of its own, also where nobody waits any longer, and its place is taken
    /// until then. So it must come to an end by itself: give the client of a service a time-out.
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
/// However long signatures take, and whoever stops waiting for one, no more than
/// [so many](Self::with_most_waiting) are under way: a signer that hangs is left alone, and used again once it answers.
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

    /// How many signatures may be under way at a time, those among them that nobody waits for any longer; whoever comes
    /// then is told at once. Default 64, at least 1.
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

    /// Has the token signed, in a task of the Tokio runtime that this is called in. Where the future is dropped the
    /// signature is made all the same, and not used.
    ///
    /// # Errors
    /// - [`RemoteIssueError::Issue`]: the token must not be issued, or what came back is no signature of it.
    /// - [`RemoteIssueError::Overloaded`]: too many are under way already.
    /// - [`RemoteIssueError::TooSlow`]: the signer did not answer in time.
    /// - [`RemoteIssueError::Unavailable`]: the signer failed or panicked, the runtime comes to its end, or there is none.
    pub async fn sign(&self, token: TokenBuilder<'_>) -> Result<String, RemoteIssueError> {
        let unsigned = token.unsigned()?;
        let place =
            Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| RemoteIssueError::Overloaded)?;
        let unavailable = |error| RemoteIssueError::Unavailable(error);
        let runtime = Handle::try_current().map_err(SignError::new).map_err(unavailable)?;
        let (signer, message) = (Arc::clone(&self.signer), unsigned.signing_input().to_vec());
        // The place is taken for as long as the work lasts, which a time-out does not end: what blocks a thread goes on.
        let work = async move {
            let signature = signer.sign(&message).await;
            drop(place);
            signature
        };
        let work = runtime.spawn(work.in_current_span());
        let answered = tokio::time::timeout(self.patience, work).await;
        let signature = answered
            .map_err(|_| RemoteIssueError::TooSlow { patience: self.patience })?
            .map_err(SignError::new)
            .map_err(unavailable)?
            .map_err(unavailable)?;
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

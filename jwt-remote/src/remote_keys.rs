//! The handle: keys that are fetched, kept fresh and served.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::keys::{Grant, Live, Refresh, RefreshHint};
use jwt_core::{Algorithm, Authority, AuthorityBuilder, NeedsAudience};

use tokio::time::timeout;

use crate::address::{Transport, shown};
use crate::bounds::A_LITTLE_LONGER;
use crate::fetch_limits::FetchLimits;
use crate::http::HttpError;
use crate::origin::Origin;
use crate::refresher::Hub;
use crate::remote::Remote;
use crate::remote_error::RemoteError;
use crate::schedule::Rules;
use crate::source::{Asker, KeysStatus, Source};

/// The keys of a JWK set that is served elsewhere.
///
/// They are fetched in the background, at once and then at 80 % of the freshness that the answer states. Requests
/// never wait while any are held, except where a token names an unknown `kid` and a fetch is granted.
///
/// | what | figure |
/// |---|---|
/// | a set is fresh | for `Cache-Control: max-age` less `Age`, at least 60 s and at most 24 h; else 600 s |
/// | while the source fails, it is served | for 24 h beyond that, or [`with_max_stale`](RemoteKeysBuilder::with_max_stale); then everything is 503 |
/// | after failures the source is asked again | after 1 s, doubled each time up to 60 s; of each, chance takes up to half |
/// | an unknown `kid` | two fetches at once, one more in 30 s; one that a fetch did not bring is refused for 60 s |
/// | requests that wait | 2 s at most, on one fetch, 64 at a time |
/// | one fetch | 5 s, 512 KiB, 100 keys, no redirects |
///
/// [`FetchLimits`] change what a fetch may take, who waits for it, and freshness.
///
/// Where the issuer publishes metadata, [`Oidc`](crate::Oidc) finds the keys and sets up the rest.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::RemoteKeys;
/// let keys = RemoteKeys::at("https://id.example.com/jwks.json").fetch().await?;
/// let verifier = keys
///     .authority()
///     .with_audience("https://api.example.com")
///     .with_issuer("https://id.example.com/")
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RemoteKeys(Arc<Handle>);

struct Handle {
    source: Arc<Source>,
    hub: Arc<Hub>,
    /// Held as long as there is a handle; fetches under way hold the source, and not this.
    alive: Option<Arc<()>>,
}

/// So that the refresher sees at once that nobody is left, and no verifier believes keys that nobody keeps fresh.
impl Drop for Handle {
    fn drop(&mut self) {
        self.alive = None;
        self.source.close();
        self.hub.wake();
    }
}

impl RemoteKeys {
    /// The JWK set at `url`.
    pub fn at(url: impl Into<String>) -> RemoteKeysBuilder {
        RemoteKeysBuilder { url: url.into(), options: Options::default() }
    }

    /// Begins to fetch.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub(crate) fn begin(
        origin: Origin,
        options: &Options,
        allowed: Option<Box<[Algorithm]>>,
    ) -> Result<Self, RemoteError> {
        options.limits.check()?;
        let remote = options.remote()?;
        let hub = remote.hub();
        let label = options.label.clone().unwrap_or_else(|| origin.name().into());
        let source = Arc::new(Source::new(origin, label, &options.limits, options.stale_for, allowed, hub));
        let alive = Arc::new(());
        hub.watch(Arc::clone(&source), Arc::downgrade(&alive));
        Ok(Self(Arc::new(Handle { source, hub: Arc::clone(hub), alive: Some(alive) })))
    }

    /// Begins an authority of these keys: its audience and issuer follow. It keeps the fetching alive, as a handle does.
    pub fn authority(&self) -> AuthorityBuilder<NeedsAudience> {
        Authority::builder().with_live_keys(self.live()).with_refresh(self.refresh())
    }

    /// The cell that [`authority`](Self::authority) reads. It does not keep the fetching alive, and is empty from when
    /// the last handle is gone: keys that nobody keeps fresh verify nothing.
    #[must_use]
    pub fn live(&self) -> Live {
        self.0.source.live()
    }

    /// Whom [`authority`](Self::authority) asks for newer keys. Keeps the fetching alive, as a handle does.
    #[must_use]
    pub fn refresh(&self) -> impl Refresh + use<> {
        let asker = Asker(Arc::clone(&self.0.source));
        // With the handle inside, so that its end is seen.
        Kept { asker, _handle: Arc::clone(&self.0) }
    }

    /// What the source is worth at the moment.
    #[must_use]
    pub fn status(&self) -> KeysStatus {
        self.0.source.status()
    }

    /// Whether tokens can be verified at all: what a readiness route asks.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.status().has_keys
    }

    /// Gives up all keys that are held, at once, and everything that was verified by them: for a provider whose key was
    /// stolen, where the next fetch is not to be waited for. One begins at once, also while the source fails; one that
    /// is under way is not believed. Until keys come, tokens are answered with 503. Each call asks the source: keep it
    /// from strangers. Not to be called by a listener of events, which hears of it while it is done.
    pub fn purge(&self) {
        self.0.source.purge();
    }

    /// Waits until there are keys, or the next fetch has failed: a minute or a little more, for a source that fails is
    /// left alone for up to a minute.
    ///
    /// # Errors
    /// [`RemoteError::Fetch`]: it gave no keys. The source is asked again all the same, for as long as a handle lives.
    pub async fn wait(&self) -> Result<(), RemoteError> {
        let mut ended = self.0.source.watch();
        if self.has_keys() {
            return Ok(());
        }
        let next = async {
            loop {
                // The source outlives this handle's borrow, so that the channel is open.
                let _ = ended.changed().await;
                if let Some(outcome) = self.outcome() {
                    return outcome;
                }
            }
        };
        timeout(self.longest().saturating_add(Rules::default().longest_wait), next)
            .await
            .unwrap_or_else(|_elapsed| Err(self.late()))
    }

    /// What came of the first fetch.
    pub(crate) async fn first(&self) -> Result<(), RemoteError> {
        let mut ended = self.0.source.watch();
        let first = async {
            loop {
                match self.outcome() {
                    Some(outcome) => return outcome,
                    None => _ = ended.changed().await,
                }
            }
        };
        // A fetch ends in time; a shared task that runs where nothing runs any more does not begin one.
        timeout(self.longest(), first).await.unwrap_or_else(|_elapsed| Err(self.late()))
    }

    /// A little longer than a fetch takes.
    fn longest(&self) -> Duration {
        self.0.source.longest().saturating_add(A_LITTLE_LONGER)
    }

    fn late(&self) -> RemoteError {
        let source = self.0.source.origin().name().to_owned();
        RemoteError::Fetch { source, error: HttpError::Timeout.into() }
    }

    /// Whether there are keys, or why there are none; `None` before that is known.
    fn outcome(&self) -> Option<Result<(), RemoteError>> {
        let status = self.status();
        if status.has_keys {
            return Some(Ok(()));
        }
        let source = self.0.source.origin().name().to_owned();
        status.error.map(|error| Err(RemoteError::Fetch { source, error }))
    }

    pub(crate) fn origin(&self) -> &Origin {
        self.0.source.origin()
    }
}

struct Kept {
    asker: Asker,
    _handle: Arc<Handle>,
}

impl Refresh for Kept {
    fn request(&self, hint: RefreshHint<'_>) -> Grant {
        self.asker.request(hint)
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("source", &self.0.source.origin().name())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// How a source is asked.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    remote: Option<Remote>,
    pub(crate) transport: Transport,
    pub(crate) limits: FetchLimits,
    stale_for: Duration,
    /// What its sources are called in metrics; else by their own names.
    pub(crate) label: Option<Arc<str>>,
}

impl Default for Options {
    fn default() -> Self {
        let (limits, stale_for) = (FetchLimits::default(), Rules::default().stale_for);
        Self { remote: None, transport: Transport::default(), limits, stale_for, label: None }
    }
}

impl Options {
    pub(crate) fn with_remote(&mut self, remote: &Remote) {
        self.remote = Some(remote.clone());
    }

    pub(crate) fn with_max_stale(&mut self, stale_for: Duration) {
        self.stale_for = stale_for;
    }

    pub(crate) fn allow_http(&mut self) {
        self.transport = Transport::OrHttp;
    }

    pub(crate) fn remote(&self) -> Result<Remote, RemoteError> {
        match &self.remote {
            Some(remote) => Ok(remote.clone()),
            #[cfg(feature = "reqwest")]
            None => Remote::new().map_err(|error| RemoteError::Client { error }),
            #[cfg(not(feature = "reqwest"))]
            None => Err(RemoteError::NoClient),
        }
    }
}

/// Sets up [`RemoteKeys`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `start` or `fetch`"]
pub struct RemoteKeysBuilder {
    url: String,
    options: Options,
}

/// Shows no query and no credentials.
impl fmt::Debug for RemoteKeysBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = shown(&self.url);
        f.debug_struct("RemoteKeysBuilder").field("address", &address).finish_non_exhaustive()
    }
}

impl RemoteKeysBuilder {
    /// By the client and the task that others use too; else it has its own.
    pub fn with_remote(mut self, remote: &Remote) -> Self {
        self.options.with_remote(remote);
        self
    }

    /// How long keys are served beyond their freshness while the source fails. Default: 24 h. Zero: not at all, so
    /// that every outage of the provider longer than that is one of this service.
    pub fn with_max_stale(mut self, stale_for: Duration) -> Self {
        self.options.with_max_stale(stale_for);
        self
    }

    /// What a fetch may take, and those who wait for it. Default: the figures of [`RemoteKeys`].
    pub fn with_fetch_limits(mut self, limits: FetchLimits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Also without TLS, to other machines. Whoever can change an answer on the way makes tokens that are believed.
    pub fn insecure_allow_http(mut self) -> Self {
        self.options.allow_http();
        self
    }

    /// Begins to fetch, and does not wait: requests wait for the first keys, and are answered with 503 where there are
    /// none in time.
    ///
    /// # Errors
    /// [`RemoteError::Address`], [`RemoteError::Client`], [`RemoteError::NoClient`], [`RemoteError::Limit`].
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(self) -> Result<RemoteKeys, RemoteError> {
        RemoteKeys::begin(Origin::keys(&self.url, self.options.transport)?, &self.options, None)
    }

    /// Begins to fetch, and waits for the first keys: a service that cannot verify does not start.
    ///
    /// # Errors
    /// As [`start`](Self::start), and [`RemoteError::Fetch`] after the time-out of a fetch at most: 5 s.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn fetch(self) -> Result<RemoteKeys, RemoteError> {
        let keys = self.start()?;
        keys.first().await?;
        Ok(keys)
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;

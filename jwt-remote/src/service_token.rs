//! The outgoing side: this service's own token, from client credentials (RFC 6749 §4.4).

mod access_token;
mod answer;
mod endpoint;
mod error;
mod future;
mod layer;
mod origins;
mod parameters;
mod source;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

pub use self::access_token::AccessToken;
use self::endpoint::Endpoint;
pub use self::error::ServiceTokenError;
pub use self::future::ServiceTokenFuture;
pub use self::layer::{ServiceTokenLayer, ServiceTokenService};
use self::parameters::Parameters;
use self::source::TokenSource;
use crate::client_auth::ClientAuth;
use crate::refresher::Hub;
use crate::remote::Remote;
use crate::remote_error::RemoteError;
use crate::remote_keys::Options;

/// How long a token is taken to be good where the server does not say.
const UNSTATED_LIFETIME: Duration = Duration::from_secs(60);
/// What a configured lifetime is held to.
const LIFETIMES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));

/// This service's own access token, by which it calls others (RFC 6749 §4.4, client credentials).
///
/// It is fetched in the background and renewed ahead of its end, by one task that ends with the last handle. One token
/// serves all callers, who mostly do not wait. Cheap to clone.
///
/// | what | figure |
/// |---|---|
/// | a token is good | for `expires_in`, counted from before the request, less a tenth of it that is at most 10 s; for 24 h at most |
/// | where the answer has no `expires_in` | 60 s, or [`with_unstated_lifetime`](ServiceTokenBuilder::with_unstated_lifetime) |
/// | it is renewed | at 80 % of that, a tenth more or less by chance |
/// | while the server fails | the old token serves to its end; then callers are told the last error, at once |
/// | after failures the server is asked again | after 1 s, doubled each time up to 60 s; of each, chance takes up to half |
/// | callers that wait | 2 s at most, on one request, 1,024 at a time |
/// | a request whose runtime has ended, or was not driven for 10 s | is made again in that of the next caller |
/// | after a resource said 401 | [`invalidate`](Self::invalidate): two renewals at once, one more in 30 s |
/// | one request | 5 s with discovery, 64 KiB, no redirects; a token of 16 KiB |
///
/// Only `Bearer` tokens are taken. A token is wiped with the last clone, and is shown by no `Debug`, `Display` or event.
///
/// [`ServiceTokenLayer`] puts it into the requests of an HTTP client; by hand it goes so:
///
/// ```no_run
/// # async fn run(request: &mut http::Request<()>) -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::{ClientAuth, ServiceToken};
/// let auth = ClientAuth::basic("orders", std::env::var("CLIENT_SECRET")?);
/// let token = ServiceToken::at("https://id.example.com/token", auth).with_scopes(["stock:read"]).start()?;
/// // For each request, to the service that it is meant for and to no other:
/// request.headers_mut().insert(http::header::AUTHORIZATION, token.token().await?.header_value());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ServiceToken(Arc<Handle>);

struct Handle {
    source: Arc<TokenSource>,
    hub: Arc<Hub>,
    /// Held as long as there is a handle; a request under way holds the source, and not this.
    alive: Option<Arc<()>>,
}

/// So that the task sees at once that nobody is left.
impl Drop for Handle {
    fn drop(&mut self) {
        self.alive = None;
        self.hub.wake();
    }
}

impl ServiceToken {
    /// From the token endpoint at this address: `https`, or `http` to this machine.
    pub fn at(token_endpoint: impl Into<String>, auth: ClientAuth) -> ServiceTokenBuilder {
        ServiceTokenBuilder::new(Place::Endpoint(token_endpoint.into()), auth)
    }

    /// From the token endpoint that this issuer names in its metadata (RFC 8414, OpenID Connect Discovery), which must be
    /// the metadata of exactly this issuer and name its keys too. They are read again after a day, and when a request
    /// fails.
    pub fn issuer(issuer: impl Into<String>, auth: ClientAuth) -> ServiceTokenBuilder {
        ServiceTokenBuilder::new(Place::Issuer(issuer.into()), auth)
    }

    /// The token of this moment. Waits only while there is none, or after [`invalidate`](Self::invalidate): 2 s at most.
    /// The future may be dropped at any time.
    ///
    /// # Errors
    /// [`ServiceTokenError`]: there is no token, and this is why. It may well be there a moment later: answer 503.
    pub async fn token(&self) -> Result<AccessToken, ServiceTokenError> {
        self.0.source.token().await
    }

    /// The token of this moment, if there is a good one: never waits.
    #[must_use]
    pub fn held(&self) -> Option<AccessToken> {
        self.0.source.held()
    }

    /// A resource refused this token (401, RFC 6750 §3.1): a new one is fetched, for which [`token`](Self::token) waits.
    /// Where none comes, the old one serves on, for one resource that refuses says nothing of the others.
    ///
    /// Does nothing for a token that was replaced meanwhile, and when it was called too often: twice at once, then once
    /// in 30 s.
    pub fn invalidate(&self, token: &AccessToken) {
        self.0.source.invalidate(token);
    }

    /// What the source is worth at the moment: for a health route.
    #[must_use]
    pub fn status(&self) -> ServiceTokenStatus {
        self.0.source.status()
    }
}

impl fmt::Debug for ServiceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceToken")
            .field("source", &self.0.source.name())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// What the source of a [`ServiceToken`] is worth at the moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceTokenStatus {
    /// For how long the token that is held will be served; `None` where there is none.
    pub good_for: Option<Duration>,
    /// Requests that failed since the last good one, in a row.
    pub failures: u32,
    /// Why the last of them did.
    pub error: Option<ServiceTokenError>,
}

/// Where tokens come from, as it is configured.
enum Place {
    Endpoint(String),
    Issuer(String),
}

/// Sets up a [`ServiceToken`].
#[must_use = "a builder does nothing until `start` or `fetch`"]
pub struct ServiceTokenBuilder {
    place: Place,
    auth: ClientAuth,
    parameters: Parameters,
    unstated_lifetime: Duration,
    options: Options,
}

impl ServiceTokenBuilder {
    fn new(place: Place, auth: ClientAuth) -> Self {
        Self {
            place,
            auth,
            parameters: Parameters::default(),
            unstated_lifetime: UNSTATED_LIFETIME,
            options: Options::default(),
        }
    }

    /// What the token is to allow (RFC 6749 §3.3), one scope each. Default: what the server gives unasked.
    pub fn with_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.parameters.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// The parameter `audience`, by which Auth0 and others are told whom the token is for. No standard has it; see
    /// [`with_resource`](Self::with_resource).
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.parameters.audience = Some(audience.into());
        self
    }

    /// Whom the token is for: an absolute URI without a fragment (RFC 8707 §2). May be called several times.
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.parameters.resources.push(resource.into());
        self
    }

    /// How long a token is good where the server does not say (RFC 6749 §5.1). Default: 60 s. At least 1 s and at most
    /// 24 h, which take the place of what is beyond them.
    pub fn with_unstated_lifetime(mut self, lifetime: Duration) -> Self {
        self.unstated_lifetime = lifetime.clamp(LIFETIMES.0, LIFETIMES.1);
        self
    }

    /// By the client that others use too; else it has its own.
    pub fn with_remote(mut self, remote: &Remote) -> Self {
        self.options.with_remote(remote);
        self
    }

    /// Also without TLS, to other machines. Whoever listens on the way has this service's credentials and tokens.
    pub fn insecure_allow_http(mut self) -> Self {
        self.options.allow_http();
        self
    }

    /// Begins to fetch, and does not wait: the first callers do.
    ///
    /// # Errors
    /// [`RemoteError::Address`], [`RemoteError::Client`], [`RemoteError::NoClient`]; [`RemoteError::UnfitClient`] for a
    /// client that secrets are not sent by; [`RemoteError::ClientAuth`] for
    /// credentials, and [`RemoteError::Parameter`] for a scope or resource, that no server could accept.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(self) -> Result<ServiceToken, RemoteError> {
        let transport = self.options.transport;
        let endpoint = match &self.place {
            Place::Endpoint(url) => Endpoint::at(url, transport)?,
            Place::Issuer(issuer) => Endpoint::of_issuer(issuer, transport)?,
        };
        self.auth.check()?;
        self.parameters.check()?;
        let remote = self.options.remote()?;
        remote.client_for_secrets()?;
        let hub = Arc::clone(remote.hub());
        let source = TokenSource::new(endpoint, self.auth, self.parameters, self.unstated_lifetime, &hub);
        let (source, alive) = (Arc::new(source), Arc::new(()));
        hub.watch(Arc::clone(&source), Arc::downgrade(&alive));
        Ok(ServiceToken(Arc::new(Handle { source, hub, alive: Some(alive) })))
    }

    /// Begins to fetch, and waits for the first token: a service that cannot call others does not start.
    ///
    /// # Errors
    /// As [`start`](Self::start), and [`RemoteError::ServiceToken`] after 5 s at most.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn fetch(self) -> Result<ServiceToken, RemoteError> {
        let token = self.start()?;
        match token.0.source.first().await {
            Ok(()) => Ok(token),
            Err(error) => {
                let source = token.0.source.name().to_owned();
                Err(RemoteError::ServiceToken { source, error })
            }
        }
    }
}

impl fmt::Debug for ServiceTokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTokenBuilder").field("auth", &self.auth).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
#[cfg(feature = "reqwest")]
mod socket_tests;

//! An issuer that says itself where its keys are: OpenID Connect Discovery and RFC 8414.

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::keys::Live;
use jwt_core::{
    Algorithm, Authority, AuthorityBuilder, ConfigError, NeedsAudience, NeedsIssuer, Presented, Ready,
    TokenAuthority, Verdict, Verifier,
};

use crate::address::shown;
use crate::discovery::ProviderMetadata;
use crate::fetch_limits::FetchLimits;
use crate::origin::Origin;
use crate::remote::Remote;
use crate::remote_error::RemoteError;
use crate::remote_keys::{Options, RemoteKeys};
use crate::source::KeysStatus;
use crate::tenants::TenantsBuilder;

/// An identity provider: its keys are found by its metadata, kept fresh, and verify tokens of exactly this issuer.
///
/// Keys are used for the algorithms that the metadata names (`id_token_signing_alg_values_supported`). Where a provider
/// signs access tokens by another one, or is reached at another address than its issuer, take
/// [`RemoteKeys::at`](crate::RemoteKeys::at) with [`authority`](crate::RemoteKeys::authority).
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::Oidc;
/// let provider = Oidc::issuer("https://tenant.example.com/").with_audience("https://api.example.com").discover().await?;
/// // JwtAuth::new(provider) in tower, axum and actix-web.
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub enum Oidc {}

impl Oidc {
    /// The provider of this issuer, spelled as its metadata spells it, a slash at the end included. `https`, or `http`
    /// to this machine.
    pub fn issuer(issuer: impl Into<String>) -> OidcBuilder<NeedsAudience> {
        OidcBuilder {
            issuer: issuer.into(),
            options: Options::default(),
            rules: Rules::new(),
            state: PhantomData,
        }
    }
}

impl Oidc {
    /// The tenants of a provider whose issuers differ in one part, written in braces: a part of the path
    /// (`https://login.microsoftonline.com/{tenantid}/v2.0`, `https://id.example.com/realms/{realm}`) or the first
    /// label of the host below a domain (`https://{tenant}.auth.example.com/`).
    pub fn tenants(template: impl Into<String>) -> TenantsBuilder<NeedsAudience> {
        TenantsBuilder::new(template.into())
    }
}

type AudienceOf = dyn Fn(AuthorityBuilder<NeedsAudience>) -> AuthorityBuilder<NeedsIssuer> + Send + Sync;
type RulesOf = dyn Fn(AuthorityBuilder<Ready>) -> AuthorityBuilder<Ready> + Send + Sync;

/// What an authority is made of beside its keys and its issuer; several may be made of one.
#[derive(Clone)]
pub(crate) struct Rules {
    audience: Arc<AudienceOf>,
    more: Vec<Arc<RulesOf>>,
}

impl Rules {
    /// Never as it is: an audience is set or waived before.
    pub(crate) fn new() -> Self {
        Self { audience: Arc::new(AuthorityBuilder::without_audience), more: Vec::new() }
    }

    pub(crate) fn set_audience(
        &mut self,
        audience: impl Fn(AuthorityBuilder<NeedsAudience>) -> AuthorityBuilder<NeedsIssuer>
        + Send
        + Sync
        + 'static,
    ) {
        self.audience = Arc::new(audience);
    }

    pub(crate) fn add(
        &mut self,
        rules: impl Fn(AuthorityBuilder<Ready>) -> AuthorityBuilder<Ready> + Send + Sync + 'static,
    ) {
        self.more.push(Arc::new(rules));
    }

    /// The authority of one issuer.
    pub(crate) fn authority(&self, keys: &RemoteKeys, issuer: &str) -> Result<Authority, ConfigError> {
        self.of(keys.authority(), issuer)
    }

    /// Whether they fit together, and the algorithms that tokens may have by them.
    pub(crate) fn algorithms(&self) -> Result<Box<[Algorithm]>, ConfigError> {
        let authority =
            self.of(Authority::builder().with_live_keys(Live::new().0), "https://example.com/")?;
        Ok(authority.algorithms().into())
    }

    fn of(&self, authority: AuthorityBuilder<NeedsAudience>, issuer: &str) -> Result<Authority, ConfigError> {
        let authority = (self.audience)(authority).with_issuer(issuer);
        self.more.iter().fold(authority, |authority, rules| rules(authority)).build_authority()
    }
}

/// Sets up an [`OidcProvider`]: the audience, then what is optional.
#[must_use = "a builder does nothing until `discover` or `start`"]
pub struct OidcBuilder<State> {
    issuer: String,
    options: Options,
    rules: Rules,
    state: PhantomData<fn() -> State>,
}

impl OidcBuilder<NeedsAudience> {
    /// The audience that must be among the token's (RFC 7519 §4.1.3), byte for byte.
    pub fn with_audience(self, audience: impl Into<Arc<str>>) -> OidcBuilder<Ready> {
        self.with_audiences([audience.into()])
    }

    /// Several audiences, of which one must be among the token's.
    pub fn with_audiences<A: Into<Arc<str>>>(
        self,
        audiences: impl IntoIterator<Item = A>,
    ) -> OidcBuilder<Ready> {
        let audiences: Arc<[Arc<str>]> = audiences.into_iter().map(Into::into).collect();
        self.with_audience_rule(move |authority| authority.with_audiences(audiences.iter().cloned()))
    }

    /// The provider's tokens have no `aud`, as Cognito's access tokens: one that carries it is refused. Require what
    /// takes its place by [`with_rules`](OidcBuilder::with_rules).
    pub fn without_audience(self) -> OidcBuilder<Ready> {
        self.with_audience_rule(AuthorityBuilder::without_audience)
    }

    /// Whatever else [`AuthorityBuilder`] knows of audiences.
    pub fn with_audience_rule(
        mut self,
        rule: impl Fn(AuthorityBuilder<NeedsAudience>) -> AuthorityBuilder<NeedsIssuer> + Send + Sync + 'static,
    ) -> OidcBuilder<Ready> {
        self.rules.set_audience(rule);
        OidcBuilder { issuer: self.issuer, options: self.options, rules: self.rules, state: PhantomData }
    }
}

impl<State> OidcBuilder<State> {
    /// By the client and the task that others use too; else it has its own.
    pub fn with_remote(mut self, remote: &Remote) -> Self {
        self.options.with_remote(remote);
        self
    }

    /// How long keys are served beyond their freshness while the provider fails. Default: 24 h. Zero: not at all.
    pub fn with_max_stale(mut self, stale_for: Duration) -> Self {
        self.options.with_max_stale(stale_for);
        self
    }

    /// What a fetch may take, and those who wait for it. Default: the figures of [`RemoteKeys`](crate::RemoteKeys).
    pub fn with_fetch_limits(mut self, limits: FetchLimits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Also without TLS, to other machines. Whoever can change an answer on the way makes tokens that are believed.
    pub fn insecure_allow_http(mut self) -> Self {
        self.options.allow_http();
        self
    }
}

impl OidcBuilder<Ready> {
    /// The rules for the provider's tokens beside audience and issuer: profile, leeway, required claims, roles.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use jwt_core::Profile;
    /// use jwt_remote::Oidc;
    /// let provider = Oidc::issuer("https://id.example.com/realms/shop")
    ///     .with_audience("orders")
    ///     .with_rules(|rules| rules.with_profile(Profile::AccessToken).with_roles_at(["realm_access", "roles"]))
    ///     .discover()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn with_rules(
        mut self,
        rules: impl Fn(AuthorityBuilder<Ready>) -> AuthorityBuilder<Ready> + Send + Sync + 'static,
    ) -> Self {
        self.rules.add(rules);
        self
    }

    /// Asks the provider, and waits for metadata and keys: a service that cannot verify does not start.
    ///
    /// # Errors
    /// As [`start`](Self::start), and [`RemoteError::Fetch`] after the time-out of a fetch at most: 5 s.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn discover(self) -> Result<OidcProvider, RemoteError> {
        let provider = self.start()?;
        provider.keys.first().await?;
        Ok(provider)
    }

    /// Begins to ask the provider, and does not wait: requests wait for the first keys, and are answered with 503
    /// where there are none in time. For services that start before their provider.
    ///
    /// # Errors
    /// [`RemoteError::Address`], [`RemoteError::Client`], [`RemoteError::NoClient`], [`RemoteError::Config`],
    /// [`RemoteError::Limit`].
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(self) -> Result<OidcProvider, RemoteError> {
        let Self { issuer, options, rules, .. } = self;
        let (origin, allowed) = (Origin::issuer(&issuer, options.transport)?, rules.algorithms()?);
        let keys = RemoteKeys::begin(origin, &options, Some(allowed))?;
        let authority = rules.authority(&keys, &issuer)?;
        Ok(OidcProvider { verifier: Verifier::of([authority.clone()])?, authority, keys })
    }
}

/// Shows no query and no credentials.
impl<State> fmt::Debug for OidcBuilder<State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcBuilder").field("issuer", &shown(&self.issuer)).finish_non_exhaustive()
    }
}

/// An identity provider whose tokens are verified. Cheap to clone; with the last clone the fetching ends.
///
/// It is a [`TokenAuthority`], so that `JwtAuth::new(provider)` takes it; with other issuers it makes one verifier:
/// `Verifier::of([one.authority().clone(), other.authority().clone()])`.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    verifier: Verifier,
    authority: Authority,
    keys: RemoteKeys,
}

impl OidcProvider {
    /// What verifies its tokens, where no request is.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Its authority, for [`Verifier::of`]. Keeps the fetching alive, as the provider does.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// What the provider said of itself; `None` before it did.
    #[must_use]
    pub fn metadata(&self) -> Option<Arc<ProviderMetadata>> {
        self.keys.origin().metadata()
    }

    /// What the source of keys is worth at the moment: keys, age, last error.
    #[must_use]
    pub fn status(&self) -> KeysStatus {
        self.keys.status()
    }

    /// Whether tokens can be verified at all: what a readiness route asks.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.keys.has_keys()
    }

    /// Gives up all keys that are held, as [`RemoteKeys::purge`](crate::RemoteKeys::purge) does, and reads the metadata
    /// again too.
    pub fn purge(&self) {
        self.keys.purge();
    }

    /// Waits until there are keys, or the next fetch has failed: after [`start`](OidcBuilder::start).
    ///
    /// # Errors
    /// [`RemoteError::Fetch`]: it gave no keys. The provider is asked again all the same.
    pub async fn wait(&self) -> Result<(), RemoteError> {
        self.keys.wait().await
    }
}

impl TokenAuthority for OidcProvider {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        TokenAuthority::verify(&self.verifier, presented)
    }

    fn now(&self) -> Duration {
        self.verifier.now()
    }

    fn is_same(&self, other: &dyn TokenAuthority) -> bool {
        let other_one: &dyn Any = other;
        match other_one.downcast_ref::<Self>() {
            Some(provider) => self.verifier.is_same(&provider.verifier),
            None => self.verifier.is_same(other),
        }
    }
}

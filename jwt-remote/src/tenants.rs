//! Many issuers of one provider: an authority for each, made when its first token comes.

use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};

use jwt_core::{
    Algorithm, AuthorityBuilder, Clock, NeedsAudience, NeedsIssuer, Presented, Ready, Reason, SystemClock,
    TokenAuthority, Verdict, Verifier, danger,
};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::address::shown;
use crate::fetch_limits::FetchLimits;
use crate::oidc::Rules;
use crate::origin::Origin;
use crate::remote::Remote;
use crate::remote_error::RemoteError;
use crate::remote_keys::{Options, RemoteKeys};
use crate::source::KeysStatus;
use crate::strangers::Bucket;
use crate::template::Template;

/// How many tenants are held at a time, where a rule allows them and no list.
const MOST_TENANTS: usize = 1_000;
/// How many of them may have no keys yet.
const MOST_UNKNOWN: usize = 64;
/// How many give way to new ones at once, and how long until one more does.
const CHANGES_AT_ONCE: u32 = 20;
const CHANGE_EVERY: Duration = Duration::from_secs(1);

/// State of [`TenantsBuilder`]: which tenants are allowed must be said. Next: `allow` or `allow_where`.
#[derive(Debug)]
pub struct NeedsTenants(());

type Predicate = dyn Fn(&str) -> bool + Send + Sync;

#[derive(Clone)]
enum Allowed {
    These(Arc<HashSet<String>>),
    Where(Arc<Predicate>),
}

impl Allowed {
    fn is(&self, tenant: &str) -> bool {
        match self {
            Allowed::These(list) => list.contains(tenant),
            Allowed::Where(predicate) => predicate(tenant),
        }
    }
}

/// Sets up [`OidcTenants`]: the audience, then which tenants are allowed, then what is optional.
#[must_use = "a builder does nothing until `start`"]
pub struct TenantsBuilder<State> {
    template: String,
    options: Options,
    rules: Rules,
    allowed: Allowed,
    most: usize,
    state: PhantomData<fn() -> State>,
}

impl TenantsBuilder<NeedsAudience> {
    pub(crate) fn new(template: String) -> Self {
        let allowed = Allowed::These(Arc::default());
        let (options, rules) = (Options::default(), Rules::new());
        Self { template, options, rules, allowed, most: MOST_TENANTS, state: PhantomData }
    }

    /// The audience that must be among the token's (RFC 7519 §4.1.3), byte for byte.
    pub fn with_audience(self, audience: impl Into<Arc<str>>) -> TenantsBuilder<NeedsTenants> {
        let audience = audience.into();
        self.with_audience_rule(move |authority| authority.with_audience(Arc::clone(&audience)))
    }

    /// Several audiences, of which one must be among the token's.
    pub fn with_audiences<A: Into<Arc<str>>>(
        self,
        audiences: impl IntoIterator<Item = A>,
    ) -> TenantsBuilder<NeedsTenants> {
        let audiences: Arc<[Arc<str>]> = audiences.into_iter().map(Into::into).collect();
        self.with_audience_rule(move |authority| authority.with_audiences(audiences.iter().cloned()))
    }

    /// The tokens have no `aud`: one that carries it is refused. Require what takes its place by
    /// [`with_rules`](TenantsBuilder::with_rules).
    pub fn without_audience(self) -> TenantsBuilder<NeedsTenants> {
        self.with_audience_rule(AuthorityBuilder::without_audience)
    }

    /// Whatever else [`AuthorityBuilder`] knows of audiences.
    pub fn with_audience_rule(
        mut self,
        rule: impl Fn(AuthorityBuilder<NeedsAudience>) -> AuthorityBuilder<NeedsIssuer> + Send + Sync + 'static,
    ) -> TenantsBuilder<NeedsTenants> {
        self.rules.set_audience(rule);
        self.into_state()
    }
}

impl TenantsBuilder<NeedsTenants> {
    /// These tenants and no other. An authority is held for each that has sent a token.
    pub fn allow<T: Into<String>>(mut self, tenants: impl IntoIterator<Item = T>) -> TenantsBuilder<Ready> {
        let tenants: HashSet<String> = tenants.into_iter().map(Into::into).collect();
        self.most = tenants.len();
        self.allowed = Allowed::These(Arc::new(tenants));
        self.into_state()
    }

    /// The tenants for which this says so. It is asked with what an unverified token says, letters, digits, `-`, `_`
    /// and dots, 64 at most, and where it says yes the provider is asked for that tenant's keys. So it should know
    /// the tenants, by a table of customers for example; one that accepts whatever looks like a tenant accepts
    /// whoever opens one at the provider.
    ///
    /// It is asked for each token, so that a tenant which it refuses from now on is refused at once.
    ///
    /// At most 1,000 tenants are held at a time ([`with_most_tenants`](TenantsBuilder::with_most_tenants)), of which 64
    /// may be without keys: others are answered with 503 until these have theirs, or give way because the provider
    /// does not know them. Twenty give way at once, then one in each second; a tenant that has keys does so where it
    /// is the one whose last token is longest ago.
    pub fn allow_where(
        mut self,
        predicate: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> TenantsBuilder<Ready> {
        self.allowed = Allowed::Where(Arc::new(predicate));
        self.into_state()
    }
}

impl<State> TenantsBuilder<State> {
    fn into_state<Next>(self) -> TenantsBuilder<Next> {
        let Self { template, options, rules, allowed, most, .. } = self;
        TenantsBuilder { template, options, rules, allowed, most, state: PhantomData }
    }

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

    /// What a fetch of a tenant's keys may take, and those who wait for it. Default: the figures of [`RemoteKeys`].
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

impl TenantsBuilder<Ready> {
    /// How many tenants are held at a time under [`allow_where`](TenantsBuilder::allow_where), at least 1; more than
    /// there are customers. Default: 1,000.
    pub fn with_most_tenants(mut self, most: usize) -> Self {
        if matches!(self.allowed, Allowed::Where(_)) {
            self.most = most.max(1);
        }
        self
    }

    /// The rules for the tokens beside audience and issuer, as
    /// [`OidcBuilder::with_rules`](crate::OidcBuilder::with_rules).
    pub fn with_rules(
        mut self,
        rules: impl Fn(AuthorityBuilder<Ready>) -> AuthorityBuilder<Ready> + Send + Sync + 'static,
    ) -> Self {
        self.rules.add(rules);
        self
    }

    /// Ready to verify. A tenant's keys are fetched when its first token comes.
    ///
    /// # Errors
    /// [`RemoteError::Address`]: the template has not exactly one part in braces, or that may change more than a path
    /// or the first label of a host below a domain. [`RemoteError::Config`], [`RemoteError::Client`],
    /// [`RemoteError::NoClient`], [`RemoteError::Limit`].
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(self) -> Result<OidcTenants, RemoteError> {
        let Self { template, mut options, rules, allowed, most, .. } = self;
        options.label = Some(template.as_str().into());
        let template = Template::new(&template, options.transport)?;
        // A mistake in the rules would be one for every tenant, and shows before the first comes.
        let algorithms = rules.algorithms()?;
        options.limits.check()?;
        // One for all of them.
        options.with_remote(&options.remote()?);
        Ok(OidcTenants(Arc::new(Inner {
            template,
            options,
            rules,
            algorithms,
            allowed,
            most,
            tenants: RwLock::default(),
            uses: AtomicU64::new(0),
            bucket: Mutex::new(Bucket::new(CHANGES_AT_ONCE, CHANGE_EVERY, Duration::ZERO)),
            began: Instant::now(),
            runtime: Handle::current(),
        })))
    }
}

/// Shows no query and no credentials.
impl<State> fmt::Debug for TenantsBuilder<State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantsBuilder").field("template", &shown(&self.template)).finish_non_exhaustive()
    }
}

/// The tenants of one provider. Each has an issuer of its own, keys of its own and an authority of its own: a token of
/// one says nothing about another. A [`TokenAuthority`], so that `JwtAuth::new(tenants)` takes it; it stands alone there,
/// for other issuers are no authorities of one verifier with these.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::Oidc;
/// let customers = Oidc::tenants("https://login.microsoftonline.com/{tenantid}/v2.0")
///     .with_audience("6e74172b-be56-4843-9ff4-e66a39bb12e3")
///     .allow(["72f988bf-86f1-41af-91ab-2d7cd011db47"])
///     .start()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct OidcTenants(Arc<Inner>);

struct Inner {
    template: Template,
    options: Options,
    rules: Rules,
    /// What tokens may have by the rules.
    algorithms: Box<[Algorithm]>,
    allowed: Allowed,
    most: usize,
    tenants: RwLock<HashMap<String, Tenant>>,
    /// Counts uses, so that the order of the last ones is known.
    uses: AtomicU64,
    bucket: Mutex<Bucket>,
    began: Instant,
    /// Where the fetching runs: a token may be verified where no runtime is.
    runtime: Handle,
}

struct Tenant {
    verifier: Verifier,
    keys: RemoteKeys,
    used: AtomicU64,
}

impl OidcTenants {
    /// The tenants that are held, and what their keys are worth at the moment.
    #[must_use]
    pub fn statuses(&self) -> Vec<(String, KeysStatus)> {
        let tenants = self.0.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.iter().map(|(name, tenant)| (name.clone(), tenant.keys.status())).collect()
    }

    /// Gives up all keys of a tenant, as [`RemoteKeys::purge`] does. Of one that is not held there is nothing to give up.
    pub fn purge(&self, tenant: &str) {
        let tenants = self.0.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let keys = tenants.get(tenant).map(|tenant| tenant.keys.clone());
        drop(tenants);
        if let Some(keys) = keys {
            keys.purge();
        }
    }
}

impl Inner {
    /// The verifier of the tenant whose issuer this is.
    fn of(&self, issuer: &str) -> Result<Verifier, Reason> {
        let name = self.template.part_of(issuer).ok_or(Reason::UntrustedIssuer)?;
        // Each time: a rule may change its mind.
        if !self.allowed.is(name) {
            // Looked at first, for tokens of strangers must not keep the others out; and dropped outside of the lock.
            if self.held(name).is_some() {
                let gone = self.write().remove(name);
                drop(gone);
            }
            return Err(Reason::UntrustedIssuer);
        }
        if let Some(verifier) = self.held(name) {
            return Ok(verifier);
        }
        // What has to go, and what the rules of the user's own do, is none of the others' business: outside of the lock.
        let evicted = self.room()?;
        // Nothing that is left to fail depends on the tenant.
        let tenant = self.make(issuer).map_err(|_| Reason::KeysUnavailable)?;
        drop(evicted);
        self.hold(name, tenant)
    }

    /// Whether one more is within the bounds, where a rule allows them; a list is its own bound.
    fn fits(&self, tenants: &HashMap<String, Tenant>) -> bool {
        matches!(self.allowed, Allowed::These(_))
            || (tenants.len() < self.most && unknown(tenants) < MOST_UNKNOWN)
    }

    /// Holds the tenant, unless somebody else was quicker: with the same one, or with others that took the room.
    fn hold(&self, name: &str, tenant: Tenant) -> Result<Verifier, Reason> {
        let mut tenants = self.write();
        let held = match tenants.get(name) {
            Some(held) => Ok(held.verifier.clone()),
            None if self.fits(&tenants) => {
                let verifier = tenant.verifier.clone();
                tenants.insert(name.to_owned(), tenant);
                return Ok(verifier);
            }
            None => Err(Reason::KeysUnavailable),
        };
        // Outside of the lock, for its end is an event.
        drop(tenants);
        drop(tenant);
        held
    }

    /// Makes room for one more tenant.
    fn room(&self) -> Result<Option<Tenant>, Reason> {
        let mut tenants = self.write();
        if self.fits(&tenants) {
            return Ok(None);
        }
        let unknown = unknown(&tenants);
        // Those of which the provider knows nothing first, then the one whose last token is longest ago.
        let has_failed = |tenant: &Tenant| tenant.keys.has_keys() || tenant.keys.status().failures > 0;
        let last = tenants
            .iter()
            .filter(|(_, tenant)| has_failed(tenant))
            .filter(|(_, tenant)| unknown < MOST_UNKNOWN || !tenant.keys.has_keys())
            .min_by_key(|(_, tenant)| (tenant.keys.has_keys(), tenant.used.load(Ordering::Relaxed)))
            .map(|(name, _)| name.clone())
            .ok_or(Reason::KeysUnavailable)?;
        if !self.bucket.lock().unwrap_or_else(PoisonError::into_inner).pays(self.began.elapsed()) {
            return Err(Reason::KeysUnavailable);
        }
        Ok(tenants.remove(&last))
    }

    fn held(&self, name: &str) -> Option<Verifier> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let tenant = tenants.get(name)?;
        tenant.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(tenant.verifier.clone())
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Tenant>> {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, issuer: &str) -> Result<Tenant, RemoteError> {
        let _runtime = self.runtime.enter();
        let origin = Origin::issuer(issuer, self.options.transport)?;
        let keys = RemoteKeys::begin(origin, &self.options, Some(self.algorithms.clone()))?;
        let verifier = Verifier::of([self.rules.authority(&keys, issuer)?])?;
        Ok(Tenant { verifier, keys, used: AtomicU64::new(self.uses.fetch_add(1, Ordering::Relaxed)) })
    }
}

/// Those that have no keys.
fn unknown(tenants: &HashMap<String, Tenant>) -> usize {
    tenants.values().filter(|tenant| !tenant.keys.has_keys()).count()
}

impl TokenAuthority for OidcTenants {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        let issuer = danger::unverified_issuer(presented.token());
        match issuer.and_then(|issuer| Ok(self.0.of(&issuer)?)) {
            Ok(verifier) => TokenAuthority::verify(&verifier, presented),
            Err(error) => Verdict::Ready(Err(error)),
        }
    }

    fn now(&self) -> Duration {
        SystemClock.now()
    }

    fn is_same(&self, other: &dyn TokenAuthority) -> bool {
        let other: &dyn core::any::Any = other;
        other.downcast_ref::<Self>().is_some_and(|other| Arc::ptr_eq(&self.0, &other.0))
    }
}

impl fmt::Debug for OidcTenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcTenants").field("tenants", &self.statuses()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;

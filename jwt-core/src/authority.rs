//! One trusted issuer: its keys and the rules for its tokens.

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;
use std::borrow::Cow;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::algorithm::Algorithm;
use crate::config::ConfigError;
use crate::keys::{HmacSecret, KeySet, Live, Refresh, Snapshot, VerifyingKey};
use crate::policy::{AudienceRule, IssuerRule, Policy};
use crate::profile::Profile;
use crate::verified::shape;
use crate::verifier::Verifier;

/// One trusted issuer: keys, audience, algorithms, leeway, profile, required claims.
///
/// Holds HMAC keys or asymmetric ones, never both (CVE-2024-54150 and its family). Cheap to clone.
/// Made by [`Authority::builder`]; several of them make one verifier by [`Verifier::of`].
#[derive(Clone)]
pub struct Authority(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    keys: Keys,
    pub(crate) refresh: Option<Arc<dyn Refresh>>,
    pub(crate) algorithms: Box<[Algorithm]>,
    pub(crate) policy: Arc<Policy>,
}

#[derive(Clone)]
enum Keys {
    Static(KeySet),
    Live(Live),
}

/// The keys as they are during one verification.
pub(crate) enum KeysNow<'a> {
    Static(&'a KeySet),
    Live(Snapshot),
}

impl KeysNow<'_> {
    #[inline]
    pub(crate) fn set(&self) -> &KeySet {
        match self {
            KeysNow::Static(set) => set,
            KeysNow::Live(snapshot) => snapshot,
        }
    }
}

impl Inner {
    /// The keys, unless none have been had yet.
    #[inline]
    pub(crate) fn keys(&self) -> Option<KeysNow<'_>> {
        match &self.keys {
            Keys::Static(set) => Some(KeysNow::Static(set)),
            Keys::Live(live) => live.load().map(KeysNow::Live),
        }
    }

    /// The issuer, where it is an exact one.
    pub(crate) fn issuer(&self) -> Option<&Arc<str>> {
        match &self.policy.issuer {
            IssuerRule::Exactly(issuer) | IssuerRule::OrAbsent(issuer) => Some(issuer),
            IssuerRule::Absent | IssuerRule::Any => None,
        }
    }
}

impl Authority {
    /// Starts with the keys; audience and issuer follow, in that order.
    pub fn builder() -> AuthorityBuilder<NeedsKeys> {
        AuthorityBuilder { draft: Draft::new(), state: PhantomData }
    }

    /// The issuer, where it is an exact one.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer().map(|issuer| &**issuer)
    }

    /// The algorithms that its tokens may have.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.0.algorithms
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("issuer", &self.issuer())
            .field("algorithms", &self.algorithms())
            .finish_non_exhaustive()
    }
}

/// State of [`AuthorityBuilder`]: keys come first. Next: `with_key`, `with_keys`, `with_secret`,
/// `with_live_keys` or `with_live_secrets`.
#[derive(Debug)]
pub struct NeedsKeys(());
/// State of [`AuthorityBuilder`]: an audience must be set or waived. Next: `with_audience`,
/// `with_audiences`, `with_all_audiences`, `without_audience`, `insecure_any_audience`.
#[derive(Debug)]
pub struct NeedsAudience(());
/// State of [`AuthorityBuilder`]: an issuer must be set or waived. Next: `with_issuer`,
/// `without_issuer`.
#[derive(Debug)]
pub struct NeedsIssuer(());
/// State of [`AuthorityBuilder`]: everything that is needed is there. Next: `build`, or what is
/// optional.
#[derive(Debug)]
pub struct Ready(());

/// Builds an [`Authority`], or a [`Verifier`] of one authority: keys, audience, issuer, then what
/// is optional. An order that leaves one out does not compile.
///
/// ```
/// # use core::time::Duration;
/// # use jwt_core::{Algorithm, SigningKey, Verifier};
/// # let key = SigningKey::generate(Algorithm::ES256)?.verifying_key();
/// let verifier = Verifier::builder()
///     .with_key(key)
///     .with_audience("https://api.example.com")
///     .with_issuer("https://id.example.com/")
///     .with_leeway(Duration::from_secs(5))
///     .require_claim("client_id")
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail,E0599
/// # fn of(key: jwt_core::VerifyingKey) {
/// // No audience: `with_issuer` does not exist yet.
/// jwt_core::Verifier::builder().with_key(key).with_issuer("https://id.example.com/");
/// # }
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct AuthorityBuilder<State> {
    draft: Draft,
    state: PhantomData<fn() -> State>,
}

struct Draft {
    keys: Vec<VerifyingKey>,
    sets: Vec<KeySet>,
    live: Option<Live>,
    /// Whether the live keys are shared secrets.
    live_are_secrets: bool,
    refresh: Option<Arc<dyn Refresh>>,
    algorithms: Option<Vec<Algorithm>>,
    policy: Policy,
    error: Option<ConfigError>,
}

impl Draft {
    fn new() -> Self {
        Self {
            keys: Vec::new(),
            sets: Vec::new(),
            live: None,
            live_are_secrets: false,
            refresh: None,
            algorithms: None,
            policy: Policy::new(IssuerRule::Any, AudienceRule::Any),
            error: None,
        }
    }

    /// The first mistake is the one that is told.
    fn fail(&mut self, error: ConfigError) {
        self.error.get_or_insert(error);
    }

    fn keys(&mut self) -> Result<Keys, ConfigError> {
        if let Some(live) = self.live.take() {
            if self.live_are_secrets && self.refresh.is_some() {
                // A refresh is for what others publish, and secrets are not published.
                return Err(ConfigError::RefreshWithoutLiveKeys);
            }
            return match (self.keys.as_slice(), self.sets.as_slice()) {
                ([], []) => Ok(Keys::Live(live)),
                _ => Err(ConfigError::KeysBesideLiveKeys),
            };
        }
        if self.refresh.is_some() {
            return Err(ConfigError::RefreshWithoutLiveKeys);
        }
        if let ([], [set]) = (self.keys.as_slice(), self.sets.as_slice()) {
            return if set.is_empty() { Err(ConfigError::NoKeys) } else { Ok(Keys::Static(set.clone())) };
        }
        if self.keys.is_empty() && self.sets.iter().all(KeySet::is_empty) {
            return Err(ConfigError::NoKeys);
        }
        Ok(Keys::Static(KeySet::joined(&self.sets, &self.keys)?))
    }

    /// What tokens may name: by default the algorithms of the keys; for keys that are replaced
    /// while serving every asymmetric one, or for secrets every symmetric one, for each key is bound
    /// to its own.
    fn algorithms(&self, keys: &Keys) -> Result<Box<[Algorithm]>, ConfigError> {
        let wanted = self.algorithms.clone();
        if wanted.as_ref().is_some_and(Vec::is_empty) {
            return Err(ConfigError::NoAlgorithms);
        }
        match keys {
            Keys::Static(set) => {
                let wanted = wanted.unwrap_or_else(|| set.algorithms().to_vec());
                match wanted.iter().find(|algorithm| !set.algorithms().contains(algorithm)) {
                    Some(&algorithm) => Err(ConfigError::AlgorithmWithoutKey { algorithm }),
                    None => Ok(wanted.into()),
                }
            }
            Keys::Live(live) => {
                // Where the cell is still empty, nothing can be told: then the wrong kind verifies nothing.
                let held = live.load().and_then(|held| held.algorithms().first().copied());
                if let Some(algorithm) = held.filter(|held| held.is_symmetric() != self.live_are_secrets) {
                    return Err(ConfigError::LiveKeysOfOtherKind { algorithm });
                }
                let is_of_kind = |algorithm: &Algorithm| algorithm.is_symmetric() == self.live_are_secrets;
                let all = || Algorithm::ALL.into_iter().filter(is_of_kind).collect();
                let wanted: Vec<Algorithm> = wanted.unwrap_or_else(all);
                match wanted.iter().find(|algorithm| !is_of_kind(algorithm)) {
                    Some(&algorithm) if self.live_are_secrets => {
                        Err(ConfigError::AlgorithmWithoutKey { algorithm })
                    }
                    Some(&algorithm) => Err(ConfigError::SymmetricAlgorithm { algorithm }),
                    None => Ok(wanted.into()),
                }
            }
        }
    }

    fn check(&mut self) -> Result<(), ConfigError> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.policy.profile.check_required_typ(self.policy.typ.as_deref()),
        }
    }

    fn build(mut self) -> Result<Authority, ConfigError> {
        self.check()?;
        let keys = self.keys()?;
        let algorithms = self.algorithms(&keys)?;
        Ok(Authority(Arc::new(Inner {
            keys,
            refresh: self.refresh,
            algorithms,
            policy: Arc::new(self.policy),
        })))
    }
}

impl AuthorityBuilder<NeedsAudience> {
    /// For [`ClaimRules`](crate::danger::ClaimRules): no authority can be built of it.
    pub(crate) fn without_keys() -> Self {
        Self { draft: Draft::new(), state: PhantomData }
    }
}

impl AuthorityBuilder<Ready> {
    /// The rules alone, where nothing was set that needs a token.
    pub(crate) fn into_policy(self) -> Result<Policy, ConfigError> {
        let mut draft = self.draft;
        draft.check()?;
        let has_keys = !draft.keys.is_empty() || !draft.sets.is_empty() || draft.live.is_some();
        let rules_of_tokens = [
            (has_keys, "a key"),
            (draft.refresh.is_some(), "`with_refresh`"),
            (draft.algorithms.is_some(), "`with_algorithms`"),
            (draft.policy.typ.is_some(), "`require_typ`"),
        ];
        match rules_of_tokens.into_iter().find(|(is_set, _)| *is_set) {
            Some((_, rule)) => Err(ConfigError::NotOfClaims { rule }),
            None => Ok(draft.policy),
        }
    }
}

impl<State> AuthorityBuilder<State> {
    fn into_state<Next>(self) -> AuthorityBuilder<Next> {
        AuthorityBuilder { draft: self.draft, state: PhantomData }
    }
}

impl AuthorityBuilder<NeedsKeys> {
    /// The first key.
    pub fn with_key(mut self, key: impl Into<VerifyingKey>) -> AuthorityBuilder<NeedsAudience> {
        self.draft.keys.push(key.into());
        self.into_state()
    }

    /// A shared secret, for HMAC.
    pub fn with_secret(
        mut self,
        algorithm: Algorithm,
        secret: &HmacSecret,
    ) -> AuthorityBuilder<NeedsAudience> {
        match VerifyingKey::from_secret(algorithm, secret) {
            Ok(key) => self.draft.keys.push(key),
            Err(error) => self.draft.fail(error.into()),
        }
        self.into_state()
    }

    /// A set of keys, for example of a JWKS file.
    pub fn with_keys(mut self, keys: KeySet) -> AuthorityBuilder<NeedsAudience> {
        self.draft.sets.push(keys);
        self.into_state()
    }

    /// Keys that are replaced while serving. HMAC is not allowed for them: see
    /// [`with_live_secrets`](AuthorityBuilder::with_live_secrets).
    pub fn with_live_keys(mut self, keys: Live) -> AuthorityBuilder<NeedsAudience> {
        self.draft.live = Some(keys);
        self.into_state()
    }

    /// Shared secrets that are replaced while serving, by this service's own rotation of keys. Only
    /// HMAC is allowed for them, and nobody else is asked for newer ones.
    ///
    /// ```
    /// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
    /// use jwt_core::keys::{KeySet, Live, SigningKey};
    /// use jwt_core::{Algorithm, Issuer, Verifier};
    /// let key = SigningKey::generate(Algorithm::HS256)?;
    /// let live = Live::holding(KeySet::new([key.verifying_key()])?);
    /// let issuer = Issuer::builder().with_key(key).with_audience("api").with_issuer("https://id").build()?;
    /// let token = issuer.token().sign()?;
    ///
    /// let secrets = Verifier::builder().with_live_secrets(live.clone());
    /// assert!(secrets.with_audience("api").with_issuer("https://id").build()?.verify(&token).is_ok());
    /// // No secret passes for a public key.
    /// let keys = Verifier::builder().with_live_keys(live);
    /// assert!(keys.with_audience("api").with_issuer("https://id").build().is_err());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_live_secrets(mut self, secrets: Live) -> AuthorityBuilder<NeedsAudience> {
        self.draft.live = Some(secrets);
        self.draft.live_are_secrets = true;
        self.into_state()
    }
}

impl AuthorityBuilder<NeedsAudience> {
    /// One more key, for example the previous one during a rotation.
    pub fn with_key(mut self, key: impl Into<VerifyingKey>) -> Self {
        self.draft.keys.push(key.into());
        self
    }

    /// Whom to ask for newer keys when a token names one that is not held. Only beside
    /// [`with_live_keys`](AuthorityBuilder::with_live_keys).
    pub fn with_refresh(mut self, refresh: impl Refresh) -> Self {
        self.draft.refresh = Some(Arc::new(refresh));
        self
    }

    /// The audience that must be among the token's (RFC 7519 §4.1.3), byte for byte.
    pub fn with_audience(self, audience: impl Into<Arc<str>>) -> AuthorityBuilder<NeedsIssuer> {
        self.with_audiences([audience.into()])
    }

    /// Several audiences, of which one must be among the token's.
    pub fn with_audiences<A: Into<Arc<str>>>(
        self,
        audiences: impl IntoIterator<Item = A>,
    ) -> AuthorityBuilder<NeedsIssuer> {
        self.audience(audiences.into_iter().map(Into::into).collect(), AudienceRule::AnyOf)
    }

    /// Several audiences, all of which must be among the token's.
    pub fn with_all_audiences<A: Into<Arc<str>>>(
        self,
        audiences: impl IntoIterator<Item = A>,
    ) -> AuthorityBuilder<NeedsIssuer> {
        self.audience(audiences.into_iter().map(Into::into).collect(), AudienceRule::AllOf)
    }

    /// The authority's tokens have no `aud`: one that carries it is meant for somebody else and
    /// refused (RFC 7519 §4.1.3).
    pub fn without_audience(mut self) -> AuthorityBuilder<NeedsIssuer> {
        self.draft.policy.audience = AudienceRule::Absent;
        self.into_state()
    }

    /// Accepts tokens that were issued for anybody. Whoever gets one may then use it here.
    pub fn insecure_any_audience(mut self) -> AuthorityBuilder<NeedsIssuer> {
        self.draft.policy.audience = AudienceRule::Any;
        self.into_state()
    }

    fn audience(
        mut self,
        audiences: Box<[Arc<str>]>,
        rule: fn(Box<[Arc<str>]>) -> AudienceRule,
    ) -> AuthorityBuilder<NeedsIssuer> {
        if audiences.is_empty() || audiences.iter().any(|one| one.is_empty()) {
            self.draft.fail(ConfigError::EmptyAudience);
        }
        self.draft.policy.audience = rule(audiences);
        self.into_state()
    }
}

impl AuthorityBuilder<NeedsIssuer> {
    /// The issuer that `iss` must be, byte for byte: a trailing slash matters.
    pub fn with_issuer(mut self, issuer: impl Into<Arc<str>>) -> AuthorityBuilder<Ready> {
        let issuer = issuer.into();
        if issuer.is_empty() {
            self.draft.fail(ConfigError::EmptyIssuer);
        }
        self.draft.policy.issuer = IssuerRule::Exactly(issuer);
        self.into_state()
    }

    /// The authority's tokens have no `iss`: one that carries it is refused.
    pub fn without_issuer(mut self) -> AuthorityBuilder<Ready> {
        self.draft.policy.issuer = IssuerRule::Absent;
        self.into_state()
    }

    /// Accepts any `iss`, or none, from whoever holds one of the keys.
    pub fn insecure_any_issuer(mut self) -> AuthorityBuilder<Ready> {
        self.draft.policy.issuer = IssuerRule::Any;
        self.into_state()
    }
}

impl AuthorityBuilder<Ready> {
    /// Narrows the algorithms. Default: those of the keys.
    pub fn with_algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.draft.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How far clocks may differ when dates are compared. Default 30 s, at most 300 s.
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        if leeway > Policy::MAX_LEEWAY {
            self.draft.fail(ConfigError::LeewayTooLong { leeway });
        }
        self.draft.policy.leeway = leeway;
        self
    }

    /// The kind of token. Default: [`Profile::AccessToken`].
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.draft.policy.profile = profile;
        self
    }

    /// Demands this `typ`. Compared as a media type (RFC 7515 §4.1.9). Beside the profile
    /// [`Profile::AccessToken`] it may be any; the others' own `typ` cannot be loosened.
    pub fn require_typ(mut self, typ: impl Into<Box<str>>) -> Self {
        self.draft.policy.typ = Some(typ.into());
        self
    }

    /// Demands this `sub`.
    pub fn with_subject(mut self, subject: impl Into<Box<str>>) -> Self {
        self.draft.policy.subject = Some(subject.into());
        self
    }

    /// Demands that a claim is present and not `null`.
    pub fn require_claim(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.draft.policy.required.push(name.into());
        self
    }

    /// Demands that the claims are a `T` for which `predicate` holds. `name` stands in the log of a
    /// refusal.
    ///
    /// ```
    /// # use jwt_core::{Algorithm, Issuer, Reason, SigningKey, Verifier};
    /// # let key = SigningKey::generate(Algorithm::ES256)?;
    /// # let issuer = Issuer::builder().with_key(key.clone()).with_audience("a").with_issuer("i").build()?;
    /// #[derive(serde::Deserialize)]
    /// struct Tenant {
    ///     tenant: String,
    /// }
    /// let verifier = Verifier::builder()
    ///     .with_key(&key)
    ///     .with_audience("a")
    ///     .with_issuer("i")
    ///     .require_that("tenant", |claims: &Tenant| claims.tenant == "blue")
    ///     .build()?;
    /// let blue = issuer.token().with_claim("tenant", "blue").sign()?;
    /// let red = issuer.token().with_claim("tenant", "red").sign()?;
    /// assert!(verifier.verify(&blue).is_ok());
    /// assert_eq!(verifier.verify(&red).unwrap_err().reason(), Reason::PredicateFailed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn require_that<T: DeserializeOwned>(
        mut self,
        name: impl Into<Cow<'static, str>>,
        predicate: impl Fn(&T) -> bool + Send + Sync + 'static,
    ) -> Self {
        let predicate = Arc::new(move |root: crate::json::Value<'_>| Ok(predicate(&shape::<T>(root)?)));
        self.draft.policy.predicates.push((name.into(), predicate));
        self
    }

    /// Refuses tokens whose `exp − iat` is above `cap`. Off by default; with it `iat` is required.
    pub fn with_max_lifetime(mut self, cap: Duration) -> Self {
        self.draft.policy.max_lifetime = Some(cap);
        self
    }

    /// Refuses tokens whose `iat` lies further back than `max_age` and the leeway. Off by default;
    /// with it `iat` is required.
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.draft.policy.max_age = Some(max_age);
        self
    }

    /// Where the roles stand, as a path of member names. Default: `roles`.
    ///
    /// Keycloak, for one, puts them under `["realm_access", "roles"]`.
    pub fn with_roles_at<P: Into<Box<str>>>(mut self, path: impl IntoIterator<Item = P>) -> Self {
        self.draft.policy.roles_at = path.into_iter().map(Into::into).collect();
        self
    }

    /// Accepts tokens without `exp`: such a token is good for ever.
    pub fn insecure_without_expiry(mut self) -> Self {
        self.draft.policy.requires_expiry = false;
        self
    }

    /// Accepts tokens with `cnf` from whoever presents them, as if they were bearer tokens: a
    /// stolen one can then be used (RFC 9449 §7.1 forbids it for DPoP).
    pub fn insecure_ignore_confirmation(mut self) -> Self {
        self.draft.policy.ignores_confirmation = true;
        self
    }

    /// Makes the authority, to be one of several of a verifier.
    ///
    /// # Errors
    /// - [`ConfigError::Keys`]: two keys of the same `kid` and type, or HMAC beside asymmetric keys.
    /// - [`ConfigError::NoKeys`]: an empty set.
    /// - [`ConfigError::EmptyAudience`], [`ConfigError::EmptyIssuer`]: an empty string.
    /// - [`ConfigError::LeewayTooLong`]: above 300 s.
    /// - [`ConfigError::AlgorithmWithoutKey`], [`ConfigError::SymmetricAlgorithm`],
    ///   [`ConfigError::NoAlgorithms`]: an algorithm that no key can have, or none at all.
    /// - [`ConfigError::KeysBesideLiveKeys`], [`ConfigError::RefreshWithoutLiveKeys`]: keys from two
    ///   sources, or a source that nothing comes from.
    /// - [`ConfigError::LiveKeysOfOtherKind`]: secrets as live keys, or public keys as live secrets.
    /// - [`ConfigError::RefusedByProfile`]: a rule that no token of the profile can follow.
    pub fn build_authority(self) -> Result<Authority, ConfigError> {
        self.draft.build()
    }

    /// Makes a verifier that trusts this authority alone.
    ///
    /// # Errors
    /// As [`build_authority`](AuthorityBuilder::build_authority).
    pub fn build(self) -> Result<Verifier, ConfigError> {
        Verifier::of([self.draft.build()?])
    }
}

impl<State> fmt::Debug for AuthorityBuilder<State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorityBuilder")
    }
}

//! Building an [`Issuer`].

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;
use std::sync::{Arc, Mutex};

use super::token_builder::member;
use super::{Inner, Issuer};
use crate::authority::{NeedsAudience, NeedsIssuer, NeedsKeys, Ready};
use crate::claims::{Audience, NumericDate};
use crate::config::ConfigError;
use crate::jws;
use crate::keys::SigningKey;
use crate::policy::{AudienceRule, IssuerRule, Policy};
use crate::profile::Profile;
use crate::time::SystemClock;

/// Lifetime of a token where none is set: ten minutes.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);

/// Builds an [`Issuer`]: key, audience, issuer, then what is optional.
#[must_use = "a builder does nothing until `build`"]
pub struct IssuerBuilder<State> {
    draft: Draft,
    state: PhantomData<fn() -> State>,
}

struct Draft {
    key: Option<SigningKey>,
    audience: Option<Audience>,
    issuer: Arc<str>,
    lifetime: Duration,
    profile: Profile,
    typ: Option<Box<str>>,
    refuses_sensitive: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            key: None,
            audience: None,
            issuer: "".into(),
            lifetime: DEFAULT_LIFETIME,
            profile: Profile::default(),
            typ: None,
            refuses_sensitive: false,
        }
    }
}

impl<State> IssuerBuilder<State> {
    fn into_state<Next>(self) -> IssuerBuilder<Next> {
        IssuerBuilder { draft: self.draft, state: PhantomData }
    }
}

impl IssuerBuilder<NeedsKeys> {
    pub(super) fn new() -> Self {
        Self { draft: Draft::default(), state: PhantomData }
    }

    /// The key that signs.
    pub fn with_key(mut self, key: SigningKey) -> IssuerBuilder<NeedsAudience> {
        self.draft.key = Some(key);
        self.into_state()
    }
}

impl IssuerBuilder<NeedsAudience> {
    /// Whom the tokens are for.
    pub fn with_audience(mut self, audience: impl Into<Audience>) -> IssuerBuilder<NeedsIssuer> {
        self.draft.audience = Some(audience.into());
        self.into_state()
    }

    /// Tokens without `aud`, for verifiers that are set up `without_audience()`.
    pub fn without_audience(self) -> IssuerBuilder<NeedsIssuer> {
        self.into_state()
    }
}

impl IssuerBuilder<NeedsIssuer> {
    /// Who issues them: `iss`, byte for byte as verifiers expect it.
    pub fn with_issuer(mut self, issuer: impl Into<Arc<str>>) -> IssuerBuilder<Ready> {
        self.draft.issuer = issuer.into();
        self.into_state()
    }
}

impl IssuerBuilder<Ready> {
    /// Time from `iat` to `exp`. Default 10 min; whole seconds, at least one.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.draft.lifetime = lifetime;
        self
    }

    /// The kind of token; decides `typ` and what is refused. Default: [`Profile::AccessToken`].
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.draft.profile = profile;
        self
    }

    /// Another `typ` than the profile's. Verifiers must be told by
    /// [`require_typ`](crate::AuthorityBuilder::require_typ) unless their profile accepts it.
    pub fn with_typ(mut self, typ: impl Into<Box<str>>) -> Self {
        self.draft.typ = Some(typ.into());
        self
    }

    /// Refuses custom claims whose names look personal or secret, instead of warning once.
    pub fn without_sensitive_claims(mut self) -> Self {
        self.draft.refuses_sensitive = true;
        self
    }

    /// Makes the issuer.
    ///
    /// # Errors
    /// - [`ConfigError::NoKeys`]: cannot happen, for the key comes first.
    /// - [`ConfigError::EmptyIssuer`], [`ConfigError::EmptyAudience`]: an empty string.
    /// - [`ConfigError::Lifetime`]: zero, or beyond the year 9999.
    /// - [`ConfigError::RefusedByProfile`]: a `typ` that the profile never has.
    pub fn build(self) -> Result<Issuer, ConfigError> {
        let draft = self.draft;
        let key = draft.key.ok_or(ConfigError::NoKeys)?;
        if draft.issuer.is_empty() {
            return Err(ConfigError::EmptyIssuer);
        }
        if draft.audience.as_ref().is_some_and(|audience| audience.iter().any(str::is_empty)) {
            return Err(ConfigError::EmptyAudience);
        }
        if draft.lifetime.as_secs() == 0 || draft.lifetime.as_secs() > NumericDate::MAX_SECS {
            return Err(ConfigError::Lifetime { lifetime: draft.lifetime });
        }

        draft.profile.check_required_typ(draft.typ.as_deref())?;
        let audience = match &draft.audience {
            Some(audience) => AudienceRule::AllOf(audience.iter().map(Arc::from).collect()),
            None => AudienceRule::Absent,
        };
        let mut policy = Policy::new(IssuerRule::Exactly(draft.issuer.clone()), audience);
        policy.profile = draft.profile;
        policy.leeway = Duration::ZERO;
        // Binding a token to a key is the issuer's business; proving it is not.
        policy.ignores_confirmation = true;

        let typ = match (&draft.typ, draft.profile) {
            (Some(typ), _) => typ,
            (None, Profile::AccessToken | Profile::Rfc9068) => "at+jwt",
            (None, Profile::IdToken) => "JWT",
            (None, Profile::LogoutToken) => "logout+jwt",
        };
        let header = jws::encode_header(&key, Some(typ), None);
        let mut prefix = Vec::with_capacity(256);
        member(&mut prefix, "iss", &*draft.issuer).map_err(|_| ConfigError::EmptyIssuer)?;
        if let Some(audience) = &draft.audience {
            member(&mut prefix, "aud", audience).map_err(|_| ConfigError::EmptyAudience)?;
        }
        Ok(Issuer(Arc::new(Inner {
            key,
            header,
            prefix,
            policy,
            lifetime: draft.lifetime,
            clock: Arc::new(SystemClock),
            refuses_sensitive: draft.refuses_sensitive,
            warned: Mutex::default(),
        })))
    }
}

impl<State> fmt::Debug for IssuerBuilder<State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuerBuilder")
    }
}

//! Tokens that only their server can read: introspection (RFC 7662).

mod answer;
mod cache;
mod calls;
mod circuit;

use core::any::Any;
use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::danger::ClaimRules;
use jwt_core::{
    AuthorityBuilder, Clock, Limits, NeedsAudience, NeedsIssuer, Presented, Ready, SystemClock,
    TokenAuthority, TokenError, Verdict, Verified,
};

use self::calls::{Calls, Setup};
use crate::address::Address;
use crate::client_auth::ClientAuth;
use crate::fetch_error::FetchError;
use crate::remote::Remote;
use crate::remote_error::RemoteError;
use crate::remote_keys::Options;

/// Tokens of an authorization server that says by itself whether they are good: opaque ones, or any that must be
/// refused the moment they are revoked (RFC 7662). Cheap to clone; with the last clone all calls end.
///
/// It is a [`TokenAuthority`], so that `JwtAuth::new(introspection)` takes it, and handlers see the answer as the same
/// `Claims<T>` as those of a JWT. Beside an authority for JWTs it stands in [`Either`](crate::Either).
///
/// A token is refused, in this order, that
///
/// 1. is too long or no `b64token` (RFC 6750 §2.1): such a one is never sent;
/// 2. is not `active`;
/// 3. has a `token_type` other than `Bearer`: a refresh token is good at its server alone. One of `DPoP` passes where a
///    check proves the key that `cnf.jkt` names;
/// 4. breaks the rules that hold for JWTs too: `iss` where it is there, `aud`, `exp`, `nbf`, `cnf` and the others. They
///    are applied at every use, by this service's clock, also to an answer that is held.
///
/// | what | figure |
/// |---|---|
/// | an answer about an active token is held | for 60 s from when it was asked for, or [`with_cache_for`](IntrospectionBuilder::with_cache_for); never up to `exp`. 10,000 of them, 16 MiB |
/// | one about another token | for 5 s, or less; 4,096 of them, apart from the good ones |
/// | requests with a token of which nothing is held | all wait on one call, 2 s at most; 1,024 at a time, the others are 503 |
/// | calls | 64 at a time, the others are 503; 5 s and 64 KiB each, no redirects |
/// | after five failures in a row, or one 401, 429 or 503 | the endpoint is left alone for 1 s, doubled each time up to 60 s; of each, chance takes up to half. Then four calls are tried |
/// | a token that the endpoint answers with 400, 403 or the like | is 503 for 5 s, and says nothing about others |
///
/// While the endpoint fails, what is held is served; everything else is 503, never 401 and never let through. Tokens
/// are kept as keyed hashes only, and sent to this endpoint alone.
///
/// ```no_run
/// # async fn run(secret: String) -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::{ClientAuth, Introspection};
/// let introspection = Introspection::at("https://id.example.com/introspect", ClientAuth::basic("orders", secret))
///     .with_audience("https://api.example.com/orders")
///     .with_issuer("https://id.example.com/")
///     .start()?;
/// // JwtAuth::new(introspection) in tower, axum and actix-web.
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Introspection(Arc<Calls>);

impl Introspection {
    /// By the endpoint at this address, at which this service authenticates as `client`. `https`, or `http` to this
    /// machine. Metadata of a server names it ([`introspection_endpoint`](crate::ProviderMetadata::introspection_endpoint)).
    pub fn at(endpoint: impl Into<String>, client: ClientAuth) -> IntrospectionBuilder<NeedsAudience> {
        IntrospectionBuilder {
            setup: Draft {
                endpoint: endpoint.into(),
                client,
                options: Options::default(),
                hint: None,
                cache_for: Self::LONGEST,
                limits: Limits::default(),
                clock: Arc::new(SystemClock),
            },
            rules: ClaimRules::builder(),
        }
    }

    /// The longest time that an answer may be held: for so long a token may be used after it was revoked.
    const LONGEST: Duration = Duration::from_secs(60);

    /// Decides about `token`. For queues, WebSocket messages and other places where no layer stands.
    ///
    /// # Errors
    /// The first reason of those above; [`Reason::StoreUnavailable`](jwt_core::Reason::StoreUnavailable) where the
    /// endpoint could not be asked.
    pub async fn introspect(&self, token: &str) -> Result<Arc<Verified>, TokenError> {
        match self.0.verify(&Presented::new(token)) {
            Verdict::Ready(result) => result,
            Verdict::Wait(verdict) => verdict.await,
        }
    }

    /// Why the last call failed; `None` where it did not. For a health route.
    #[must_use]
    pub fn last_error(&self) -> Option<FetchError> {
        self.0.error()
    }
}

impl TokenAuthority for Introspection {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        self.0.verify(presented)
    }

    fn now(&self) -> Duration {
        self.0.wall_clock()
    }

    fn is_same(&self, other: &dyn TokenAuthority) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<Self>().is_some_and(|other| Arc::ptr_eq(&self.0, &other.0))
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("endpoint", &self.0.name())
            .field("last_error", &self.last_error())
            .finish_non_exhaustive()
    }
}

/// Sets up [`Introspection`]: the audience, the issuer, then what is optional. An order that leaves one out does not
/// compile.
///
/// ```compile_fail,E0599
/// # fn of(client: jwt_remote::ClientAuth) {
/// // No audience: `with_issuer` does not exist yet.
/// jwt_remote::Introspection::at("https://id.example.com/introspect", client).with_issuer("https://id.example.com/");
/// # }
/// ```
#[must_use = "a builder does nothing until `start`"]
pub struct IntrospectionBuilder<State> {
    setup: Draft,
    rules: AuthorityBuilder<State>,
}

struct Draft {
    endpoint: String,
    client: ClientAuth,
    options: Options,
    hint: Option<Arc<str>>,
    cache_for: Duration,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

impl IntrospectionBuilder<NeedsAudience> {
    /// The audience that must be among the token's (RFC 7662 §2.2 `aud`), byte for byte.
    pub fn with_audience(self, audience: impl Into<Arc<str>>) -> IntrospectionBuilder<NeedsIssuer> {
        self.with_audience_rule(|rules| rules.with_audience(audience))
    }

    /// Several audiences, of which one must be among the token's.
    pub fn with_audiences<A: Into<Arc<str>>>(
        self,
        audiences: impl IntoIterator<Item = A>,
    ) -> IntrospectionBuilder<NeedsIssuer> {
        self.with_audience_rule(|rules| rules.with_audiences(audiences))
    }

    /// The server's answers have no `aud`: one that carries it is refused. Where the server does not look itself which
    /// client asks (RFC 7662 §4), whatever it calls active is then good here: refresh tokens too, where it does not
    /// say `token_type`. Require what tells them apart by [`with_rules`](IntrospectionBuilder::with_rules).
    pub fn without_audience(self) -> IntrospectionBuilder<NeedsIssuer> {
        self.with_audience_rule(AuthorityBuilder::without_audience)
    }

    /// Whatever else [`AuthorityBuilder`] knows of audiences.
    pub fn with_audience_rule(
        self,
        rule: impl FnOnce(AuthorityBuilder<NeedsAudience>) -> AuthorityBuilder<NeedsIssuer>,
    ) -> IntrospectionBuilder<NeedsIssuer> {
        IntrospectionBuilder { setup: self.setup, rules: rule(self.rules) }
    }
}

impl IntrospectionBuilder<NeedsIssuer> {
    /// The issuer for which the endpoint speaks: handlers see it as that of each token. Where an answer has `iss`, it
    /// must be this one, byte for byte.
    pub fn with_issuer(self, issuer: impl Into<Arc<str>>) -> IntrospectionBuilder<Ready> {
        // RFC 7662 §2.2: `exp` is optional. An answer without it is as fresh as it is young.
        let rules = self.rules.with_issuer(issuer).insecure_without_expiry();
        IntrospectionBuilder { setup: self.setup, rules }
    }
}

impl<State> IntrospectionBuilder<State> {
    /// By the client that others use too; else it has its own.
    pub fn with_remote(mut self, remote: &Remote) -> Self {
        self.setup.options.with_remote(remote);
        self
    }

    /// `token_type_hint` (RFC 7662 §2.1), so that the server finds the token sooner: mostly `access_token`. Nothing is
    /// sent where none is set.
    pub fn with_token_type_hint(mut self, hint: impl Into<Arc<str>>) -> Self {
        self.setup.hint = Some(hint.into());
        self
    }

    /// How long an answer about an active token is held: as long as a token may be used after it was revoked. Default
    /// and most: 60 s, more is taken for that. Zero: every request is a call, and only those of one moment share it.
    pub fn with_cache_for(mut self, cache_for: Duration) -> Self {
        self.setup.cache_for = cache_for.min(Introspection::LONGEST);
        self
    }

    /// The longest token that is sent. Default: 16 KiB.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.setup.limits = limits;
        self
    }

    /// By another clock than the system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.setup.clock = Arc::new(clock);
        self
    }

    /// Also without TLS, to other machines. Whoever listens on the way gets every token and this service's secret;
    /// whoever can change an answer makes tokens that are believed.
    pub fn insecure_allow_http(mut self) -> Self {
        self.setup.options.allow_http();
        self
    }
}

impl IntrospectionBuilder<Ready> {
    /// The rules for answers beside audience and issuer: leeway, required claims, roles.
    ///
    /// ```no_run
    /// # use jwt_remote::{ClientAuth, Introspection};
    /// # fn of(client: ClientAuth) -> Result<(), jwt_remote::RemoteError> {
    /// let introspection = Introspection::at("https://id.example.com/introspect", client)
    ///     .with_audience("orders")
    ///     .with_issuer("https://id.example.com/")
    ///     .with_rules(|rules| rules.require_claim("exp").require_claim("token_type"))
    ///     .start()?;
    /// # Ok(()) }
    /// ```
    pub fn with_rules(
        mut self,
        rules: impl FnOnce(AuthorityBuilder<Ready>) -> AuthorityBuilder<Ready>,
    ) -> Self {
        self.rules = rules(self.rules);
        self
    }

    /// Makes the authority. Nothing is asked before a token comes.
    ///
    /// # Errors
    /// - [`RemoteError::Address`]: the endpoint is not one that is asked.
    /// - [`RemoteError::ClientAuth`]: credentials that no server can accept.
    /// - [`RemoteError::Config`]: rules that do not fit together, or that need a token to look at.
    /// - [`RemoteError::Client`], [`RemoteError::NoClient`]: no HTTP client.
    /// - [`RemoteError::UnfitClient`]: one that tokens are not sent by.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(self) -> Result<Introspection, RemoteError> {
        let Draft { endpoint, client: auth, options, hint, cache_for, limits, clock } = self.setup;
        let endpoint = Address::new(&endpoint, options.transport)?;
        auth.check()?;
        let rules = ClaimRules::of(self.rules)?;
        let client = Arc::clone(options.remote()?.client_for_secrets()?);
        Ok(Introspection(Calls::new(Setup { endpoint, client, auth, hint, rules, clock, limits, cache_for })))
    }
}

impl<State> fmt::Debug for IntrospectionBuilder<State> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionBuilder").field("client", &self.setup.client).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

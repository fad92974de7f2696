//! The layer, which is also the handle.

use core::any::Any;
use core::fmt;
use core::time::Duration;
use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use jwt_core::request::{Carriers, Challenge, ProofOfOrigin};
use jwt_core::{Check, CsrfKey, IntoRequestAuth, RequestAuth, Requirement, SingleUse};
use tower_layer::Layer;

use crate::head::mark_sensitive;
use crate::response::{Presenter, ProblemJson, RefusalResponse};
use crate::service::JwtAuthService;

/// Authenticates requests by the JSON Web Token that they carry.
///
/// A [`Layer`] and the handle that `StateClaims` needs. Cheap to clone; clones are the same rules
/// and share one verifier. See the [crate](crate) for what it answers.
///
/// ```
/// use jwt_core::{Algorithm, SigningKey, Verifier};
/// use tower_jwt::JwtAuth;
///
/// let key = SigningKey::generate(Algorithm::ES256)?.verifying_key();
/// let verifier = Verifier::builder().with_key(key).with_audience("https://api.example.com").with_issuer("https://id.example.com/").build()?;
/// let auth = JwtAuth::new(verifier).optional();
/// # let _ = auth;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Layers nest. A required layer inside an optional one refuses anonymous requests, and reuses
/// what the outer one has verified; a layer of another verifier verifies anew:
///
/// ```
/// # use http::{Request, Response};
/// # use jwt_core::{Algorithm, SigningKey, Verifier};
/// # use tower::{ServiceBuilder, ServiceExt, service_fn};
/// # use tower_jwt::JwtAuth;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = SigningKey::generate(Algorithm::ES256)?.verifying_key();
/// # let verifier = Verifier::builder().with_key(key).with_audience("api").with_issuer("https://id.example.com/").build()?;
/// let auth = JwtAuth::new(verifier);
/// let members_only = ServiceBuilder::new()
///     .layer(auth.clone().optional())
///     .layer(auth)
///     .service(service_fn(|_: Request<()>| async { Ok::<_, std::convert::Infallible>(Response::new(String::new())) }));
/// assert_eq!(members_only.oneshot(Request::new(())).await?.status(), 401);
/// # Ok(())
/// # }
/// ```
pub struct JwtAuth<R = ProblemJson> {
    pub(crate) auth: RequestAuth,
    refusal: Arc<R>,
    /// Made once the body of the responses is known.
    presenter: Arc<OnceLock<Arc<dyn Any + Send + Sync>>>,
}

impl JwtAuth {
    /// Authenticates by a [`Verifier`](jwt_core::Verifier), another
    /// [`TokenAuthority`](jwt_core::TokenAuthority) or ready-made rules: tokens in
    /// `Authorization: Bearer`, required, refusals as problem documents.
    #[must_use]
    pub fn new(auth: impl IntoRequestAuth) -> Self {
        Self { auth: auth.into_request_auth(), refusal: Arc::new(ProblemJson), presenter: Arc::default() }
    }
}

impl<R> JwtAuth<R> {
    /// Lets requests without a token through as anonymous. A bad token is refused all the same.
    #[must_use]
    pub fn optional(self) -> Self {
        self.changed(RequestAuth::optional)
    }

    /// Where tokens may stand. Default: `Authorization` alone.
    #[must_use]
    pub fn with_carriers(self, carriers: Carriers) -> Self {
        self.changed(|auth| auth.with_carriers(carriers))
    }

    /// Lets CORS preflights through, where no CORS layer stands outside. Off by default.
    #[must_use]
    pub fn with_preflight(self) -> Self {
        self.changed(RequestAuth::with_preflight)
    }

    /// How a request with a cookie-borne token proves that our own page sent it.
    #[must_use]
    pub fn with_proof_of_origin(self, proof: ProofOfOrigin) -> Self {
        self.changed(|auth| auth.with_proof_of_origin(proof))
    }

    /// The key of double-submit values, the proof that is left to requests without
    /// `Sec-Fetch-Site` and `Origin`.
    #[must_use]
    pub fn with_csrf_key(self, key: CsrfKey) -> Self {
        self.changed(|auth| auth.with_csrf_key(key))
    }

    /// Adds a check that runs after the signature, on every request.
    #[must_use]
    pub fn with_check(self, check: impl Check) -> Self {
        self.changed(|auth| auth.with_check(check))
    }

    /// Takes each token once, once every check has passed and `requirement` holds: for a route whose
    /// effect must not come twice. See [`RequestAuth::require_single_use`].
    #[must_use]
    pub fn require_single_use(self, requirement: Requirement, used: impl SingleUse) -> Self {
        self.changed(|auth| auth.require_single_use(requirement, used))
    }

    /// Realm and other parameters of challenges.
    #[must_use]
    pub fn with_challenge(self, challenge: Challenge) -> Self {
        self.changed(|auth| auth.with_challenge(challenge))
    }

    /// How long clients are asked to wait where keys or a store were unavailable. Default 5 s.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        self.changed(|auth| auth.with_retry_after(retry_after))
    }

    /// Names the token's `sub` in the event of each request that is let through, for an audit, and
    /// raises that event from debug to info. Off by default.
    #[must_use]
    pub fn record_subject(self) -> Self {
        self.changed(RequestAuth::record_subject)
    }

    /// Other bodies for refusals: [`Bodyless`](crate::Bodyless), a closure, or a type of one's own.
    #[must_use]
    pub fn with_refusal<Other>(self, refusal: Other) -> JwtAuth<Other> {
        JwtAuth { auth: self.auth, refusal: Arc::new(refusal), presenter: Arc::default() }
    }

    /// The rules behind the layer.
    #[must_use]
    pub fn rules(&self) -> &RequestAuth {
        &self.auth
    }

    /// Marks the values of the fields that tokens may stand in as sensitive, whatever stands there, so
    /// that no `Debug` shows them and no HTTP/2 client puts them into its table (RFC 7541 §7.1.3).
    ///
    /// The layer does so before anything else: for those who decide by [`rules`](JwtAuth::rules).
    pub fn mark_sensitive(&self, headers: &mut HeaderMap) {
        mark_sensitive(headers, self.auth.carriers());
    }

    fn changed(self, change: impl FnOnce(RequestAuth) -> RequestAuth) -> Self {
        Self { auth: change(self.auth), ..self }
    }

    /// The maker of refusals.
    #[must_use]
    pub fn refusal(&self) -> &R {
        &self.refusal
    }

    /// What extractors need to answer as the layer does, for
    /// [`Authentication::with_presenter`](jwt_core::Authentication::with_presenter). `B` is the
    /// body of the responses.
    #[must_use]
    pub fn presenter<B: 'static>(&self) -> Arc<dyn Any + Send + Sync>
    where
        R: RefusalResponse<B>,
    {
        let make = || -> Arc<dyn Any + Send + Sync> { Arc::new(Presenter::<B>(self.refusal.clone())) };
        self.presenter.get_or_init(make).clone()
    }
}

impl<R> Clone for JwtAuth<R> {
    fn clone(&self) -> Self {
        Self { auth: self.auth.clone(), refusal: self.refusal.clone(), presenter: self.presenter.clone() }
    }
}

impl<S, R> Layer<S> for JwtAuth<R> {
    type Service = JwtAuthService<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        // A presenter of its own: another service may have another body.
        let auth = JwtAuth { presenter: Arc::default(), ..self.clone() };
        JwtAuthService { inner, auth: Arc::new(auth) }
    }
}

impl<R> fmt::Debug for JwtAuth<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwtAuth").field(&self.auth).finish()
    }
}

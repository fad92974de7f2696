//! The middleware, which is also the handle.

use core::any::Any;
use core::fmt;
use core::future::{Ready, ready};
use core::ptr::from_ref;
use core::time::Duration;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpRequest, web};
use jwt_core::request::{Carriers, Challenge, ProofOfOrigin};
use jwt_core::{Authentication, Check, CsrfKey, IntoRequestAuth, RequestAuth, Requirement, SingleUse};

use crate::response::{ProblemJson, RefusalResponse};
use crate::service::JwtAuthService;

/// Authenticates requests by the JSON Web Token that they carry.
///
/// A middleware for `wrap`, and the handle that extractors find by `app_data` where no middleware
/// stands, or further in than one. Cheap to clone, and to be cloned into every worker: clones are the
/// same rules and share one verifier. See the [crate](crate) for what it answers.
///
/// Not generic over the refusal's body as the layer of `tower-jwt` is: here every response may have
/// any body, and extractors look the handle up by its type, so there is one type.
///
/// ```
/// use actix_jwt::JwtAuth;
/// use jwt_core::{Algorithm, SigningKey, Verifier};
///
/// let key = SigningKey::generate(Algorithm::ES256)?.verifying_key();
/// let verifier = Verifier::builder().with_key(key).with_audience("https://api.example.com").with_issuer("https://id.example.com/").build()?;
/// let auth = JwtAuth::new(verifier).optional();
/// let app = actix_web::App::new().wrap(auth.clone());
/// # let _ = app;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct JwtAuth(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    auth: RequestAuth,
    refusal: Arc<dyn RefusalResponse>,
}

impl JwtAuth {
    /// Authenticates by a [`Verifier`](jwt_core::Verifier), another
    /// [`TokenAuthority`](jwt_core::TokenAuthority) or ready-made rules: tokens in
    /// `Authorization: Bearer`, required, refusals as problem documents.
    #[must_use]
    pub fn new(auth: impl IntoRequestAuth) -> Self {
        Self(Arc::new(Inner { auth: auth.into_request_auth(), refusal: Arc::new(ProblemJson) }))
    }

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

    /// Lets CORS preflights through, where no CORS middleware stands outside. Off by default.
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
    pub fn with_refusal(self, refusal: impl RefusalResponse) -> Self {
        Self(Arc::new(Inner { auth: self.0.auth.clone(), refusal: Arc::new(refusal) }))
    }

    /// The rules behind the middleware.
    #[must_use]
    pub fn rules(&self) -> &RequestAuth {
        &self.0.auth
    }

    fn changed(self, change: impl FnOnce(RequestAuth) -> RequestAuth) -> Self {
        let Inner { auth, refusal } = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Inner { auth: change(auth), refusal }))
    }

    pub(crate) fn refusal(&self) -> &dyn RefusalResponse {
        &*self.0.refusal
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Attaches this handle to what it decided, so that extractors answer in its words; and where there
    /// are others in `app_data`, which of them can be seen from here.
    pub(crate) fn sign(&self, authentication: Authentication, request: &HttpRequest) -> Authentication {
        let seen = handles(request).map(|handle| handle.map(|(place, _)| place));
        if seen == Places::default() {
            return authentication.with_presenter(self.0.clone());
        }
        authentication.with_presenter(Arc::new(Signed { by: self.clone(), seen }))
    }

    /// The handle that left `authentication` in the request.
    pub(crate) fn behind(authentication: &Authentication) -> Option<Self> {
        let presenter: &Arc<dyn Any + Send + Sync> = authentication.presenter()?;
        match presenter.clone().downcast::<Inner>() {
            Ok(inner) => Some(Self(inner)),
            Err(other) => other.downcast_ref().map(|Signed { by, .. }| by.clone()),
        }
    }
}

/// By whom an extractor is answered.
pub(crate) enum Decider<'r, 'b> {
    /// What stands in the request.
    Before(&'b Authentication),
    /// The handle in `app_data`.
    Handle(&'r JwtAuth),
    /// Nothing stands and no handle, or two of which nothing tells which is nearer.
    Nobody,
}

impl<'r, 'b> Decider<'r, 'b> {
    /// A handle that whoever left `before` did not see stands further in: actix-web shows a scope's data
    /// to the middleware of that scope and of those inside. Its rules count as those of a middleware
    /// there would, unless it is the very one that left `before`.
    pub(crate) fn of(request: &'r HttpRequest, before: Option<&'b Authentication>) -> Self {
        let by = before.and_then(JwtAuth::behind);
        if let (Some(before), None) = (before, &by) {
            return Self::Before(before);
        }
        let seen = before.map(seen_by).unwrap_or_default();
        let is_further_in = |(place, auth): &(usize, &JwtAuth)| {
            !seen.contains(&Some(*place)) && !by.as_ref().is_some_and(|by| by.is_same(auth))
        };
        let [plain, shared] = handles(request).map(|handle| handle.filter(is_further_in));
        match (plain, shared, before) {
            (Some((_, one)), Some((_, other)), _) if !one.is_same(other) => Self::Nobody,
            (Some((_, auth)), ..) | (None, Some((_, auth)), _) => Self::Handle(auth),
            (None, None, Some(before)) => Self::Before(before),
            (None, None, None) => Self::Nobody,
        }
    }
}

/// A handle as it attaches itself where there are some in `app_data`.
struct Signed {
    by: JwtAuth,
    seen: Places,
}

/// Where handles stand, in each of the two forms: their addresses, which stay the same for as long as
/// the request has that data. Clones of one handle may stand in several places.
type Places = [Option<usize>; 2];

/// What the handle saw that left `authentication` in the request.
fn seen_by(authentication: &Authentication) -> Places {
    let signed = authentication.presenter().and_then(|presenter| presenter.downcast_ref());
    signed.map(|signed: &Signed| signed.seen).unwrap_or_default()
}

/// The handles in `app_data` that can be seen from here, the innermost of each form.
fn handles(request: &HttpRequest) -> [Option<(usize, &JwtAuth)>; 2] {
    let plain = request.app_data::<JwtAuth>().map(|auth| (from_ref(auth).addr(), auth));
    let shared = request.app_data::<web::Data<JwtAuth>>().map(|data| (from_ref(data).addr(), &***data));
    [plain, shared]
}

impl<S, B> Transform<S, ServiceRequest> for JwtAuth
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = <JwtAuthService<S> as Service<ServiceRequest>>::Response;
    type Error = Error;
    type Transform = JwtAuthService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(JwtAuthService { inner: Rc::new(inner), auth: self.clone() }))
    }
}

impl fmt::Debug for JwtAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwtAuth").field(&self.0.auth).finish()
    }
}

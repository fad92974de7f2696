//! What the request level decides: proceed with an identity, or refuse with an answer.

use core::any::Any;
use core::fmt;
use core::time::Duration;
use std::borrow::Cow;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::auth::RequestAuth;
use crate::check::{Check, ResponseHeader};
use crate::keys::BoxFuture;
use crate::observe;
use crate::refusal::{Answer, Reason};
use crate::request::CarrierKind;
use crate::requirement::Requirement;
use crate::verified::{Verified, keyed_hash};

/// A decision, or the promise of one.
pub enum Step {
    /// Decided.
    Decided(Decision),
    /// Decided when the future ends. It owns what it needs and may be dropped at any await.
    Wait(BoxFuture<'static, Decision>),
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Decided(decision) => f.debug_tuple("Decided").field(decision).finish(),
            Step::Wait(_) => f.write_str("Wait"),
        }
    }
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It goes on, with what is known about its sender.
    Proceed(Proceed),
    /// It is answered here.
    Refuse(Refusal),
}

/// A request that goes on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Proceed {
    /// What is known about the sender: goes into the request's extensions.
    pub authentication: Authentication,
    /// Fields for the response, whoever makes it.
    pub response_headers: Vec<ResponseHeader>,
}

impl Proceed {
    pub(crate) fn new(authentication: Authentication, response_headers: Vec<ResponseHeader>) -> Self {
        Self { authentication, response_headers }
    }
}

/// A request that is refused: everything an adapter needs to answer it, except the body.
// Boxed, so that a request which goes on is not moved about in the room of one that is refused.
#[derive(Clone, Debug)]
pub struct Refusal(Box<Refused>);

#[derive(Clone, Debug)]
struct Refused {
    reason: Reason,
    challenges: Vec<Arc<str>>,
    retry_after: Option<u64>,
    response_headers: Vec<ResponseHeader>,
}

impl Refusal {
    pub(crate) fn new(reason: Reason) -> Self {
        let (challenges, response_headers) = (Vec::new(), Vec::new());
        Self(Box::new(Refused { reason, challenges, retry_after: None, response_headers }))
    }

    pub(crate) fn with_challenge(mut self, challenge: Option<Arc<str>>) -> Self {
        self.0.challenges = challenge.into_iter().collect();
        self
    }

    /// Whole seconds, rounded up, at least one: `Retry-After: 0` would be an invitation.
    pub(crate) fn with_retry_after(mut self, after: Duration) -> Self {
        let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0)).max(1);
        self.0.retry_after = (self.answer() == Answer::Unavailable).then_some(seconds);
        self
    }

    pub(crate) fn with_response_headers(mut self, headers: Vec<ResponseHeader>) -> Self {
        self.0.response_headers.extend(Self::fields_of_checks(headers));
        self
    }

    /// The fields that checks may set.
    pub(crate) fn fields_of_checks(fields: Vec<ResponseHeader>) -> impl Iterator<Item = ResponseHeader> {
        let is_own = |name: &str| Self::OWN_FIELDS.iter().any(|own| name.eq_ignore_ascii_case(own));
        fields.into_iter().filter(move |field| !is_own(field.name))
    }

    /// The refusal of an extractor or requirement before which no layer stands: a 500, whose cause
    /// and remedy go to the log and not to the client.
    #[must_use]
    pub fn missing_layer(wanted_by: &'static str) -> Self {
        observe::missing_layer(wanted_by);
        Self::new(Reason::MissingLayer)
    }

    /// Why, for operators. Never send it to the client.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// What the client is told.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.0.reason.answer()
    }

    /// The HTTP status. A gRPC client is told by `grpc-status` instead, under status 200: see
    /// [`Refusal::status_of_response`].
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer().status()
    }

    /// The challenges, each the value of one `WWW-Authenticate` field: visible ASCII and spaces.
    pub fn challenges(&self) -> impl Iterator<Item = &str> {
        self.0.challenges.iter().map(|challenge| &**challenge)
    }

    /// The value of `Retry-After` in seconds, where there is one.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// Fields that checks add to the response.
    #[must_use]
    pub fn response_headers(&self) -> &[ResponseHeader] {
        &self.0.response_headers
    }

    /// The status that an adapter sends: of gRPC's trailers-only form 200, else that of the answer.
    #[must_use]
    pub fn status_of_response(&self, is_grpc: bool) -> u16 {
        if is_grpc { 200 } else { self.status() }
    }

    /// The fields that an adapter sets, over whatever the maker of the body said about them: the
    /// challenge, `Retry-After`, those of checks, and for gRPC the status and message that a
    /// trailers-only response carries.
    #[must_use]
    pub fn fields_of_response(&self, is_grpc: bool) -> Vec<ResponseHeader> {
        let field = |name, value: &str| ResponseHeader { name, value: Cow::Owned(value.to_owned()) };
        let mut fields = Vec::new();
        fields.extend(self.challenges().map(|challenge| field("www-authenticate", challenge)));
        fields.extend(self.retry_after().map(|seconds| field("retry-after", &seconds.to_string())));
        fields.extend(self.0.response_headers.iter().cloned());
        if is_grpc {
            let answer = self.answer();
            fields.push(field("content-type", "application/grpc"));
            fields.push(field("grpc-status", &answer.grpc_status().to_string()));
            fields.push(field("grpc-message", answer.description()));
        }
        fields
    }

    /// The fields that only [`Refusal::fields_of_response`] may set.
    pub const OWN_FIELDS: [&'static str; 2] = ["www-authenticate", "retry-after"];

    /// The body that is sent where nothing else is chosen: a problem document (RFC 9457), of the
    /// media type [`Refusal::PROBLEM_JSON`].
    ///
    /// The same bytes for every cause that the client must not tell apart.
    #[must_use]
    pub fn problem_json(&self) -> String {
        let title = match self.status() {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
        let detail = self.answer().description();
        // Both texts are constants without characters that JSON escapes; a test holds that.
        format!(r#"{{"title":"{title}","status":{},"detail":"{detail}"}}"#, self.status())
    }

    /// The media type of [`Refusal::problem_json`].
    pub const PROBLEM_JSON: &'static str = "application/problem+json";
}

/// Tells whether a text is the token that was presented before.
#[derive(Clone, Copy)]
pub(crate) enum TokenIdentity {
    /// The token that was presented is the one that was verified, which knows itself.
    Verified,
    /// The authority may have verified another one in its place: known by a keyed hash.
    Presented(u64),
}

impl TokenIdentity {
    /// Of `token`; `is_verifier` says that the authority is a [`Verifier`](crate::Verifier).
    pub(crate) fn of(token: &str, is_verifier: bool) -> Self {
        if is_verifier { Self::Verified } else { Self::Presented(keyed_hash(token.as_bytes())) }
    }

    /// Whether `token` is the one of this identity, for which `verified` was made.
    pub(crate) fn is_of(self, token: &str, verified: &Verified) -> bool {
        match self {
            Self::Verified => verified.is_of(token),
            Self::Presented(hash) => hash == keyed_hash(token.as_bytes()),
        }
    }
}

/// What is known about the sender of a request, and by which rules.
///
/// Left by the layer in the request's extensions; extractors and requirements read it, and answer
/// in the words of the layer that left it. Private inside, so that nothing else can make one.
#[derive(Clone)]
pub struct Authentication {
    by: RequestAuth,
    verified: Option<Arc<Verified>>,
    carrier: Option<CarrierKind>,
    identity: Option<TokenIdentity>,
    /// The checks that outer layers of the same authority ran about the token, where `by` does not
    /// have them.
    passed_outside: Vec<Arc<dyn Check>>,
    presenter: Option<Arc<dyn Any + Send + Sync>>,
}

impl Authentication {
    pub(crate) fn anonymous(by: RequestAuth) -> Self {
        Self {
            by,
            verified: None,
            carrier: None,
            identity: None,
            passed_outside: Vec::new(),
            presenter: None,
        }
    }

    pub(crate) fn verified_by(
        by: RequestAuth,
        verified: Arc<Verified>,
        carrier: CarrierKind,
        identity: TokenIdentity,
        passed_outside: Vec<Arc<dyn Check>>,
    ) -> Self {
        Self {
            by,
            verified: Some(verified),
            carrier: Some(carrier),
            identity: Some(identity),
            passed_outside,
            presenter: None,
        }
    }

    pub(crate) fn token_identity(&self) -> Option<TokenIdentity> {
        self.identity
    }

    /// The checks that ran outside of the rules that decided, and not by them.
    pub(crate) fn passed_outside(&self) -> &[Arc<dyn Check>] {
        &self.passed_outside
    }

    /// The rules that decided.
    #[must_use]
    pub fn by(&self) -> &RequestAuth {
        &self.by
    }

    /// The verified token; `None` for an anonymous request.
    #[must_use]
    pub fn verified(&self) -> Option<&Arc<Verified>> {
        self.verified.as_ref()
    }

    /// Where the token stood.
    #[must_use]
    pub fn carrier(&self) -> Option<CarrierKind> {
        self.carrier
    }

    /// The verified token of a route that needs one.
    ///
    /// # Errors
    /// 401 without an error code where the request is anonymous.
    pub fn required(&self) -> Result<&Arc<Verified>, Refusal> {
        self.verified.as_ref().ok_or_else(|| self.by.refuse(&Reason::NoCredentials.into()))
    }

    /// The verified token and its claims as a `T`; `None` for an anonymous request.
    ///
    /// # Errors
    /// 401 `invalid_token` where the claims are not a `T`.
    pub fn claims<T>(&self) -> Result<Option<VerifiedClaims<T>>, Refusal>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.verified.as_ref().map(|verified| self.claims_of(verified)).transpose()
    }

    /// The verified token and its claims as a `T`, on a route that needs them.
    ///
    /// # Errors
    /// 401 without an error code where the request is anonymous, 401 `invalid_token` where the
    /// claims are not a `T`.
    pub fn required_claims<T>(&self) -> Result<VerifiedClaims<T>, Refusal>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.claims_of(self.required()?)
    }

    fn claims_of<T>(&self, verified: &Arc<Verified>) -> Result<VerifiedClaims<T>, Refusal>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let claims = verified.claims::<T>().map_err(|error| self.by.refuse(&error))?;
        Ok(VerifiedClaims { verified: verified.clone(), claims })
    }

    /// Checks what a route requires.
    ///
    /// # Errors
    /// 401 where the request is anonymous, else what [`Requirement`] says.
    pub fn authorize(&self, requirement: &Requirement) -> Result<&Arc<Verified>, Refusal> {
        let verified = self.required()?;
        requirement.check(verified, self.by.now()).map_err(|unmet| self.by.refuse_unmet(&unmet))?;
        Ok(verified)
    }

    /// The refusal where only the handler can tell that this sender may not have what was asked for:
    /// somebody else's note, say. 403 `insufficient_scope`, as where a predicate of a
    /// [`Requirement`] does not hold; an anonymous sender is asked for a token by 401.
    ///
    /// ```
    /// # use jwt_core::request::SimpleHead;
    /// # use jwt_core::{Algorithm, Decision, Issuer, Reason, RequestAuth, SigningKey, Step, Verifier};
    /// # let key = SigningKey::generate(Algorithm::ES256)?;
    /// # let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id").build()?;
    /// # let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id").build()?;
    /// # let auth = RequestAuth::new(verifier);
    /// # let token = issuer.token().with_subject("alice").sign()?;
    /// # let head = SimpleHead::get("/notes/2").with_field("Authorization", format!("Bearer {token}"));
    /// # let Step::Decided(Decision::Proceed(proceed)) = auth.decide(&head, None) else { panic!("refused") };
    /// # let authentication = proceed.authentication;
    /// let refusal = authentication.forbid();
    /// assert_eq!((refusal.status(), refusal.reason()), (403, Reason::RequirementFailed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn forbid(&self) -> Refusal {
        let reason = if self.verified.is_some() { Reason::RequirementFailed } else { Reason::NoCredentials };
        self.by.refuse(&reason.into())
    }

    /// Attaches what an adapter needs to answer in the layer's words.
    #[must_use]
    pub fn with_presenter(mut self, presenter: Arc<dyn Any + Send + Sync>) -> Self {
        self.presenter = Some(presenter);
        self
    }

    /// What the adapter attached.
    #[must_use]
    pub fn presenter(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.presenter.as_ref()
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication")
            .field("verified", &self.verified)
            .field("carrier", &self.carrier)
            .finish_non_exhaustive()
    }
}

/// A verified token with its claims as a `T`: what the extractors of every framework hold.
#[non_exhaustive]
pub struct VerifiedClaims<T> {
    /// The token.
    pub verified: Arc<Verified>,
    /// Its claims.
    pub claims: Arc<T>,
}

impl<T> Clone for VerifiedClaims<T> {
    fn clone(&self) -> Self {
        Self { verified: self.verified.clone(), claims: self.claims.clone() }
    }
}

/// Shows nothing of the claims.
impl<T> fmt::Debug for VerifiedClaims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifiedClaims").field(&self.verified).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_document_is_json() {
        for reason in Reason::ALL {
            let refusal = Refusal::new(*reason);
            let body: serde_json::Value = serde_json::from_str(&refusal.problem_json()).unwrap();
            assert_eq!(body["status"], refusal.status(), "{reason:?}");
        }
    }
}

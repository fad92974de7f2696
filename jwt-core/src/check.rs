//! What is asked after the signature: revocation, replay, proof of possession.

use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

use crate::keys::BoxFuture;
use crate::refusal::Reason;
use crate::request::RequestFacts;
use crate::verified::Verified;

/// A question about a token that its signature does not answer.
///
/// Checks run in the order in which they were added, those that prove possession first, and on
/// every request, also where the token itself was verified before; once in a request, however many
/// layers of the same authority have them, as long as these read the token from the same carrier.
///
/// ```
/// use std::sync::Arc;
/// use jwt_core::{Check, CheckOutcome, Reason, Verified};
/// use jwt_core::request::RequestFacts;
///
/// struct NotOnTheList(Vec<String>);
///
/// impl Check for NotOnTheList {
///     fn name(&self) -> &'static str {
///         "denylist"
///     }
///     fn check(&self, verified: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
///         match verified.token_id() {
///             Some(id) if !self.0.iter().any(|denied| denied == id) => CheckOutcome::pass(),
///             _ => CheckOutcome::refuse(Reason::Revoked),
///         }
///     }
/// }
/// ```
pub trait Check: Send + Sync + 'static {
    /// The name that stands in logs.
    fn name(&self) -> &'static str;

    /// Decides about a verified token in a request, at once or later.
    fn check(&self, verified: &Arc<Verified>, facts: &RequestFacts<'_>) -> CheckOutcome;

    /// The members of `cnf` whose key a pass proves the sender to hold: `jkt` for DPoP (RFC 9449
    /// §6.1), `x5t#S256` for a client certificate (RFC 8705 §3.1). A token with a member that no
    /// check proves is refused. Default: none.
    fn proves(&self) -> &'static [&'static str] {
        &[]
    }
}

/// A [`Check`] whose pass uses the token up: the same token does not pass again.
///
/// For [`RequestAuth::require_single_use`](crate::RequestAuth::require_single_use), which sees to it
/// that it runs last. It passes at most one of any number of requests at the same time, refuses the
/// others by [`Reason::Replayed`], and by [`Reason::StoreUnavailable`] where it cannot tell. A token is
/// known by `iss` and `jti`, never by its text: an ECDSA signature has a twin.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not use tokens up",
    note = "pass `UsedTokens` of jwt-session; other checks are added by `with_check`"
)]
pub trait SingleUse: Check {}

/// What a [`Check`] says.
#[non_exhaustive]
pub enum CheckOutcome {
    /// The token may be used.
    Pass(Passed),
    /// It may not.
    Refuse(CheckRefusal),
    /// Decided when the future ends, which may be dropped at any await.
    Wait(BoxFuture<'static, Result<Passed, CheckRefusal>>),
}

impl CheckOutcome {
    /// The token may be used.
    #[must_use]
    pub fn pass() -> Self {
        Self::Pass(Passed::default())
    }

    /// The token may not be used.
    #[must_use]
    pub fn refuse(reason: Reason) -> Self {
        Self::Refuse(reason.into())
    }
}

impl fmt::Debug for CheckOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckOutcome::Pass(passed) => f.debug_tuple("Pass").field(passed).finish(),
            CheckOutcome::Refuse(refusal) => f.debug_tuple("Refuse").field(refusal).finish(),
            CheckOutcome::Wait(_) => f.write_str("Wait"),
        }
    }
}

/// A field that goes onto the response, whoever makes it.
///
/// What is no valid field is left out. Checks cannot set `WWW-Authenticate` and `Retry-After`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseHeader {
    /// The name.
    pub name: &'static str,
    /// The value: visible ASCII and spaces.
    pub value: Cow<'static, str>,
}

impl ResponseHeader {
    /// A field.
    pub fn new(name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        Self { name, value: value.into() }
    }
}

/// Shows no value of a `Set-Cookie`: it may be a token.
impl fmt::Debug for ResponseHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_cookie = self.name.eq_ignore_ascii_case("set-cookie");
        let value = if is_cookie { "…" } else { &*self.value };
        f.debug_struct("ResponseHeader").field("name", &self.name).field("value", &value).finish()
    }
}

/// A check that several rules share.
impl Check for Arc<dyn Check> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn check(&self, verified: &Arc<Verified>, facts: &RequestFacts<'_>) -> CheckOutcome {
        (**self).check(verified, facts)
    }

    fn proves(&self) -> &'static [&'static str] {
        (**self).proves()
    }
}

/// A pass, with what it adds to the response (a new `DPoP-Nonce`, say).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Passed {
    pub(crate) response_headers: Vec<ResponseHeader>,
}

impl Passed {
    /// Adds a field to the response.
    pub fn with_response_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.response_headers.push(ResponseHeader { name, value: value.into() });
        self
    }
}

/// A refusal by a check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct CheckRefusal {
    pub(crate) reason: Reason,
    pub(crate) challenge: Option<Cow<'static, str>>,
    pub(crate) response_headers: Vec<ResponseHeader>,
}

impl From<Reason> for CheckRefusal {
    fn from(reason: Reason) -> Self {
        Self { reason, challenge: None, response_headers: Vec::new() }
    }
}

impl CheckRefusal {
    /// Answers with this challenge instead of the `Bearer` one of the reason.
    pub fn with_challenge(mut self, challenge: impl Into<Cow<'static, str>>) -> Self {
        self.challenge = Some(challenge.into());
        self
    }

    /// Adds a field to the response.
    pub fn with_response_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.response_headers.push(ResponseHeader { name, value: value.into() });
        self
    }
}

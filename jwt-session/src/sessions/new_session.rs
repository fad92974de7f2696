//! What a session is started with.

use core::fmt;
use core::time::Duration;

use jwt_core::NumericDate;
use serde::Serialize;

use crate::refresh_token::{RefreshToken, TagKey};
use crate::session::Session;
use crate::session_error::SessionError;
use crate::session_id::SessionId;

/// Bytes of a name at most. RFC 8725 has no bound; a cookie has.
const MOST_NAME: usize = 256;
/// Bytes of all scopes at most.
const MOST_SCOPE: usize = 1_024;
/// Bytes of the custom claims at most, as JSON.
const MOST_CLAIMS: usize = 2_048;
/// What has a method of its own here, or is written by the session itself: so that each is known to whoever takes tokens
/// back. Registered claims are refused by the issuer.
const OWN_CLAIMS: [&str; 5] = ["sid", "client_id", "scope", "acr", "auth_time"];
/// Characters that are kept of what a client says about itself.
const KEPT_OF_CLIENT: usize = 256;

/// Who logged in, and how.
///
/// ```
/// use jwt_session::NewSession;
///
/// let new = NewSession::of("alice").with_scope("read write").with_user_agent("Mozilla/5.0").with_address("192.0.2.1");
/// ```
#[derive(Clone)]
#[must_use]
pub struct NewSession {
    pub(super) subject: String,
    client: Option<String>,
    tenant: Option<String>,
    scope: Option<String>,
    /// JSON, or None where it could not be written.
    claims: Option<Option<String>>,
    authentication: Option<(String, u64)>,
    pub(super) begun: Option<LoginBegun>,
    user_agent: Option<String>,
    address: Option<String>,
    provider_session: Option<(String, String)>,
}

impl NewSession {
    /// Of this subject: the claim `sub`, at most 256 bytes.
    pub fn of(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            client: None,
            tenant: None,
            scope: None,
            claims: None,
            authentication: None,
            begun: None,
            user_agent: None,
            address: None,
            provider_session: None,
        }
    }

    /// The client that asks, an app or a page: the claim `client_id`. Then nobody else may refresh the session. The
    /// ready-made [`routes`](crate::routes) set it by themselves.
    pub fn with_client(mut self, client: impl Into<String>) -> Self {
        self.client = Some(client.into());
        self
    }

    /// The tenant: the claim `tenant`, or [another](crate::RevocationsBuilder::with_tenant_claim).
    pub fn with_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// The scopes that are granted, separated by spaces: the claim `scope`.
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// What every access token of the session says beside the registered claims: an object, at most 2 KiB as JSON.
    /// `sid`, `client_id`, `scope`, `acr`, `auth_time` and the claim of the tenant are refused: they have methods here.
    pub fn with_claims<T: Serialize + ?Sized>(mut self, claims: &T) -> Self {
        self.claims = Some(serde_json::to_string(claims).ok());
        self
    }

    /// How and when the user proved who they are, for the whole session: the claims `acr` and `auth_time` (RFC 9068 §2.2.1).
    pub fn with_authentication(mut self, context: impl Into<String>, at: NumericDate) -> Self {
        self.authentication = Some((context.into(), at.as_secs()));
        self
    }

    /// When the credentials began to be checked, from [`Sessions::begin_login`](crate::Sessions::begin_login): then a
    /// password that was changed, or a user that was banned, while they were checked leaves no session behind. At an identity
    /// provider they begin to be checked when the user is sent there: then a logout there leaves none behind either.
    pub const fn with_login_begun(mut self, begun: LoginBegun) -> Self {
        self.begun = Some(begun);
        self
    }

    /// What the client calls itself, for the list of sessions. What is beyond 256 characters, or is no character that
    /// can be seen, is left out.
    pub fn with_user_agent(mut self, user_agent: &str) -> Self {
        self.user_agent = Some(shown(user_agent));
        self
    }

    /// The address that the client came from, for the list of sessions.
    pub fn with_address(mut self, address: impl fmt::Display) -> Self {
        self.address = Some(shown(&address.to_string()));
        self
    }

    /// The identity provider at which the user logged in, and the claim `sid` of its ID token: so that a logout there
    /// ends this session and no other one. One that comes before the session is started meets it by
    /// [`with_login_begun`](Self::with_login_begun), for as long as a token may live
    /// ([`with_longest_lifetime`](crate::SessionsBuilder::with_longest_lifetime)) after it.
    pub fn with_provider_session(mut self, issuer: impl Into<String>, session_id: impl Into<String>) -> Self {
        self.provider_session = Some((issuer.into(), session_id.into()));
        self
    }

    pub(crate) fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// What the ready-made routes know: whose client it is, and what it was seen with, where the application did not say.
    pub(crate) fn seen(
        mut self,
        client: Option<String>,
        user_agent: Option<&str>,
        address: Option<core::net::IpAddr>,
        begun: LoginBegun,
    ) -> Self {
        self.begun = self.begun.or(Some(begun));
        self.client = client.or(self.client);
        self.user_agent = self.user_agent.or_else(|| user_agent.map(shown));
        self.address = self.address.or_else(|| address.map(|address| address.to_string()));
        self
    }

    pub(super) fn check(&self, tenant_claim: &str) -> Result<(), SessionError> {
        let is_name =
            |name: &str| !name.is_empty() && name.len() <= MOST_NAME && !name.contains(char::is_control);
        let is_scope =
            |scope: &str| scope.len() <= MOST_SCOPE && scope.chars().all(|c| matches!(c, ' '..='~'));
        let fields = [
            ("subject", is_name(&self.subject)),
            ("client", self.client.as_deref().is_none_or(is_name)),
            ("tenant", self.tenant.as_deref().is_none_or(is_name)),
            ("scope", self.scope.as_deref().is_none_or(is_scope)),
            (
                "provider's session",
                self.provider_session.as_ref().is_none_or(|(issuer, id)| is_name(issuer) && is_name(id)),
            ),
            (
                "claims",
                self.claims
                    .as_ref()
                    .is_none_or(|it| it.as_deref().is_some_and(|it| are_claims(it, tenant_claim))),
            ),
            ("authentication", self.authentication.as_ref().is_none_or(|(context, _)| is_name(context))),
        ];
        match fields.into_iter().find(|(_, is_fit)| !is_fit) {
            Some((field, _)) => Err(SessionError::Unfit { field }),
            None => Ok(()),
        }
    }

    pub(super) fn session(
        &self,
        id: SessionId,
        issuer: &str,
        begun: LoginBegun,
        token: &RefreshToken,
        tag_key: TagKey,
    ) -> Session {
        Session {
            id,
            issuer: issuer.to_owned(),
            since: begun.0,
            subject: self.subject.clone(),
            client: self.client.clone(),
            tenant: self.tenant.clone(),
            scope: self.scope.clone(),
            claims: self.claims.clone().flatten(),
            authentication: self.authentication.clone(),
            user_agent: self.user_agent.clone(),
            address: self.address.clone(),
            provider_session: self.provider_session.clone(),
            // Told when it begins.
            created: Duration::ZERO,
            last_used: Duration::ZERO,
            absolute_end: Duration::ZERO,
            idle_end: Duration::ZERO,
            generation: token.generation,
            current: token.hash(),
            previous: None,
            tag_key,
            ended: None,
        }
    }
}

/// When a login began, as the store tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginBegun(pub(super) u64);

/// Shows no names.
impl fmt::Debug for NewSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewSession")
    }
}

/// Whether it is short, and an object without members that are ours. What is none is refused by the issuer.
fn are_claims(json: &str, tenant_claim: &str) -> bool {
    let is_own = |name: &String| OWN_CLAIMS.contains(&&**name) || name == tenant_claim;
    json.len() <= MOST_CLAIMS
        && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json)
            .is_ok_and(|claims| !claims.keys().any(is_own))
}

/// What is safe to show of what a stranger sent.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(KEPT_OF_CLIENT).collect()
}

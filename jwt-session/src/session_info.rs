//! A session as people see it.

use core::fmt;
use core::time::Duration;

use serde::{Serialize, Serializer};

use crate::session::{EndReason, Ended, Session};
use crate::session_id::SessionId;

/// What an application is told of a session: who, since when, until when, and where from. Nothing of its tokens, nor
/// anything that one could be made from: those are in the [`Session`] that stores keep, and nowhere else.
///
/// Serialised, `iss`, `sub` and `client_id` are called as in a token, and times are seconds since the Unix epoch. It holds
/// names and addresses of users, for them and whoever helps them.
///
/// ```
/// # use jwt_session::{NewSession, SessionError, Sessions};
/// # async fn example(sessions: Sessions) -> Result<(), SessionError> {
/// sessions.start(NewSession::of("alice").with_client("app")).await?;
/// let devices = sessions.list("alice").await?;
/// let json = serde_json::to_value(&devices).unwrap();
/// assert_eq!((&json[0]["sub"], &json[0]["client_id"]), (&"alice".into(), &"app".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SessionInfo {
    id: SessionId,
    #[serde(rename = "iss")]
    issuer: String,
    #[serde(rename = "sub")]
    subject: String,
    #[serde(rename = "client_id", skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Whoever has it could ask the provider to end it, but nothing else: still nobody's business.
    #[serde(skip)]
    provider_session: Option<(String, String)>,
    #[serde(serialize_with = "seconds")]
    created: Duration,
    #[serde(serialize_with = "seconds")]
    last_used: Duration,
    #[serde(rename = "expires", serialize_with = "seconds")]
    expiry: Duration,
    #[serde(serialize_with = "end", skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
}

impl From<Session> for SessionInfo {
    fn from(session: Session) -> Self {
        Self {
            expiry: session.expiry(),
            id: session.id,
            issuer: session.issuer,
            subject: session.subject,
            client: session.client,
            tenant: session.tenant,
            scope: session.scope,
            user_agent: session.user_agent,
            address: session.address,
            provider_session: session.provider_session,
            created: session.created,
            last_used: session.last_used,
            ended: session.ended,
        }
    }
}

impl SessionInfo {
    /// The claim `sid` of its access tokens.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// The claim `iss` of its access tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whose it is: the claim `sub`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The client that it was started by, if that was named.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// The tenant that it belongs to, if that was named.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The scopes that were granted, separated by spaces.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The `User-Agent` that it was started by, if that was told.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// The address that it was started from, if that was told.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Issuer and `sid` of the identity provider's session that it was started by, if that was told. Not serialised.
    #[must_use]
    pub fn provider_session(&self) -> Option<(&str, &str)> {
        self.provider_session.as_ref().map(|(issuer, id)| (&**issuer, &**id))
    }

    /// When it was started, since the Unix epoch.
    #[must_use]
    pub const fn created(&self) -> Duration {
        self.created
    }

    /// When it was last refreshed, since the Unix epoch.
    #[must_use]
    pub const fn last_used(&self) -> Duration {
        self.last_used
    }

    /// When it ends where it is not refreshed before, since the Unix epoch.
    #[must_use]
    pub const fn expiry(&self) -> Duration {
        self.expiry
    }

    /// When and why it was ended, where it was.
    #[must_use]
    pub const fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// Whether it can still be refreshed: neither ended nor expired.
    #[must_use]
    pub fn is_live(&self, now: Duration) -> bool {
        self.ended.is_none() && now < self.expiry
    }
}

/// Shows whose it is to nobody.
impl fmt::Debug for SessionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInfo")
            .field("id", &self.id)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_secs())
}

fn end<S: Serializer>(ended: &Option<Ended>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct End {
        at: u64,
        why: EndReason,
    }
    ended.map(|ended| End { at: ended.at().as_secs(), why: ended.why() }).serialize(serializer)
}

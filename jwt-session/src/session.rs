//! The record of a session, as stores keep it.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::refresh_token::{Nonce, TagKey, TokenHash};
#[cfg(doc)]
use crate::revocation::Revocation;
use crate::revocation::cutoff_name;
use crate::session_id::SessionId;

/// The record of one session: who, since when, until when, and which refresh token is the current one.
///
/// A store writes it as it is (it is `Serialize`) beside what it looks sessions up by, and never changes it: what a
/// refresh or a logout makes of it is decided by this crate.
///
/// It holds no token, but what one is told by: whoever reads it can end the session by a token that looks genuine, and,
/// with the token before the current one, make the current one. It also holds names, addresses and claims of users. So it
/// is for stores alone; applications and their users are told a [`SessionInfo`](crate::SessionInfo).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub(crate) id: SessionId,
    /// The `iss` of its access tokens: sessions of several issuers may share a store.
    pub(crate) issuer: String,
    /// The newest number of the log of revocations when its login began: what has a greater one concerns it.
    pub(crate) since: u64,
    pub(crate) subject: String,
    pub(crate) client: Option<String>,
    pub(crate) tenant: Option<String>,
    /// Separated by spaces, as in a token.
    pub(crate) scope: Option<String>,
    /// What access tokens say beside the registered claims, as JSON.
    pub(crate) claims: Option<String>,
    /// `acr` and `auth_time`.
    pub(crate) authentication: Option<(String, u64)>,
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<String>,
    /// The provider that the user logged in at, and the session there: where the login was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider_session: Option<(String, String)>,
    /// All times since the Unix epoch.
    #[serde(with = "millis")]
    pub(crate) created: Duration,
    #[serde(with = "millis")]
    pub(crate) last_used: Duration,
    /// Whatever happens.
    #[serde(with = "millis")]
    pub(crate) absolute_end: Duration,
    /// Where it is not used before.
    #[serde(with = "millis")]
    pub(crate) idle_end: Duration,
    pub(crate) generation: u32,
    #[serde(with = "bytes")]
    pub(crate) current: TokenHash,
    pub(crate) previous: Option<Previous>,
    #[serde(with = "bytes")]
    pub(crate) tag_key: TagKey,
    pub(crate) ended: Option<Ended>,
}

/// The token before the current one, which has the same successor for a while.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Previous {
    #[serde(with = "bytes")]
    pub(crate) hash: TokenHash,
    #[serde(with = "bytes")]
    pub(crate) nonce: Nonce,
    #[serde(with = "millis")]
    pub(crate) rotated: Duration,
    pub(crate) replays: u8,
}

/// When and why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    #[serde(with = "millis")]
    pub(crate) at: Duration,
    pub(crate) why: EndReason,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndReason {
    /// The user logged out.
    Logout,
    /// Of all sessions of the subject, client, tenant or issuer.
    LogoutAll,
    /// The password was changed.
    PasswordChanged,
    /// A refresh token was used that another one had taken the place of (RFC 9700 §4.14.2).
    RefreshReuse,
    /// Its refresh token was used by another client than its own (RFC 6749 §10.4).
    OtherClient,
    /// The subject has more sessions than it may, and this was the oldest.
    TooManySessions,
    /// The identity provider said so (OpenID Connect Back-Channel Logout).
    ProviderLogout,
}

impl EndReason {
    /// The stable name, for logs and records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutAll => "logout_all",
            Self::PasswordChanged => "password_changed",
            Self::RefreshReuse => "refresh_reuse",
            Self::OtherClient => "other_client",
            Self::TooManySessions => "too_many_sessions",
            Self::ProviderLogout => "provider_logout",
        }
    }
}

impl Ended {
    /// When, since the Unix epoch.
    #[must_use]
    pub const fn at(&self) -> Duration {
        self.at
    }

    /// Why.
    #[must_use]
    pub const fn why(&self) -> EndReason {
        self.why
    }
}

impl Session {
    /// The claim `sid` of its access tokens.
    #[must_use]
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// The [names](Revocation::cutoff_name) of lines of the log that take it back: of its issuer, client and tenant. Those
    /// of its subject are not among them, for whoever writes one ends the sessions in the same step.
    #[must_use]
    pub fn cutoff_names(&self) -> Vec<String> {
        let client = self.client.as_deref().map(|name| ("client", name));
        let tenant = self.tenant.as_deref().map(|name| ("tenant", name));
        let names = [Some(("issuer", "")), client, tenant].into_iter().flatten();
        names.map(|(level, name)| cutoff_name(level, &self.issuer, name)).collect()
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

    /// Issuer and `sid` of the identity provider's session that it was started by, if that was told.
    #[must_use]
    pub fn provider_session(&self) -> Option<(&str, &str)> {
        self.provider_session.as_ref().map(|(issuer, id)| (&**issuer, &**id))
    }

    /// When it ends where it is not refreshed before, since the Unix epoch.
    pub(crate) fn expiry(&self) -> Duration {
        self.idle_end.min(self.absolute_end)
    }

    /// When it was over, or will be: ended, or expired. A store keeps it for a [day](crate::store::KEPT_AFTER_END) more.
    #[must_use]
    pub fn over(&self) -> Duration {
        self.ended.map_or(self.expiry(), |ended| ended.at)
    }

    /// When and why it was ended, where it was.
    #[must_use]
    pub const fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// Whether it can still be refreshed: neither ended nor expired.
    pub(crate) fn is_live(&self, now: Duration) -> bool {
        self.ended.is_none() && now < self.expiry()
    }

    /// Starts at `now`, by the store's clock.
    pub(crate) const fn begin(&mut self, now: Duration, absolute: Duration, idle: Duration) {
        (self.created, self.last_used) = (now, now);
        (self.absolute_end, self.idle_end) = (now.saturating_add(absolute), now.saturating_add(idle));
    }

    /// Ends it; one that has ended keeps its first reason. Tells whether this did.
    pub(crate) fn end(&mut self, why: EndReason, now: Duration) -> bool {
        let is_first = self.ended.is_none();
        if is_first {
            self.ended = Some(Ended { at: now, why });
            self.previous = None;
        }
        is_first
    }
}

/// Shows whose it is to nobody.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("generation", &self.generation)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Whole milliseconds.
mod millis {
    use core::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// Bytes as base64url.
mod bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&base64::display::Base64Display::new(bytes, &URL_SAFE_NO_PAD))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(&*text).map_err(de::Error::custom)?;
        bytes.try_into().map_err(|_| de::Error::custom("bytes of another number"))
    }
}

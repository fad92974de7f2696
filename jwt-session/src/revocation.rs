//! Taking back what was issued: single tokens, sessions, and all up to a time of a subject, client, tenant or issuer.

mod check;
mod index;
mod level;
mod unchecked;

use core::time::Duration;
use std::borrow::Cow;

use jwt_core::Verified;
use serde::{Deserialize, Serialize};

pub use self::check::{Revocations, RevocationsBuilder};

/// What is taken back, by the name it has in tokens.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Revoked {
    /// The token of this `jti`.
    Token(String),
    /// Every token of the session with this `sid`.
    Session(String),
    /// What was issued to this `sub`, up to a time.
    Subject(String),
    /// What was issued to this `client_id`, up to a time.
    Client(String),
    /// What was issued for this tenant, up to a time.
    Tenant(String),
    /// Whatever the issuer issued, up to a time.
    Issuer,
    /// The sessions that a session of an identity provider started, up to a time, and logins by it that are under way.
    /// Their tokens are taken back with each of the sessions.
    ProviderSession {
        /// The provider: the `iss` of its ID tokens.
        issuer: String,
        /// The claim `sid` of its ID tokens.
        session_id: String,
    },
}

impl Revoked {
    /// The stable name of the level, for logs and records.
    #[must_use]
    pub const fn level(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Session(_) => "session",
            Self::Subject(_) => "subject",
            Self::Client(_) => "client",
            Self::Tenant(_) => "tenant",
            Self::Issuer => "issuer",
            Self::ProviderSession { .. } => "provider_session",
        }
    }

    /// Whether all that bears the name is meant, whenever it was issued.
    const fn is_exact(&self) -> bool {
        matches!(self, Self::Token(_) | Self::Session(_))
    }

    fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Token(name) | Self::Session(name) | Self::Subject(name) => name.into(),
            Self::Client(name) | Self::Tenant(name) => name.into(),
            Self::Issuer => "".into(),
            Self::ProviderSession { issuer, session_id } => name_at_provider(issuer, session_id).into(),
        }
    }
}

/// Shows no names.
impl core::fmt::Debug for Revoked {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.level())
    }
}

/// One line of the log of revocations, as stores keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Whose tokens: their `iss`. A name means nothing beyond its issuer.
    pub(crate) issuer: String,
    pub(crate) what: Revoked,
    /// Nothing issued up to then is good, in seconds since the Unix epoch. Of no meaning for tokens and sessions.
    pub(crate) cutoff: u32,
    /// Then no token that it concerns can still live, in seconds since the Unix epoch.
    pub(crate) until: u32,
}

impl Revocation {
    /// Takes back what the issuer issued up to `now`. `longest` is how long a token of it may be good from now on,
    /// leeway and the difference of clocks included.
    #[must_use]
    pub fn new(issuer: impl Into<String>, what: Revoked, now: Duration, longest: Duration) -> Self {
        let cutoff = index::seconds(now);
        // Rounded up, twice.
        let until = index::seconds(now.saturating_add(longest)).saturating_add(2);
        Self { issuer: issuer.into(), what, cutoff, until }
    }

    /// Takes back one token, until it has expired for everybody: so long after its `exp`. None where it has no `jti`, or
    /// says nothing of its end.
    pub(crate) fn of_token(verified: &Verified, now: Duration, slack: Duration) -> Option<Self> {
        let what = Revoked::Token(verified.token_id()?.to_owned());
        let left = verified.expires_at()?.as_duration().saturating_sub(now);
        Some(Self::new(verified.issuer().unwrap_or_default(), what, now, left.saturating_add(slack)))
    }

    /// Whose tokens: their `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What is taken back.
    #[must_use]
    pub const fn what(&self) -> &Revoked {
        &self.what
    }

    /// The name by which a store finds the newest line that takes back all of a subject, client, tenant, issuer or session
    /// of a provider; none for a token or a session.
    #[must_use]
    pub fn cutoff_name(&self) -> Option<String> {
        (!self.what.is_exact()).then(|| cutoff_name(self.what.level(), &self.issuer, &self.what.name()))
    }

    /// When a store may forget it, since the Unix epoch.
    #[must_use]
    pub fn expiry(&self) -> Duration {
        Duration::from_secs(self.until.into())
    }
}

/// One name for one level, issuer and name.
pub(crate) fn cutoff_name(level: &str, issuer: &str, name: &str) -> String {
    format!("{level} {} {issuer} {name}", issuer.len())
}

/// One name for one session of an identity provider.
pub(crate) fn name_at_provider(issuer: &str, session_id: &str) -> String {
    format!("{} {issuer} {session_id}", issuer.len())
}

//! What happens to sessions, for logs, audits and alarms.

use core::fmt;
use core::net::IpAddr;
use std::sync::Arc;

use crate::key_ring::KeyChange;
use crate::session::EndReason;
use crate::session_error::RefreshRefusal;
use crate::session_id::SessionId;

/// Something that happened to a session or a key, and may concern a security team.
///
/// Told to `tracing` without names and addresses of users, and to the [sink](EventSink) that was set with them.
///
/// Refused attempts are told of by the [ready-made routes](crate::routes), and of those from one address no more than
/// its limit lets through: a stranger cannot flood a sink. Of what is beyond the limit, and of an outage, the first one
/// is told of and then no other within the span of the limit. Callers whose address is not known are one address.
///
/// ```
/// use jwt_session::SecurityEvent;
///
/// // For a ban list: closures are sinks.
/// let sink = |event: &SecurityEvent| match event {
///     SecurityEvent::LoginRefused { address: Some(address), why, .. } => println!("{address} {}", why.code()),
///     SecurityEvent::RefreshReuse { session, .. } => println!("a refresh token of {session} was stolen"),
///     _ => {}
/// };
/// # fn is_sink(_: impl jwt_session::EventSink) {}
/// # is_sink(sink);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityEvent {
    /// A session was started.
    #[non_exhaustive]
    Login {
        /// Its name.
        session: SessionId,
        /// Whose it is.
        subject: String,
    },
    /// A refresh token was exchanged.
    #[non_exhaustive]
    Refresh {
        /// The session.
        session: SessionId,
        /// Whose it is.
        subject: String,
        /// Whether it was the same exchange as before, within the grace.
        again: bool,
    },
    /// A refresh token was used that another one had taken the place of: one of the two who had it stole it. The
    /// session has ended.
    #[non_exhaustive]
    RefreshReuse {
        /// The session.
        session: SessionId,
        /// Whose it was.
        subject: String,
    },
    /// A login was refused.
    #[non_exhaustive]
    LoginRefused {
        /// The name as it was given: nobody's, perhaps, or a password in the wrong field. Escaped
        /// ([`str::escape_debug`]), 256 characters at most.
        name: String,
        /// Where it came from, if that is known.
        address: Option<IpAddr>,
        /// What the client calls itself, without control characters, 256 characters at most.
        user_agent: Option<String>,
        /// Why.
        why: AttemptRefusal,
    },
    /// A refresh was refused. Told beside [`RefreshReuse`](Self::RefreshReuse) where that is why.
    #[non_exhaustive]
    RefreshRefused {
        /// The session that the token names, where it is one in form; a guess names whatever it likes.
        session: Option<SessionId>,
        /// Where it came from, if that is known.
        address: Option<IpAddr>,
        /// What the client calls itself, without control characters, 256 characters at most.
        user_agent: Option<String>,
        /// Why.
        why: AttemptRefusal,
    },
    /// A client that wanted to introspect or revoke a token did not prove who it is.
    #[non_exhaustive]
    ClientRefused {
        /// The name as it was given, if one was. Escaped ([`str::escape_debug`]), 256 characters at most.
        client: Option<String>,
        /// Where it came from, if that is known.
        address: Option<IpAddr>,
        /// What the client calls itself, without control characters, 256 characters at most.
        user_agent: Option<String>,
        /// Why.
        why: AttemptRefusal,
    },
    /// A session was ended.
    #[non_exhaustive]
    Logout {
        /// The session.
        session: SessionId,
        /// Whose it was.
        subject: String,
        /// Why.
        why: EndReason,
    },
    /// Tokens were taken back by name: once for each call, before the [`Logout`](Self::Logout) of each session that ends by
    /// it, and also where none does. A session that is ended alone is told of by that alone, unless the store has lost it.
    #[non_exhaustive]
    Revoked {
        /// The level: `token`, `session`, `subject`, `client`, `tenant`, `issuer` or `provider_session`.
        level: &'static str,
    },
    /// A key of a [`KeyRing`](crate::KeyRing) changed its state. Told by the node that did it.
    #[non_exhaustive]
    KeyRotated {
        /// The name of the ring.
        ring: String,
        /// The `kid`.
        key_id: String,
        /// What became of it.
        change: KeyChange,
    },
}

impl SecurityEvent {
    /// The stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Login { .. } => "login",
            Self::Refresh { .. } => "refresh",
            Self::RefreshReuse { .. } => "refresh_reuse",
            Self::LoginRefused { .. } => "login_refused",
            Self::RefreshRefused { .. } => "refresh_refused",
            Self::ClientRefused { .. } => "client_refused",
            Self::Logout { .. } => "logout",
            Self::Revoked { .. } => "revoked",
            Self::KeyRotated { .. } => "key_rotated",
        }
    }
}

/// Why an attempt was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptRefusal {
    /// Nobody is known by these credentials.
    WrongCredentials,
    /// There were none that could be read.
    NoCredentials,
    /// The refresh token is not good.
    RefreshToken(RefreshRefusal),
    /// There were too many attempts from this address, or for this name or session. Nothing was asked.
    RateLimited,
    /// It could not be said: whoever knows, or the store, did not answer. No fault of the caller's.
    Unavailable,
}

impl AttemptRefusal {
    /// The stable name, for logs and records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong_credentials",
            Self::NoCredentials => "no_credentials",
            Self::RefreshToken(refusal) => refusal.code(),
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether one within a span says all: what follows would be the same again, as often as the caller likes.
    pub(crate) const fn is_told_once(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }
}

/// Is told of each event, once what it tells of has been written. Quick: whoever waits for the answer waits for it too.
pub trait EventSink: Send + Sync + 'static {
    /// Is told of an event.
    fn tell(&self, event: &SecurityEvent);
}

impl<F: Fn(&SecurityEvent) + Send + Sync + 'static> EventSink for F {
    fn tell(&self, event: &SecurityEvent) {
        self(event);
    }
}

/// Where events go.
#[derive(Clone, Default)]
pub(crate) struct Events(Option<Arc<dyn EventSink>>);

impl Events {
    pub(crate) fn to(sink: impl EventSink) -> Self {
        Self(Some(Arc::new(sink)))
    }

    pub(crate) fn tell(&self, event: &SecurityEvent) {
        let code = event.code();
        match event {
            SecurityEvent::RefreshReuse { session, .. } => tracing::warn!(
                event = code,
                %session,
                "a refresh token was used again: the session has been ended. If this is not rare, a client does not keep \
                 the token that it was given"
            ),
            SecurityEvent::Login { session, .. } => {
                tracing::info!(event = code, %session, "a session was started")
            }
            SecurityEvent::Refresh { session, again, .. } => {
                tracing::debug!(event = code, %session, again, "a session was refreshed");
            }
            SecurityEvent::LoginRefused { why, .. } => {
                tracing::info!(event = code, why = why.code(), "a login was refused");
            }
            SecurityEvent::RefreshRefused { why, .. } => {
                tracing::info!(event = code, why = why.code(), "a refresh was refused");
            }
            SecurityEvent::ClientRefused { why, .. } => {
                tracing::info!(event = code, why = why.code(), "a client was refused");
            }
            SecurityEvent::Logout { session, why, .. } => {
                tracing::info!(event = code, %session, why = why.code(), "a session was ended");
            }
            SecurityEvent::Revoked { level } => tracing::info!(event = code, level, "tokens were taken back"),
            SecurityEvent::KeyRotated { ring, key_id, change } => {
                tracing::info!(
                    event = code,
                    ring,
                    key_id,
                    change = change.code(),
                    "a signing key changed its state"
                );
            }
        }
        if let Some(sink) = &self.0 {
            sink.tell(event);
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Events(sink)" } else { "Events" })
    }
}

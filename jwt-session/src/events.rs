//! What happens to sessions, for logs, audits and alarms.

use core::fmt;
use std::sync::Arc;

use crate::key_ring::KeyChange;
use crate::session::EndReason;
use crate::session_id::SessionId;

/// Something that happened to a session or a key, and may concern a security team.
///
/// Told to `tracing` without the subject, and to the [sink](EventSink) that was set with it.
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
    /// Tokens were taken back.
    #[non_exhaustive]
    Revoked {
        /// The level: `token`, `session`, `subject`, `client`, `tenant` or `issuer`.
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
            Self::Logout { .. } => "logout",
            Self::Revoked { .. } => "revoked",
            Self::KeyRotated { .. } => "key_rotated",
        }
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

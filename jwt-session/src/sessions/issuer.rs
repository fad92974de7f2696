//! Who signs the access tokens of sessions.

use core::fmt;
use core::time::Duration;

use jwt_core::keys::SignError;
use jwt_core::{Issuer, TokenBuilder};

use crate::key_ring::KeyRing;
use crate::remote_issuer::{RemoteIssueError, RemoteIssuer};
use crate::session_error::SessionError;

/// Who signs the access tokens of [`Sessions`](crate::Sessions): an [`Issuer`] under one key for ever, a [`KeyRing`]
/// under the key of the day, or a [`RemoteIssuer`] under a key that is elsewhere.
#[derive(Clone)]
pub struct SessionIssuer {
    /// As it was at the start: name and lifetime are the same for all keys.
    first: Issuer,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Fixed,
    Ring(KeyRing),
    Remote(RemoteIssuer),
}

impl SessionIssuer {
    /// The issuer for the next token.
    ///
    /// # Errors
    /// A ring that does not sign at present is like any other signer that does not.
    pub(super) fn now(&self) -> Result<Issuer, SessionError> {
        match &self.kind {
            Kind::Ring(ring) => ring.issuer().map_err(|error| {
                SessionError::NotSigned(RemoteIssueError::Unavailable(SignError::new(error)))
            }),
            Kind::Fixed | Kind::Remote(_) => Ok(self.first.clone()),
        }
    }

    /// Signs a token that was started by [`now`](Self::now).
    pub(super) async fn sign(&self, token: TokenBuilder<'_>) -> Result<String, SessionError> {
        match &self.kind {
            Kind::Fixed | Kind::Ring(_) => Ok(token.sign()?),
            // Apart: its timer would make the futures of all others large.
            Kind::Remote(issuer) => Ok(Box::pin(issuer.sign(token)).await?),
        }
    }

    pub(super) fn name(&self) -> &str {
        self.first.name()
    }

    pub(super) fn lifetime(&self) -> Duration {
        self.first.lifetime()
    }
}

impl From<Issuer> for SessionIssuer {
    fn from(issuer: Issuer) -> Self {
        Self { first: issuer, kind: Kind::Fixed }
    }
}

impl From<KeyRing> for SessionIssuer {
    fn from(ring: KeyRing) -> Self {
        Self { first: ring.first_issuer().clone(), kind: Kind::Ring(ring) }
    }
}

impl From<RemoteIssuer> for SessionIssuer {
    fn from(issuer: RemoteIssuer) -> Self {
        Self { first: issuer.issuer().clone(), kind: Kind::Remote(issuer) }
    }
}

impl fmt::Debug for SessionIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionIssuer").field("name", &self.name()).finish_non_exhaustive()
    }
}

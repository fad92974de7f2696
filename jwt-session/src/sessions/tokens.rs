//! What a client is given.

use core::fmt;
use core::time::Duration;

use jwt_core::NumericDate;
use zeroize::Zeroizing;

use crate::refresh_token::RefreshToken;
use crate::session::Session;
use crate::session_error::SessionError;
use crate::session_id::SessionId;
use crate::sessions::SessionIssuer;

/// Who asks for the next access token, and what for.
///
/// ```
/// use jwt_session::Refresh;
///
/// let refresh = Refresh::new().with_client("app").with_scope("read");
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Refresh<'r> {
    pub(crate) client: Option<&'r str>,
    pub(crate) scope: Option<&'r str>,
}

impl<'r> Refresh<'r> {
    /// By no named client, for all scopes that were granted.
    pub const fn new() -> Self {
        Self { client: None, scope: None }
    }

    /// By this client: the one that the session was started by.
    pub const fn with_client(mut self, client: &'r str) -> Self {
        self.client = Some(client);
        self
    }

    /// For these scopes alone, separated by spaces. The next refresh may ask for all again (RFC 6749 §6).
    pub const fn with_scope(mut self, scope: &'r str) -> Self {
        self.scope = Some(scope);
        self
    }
}

/// An access token, and the refresh token that buys the next one.
#[derive(Clone)]
pub struct SessionTokens {
    session: SessionId,
    access_token: Zeroizing<String>,
    lifetime: Duration,
    refresh_token: Zeroizing<String>,
    scope: Option<String>,
    expiry: Duration,
}

impl SessionTokens {
    /// The access token ends with its session at the latest.
    pub(super) async fn issue(
        issuer: &SessionIssuer,
        tenant_claim: &str,
        session: &Session,
        refresh_token: &RefreshToken,
        scope: Option<&str>,
        now: Duration,
    ) -> Result<Self, SessionError> {
        let scope = scope.or(session.scope.as_deref());
        let sid = session.id.to_string();
        let left = Duration::from_secs(session.expiry().saturating_sub(now).as_secs().max(1));
        let lifetime = issuer.lifetime().min(left);
        let signs = issuer.now()?;
        let mut token =
            signs.token().with_subject(&session.subject).with_session_id(&sid).with_lifetime(lifetime);
        if let Some(scope) = scope.filter(|scope| !scope.is_empty()) {
            token = token.with_scope(scope);
        }
        if let Some(client) = &session.client {
            token = token.with_client_id(client);
        }
        if let Some((context, at)) = &session.authentication {
            let at = NumericDate::from_secs(*at);
            let at = at.map_err(|_| SessionError::Unfit { field: "authentication" })?;
            token = token.with_authentication(context, at);
        }
        if let Some(tenant) = &session.tenant {
            token = token.with_claim(tenant_claim, tenant);
        }
        if let Some(claims) = &session.claims {
            let claims: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(claims).map_err(|_| SessionError::Unfit { field: "claims" })?;
            token = token.with_claims(&claims);
        }
        Ok(Self {
            session: session.id,
            access_token: Zeroizing::new(issuer.sign(token).await?),
            lifetime,
            refresh_token: refresh_token.text(),
            scope: scope.map(str::to_owned),
            expiry: session.expiry(),
        })
    }

    /// As the store has written the session: by its clock, and with the refresh token that came of it. What an access
    /// token says of a session stays the same from one generation to the next.
    pub(super) fn written(self, session: &Session, refresh_token: &RefreshToken) -> Self {
        Self { expiry: session.expiry(), refresh_token: refresh_token.text(), ..self }
    }

    /// The session: the claim `sid` of the access token.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// The access token.
    #[must_use]
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    /// How long the access token is good: `expires_in`, in whole seconds.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// The refresh token, good for one exchange.
    #[must_use]
    pub fn refresh_token(&self) -> &str {
        &self.refresh_token
    }

    /// The scopes of the access token, separated by spaces.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// When the refresh token ends where it is not used before, since the Unix epoch.
    #[must_use]
    pub const fn expiry(&self) -> Duration {
        self.expiry
    }
}

/// Shows no token.
impl fmt::Debug for SessionTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTokens").field("session", &self.session).finish_non_exhaustive()
    }
}

//! The routes: one table of paths and methods.

/// One of the ready-made routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Endpoint {
    /// A session for a name and a password.
    Login,
    /// The next access token for a refresh token: the token endpoint (RFC 6749 §6).
    Refresh,
    /// A double-submit value for the session of the refresh cookie, which outlasts the access token.
    RefreshCsrf,
    /// Ends the session of the refresh cookie.
    RefreshLogout,
    /// Ends a session.
    Logout,
    /// Ends all sessions of a subject.
    LogoutAll,
    /// Lists the subject's sessions.
    Sessions,
    /// Ends one of them.
    Session,
    /// A double-submit value for the session.
    Csrf,
    /// The public keys (RFC 7517 §5).
    Jwks,
    /// What there is and where (RFC 8414).
    Metadata,
    /// Takes a token back (RFC 7009).
    Revoke,
    /// Tells what a token is worth (RFC 7662).
    Introspect,
    /// An identity provider says that somebody logged out (OpenID Connect Back-Channel Logout).
    BackchannelLogout,
}

impl Endpoint {
    /// Every one of them.
    pub const ALL: &'static [Self] = &[
        Self::Login,
        Self::Refresh,
        Self::RefreshCsrf,
        Self::RefreshLogout,
        Self::Logout,
        Self::LogoutAll,
        Self::Sessions,
        Self::Session,
        Self::Csrf,
        Self::Jwks,
        Self::Metadata,
        Self::Revoke,
        Self::Introspect,
        Self::BackchannelLogout,
    ];

    /// The path, below the prefix that was set up where it is not a well-known one (RFC 8615). `{id}` stands for one
    /// segment.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Login => "/login",
            Self::Refresh => "/refresh",
            // Below the refresh route, for the cookie goes nowhere else.
            Self::RefreshCsrf => "/refresh/csrf",
            Self::RefreshLogout => "/refresh/logout",
            Self::Logout => "/logout",
            Self::LogoutAll => "/logout-all",
            Self::Sessions => "/sessions",
            Self::Session => "/sessions/{id}",
            Self::Csrf => "/csrf",
            Self::Jwks => "/.well-known/jwks.json",
            Self::Metadata => "/.well-known/oauth-authorization-server",
            Self::Revoke => "/revoke",
            Self::Introspect => "/introspect",
            Self::BackchannelLogout => "/backchannel-logout",
        }
    }

    /// The methods, as `Allow` lists them.
    #[must_use]
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Login
            | Self::Refresh
            | Self::RefreshLogout
            | Self::Logout
            | Self::LogoutAll
            | Self::Revoke
            | Self::Introspect
            | Self::BackchannelLogout => &["POST"],
            Self::Sessions | Self::Csrf | Self::RefreshCsrf | Self::Jwks | Self::Metadata => &["GET", "HEAD"],
            Self::Session => &["DELETE"],
        }
    }

    /// Whether tokens or names of users go over it, so that plain HTTP is refused.
    pub(super) const fn is_confidential(self) -> bool {
        !self.is_well_known()
    }

    /// Whether its path is the same whatever the prefix is.
    pub(super) const fn is_well_known(self) -> bool {
        matches!(self, Self::Jwks | Self::Metadata)
    }

    /// Whether it looks at the body.
    pub(super) const fn reads_body(self) -> bool {
        !matches!(
            self,
            Self::Sessions
                | Self::Session
                | Self::Csrf
                | Self::RefreshCsrf
                | Self::RefreshLogout
                | Self::Jwks
                | Self::Metadata
        )
    }

    /// Whether it costs an attempt, whoever waits for the answer.
    pub(super) const fn is_attempt(self) -> bool {
        matches!(
            self,
            Self::Login | Self::Refresh | Self::Revoke | Self::Introspect | Self::BackchannelLogout
        )
    }

    /// The value of `Allow`.
    pub(super) fn allow(self) -> String {
        self.methods().join(", ")
    }
}

//! How a client is given its tokens, and the cookies that carry them.

use core::time::Duration;

use super::set_cookie::{CookieFault, CookieRule, SameSite, SetCookie};
use crate::sessions::SessionTokens;

/// How a client is given its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Both in the body: for apps, which have a safe place for them.
    Json,
    /// Both in cookies that no script can read: for pages.
    Cookies,
    /// The access token in the body, for the memory of a page that calls other services with it; the refresh token in a
    /// cookie.
    Mixed,
}

impl Mode {
    /// Whether the refresh token goes by cookie.
    pub(super) const fn has_cookies(self) -> bool {
        matches!(self, Self::Cookies | Self::Mixed)
    }
}

/// The cookies: of both tokens, and the one that says which session is this browser's.
#[derive(Clone, Debug)]
pub(super) struct SessionCookies {
    access: CookieRule,
    refresh: CookieRule,
    session: CookieRule,
}

impl SessionCookies {
    /// Browsers let no other host and no plain HTTP set it (RFC 6265bis §4.1.3.2).
    pub(super) const ACCESS: &'static str = "__Host-access";
    /// It goes to the refresh route alone, for which `__Host-` is not allowed.
    pub(super) const REFRESH: &'static str = "__Secure-refresh";
    /// Beside the refresh token, the name of its session. A sibling domain can set a `__Secure-` cookie, with a refresh
    /// token of its own; a `__Host-` cookie it cannot.
    pub(super) const SESSION: &'static str = "__Host-refresh-session";

    pub(super) fn new(refresh_path: &str, across_sites: bool) -> Result<Self, CookieFault> {
        let (access, refresh) =
            if across_sites { (SameSite::None, SameSite::None) } else { (SameSite::Lax, SameSite::Strict) };
        Ok(Self {
            access: CookieRule::new(Self::ACCESS, "/", access)?,
            refresh: CookieRule::new(Self::REFRESH, refresh_path, refresh)?,
            session: CookieRule::new(Self::SESSION, "/", refresh)?,
        })
    }

    /// The cookies of a client in this mode.
    pub(super) fn set(
        &self,
        mode: Mode,
        tokens: &SessionTokens,
        now: Duration,
    ) -> Result<Vec<SetCookie>, CookieFault> {
        let access = || self.access.set(tokens.access_token(), tokens.lifetime());
        let age = tokens.expiry().saturating_sub(now);
        let refresh = || self.refresh.set(tokens.refresh_token(), age);
        let session = || self.session.set(&tokens.session().to_string(), age);
        match mode {
            Mode::Json => Ok(Vec::new()),
            Mode::Cookies => Ok(vec![access()?, refresh()?, session()?]),
            Mode::Mixed => Ok(vec![refresh()?, session()?]),
        }
    }

    /// Takes back what was set for a client in this mode.
    pub(super) fn clear(&self, mode: Mode) -> Vec<SetCookie> {
        match mode {
            Mode::Json => Vec::new(),
            Mode::Cookies => vec![self.access.clear(), self.refresh.clear(), self.session.clear()],
            Mode::Mixed => vec![self.refresh.clear(), self.session.clear()],
        }
    }

    pub(super) const fn refresh_name(&self) -> &'static str {
        self.refresh.name()
    }

    pub(super) const fn session_name(&self) -> &'static str {
        self.session.name()
    }
}

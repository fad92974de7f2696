//! `Set-Cookie`, with attributes that are checked when a cookie is set up (RFC 6265 §4.1).

use core::fmt;
use core::time::Duration;

use jwt_core::request::is_b64token;

/// Bytes of a cookie at most, attributes included (RFC 6265 §6.1): what a browser must keep.
const MOST: usize = 4_096;
/// Bytes of an attribute's value at most (RFC 6265bis §5.6): browsers pass over a longer one.
const MOST_PATH: usize = 1_024;
/// What browsers keep a cookie for at most (RFC 6265bis §5.5).
const MOST_AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Whether a cookie goes along with requests that another site caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SameSite {
    /// Never.
    Strict,
    /// Where somebody follows a link.
    Lax,
    /// Always. A double-submit value is asked for then.
    None,
}

impl SameSite {
    const fn text(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// A cookie that can be set and cleared: always `Secure`, `HttpOnly`, and of this host alone.
///
/// There is no `Domain`, so that what can be set for another host does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CookieRule {
    name: &'static str,
    path: Box<str>,
    same_site: SameSite,
}

/// Why a cookie cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CookieFault {
    /// Not a token (RFC 9110 §5.6.2).
    Name,
    /// Not a path of visible ASCII, or one that goes on as an attribute.
    Path,
    /// `__Host-` needs the path `/` (RFC 6265bis §4.1.3.2).
    HostPrefix,
    /// Characters that a cookie must not have.
    Value,
    /// More than 4,096 bytes, or 1,024 of its path.
    Length,
}

/// A `Set-Cookie` field, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SetCookie(String);

impl CookieRule {
    pub(super) fn new(name: &'static str, path: &str, same_site: SameSite) -> Result<Self, CookieFault> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(CookieFault::Name);
        }
        if !path.starts_with('/') || !path.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b';' | b','))
        {
            return Err(CookieFault::Path);
        }
        if path.len() > MOST_PATH {
            return Err(CookieFault::Length);
        }
        // Browsers compare the prefix without case.
        if name.get(..7).is_some_and(|prefix| prefix.eq_ignore_ascii_case("__Host-")) && path != "/" {
            return Err(CookieFault::HostPrefix);
        }
        let rule = Self { name, path: path.into(), same_site };
        rule.line("", Duration::ZERO).map(|_| rule)
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Sets the cookie to a token for so long, at most 400 days.
    pub(super) fn set(&self, token: &str, age: Duration) -> Result<SetCookie, CookieFault> {
        if !is_b64token(token) {
            return Err(CookieFault::Value);
        }
        self.line(token, age.min(MOST_AGE))
    }

    /// Clears it: all but value and age are as when it was set, or browsers would clear another one.
    pub(super) fn clear(&self) -> SetCookie {
        // No longer than what was measured when it was set up.
        self.line("", Duration::ZERO).unwrap_or_else(|_| SetCookie(String::new()))
    }

    fn line(&self, value: &str, age: Duration) -> Result<SetCookie, CookieFault> {
        let Self { name, path, same_site } = self;
        let (age, same_site) = (age.as_secs(), same_site.text());
        let line =
            format!("{name}={value}; Path={path}; Max-Age={age}; Secure; HttpOnly; SameSite={same_site}");
        if line.len() > MOST { Err(CookieFault::Length) } else { Ok(SetCookie(line)) }
    }
}

impl SetCookie {
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// Shows no value.
impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetCookie")
    }
}

impl fmt::Display for CookieFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "its name is no token",
            Self::Path => "its path does not start with `/`, or has characters that end it",
            Self::HostPrefix => "the prefix `__Host-` needs the path `/`",
            Self::Value => "its value has characters that a cookie must not have",
            Self::Length => "it is longer than 4,096 bytes, or its path than 1,024: browsers may drop it",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cookie: Result<SetCookie, CookieFault>) -> String {
        cookie.unwrap().into_text()
    }

    #[test]
    fn a_cookie_is_set_and_cleared_with_the_same_attributes() {
        let rule = CookieRule::new("__Secure-refresh", "/auth/refresh", SameSite::Strict).unwrap();
        assert_eq!(
            text(rule.set("rt_abc", Duration::from_millis(60_900))),
            "__Secure-refresh=rt_abc; Path=/auth/refresh; Max-Age=60; Secure; HttpOnly; SameSite=Strict"
        );
        assert_eq!(
            rule.clear().into_text(),
            "__Secure-refresh=; Path=/auth/refresh; Max-Age=0; Secure; HttpOnly; SameSite=Strict"
        );
    }

    #[test]
    fn no_cookie_lives_longer_than_400_days() {
        let rule = CookieRule::new("__Host-access", "/", SameSite::None).unwrap();
        let line = text(rule.set("a", Duration::MAX));
        assert_eq!(line, "__Host-access=a; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=None");
    }

    #[test]
    fn what_is_no_cookie_is_refused_when_it_is_set_up_or_set() {
        let rule = |name, path| CookieRule::new(name, path, SameSite::Lax).unwrap_err();
        assert_eq!(rule("", "/"), CookieFault::Name);
        assert_eq!(rule("a b", "/"), CookieFault::Name);
        assert_eq!(rule("a=b", "/"), CookieFault::Name);
        for path in ["", "x", "/x; Domain=example.com", "/x y", "/\r\n", "/ä", "/a,b"] {
            assert_eq!(rule("a", path), CookieFault::Path, "{path}");
        }
        for name in ["__Host-access", "__HOST-access", "__host-access"] {
            assert_eq!(rule(name, "/auth"), CookieFault::HostPrefix, "{name}");
        }
        let long: &'static str = "/a".repeat(2_100).leak();
        assert_eq!(rule("a", long), CookieFault::Length);

        let rule = CookieRule::new("a", "/", SameSite::Lax).unwrap();
        for value in ["", "a;b", "a b", "a\"", "a\r\nb", "ä"] {
            assert_eq!(rule.set(value, Duration::ZERO), Err(CookieFault::Value), "{value}");
        }
    }

    #[test]
    fn a_cookie_of_4096_bytes_is_set_and_one_of_4097_is_not() {
        let rule = CookieRule::new("a", "/", SameSite::Lax).unwrap();
        let rest = text(rule.set("x", Duration::ZERO)).len() - 1;
        assert_eq!(text(rule.set(&"x".repeat(4_096 - rest), Duration::ZERO)).len(), 4_096);
        assert_eq!(rule.set(&"x".repeat(4_097 - rest), Duration::ZERO), Err(CookieFault::Length));
    }
}

//! Serialized origins (RFC 6454 §6.2): scheme, host and port, all three or nothing.

use core::fmt;
use core::net::Ipv6Addr;
use core::str::FromStr;

/// One web origin: `http` or `https`, a host, and a port.
///
/// Scheme and host are compared without case and the default port is the same as none, so
/// `https://APP.example.com:443` is `https://app.example.com`. All three parts must be equal:
/// comparing hosts alone is a known hole (CVE-2025-47909).
///
/// ```
/// use jwt_core::request::Origin;
/// let origin: Origin = "https://app.example.com".parse()?;
/// assert!(origin.matches(b"https://app.example.com:443"));
/// assert!(!origin.matches(b"http://app.example.com"));
/// assert!(!origin.matches(b"https://app.example.com.evil.example"));
/// # Ok::<(), jwt_core::request::OriginError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    host: Host<String>,
    port: u16,
}

impl Origin {
    /// Whether the value of an `Origin` field is this origin. Whatever is not a serialized origin
    /// is not.
    #[must_use]
    pub fn matches(&self, value: &[u8]) -> bool {
        core::str::from_utf8(value).ok().and_then(split).is_some_and(|(https, host, port)| {
            let same_host = match (&self.host, host) {
                (Host::Name(ours), Host::Name(theirs)) => ours.eq_ignore_ascii_case(theirs),
                (Host::Ipv6(ours), Host::Ipv6(theirs)) => *ours == theirs,
                (Host::Name(_), Host::Ipv6(_)) | (Host::Ipv6(_), Host::Name(_)) => false,
            };
            self.https == https && self.port == port && same_host
        })
    }
}

/// The form that browsers send: lower case, without the default port.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.https { "https://" } else { "http://" })?;
        match &self.host {
            Host::Name(name) => f.write_str(name)?,
            Host::Ipv6(address) => write!(f, "[{address}]")?,
        }
        if self.port == default_port(self.https) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    /// Reads one origin.
    ///
    /// # Errors
    ///
    /// - [`OriginError::Null`]: `null`, the origin of every sandboxed page.
    /// - [`OriginError::Wildcard`]: an asterisk.
    /// - [`OriginError::NotOnlyAnOrigin`]: a path, query or fragment, be it a single `/`.
    /// - [`OriginError::Malformed`]: anything else that is not `http` or `https`, `://`, a host in
    ///   ASCII and perhaps a port; user information included.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        if let Some((https, host, port)) = split(text) {
            let host = match host {
                Host::Name(name) => Host::Name(name.to_ascii_lowercase()),
                Host::Ipv6(address) => Host::Ipv6(address),
            };
            return Ok(Self { https, host, port });
        }
        let value = text.to_owned();
        let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
        Err(if text.eq_ignore_ascii_case("null") {
            OriginError::Null
        } else if text.contains('*') {
            OriginError::Wildcard { value }
        } else if after_scheme.contains(['/', '?', '#']) {
            OriginError::NotOnlyAnOrigin { value }
        } else {
            OriginError::Malformed { value }
        })
    }
}

/// The origins whose pages may send unsafe requests with a cookie; none by default.
///
/// ```
/// use jwt_core::request::{AllowedOrigins, OriginError};
/// let allowed = AllowedOrigins::new(["https://app.example.com", "http://localhost:5173"])?;
/// assert!(allowed.contains(b"http://localhost:5173"));
/// assert!(!allowed.contains(b"http://localhost:3000"));
///
/// let wildcard = AllowedOrigins::new(["https://*.example.com"]).unwrap_err();
/// assert_eq!(wildcard, OriginError::Wildcard { value: "https://*.example.com".to_owned() });
/// # Ok::<(), OriginError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins {
    list: Vec<Origin>,
}

impl AllowedOrigins {
    /// A list of origins.
    ///
    /// # Errors
    ///
    /// Those of [`Origin::from_str`], for the first text that is not an origin.
    pub fn new<T: AsRef<str>>(origins: impl IntoIterator<Item = T>) -> Result<Self, OriginError> {
        let list = origins.into_iter().map(|text| text.as_ref().parse()).collect::<Result<_, _>>()?;
        Ok(Self { list })
    }

    /// Whether the value of an `Origin` field is on the list. `null` never is.
    #[must_use]
    pub fn contains(&self, value: &[u8]) -> bool {
        self.list.iter().any(|origin| origin.matches(value))
    }
}

/// A text that cannot stand on a list of origins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OriginError {
    /// `null`, which any page can have as its origin.
    Null,
    /// An asterisk: each origin is listed by itself.
    Wildcard {
        /// The text as given.
        value: String,
    },
    /// Something follows host and port.
    NotOnlyAnOrigin {
        /// The text as given.
        value: String,
    },
    /// Not of the form `https://host` or `https://host:port`.
    Malformed {
        /// The text as given.
        value: String,
    },
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OriginError::Null => {
                f.write_str("`null` is the origin of any sandboxed page and cannot be allowed")
            }
            OriginError::Wildcard { value } => {
                write!(f, "origin {value:?} has a wildcard; list each origin by itself")
            }
            OriginError::NotOnlyAnOrigin { value } => {
                write!(f, "origin {value:?} goes on after host and port; leave out the rest, even `/`")
            }
            OriginError::Malformed { value } => {
                write!(f, "origin {value:?} is not of the form `https://host` or `https://host:port`")
            }
        }
    }
}

impl core::error::Error for OriginError {}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host<S> {
    /// A name or an IPv4 address.
    Name(S),
    Ipv6(Ipv6Addr),
}

const fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

fn split(text: &str) -> Option<(bool, Host<&str>, u16)> {
    let (scheme, authority) = text.split_once("://")?;
    let https = match scheme {
        s if s.eq_ignore_ascii_case("https") => true,
        s if s.eq_ignore_ascii_case("http") => false,
        _ => return None,
    };
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (address, rest) = bracketed.split_once(']')?;
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
            (Host::Ipv6(address.parse().ok()?), port)
        }
        None => {
            let (name, port) = match authority.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (authority, None),
            };
            (Host::Name(is_host_name(name).then_some(name)?), port)
        }
    };
    let port = match port {
        None => default_port(https),
        Some(digits) => {
            let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
            canonical.then(|| digits.parse().ok())??
        }
    };
    Some((https, host, port))
}

/// Labels of ASCII letters, digits, `-` and `_`, none empty. Other scripts arrive in Punycode.
fn is_host_name(name: &str) -> bool {
    name.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_origins_match_in_every_spelling() {
        for (ours, theirs) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://APP.Example.com:443", "https://app.example.com"),
            ("HTTPS://app.example.com", "https://app.example.com:443"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:3000", "http://LOCALHOST:3000"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            let (a, b): (Origin, Origin) = (ours.parse().unwrap(), theirs.parse().unwrap());
            assert_eq!(a, b, "{ours} {theirs}");
            assert!(a.matches(theirs.as_bytes()) && b.matches(ours.as_bytes()), "{ours} {theirs}");
        }
    }

    #[test]
    fn another_scheme_host_or_port_does_not_match() {
        let origin: Origin = "https://app.example.com".parse().unwrap();
        for theirs in [
            "http://app.example.com",
            "http://app.example.com:443",
            "https://app.example.com:8443",
            "https://example.com",
            "https://xapp.example.com",
            "https://app.example.com.",
            "https://app.example.com.evil.example",
            "null",
            "",
            "https://app.example.com/",
            "https://app.example.com:",
            "https://app.example.com:0443",
            "https://app.example.com:+443",
            "https://user@app.example.com",
            "https://app.example.com@evil.example",
            "app.example.com",
            "//app.example.com",
            "https:app.example.com",
            " https://app.example.com",
            "https://app.example.com ",
            "https://app.example.com\0",
            "https://app.example.com https://evil.example",
            "https://app.example.com, https://app.example.com",
            "https://app%2Eexample.com",
            "https://app。example.com",
            "https://app.example.com:443:443",
            "https://[::1]",
        ] {
            assert!(!origin.matches(theirs.as_bytes()), "{theirs:?}");
        }
        assert!(!origin.matches(b"https://app.example.com\xff"));
    }

    #[test]
    fn texts_that_are_no_origin_are_refused_by_kind() {
        let value = str::to_owned;
        for (text, expected) in [
            ("null", OriginError::Null),
            ("NULL", OriginError::Null),
            ("*", OriginError::Wildcard { value: value("*") }),
            ("https://*.example.com", OriginError::Wildcard { value: value("https://*.example.com") }),
            ("https://a.example/", OriginError::NotOnlyAnOrigin { value: value("https://a.example/") }),
            ("https://a.example?x", OriginError::NotOnlyAnOrigin { value: value("https://a.example?x") }),
            ("", OriginError::Malformed { value: value("") }),
            ("a.example", OriginError::Malformed { value: value("a.example") }),
            ("ftp://a.example", OriginError::Malformed { value: value("ftp://a.example") }),
            ("https://", OriginError::Malformed { value: value("https://") }),
            ("https://.a.example", OriginError::Malformed { value: value("https://.a.example") }),
            ("https://a.example:", OriginError::Malformed { value: value("https://a.example:") }),
            ("https://a.example:65536", OriginError::Malformed { value: value("https://a.example:65536") }),
            ("https://u:p@a.example", OriginError::Malformed { value: value("https://u:p@a.example") }),
            ("https://[::1", OriginError::Malformed { value: value("https://[::1") }),
            ("https://[::1]x", OriginError::Malformed { value: value("https://[::1]x") }),
            ("https://bücher.example", OriginError::Malformed { value: value("https://bücher.example") }),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn display_is_the_form_that_browsers_send() {
        for (text, expected) in [
            ("HTTPS://APP.example:443", "https://app.example"),
            ("http://a.example:8080", "http://a.example:8080"),
            ("https://[0:0::1]:444", "https://[::1]:444"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn no_byte_in_a_host_panics() {
        let origin: Origin = "https://aba.example".parse().unwrap();
        for byte in 0..=255_u8 {
            let theirs = [b"https://a".as_slice(), &[byte], b"a.example"].concat();
            assert_eq!(origin.matches(&theirs), byte == b'b' || byte == b'B', "{byte:#04x}");
        }
    }

    #[test]
    fn every_error_names_what_it_refuses() {
        let value = || "b d".to_owned();
        for (error, text) in [
            (OriginError::Null, "`null` is the origin of any sandboxed page and cannot be allowed"),
            (
                OriginError::Wildcard { value: value() },
                "origin \"b d\" has a wildcard; list each origin by itself",
            ),
            (
                OriginError::NotOnlyAnOrigin { value: value() },
                "origin \"b d\" goes on after host and port; leave out the rest, even `/`",
            ),
            (
                OriginError::Malformed { value: value() },
                "origin \"b d\" is not of the form `https://host` or `https://host:port`",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}

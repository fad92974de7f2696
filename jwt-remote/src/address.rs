//! Where keys and verdicts may be asked for.

use core::fmt;

use url::{Host, Url};

/// An address that may be asked: `https`, or `http` to this very machine. Whoever can change an answer on the way
/// makes tokens that we believe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(Url);

/// Why an address is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// It is no absolute URL with a host (RFC 3986 §4.3).
    #[non_exhaustive]
    Malformed {
        /// What was configured.
        address: String,
    },
    /// It is neither `https` nor `http` to a loopback address.
    #[non_exhaustive]
    NotHttps {
        /// What was configured.
        address: String,
    },
    /// It has a user's name or password in it, which would stand in logs; or a fragment, which is never sent.
    #[non_exhaustive]
    NotPlain {
        /// The host that was configured, for the rest may be secret.
        host: String,
    },
}

impl AddressError {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            AddressError::Malformed { .. } => "malformed_address",
            AddressError::NotHttps { .. } => "not_https",
            AddressError::NotPlain { .. } => "not_plain_address",
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressError::Malformed { address } => write!(f, "{address:?} is no absolute URL with a host"),
            AddressError::NotHttps { address } => {
                write!(f, "{address:?} is not https, and http is for loopback addresses only")
            }
            AddressError::NotPlain { host } => {
                write!(f, "the address at {host:?} has credentials or a fragment in it: leave them out")
            }
        }
    }
}

impl core::error::Error for AddressError {}

impl Address {
    pub(crate) fn new(address: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed { address: address.to_owned() };
        let url = Url::parse(address).map_err(|_| malformed())?;
        let host = url.host().ok_or_else(malformed)?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(AddressError::NotPlain { host: host.to_string() });
        }
        let is_loopback = match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback => Ok(Self(url)),
            _ => Err(AddressError::NotHttps { address: address.to_owned() }),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// For logs: some servers are given a secret in the query.
    pub(crate) fn without_query(&self) -> &str {
        self.as_str().split('?').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(address: &str) -> Option<&'static str> {
        Address::new(address).err().map(|error| error.code())
    }

    #[test]
    fn https_and_loopback_are_asked_and_nothing_else() {
        for (address, expected) in [
            ("https://id.example.com/.well-known/jwks.json", None),
            ("https://id.example.com:8443/jwks?version=2", None),
            ("http://localhost:3000/jwks", None),
            ("http://127.0.0.1/jwks", None),
            ("http://127.9.9.9/jwks", None),
            ("http://[::1]:80/jwks", None),
            ("http://id.example.com/jwks", Some("not_https")),
            ("http://localhost.example.com/jwks", Some("not_https")),
            ("http://127.0.0.1.example.com/jwks", Some("not_https")),
            ("http://0.0.0.0/jwks", Some("not_https")),
            ("http://[::ffff:127.0.0.1]/jwks", Some("not_https")),
            ("ftp://id.example.com/jwks", Some("not_https")),
            ("mailto:keys@id.example.com", Some("malformed_address")),
            ("data:application/json,{}", Some("malformed_address")),
            ("/jwks", Some("malformed_address")),
            ("id.example.com/jwks", Some("malformed_address")),
            ("https://", Some("malformed_address")),
            ("", Some("malformed_address")),
            ("https://user@id.example.com/jwks", Some("not_plain_address")),
            ("https://:secret@id.example.com/jwks", Some("not_plain_address")),
            ("https://id.example.com/jwks#keys", Some("not_plain_address")),
        ] {
            assert_eq!(code(address), expected, "{address}");
        }
    }

    #[test]
    fn logs_see_no_query() {
        for address in ["https://id.example.com/jwks?key=secret", "https://id.example.com/jwks"] {
            assert_eq!(Address::new(address).unwrap().without_query(), "https://id.example.com/jwks");
        }
    }

    #[test]
    fn an_error_quotes_what_was_configured_and_no_password() {
        let words = |address: &str| Address::new(address).unwrap_err().to_string();
        assert_eq!(words("jwks"), r#""jwks" is no absolute URL with a host"#);
        assert_eq!(
            words("http://id.example.com/"),
            r#""http://id.example.com/" is not https, and http is for loopback addresses only"#
        );
        let words = words("https://user:secret@id.example.com/");
        assert!(words.contains("id.example.com") && !words.contains("secret"), "{words}");
    }
}

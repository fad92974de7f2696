//! Where keys and verdicts may be asked for.

use core::fmt;

use url::{Host, Url};

use crate::bounds::shortened;

/// An address that may be asked: `https`, or `http` to this very machine. Whoever can change an answer on the way
/// makes tokens that we believe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(Url);

/// How an address may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Transport {
    /// `https` alone: for addresses that somebody else names.
    Https,
    /// Or `http` to this very machine: for addresses that the operator configures.
    #[default]
    OrLoopback,
    /// Or `http` to anywhere, where the operator asked for it by a loud name.
    OrHttp,
}

/// Why an address is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// It is no absolute URL with a host (RFC 3986 §4.3).
    #[non_exhaustive]
    Malformed {
        /// What was configured, without its query; of one with an `@` in it, which may end a password, the scheme alone.
        address: String,
    },
    /// It is neither `https` nor `http` to a loopback address.
    #[non_exhaustive]
    NotHttps {
        /// What was configured, without its query.
        address: String,
    },
    /// It is longer than 2,048 bytes.
    #[non_exhaustive]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// A template of issuers has not exactly one part in braces, or has it where it could name another provider.
    #[non_exhaustive]
    Template {
        /// What was configured, as far as that of a malformed address.
        template: String,
    },
    /// It has a user's name or password in it, which would stand in logs; or a fragment, which is never sent; or, as
    /// an issuer, a query (RFC 8414 §2).
    #[non_exhaustive]
    NotPlain {
        /// The host that was configured, for the rest may be secret.
        host: String,
    },
}

impl AddressError {
    /// Of an address that somebody else names: escaped, and no more than helps.
    pub(crate) fn shortened(self) -> Self {
        let short = |text: String| shortened(&text);
        match self {
            AddressError::Malformed { address } => AddressError::Malformed { address: short(address) },
            AddressError::NotHttps { address } => AddressError::NotHttps { address: short(address) },
            AddressError::Template { template } => AddressError::Template { template: short(template) },
            AddressError::NotPlain { host } => AddressError::NotPlain { host: short(host) },
            AddressError::TooLong { .. } => self,
        }
    }

    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            AddressError::Malformed { .. } => "malformed_address",
            AddressError::NotHttps { .. } => "not_https",
            AddressError::Template { .. } => "not_a_template",
            AddressError::NotPlain { .. } => "not_plain_address",
            AddressError::TooLong { .. } => "address_too_long",
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressError::Malformed { address } => write!(f, "{address:?} is no absolute URL with a host"),
            AddressError::NotHttps { address } => {
                write!(
                    f,
                    "{address:?} is not https; http is asked of this machine alone, of others by `insecure_allow_http`, \
                     and never where an https issuer names it"
                )
            }
            AddressError::TooLong { bytes } => {
                write!(f, "the address has {bytes} bytes; no more than {MOST_ADDRESS_BYTES} are taken")
            }
            AddressError::Template { template } => write!(
                f,
                "{template:?} is no template of issuers: it needs exactly one part in braces, in the path or as the first \
                 label of a host below a domain"
            ),
            AddressError::NotPlain { host } => {
                write!(
                    f,
                    "the address at {host:?} has credentials, a fragment or a query in it that do not belong there"
                )
            }
        }
    }
}

impl core::error::Error for AddressError {}

/// It is kept, told and logged: more than any provider needs.
const MOST_ADDRESS_BYTES: usize = 2_048;

/// Of a good address, for logs: some servers are given a secret in the query.
pub(crate) fn without_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}

/// Of what may be no good address, for logs: no query, no fragment, and no credentials.
pub(crate) fn shown(address: &str) -> String {
    if !address.contains('@') {
        return without_query(address).to_owned();
    }
    // Where they end is anybody's guess: a `/`, `?` or `#` in a password is often not escaped.
    let scheme = address.split_once("://").map(|(scheme, _)| scheme).unwrap_or_default();
    let is_one = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    format!("{}://…", if is_one { scheme } else { "" })
}

impl Address {
    pub(crate) fn new(address: &str, transport: Transport) -> Result<Self, AddressError> {
        if address.len() > MOST_ADDRESS_BYTES {
            return Err(AddressError::TooLong { bytes: address.len() });
        }
        let malformed = || AddressError::Malformed { address: shown(address) };
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
            "http" if transport == Transport::OrHttp => Ok(Self(url)),
            "http" if is_loopback && transport == Transport::OrLoopback => Ok(Self(url)),
            _ => Err(AddressError::NotHttps { address: shown(address) }),
        }
    }

    /// An issuer's identifier (RFC 8414 §2, OpenID Connect Discovery §3).
    pub(crate) fn issuer(issuer: &str, transport: Transport) -> Result<Self, AddressError> {
        let address = Self::new(issuer, transport)?;
        match address.0.query() {
            Some(_) => Err(AddressError::NotPlain { host: address.host() }),
            None => Ok(address),
        }
    }

    /// What of addresses the one behind this one may name: nothing less safe than its own.
    pub(crate) fn transport_of_others(&self, transport: Transport) -> Transport {
        if self.0.scheme() == "https" { Transport::Https } else { transport }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    fn host(&self) -> String {
        self.0.host_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// For logs.
    pub(crate) fn without_query(&self) -> &str {
        without_query(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(address: &str) -> Option<&'static str> {
        Address::new(address, Transport::OrLoopback).err().map(|error| error.code())
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
        let of = |bytes: usize| format!("https://id.example.com/{}", "a".repeat(bytes - 23));
        assert_eq!((code(&of(2_048)), code(&of(2_049))), (None, Some("address_too_long")));
    }

    #[test]
    fn what_others_name_is_no_less_safe_than_what_is_configured() {
        let at = |address: &str, transport| Address::new(address, transport);
        assert!(at("http://127.0.0.1/", Transport::Https).is_err());
        assert!(at("http://id.example.com/", Transport::OrHttp).is_ok());
        assert!(at("ftp://id.example.com/", Transport::OrHttp).is_err());
        let https = at("https://id.example.com/", Transport::OrHttp).unwrap();
        assert_eq!(https.transport_of_others(Transport::OrHttp), Transport::Https);
        let local = at("http://localhost/", Transport::OrLoopback).unwrap();
        assert_eq!(local.transport_of_others(Transport::OrLoopback), Transport::OrLoopback);
    }

    #[test]
    fn an_issuer_has_no_query() {
        let code = |issuer: &str| Address::issuer(issuer, Transport::Https).err().map(|error| error.code());
        assert_eq!(code("https://id.example.com/a"), None);
        assert_eq!(code("https://id.example.com/a?b"), Some("not_plain_address"));
        assert_eq!(code("https://id.example.com/a#b"), Some("not_plain_address"));
    }

    #[test]
    fn logs_see_no_query() {
        for address in ["https://id.example.com/jwks?key=secret", "https://id.example.com/jwks"] {
            assert_eq!(
                Address::new(address, Transport::Https).unwrap().without_query(),
                "https://id.example.com/jwks"
            );
        }
    }

    #[test]
    fn an_error_quotes_what_was_configured_and_no_password() {
        let words = |address: &str| Address::new(address, Transport::Https).unwrap_err().to_string();
        assert_eq!(words("jwks"), r#""jwks" is no absolute URL with a host"#);
        assert_eq!(
            words("http://id.example.com/"),
            r#""http://id.example.com/" is not https; http is asked of this machine alone, of others by `insecure_allow_http`, and never where an https issuer names it"#
        );
        let quoted = words("https://user:secret@id.example.com/");
        assert!(quoted.contains("id.example.com") && !quoted.contains("secret"), "{quoted}");
        for (address, quoted) in [
            ("https://user:secret@id.example.com:port/", r#""https://…""#),
            ("https://user:sec?ret@id.example.com/", r#""https://…""#),
            ("https://user:sec/ret#@id.example.com/", r#""https://…""#),
            ("user:secret@id.example.com", r#""://…""#),
            ("user:secret@id.example.com://", r#""://…""#),
            ("https://id.example.com:port/?secret#secret", r#""https://id.example.com:port/""#),
            ("https://id.example.com:port/#secret?secret", r#""https://id.example.com:port/""#),
        ] {
            assert_eq!(words(address), format!("{quoted} is no absolute URL with a host"), "{address}");
        }
    }
}

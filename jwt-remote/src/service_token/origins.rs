//! Whom the token may be sent to.

use http::Uri;
use http::uri::Authority;
use url::Url;

use crate::address::{Address, AddressError, Transport};

/// Origins (RFC 6454 §4) that the token may be sent to.
#[derive(Clone, Debug)]
pub(super) enum Origins {
    These(Vec<Origin>),
    /// Whatever the address says, or does not say.
    All,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    /// In lower case.
    host: String,
    port: u16,
}

impl Origin {
    /// Of an address that is configured.
    pub(super) fn new(address: &str, transport: Transport) -> Result<Self, AddressError> {
        let address = Address::new(address, transport)?;
        Ok(Self::of(address.url()))
    }

    fn of(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
        }
    }
}

impl Origins {
    /// Whether a request to this address may carry the token. What names no host, or anything unusual, may not.
    pub(super) fn contain(&self, uri: &Uri) -> bool {
        let origins = match self {
            Origins::All => return true,
            Origins::These(origins) => origins,
        };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
        let Some(port) = port(scheme, authority) else { return false };
        let is_it = |origin: &Origin| {
            origin.scheme == scheme
                && origin.port == port
                && origin.host.eq_ignore_ascii_case(authority.host())
        };
        origins.iter().any(is_it)
    }
}

/// The port, named or not; `None` for anything else that stands behind the host.
fn port(scheme: &str, authority: &Authority) -> Option<u16> {
    // A user's name before the host (RFC 3986 §3.2.1) has deceived many a reader.
    let behind = authority.as_str().strip_prefix(authority.host())?;
    match (behind.strip_prefix(':'), scheme) {
        (Some(_), _) => authority.port_u16(),
        (None, "https") if behind.is_empty() => Some(443),
        (None, "http") if behind.is_empty() => Some(80),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_the_origins_that_are_named_and_to_no_other() {
        let named = [
            "https://API.example.com",
            "https://api.example.com:8443/x",
            "http://127.0.0.1:3000",
            "https://[2001:db8::1]",
        ];
        let origins =
            Origins::These(named.map(|origin| Origin::new(origin, Transport::OrLoopback).unwrap()).into());
        for (uri, allowed) in [
            ("https://api.example.com/a?b", true),
            ("https://api.example.com:443/", true),
            ("https://Api.Example.Com/", true),
            ("https://api.example.com:8443/", true),
            ("http://127.0.0.1:3000/", true),
            ("https://[2001:db8::1]:443/", true),
            ("http://api.example.com/", false),
            ("http://api.example.com:443/", false),
            ("https://api.example.com:444/", false),
            ("https://api.example.com:/", false),
            ("https://api.example.com./", false),
            ("https://api.example.com.evil.example/", false),
            ("https://evil.example/?api.example.com", false),
            ("https://api.example.com@evil.example/", false),
            ("https://user@api.example.com/", false),
            ("https://xapi.example.com/", false),
            ("http://127.0.0.1/", false),
            ("http://localhost:3000/", false),
            ("wss://api.example.com/", false),
            ("/a", false),
            ("api.example.com:443", false),
        ] {
            assert_eq!(origins.contain(&uri.parse().unwrap()), allowed, "{uri}");
        }
        assert!(Origins::All.contain(&"/a".parse().unwrap()));
        assert!(!Origins::These(Vec::new()).contain(&"https://api.example.com/".parse().unwrap()));
    }

    #[test]
    fn an_origin_without_tls_is_refused() {
        let code = |origin: &str, transport| Origin::new(origin, transport).err().map(|error| error.code());
        assert_eq!(code("http://api.example.com", Transport::OrLoopback), Some("not_https"));
        assert_eq!(code("http://api.example.com", Transport::OrHttp), None);
        assert_eq!(code("api.example.com", Transport::OrHttp), Some("malformed_address"));
    }
}

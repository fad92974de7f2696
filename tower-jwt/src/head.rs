//! The head of an `http` 1.x request, as the core reads it.

use core::fmt;

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::uri::Authority;
use http::{Method, Request, Uri, Version, request};
use jwt_core::request::{Carriers, RequestHead};

/// Borrows the head of an `http` request for [`RequestAuth::decide`](jwt_core::RequestAuth::decide).
#[derive(Clone, Copy)]
pub struct HttpHead<'r> {
    method: &'r Method,
    uri: &'r Uri,
    version: Version,
    headers: &'r HeaderMap,
}

impl<'r, B> From<&'r Request<B>> for HttpHead<'r> {
    fn from(request: &'r Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
        }
    }
}

impl<'r> From<&'r request::Parts> for HttpHead<'r> {
    fn from(parts: &'r request::Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, version: parts.version, headers: &parts.headers }
    }
}

impl RequestHead for HttpHead<'_> {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn scheme(&self) -> Option<&str> {
        self.uri.scheme_str()
    }

    fn authority(&self) -> Option<&str> {
        self.uri.authority().map(Authority::as_str)
    }

    fn path(&self) -> &str {
        self.uri.path()
    }

    fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    fn for_each_field<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        // The names that every request is asked for need no parsing.
        let values = match name {
            "authorization" => self.headers.get_all(AUTHORIZATION),
            "cookie" => self.headers.get_all(COOKIE),
            "origin" => self.headers.get_all(ORIGIN),
            "upgrade" => self.headers.get_all(UPGRADE),
            "sec-websocket-protocol" => self.headers.get_all(SEC_WEBSOCKET_PROTOCOL),
            name => self.headers.get_all(name),
        };
        values.iter().for_each(|value| visit(value.as_bytes()));
    }

    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        self.headers.iter().for_each(|(name, value)| visit(name.as_str(), value.as_bytes()));
    }

    fn is_http2(&self) -> bool {
        self.version >= Version::HTTP_2
    }
}

/// Marks the values of the fields that a token may stand in as sensitive.
pub(crate) fn mark_sensitive(headers: &mut HeaderMap, carriers: &Carriers) {
    for field in carriers.fields() {
        match field {
            // The one that nearly every request has, and that is refused where it has two values.
            "authorization" => {
                headers.get_mut(AUTHORIZATION).into_iter().for_each(|value| value.set_sensitive(true));
            }
            // Others may have several: cookies over HTTP/2, for one.
            field => {
                let values = headers.iter_mut().filter(|(name, _)| *name == field);
                values.for_each(|(_, value)| value.set_sensitive(true));
            }
        }
    }
}

/// Shows method and path; query and fields may hold tokens.
impl fmt::Debug for HttpHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpHead")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}

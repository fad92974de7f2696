//! The head of an `http` 1.x request, as the core reads it.

use http::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{Method, Request, Uri, request};
use jwt_core::request::RequestHead;

/// Borrows the head of an `http` request for [`RequestAuth::decide`](jwt_core::RequestAuth::decide).
#[derive(Clone, Copy, Debug)]
pub struct HttpHead<'r> {
    method: &'r Method,
    uri: &'r Uri,
    headers: &'r HeaderMap,
}

impl<'r, B> From<&'r Request<B>> for HttpHead<'r> {
    fn from(request: &'r Request<B>) -> Self {
        Self { method: request.method(), uri: request.uri(), headers: request.headers() }
    }
}

impl<'r> From<&'r request::Parts> for HttpHead<'r> {
    fn from(parts: &'r request::Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
    }
}

impl RequestHead for HttpHead<'_> {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn scheme(&self) -> Option<&str> {
        self.uri.scheme_str()
    }

    fn host(&self) -> Option<&str> {
        match self.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => self.headers.get(HOST)?.to_str().ok(),
        }
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
}

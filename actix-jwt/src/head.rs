//! The head of an actix-web request, as the core reads it.

use core::fmt;

use actix_web::HttpRequest;
use actix_web::dev::{self, ServiceRequest};
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use actix_web::http::uri::Authority;
use actix_web::http::{Method, Uri, Version};
use jwt_core::request::RequestHead;

/// Borrows the head of an actix-web request for
/// [`RequestAuth::decide`](jwt_core::RequestAuth::decide).
///
/// Reads what was sent: neither the cookie jar, which decodes names, nor `ConnectionInfo`, which
/// believes forwarded fields. The scheme is the target's own where it has one; whether the socket
/// is encrypted says nothing about what a proxy in front of it speaks, so it is not asked.
///
/// ```
/// use actix_jwt::HttpHead;
/// use jwt_core::request::RequestHead;
///
/// let request = actix_web::test::TestRequest::with_uri("/me?page=2").to_http_request();
/// let head = HttpHead::from(&request);
/// assert_eq!((head.path(), head.query(), head.scheme()), ("/me", Some("page=2"), None));
/// ```
#[derive(Clone, Copy)]
pub struct HttpHead<'r> {
    method: &'r Method,
    uri: &'r Uri,
    version: Version,
    headers: &'r HeaderMap,
}

impl<'r> From<&'r dev::RequestHead> for HttpHead<'r> {
    fn from(head: &'r dev::RequestHead) -> Self {
        Self { method: &head.method, uri: &head.uri, version: head.version, headers: &head.headers }
    }
}

impl<'r> From<&'r HttpRequest> for HttpHead<'r> {
    fn from(request: &'r HttpRequest) -> Self {
        request.head().into()
    }
}

impl<'r> From<&'r ServiceRequest> for HttpHead<'r> {
    fn from(request: &'r ServiceRequest) -> Self {
        request.head().into()
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
        values.for_each(|value| visit(value.as_bytes()));
    }

    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        self.headers.iter().for_each(|(name, value)| visit(name.as_str(), value.as_bytes()));
    }

    fn is_http2(&self) -> bool {
        self.version >= Version::HTTP_2
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

//! The head of an actix-web request, as the core reads it.

use actix_web::HttpRequest;
use actix_web::dev::{self, ServiceRequest};
use actix_web::http::header::{
    AUTHORIZATION, COOKIE, HOST, HeaderMap, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use actix_web::http::{Method, Uri};
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
#[derive(Clone, Copy, Debug)]
pub struct HttpHead<'r> {
    method: &'r Method,
    uri: &'r Uri,
    headers: &'r HeaderMap,
}

impl<'r> From<&'r dev::RequestHead> for HttpHead<'r> {
    fn from(head: &'r dev::RequestHead) -> Self {
        Self { method: &head.method, uri: &head.uri, headers: &head.headers }
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
        values.for_each(|value| visit(value.as_bytes()));
    }
}

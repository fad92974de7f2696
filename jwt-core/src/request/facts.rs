//! What a check may know about the request that carried a token.

use super::carriers::{CarrierKind, Credential};
use super::head::{Field, RequestHead, single_field};
use core::fmt;

/// The head of a request together with the token that it carried, lent to checks.
///
/// ```
/// use jwt_core::request::{CarrierKind, Credential, Field, RequestFacts, SimpleHead};
/// let head = SimpleHead::post("/orders").with_host("api.example.com").with_field("DPoP", "abc");
/// let facts = RequestFacts::new(&head, Credential::new("aa.bb.cc", CarrierKind::Authorization));
/// assert_eq!((facts.method(), facts.path(), facts.host()), ("POST", "/orders", Some("api.example.com")));
/// assert_eq!(facts.field("dpop"), Field::One(b"abc"));
/// assert_eq!(facts.field("x-request-id"), Field::Absent);
/// ```
#[derive(Clone, Copy)]
pub struct RequestFacts<'a> {
    head: &'a dyn RequestHead,
    credential: Credential<'a>,
}

impl<'a> RequestFacts<'a> {
    /// The facts of a request that carried this token.
    #[must_use]
    pub const fn new(head: &'a dyn RequestHead, credential: Credential<'a>) -> Self {
        Self { head, credential }
    }

    /// The token itself, which a proof of possession may have to name (`ath`, RFC 9449 §4.2).
    #[must_use]
    pub const fn token(&self) -> &'a str {
        self.credential.token()
    }

    /// Where the token stood.
    #[must_use]
    pub const fn carrier(&self) -> CarrierKind {
        self.credential.carrier()
    }

    /// The method, as sent.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.head.method()
    }

    /// The scheme, if the server knows it.
    #[must_use]
    pub fn scheme(&self) -> Option<&'a str> {
        self.head.scheme()
    }

    /// The authority that the request is addressed to. The client chose it: compare it with what
    /// is configured, never trust it.
    #[must_use]
    pub fn host(&self) -> Option<&'a str> {
        self.head.host()
    }

    /// The path, percent-encoded as sent.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.head.path()
    }

    /// The query, percent-encoded as sent. It holds the token if that is the carrier.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.head.query()
    }

    /// The field `name` (in lower case), where one is expected.
    #[must_use]
    pub fn field(&self, name: &str) -> Field<'a> {
        single_field(self.head, name)
    }

    /// Calls `visit` with the value of every field `name` (in lower case), in the order sent.
    pub fn for_each_field(&self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        self.head.for_each_field(name, visit);
    }
}

/// Shows method, path and carrier; fields and query may hold tokens.
impl fmt::Debug for RequestFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFacts")
            .field("method", &self.method())
            .field("path", &self.path())
            .field("carrier", &self.carrier())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::SimpleHead;

    #[test]
    fn what_is_lent_outlives_the_facts_and_debug_shows_no_values() {
        let head = SimpleHead::get("/me?access_token=secret")
            .with_scheme("https")
            .with_field("Host", "api.example.com")
            .with_field("Via", "secret-1")
            .with_field("Via", "secret-2");
        let (mut via, query) = (Vec::new(), {
            let facts = RequestFacts::new(&head, Credential::new("secret", CarrierKind::Query));
            let shown = format!("{facts:?}");
            assert_eq!(shown, r#"RequestFacts { method: "GET", path: "/me", carrier: Query, .. }"#);
            assert_eq!((facts.scheme(), facts.carrier()), (Some("https"), CarrierKind::Query));
            assert_eq!(facts.token(), "secret");
            assert_eq!((facts.host(), facts.path()), (Some("api.example.com"), "/me"));
            facts.query()
        });
        RequestFacts::new(&head, Credential::new("secret", CarrierKind::Query))
            .for_each_field("via", &mut |value| via.push(value));
        assert_eq!(query, Some("access_token=secret"));
        assert_eq!(via, [b"secret-1", b"secret-2"]);
    }
}

//! What a request says before its body, without a type of any HTTP library.

use super::grammar::trim_ows;
use core::fmt;

/// The head of a request: implemented once for each HTTP library, read by everything else here.
///
/// Everything is borrowed from the request; nothing is decoded or normalised on the way. The
/// trait is object-safe, and [`SimpleHead`] is an implementation without a library.
pub trait RequestHead {
    /// The method, as sent (RFC 9110 §9.1: case-sensitive).
    fn method(&self) -> &str;

    /// The scheme of the request's target, if the server knows it. Never taken from a
    /// `Forwarded` field.
    fn scheme(&self) -> Option<&str>;

    /// The authority of the request's target, where it has one: `:authority`, or the absolute form.
    fn authority(&self) -> Option<&str>;

    /// The host that the request is addressed to, with its port if it was sent: that of the target,
    /// else of the one `Host` field. User information says nothing about the host (RFC 9110
    /// §4.2.4), and two `Host` fields are two opinions (RFC 9112 §3.2).
    fn host(&self) -> Option<&str> {
        match (self.authority(), single_field(self, "host")) {
            (Some(authority), _) => authority.rsplit('@').next(),
            (None, Field::One(host)) => core::str::from_utf8(host).ok(),
            (None, Field::Absent | Field::Several) => None,
        }
    }

    /// The path, percent-encoded as sent.
    fn path(&self) -> &str;

    /// The query without its `?`, percent-encoded as sent.
    fn query(&self) -> Option<&str>;

    /// Calls `visit` with the value of every field `name`, in the order sent.
    ///
    /// `name` is in lower case. A value is not decoded and may hold any byte that the HTTP library
    /// lets through; several fields of one name are never joined.
    fn for_each_field<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8]));

    /// Calls `visit` with every field, its name in lower case: for a request that must wait and is
    /// then no longer there.
    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8]));

    /// Whether the request came by HTTP/2 or later. Default: no.
    fn is_http2(&self) -> bool {
        false
    }

    /// Whether the request asks for a WebSocket: `Upgrade` lists `websocket` (RFC 6455 §4.1), or
    /// the method is `CONNECT` (RFC 8441 §4, where HTTP/2 and HTTP/3 do it).
    ///
    /// Errs on the side of yes, for a yes means more proof of origin: every `CONNECT` counts, since
    /// its `:protocol` is out of sight here, and a `Connection` field that lists `upgrade` is not
    /// asked for, since a server may upgrade without.
    fn is_websocket_upgrade(&self) -> bool {
        if self.method() == "CONNECT" {
            return true;
        }
        let mut found = false;
        self.for_each_field("upgrade", &mut |value| {
            found |= value.split(|&b| b == b',').any(|protocol| {
                let name = protocol.split(|&b| b == b'/').next().unwrap_or(protocol);
                trim_ows(name).eq_ignore_ascii_case(b"websocket")
            });
        });
        found
    }
}

/// How often a field stands in a request, and its value where it stands once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// The field is absent.
    Absent,
    /// The field stands once, with this value, which may be empty.
    One(&'a [u8]),
    /// The field stands more than once. Which value a reader would pick is the attack.
    Several,
}

/// Shows how often the field stands, never its value.
impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Field::Absent => "Absent",
            Field::One(_) => "One",
            Field::Several => "Several",
        })
    }
}

/// The field `name` (in lower case) of a request, where one is expected.
///
/// ```
/// use jwt_core::request::{Field, SimpleHead, single_field};
/// let head = SimpleHead::get("/me")
///     .with_field("Origin", "https://a.example")
///     .with_field("X-N", "1")
///     .with_field("X-N", "1");
/// assert_eq!(single_field(&head, "origin"), Field::One(b"https://a.example"));
/// assert_eq!(single_field(&head, "x-n"), Field::Several);
/// assert_eq!(single_field(&head, "cookie"), Field::Absent);
/// ```
pub fn single_field<'a, H: RequestHead + ?Sized>(head: &'a H, name: &str) -> Field<'a> {
    let mut field = Field::Absent;
    head.for_each_field(name, &mut |value| {
        field = match field {
            Field::Absent => Field::One(value),
            Field::One(_) | Field::Several => Field::Several,
        };
    });
    field
}

/// A request head that owns its parts: for tests, examples and requests that come from elsewhere
/// than an HTTP library.
///
/// ```
/// use jwt_core::request::{RequestHead, SimpleHead};
/// let head = SimpleHead::get("/me?page=2")
///     .with_host("api.example.com")
///     .with_field("Authorization", "Bearer abc");
/// assert_eq!((head.path(), head.query()), ("/me", Some("page=2")));
/// assert!(!head.is_websocket_upgrade());
/// assert!(SimpleHead::get("/ws").with_field("Upgrade", "websocket").is_websocket_upgrade());
/// ```
#[derive(Clone, Default)]
pub struct SimpleHead {
    method: String,
    scheme: Option<String>,
    host: Option<String>,
    path: String,
    query: Option<String>,
    fields: Vec<(String, Vec<u8>)>,
    http2: bool,
}

impl SimpleHead {
    /// A request with `method` for `target`, which is a path and, after the first `?`, a query.
    #[must_use]
    pub fn new(method: impl Into<String>, target: &str) -> Self {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Self { method: method.into(), path: path.to_owned(), query, ..Self::default() }
    }

    /// A `GET` for `target`.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A `POST` for `target`.
    #[must_use]
    pub fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    /// Adds a field behind those that are there; the same name may be added again.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.fields.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Sets the scheme of the target.
    #[must_use]
    pub fn with_scheme(mut self, scheme: impl Into<String>) -> Self {
        self.scheme = Some(scheme.into());
        self
    }

    /// Says that the request came by HTTP/2 or later.
    #[must_use]
    pub const fn with_http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// A copy of what another head says.
    #[must_use]
    pub fn copy_of(head: &dyn RequestHead) -> Self {
        let mut fields = Vec::new();
        head.for_each(&mut |name, value| fields.push((name.to_ascii_lowercase(), value.to_owned())));
        Self {
            method: head.method().to_owned(),
            scheme: head.scheme().map(str::to_owned),
            host: head.authority().map(str::to_owned),
            path: head.path().to_owned(),
            query: head.query().map(str::to_owned),
            fields,
            http2: head.is_http2(),
        }
    }

    /// Sets the host, with its port where it has one.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }
}

impl RequestHead for SimpleHead {
    fn method(&self) -> &str {
        &self.method
    }

    fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }

    fn authority(&self) -> Option<&str> {
        self.host.as_deref()
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    fn for_each_field<'a>(&'a self, name: &str, visit: &mut dyn FnMut(&'a [u8])) {
        self.fields.iter().filter(|(n, _)| n == name).for_each(|(_, value)| visit(value));
    }

    fn for_each(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        self.fields.iter().for_each(|(name, value)| visit(name, value));
    }

    fn is_http2(&self) -> bool {
        self.http2
    }
}

/// Shows the method, the path and the names of the fields; values and query may hold tokens.
impl fmt::Debug for SimpleHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("SimpleHead")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("fields", &names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head of a library that tells no version of HTTP.
    struct Bare;

    impl RequestHead for Bare {
        fn method(&self) -> &str {
            "GET"
        }
        fn scheme(&self) -> Option<&str> {
            None
        }
        fn authority(&self) -> Option<&str> {
            None
        }
        fn path(&self) -> &str {
            "/"
        }
        fn query(&self) -> Option<&str> {
            None
        }
        fn for_each_field<'a>(&'a self, _: &str, _: &mut dyn FnMut(&'a [u8])) {}
        fn for_each(&self, _: &mut dyn FnMut(&str, &[u8])) {}
    }

    #[test]
    fn who_tells_no_version_is_not_http2() {
        assert!(!Bare.is_http2() && !SimpleHead::get("/").is_http2());
    }

    #[test]
    fn fields_are_visited_in_the_order_sent_and_never_joined() {
        let head = SimpleHead::get("/").with_field("A", "1").with_field("b", "x").with_field("a", "2, 3");
        let mut seen = Vec::new();
        head.for_each_field("a", &mut |value| seen.push(value));
        assert_eq!(seen, [b"1".as_slice(), b"2, 3"]);
    }

    #[test]
    fn websocket_upgrades_are_recognised_in_every_spelling() {
        let upgrade = |value: &str| SimpleHead::get("/").with_field("Upgrade", value);
        for (row, head, expected) in [
            ("no field", SimpleHead::get("/"), false),
            ("plain", upgrade("websocket"), true),
            ("upper case", upgrade("WebSocket"), true),
            ("in a list", upgrade("h2c,\twebsocket"), true),
            ("with a version", upgrade("websocket/13"), true),
            ("in the second field", upgrade("h2c").with_field("upgrade", "websocket"), true),
            ("in both fields", upgrade("websocket").with_field("upgrade", "websocket"), true),
            ("another protocol", upgrade("h2c"), false),
            ("a longer name", upgrade("websockets"), false),
            ("Connection alone", SimpleHead::get("/").with_field("Connection", "upgrade"), false),
            ("without Connection", upgrade("websocket").with_field("Connection", "close"), true),
            ("CONNECT", SimpleHead::new("CONNECT", "/ws"), true),
            ("a lower-case method", SimpleHead::new("connect", "/ws"), false),
        ] {
            assert_eq!(head.is_websocket_upgrade(), expected, "{row}");
        }
    }

    #[test]
    fn a_target_has_the_host_and_scheme_that_were_set_and_a_copy_has_them_too() {
        let head = SimpleHead::post("/a?b=c").with_host("api.example.com:8080").with_scheme("https");
        for head in [SimpleHead::copy_of(&head), head] {
            assert_eq!((head.method(), head.path(), head.query()), ("POST", "/a", Some("b=c")));
            assert_eq!((head.authority(), head.scheme()), (Some("api.example.com:8080"), Some("https")));
            assert_eq!(head.host(), Some("api.example.com:8080"));
        }
        let head = SimpleHead::get("/").with_field("Host", "other.example");
        assert_eq!((head.authority(), head.scheme(), head.host()), (None, None, Some("other.example")));
    }

    #[test]
    fn debug_output_shows_no_values() {
        let head = SimpleHead::get("/me?access_token=secret").with_field("Authorization", "Bearer secret");
        let field = single_field(&head, "authorization");
        let shown = r#"SimpleHead { method: "GET", path: "/me", fields: ["authorization"], .. }"#;
        assert_eq!(format!("{head:?}"), shown);
        assert_eq!(format!("{field:?} {:?} {:?}", Field::Absent, Field::Several), "One Absent Several");
    }

    #[test]
    fn the_trait_is_object_safe_and_lends_beyond_the_call() {
        let head = SimpleHead::get("/").with_field("cookie", "a=b");
        let object: &dyn RequestHead = &head;
        assert_eq!(single_field(object, "cookie"), Field::One(b"a=b"));
    }
}

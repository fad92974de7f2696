//! Where in a request a token may stand: an explicit list, read in full.

use super::authorization::{Authorization, BEARER};
use super::cookie::read_cookie;
use super::grammar::{b64token, is_token};
use super::head::{Field, RequestHead, single_field};
use super::query::read_query_parameter;
use super::websocket::read_websocket_protocol;
use crate::Reason;
use core::fmt;

/// The places where a token may stand in a request; by default the `Authorization` field alone.
///
/// Every place on the list is read, whatever was found before: a token in two places is refused,
/// and so is a good one beside a malformed one. Places not on the list are not looked at.
///
/// | carrier | absent when | refused when |
/// |---|---|---|
/// | `Authorization` | no field, or another scheme | see [`Authorization::parse`] |
/// | cookie | no such cookie, or empty | see [`read_cookie`] |
/// | header | no such field | the whole value is not a `b64token`; two fields |
/// | WebSocket protocol | no upgrade, or no `bearer` | see [`read_websocket_protocol`] |
/// | query parameter | no such parameter; a method other than `GET` and `HEAD` without upgrade | see [`read_query_parameter`] |
///
/// ```
/// use jwt_core::Reason;
/// use jwt_core::request::{CarrierKind, Carriers, SimpleHead};
/// let carriers = Carriers::builder().with_cookie("__Host-access").build()?;
///
/// let head = SimpleHead::get("/me").with_field("Cookie", "__Host-access=abc.def.ghi");
/// let credential = carriers.read(&head).unwrap().unwrap();
/// assert_eq!((credential.token(), credential.carrier()), ("abc.def.ghi", CarrierKind::Cookie));
///
/// let both = head.with_field("Authorization", "Bearer abc.def.ghi");
/// assert_eq!(carriers.read(&both).unwrap_err(), Reason::SeveralCarriers);
/// # Ok::<(), jwt_core::request::CarrierError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriers {
    list: Vec<Carrier>,
}

impl Carriers {
    /// A list to add to. It starts with the `Authorization` field.
    pub fn builder() -> CarriersBuilder {
        CarriersBuilder { list: vec![Carrier::Authorization] }
    }

    /// Finds the one token of a request; `None` if no carrier holds one. Allocates nothing.
    ///
    /// # Errors
    ///
    /// In the order of the list, the first that applies:
    /// - [`Reason::RepeatedAuthorization`], [`Reason::MalformedAuthorization`]: of the
    ///   `Authorization` field, if it is on the list.
    /// - [`Reason::RepeatedCredential`], [`Reason::MalformedCarrier`]: of any other carrier.
    /// - [`Reason::SeveralCarriers`]: this carrier and one before it both hold a token, even if it
    ///   is the same (RFC 6750 §2).
    pub fn read<'a>(&self, head: &'a dyn RequestHead) -> Result<Option<Credential<'a>>, Reason> {
        let found = self.read_any_text(head)?;
        found.as_ref().map_or(Ok(()), Credential::check_text)?;
        Ok(found)
    }

    /// As [`Carriers::read`], but for the characters of the token, which [`Credential::check_text`]
    /// judges: whoever accepts nothing but base64url need not look at them twice.
    pub(crate) fn read_any_text<'a>(
        &self,
        head: &'a dyn RequestHead,
    ) -> Result<Option<Credential<'a>>, Reason> {
        let mut found: Option<Credential<'a>> = None;
        for carrier in &self.list {
            match (carrier.read(head), &found) {
                (Ok(None), _) => {}
                (Ok(Some(token)), None) => found = Some(Credential { token, carrier: carrier.kind() }),
                (Ok(Some(_)), Some(first)) => return Err(first.text_or(Reason::SeveralCarriers)),
                (Err(reason), Some(first)) => return Err(first.text_or(reason)),
                (Err(reason), None) => return Err(reason),
            }
        }
        match &found {
            Some(first) if self.list.iter().any(|carrier| carrier.is_passed_over(head)) => {
                Err(first.text_or(Reason::SeveralCarriers))
            }
            _ => Ok(found),
        }
    }

    /// The kinds of the carriers, in the order of the list.
    pub fn kinds(&self) -> impl Iterator<Item = CarrierKind> {
        self.list.iter().map(Carrier::kind)
    }

    /// The names of the fields that a token may stand in, in lower case: those whose values are
    /// nobody's business. A query is no field.
    ///
    /// ```
    /// use jwt_core::request::Carriers;
    /// let carriers = Carriers::builder().with_cookie("__Host-access").with_header("X-Token").build()?;
    /// assert_eq!(carriers.fields().collect::<Vec<_>>(), ["authorization", "cookie", "x-token"]);
    /// # Ok::<(), jwt_core::request::CarrierError>(())
    /// ```
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.list.iter().filter_map(Carrier::field)
    }
}

impl Default for Carriers {
    fn default() -> Self {
        Self { list: vec![Carrier::Authorization] }
    }
}

/// Collects carriers, in the order in which they are to be read.
#[derive(Clone, Debug)]
#[must_use]
pub struct CarriersBuilder {
    list: Vec<Carrier>,
}

impl CarriersBuilder {
    /// Adds the cookie of this exact name. `__Host-access` is a good one: browsers let no other
    /// host and no plain HTTP set it (RFC 6265bis §4.1.3.2).
    pub fn with_cookie(self, name: impl Into<String>) -> Self {
        self.with(Carrier::Cookie(name.into()))
    }

    /// Adds a field of its own whose whole value is the token, without a scheme.
    pub fn with_header(self, name: impl Into<String>) -> Self {
        self.with(Carrier::Header(name.into().to_ascii_lowercase()))
    }

    /// Adds `Sec-WebSocket-Protocol: bearer, <token>`, read on WebSocket upgrades only.
    pub fn with_websocket_protocol(self) -> Self {
        self.with(Carrier::WebSocketProtocol)
    }

    /// Adds a query parameter, read on `GET`, `HEAD` and WebSocket upgrades only.
    ///
    /// Insecure, because the address of a request ends up in logs, histories and `Referer` fields
    /// (RFC 6750 §5.3, RFC 9700 §4.3.2). The response must say `Cache-Control: private`. What stands
    /// inside of the layer still sees the address as it came: a log of requests there writes the
    /// token down, and whoever sends the request on takes it out by
    /// [`strip_query_parameter`](super::strip_query_parameter).
    pub fn insecure_query_token(self, name: impl Into<String>) -> Self {
        self.with(Carrier::Query(name.into()))
    }

    /// Takes the `Authorization` field off the list; it is then not looked at, not even for a
    /// repetition.
    pub fn without_authorization(mut self) -> Self {
        self.list.retain(|carrier| *carrier != Carrier::Authorization);
        self
    }

    /// The finished list.
    ///
    /// # Errors
    ///
    /// - [`CarrierError::Empty`]: nothing is left on the list.
    /// - [`CarrierError::CookieName`], [`CarrierError::HeaderName`],
    ///   [`CarrierError::ReservedHeader`], [`CarrierError::ParameterName`]: a name is not one.
    /// - [`CarrierError::Duplicate`]: a carrier is on the list twice.
    pub fn build(self) -> Result<Carriers, CarrierError> {
        if self.list.is_empty() {
            return Err(CarrierError::Empty);
        }
        let mut list = Vec::with_capacity(self.list.len());
        for carrier in self.list {
            carrier.validate()?;
            if list.contains(&carrier) {
                return Err(CarrierError::Duplicate { carrier: carrier.to_string() });
            }
            list.push(carrier);
        }
        Ok(Carriers { list })
    }

    fn with(mut self, carrier: Carrier) -> Self {
        self.list.push(carrier);
        self
    }
}

/// A token as found in a request: well-formed as a `b64token`, not verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credential<'a> {
    token: &'a str,
    carrier: CarrierKind,
}

impl<'a> Credential<'a> {
    /// A token that was found by other means than [`Carriers::read`].
    #[must_use]
    pub const fn new(token: &'a str, carrier: CarrierKind) -> Self {
        Self { token, carrier }
    }

    /// The token, borrowed from the request.
    #[must_use]
    pub const fn token(&self) -> &'a str {
        self.token
    }

    /// Where it stood.
    #[must_use]
    pub const fn carrier(&self) -> CarrierKind {
        self.carrier
    }

    /// Refuses what is no `b64token`, where the carrier has not done so.
    pub(crate) fn check_text(&self) -> Result<(), Reason> {
        match self.carrier {
            CarrierKind::Authorization if b64token(self.token.as_bytes()).is_none() => {
                Err(Reason::MalformedAuthorization)
            }
            _ => Ok(()),
        }
    }

    /// What is wrong with its text, else `reason`.
    fn text_or(&self, reason: Reason) -> Reason {
        self.check_text().err().unwrap_or(reason)
    }
}

/// Shows the carrier, never the token.
impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("carrier", &self.carrier).finish_non_exhaustive()
    }
}

/// Where in a request a token stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CarrierKind {
    /// The `Authorization` field (RFC 6750 §2.1).
    Authorization,
    /// A named cookie. The only kind that a browser sends by itself, and so the only one that
    /// needs [proof of origin](super::ProofOfOrigin).
    Cookie,
    /// A named field.
    Header,
    /// The subprotocols of a WebSocket.
    WebSocketProtocol,
    /// A query parameter (RFC 6750 §2.3).
    Query,
}

impl CarrierKind {
    /// The stable name of this kind, for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            CarrierKind::Authorization => "authorization",
            CarrierKind::Cookie => "cookie",
            CarrierKind::Header => "header",
            CarrierKind::WebSocketProtocol => "websocket_protocol",
            CarrierKind::Query => "query",
        }
    }
}

/// A list of carriers that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CarrierError {
    /// The name of a cookie is not a `token` (RFC 6265 §4.1.1).
    CookieName {
        /// The name as given.
        name: String,
    },
    /// The name of a field is not a `token` (RFC 9110 §5.1).
    HeaderName {
        /// The name as given, in lower case.
        name: String,
    },
    /// The field has a syntax of its own and never a bare token as its value.
    ReservedHeader {
        /// The name as given, in lower case.
        name: String,
    },
    /// The name of a query parameter is not made of letters, digits, `-`, `.`, `_` and `~`, which
    /// need no encoding (RFC 3986 §2.3).
    ParameterName {
        /// The name as given.
        name: String,
    },
    /// A carrier is on the list twice.
    Duplicate {
        /// The carrier, with its name.
        carrier: String,
    },
    /// The list is empty.
    Empty,
}

impl fmt::Display for CarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CarrierError::CookieName { name } => write!(f, "cookie name {name:?} is not an HTTP token"),
            CarrierError::HeaderName { name } => write!(f, "header name {name:?} is not an HTTP token"),
            CarrierError::ReservedHeader { name } => {
                write!(f, "header {name:?} has a syntax of its own and cannot hold a bare token")
            }
            CarrierError::ParameterName { name } => {
                write!(f, "query parameter {name:?} is not made of letters, digits and `-._~`")
            }
            CarrierError::Duplicate { carrier } => write!(f, "{carrier} is configured twice as a carrier"),
            CarrierError::Empty => f.write_str("no carrier is configured, so no request could carry a token"),
        }
    }
}

impl core::error::Error for CarrierError {}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Carrier {
    Authorization,
    Cookie(String),
    /// In lower case.
    Header(String),
    WebSocketProtocol,
    Query(String),
}

/// A token in the query is only for requests that cannot carry it otherwise.
fn may_carry_query_token(head: &dyn RequestHead) -> bool {
    matches!(head.method(), "GET" | "HEAD") || head.is_websocket_upgrade()
}

impl Carrier {
    const fn kind(&self) -> CarrierKind {
        match self {
            Carrier::Authorization => CarrierKind::Authorization,
            Carrier::Cookie(_) => CarrierKind::Cookie,
            Carrier::Header(_) => CarrierKind::Header,
            Carrier::WebSocketProtocol => CarrierKind::WebSocketProtocol,
            Carrier::Query(_) => CarrierKind::Query,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Carrier::Authorization => Some("authorization"),
            Carrier::Cookie(_) => Some("cookie"),
            Carrier::Header(name) => Some(name),
            Carrier::WebSocketProtocol => Some("sec-websocket-protocol"),
            Carrier::Query(_) => None,
        }
    }

    fn read<'a>(&self, head: &'a dyn RequestHead) -> Result<Option<&'a str>, Reason> {
        match self {
            Carrier::Authorization => Ok(match Authorization::read_any_text(head, BEARER)? {
                Authorization::Token { token, .. } => Some(token),
                Authorization::Absent | Authorization::OtherScheme => None,
            }),
            Carrier::Cookie(name) => read_cookie(head, name),
            Carrier::Header(name) => match single_field(head, name) {
                Field::Absent => Ok(None),
                Field::One(value) => b64token(value).map(Some).ok_or(Reason::MalformedCarrier),
                Field::Several => Err(Reason::RepeatedCredential),
            },
            Carrier::WebSocketProtocol => read_websocket_protocol(head),
            Carrier::Query(name) if may_carry_query_token(head) => read_query_parameter(head, name),
            Carrier::Query(_) => Ok(None),
        }
    }

    /// Whether there is a token here that the request's method does not let us take. Whoever reads
    /// the request behind us may take it all the same, so it counts beside another one.
    fn is_passed_over(&self, head: &dyn RequestHead) -> bool {
        match self {
            Carrier::Query(name) => {
                !may_carry_query_token(head) && read_query_parameter(head, name) != Ok(None)
            }
            _ => false,
        }
    }

    fn validate(&self) -> Result<(), CarrierError> {
        match self {
            Carrier::Cookie(name) if !is_token(name.as_bytes()) => {
                Err(CarrierError::CookieName { name: name.clone() })
            }
            Carrier::Header(name) if !is_token(name.as_bytes()) => {
                Err(CarrierError::HeaderName { name: name.clone() })
            }
            Carrier::Header(name) if RESERVED_HEADERS.contains(&name.as_str()) => {
                Err(CarrierError::ReservedHeader { name: name.clone() })
            }
            Carrier::Query(name) if name.is_empty() || !name.bytes().all(is_unreserved) => {
                Err(CarrierError::ParameterName { name: name.clone() })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Carrier::Authorization => f.write_str("`Authorization`"),
            Carrier::Cookie(name) => write!(f, "cookie {name:?}"),
            Carrier::Header(name) => write!(f, "header {name:?}"),
            Carrier::WebSocketProtocol => f.write_str("`Sec-WebSocket-Protocol`"),
            Carrier::Query(name) => write!(f, "query parameter {name:?}"),
        }
    }
}

/// Fields with a carrier or a meaning of their own; a `DPoP` proof looks like a token and is none.
const RESERVED_HEADERS: &[&str] =
    &["authorization", "proxy-authorization", "cookie", "set-cookie", "sec-websocket-protocol", "dpop"];

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::SimpleHead;

    fn all() -> Carriers {
        Carriers::builder()
            .with_cookie("access")
            .with_header("X-Access-Token")
            .with_websocket_protocol()
            .insecure_query_token("access_token")
            .build()
            .unwrap()
    }

    #[test]
    fn every_kind_has_a_name_that_stays() {
        use CarrierKind::{Authorization, Cookie, Header, Query, WebSocketProtocol};
        let names = [Authorization, Cookie, Header, WebSocketProtocol, Query].map(CarrierKind::code);
        assert_eq!(names, ["authorization", "cookie", "header", "websocket_protocol", "query"]);
    }

    #[test]
    fn a_log_shows_the_carrier_and_never_the_token() {
        let shown = format!("{:?}", Credential::new("a.token.here", CarrierKind::Cookie));
        assert_eq!(shown, "Credential { carrier: Cookie, .. }");
    }

    fn outcome(carriers: &Carriers, head: &SimpleHead) -> Result<Option<(String, CarrierKind)>, Reason> {
        carriers.read(head).map(|found| found.map(|c| (c.token().to_owned(), c.carrier())))
    }

    /// One request per carrier, each with the same token.
    fn with_token(head: SimpleHead, kind: CarrierKind) -> SimpleHead {
        match kind {
            CarrierKind::Authorization => head.with_field("Authorization", "Bearer tok"),
            CarrierKind::Cookie => head.with_field("Cookie", "access=tok"),
            CarrierKind::Header => head.with_field("X-Access-Token", "tok"),
            CarrierKind::WebSocketProtocol => head.with_field("Sec-WebSocket-Protocol", "bearer, tok"),
            CarrierKind::Query => head,
        }
    }

    fn start(query: bool) -> SimpleHead {
        SimpleHead::get(if query { "/ws?access_token=tok" } else { "/ws" }).with_field("Upgrade", "websocket")
    }

    #[test]
    fn each_carrier_alone_gives_its_token() {
        for kind in all().kinds() {
            let head = with_token(start(kind == CarrierKind::Query), kind);
            assert_eq!(outcome(&all(), &head), Ok(Some(("tok".to_owned(), kind))), "{kind:?}");
            let only_header = Carriers::default();
            let expected = (kind == CarrierKind::Authorization).then(|| ("tok".to_owned(), kind));
            assert_eq!(outcome(&only_header, &head), Ok(expected), "{kind:?} with the default list");
        }
    }

    #[test]
    fn any_two_carriers_with_a_token_are_refused_even_if_equal() {
        for a in all().kinds() {
            for b in all().kinds().filter(|b| *b != a) {
                let query = a == CarrierKind::Query || b == CarrierKind::Query;
                let head = with_token(with_token(start(query), a), b);
                assert_eq!(outcome(&all(), &head), Err(Reason::SeveralCarriers), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn a_bad_authorization_never_falls_through_to_another_carrier() {
        for kind in all().kinds().filter(|kind| *kind != CarrierKind::Authorization) {
            let good = with_token(start(kind == CarrierKind::Query), kind);
            let bad = good.clone().with_field("Authorization", "Bearer two words");
            assert_eq!(outcome(&all(), &bad), Err(Reason::MalformedAuthorization), "{kind:?}");
            let twice = good.with_field("Authorization", "Basic a").with_field("Authorization", "Basic b");
            assert_eq!(outcome(&all(), &twice), Err(Reason::RepeatedAuthorization), "{kind:?}");
        }
    }

    #[test]
    fn a_bad_carrier_is_refused_even_beside_a_good_authorization() {
        let head = SimpleHead::get("/").with_field("Authorization", "Bearer tok");
        for (row, head, expected) in [
            ("cookie", head.clone().with_field("Cookie", "access=a b"), Reason::MalformedCarrier),
            ("cookies", head.clone().with_field("Cookie", "access=a; access=b"), Reason::RepeatedCredential),
            ("header", head.clone().with_field("X-Access-Token", "Bearer tok"), Reason::MalformedCarrier),
            ("empty header", head.clone().with_field("X-Access-Token", ""), Reason::MalformedCarrier),
            (
                "headers",
                head.with_field("X-Access-Token", "a").with_field("X-Access-Token", "a"),
                Reason::RepeatedCredential,
            ),
        ] {
            assert_eq!(outcome(&all(), &head), Err(expected), "{row}");
        }
    }

    #[test]
    fn another_scheme_leaves_the_cookie_to_speak() {
        let head =
            SimpleHead::get("/").with_field("Authorization", "Basic Og==").with_field("Cookie", "access=tok");
        assert_eq!(outcome(&all(), &head), Ok(Some(("tok".to_owned(), CarrierKind::Cookie))));
    }

    #[test]
    fn authorization_off_the_list_is_not_looked_at() {
        let cookie = Carriers::builder().without_authorization().with_cookie("access").build().unwrap();
        let head = SimpleHead::get("/")
            .with_field("Authorization", "Bearer two words")
            .with_field("Authorization", "Bearer")
            .with_field("Cookie", "access=tok");
        assert_eq!(outcome(&cookie, &head), Ok(Some(("tok".to_owned(), CarrierKind::Cookie))));
    }

    #[test]
    fn a_query_token_is_read_on_get_head_and_upgrades_only() {
        for (method, read) in
            [("GET", true), ("HEAD", true), ("CONNECT", true), ("POST", false), ("get", false)]
        {
            let head = SimpleHead::new(method, "/?access_token=tok");
            assert_eq!(outcome(&all(), &head).unwrap().is_some(), read, "{method}");
        }
    }

    #[test]
    fn a_query_token_that_is_not_read_counts_beside_another_all_the_same() {
        let cookie = |target: &str| SimpleHead::post(target).with_field("Cookie", "access=tok");
        let found = Ok(Some(("tok".to_owned(), CarrierKind::Cookie)));
        for (target, expected) in [
            ("/", &found),
            ("/?other=tok", &found),
            ("/?access_token=", &Err(Reason::SeveralCarriers)),
            ("/?access_token=tok", &Err(Reason::SeveralCarriers)),
            ("/?access_token=a&access_token=b", &Err(Reason::SeveralCarriers)),
            ("/?access_token=two%20words", &Err(Reason::SeveralCarriers)),
        ] {
            assert_eq!(outcome(&all(), &cookie(target)), *expected, "{target}");
        }
        // Not on the list, and nothing of ours.
        let without = Carriers::builder().with_cookie("access").build().unwrap();
        assert_eq!(outcome(&without, &cookie("/?access_token=tok")), found);
    }

    #[test]
    fn kinds_are_those_of_the_list_in_its_order() {
        use CarrierKind::{Authorization, Cookie, Header, Query, WebSocketProtocol};
        assert!(all().kinds().eq([Authorization, Cookie, Header, WebSocketProtocol, Query]));
        assert!(Carriers::default().kinds().eq([Authorization]));
    }

    #[test]
    fn lists_that_cannot_work_are_refused_by_name() {
        let text = str::to_owned;
        let new = Carriers::builder;
        for (builder, expected) in [
            (new().without_authorization(), CarrierError::Empty),
            (new().with_cookie(""), CarrierError::CookieName { name: text("") }),
            (new().with_cookie("a=b"), CarrierError::CookieName { name: text("a=b") }),
            (new().with_cookie("ä"), CarrierError::CookieName { name: text("ä") }),
            (new().with_header("X Y"), CarrierError::HeaderName { name: text("x y") }),
            (
                new().with_header("AUTHORIZATION"),
                CarrierError::ReservedHeader { name: text("authorization") },
            ),
            (new().with_header("Cookie"), CarrierError::ReservedHeader { name: text("cookie") }),
            (new().with_header("DPoP"), CarrierError::ReservedHeader { name: text("dpop") }),
            (new().insecure_query_token(""), CarrierError::ParameterName { name: text("") }),
            (new().insecure_query_token("a&b"), CarrierError::ParameterName { name: text("a&b") }),
            (
                new().with_cookie("a").with_cookie("a"),
                CarrierError::Duplicate { carrier: text("cookie \"a\"") },
            ),
            (
                new().with_header("X-A").with_header("x-a"),
                CarrierError::Duplicate { carrier: text("header \"x-a\"") },
            ),
            (
                new().with_websocket_protocol().with_websocket_protocol(),
                CarrierError::Duplicate { carrier: text("`Sec-WebSocket-Protocol`") },
            ),
        ] {
            assert_eq!(builder.build(), Err(expected.clone()), "{expected}");
        }
        assert!(new().with_cookie("a").with_cookie("A").build().is_ok());
    }

    #[test]
    fn every_carrier_but_the_query_has_its_field() {
        for kind in all().kinds() {
            let head = with_token(SimpleHead::get("/ws"), kind);
            let is_there = |name: &&str| single_field(&head, name) != Field::Absent;
            assert_eq!(
                all().fields().filter(is_there).count(),
                usize::from(kind != CarrierKind::Query),
                "{kind:?}"
            );
        }
        assert_eq!(all().fields().count(), 4);
    }

    #[test]
    fn debug_output_shows_no_token() {
        let head = SimpleHead::get("/").with_field("Authorization", "Bearer secret");
        assert!(!format!("{:?}", Carriers::default().read(&head)).contains("secret"));
    }

    #[test]
    fn the_token_is_lent_by_the_request_and_not_copied() {
        let value = b"Bearer tok".to_vec();
        let head = SimpleHead::get("/").with_field("Authorization", value);
        let mut field = None;
        head.for_each_field("authorization", &mut |value| field = Some(value));
        let token = Carriers::default().read(&head).unwrap().unwrap().token();
        assert!(field.unwrap().as_ptr_range().contains(&token.as_ptr()));
    }

    #[test]
    fn every_error_names_what_it_refuses() {
        let name = || "b d".to_owned();
        for (error, text) in [
            (CarrierError::CookieName { name: name() }, "cookie name \"b d\" is not an HTTP token"),
            (CarrierError::HeaderName { name: name() }, "header name \"b d\" is not an HTTP token"),
            (
                CarrierError::ReservedHeader { name: name() },
                "header \"b d\" has a syntax of its own and cannot hold a bare token",
            ),
            (
                CarrierError::ParameterName { name: name() },
                "query parameter \"b d\" is not made of letters, digits and `-._~`",
            ),
            (CarrierError::Duplicate { carrier: name() }, "b d is configured twice as a carrier"),
            (CarrierError::Empty, "no carrier is configured, so no request could carry a token"),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}

//! Proof that our own page sent a request whose token came by cookie.

use super::grammar::b64token;
use super::head::{Field, RequestHead, single_field};
use super::origin::AllowedOrigins;
use core::fmt;

/// The field that carries a double-submit value, in lower case as [`RequestHead`] wants it.
pub const CSRF_FIELD: &str = "x-csrf-token";

/// Whether a request may change something, and so needs proof if its token came by cookie.
///
/// Yes for every method but `GET`, `HEAD`, `OPTIONS` and `TRACE` (RFC 9110 §9.2.1, compared with
/// case); for WebSocket upgrades, which no CORS rule guards; and for a `sensitive_route`, which
/// the caller says of login, refresh and logout. Fields such as `X-HTTP-Method-Override` are
/// never read: the method is the method.
///
/// ```
/// use jwt_core::request::{SimpleHead, is_unsafe};
/// assert!(is_unsafe(&SimpleHead::post("/orders"), false));
/// assert!(!is_unsafe(&SimpleHead::get("/orders"), false));
/// assert!(is_unsafe(&SimpleHead::get("/logout"), true));
/// ```
#[must_use]
pub fn is_unsafe(head: &dyn RequestHead, sensitive_route: bool) -> bool {
    sensitive_route
        || !matches!(head.method(), "GET" | "HEAD" | "OPTIONS" | "TRACE")
        || head.is_websocket_upgrade()
}

/// The rule by which a cookie-borne token proves where its request comes from.
///
/// 1. A request that is not [unsafe](is_unsafe) needs no proof.
/// 2. More than one `Sec-Fetch-Site` or `Origin` field is refused.
/// 3. `Sec-Fetch-Site: same-origin` or `none` is proof: no page can set that field. `same-site` is
///    none, since a sibling subdomain is another party.
/// 4. With any other value, or without the field, an `Origin` on the list is proof, compared in
///    full. `null` never is.
/// 5. Where `Sec-Fetch-Site` is there but no proof, or `Origin` is there but not on the list, the
///    request is refused.
/// 6. With neither field the request must repeat the double-submit value of its session in
///    [`X-CSRF-Token`](CSRF_FIELD), once. The caller verifies it with
///    [`verify_double_submit`](super::verify_double_submit).
/// 7. With [`require_double_submit`](ProofOfOrigin::require_double_submit) that value is asked for
///    on top of 3 or 4.
///
/// ```
/// use jwt_core::request::{AllowedOrigins, Proof, ProofOfOrigin, SimpleHead};
/// let rule = ProofOfOrigin::new(AllowedOrigins::new(["https://app.example.com"])?);
///
/// let ours = SimpleHead::post("/orders").with_field("Sec-Fetch-Site", "same-origin");
/// assert_eq!(rule.judge(&ours, false), Proof::Given);
/// let foreign = SimpleHead::post("/orders").with_field("Sec-Fetch-Site", "cross-site");
/// assert_eq!(rule.judge(&foreign, false), Proof::Refused);
/// let listed = foreign.with_field("Origin", "https://app.example.com");
/// assert_eq!(rule.judge(&listed, false), Proof::Given);
/// # Ok::<(), jwt_core::request::OriginError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProofOfOrigin {
    allowed: AllowedOrigins,
    double_submit: bool,
}

impl ProofOfOrigin {
    /// The rule with a list of origins.
    ///
    /// Our own origin belongs on it where a browser may send `Origin` without `Sec-Fetch-Site`:
    /// over plain HTTP, in WebSocket handshakes, and before 2023.
    #[must_use]
    pub const fn new(allowed: AllowedOrigins) -> Self {
        Self { allowed, double_submit: false }
    }

    /// Asks for a double-submit value on every unsafe request: for cookies with `SameSite=None`.
    #[must_use]
    pub const fn require_double_submit(mut self) -> Self {
        self.double_submit = true;
        self
    }

    /// Judges a request. Only for requests whose token came by cookie, and for login, refresh and
    /// logout (`sensitive_route`); any other token is proof in itself.
    pub fn judge<'a>(&self, head: &'a dyn RequestHead, sensitive_route: bool) -> Proof<'a> {
        if !is_unsafe(head, sensitive_route) {
            return Proof::NotNeeded;
        }
        let proven = match (single_field(head, "sec-fetch-site"), single_field(head, "origin")) {
            (Field::Several, _) | (_, Field::Several) => false,
            (Field::One(b"same-origin" | b"none"), _) => true,
            (_, Field::One(origin)) => self.allowed.contains(origin),
            (Field::One(_), Field::Absent) => false,
            (Field::Absent, Field::Absent) => return double_submit(head),
        };
        match (proven, self.double_submit) {
            (false, _) => Proof::Refused,
            (true, false) => Proof::Given,
            (true, true) => double_submit(head),
        }
    }
}

fn double_submit(head: &dyn RequestHead) -> Proof<'_> {
    match single_field(head, CSRF_FIELD) {
        Field::One(value) => b64token(value).map_or(Proof::Refused, Proof::NeedsDoubleSubmit),
        Field::Absent | Field::Several => Proof::Refused,
    }
}

/// What [`ProofOfOrigin::judge`] found. Everything but the first two can still be a refusal, which
/// is [`Reason::CrossOrigin`](crate::Reason::CrossOrigin).
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Proof<'a> {
    /// The request is safe.
    NotNeeded,
    /// The browser says that the request comes from our own page or one on the list.
    Given,
    /// The request stands or falls with this value, which the caller has yet to verify against the
    /// session.
    NeedsDoubleSubmit(&'a str),
    /// The request comes from elsewhere or does not say from where.
    Refused,
}

/// Shows which case it is, never the value.
impl fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Proof::NotNeeded => "NotNeeded",
            Proof::Given => "Given",
            Proof::NeedsDoubleSubmit(_) => "NeedsDoubleSubmit",
            Proof::Refused => "Refused",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::SimpleHead;

    const APP: &str = "https://app.example.com";

    fn rule() -> ProofOfOrigin {
        ProofOfOrigin::new(AllowedOrigins::new([APP]).unwrap())
    }

    fn post(fields: &[(&str, &str)]) -> SimpleHead {
        fields.iter().fold(SimpleHead::post("/x"), |head, (name, value)| head.with_field(name, *value))
    }

    #[test]
    fn debug_output_shows_the_case_and_no_value() {
        for (proof, shown) in [
            (Proof::NotNeeded, "NotNeeded"),
            (Proof::Given, "Given"),
            (Proof::NeedsDoubleSubmit("secret"), "NeedsDoubleSubmit"),
            (Proof::Refused, "Refused"),
        ] {
            assert_eq!(format!("{proof:?}"), shown);
        }
    }

    #[test]
    fn safe_methods_need_no_proof_and_all_others_do() {
        for (method, needed) in [
            ("GET", false),
            ("HEAD", false),
            ("OPTIONS", false),
            ("TRACE", false),
            ("POST", true),
            ("PUT", true),
            ("PATCH", true),
            ("DELETE", true),
            ("CONNECT", true),
            ("QUERY", true),
            ("get", true),
            ("", true),
        ] {
            let head = SimpleHead::new(method, "/x").with_field("Origin", "https://evil.example");
            let expected = if needed { Proof::Refused } else { Proof::NotNeeded };
            assert_eq!(rule().judge(&head, false), expected, "{method:?}");
            assert_eq!(rule().judge(&head, true), Proof::Refused, "{method:?} on a sensitive route");
        }
    }

    #[test]
    fn a_websocket_upgrade_needs_proof() {
        let upgrade =
            SimpleHead::get("/ws").with_field("Upgrade", "websocket").with_field("Connection", "Upgrade");
        assert_eq!(rule().judge(&upgrade, false), Proof::Refused);
        assert_eq!(rule().judge(&upgrade.with_field("Origin", APP), false), Proof::Given);
    }

    #[test]
    fn method_override_fields_change_nothing() {
        for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
            let overridden = post(&[(name, "GET"), ("Sec-Fetch-Site", "cross-site")]);
            assert_eq!(rule().judge(&overridden, false), Proof::Refused, "{name}");
            let safe = SimpleHead::get("/x").with_field(name, "POST");
            assert_eq!(rule().judge(&safe, false), Proof::NotNeeded, "{name}");
        }
    }

    #[test]
    fn the_browsers_word_or_a_full_origin_is_proof_and_nothing_else() {
        let (site, origin) = ("Sec-Fetch-Site", "Origin");
        for (row, expected) in [
            (&[(site, "same-origin")][..], Proof::Given),
            (&[(site, "none")], Proof::Given),
            (&[(site, "same-origin"), (origin, "null")], Proof::Given),
            (&[(site, "same-site")], Proof::Refused),
            (&[(site, "cross-site")], Proof::Refused),
            (&[(site, "")], Proof::Refused),
            (&[(site, "Same-Origin")], Proof::Refused),
            (&[(site, "same-origin, none")], Proof::Refused),
            (&[(site, "something-new")], Proof::Refused),
            (&[(site, "same-origin"), (site, "same-origin")], Proof::Refused),
            (&[(site, "cross-site"), (site, "same-origin")], Proof::Refused),
            (&[(site, "cross-site"), (origin, APP)], Proof::Given),
            (&[(site, "same-site"), (origin, APP)], Proof::Given),
            (&[(site, "cross-site"), (origin, "https://evil.example")], Proof::Refused),
            (&[(site, "cross-site"), (origin, "null")], Proof::Refused),
            (&[(origin, APP)], Proof::Given),
            (&[(origin, "https://app.example.com:443")], Proof::Given),
            (&[(origin, "http://app.example.com")], Proof::Refused),
            (&[(origin, "https://app.example.com:8443")], Proof::Refused),
            (&[(origin, "null")], Proof::Refused),
            (&[(origin, "")], Proof::Refused),
            (&[(origin, APP), (origin, APP)], Proof::Refused),
            (&[(site, "same-origin"), (origin, APP), (origin, APP)], Proof::Refused),
            (&[("Referer", "https://app.example.com/")], Proof::Refused),
            (&[("Host", "app.example.com")], Proof::Refused),
        ] {
            assert_eq!(rule().judge(&post(row), false), expected, "{row:?}");
        }
    }

    #[test]
    fn a_double_submit_value_counts_only_where_the_browser_says_nothing() {
        let token = (CSRF_FIELD, "abc.def");
        for (row, expected) in [
            (&[token][..], Proof::NeedsDoubleSubmit("abc.def")),
            (&[token, token], Proof::Refused),
            (&[(CSRF_FIELD, "")], Proof::Refused),
            (&[(CSRF_FIELD, "a b")], Proof::Refused),
            (&[], Proof::Refused),
            (&[token, ("Sec-Fetch-Site", "cross-site")], Proof::Refused),
            (&[token, ("Origin", "https://evil.example")], Proof::Refused),
            (&[token, ("Origin", "null")], Proof::Refused),
            (&[token, ("Sec-Fetch-Site", "same-origin")], Proof::Given),
        ] {
            assert_eq!(rule().judge(&post(row), false), expected, "{row:?}");
        }
    }

    #[test]
    fn the_strict_mode_asks_for_both() {
        let rule = rule().require_double_submit();
        let token = (CSRF_FIELD, "abc.def");
        for (row, expected) in [
            (&[("Sec-Fetch-Site", "same-origin")][..], Proof::Refused),
            (&[("Sec-Fetch-Site", "same-origin"), token], Proof::NeedsDoubleSubmit("abc.def")),
            (
                &[("Sec-Fetch-Site", "cross-site"), ("Origin", APP), token],
                Proof::NeedsDoubleSubmit("abc.def"),
            ),
            (&[("Sec-Fetch-Site", "cross-site"), token], Proof::Refused),
            (&[("Origin", "https://evil.example"), token], Proof::Refused),
            (&[token], Proof::NeedsDoubleSubmit("abc.def")),
        ] {
            assert_eq!(rule.judge(&post(row), false), expected, "{row:?}");
        }
        assert_eq!(rule.judge(&SimpleHead::get("/x"), false), Proof::NotNeeded);
    }

    #[test]
    fn without_a_list_only_the_browsers_word_is_proof() {
        let rule = ProofOfOrigin::default();
        assert_eq!(rule.judge(&post(&[("Origin", APP)]), false), Proof::Refused);
        assert_eq!(rule.judge(&post(&[("Sec-Fetch-Site", "none")]), false), Proof::Given);
    }
}

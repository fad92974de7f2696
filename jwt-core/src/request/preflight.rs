//! CORS preflights, which carry no credentials.

use super::head::{Field, RequestHead, single_field};

/// Whether a request is a CORS preflight: `OPTIONS` with one `Origin` and one
/// `Access-Control-Request-Method`, neither empty (Fetch standard, *CORS-preflight request*).
///
/// A browser sends it without credentials, so demanding some would break every cross-origin call.
/// Any other `OPTIONS` request is a request like all others.
///
/// ```
/// use jwt_core::request::{SimpleHead, is_preflight};
/// let options = SimpleHead::new("OPTIONS", "/orders").with_field("Origin", "https://app.example.com");
/// assert!(!is_preflight(&options));
/// assert!(is_preflight(&options.with_field("Access-Control-Request-Method", "POST")));
/// ```
#[must_use]
pub fn is_preflight(head: &dyn RequestHead) -> bool {
    let stands_once = |name| matches!(single_field(head, name), Field::One([_, ..]));
    head.method() == "OPTIONS" && stands_once("origin") && stands_once("access-control-request-method")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::SimpleHead;

    #[test]
    fn only_options_with_both_fields_once_is_a_preflight() {
        let origin = ("Origin", "https://app.example.com");
        let method = ("Access-Control-Request-Method", "DELETE");
        for (verb, fields, expected) in [
            ("OPTIONS", &[origin, method][..], true),
            ("OPTIONS", &[method, origin, ("Access-Control-Request-Headers", "authorization")], true),
            ("OPTIONS", &[("Origin", "null"), method], true),
            ("OPTIONS", &[origin], false),
            ("OPTIONS", &[method], false),
            ("OPTIONS", &[], false),
            ("OPTIONS", &[origin, origin, method], false),
            ("OPTIONS", &[origin, method, method], false),
            ("OPTIONS", &[("Origin", ""), method], false),
            ("OPTIONS", &[origin, ("Access-Control-Request-Method", "")], false),
            ("options", &[origin, method], false),
            ("GET", &[origin, method], false),
            ("POST", &[origin, method], false),
        ] {
            let head = fields
                .iter()
                .fold(SimpleHead::new(verb, "/"), |head, (name, value)| head.with_field(name, *value));
            assert_eq!(is_preflight(&head), expected, "{verb} {fields:?}");
        }
    }
}

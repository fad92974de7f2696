//! A token in the query (RFC 6750 §2.3), for those who cannot do without.

use super::grammar::b64token;
use super::head::RequestHead;
use crate::Reason;

/// The token in the query parameter `name`, if there is one (RFC 6750 §2.3).
///
/// Parameters are separated by `&` alone. A parameter whose name *decodes* to ours
/// (`access%5Ftoken`) is one of ours too, because whatever parses the query behind us will think
/// so: it counts as a repetition, and alone it is malformed. Our own spelling is the only good
/// one.
///
/// The value must be a `b64token` as it stands. Nothing is decoded: a JWT has no character that a
/// client would encode, `+` means a space in a form, and `%` is no character of a token.
///
/// ```
/// use jwt_core::Reason;
/// use jwt_core::request::{SimpleHead, read_query_parameter};
/// let head = SimpleHead::get("/feed?page=2&access_token=abc.def.ghi");
/// assert_eq!(read_query_parameter(&head, "access_token"), Ok(Some("abc.def.ghi")));
///
/// let twice = SimpleHead::get("/feed?access_token=abc&access%5Ftoken=evil");
/// assert_eq!(read_query_parameter(&twice, "access_token"), Err(Reason::RepeatedCredential));
/// ```
///
/// # Errors
///
/// - [`Reason::RepeatedCredential`]: two parameters of this name, in any spelling.
/// - [`Reason::MalformedCarrier`]: the name is percent-encoded, or the value is empty, missing or
///   not a `b64token`.
pub fn read_query_parameter<'a>(head: &'a dyn RequestHead, name: &str) -> Result<Option<&'a str>, Reason> {
    let query = head.query().unwrap_or_default();
    let mut ours = query.split('&').filter(|parameter| decodes_to(name_of(parameter), name));
    match (ours.next(), ours.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(Reason::RepeatedCredential),
        (Some(parameter), None) => parameter
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
            .filter(|value| !value.contains('+'))
            .and_then(|value| b64token(value.as_bytes()))
            .map(Some)
            .ok_or(Reason::MalformedCarrier),
    }
}

/// The query without the parameter `name`, in whatever spelling; `None` if nothing is left.
///
/// For forwarding a request whose token was read from its query: the token must not travel on
/// into logs and `Referer` fields. All other parameters keep their bytes and their order.
///
/// ```
/// use jwt_core::request::strip_query_parameter;
/// let stripped = strip_query_parameter("a=1&access_token=abc&b=%20", "access_token");
/// assert_eq!(stripped.as_deref(), Some("a=1&b=%20"));
/// assert_eq!(strip_query_parameter("access%5ftoken=abc", "access_token"), None);
/// ```
#[must_use]
pub fn strip_query_parameter(query: &str, name: &str) -> Option<String> {
    let kept: Vec<&str> =
        query.split('&').filter(|parameter| !decodes_to(name_of(parameter), name)).collect();
    if kept.is_empty() { None } else { Some(kept.join("&")) }
}

fn name_of(parameter: &str) -> &str {
    parameter.split_once('=').map_or(parameter, |(name, _)| name)
}

/// Whether `text` is `name` once its percent-escapes are resolved. An escape that is cut short or
/// not hexadecimal stands for itself, as in the URL standard's form parser.
fn decodes_to(text: &str, name: &str) -> bool {
    let mut rest = text.as_bytes();
    for &expected in name.as_bytes() {
        let byte = match rest {
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest = after;
                escaped(*high, *low)
            }
            [byte, after @ ..] => {
                rest = after;
                Some(*byte)
            }
            [] => None,
        };
        if byte != Some(expected) {
            return false;
        }
    }
    rest.is_empty()
}

fn escaped(high: u8, low: u8) -> Option<u8> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(nibble(high)?.checked_shl(4)? | nibble(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::SimpleHead;

    const NAME: &str = "access_token";

    fn read(query: &str) -> Result<Option<String>, Reason> {
        let head = SimpleHead::get(&format!("/?{query}"));
        read_query_parameter(&head, NAME).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn an_escape_that_is_none_stands_for_itself() {
        assert_eq!(strip_query_parameter("a%zz=1&b=2", "a%zz").as_deref(), Some("b=2"));
        assert_eq!(strip_query_parameter("a%4=1&b=2", "a%4").as_deref(), Some("b=2"));
        assert_eq!(strip_query_parameter("a%z4=1", "az4").as_deref(), Some("a%z4=1"));
        for half in ["a%z4", "a%4z"] {
            assert_eq!(
                strip_query_parameter(&format!("{half}=1&b=2"), half).as_deref(),
                Some("b=2"),
                "{half}"
            );
        }
    }

    #[test]
    fn one_parameter_of_the_exact_name_is_read() {
        for row in ["access_token=a.b", "x=1&access_token=a.b", "access_token=a.b&x=1", "&&access_token=a.b&"]
        {
            assert_eq!(read(row), Ok(Some("a.b".to_owned())), "{row:?}");
        }
    }

    #[test]
    fn other_parameters_are_not_ours() {
        for row in [
            "",
            "x=access_token",
            "x=1;access_token=a",
            "Access_Token=a",
            "access_tokens=a",
            "access_toke=a",
            "xaccess_token=a",
            "access_token%=a",
            "access_token%5=a",
            "access%255Ftoken=a",
            "access+token=a",
            "access_token%00=a",
            "=access_token=a",
        ] {
            assert_eq!(read(row), Ok(None), "{row:?}");
        }
        assert_eq!(read_query_parameter(&SimpleHead::get("/"), NAME), Ok(None));
    }

    #[test]
    fn two_parameters_are_refused_in_any_spelling() {
        for row in [
            "access_token=a&access_token=a",
            "access_token=a&access_token=",
            "access_token&access_token=a",
            "access%5Ftoken=a&access_token=b",
            "access_token=a&%61ccess_token=b",
            "access%5ftoken=a&access%5Ftoken=b",
        ] {
            assert_eq!(read(row), Err(Reason::RepeatedCredential), "{row:?}");
        }
    }

    #[test]
    fn an_encoded_name_or_a_value_that_is_no_token_is_malformed() {
        for row in [
            "access%5Ftoken=a",
            "%61ccess_token=a",
            "access_token",
            "access_token=",
            "access_token==",
            "access_token=a+b",
            "access_token=a%2Eb",
            "access_token=a%20",
            "access_token=a=b",
            "access_token=\"a\"",
            "access_token=a,b",
        ] {
            assert_eq!(read(row), Err(Reason::MalformedCarrier), "{row:?}");
        }
    }

    #[test]
    fn every_character_of_the_name_is_recognised_when_encoded() {
        for (at, byte) in NAME.bytes().enumerate() {
            for escape in [format!("%{byte:02x}"), format!("%{byte:02X}")] {
                let mut spelling = NAME.to_owned();
                spelling.replace_range(at..=at, &escape);
                assert!(decodes_to(&spelling, NAME), "{spelling}");
                assert_eq!(strip_query_parameter(&format!("{spelling}=a"), NAME), None, "{spelling}");
            }
        }
    }

    #[test]
    fn stripping_takes_every_spelling_and_leaves_the_rest_untouched() {
        for (row, expected) in [
            ("a=1&b=2", Some("a=1&b=2")),
            ("a=%C3%A4&access_token=x&b=+", Some("a=%C3%A4&b=+")),
            ("access_token=x&access%5Ftoken=y&a", Some("a")),
            ("access_token", None),
            ("", Some("")),
            ("&access_token=x&", Some("&")),
        ] {
            assert_eq!(strip_query_parameter(row, NAME).as_deref(), expected, "{row:?}");
        }
    }
}

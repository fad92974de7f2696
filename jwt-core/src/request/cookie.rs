//! A byte-exact reader for one cookie.
//!
//! The usual crates trim Unicode white space and percent-decode *names*, so that a sibling
//! subdomain can plant `%5F%5FHost-access`, to which no browser applies the rules of the prefix,
//! and the server reads `__Host-access`. Here a name is its bytes.

use super::grammar::{b64token, split_at_each, trim_ows};
use super::head::RequestHead;
use crate::Reason;

/// The token in the cookie `name`, if there is one (RFC 6265 §4.2.1, and stricter).
///
/// All `Cookie` fields are read; each is split at `;`, freed of spaces and tabs on both sides,
/// and split at its first `=`. The name is compared byte for byte, so `%5F%5FHost-a`, `__host-a`
/// and `$__Host-a` are other cookies. A pair without `=` has no name.
///
/// An empty value is an absent cookie: that is how servers clear one. A value in quotation marks
/// is refused, although RFC 6265 §4.1.1 has them: no server of tokens writes them, and readers
/// disagree on whether they belong to the value.
///
/// ```
/// use jwt_core::Reason;
/// use jwt_core::request::{SimpleHead, read_cookie};
/// let head = SimpleHead::get("/").with_field("Cookie", "theme=dark; __Host-access=abc.def.ghi");
/// assert_eq!(read_cookie(&head, "__Host-access"), Ok(Some("abc.def.ghi")));
///
/// let tossed = head.with_field("Cookie", "__Host-access=evil");
/// assert_eq!(read_cookie(&tossed, "__Host-access"), Err(Reason::RepeatedCredential));
/// ```
///
/// # Errors
///
/// - [`Reason::RepeatedCredential`]: two cookies of this name, in one field or in several, even
///   if equal or empty.
/// - [`Reason::MalformedCarrier`]: the value is not a `b64token`.
pub fn read_cookie<'a>(head: &'a dyn RequestHead, name: &str) -> Result<Option<&'a str>, Reason> {
    let mut found = None;
    let mut repeated = false;
    head.for_each_field("cookie", &mut |field| {
        for value in split_at_each(b';', field).filter_map(|pair| value_of(pair, name)) {
            repeated |= found.replace(value).is_some();
        }
    });
    match found {
        _ if repeated => Err(Reason::RepeatedCredential),
        None | Some([]) => Ok(None),
        Some(value) => b64token(value).map(Some).ok_or(Reason::MalformedCarrier),
    }
}

fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    trim_ows(pair).strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::SimpleHead;

    const NAME: &str = "__Host-access";

    fn cookies(value: impl Into<Vec<u8>>) -> SimpleHead {
        SimpleHead::get("/").with_field("Cookie", value)
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        for row in [
            "__Host-access=tok",
            "a=b; __Host-access=tok",
            "__Host-access=tok; a=b",
            "a=b;__Host-access=tok;c=d",
            ";; __Host-access=tok ;",
            "\t__Host-access=tok\t",
            "a; __Host-access=tok",
            "x__Host-access=no; __Host-access=tok",
        ] {
            assert_eq!(read_cookie(&cookies(row), NAME), Ok(Some("tok")), "{row:?}");
        }
    }

    #[test]
    fn other_spellings_of_the_name_are_other_cookies() {
        for row in [
            "%5F%5FHost-access=evil",
            "%5f%5fHost-access=evil",
            "__Host%2Daccess=evil",
            "\u{2000}__Host-access=evil",
            "\u{a0}__Host-access=evil",
            "\u{85}__Host-access=evil",
            "\u{b}__Host-access=evil",
            "\0__Host-access=evil",
            "=__Host-access=evil",
            "==__Host-access=evil",
            "$__Host-access=evil",
            "__host-access=evil",
            "__HOST-ACCESS=evil",
            "__Host-access =evil",
            "__Host-access\t=evil",
            "__Host-access%3Devil",
            "__Host-access",
            "__Host-access2=evil",
            "\"__Host-access\"=evil",
            "$Version=1, __Host-access=evil",
            "a=\"x, __Host-access=evil",
            "__Host-access\u{ff1d}evil",
        ] {
            assert_eq!(read_cookie(&cookies(row), NAME), Ok(None), "{row:?}");
            let beside = cookies(format!("{row}; __Host-access=tok"));
            assert_eq!(read_cookie(&beside, NAME), Ok(Some("tok")), "{row:?} beside the real one");
        }
    }

    #[test]
    fn every_byte_beside_the_name_but_space_and_tab_makes_another_cookie() {
        for byte in (0..=255_u8).filter(|b| *b != b';') {
            let expected = if byte == b' ' || byte == b'\t' { Ok(Some("tok")) } else { Ok(None) };
            let before = [&[byte], b"__Host-access=tok".as_slice()].concat();
            assert_eq!(read_cookie(&cookies(before), NAME), expected, "{byte:#04x} before");
        }
    }

    #[test]
    fn two_cookies_of_the_name_are_refused() {
        for row in [
            "__Host-access=a; __Host-access=b",
            "__Host-access=a; __Host-access=a",
            "__Host-access=; __Host-access=a",
            "__Host-access=a; x=y; __Host-access=",
            "__Host-access=\"bad\"; __Host-access=a",
            "__Host-access=a; __Host-access=b; __Host-access=c",
        ] {
            assert_eq!(read_cookie(&cookies(row), NAME), Err(Reason::RepeatedCredential), "{row:?}");
        }
        let in_two_fields = cookies("__Host-access=a").with_field("cookie", "__Host-access=a");
        assert_eq!(read_cookie(&in_two_fields, NAME), Err(Reason::RepeatedCredential));
    }

    #[test]
    fn a_value_that_is_no_token_is_refused() {
        for row in [
            "__Host-access=\"tok\"",
            "__Host-access= tok",
            "__Host-access=a b",
            "__Host-access=a,b",
            "__Host-access=a%2Eb",
            "__Host-access=ä",
            "__Host-access=a=b",
            "__Host-access==",
            "__Host-access=tok\u{a0}",
        ] {
            assert_eq!(read_cookie(&cookies(row), NAME), Err(Reason::MalformedCarrier), "{row:?}");
        }
    }

    #[test]
    fn a_cleared_or_absent_cookie_is_no_credential() {
        for row in ["__Host-access=", "a=b; __Host-access= ", "", ";", "a=b"] {
            assert_eq!(read_cookie(&cookies(row), NAME), Ok(None), "{row:?}");
        }
        assert_eq!(read_cookie(&SimpleHead::get("/"), NAME), Ok(None));
    }
}

//! The `Authorization` field (RFC 9110 §11.6.2, RFC 6750 §2.1).

use super::grammar::{b64token, leading_token, trim_ows};
use super::head::{Field, RequestHead, single_field};
use crate::Reason;
use core::fmt;

/// The scheme of RFC 6750, as the list that [`Authorization::read`] takes.
pub const BEARER: &[&str] = &["Bearer"];

/// What the `Authorization` field of a request says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Authorization<'a> {
    /// There is no such field.
    Absent,
    /// The field is of a scheme that was not asked for, such as `Basic`: nothing for us.
    OtherScheme,
    /// One token under one of the schemes asked for.
    Token {
        /// The entry of the list that matched, as the list spells it.
        scheme: &'static str,
        /// The token: a `b64token`, not verified.
        token: &'a str,
    },
}

impl<'a> Authorization<'a> {
    /// Reads the field from a request, accepting the `schemes` of the list.
    ///
    /// ```
    /// use jwt_core::Reason;
    /// use jwt_core::request::{Authorization, BEARER, SimpleHead};
    /// let head = SimpleHead::get("/me").with_field("Authorization", "bearer abc.def.ghi");
    /// let read = Authorization::read(&head, BEARER);
    /// assert_eq!(read, Ok(Authorization::Token { scheme: "Bearer", token: "abc.def.ghi" }));
    ///
    /// let twice = head.with_field("Authorization", "Basic Og==");
    /// assert_eq!(Authorization::read(&twice, BEARER), Err(Reason::RepeatedAuthorization));
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Reason::RepeatedAuthorization`]: more than one field, of any schemes, even if equal.
    /// - those of [`Authorization::parse`].
    pub fn read(head: &'a dyn RequestHead, schemes: &[&'static str]) -> Result<Self, Reason> {
        match single_field(head, "authorization") {
            Field::Absent => Ok(Authorization::Absent),
            Field::One(value) => Authorization::parse(value, schemes),
            Field::Several => Err(Reason::RepeatedAuthorization),
        }
    }

    /// Reads the value of one field: a scheme, compared without case, then exactly one space,
    /// then exactly one `b64token`, then nothing.
    ///
    /// RFC 6750 §2.1 and RFC 9110 §11.4 write `1*SP`. Every client sends one, so more is refused: a
    /// second reader behind us may not agree on it.
    ///
    /// A field of another scheme is [`Authorization::OtherScheme`] if its scheme is a `token` that
    /// ends at a space or with the field. What follows is not ours to judge, with one exception:
    /// after a comma it must not go on with one of our schemes, which is what a proxy makes of two
    /// fields.
    ///
    /// # Errors
    ///
    /// - [`Reason::MalformedAuthorization`]: anything else.
    pub fn parse(value: &'a [u8], schemes: &[&'static str]) -> Result<Self, Reason> {
        match Self::split(value, schemes)? {
            Authorization::Token { token, .. } if b64token(token.as_bytes()).is_none() => {
                Err(Reason::MalformedAuthorization)
            }
            parsed => Ok(parsed),
        }
    }

    /// As [`Authorization::read`], but for the characters of the token, which may be any text.
    pub(super) fn read_any_text(head: &'a dyn RequestHead, schemes: &[&'static str]) -> Result<Self, Reason> {
        match single_field(head, "authorization") {
            Field::Absent => Ok(Authorization::Absent),
            Field::One(value) => Authorization::split(value, schemes),
            Field::Several => Err(Reason::RepeatedAuthorization),
        }
    }

    /// As [`Authorization::parse`], but for the characters of the token, which may be any text.
    fn split(value: &'a [u8], schemes: &[&'static str]) -> Result<Self, Reason> {
        let (name, rest) = leading_token(value);
        if let Some(scheme) = find(name, schemes) {
            let token = rest.strip_prefix(b" ").and_then(|token| core::str::from_utf8(token).ok());
            return Ok(Authorization::Token { scheme, token: token.ok_or(Reason::MalformedAuthorization)? });
        }
        let ends_well = matches!(rest, [] | [b' ', ..]);
        if name.is_empty() || !ends_well || goes_on_with_one_of(rest, schemes) {
            return Err(Reason::MalformedAuthorization);
        }
        Ok(Authorization::OtherScheme)
    }
}

/// Shows which case it is, never the token.
impl fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Authorization::Absent => f.write_str("Absent"),
            Authorization::OtherScheme => f.write_str("OtherScheme"),
            Authorization::Token { scheme, .. } => {
                f.debug_struct("Token").field("scheme", scheme).finish_non_exhaustive()
            }
        }
    }
}

fn find(name: &[u8], schemes: &[&'static str]) -> Option<&'static str> {
    schemes.iter().copied().find(|scheme| scheme.as_bytes().eq_ignore_ascii_case(name))
}

/// Whether a comma is followed by one of our schemes. Quotation marks are not honoured: a quoted
/// `", Bearer "` in another scheme's parameter is refused as well, which is the safe mistake.
fn goes_on_with_one_of(rest: &[u8], schemes: &[&'static str]) -> bool {
    rest.split(|&b| b == b',').skip(1).any(|part| {
        let (name, after) = leading_token(trim_ows(part));
        find(name, schemes).is_some() && matches!(after, [] | [b' ' | b'\t', ..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MALFORMED: Result<Authorization<'static>, Reason> = Err(Reason::MalformedAuthorization);

    fn token(token: &str) -> Result<Authorization<'_>, Reason> {
        Ok(Authorization::Token { scheme: "Bearer", token })
    }

    #[test]
    fn one_token_after_one_space_is_read_and_the_scheme_has_no_case() {
        for (row, expected) in [
            ("Bearer a", "a"),
            ("bearer a.b.c", "a.b.c"),
            ("BEARER a-b_c~d+e/f==", "a-b_c~d+e/f=="),
            ("bEaReR mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"),
        ] {
            assert_eq!(Authorization::parse(row.as_bytes(), BEARER), token(expected), "{row:?}");
        }
    }

    #[test]
    fn it_is_shown_without_the_token() {
        let shown = format!("{:?}", token("a.b.c").unwrap());
        assert_eq!(shown, r#"Token { scheme: "Bearer", .. }"#);
        assert_eq!(
            format!("{:?} {:?}", Authorization::Absent, Authorization::OtherScheme),
            "Absent OtherScheme"
        );
    }

    #[test]
    fn everything_else_that_says_bearer_is_malformed() {
        for row in [
            "Bearer",
            "Bearer ",
            "Bearer  a",
            "Bearer\ta",
            "Bearer \ta",
            "Bearer a ",
            "Bearer a\t",
            "Bearer a b",
            "Bearer a,b",
            "Bearer a, Bearer b",
            "Bearer a,",
            "Bearer ,a",
            "Bearer \"a\"",
            "Bearer =",
            "Bearer a=b",
            "Bearer a;b",
            "Bearer a\0",
            "Bearer a\n",
            "Bearer a\r\n b",
            "Bearer ä",
            "Bearer\u{a0}a",
            "Bearer=a",
            "Bearer:a",
            "Bearer,",
            "bearer token=\"a\"",
            "Bearer a%2Eb",
        ] {
            assert_eq!(Authorization::parse(row.as_bytes(), BEARER), MALFORMED, "{row:?}");
        }
    }

    #[test]
    fn another_well_formed_scheme_is_nothing_for_us() {
        for row in [
            "Basic Zm9vOmJhcg==",
            "BearerX abc",
            "Bearerabc",
            "Bear er",
            "x-Bearer abc",
            "Negotiate",
            "basic ",
            "DPoP abc",
            "Digest username=\"a\", realm=\"b\", bearer=\"c\"",
            "Basic ä",
        ] {
            assert_eq!(
                Authorization::parse(row.as_bytes(), BEARER),
                Ok(Authorization::OtherScheme),
                "{row:?}"
            );
        }
    }

    #[test]
    fn what_is_no_scheme_at_all_is_malformed() {
        for row in [
            "",
            " ",
            " Bearer a",
            "\tBearer a",
            ",Bearer a",
            "\"Bearer\" a",
            "Basic\tabc",
            "Basic, Bearer a",
            "Basic:a",
            "Ä a",
        ] {
            assert_eq!(Authorization::parse(row.as_bytes(), BEARER), MALFORMED, "{row:?}");
        }
    }

    #[test]
    fn two_fields_that_a_proxy_joined_are_malformed() {
        for row in ["Basic Og==, Bearer a", "Basic Og==,bearer a", "Basic a, Bearer", "Basic a,\tBearer\ta"] {
            assert_eq!(Authorization::parse(row.as_bytes(), BEARER), MALFORMED, "{row:?}");
        }
    }

    #[test]
    fn no_byte_after_bearer_panics_or_slips_through() {
        for byte in 0..=255_u8 {
            let one = [b"Bearer ".as_slice(), &[byte]].concat();
            let inside = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(Authorization::parse(&one, BEARER).is_ok(), inside, "{byte:#04x} as the token");
            let separator = [b"Bearer".as_slice(), &[byte], b"a"].concat();
            let read = Authorization::parse(&separator, BEARER);
            let is_token = matches!(read, Ok(Authorization::Token { .. }));
            assert_eq!(is_token, byte == b' ', "{byte:#04x} as the separator: {read:?}");
        }
    }

    #[test]
    fn two_fields_are_refused_whatever_they_hold() {
        for (a, b) in
            [("Bearer a", "Bearer a"), ("Bearer a", "Basic b"), ("Basic a", "Basic b"), ("", "Bearer a")]
        {
            let head = crate::request::SimpleHead::get("/")
                .with_field("authorization", a)
                .with_field("Authorization", b);
            assert_eq!(Authorization::read(&head, BEARER), Err(Reason::RepeatedAuthorization), "{a:?} {b:?}");
        }
    }

    #[test]
    fn another_list_of_schemes_reads_another_scheme() {
        let schemes: &[&str] = &["DPoP", "Bearer"];
        assert_eq!(
            Authorization::parse(b"dpop a", schemes),
            Ok(Authorization::Token { scheme: "DPoP", token: "a" })
        );
        assert_eq!(Authorization::parse(b"Bearer a, DPoP b", schemes), MALFORMED);
        assert_eq!(Authorization::parse(b"Bearer a", &[]), Ok(Authorization::OtherScheme));
    }

    #[test]
    fn debug_output_shows_no_token() {
        let read = Authorization::parse(b"Bearer secret", BEARER);
        assert!(!format!("{read:?}").contains("secret"));
    }
}

//! A compact JWS, split and bounded, not trusted.

use memchr::memchr;

use crate::limits::Limits;
use crate::refusal::Reason;

/// The three segments of a compact JWS (RFC 7515 §7.1), nothing decoded yet.
#[derive(Clone, Copy)]
pub(crate) struct UnverifiedToken<'t> {
    /// Header and payload with the dot between them: what was signed.
    pub(crate) signing_input: &'t str,
    pub(crate) header: &'t str,
    pub(crate) payload: &'t str,
    pub(crate) signature: &'t str,
}

impl<'t> UnverifiedToken<'t> {
    /// Splits `token`: its length first (CVE-2025-30204), then exactly two dots. Allocates nothing.
    pub(crate) fn split(token: &'t str, limits: &Limits) -> Result<Self, Reason> {
        if token.len() > limits.token_bytes() {
            return Err(Reason::TokenTooLong);
        }
        let (header, rest) = split_at_dot(token).ok_or(Reason::NotThreeSegments)?;
        let (payload, signature) = split_at_dot(rest).ok_or(Reason::NotThreeSegments)?;
        if let Some((_, more)) = split_at_dot(signature) {
            // RFC 7516 §9: five segments are a JWE.
            let five = split_at_dot(more).is_some_and(|(_, last)| split_at_dot(last).is_none());
            return Err(if five { Reason::Encrypted } else { Reason::NotThreeSegments });
        }
        if header.is_empty() {
            return Err(Reason::NotThreeSegments);
        }
        let signed = header.len().saturating_add(payload.len()).saturating_add(1);
        let signing_input = token.get(..signed).ok_or(Reason::NotThreeSegments)?;
        Ok(Self { signing_input, header, payload, signature })
    }
}

fn split_at_dot(text: &str) -> Option<(&str, &str)> {
    let dot = memchr(b'.', text.as_bytes())?;
    let (before, rest) = text.split_at_checked(dot)?;
    Some((before, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(token: &str) -> Option<Reason> {
        UnverifiedToken::split(token, &Limits::default()).err()
    }

    #[test]
    fn exactly_three_segments_are_a_token() {
        let token = UnverifiedToken::split("aa.bb.cc", &Limits::default()).ok().unwrap();
        assert_eq!((token.header, token.payload, token.signature), ("aa", "bb", "cc"));
        assert_eq!(token.signing_input, "aa.bb");
        for bad in ["", ".", "a", "a.b", "..", ".b.c", "a.b.c.d", "a.b.c.", "a.b.c.d.e.f", "......"] {
            assert_eq!(reason(bad), Some(Reason::NotThreeSegments), "{bad}");
        }
        assert_eq!(reason("a.b.c.d.e"), Some(Reason::Encrypted));
        assert_eq!(reason("a...."), Some(Reason::Encrypted));
    }

    #[test]
    fn length_is_checked_before_anything_else() {
        let limits = Limits::default().with_token_bytes(8);
        assert!(UnverifiedToken::split("aa.bb.cc", &limits).is_ok());
        assert_eq!(UnverifiedToken::split("aa.bb.ccc", &limits).err(), Some(Reason::TokenTooLong));
        assert_eq!(reason(&".".repeat(1_000_000)), Some(Reason::TokenTooLong));
    }
}

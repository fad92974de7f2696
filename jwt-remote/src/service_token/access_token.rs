//! A token of this service's own.

use core::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

const SCHEME: &str = "Bearer ";
/// What fits into a header field of most servers, and as much as we read of others' tokens.
const MOST_BYTES: usize = 16 * 1024;

/// An access token of this service's own. Cheap to clone; wiped with the last clone, and never shown.
#[derive(Clone)]
pub struct AccessToken(Arc<HeaderValue>);

impl AccessToken {
    /// Takes a `b64token` (RFC 6750 §2.1), which alone can stand behind `Bearer`, of at most 16 KiB.
    pub(super) fn new(token: &Zeroizing<String>) -> Option<Self> {
        if token.len() > MOST_BYTES || !is_b64token(token.as_bytes()) {
            return None;
        }
        let mut field = Vec::with_capacity(SCHEME.len().saturating_add(token.len()));
        field.extend_from_slice(SCHEME.as_bytes());
        field.extend_from_slice(token.as_bytes());
        // All header values made of it share these bytes, and the last one wipes them.
        let shared = Bytes::from_owner(Zeroizing::new(field));
        let mut value = HeaderValue::from_maybe_shared(shared).ok()?;
        value.set_sensitive(true);
        Some(Self(Arc::new(value)))
    }

    /// The value of the header field `Authorization` (RFC 6750 §2.1), marked as sensitive.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        HeaderValue::clone(&self.0)
    }

    /// The token itself, for carriers other than a header field. Whoever has it can call in this service's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let token = self.0.as_bytes().get(SCHEME.len()..).unwrap_or_default();
        core::str::from_utf8(token).unwrap_or_default()
    }

    /// Whether both are clones of one.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Shows nothing of the token.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").finish_non_exhaustive()
    }
}

fn is_b64token(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let (text, _) = token.split_at_checked(token.len().saturating_sub(padding)).unwrap_or_default();
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    !text.is_empty() && text.iter().all(is_of_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Option<AccessToken> {
        AccessToken::new(&Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn only_what_can_stand_behind_bearer_is_a_token() {
        for (text, good) in [
            ("a", true),
            ("eyJhbGciOi.J9_-.x~+/==", true),
            ("", false),
            ("=", false),
            ("a=b", false),
            ("a b", false),
            ("a\r\nX: y", false),
            ("a,b", false),
            ("\u{e9}", false),
        ] {
            assert_eq!(token(text).is_some(), good, "{text:?}");
        }
        assert!(token(&"a".repeat(MOST_BYTES)).is_some());
        assert!(token(&"a".repeat(MOST_BYTES + 1)).is_none());
    }

    #[test]
    fn a_token_is_a_sensitive_field_and_shows_nothing() {
        let token = token("s3cret").unwrap();
        let value = token.header_value();
        assert_eq!(
            (value.as_bytes(), value.is_sensitive(), token.as_str()),
            (&b"Bearer s3cret"[..], true, "s3cret")
        );
        let shown = format!("{token:?} {value:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

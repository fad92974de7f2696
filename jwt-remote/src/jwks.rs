//! A JWK set over HTTP: what is asked, and what an answer is worth.

use core::fmt;
use core::time::Duration;

use jwt_core::keys::{JwkSet, Source};
use jwt_core::{KeyError, KeySet};

use crate::freshness::fresh_for;
use crate::http::{HttpError, HttpRequest, HttpResponse};

/// For everything, from the look-up of the name to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// As much as jwt-core reads.
const MOST_BYTES: usize = 512 * 1024;
/// An entity tag that is longer is not sent back.
const MOST_TAG_BYTES: usize = 256;

/// What a good answer says.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// None where the keys are those that are held (RFC 9110 §15.4.5).
    pub(crate) keys: Option<KeySet>,
    pub(crate) fresh_for: Option<Duration>,
    /// To be sent with the next request, so that keys which did not change are not sent again.
    pub(crate) tag: Option<String>,
}

/// Why a fetch gave no keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchError {
    /// There was no answer.
    #[non_exhaustive]
    Http {
        /// Why.
        error: HttpError,
    },
    /// An answer that redirects. None is followed, for whoever may redirect could name other keys.
    #[non_exhaustive]
    Redirect {
        /// Its status.
        status: u16,
    },
    /// An answer of another status than 200.
    #[non_exhaustive]
    Status {
        /// The status.
        status: u16,
    },
    /// A 304 to a request that had nothing to compare.
    NothingToCompare,
    /// The body is no JWK set, or none of its keys can be used.
    #[non_exhaustive]
    Keys {
        /// Why.
        error: KeyError,
    },
}

impl FetchError {
    /// A stable code, for metrics and alerts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            FetchError::Http { error: HttpError::Connection { .. } } => "connection",
            FetchError::Http { error: HttpError::Timeout } => "timeout",
            FetchError::Http { error: HttpError::TooLong } => "too_long",
            FetchError::Redirect { .. } => "redirect",
            FetchError::Status { .. } => "status",
            FetchError::NothingToCompare => "nothing_to_compare",
            FetchError::Keys { .. } => "keys",
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::Http { error } => error.fmt(f),
            FetchError::Redirect { status } => {
                write!(
                    f,
                    "status {status}, but redirects are not followed: configure the address it leads to"
                )
            }
            FetchError::Status { status } => write!(f, "status {status} instead of 200"),
            FetchError::NothingToCompare => f.write_str("status 304 to a request without an entity tag"),
            FetchError::Keys { error } => write!(f, "no usable JWK set: {error}"),
        }
    }
}

impl core::error::Error for FetchError {}

impl From<HttpError> for FetchError {
    fn from(error: HttpError) -> Self {
        Self::Http { error }
    }
}

/// The request for a JWK set; `tag` is that of the keys which are held.
pub(crate) fn request(url: &str, tag: Option<&str>) -> HttpRequest {
    let request = HttpRequest::get(url, TIMEOUT, MOST_BYTES);
    match tag {
        Some(tag) => request.with_header("if-none-match", tag),
        None => request,
    }
}

/// Reads the answer; `tag` is what was sent.
pub(crate) fn read(response: &HttpResponse, tag: Option<&str>) -> Result<Fetched, FetchError> {
    let keys = match response.status {
        200 => Some(keys(&response.body)?),
        304 if tag.is_some() => None,
        304 => return Err(FetchError::NothingToCompare),
        status @ 300..=399 => return Err(FetchError::Redirect { status }),
        status => return Err(FetchError::Status { status }),
    };
    let new_tag = response.value("etag").filter(|tag| is_entity_tag(tag));
    let tag = match keys {
        Some(_) => new_tag,
        // RFC 9110 §15.4.5: a 304 should repeat it; where it does not, it stands.
        None => new_tag.or(tag),
    };
    Ok(Fetched { keys, fresh_for: fresh_for(response), tag: tag.map(str::to_owned) })
}

/// Bad keys among good ones are skipped; none left is a failure (RFC 7517 §5).
fn keys(body: &[u8]) -> Result<KeySet, FetchError> {
    // Before anything reads it, whatever the client let through.
    if body.len() > MOST_BYTES {
        return Err(HttpError::TooLong.into());
    }
    let set = JwkSet::from_json(body).and_then(|set| KeySet::from_jwk_set(&set, Source::Remote));
    set.map_err(|error| FetchError::Keys { error })
}

/// RFC 9110 §8.8.3. It is sent back as it came, so that nothing else may be in it.
fn is_entity_tag(tag: &str) -> bool {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    let inside = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    tag.len() <= MOST_TAG_BYTES
        && inside.is_some_and(|inside| inside.bytes().all(|byte| byte == b'!' || matches!(byte, b'#'..=b'~')))
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use jwt_core::{Algorithm, SigningKey};

    use super::*;

    fn jwks(keys: &[SigningKey]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| key.to_jwk().unwrap().to_json().unwrap()).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::ES256).unwrap()
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> HttpResponse {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpResponse { status, headers, body: body.into() }
    }

    #[test]
    fn a_good_answer_is_keys_their_freshness_and_their_tag() {
        let body = jwks(&[key(), key()]);
        let response = answer(200, &[("ETag", r#"W/"v1""#), ("Cache-Control", "max-age=300")], body);
        let fetched = read(&response, None).unwrap();
        assert_eq!(fetched.keys.unwrap().len(), 2);
        assert_eq!(
            (fetched.fresh_for, fetched.tag.as_deref()),
            (Some(Duration::from_secs(300)), Some(r#"W/"v1""#))
        );
    }

    #[test]
    fn keys_that_did_not_change_are_not_sent_again() {
        let sent = request("https://id.example.com/jwks", Some(r#""v1""#));
        assert!(sent.headers.contains(&("if-none-match", r#""v1""#.to_owned())));
        let same = read(&answer(304, &[("cache-control", "max-age=60")], ""), Some(r#""v1""#)).unwrap();
        assert!(same.keys.is_none());
        assert_eq!((same.fresh_for, same.tag.as_deref()), (Some(Duration::from_secs(60)), Some(r#""v1""#)));
        let unasked = read(&answer(304, &[], ""), None).unwrap_err();
        assert_eq!(unasked.code(), "nothing_to_compare");
    }

    #[test]
    fn a_set_without_a_tag_forgets_the_old_one() {
        let fetched = read(&answer(200, &[], jwks(&[key()])), Some(r#""v1""#)).unwrap();
        assert_eq!(fetched.tag, None);
    }

    #[test]
    fn only_an_entity_tag_is_sent_back() {
        for (tag, good) in [
            (r#""a""#, true),
            (r#""""#, true),
            (r#"W/"a!#~""#, true),
            ("a", false),
            (r#"w/"a""#, false),
            (r#""a"b""#, false),
            ("\"a b\"", false),
            ("\"a\u{e9}\"", false),
            ("\"", false),
            ("", false),
        ] {
            assert_eq!(is_entity_tag(tag), good, "{tag:?}");
        }
        assert!(!is_entity_tag(&format!("\"{}\"", "a".repeat(MOST_TAG_BYTES))));
    }

    #[test]
    fn whatever_is_no_set_of_usable_keys_is_a_failure_that_says_why() {
        let secret = r#"{"keys":[{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}"#;
        for (status, body, code, words) in [
            (500, String::new(), "status", "status 500 instead of 200"),
            (404, jwks(&[key()]), "status", "status 404 instead of 200"),
            (204, String::new(), "status", "status 204 instead of 200"),
            (203, jwks(&[key()]), "status", "status 203 instead of 200"),
            (
                302,
                jwks(&[key()]),
                "redirect",
                "status 302, but redirects are not followed: configure the address it leads to",
            ),
            (200, "<html>".to_owned(), "keys", "no usable JWK set: "),
            (200, String::new(), "keys", "no usable JWK set: "),
            (200, r#"{"keys":[]}"#.to_owned(), "keys", "no usable JWK set: "),
            (200, secret.to_owned(), "keys", "no usable JWK set: "),
            (200, " ".repeat(MOST_BYTES + 1), "too_long", "the answer is too long"),
        ] {
            let error = read(&answer(status, &[], body), None).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().starts_with(words), "{error}");
        }
    }

    #[test]
    fn a_bad_key_costs_one_key() {
        let body = jwks(&[key()]).replacen('[', r#"[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},"#, 1);
        let fetched = read(&answer(200, &[], body), None).unwrap();
        let keys = fetched.keys.unwrap();
        assert_eq!((keys.len(), keys.skipped().len()), (1, 1));
    }
}

//! The `WWW-Authenticate` field of a refusal.

use super::demands::Demands;
use crate::Answer;
use core::fmt;
use std::sync::Arc;

/// Writes challenges (RFC 6750 §3, RFC 9470 §3, RFC 9728 §5.1); by default with `realm="api"`.
///
/// The parameters stand in this order, separated by a comma and a space, each where it applies:
///
/// | parameter | when |
/// |---|---|
/// | `realm` | always, so that there is at least one parameter (RFC 6750 §3) |
/// | `error`, `error_description` | the answer has an error; never when nothing was presented |
/// | `scope` | `insufficient_scope`, where scopes are demanded |
/// | `acr_values`, `max_age` | `insufficient_user_authentication`, where demanded |
/// | `resource_metadata` | always, where configured |
///
/// The text depends on the configuration and the [`Answer`] alone, never on the token, and is
/// visible ASCII and spaces, with `"` and `\` escaped.
///
/// ```
/// use jwt_core::Answer;
/// use jwt_core::request::{Challenge, ChallengeError, Demands};
/// let challenge = Challenge::default().with_realm("orders")?;
/// let demands = Demands::default().with_scopes(["admin"])?;
/// assert_eq!(challenge.text(Answer::NoCredentials, &demands).unwrap(), r#"Bearer realm="orders""#);
/// assert_eq!(
///     challenge.text(Answer::InsufficientScope, &demands).unwrap(),
///     "Bearer realm=\"orders\", error=\"insufficient_scope\", \
///      error_description=\"The access token does not grant what this request needs\", scope=\"admin\"",
/// );
/// assert_eq!(challenge.text(Answer::Unavailable, &demands), None);
/// # Ok::<(), ChallengeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: &'static str,
    realm: String,
    resource_metadata: Option<String>,
}

impl Challenge {
    /// Sets the realm: the name of what is protected, as a client may show it.
    ///
    /// # Errors
    ///
    /// - [`ChallengeError::Realm`]: it is empty, or not visible ASCII and spaces.
    pub fn with_realm(mut self, realm: impl Into<String>) -> Result<Self, ChallengeError> {
        let value = realm.into();
        if value.is_empty() || !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return Err(ChallengeError::Realm { value });
        }
        self.realm = value;
        Ok(self)
    }

    /// Sets the URL of the protected resource metadata (RFC 9728 §5.1). It comes from the
    /// configuration and never from a `Host` field.
    ///
    /// # Errors
    ///
    /// - [`ChallengeError::ResourceMetadata`]: it is not an `https` URL (or `http` on loopback) of
    ///   visible ASCII, or it has user information, a fragment, a quotation mark or a backslash.
    pub fn with_resource_metadata(mut self, url: impl Into<String>) -> Result<Self, ChallengeError> {
        let value = url.into();
        if !is_metadata_url(&value) {
            return Err(ChallengeError::ResourceMetadata { value });
        }
        self.resource_metadata = Some(value);
        Ok(self)
    }

    /// The value of `WWW-Authenticate` for an answer; `None` for an answer that has no challenge.
    #[must_use]
    pub fn text(&self, answer: Answer, demands: &Demands) -> Option<String> {
        if !answer.has_challenge() {
            return None;
        }
        let mut text = String::from(self.scheme);
        text.push(' ');
        push(&mut text, "realm", &self.realm);
        let mut add = |name: &str, value: &str| {
            text.push_str(", ");
            push(&mut text, name, value);
        };
        if let Some(error) = answer.error() {
            add("error", error);
            add("error_description", answer.description());
        }
        if answer == Answer::InsufficientScope
            && let Some(scope) = demands.scope()
        {
            add("scope", scope);
        }
        if answer == Answer::InsufficientAuthentication {
            if let Some(values) = demands.acr_values() {
                add("acr_values", values);
            }
            if let Some(age) = demands.max_age() {
                add("max_age", &age.as_secs().to_string());
            }
        }
        if let Some(url) = &self.resource_metadata {
            add("resource_metadata", url);
        }
        Some(text)
    }

    /// Every challenge of a route, written once.
    #[must_use]
    pub fn prepare(&self, demands: &Demands) -> PreparedChallenges {
        let text = |answer| Arc::from(self.text(answer, demands).unwrap_or_default());
        PreparedChallenges {
            no_credentials: text(Answer::NoCredentials),
            invalid_request: text(Answer::InvalidRequest),
            expired: text(Answer::InvalidToken { expired: true }),
            not_valid: text(Answer::InvalidToken { expired: false }),
            insufficient_scope: text(Answer::InsufficientScope),
            insufficient_authentication: text(Answer::InsufficientAuthentication),
        }
    }
}

impl Default for Challenge {
    fn default() -> Self {
        Self { scheme: "Bearer", realm: "api".to_owned(), resource_metadata: None }
    }
}

/// The challenges of one configuration, ready to be sent: per refusal, the clone of an `Arc`.
///
/// ```
/// use jwt_core::Answer;
/// use jwt_core::request::{Challenge, Demands};
/// let prepared = Challenge::default().prepare(&Demands::default());
/// assert_eq!(prepared.of(Answer::NoCredentials).unwrap().as_ref(), r#"Bearer realm="api""#);
/// assert!(prepared.of(Answer::Forbidden).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedChallenges {
    no_credentials: Arc<str>,
    invalid_request: Arc<str>,
    expired: Arc<str>,
    not_valid: Arc<str>,
    insufficient_scope: Arc<str>,
    insufficient_authentication: Arc<str>,
}

impl PreparedChallenges {
    /// The value of `WWW-Authenticate` for an answer; `None` for an answer that has no challenge.
    #[must_use]
    pub const fn of(&self, answer: Answer) -> Option<&Arc<str>> {
        match answer {
            Answer::NoCredentials => Some(&self.no_credentials),
            Answer::InvalidRequest => Some(&self.invalid_request),
            Answer::InvalidToken { expired: true } => Some(&self.expired),
            Answer::InvalidToken { expired: false } => Some(&self.not_valid),
            Answer::InsufficientScope => Some(&self.insufficient_scope),
            Answer::InsufficientAuthentication => Some(&self.insufficient_authentication),
            Answer::Forbidden | Answer::Unavailable | Answer::Internal => None,
        }
    }
}

/// A part of a challenge that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeError {
    /// The realm is empty or not visible ASCII and spaces.
    Realm {
        /// The realm as given.
        value: String,
    },
    /// A scope is not a `scope-token` (RFC 6749 §3.3).
    Scope {
        /// The scope as given.
        value: String,
    },
    /// An `acr` value cannot stand in a list separated by spaces.
    AcrValue {
        /// The value as given.
        value: String,
    },
    /// The URL of the metadata is not a plain `https` URL.
    ResourceMetadata {
        /// The URL as given.
        value: String,
    },
}

impl fmt::Display for ChallengeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChallengeError::Realm { value } => {
                write!(f, "realm {value:?} is empty or not visible ASCII and spaces")
            }
            ChallengeError::Scope { value } => {
                write!(f, "scope {value:?} is empty or has a character that no scope may have")
            }
            ChallengeError::AcrValue { value } => {
                write!(
                    f,
                    "`acr` value {value:?} is empty or has a character that no `acr` value in a list may have"
                )
            }
            ChallengeError::ResourceMetadata { value } => {
                write!(f, "resource metadata {value:?} is not a plain `https` URL without fragment")
            }
        }
    }
}

impl core::error::Error for ChallengeError {}

/// Appends `name="value"` as a quoted string (RFC 9110 §5.6.4).
fn push(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str("=\"");
    for c in value.chars() {
        if c == '"' || c == '\\' {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
}

fn is_metadata_url(url: &str) -> bool {
    let plain = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'#' | b'<' | b'>'));
    let authority = |rest: &str| -> Option<String> {
        let authority = rest.split(['/', '?']).next()?;
        (!authority.is_empty() && !authority.contains('@') && !authority.starts_with(':'))
            .then(|| authority.to_ascii_lowercase())
    };
    if let Some(rest) = url.strip_prefix("https://") {
        return plain && authority(rest).is_some();
    }
    plain && url.strip_prefix("http://").and_then(authority).is_some_and(|authority| is_loopback(&authority))
}

fn is_loopback(authority: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|host| authority.strip_prefix(host).is_some_and(|port| port.is_empty() || port.starts_with(':')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    const ALL: [Answer; 9] = [
        Answer::NoCredentials,
        Answer::InvalidRequest,
        Answer::InvalidToken { expired: true },
        Answer::InvalidToken { expired: false },
        Answer::InsufficientScope,
        Answer::InsufficientAuthentication,
        Answer::Forbidden,
        Answer::Unavailable,
        Answer::Internal,
    ];

    fn full() -> (Challenge, Demands) {
        let challenge = Challenge::default()
            .with_realm("orders")
            .and_then(|c| {
                c.with_resource_metadata("https://api.example.com/.well-known/oauth-protected-resource")
            })
            .unwrap();
        let demands = Demands::default()
            .with_scopes(["a", "b:c"])
            .and_then(|d| d.with_acr_values(["gold", "silver"]))
            .unwrap()
            .with_max_age(Duration::from_millis(300_999));
        (challenge, demands)
    }

    #[test]
    fn each_answer_has_its_parameters_in_the_fixed_order() {
        const METADATA: &str =
            "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";
        let (challenge, demands) = full();
        for (answer, middle) in [
            (Answer::NoCredentials, String::new()),
            (
                Answer::InvalidRequest,
                format!(
                    "error=\"invalid_request\", error_description=\"{}\", ",
                    Answer::InvalidRequest.description()
                ),
            ),
            (
                Answer::InvalidToken { expired: true },
                "error=\"invalid_token\", error_description=\"The access token has expired\", ".to_owned(),
            ),
            (
                Answer::InvalidToken { expired: false },
                "error=\"invalid_token\", error_description=\"The access token is not valid\", ".to_owned(),
            ),
            (
                Answer::InsufficientScope,
                format!(
                    "error=\"insufficient_scope\", error_description=\"{}\", scope=\"a b:c\", ",
                    Answer::InsufficientScope.description()
                ),
            ),
            (
                Answer::InsufficientAuthentication,
                format!(
                    "error=\"insufficient_user_authentication\", error_description=\"{}\", \
                     acr_values=\"gold silver\", max_age=\"300\", ",
                    Answer::InsufficientAuthentication.description()
                ),
            ),
        ] {
            let expected = format!("Bearer realm=\"orders\", {middle}{METADATA}");
            assert_eq!(challenge.text(answer, &demands), Some(expected), "{answer:?}");
        }
    }

    #[test]
    fn prepared_challenges_are_the_written_ones() {
        let (challenge, demands) = full();
        for (challenge, demands) in [(challenge, demands), Default::default()] {
            let prepared = challenge.prepare(&demands);
            for answer in ALL {
                let text = challenge.text(answer, &demands);
                assert_eq!(prepared.of(answer).map(|t| t.to_string()), text, "{answer:?}");
                assert_eq!(text.is_some(), answer.has_challenge(), "{answer:?}");
            }
        }
    }

    #[test]
    fn an_error_is_named_only_if_something_was_presented() {
        for answer in ALL {
            let Some(text) = Challenge::default().text(answer, &Demands::default()) else { continue };
            assert_eq!(text.contains("error"), answer != Answer::NoCredentials, "{text}");
            assert!(!text.contains("scope=") && !text.contains("acr") && !text.contains("max_age"), "{text}");
        }
    }

    #[test]
    fn quotation_marks_and_backslashes_in_the_realm_are_escaped() {
        let challenge = Challenge::default().with_realm(r#"a"b\c"#).unwrap();
        let text = challenge.text(Answer::NoCredentials, &Demands::default());
        assert_eq!(text.as_deref(), Some(r#"Bearer realm="a\"b\\c""#));
    }

    #[test]
    fn a_realm_is_visible_ascii_and_spaces() {
        for byte in 0..=127_u8 {
            let realm = format!("a{}a", char::from(byte));
            let ok = (0x20..=0x7E).contains(&byte);
            let built = Challenge::default().with_realm(&realm);
            assert_eq!(built.is_ok(), ok, "{byte:#04x}");
            let text = built.ok().and_then(|c| c.text(Answer::InvalidRequest, &Demands::default()));
            let visible = text.is_none_or(|t| t.bytes().all(|b| (0x20..=0x7E).contains(&b)));
            assert!(visible, "{byte:#04x}");
        }
        for realm in ["", "ä", "\u{a0}"] {
            let error = ChallengeError::Realm { value: realm.to_owned() };
            assert_eq!(Challenge::default().with_realm(realm), Err(error), "{realm:?}");
        }
    }

    #[test]
    fn the_metadata_url_is_plain_https_or_loopback() {
        for (url, ok) in [
            ("https://api.example.com/.well-known/oauth-protected-resource", true),
            ("https://api.example.com", true),
            ("https://api.example.com/x?y=z", true),
            ("http://localhost:3000/x", true),
            ("http://127.0.0.1/x", true),
            ("http://[::1]:8080/x", true),
            ("http://api.example.com/x", false),
            ("http://localhost.evil.example/x", false),
            ("http://127.0.0.1.evil.example/x", false),
            ("https://", false),
            ("https:///x", false),
            ("https://:443/x", false),
            ("https://user@api.example.com/x", false),
            ("https://api.example.com/x#y", false),
            ("https://api.example.com/\"", false),
            ("https://api.example.com/\\", false),
            ("https://api.example.com/a b", false),
            ("https://api.example.com/\r\nX: y", false),
            ("https://api.example.com/ä", false),
            ("/.well-known/oauth-protected-resource", false),
            ("", false),
        ] {
            assert_eq!(Challenge::default().with_resource_metadata(url).is_ok(), ok, "{url:?}");
        }
    }

    #[test]
    fn every_error_names_what_it_refuses() {
        let value = || "b d".to_owned();
        for (error, text) in [
            (
                ChallengeError::Realm { value: value() },
                "realm \"b d\" is empty or not visible ASCII and spaces",
            ),
            (
                ChallengeError::Scope { value: value() },
                "scope \"b d\" is empty or has a character that no scope may have",
            ),
            (
                ChallengeError::AcrValue { value: value() },
                "`acr` value \"b d\" is empty or has a character that no `acr` value in a list may have",
            ),
            (
                ChallengeError::ResourceMetadata { value: value() },
                "resource metadata \"b d\" is not a plain `https` URL without fragment",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}

//! The HTTP client as this crate needs it: one request, one bounded answer.

use core::fmt;
use core::time::Duration;

use jwt_core::keys::BoxFuture;

use crate::address::shown;

/// Sends requests to servers that hold keys and verdicts. The default is reqwest; anything else that can send a
/// request can stand for it.
///
/// An implementation must not follow redirects: whoever may redirect could name another source of keys. It must
/// give up after [`HttpRequest::timeout`] and stop reading after [`HttpRequest::most_bytes`], decompressed. Both
/// are watched from here too, but only an implementation can close the connection early. It is trusted with all that it
/// sends, and with what it says that it was answered: certificates are checked, and redirects left alone, by it or by
/// nobody.
///
/// ```
/// use jwt_core::keys::BoxFuture;
/// use jwt_remote::{HttpClient, HttpError, HttpRequest, HttpResponse};
///
/// /// Reads from a directory that is kept in step with the provider, for a service without a network.
/// struct Mirror;
///
/// impl HttpClient for Mirror {
///     fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
///         Box::pin(async move {
///             let name: String = request.url.chars().filter(char::is_ascii_alphanumeric).collect();
///             let body = std::fs::read(format!("mirror/{name}")).map_err(|error| HttpError::connection(error.to_string()))?;
///             if body.len() > request.most_bytes {
///                 return Err(HttpError::TooLong);
///             }
///             Ok(HttpResponse::new(200, Vec::new(), body))
///         })
///     }
/// }
/// ```
pub trait HttpClient: Send + Sync + 'static {
    /// Sends the request and reads the whole answer. The future may be dropped at any time.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>>;

    /// Whether it may be given what is secret: tokens, and this service's own credentials. Where it may not,
    /// [`Introspection`](crate::Introspection) and [`ServiceToken`](crate::ServiceToken) do not start with it
    /// ([`RemoteError::UnfitClient`](crate::RemoteError::UnfitClient)). Default: no. One that follows no redirect, and
    /// sends to nobody else, says yes; one that sends by another client says what that one says.
    fn may_carry_secrets(&self) -> bool {
        false
    }
}

/// A request of this crate.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// Where to; `https`, or `http` where that is allowed.
    pub url: String,
    /// Names in lower case, and values that are visible ASCII. May hold credentials.
    pub headers: Vec<(&'static str, String)>,
    /// Of a `POST`; without one it is a `GET`. May hold credentials.
    pub body: Option<Vec<u8>>,
    /// For everything, from the look-up of the name to the last byte. 5 s, or as [`FetchLimits`](crate::FetchLimits) say.
    pub timeout: Duration,
    /// The longest body that is read, in bytes after decompression. 512 KiB, or as the limits say.
    pub most_bytes: usize,
}

/// Shows no query, no header and no body, which may hold credentials.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = shown(&self.url);
        f.debug_struct("HttpRequest").field("address", &address).finish_non_exhaustive()
    }
}

impl HttpRequest {
    /// A `GET` of JSON.
    #[must_use]
    pub fn get(url: &str, timeout: Duration, most_bytes: usize) -> Self {
        let headers = vec![("accept", "application/json".to_owned())];
        Self { url: url.to_owned(), headers, body: None, timeout, most_bytes }
    }

    /// A `POST` of a form (`application/x-www-form-urlencoded`) that is answered with JSON.
    pub(crate) fn post_form(url: &str, form: &[(&str, &str)], timeout: Duration, most_bytes: usize) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Self::get(url, timeout, most_bytes);
        request.body = Some(body.into_bytes());
        request.with_header("content-type", "application/x-www-form-urlencoded")
    }

    #[must_use]
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An answer.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The header fields in their order. Those that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Shows no body and no field, which may hold tokens.
impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

impl HttpResponse {
    /// An answer as it came.
    #[must_use]
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { status, headers, body }
    }

    /// All values of a field, names compared without case.
    pub(crate) fn values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r str> {
        let is_it = move |field: &&(String, String)| field.0.eq_ignore_ascii_case(name);
        self.headers.iter().filter(is_it).map(|(_, value)| value.as_str())
    }

    /// The one value of a field; `None` where there is none, or several.
    pub(crate) fn value<'r>(&'r self, name: &'r str) -> Option<&'r str> {
        let mut values = self.values(name);
        values.next().filter(|_| values.next().is_none())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// Nobody could be reached, or the connection broke.
    #[non_exhaustive]
    Connection {
        /// What the client says, for the operator: never a header or body.
        problem: String,
    },
    /// It took longer than allowed.
    Timeout,
    /// The body is longer than allowed.
    TooLong,
    /// The answer came by a redirect, which is not followed.
    Redirected,
    /// The body is compressed, which nobody asked for.
    Encoded,
}

impl HttpError {
    /// A stable code, for metrics and alerts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            HttpError::Connection { .. } => "connection",
            HttpError::Timeout => "timeout",
            HttpError::TooLong => "too_long",
            HttpError::Redirected => "redirect",
            HttpError::Encoded => "encoded",
        }
    }

    /// Nobody could be reached, or the connection broke.
    pub fn connection(problem: impl Into<String>) -> Self {
        Self::Connection { problem: problem.into() }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Connection { problem } => write!(f, "no connection: {problem}"),
            HttpError::Timeout => f.write_str("no answer in time"),
            HttpError::TooLong => f.write_str("the answer is longer than what is asked for can be"),
            HttpError::Redirected => f.write_str(
                "redirects are not followed: configure the address that it leads to, and a client that follows none",
            ),
            HttpError::Encoded => {
                f.write_str("the answer is compressed though nobody asked for it: look for a proxy that does so")
            }
        }
    }
}

impl core::error::Error for HttpError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_none_of_its_credentials() {
        let request = HttpRequest::get("https://id.example.com/jwks", Duration::from_secs(5), 9)
            .with_header("authorization", "Basic c2VjcmV0");
        let shown = format!("{request:?}");
        assert!(shown.contains("https://id.example.com/jwks") && !shown.contains("c2VjcmV0"), "{shown}");
    }

    #[test]
    fn a_form_is_escaped() {
        let form = [("token", "a b&c=d"), ("x", "\u{e9}")];
        let request = HttpRequest::post_form("https://id.example.com/", &form, Duration::from_secs(5), 9);
        assert_eq!(request.body.as_deref(), Some(&b"token=a+b%26c%3Dd&x=%C3%A9"[..]));
        assert!(request.headers.contains(&("content-type", "application/x-www-form-urlencoded".to_owned())));
    }

    #[test]
    fn a_field_that_is_given_twice_has_no_one_value() {
        let field = |name: &str| (name.to_owned(), "v".to_owned());
        let headers = vec![field("ETag"), field("Age"), field("age")];
        let response = HttpResponse { headers, ..HttpResponse::default() };
        assert_eq!(
            (response.value("etag"), response.value("age"), response.value("x")),
            (Some("v"), None, None)
        );
        assert_eq!(response.values("AGE").count(), 2);
    }

    #[test]
    fn every_error_has_its_words() {
        for (error, words) in [
            (HttpError::connection("refused"), "connection: no connection: refused"),
            (HttpError::Timeout, "timeout: no answer in time"),
            (HttpError::TooLong, "too_long: the answer is longer than what is asked for can be"),
            (
                HttpError::Redirected,
                "redirect: redirects are not followed: configure the address that it leads to, and a client that \
                 follows none",
            ),
            (
                HttpError::Encoded,
                "encoded: the answer is compressed though nobody asked for it: look for a proxy that does so",
            ),
        ] {
            assert_eq!(format!("{}: {error}", error.code()), words);
        }
    }
}

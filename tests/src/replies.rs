//! The responses of the routes, down to the byte, the same in every framework.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use jwt_core::{Refusal, Verified};

use crate::routes::Endpoint;

/// A response of a route, without a type of any framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The value of `Allow`, where there is one.
    pub allow: Option<String>,
    /// The value of `Cache-Control`, where there is one.
    pub cache_control: Option<&'static str>,
    /// The body, which is JSON.
    pub body: String,
}

impl Reply {
    /// The media type of every reply.
    pub const MEDIA_TYPE: &'static str = "application/json";

    /// 200 with this body.
    #[must_use]
    pub fn ok(body: String) -> Self {
        Self { status: 200, allow: None, cache_control: None, body }
    }

    /// The subject and all claims, those exactly as they were signed.
    #[must_use]
    pub fn me(verified: &Verified) -> Self {
        let sub = quoted(verified.subject());
        Self::ok(format!(r#"{{"sub":{sub},"claims":{}}}"#, String::from_utf8_lossy(verified.payload())))
    }

    /// The subject, or `null` where nobody is known.
    #[must_use]
    pub fn subject(subject: Option<&str>) -> Self {
        Self::ok(format!(r#"{{"sub":{}}}"#, quoted(subject)))
    }

    /// The subject and the audience that matched: whose rules the identity is from.
    #[must_use]
    pub fn identity(verified: &Verified) -> Self {
        let (sub, audience) = (quoted(verified.subject()), quoted(verified.audience()));
        Self::ok(format!(r#"{{"sub":{sub},"audience":{audience}}}"#))
    }

    /// Nothing about anybody.
    #[must_use]
    pub fn public() -> Self {
        Self::ok(r#"{"public":true}"#.to_owned())
    }

    /// As [`Reply::public`], not to be kept.
    #[must_use]
    pub fn unstorable() -> Self {
        Self { cache_control: Some("no-store"), ..Self::public() }
    }

    /// The body of a refusal where it is not the problem document. Its status is a wrong one, for
    /// adapters are to set the right one afterwards.
    #[must_use]
    pub fn own_words(refusal: &Refusal) -> Self {
        Self::ok(format!(r#"{{"refused":{}}}"#, refusal.status()))
    }

    /// 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self::error(404, "not found")
    }

    /// 405 with the methods of the endpoint.
    #[must_use]
    pub fn method_not_allowed(endpoint: Endpoint) -> Self {
        Self { allow: Some(endpoint.methods().join(",")), ..Self::error(405, "method not allowed") }
    }

    /// An error of this status.
    #[must_use]
    pub fn error(status: u16, error: &str) -> Self {
        Self {
            status,
            allow: None,
            cache_control: None,
            body: format!(r#"{{"error":{}}}"#, quoted(Some(error))),
        }
    }

    /// As a response of an `http` 1.x framework.
    #[must_use]
    pub fn into_http<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(self.body.into());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Self::MEDIA_TYPE));
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            headers.insert(ALLOW, allow);
        }
        if let Some(cache_control) = self.cache_control {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
        }
        response
    }
}

/// As JSON: a string, or `null`.
fn quoted(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), |text| serde_json::Value::from(text).to_string())
}

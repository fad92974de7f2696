//! What the token endpoint answers (RFC 6749 §5.1 and §5.2).

use core::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::access_token::AccessToken;
use super::error::ServiceTokenError;
use crate::bounds::MOST_ANSWER_BYTES;
use crate::fetch_error::FetchError;
use crate::http::{HttpError, HttpResponse};

/// The codes of RFC 6749 §5.2, RFC 8707 §2 and RFC 9449 §5 and §8; the last two are in use, though RFC 6749 has them for
/// another endpoint.
const REASONS: [&str; 11] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "server_error",
    "temporarily_unavailable",
];

/// What a good answer gives.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) token: AccessToken,
    /// `expires_in`, as the server says it.
    pub(super) lifetime: Option<Duration>,
    pub(super) scope: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    access_token: String,
    token_type: String,
    expires_in: Option<Value>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Reads the answer, and wipes it.
pub(super) fn read(response: HttpResponse) -> Result<Granted, ServiceTokenError> {
    let HttpResponse { status, body, .. } = response;
    let body = Zeroizing::new(body);
    // Before anything reads it, whatever the client let through.
    if body.len() > MOST_ANSWER_BYTES {
        return Err(HttpError::TooLong.into());
    }
    if let Err(error) = FetchError::of_status(status) {
        return Err(match error {
            FetchError::Status { .. } => refusal(status, &body).unwrap_or(error.into()),
            _ => error.into(),
        });
    }
    let Document { access_token, token_type, expires_in, scope } = object(&body)?;
    let token = Zeroizing::new(access_token);
    // §5.1: compared without case.
    if !token_type.eq_ignore_ascii_case("bearer") {
        return Err(ServiceTokenError::NotBearer);
    }
    let lifetime = expires_in.as_ref().map(lifetime).transpose()?;
    let token = AccessToken::new(&token).ok_or(ServiceTokenError::Malformed {
        problem: "`access_token` is empty, longer than 16 KiB, or has characters that RFC 6750 does not",
    })?;
    Ok(Granted { token, lifetime, scope })
}

/// A refusal as RFC 6749 §5.2 has it. Of what the server says only a known code is taken: the rest could be anything.
fn refusal(status: u16, body: &[u8]) -> Option<ServiceTokenError> {
    let Refusal { error } = object(body).ok()?;
    Some(ServiceTokenError::Refused { status, reason: REASONS.into_iter().find(|reason| *reason == error) })
}

/// Member names that are read are unique, and an array is no object, though serde would take it for one.
fn object<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, ServiceTokenError> {
    let malformed = |problem| ServiceTokenError::Malformed { problem };
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(malformed("it is no JSON object"));
    }
    // Never the error's text, which quotes what was answered.
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => malformed("a member is missing, given twice or of another type"),
        _ => malformed("it is no JSON object"),
    })
}

/// `expires_in` in seconds: a number, or its digits in a string, as some servers write it. Fractions are dropped.
fn lifetime(value: &Value) -> Result<Duration, ServiceTokenError> {
    let malformed = ServiceTokenError::Malformed { problem: "`expires_in` is no number of seconds" };
    let seconds = match value {
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Some(whole),
            (None, Some(fraction)) => {
                Duration::try_from_secs_f64(fraction).ok().map(|duration| duration.as_secs())
            }
            (None, None) => None,
        },
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    seconds.map(Duration::from_secs).ok_or(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Granted, ServiceTokenError> {
        read(HttpResponse { status, headers: Vec::new(), body: body.into() })
    }

    fn good(more: &str) -> Result<Granted, ServiceTokenError> {
        answer(200, &format!(r#"{{"access_token":"t0ken","token_type":"Bearer"{more}}}"#))
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        // RFC 6749 §4.4.3.
        let granted = answer(
            200,
            r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600,
                "example_parameter":"example_value"}"#,
        );
        assert_eq!(granted.unwrap_err(), ServiceTokenError::NotBearer);
        let granted = answer(
            200,
            " {\"access_token\":\"2YotnFZFEjr1zCsicMWpAA\",\"token_type\":\"bEARER\",\"expires_in\":3600,\"scope\":\"a b\"}",
        )
        .unwrap();
        assert_eq!(granted.token.as_str(), "2YotnFZFEjr1zCsicMWpAA");
        assert_eq!(granted.lifetime, Some(Duration::from_secs(3_600)));
        assert_eq!(granted.scope.as_deref(), Some("a b"));
    }

    #[test]
    fn expires_in_is_a_number_of_seconds_however_it_is_written() {
        for (written, seconds) in [
            ("60", Some(60)),
            ("60.9", Some(60)),
            ("6e1", Some(60)),
            ("\"3599\"", Some(3_599)),
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("-1", None),
            ("1e300", None),
            ("\"\"", None),
            ("\"-5\"", None),
            ("\"1 hour\"", None),
            ("true", None),
            ("[60]", None),
        ] {
            let granted = good(&format!(r#","expires_in":{written}"#));
            match seconds {
                Some(seconds) => assert_eq!(granted.unwrap().lifetime, Some(Duration::from_secs(seconds))),
                None => assert_eq!(granted.unwrap_err().code(), "malformed_token_response", "{written}"),
            }
        }
        assert_eq!(good("").unwrap().lifetime, None);
        assert_eq!(good(r#","expires_in":null"#).unwrap().lifetime, None);
    }

    #[test]
    fn whatever_is_no_token_response_is_named_and_not_quoted() {
        let long = format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, "s3cret".repeat(3_000));
        let huge = " ".repeat(MOST_ANSWER_BYTES + 1);
        for (status, body, code) in [
            (200, "", "malformed_token_response"),
            (200, "<html>s3cret", "malformed_token_response"),
            (200, r#"["s3cret","Bearer"]"#, "malformed_token_response"),
            (200, r#"{"access_token":"s3cret"}"#, "malformed_token_response"),
            (200, r#"{"access_token":"s3cret","token_type":"Bearer"} x"#, "malformed_token_response"),
            (200, r#"{"access_token":"","token_type":"Bearer"}"#, "malformed_token_response"),
            (200, r#"{"access_token":"s3 cret","token_type":"Bearer"}"#, "malformed_token_response"),
            (200, r#"{"access_token":7,"token_type":"Bearer"}"#, "malformed_token_response"),
            (
                200,
                r#"{"access_token":"s3cret","access_token":"b","token_type":"Bearer"}"#,
                "malformed_token_response",
            ),
            (200, &long, "malformed_token_response"),
            (200, &huge, "too_long"),
            (200, r#"{"access_token":"s3cret","token_type":"DPoP"}"#, "not_bearer"),
            (201, r#"{"access_token":"s3cret","token_type":"Bearer"}"#, "status"),
            (302, r#"{"error":"invalid_client"}"#, "redirect"),
            (400, r#"{"error":"invalid_scope","error_description":"s3cret\r\n"}"#, "invalid_scope"),
            (401, r#"{"error":"invalid_client"}"#, "invalid_client"),
            (400, r#"{"error":"s3cret\r\nforged"}"#, "refused"),
            (400, "s3cret", "status"),
            (400, r#"["invalid_client"]"#, "status"),
            (503, r#"{"error":"temporarily_unavailable"}"#, "temporarily_unavailable"),
            (500, "<html>s3cret", "status"),
        ] {
            let error = answer(status, body).unwrap_err();
            assert_eq!(error.code(), code, "{body}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("s3") && !shown.contains("forged"), "{shown}");
        }
    }
}

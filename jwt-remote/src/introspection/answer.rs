//! What the answer of an introspection endpoint is worth (RFC 7662 §2.2).

use std::sync::Arc;

use jwt_core::danger::{Asserted, ClaimRules};
use jwt_core::{Evidence, Reason, TokenError};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::bounds::MOST_ANSWER_BYTES;
use crate::fetch_error::FetchError;
use crate::http::{HttpError, HttpResponse};

/// What the endpoint says about a token.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// It is active. Whether it may be used here is a matter of rules, time, and who presents it.
    Active(Asserted),
    /// It is good for nobody, or not as a bearer token.
    Refused(TokenError),
}

/// Reads the answer of `endpoint`.
pub(crate) fn read(
    response: HttpResponse,
    rules: &ClaimRules,
    endpoint: &Arc<str>,
) -> Result<Answer, FetchError> {
    FetchError::of_status(response.status)?;
    // Before anything reads it, whatever the client let through.
    if response.body.len() > MOST_ANSWER_BYTES {
        return Err(HttpError::TooLong.into());
    }
    let unusable = |problem: String| FetchError::Introspection { problem };
    let evidence = Evidence::introspection(Arc::clone(endpoint));
    let asserted = rules.assert(response.body, evidence).map_err(|error| unusable(error.to_string()))?;
    match asserted.claim::<bool>("active") {
        Ok(Some(true)) => {}
        Ok(Some(false)) => return Ok(Answer::Refused(Reason::Inactive.into())),
        // A string "true" is no such thing.
        Ok(None) | Err(_) => return Err(unusable("`active` is missing or no boolean".to_owned())),
    }
    Ok(match check_type(&asserted) {
        Ok(()) => Answer::Active(asserted),
        Err(error) => Answer::Refused(error),
    })
}

#[derive(Deserialize)]
struct Confirmation {
    jkt: Option<IgnoredAny>,
}

/// Refuses a token that is not presented as a bearer token: another kind, which is good at the server alone, as a
/// refresh token, or one bound to a key that the answer does not name (RFC 9449 §6.2). Whether the key that it names
/// is proved is seen to by the rules.
fn check_type(asserted: &Asserted) -> Result<(), TokenError> {
    let refused = |reason| Err(TokenError::about(reason, "token_type"));
    let Ok(token_type) = asserted.claim::<String>("token_type") else {
        return refused(Reason::MalformedClaim);
    };
    match token_type {
        None => Ok(()),
        // RFC 6749 §5.1: compared without case.
        Some(token_type) if token_type.eq_ignore_ascii_case("bearer") => Ok(()),
        Some(token_type) if token_type.eq_ignore_ascii_case("dpop") => {
            match asserted.claim::<Confirmation>("cnf") {
                Ok(Some(Confirmation { jkt: Some(_) })) => Ok(()),
                _ => refused(Reason::SenderConstraint),
            }
        }
        Some(_) => refused(Reason::WrongKind),
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use jwt_core::Expected;

    use super::*;

    fn answer(status: u16, body: impl Into<Vec<u8>>) -> Result<Answer, FetchError> {
        let rules = ClaimRules::builder().with_audience("orders").with_issuer("https://id.example.com/");
        let rules = ClaimRules::of(rules.insecure_without_expiry()).unwrap();
        let response = HttpResponse { status, headers: Vec::new(), body: body.into() };
        read(response, &rules, &"https://id.example.com/introspect".into())
    }

    /// What becomes of an answer, and of the token by the rules, for whoever proves `proofs`.
    fn verdict(body: &str, proofs: &[&'static str]) -> Result<(), String> {
        match answer(200, body) {
            Err(error) => Err(error.code().to_owned()),
            Ok(Answer::Refused(error)) => Err(error.reason().code().to_owned()),
            Ok(Answer::Active(asserted)) => {
                let expected = Expected::new().with_proofs(proofs);
                let checked = asserted.check(Duration::from_secs(1_000), &expected);
                checked.map(drop).map_err(|error| error.reason().code().to_owned())
            }
        }
    }

    #[test]
    fn only_the_boolean_true_is_active() {
        for (active, expected) in [
            ("true", Ok(())),
            ("false", Err("inactive")),
            ("\"true\"", Err("introspection")),
            ("1", Err("introspection")),
            ("null", Err("introspection")),
            ("[true]", Err("introspection")),
            ("true,\"active\":false", Err("introspection")),
            ("false,\"active\":true", Err("introspection")),
            ("false,\"\\u0061ctive\":true", Err("introspection")),
        ] {
            let body = format!(r#"{{"aud":"orders","active":{active}}}"#);
            assert_eq!(verdict(&body, &[]), expected.map_err(str::to_owned), "{body}");
        }
        assert_eq!(verdict(r#"{"aud":"orders"}"#, &[]), Err("introspection".to_owned()));
        assert_eq!(verdict(r#"{"aud":"orders","Active":true}"#, &[]), Err("introspection".to_owned()));
    }

    #[test]
    fn what_is_no_answer_says_nothing() {
        let long = vec![b' '; MOST_ANSWER_BYTES + 1];
        for (status, body, code) in [
            (200, b"<html>".to_vec(), "introspection"),
            (200, b"".to_vec(), "introspection"),
            (200, b"[true]".to_vec(), "introspection"),
            (200, b"true".to_vec(), "introspection"),
            (200, b"{\"active\":true".to_vec(), "introspection"),
            (200, b"\xff".to_vec(), "introspection"),
            (200, long, "too_long"),
            (201, br#"{"active":true,"aud":"orders"}"#.to_vec(), "status"),
            (204, b"".to_vec(), "status"),
            (302, b"".to_vec(), "redirect"),
            (401, br#"{"active":true,"aud":"orders"}"#.to_vec(), "status"),
            (500, br#"{"active":true,"aud":"orders"}"#.to_vec(), "status"),
        ] {
            assert_eq!(answer(status, body).unwrap_err().code(), code, "{status}");
        }
        let deep = format!(r#"{{"active":true,"aud":"orders","x":{}{}}}"#, "[".repeat(60_000), "]".repeat(5));
        assert!(answer(200, deep).is_err());
    }

    #[test]
    fn no_error_quotes_the_answer() {
        let error = answer(200, r#"{"active":"hunter2"}"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }

    #[test]
    fn bearer_tokens_are_taken_and_others_with_their_proof() {
        for (members, proofs, expected) in [
            (r#""token_type":"Bearer""#, &[][..], Ok(())),
            (r#""token_type":"bEARER""#, &[], Ok(())),
            (r#""token_type":"refresh_token""#, &[], Err("wrong_token_kind")),
            (r#""token_type":"N_A""#, &[], Err("wrong_token_kind")),
            (r#""token_type":"""#, &[], Err("wrong_token_kind")),
            (r#""token_type":7"#, &[], Err("malformed_claim")),
            (r#""token_type":null"#, &[], Err("malformed_claim")),
            (r#""token_type":"DPoP""#, &["jkt"], Err("sender_constraint")),
            (r#""token_type":"DPoP","cnf":{"x5t#S256":"x"}"#, &["jkt", "x5t#S256"], Err("sender_constraint")),
            (r#""token_type":"DPoP","cnf":{"jkt":"x"}"#, &["jkt"], Ok(())),
            (r#""token_type":"DPoP","cnf":{"jkt":"x"}"#, &[], Err("sender_constraint")),
            (r#""cnf":{"jkt":"x"}"#, &[], Err("sender_constraint")),
            (r#""token_type":"Bearer","cnf":{"x5t#S256":"x"}"#, &["x5t#S256"], Ok(())),
        ] {
            let body = format!(r#"{{"active":true,"aud":"orders",{members}}}"#);
            assert_eq!(verdict(&body, proofs), expected.map_err(str::to_owned), "{body} {proofs:?}");
        }
    }
}

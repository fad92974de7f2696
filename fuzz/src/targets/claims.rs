//! A payload of any bytes on a token that is good otherwise: accepted exactly where a second reading of the
//! rules says so, and read by our deserializer as by serde_json.

use jwt_core::{Evidence, Limits, NumericDate, Verified, danger};
use serde_json::Value;

use crate::fixture::{AUDIENCE, HMAC, ISSUER, LEEWAY, NOW, hmac_keys, sign, verifier};
use crate::json::{self, Json, Reading};

pub(super) fn run(input: &[u8]) {
    let reading = json::read(input);
    grammar(input, &reading);

    let token = sign(&HMAC, br#"{"alg":"HS256"}"#, input);
    let verifier = verifier(hmac_keys());
    let result = verifier.verify(&token);
    let explained = verifier.explain(&token);
    assert_eq!(explained.findings().is_empty(), result.is_ok(), "explain says otherwise: {result:?}");
    assert_eq!(explained.findings().first(), result.as_ref().err(), "explain begins with another reason");
    if token.len() > Limits::default().token_bytes() {
        return assert!(result.is_err(), "it is too long");
    }
    match &reading {
        Reading::Value(claims) => {
            if let Some(good) = is_good(claims) {
                assert_eq!(result.is_ok(), good, "{result:?}");
            }
            if let Ok(verified) = &result {
                same_claims(verified, claims, input);
            }
        }
        Reading::HugeNumber => {}
        Reading::Refused => assert!(result.is_err(), "serde_json refuses it"),
    }
}

/// What is read as claims at all is exactly an object with distinct names, nested at most 32 deep.
fn grammar(input: &[u8], reading: &Reading) {
    let evidence = Evidence::introspection("https://id.example.com/introspect");
    let read = danger::assert_verified(ISSUER, input.to_vec(), evidence);
    match reading {
        Reading::Value(value) => {
            let good = matches!(value, Json::Object(_)) && value.depth() <= Limits::MAX_PAYLOAD_DEPTH;
            assert_eq!(read.is_ok(), good, "{read:?}");
        }
        Reading::HugeNumber => {}
        Reading::Refused => assert!(read.is_err(), "serde_json refuses it"),
    }
    if let Ok(verified) = read
        && matches!(reading, Reading::Value(_))
    {
        let ours = verified.claims::<Value>().expect("any object is a value");
        let theirs: Value = serde_json::from_slice(input).expect("it was read before");
        assert!(same(&ours, &theirs), "read as {ours} and as {theirs}");
    }
}

fn same_claims(verified: &Verified, claims: &Json, input: &[u8]) {
    let text = |name| claims.member(name).and_then(Json::text);
    assert_eq!(verified.payload(), input);
    assert_eq!(verified.issuer(), text("iss"));
    assert_eq!(verified.audience(), Some(AUDIENCE));
    assert_eq!(verified.subject(), text("sub"));
    assert_eq!(verified.token_id(), text("jti"));
    assert_eq!(verified.session_id().as_deref(), text("sid"));
    assert_eq!(verified.client_id().as_deref(), text("client_id"));
    assert_eq!(verified.authentication_context().as_deref(), text("acr"));
    for (date, name) in
        [(verified.expires_at(), "exp"), (verified.not_before(), "nbf"), (verified.issued_at(), "iat")]
    {
        let seconds = claims.member(name).and_then(whole_seconds);
        assert!(seconds.is_none() || seconds == date.map(NumericDate::as_secs), "{name}: {date:?}");
    }
}

fn whole_seconds(value: &Json) -> Option<u64> {
    if let Json::Number(number) = value { number.as_u64() } else { None }
}

/// The rules of claims, in the words of the documentation; `None` where a binary fraction cannot tell.
fn is_good(claims: &Json) -> Option<bool> {
    const OTHER_KINDS: [&str; 5] = ["nonce", "at_hash", "c_hash", "events", "htm"];
    let is = |name: &str, values: &[&str]| {
        claims.member(name).and_then(Json::text).is_some_and(|text| values.contains(&text))
    };
    let texts = ["iss", "sub", "jti", "sid", "client_id", "acr"];
    let sound = matches!(claims, Json::Object(_))
        && claims.depth() <= Limits::MAX_PAYLOAD_DEPTH
        && texts.iter().all(|name| claims.member(name).is_none_or(|it| it.text().is_some()))
        && is("iss", &[ISSUER])
        && claims.member("aud").is_some_and(is_for_us)
        && !OTHER_KINDS.iter().any(|name| claims.member(name).is_some())
        && !is("token_use", &["id", "refresh"])
        && !is("token_type", &["refresh"])
        && claims.member("cnf").is_none();
    if !sound || claims.member("exp").is_none() {
        return Some(false);
    }
    let now = NOW as f64;
    let leeway = LEEWAY as f64;
    let dates = [
        date(claims.member("exp"), |exp| now < exp + leeway, now - leeway),
        date(claims.member("nbf"), |nbf| nbf <= now + leeway, now + leeway),
        date(claims.member("iat"), |iat| iat <= now + leeway, now + leeway),
        date(claims.member("auth_time"), |_| true, 0.0),
    ];
    if dates.contains(&Some(false)) { Some(false) } else { dates.iter().all(Option::is_some).then_some(true) }
}

/// Whether a date is one and `holds`; `None` where it is a fraction too near to a limit.
fn date(value: Option<&Json>, holds: impl Fn(f64) -> bool, limit: f64) -> Option<bool> {
    let last = NumericDate::MAX_SECS as f64;
    match value {
        None => Some(true),
        Some(Json::Number(number)) => {
            let seconds = number.as_f64().unwrap_or(f64::MAX);
            let exact = number.is_u64();
            if seconds.is_sign_negative() || seconds > last + 2.0 {
                return Some(false);
            }
            let near = |limit: f64| (seconds - limit).abs() < 2.0;
            // `0e99999999999` is a zero of which we say that it is no date.
            if !exact && (near(limit) || near(last) || seconds == 0.0) {
                return None;
            }
            Some(seconds <= last && holds(seconds))
        }
        Some(_) => Some(false),
    }
}

fn is_for_us(audience: &Json) -> bool {
    match audience {
        Json::Text(one) => one == AUDIENCE,
        Json::Array(many) => {
            many.iter().all(|one| one.text().is_some_and(|one| !one.is_empty()))
                && many.iter().any(|one| one.text() == Some(AUDIENCE))
        }
        _ => false,
    }
}

/// Equal but for `-0`, which serde_json reads as a fraction and we as a whole number.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (Value::Number(a), Value::Number(b)) if b.as_f64() == Some(0.0) => a.as_f64() == Some(0.0),
        _ => ours == theirs,
    }
}

//! The token that is exchanged, and how either side is asked about it.

use core::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::{
    Algorithm, Clock, Evidence, Issuer, ManualClock, Reason, SigningKey, SystemClock, Verifier, VerifyingKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::foreign::Foreign;

pub(crate) const ISSUER: &str = "https://id.example.com/";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
const SUBJECT: &str = "alice";

/// Claims of the application's own: text beyond ASCII, which PyJWT escapes and Node.js does not, the largest
/// integer that JavaScript keeps, nesting, and what is not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    greeting: String,
    number: i64,
    price: f64,
    lines: Vec<Line>,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    article: String,
    gift: bool,
}

impl Order {
    pub(crate) fn sample() -> Self {
        Self {
            greeting: "Grüße \"/\\\u{1f980}\u{2028}".into(),
            number: 9_007_199_254_740_991,
            price: 0.25,
            lines: vec![Line { article: "książka".into(), gift: true }],
            note: None,
        }
    }
}

/// Now, in whole seconds.
pub(crate) fn now() -> u64 {
    SystemClock.now().as_secs()
}

/// The claims that a library is to sign.
pub(crate) fn claims() -> Value {
    let mut claims = serde_json::to_value(Order::sample()).unwrap();
    let (iat, exp) = (now(), now().saturating_add(600));
    for (name, value) in
        [("iss", json!(ISSUER)), ("aud", json!(AUDIENCE)), ("sub", json!(SUBJECT)), ("iat", json!(iat))]
    {
        claims[name] = value;
    }
    claims["exp"] = exp.into();
    claims
}

/// The same token as we sign it: `age` seconds old, of ten minutes.
pub(crate) fn issue(key: &SigningKey, issuer: &str, audience: &str, age: u64) -> Result<String, String> {
    let issuer = Issuer::builder()
        .with_key(key.clone())
        .with_audience(audience)
        .with_issuer(issuer)
        .with_lifetime(Duration::from_secs(600))
        .build()
        .map_err(|error| format!("no issuer: {error}"))?
        .with_clock(ManualClock::at(now().saturating_sub(age)));
    let token = issuer.token().with_subject(SUBJECT).with_claims(&Order::sample());
    token.sign().map_err(|error| format!("we cannot sign: {error}"))
}

pub(crate) fn verifier(key: VerifyingKey) -> Verifier {
    Verifier::builder().with_key(key).with_audience(AUDIENCE).with_issuer(ISSUER).build().unwrap()
}

/// We accept the token, and read from it what was put in.
pub(crate) fn we_accept(verifier: &Verifier, algorithm: Algorithm, token: &str) -> Result<(), String> {
    let (verified, order) =
        verifier.verify_into::<Order>(token).map_err(|error| format!("we refuse: {error} in {token}"))?;
    let Evidence::Signature { algorithm: ran, .. } = verified.evidence() else {
        return Err("no signature was checked".into());
    };
    same("algorithm", *ran, algorithm)?;
    same("custom claims", order, Order::sample())?;
    same("issuer", verified.issuer(), Some(ISSUER))?;
    same("audience", verified.audience(), Some(AUDIENCE))?;
    same("subject", verified.subject(), Some(SUBJECT))?;
    same("has expiry", verified.expires_at().is_some_and(|exp| exp.as_secs() > now()), true)?;
    signature_is_of_length(algorithm, token)
}

/// They accept the token, and read from it what was put in.
pub(crate) fn they_accept(
    foreign: &mut Foreign<'_>,
    algorithm: Algorithm,
    key: &Value,
    token: &str,
) -> Result<(), String> {
    let claims = foreign
        .verify(algorithm, key, token)?
        .map_err(|error| format!("{} refuses: {error} in {token}", foreign.library.name))?;
    let order: Order = super::foreign::read(&claims)?;
    same("custom claims", order, Order::sample())?;
    same("issuer", claims["iss"].as_str(), Some(ISSUER))?;
    same("audience", claims["aud"].as_str(), Some(AUDIENCE))?;
    same("subject", claims["sub"].as_str(), Some(SUBJECT))?;
    same("expiry", claims["exp"].as_u64(), claims["iat"].as_u64().map(|iat| iat.saturating_add(600)))?;
    signature_is_of_length(algorithm, token)
}

/// We refuse the token for this reason.
pub(crate) fn we_refuse(verifier: &Verifier, token: &str, reason: Reason) -> Result<(), String> {
    match verifier.verify(token) {
        Ok(_) => Err(format!("we accept it, where {reason:?} was due: {token}")),
        Err(error) => same("reason", error.reason(), reason),
    }
}

/// They refuse the token with an error that begins so.
pub(crate) fn they_refuse(
    foreign: &mut Foreign<'_>,
    algorithm: Algorithm,
    key: &Value,
    token: &str,
    begins: &str,
) -> Result<(), String> {
    let name = foreign.library.name;
    match foreign.verify(algorithm, key, token)? {
        Ok(_) => Err(format!("{name} accepts it, where `{begins}` was due: {token}")),
        Err(error) if error.starts_with(begins) => Ok(()),
        Err(error) => Err(format!("{name} refuses with `{error}`, where `{begins}` was due")),
    }
}

/// The token with another subject under the old signature.
pub(crate) fn with_other_payload(token: &str) -> Result<String, String> {
    let [header, payload, signature] = segments(token)?;
    let mut claims: Value = serde_json::from_slice(&decode(payload)?).map_err(|error| error.to_string())?;
    claims["sub"] = "mallory".into();
    Ok(format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string())))
}

/// The token with one bit of its signature turned.
pub(crate) fn with_other_signature(token: &str) -> Result<String, String> {
    let [header, payload, signature] = segments(token)?;
    let mut signature = decode(signature)?;
    // In the middle: the first bits of r ‖ s in ES512 are padding.
    let middle = signature.len() / 2;
    *signature.get_mut(middle).ok_or("an empty signature")? ^= 1;
    Ok(format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// As long as the table of facts says (132 bytes for ES512); for RSA the 256 bytes of the moduli here.
fn signature_is_of_length(algorithm: Algorithm, token: &str) -> Result<(), String> {
    let [_, _, signature] = segments(token)?;
    same("length of the signature", decode(signature)?.len(), algorithm.facts().signature_len.unwrap_or(256))
}

fn segments(token: &str) -> Result<[&str; 3], String> {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().map_err(|_| format!("not three segments: {token}"))
}

fn decode(segment: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|error| format!("{error}: {segment}"))
}

pub(crate) fn same<T: PartialEq + core::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} where {expected:?} was due")) }
}

//! Names of claims that an issuer looks at.

use crate::json::{self, Nodes, Value};
use crate::limits::Limits;
use crate::verifier::parse_payload;

/// The claims of RFC 7519 §4.1, which only the issuer itself sets.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Names that suggest something which whoever reads the token should not see: a token is signed,
/// not secret (RFC 9068 §6).
pub(super) const SENSITIVE: [&str; 24] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "pin",
    "secret",
    "client_secret",
    "api_key",
    "apikey",
    "private_key",
    "access_key",
    "ssn",
    "social_security_number",
    "credit_card",
    "card_number",
    "cvv",
    "cvc",
    "iban",
    "birthdate",
    "date_of_birth",
    "phone_number",
    "address",
    "health",
    "religion",
];

/// The registered claim of that name.
pub(super) fn registered(name: Value<'_>) -> Option<&'static str> {
    REGISTERED.into_iter().find(|registered| name.is_str(registered))
}

/// A registered claim among the custom ones, which stand behind a comma at `start`.
pub(super) fn registered_among(payload: &[u8], start: usize) -> Option<&'static str> {
    let mut customs = payload.get(start..)?.to_vec();
    *customs.first_mut()? = b'{';
    let mut nodes = Nodes::new();
    let (document, _) = parse_payload(json::text(&customs).ok()?, &Limits::default(), &mut nodes).ok()?;
    document.root().members().find_map(|(name, _)| registered(name))
}

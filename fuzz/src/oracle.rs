//! jsonwebtoken 11, set to the same rules. It reads the system's time and cannot be given another.

use std::sync::LazyLock;

use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::de::IgnoredAny;

use crate::fixture::{AUDIENCE, ISSUER, SECRET};

/// Its key of HS256. Installs its provider first.
static HMAC: LazyLock<DecodingKey> = LazyLock::new(|| {
    // Fails where it is already installed, which is as good.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    DecodingKey::from_secret(SECRET)
});

/// Leeway of a minute, twice ours, so that a second that passes between the two does not matter.
static RULES: LazyLock<Validation> = LazyLock::new(|| {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(&["exp", "iss", "aud"]);
    rules.validate_nbf = true;
    rules.leeway = 60;
    rules
});

/// Whether it accepts a token under HS256, whatever else the token says.
///
/// # Errors
/// What it says against the token.
#[expect(clippy::disallowed_methods, reason = "the oracle that we are compared with")]
pub fn accepts(token: &str) -> Result<(), jsonwebtoken::errors::Error> {
    let key = &*HMAC;
    decode::<IgnoredAny>(token, key, &RULES).map(|_| ())
}

//! jsonwebtoken 11, set to the same rules. It reads the system's time and cannot be given another.

use std::sync::LazyLock;

use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::de::IgnoredAny;

use crate::fixture::{AUDIENCE, ED25519_PUBLIC, ISSUER, P256_PUBLIC, P384_PUBLIC, RSA_PUBLIC, SECRET};

/// What it is given for one algorithm.
struct Oracle {
    algorithm: Algorithm,
    key: DecodingKey,
    rules: Validation,
    /// With `nbf` required as well.
    rules_with_nbf: Validation,
}

/// One for each key of [`COMPARED`](crate::fixture::COMPARED). Installs its provider first.
static ORACLES: LazyLock<[Oracle; 6]> = LazyLock::new(|| {
    // Fails where it is already installed, which is as good.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    [
        (Algorithm::HS256, Ok(DecodingKey::from_secret(SECRET))),
        (Algorithm::RS256, DecodingKey::from_rsa_pem(RSA_PUBLIC.as_bytes())),
        (Algorithm::PS256, DecodingKey::from_rsa_pem(RSA_PUBLIC.as_bytes())),
        (Algorithm::ES256, DecodingKey::from_ec_pem(P256_PUBLIC.as_bytes())),
        (Algorithm::ES384, DecodingKey::from_ec_pem(P384_PUBLIC.as_bytes())),
        (Algorithm::EdDSA, DecodingKey::from_ed_pem(ED25519_PUBLIC.as_bytes())),
    ]
    .map(|(algorithm, key)| Oracle {
        algorithm,
        key: key.expect("a good key"),
        rules: rules(algorithm, &["exp", "iss", "aud"]),
        rules_with_nbf: rules(algorithm, &["exp", "iss", "aud", "nbf"]),
    })
});

/// Leeway of a minute, twice ours, so that a second that passes between the two does not matter.
fn rules(algorithm: Algorithm, required: &[&str]) -> Validation {
    let mut rules = Validation::new(algorithm);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(required);
    rules.validate_nbf = true;
    rules.leeway = 60;
    rules
}

/// Whether it accepts a token under this algorithm, whatever else the token says.
///
/// # Errors
/// What it says against the token.
///
/// # Panics
/// Where it is not given a key of the algorithm.
pub fn accepts(algorithm: jwt_core::Algorithm, token: &str) -> Result<(), Error> {
    let oracle = oracle(algorithm);
    ask(token, &oracle.key, &oracle.rules)
}

/// As [`accepts`], with `nbf` required.
///
/// # Errors
/// What it says against the token.
///
/// # Panics
/// Where it is not given a key of the algorithm.
pub fn accepts_with_nbf(algorithm: jwt_core::Algorithm, token: &str) -> Result<(), Error> {
    let oracle = oracle(algorithm);
    ask(token, &oracle.key, &oracle.rules_with_nbf)
}

fn oracle(algorithm: jwt_core::Algorithm) -> &'static Oracle {
    let named = algorithm.name().parse();
    ORACLES
        .iter()
        .find(|oracle| named.as_ref() == Ok(&oracle.algorithm))
        .expect("an algorithm that is compared")
}

#[expect(clippy::disallowed_methods, reason = "the oracle that we are compared with")]
fn ask(token: &str, key: &DecodingKey, rules: &Validation) -> Result<(), Error> {
    decode::<IgnoredAny>(token, key, rules).map(|_| ())
}

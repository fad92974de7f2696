//! What `build` gave is not looked at.

use axum_jwt::jwt_core::ConfigError;
use axum_jwt::{JwtAuth, Verifier, VerifyingKey};

pub fn auth(key: VerifyingKey) -> Result<JwtAuth, ConfigError> {
    let verifier = Verifier::builder().with_key(key).with_audience("api").with_issuer("https://id").build();
    #[cfg(right)]
    let verifier = verifier?;
    Ok(JwtAuth::new(verifier))
}

//! The issuer comes before the audience.

use jwt_core::{ConfigError, Verifier, VerifyingKey};

pub fn verifier(key: VerifyingKey) -> Result<Verifier, ConfigError> {
    let builder = Verifier::builder().with_key(key);
    #[cfg(right)]
    let builder = builder.with_audience("api").with_issuer("https://id");
    #[cfg(not(right))]
    let builder = builder.with_issuer("https://id").with_audience("api");
    builder.build()
}

//! Nobody said whose tokens they are.

use jwt_core::{ConfigError, Verifier, VerifyingKey};

pub fn verifier(key: VerifyingKey) -> Result<Verifier, ConfigError> {
    let builder = Verifier::builder().with_key(key).with_audience("api");
    #[cfg(right)]
    let builder = builder.with_issuer("https://id");
    builder.build()
}

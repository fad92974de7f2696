//! jsonwebtoken 11 as its documentation says to use it, set to the same rules.

use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use jwt_core::Family;

use crate::fixture::{AUDIENCE, Fixture, ISSUER, User, now};

/// Must run before anything else of this module.
pub fn install() {
    // Fails where it is already installed, which is as good.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
}

/// Key and rules for verifying.
pub struct Decoder {
    key: DecodingKey,
    algorithm: Algorithm,
    validation: Validation,
}

/// Key and header for signing.
pub struct Encoder {
    key: EncodingKey,
    header: Header,
}

/// Its name for the algorithm, where it has one.
#[must_use]
pub fn algorithm(fixture: &Fixture) -> Option<Algorithm> {
    fixture.algorithm.name().parse().ok()
}

impl Decoder {
    /// For the fixture's tokens; `None` where the peer lacks the algorithm.
    #[must_use]
    pub fn new(fixture: &Fixture) -> Option<Self> {
        let pem = fixture.public_pem.as_bytes();
        let key = match fixture.algorithm.facts().family {
            Family::Hmac => DecodingKey::from_secret(&fixture.secret),
            Family::RsaPkcs1 | Family::RsaPss => DecodingKey::from_rsa_pem(pem).expect("a key"),
            Family::Ecdsa => DecodingKey::from_ec_pem(pem).ok()?,
            Family::EdDsa => DecodingKey::from_ed_pem(pem).expect("a key"),
            _ => return None,
        };
        let algorithm = algorithm(fixture)?;
        Some(Self { key, algorithm, validation: validation(algorithm) })
    }

    /// The claims of a good token.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the peer's own path is what is measured")]
    pub fn verify(&self, token: &str) -> Option<User> {
        decode::<User>(token, &self.key, &self.validation).ok().map(|data| data.claims)
    }

    /// The same, with the rules written down beside the call, as the documentation of jsonwebtoken and
    /// the example of axum have them.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the peer's own path is what is measured")]
    pub fn verify_as_documented(&self, token: &str) -> Option<User> {
        decode::<User>(token, &self.key, &validation(self.algorithm)).ok().map(|data| data.claims)
    }
}

/// The rules of the fixture.
fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    // Without these it would accept a token that lacks them, or is not valid yet.
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    validation.leeway = 30;
    validation
}

impl Encoder {
    /// With the fixture's key; `None` where the peer lacks the algorithm.
    #[must_use]
    pub fn new(fixture: &Fixture) -> Option<Self> {
        let pem = fixture.private_pem.as_bytes();
        let key = match fixture.algorithm.facts().family {
            Family::Hmac => EncodingKey::from_secret(&fixture.secret),
            Family::RsaPkcs1 | Family::RsaPss => EncodingKey::from_rsa_pem(pem).expect("a key"),
            Family::Ecdsa => EncodingKey::from_ec_pem(pem).ok()?,
            Family::EdDsa => EncodingKey::from_ed_pem(pem).expect("a key"),
            _ => return None,
        };
        Some(Self { key, header: Header::new(algorithm(fixture)?) })
    }

    /// A token of the fixture's claims, dated now; the `jti` is given.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the peer's own path is what is measured")]
    pub fn sign(&self) -> String {
        encode(&self.header, &User::at(now()), &self.key).expect("a token")
    }
}

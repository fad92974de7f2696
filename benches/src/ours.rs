//! jwt-core as its documentation says to use it.

use jwt_core::keys::{Live, Sign, SignError, Verify};
use jwt_core::{Algorithm, Issuer, KeySet, SigningKey, Verifier, VerifyingKey};

use crate::fixture::{AUDIENCE, Fixture, ISSUER, SCOPE, SUBJECT, TOKEN_ID, User};

/// A verifier of the fixture's tokens: issuer, audience and dates are checked.
#[must_use]
pub fn verifier(fixture: &Fixture) -> Verifier {
    Verifier::builder()
        .with_key(&fixture.key)
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .build()
        .expect("a verifier")
}

/// The claims of a good token.
#[must_use]
pub fn verify(verifier: &Verifier, token: &str) -> Option<User> {
    verifier.verify_into::<User>(token).ok().map(|(_, user)| user)
}

/// An issuer of tokens like the fixture's.
#[must_use]
pub fn issuer(fixture: &Fixture) -> Issuer {
    Issuer::builder()
        .with_key(fixture.key.clone())
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .build()
        .expect("an issuer")
}

/// A token with the given `jti`, as the peer makes it.
#[must_use]
pub fn sign(issuer: &Issuer) -> String {
    let token = issuer.token().with_subject(SUBJECT).with_scope(SCOPE).with_token_id(TOKEN_ID);
    token.sign().expect("a token")
}

/// A token with a random `jti`, as an issuer should make it.
#[must_use]
pub fn sign_with_random_id(issuer: &Issuer) -> String {
    issuer.token().with_subject(SUBJECT).with_scope(SCOPE).sign().expect("a token")
}

/// A key whose signatures cost nothing: zeros, which it believes.
pub struct Free;

impl Free {
    /// It under an algorithm and a `kid`.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn key() -> SigningKey {
        let verifying = VerifyingKey::custom(Algorithm::ES256, Self).with_key_id("2026").expect("a key");
        SigningKey::custom(verifying, Self)
    }
}

impl Verify for Free {
    fn verify(&self, _: &[u8], signature: &[u8]) -> bool {
        signature.first() == Some(&0)
    }
}

impl Sign for Free {
    fn sign(&self, _: &[u8], signature: &mut Vec<u8>) -> Result<(), SignError> {
        signature.resize(64, 0);
        Ok(())
    }
}

/// Verifiers of the same free key, held for good and in a cell whose keys may be replaced at any time.
///
/// # Panics
/// Never.
#[must_use]
pub fn fixed_and_live(key: &SigningKey) -> [Verifier; 2] {
    let keys = KeySet::new([key.verifying_key()]).expect("a set");
    let live = Live::holding(keys.clone());
    [Verifier::builder().with_keys(keys), Verifier::builder().with_live_keys(live)]
        .map(|builder| builder.with_audience(AUDIENCE).with_issuer(ISSUER).build().expect("a verifier"))
}

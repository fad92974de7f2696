//! jwt-core as its documentation says to use it.

use jwt_core::{Issuer, Verifier};

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

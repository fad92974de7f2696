//! For tests only: a valid token in one line, and one for each way to be refused.
//!
//! **Never turn the feature `testing` on in what you ship.** The private key of [`TestIssuer`] is printed in
//! RFC 7515, so whoever reads that can sign for a service that trusts it. The feature belongs into
//! `[dev-dependencies]`, which do not reach a build of the program.
//!
//! Nothing here returns an error: what cannot be done panics, as an assertion does.
//!
//! ```
//! use jwt_core::Reason;
//! use jwt_core::testing::TestIssuer;
//!
//! let test = TestIssuer::new();
//! let verifier = test.verifier(); // hand this to what is to be tested
//!
//! let token = test.token_for("alice").with_scope("admin").sign();
//! assert_eq!(verifier.verify(&token)?.subject(), Some("alice"));
//! // In a request: .header("authorization", test.token_for("alice").bearer())
//!
//! let refused = |token: String| verifier.verify(&token).unwrap_err().reason();
//! assert_eq!(refused(test.token_for("alice").expired().sign()), Reason::Expired);
//! assert_eq!(refused(test.token_for("alice").foreign().sign()), Reason::BadSignature);
//! assert_eq!(refused(test.token_for("alice").without_claim("aud").sign()), Reason::MissingClaim);
//!
//! // Time stands still until the test moves it.
//! test.clock().advance(3_600);
//! assert_eq!(refused(token), Reason::Expired);
//! # Ok::<(), jwt_core::TokenError>(())
//! ```

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Algorithm;
use crate::authority::{Authority, AuthorityBuilder, Ready};
use crate::base64url;
use crate::jws;
use crate::keys::{HmacSecret, Jwk, KeySet, Live, LiveWriter, SigningKey};
use crate::time::ManualClock;
use crate::verifier::Verifier;

/// The key pair of RFC 7515 Appendix A.3, which is no secret.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","kid":"for-tests-only",
"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// 2030-01-01T00:00:00Z.
const NOW: u64 = 1_893_456_000;

/// Seconds for which a token is valid.
const LIFETIME: u64 = 600;

/// For tests only: an issuer of tokens, good and bad, whose verifiers share its clock and its keys.
///
/// Clones are the same issuer.
#[derive(Clone)]
pub struct TestIssuer(Arc<Inner>);

struct Inner {
    audience: Box<str>,
    issuer: Box<str>,
    clock: ManualClock,
    live: Live,
    writer: LiveWriter,
    key: Mutex<SigningKey>,
}

impl TestIssuer {
    /// The audience of [`TestIssuer::new`].
    pub const AUDIENCE: &'static str = "https://api.example.com";
    /// The name of [`TestIssuer::new`].
    pub const ISSUER: &'static str = "https://id.example.com/";

    /// An issuer with the names of this crate's examples, a fixed ES256 key and a clock that stands still in 2030.
    #[must_use]
    pub fn new() -> Self {
        Self::named(Self::AUDIENCE, Self::ISSUER)
    }

    /// An issuer with names of your own: the `aud` and the `iss` of its tokens.
    #[must_use]
    pub fn named(audience: &str, issuer: &str) -> Self {
        let key =
            Jwk::from_json(KEY.as_bytes()).and_then(|jwk| SigningKey::from_jwk_with(Algorithm::ES256, &jwk));
        let (live, writer) = Live::new();
        let issuer = Self(Arc::new(Inner {
            audience: audience.into(),
            issuer: issuer.into(),
            clock: ManualClock::at(NOW),
            live,
            writer,
            key: Mutex::new(expect(key)),
        }));
        issuer.recover();
        issuer
    }

    /// The rules of a verifier that trusts this issuer, for whoever must add to them. It has yet to be given
    /// the [clock](TestIssuer::clock), after `build`; [`verifier_with`](TestIssuer::verifier_with) does both.
    pub fn authority(&self) -> AuthorityBuilder<Ready> {
        let builder = Authority::builder().with_live_keys(self.0.live.clone());
        builder.with_audience(&*self.0.audience).with_issuer(&*self.0.issuer)
    }

    /// A verifier that trusts this issuer, under its clock.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.verifier_with(|rules| rules)
    }

    /// A verifier that trusts this issuer by more rules, under its clock: the rules of the service, so that tests hold for
    /// what is served.
    ///
    /// ```
    /// use jwt_core::testing::TestIssuer;
    /// use jwt_core::{AuthorityBuilder, Ready};
    ///
    /// // In the service: Oidc::issuer("https://id.example.com/realms/shop").with_audience("orders").with_rules(rules)
    /// fn rules(authority: AuthorityBuilder<Ready>) -> AuthorityBuilder<Ready> {
    ///     authority.with_roles_at(["realm_access", "roles"]).require_claim("tenant")
    /// }
    ///
    /// let test = TestIssuer::named("orders", "https://id.example.com/realms/shop");
    /// let verifier = test.verifier_with(rules);
    ///
    /// let access = serde_json::json!({"roles": ["buyer"]});
    /// let token = test.token_for("alice").with_claim("tenant", "blue").with_claim("realm_access", access);
    /// assert!(verifier.verify(&token.sign())?.has_role("buyer"));
    /// assert!(verifier.verify(&token.without_claim("tenant").sign()).is_err());
    /// # Ok::<(), jwt_core::TokenError>(())
    /// ```
    ///
    /// # Panics
    /// Where the rules are none that a verifier can be built by; the text is that of the
    /// [`ConfigError`](crate::ConfigError).
    #[must_use]
    pub fn verifier_with(
        &self,
        rules: impl FnOnce(AuthorityBuilder<Ready>) -> AuthorityBuilder<Ready>,
    ) -> Verifier {
        expect(rules(self.authority()).build()).with_clock(self.0.clock.clone())
    }

    /// The clock of tokens and verifiers. It moves when told to.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.0.clock
    }

    /// The key that signs now: the fixed one, until [`rotate`](TestIssuer::rotate).
    #[must_use]
    pub fn key(&self) -> SigningKey {
        self.0.key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a token for `subject`: valid from now for ten minutes, with `iss`, `sub`, `aud`, `iat`, `exp` and a
    /// `jti` that is always `test`.
    pub fn token_for(&self, subject: &str) -> TestToken {
        let now = crate::Clock::now(&self.0.clock).as_secs();
        let token = TestToken { key: self.key(), now, claims: Map::new(), flaw: None };
        token
            .with_claim("iss", &*self.0.issuer)
            .with_claim("sub", subject)
            .with_claim("aud", &*self.0.audience)
            .with_claim("iat", now)
            .with_claim("exp", now.saturating_add(LIFETIME))
            .with_claim("jti", "test")
    }

    /// Replaces the key by a new one: what the old one signed is refused from now on, by an unknown `kid`.
    pub fn rotate(&self) {
        let key = expect(SigningKey::generate(Algorithm::ES256));
        *self.0.key.lock().unwrap_or_else(PoisonError::into_inner) = key;
        self.recover();
    }

    /// Takes the keys away from all verifiers: every token is refused as unavailable, 503, until
    /// [`recover`](TestIssuer::recover).
    pub fn outage(&self) {
        self.0.writer.clear();
    }

    /// Ends an outage.
    pub fn recover(&self) {
        self.0.writer.replace(expect(KeySet::new([self.key().verifying_key()])));
    }
}

impl Default for TestIssuer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestIssuer")
    }
}

/// For tests only: a token in the making, with whatever claims and flaws a test needs. The last flaw of a
/// signature counts; claims are as they were last set.
#[derive(Clone)]
#[must_use = "a token is made by `sign` or `bearer`"]
pub struct TestToken {
    key: SigningKey,
    now: u64,
    claims: Map<String, Value>,
    flaw: Option<Flaw>,
}

/// What is wrong with a signature.
#[derive(Clone, Copy)]
enum Flaw {
    Foreign,
    Tampered,
    Unsigned,
    OtherAlgorithm,
}

impl TestToken {
    /// Any claim, registered ones included, in place of the one that is there.
    pub fn with_claim(mut self, name: &str, value: impl Serialize) -> Self {
        self.claims.insert(name.to_owned(), expect(serde_json::to_value(value)));
        self
    }

    /// Without a claim that would be there: `exp`, for one.
    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// `scope`: names with spaces between them.
    pub fn with_scope(self, scope: &str) -> Self {
        self.with_claim("scope", scope)
    }

    /// The claim `roles`, where verifiers look unless told by [`with_roles_at`](AuthorityBuilder::with_roles_at). Of a
    /// provider that has them elsewhere it is, for one, `with_claim("realm_access", json!({"roles": ["ops"]}))`.
    pub fn with_roles<S: Serialize>(self, roles: impl IntoIterator<Item = S>) -> Self {
        self.with_claim("roles", roles.into_iter().collect::<Vec<_>>())
    }

    /// A token that expired an hour ago, far beyond any leeway.
    pub fn expired(self) -> Self {
        let (issued, expired) = (self.now.saturating_sub(7_200), self.now.saturating_sub(3_600));
        self.with_claim("iat", issued).with_claim("exp", expired)
    }

    /// A token that becomes valid in an hour.
    pub fn not_yet_valid(self) -> Self {
        let (from, until) = (self.now.saturating_add(3_600), self.now.saturating_add(7_200));
        self.with_claim("nbf", from).with_claim("exp", until)
    }

    /// A token for another service than ours.
    pub fn for_another_audience(self) -> Self {
        self.with_claim("aud", "https://another-audience.example")
    }

    /// A token that names another issuer, though ours has signed it.
    pub fn by_another_issuer(self) -> Self {
        self.with_claim("iss", "https://another-issuer.example/")
    }

    /// Signed by a key that no verifier knows, under the `kid` of one that it knows.
    pub fn foreign(self) -> Self {
        self.with_flaw(Flaw::Foreign)
    }

    /// A claim is put in after signing.
    pub fn tampered(self) -> Self {
        self.with_flaw(Flaw::Tampered)
    }

    /// `"alg":"none"`, without a signature (RFC 8725 §2.1).
    pub fn unsigned(self) -> Self {
        self.with_flaw(Flaw::Unsigned)
    }

    /// HS256 under something that is public (RFC 8725 §2.1).
    pub fn with_wrong_algorithm(self) -> Self {
        self.with_flaw(Flaw::OtherAlgorithm)
    }

    fn with_flaw(self, flaw: Flaw) -> Self {
        Self { flaw: Some(flaw), ..self }
    }

    /// The token.
    #[must_use]
    pub fn sign(&self) -> String {
        let known_as = |key: SigningKey| match self.key.key_id() {
            Some(key_id) => expect(key.with_key_id(Arc::clone(key_id))),
            None => key,
        };
        let signed_by = |key: &SigningKey| {
            let payload = expect(serde_json::to_vec(&self.claims));
            expect(jws::sign_typed(&payload, key, "at+jwt", None))
        };
        match self.flaw {
            None => signed_by(&self.key),
            Some(Flaw::Foreign) => signed_by(&known_as(expect(SigningKey::generate(Algorithm::ES256)))),
            Some(Flaw::OtherAlgorithm) => {
                let public = expect(self.key.verifying_key().thumbprint());
                let secret = expect(HmacSecret::from_bytes(public.into_bytes()));
                signed_by(&known_as(expect(SigningKey::from_secret(Algorithm::HS256, &secret))))
            }
            Some(Flaw::Unsigned) => {
                let header = base64url::encode(br#"{"alg":"none","typ":"at+jwt"}"#);
                format!("{header}.{}.", self.payload())
            }
            Some(Flaw::Tampered) => {
                let signed = signed_by(&self.key);
                let forged = self.clone().with_claim("tampered", true).payload();
                let mut segments: Vec<&str> = signed.split('.').collect();
                segments.splice(1..2, [forged.as_str()]);
                segments.join(".")
            }
        }
    }

    /// The value of an `Authorization` field.
    #[must_use]
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.sign())
    }

    fn payload(&self) -> String {
        base64url::encode(&expect(serde_json::to_vec(&self.claims)))
    }
}

impl fmt::Debug for TestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestToken")
    }
}

#[track_caller]
#[expect(clippy::expect_used, reason = "in a test, to panic is to tell")]
fn expect<T, E: fmt::Debug>(result: Result<T, E>) -> T {
    result.expect("the test kit was asked for something that cannot be")
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use super::*;
    use crate::refusal::Reason;

    #[test]
    fn each_flaw_has_its_reason() {
        let test = TestIssuer::new();
        let verifier = test.verifier();
        let alice = || test.token_for("alice");
        assert!(verifier.verify(&alice().sign()).is_ok());
        for (reason, token) in [
            (Reason::Expired, alice().expired()),
            (Reason::NotYetValid, alice().not_yet_valid()),
            (Reason::WrongAudience, alice().for_another_audience()),
            (Reason::WrongIssuer, alice().by_another_issuer()),
            (Reason::BadSignature, alice().foreign()),
            (Reason::BadSignature, alice().tampered()),
            (Reason::AlgorithmNotAllowed, alice().unsigned()),
            (Reason::AlgorithmNotAllowed, alice().with_wrong_algorithm()),
            (Reason::MissingClaim, alice().without_claim("exp")),
            (Reason::MalformedClaim, alice().with_claim("exp", "soon")),
        ] {
            assert_eq!(verifier.verify(&token.sign()).unwrap_err().reason(), reason);
        }
    }

    #[test]
    fn claims_are_those_that_were_asked_for() {
        let test = TestIssuer::named("api", "https://me.example/");
        let verified = test
            .verifier()
            .verify(&test.token_for("bob").with_scope("a b").with_roles(["ops"]).sign())
            .unwrap();
        assert!(verified.has_scope("b") && verified.has_role("ops") && !verified.has_role("b"));
        assert_eq!((verified.subject(), verified.issuer()), (Some("bob"), Some("https://me.example/")));
    }

    #[test]
    fn rotation_and_outage_reach_every_verifier() {
        let test = TestIssuer::new();
        let verifier = test.verifier();
        let old = test.token_for("alice").sign();
        test.outage();
        assert_eq!(verifier.verify(&old).unwrap_err().reason(), Reason::KeysUnavailable);
        test.recover();
        assert!(verifier.verify(&old).is_ok());
        test.rotate();
        assert_eq!(verifier.verify(&old).unwrap_err().reason(), Reason::UnknownKey);
        assert!(verifier.verify(&test.token_for("alice").sign()).is_ok());
    }
}

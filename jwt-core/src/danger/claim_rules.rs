//! The rules of an authority for claims that somebody else verified.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::authority::{AuthorityBuilder, NeedsAudience, Ready};
use crate::claims::{NumericDate, Recorded};
use crate::config::ConfigError;
use crate::expected::Expected;
use crate::json::Nodes;
use crate::limits::Limits;
use crate::policy::{self, IssuerRule, Policy};
use crate::refusal::{Reason, TokenError};
use crate::verified::{Evidence, Kept, TokenText, Verified};
use crate::verifier::parse_payload;

/// The rules of an authority for claims that somebody else verified: audience, issuer, dates and all else that an
/// [`Authority`](crate::Authority) has, but for keys, algorithms and `typ`, which need a token to look at.
///
/// One thing differs: whoever verifies the claims is known, so that an issuer that is set by
/// [`with_issuer`](AuthorityBuilder::with_issuer) need not stand among them (RFC 7662 §2.2 leaves `iss` out at will).
/// Where `iss` is there, it is compared as ever.
///
/// ```
/// use core::time::Duration;
/// use jwt_core::danger::ClaimRules;
/// use jwt_core::{Evidence, Expected, Reason};
///
/// let rules = ClaimRules::builder().with_audience("orders").with_issuer("https://id.example.com/");
/// let rules = ClaimRules::of(rules)?;
/// let evidence = Evidence::introspection("https://id.example.com/introspect");
/// let answer = br#"{"active":true,"sub":"alice","aud":"orders","exp":1000}"#;
/// let asserted = rules.assert(answer.to_vec(), evidence)?;
///
/// let verified = asserted.check(Duration::from_secs(999), &Expected::new())?;
/// assert_eq!((verified.subject(), verified.issuer()), (Some("alice"), Some("https://id.example.com/")));
/// let late = asserted.check(Duration::from_secs(1_030), &Expected::new());
/// assert_eq!(late.unwrap_err().reason(), Reason::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ClaimRules(Arc<Policy>);

impl ClaimRules {
    /// Starts with the audience; the issuer follows, then what is optional, then [`ClaimRules::of`].
    pub fn builder() -> AuthorityBuilder<NeedsAudience> {
        AuthorityBuilder::without_keys()
    }

    /// The rules that were set.
    ///
    /// # Errors
    /// [`ConfigError::NotOfClaims`]: a key, an algorithm or a `typ`; else as
    /// [`build_authority`](AuthorityBuilder::build_authority), but for its errors about keys.
    pub fn of(rules: AuthorityBuilder<Ready>) -> Result<Self, ConfigError> {
        let mut policy = rules.into_policy()?;
        if let IssuerRule::Exactly(issuer) = policy.issuer {
            policy.issuer = IssuerRule::OrAbsent(issuer);
        }
        Ok(Self(Arc::new(policy)))
    }

    /// Asserts that whoever `evidence` names has verified these claims. Whoever calls this on what a client sent has no
    /// authentication at all.
    ///
    /// No rule is applied yet: that is [`Asserted::check`].
    ///
    /// # Errors
    /// [`Reason::MalformedPayload`], [`Reason::DuplicateMember`] or [`Reason::TooDeep`], where `payload` is not one JSON
    /// object under the rules that hold for every payload.
    pub fn assert(&self, payload: Vec<u8>, evidence: Evidence) -> Result<Asserted, TokenError> {
        let payload = String::from_utf8(payload).map_err(|_| Reason::MalformedPayload)?;
        let mut nodes = Nodes::new();
        let (kept, audience) = {
            let (document, places) = parse_payload(&payload, &Limits::default(), &mut nodes)?;
            let claims = Recorded::new(document.root(), places);
            // Where it is the wrong one, nobody comes to see this.
            let audience = policy::check_audience(&self.0.audience, claims.any(claims.places.aud));
            (Kept::of(&claims, &self.0), audience.unwrap_or_default())
        };
        let text = TokenText::unsigned(payload);
        Ok(Asserted(Verified::new(self.0.clone(), audience, text, nodes.kept(), kept, evidence)))
    }
}

impl fmt::Debug for ClaimRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimRules").finish_non_exhaustive()
    }
}

/// Claims that somebody else verified, to which no rule was applied yet. May be kept and checked again, as time goes
/// by and for whoever presents the token. Cheap to clone.
#[derive(Clone)]
pub struct Asserted(Arc<Verified>);

impl Asserted {
    /// Applies all rules, as of `now` since the Unix epoch and for the expectations of this one call.
    ///
    /// # Errors
    /// The first rule that does not hold, in the order of [`Verifier`](crate::Verifier).
    pub fn check(&self, now: Duration, expected: &Expected<'_>) -> Result<Arc<Verified>, TokenError> {
        let policy = self.0.policy();
        let payload = core::str::from_utf8(self.0.payload()).map_err(|_| Reason::MalformedPayload)?;
        let mut nodes = Nodes::new();
        let (document, places) = parse_payload(payload, &Limits::default(), &mut nodes)?;
        let claims = Recorded::new(document.root(), places);
        let subject =
            policy::Subject { root: document.root(), claims: &claims, algorithm: None, now, expected };
        policy::apply(policy, &subject, &mut Err)?;
        Ok(self.0.clone())
    }

    /// One claim as a `T`; `None` where it is absent. For what decides whether the claims may be asserted at all.
    ///
    /// # Errors
    /// [`Reason::ClaimsShape`] where it is present and not a `T`.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, TokenError> {
        self.0.claim(name)
    }

    /// `exp`, where it is there and a date.
    #[must_use]
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.0.expires_at()
    }

    /// How long the payload is, in bytes: for whoever bounds what is kept.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        self.0.payload().len()
    }
}

impl fmt::Debug for Asserted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asserted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000_000);
    const ISSUER: &str = "https://id.example.com/";

    fn rules() -> AuthorityBuilder<Ready> {
        ClaimRules::builder().with_audience("orders").with_issuer(ISSUER).insecure_without_expiry()
    }

    fn check_with(
        rules: AuthorityBuilder<Ready>,
        payload: &str,
        proofs: &[&'static str],
    ) -> Result<(), Reason> {
        let evidence = Evidence::introspection("https://id.example.com/introspect");
        let asserted = ClaimRules::of(rules).unwrap().assert(payload.as_bytes().to_vec(), evidence);
        let checked = asserted.and_then(|asserted| asserted.check(NOW, &Expected::new().with_proofs(proofs)));
        checked.map(drop).map_err(|error| error.reason())
    }

    fn check(payload: &str) -> Result<(), Reason> {
        check_with(rules(), payload, &[])
    }

    #[test]
    fn the_rules_of_an_authority_hold() {
        for (payload, expected) in [
            (r#"{"aud":"orders"}"#, Ok(())),
            (r#"{"aud":["x","orders"],"iss":"https://id.example.com/"}"#, Ok(())),
            (r#"{"aud":"orders","iss":"https://id.example.com"}"#, Err(Reason::WrongIssuer)),
            (r#"{"aud":"orders","iss":7}"#, Err(Reason::MalformedClaim)),
            (r#"{"aud":"orders","iss":null}"#, Err(Reason::MalformedClaim)),
            (r#"{"aud":"other"}"#, Err(Reason::WrongAudience)),
            ("{}", Err(Reason::MissingClaim)),
            (r#"{"aud":"orders","exp":999970}"#, Err(Reason::Expired)),
            (r#"{"aud":"orders","exp":999971}"#, Ok(())),
            (r#"{"aud":"orders","exp":"999971"}"#, Err(Reason::MalformedClaim)),
            (r#"{"aud":"orders","nbf":1000031}"#, Err(Reason::NotYetValid)),
            (r#"{"aud":"orders","token_use":"refresh_token"}"#, Err(Reason::WrongKind)),
            (r#"{"aud":"orders","cnf":{"jkt":"x"}}"#, Err(Reason::SenderConstraint)),
            (r#"{"aud":"orders","aud":"orders"}"#, Err(Reason::DuplicateMember)),
            (r#"["orders"]"#, Err(Reason::MalformedPayload)),
            ("\u{feff}{}", Err(Reason::MalformedPayload)),
            ("", Err(Reason::MalformedPayload)),
        ] {
            assert_eq!(check(payload), expected, "{payload}");
        }
    }

    #[test]
    fn a_proof_is_a_matter_of_each_call() {
        let payload = r#"{"aud":"orders","cnf":{"jkt":"x"}}"#;
        assert_eq!(check_with(rules(), payload, &["jkt"]), Ok(()));
        assert_eq!(check_with(rules(), payload, &["x5t#S256"]), Err(Reason::SenderConstraint));
    }

    #[test]
    fn expiry_may_be_demanded_and_so_may_the_issuer() {
        let strict = || ClaimRules::builder().with_audience("orders").with_issuer(ISSUER);
        assert_eq!(check_with(strict(), r#"{"aud":"orders"}"#, &[]), Err(Reason::MissingClaim));
        let named = rules().require_claim("iss");
        assert_eq!(check_with(named, r#"{"aud":"orders"}"#, &[]), Err(Reason::MissingClaim));
    }

    #[test]
    fn what_was_checked_says_whose_word_it_is_and_for_whom() {
        let evidence = Evidence::introspection("https://id.example.com/introspect");
        let rules = ClaimRules::of(rules()).unwrap();
        let payload = br#"{"aud":["x","orders"],"sub":"alice","n":7}"#.to_vec();
        let asserted = rules.assert(payload.clone(), evidence.clone()).unwrap();
        assert_eq!((asserted.payload_bytes(), asserted.expires_at()), (payload.len(), None));
        assert_eq!(asserted.claim::<u8>("n").unwrap(), Some(7));
        assert_eq!(format!("{asserted:?} {rules:?}"), "Asserted ClaimRules { .. }");
        let verified = asserted.check(NOW, &Expected::new()).unwrap();
        assert_eq!(verified.issuer(), Some(ISSUER));
        assert_eq!(verified.audience(), Some("orders"));
        assert_eq!(verified.evidence(), &evidence);
        assert_eq!(verified.payload(), payload);
    }

    struct Never;

    impl crate::keys::Verify for Never {
        fn verify(&self, _: &[u8], _: &[u8]) -> bool {
            false
        }
    }

    #[test]
    fn rules_about_a_token_are_none_about_claims() {
        let error = |rules: AuthorityBuilder<Ready>| ClaimRules::of(rules).unwrap_err().code();
        assert_eq!(error(rules().require_typ("at+jwt")), "not_of_claims");
        assert_eq!(error(rules().with_algorithms([crate::Algorithm::ES256])), "not_of_claims");
        assert_eq!(error(rules().with_leeway(Duration::from_secs(301))), "leeway_too_long");
        let key = || crate::VerifyingKey::custom(crate::Algorithm::ES256, Never);
        let (live, _writer) = crate::keys::Live::new();
        let set = crate::KeySet::new([key()]).expect("one key without an id is a set");
        let keys = crate::Authority::builder;
        for with_keys in [keys().with_live_keys(live), keys().with_keys(set), keys().with_key(key())] {
            assert_eq!(error(with_keys.with_audience("orders").with_issuer(ISSUER)), "not_of_claims");
        }
        assert!(matches!(rules().build_authority(), Err(ConfigError::NoKeys)));
    }
}

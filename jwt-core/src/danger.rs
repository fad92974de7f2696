//! Loud doors: what a reviewer should ask about.

mod claim_rules;

use std::sync::Arc;

use crate::base64url;
use crate::claims::Recorded;
use crate::json::{self, Nodes};
use crate::limits::Limits;
use crate::policy::{AudienceRule, IssuerRule, Policy};
use crate::refusal::{Reason, TokenError};
use crate::token::UnverifiedToken;
use crate::verified::{Evidence, Kept, TokenText, Verified};
use crate::verifier::parse_payload;

pub use self::claim_rules::{Asserted, ClaimRules};

/// Asserts that somebody else has verified these claims, and makes the proof of it.
///
/// For implementations of [`TokenAuthority`](crate::TokenAuthority) that do not verify signatures
/// here, such as introspection (RFC 7662). Nothing is checked but that `payload` is one JSON object
/// under the rules that hold for every payload; [`ClaimRules`] checks more. Whoever calls this on
/// what a client sent has no authentication at all.
///
/// # Errors
/// [`Reason::MalformedPayload`],
/// [`Reason::DuplicateMember`] or
/// [`Reason::TooDeep`], where `payload` is not such an object.
///
/// ```
/// use jwt_core::{Evidence, danger};
/// let answer = br#"{"active":true,"sub":"alice","scope":"read"}"#;
/// let evidence = Evidence::introspection("https://id.example.com/introspect");
/// let verified = danger::assert_verified("https://id.example.com/", answer.to_vec(), evidence)?;
/// assert!(verified.has_scope("read"));
/// # Ok::<(), jwt_core::TokenError>(())
/// ```
pub fn assert_verified(
    issuer: impl Into<Arc<str>>,
    payload: Vec<u8>,
    evidence: Evidence,
) -> Result<Arc<Verified>, TokenError> {
    let policy = Policy::new(IssuerRule::Exactly(issuer.into()), AudienceRule::Any);
    let payload = String::from_utf8(payload).map_err(|_| Reason::MalformedPayload)?;
    let kept = {
        let mut nodes = Nodes::new();
        let (document, places) = parse_payload(&payload, &Limits::default(), &mut nodes)?;
        Kept::of(&Recorded::new(document.root(), places), &policy)
    };
    Ok(Verified::new(Arc::new(policy), None, TokenText::unsigned(payload), None, kept, evidence))
}

/// The `iss` that a token claims, before anything of it is verified: whoever made the token wrote it.
///
/// For an own [`TokenAuthority`](crate::TokenAuthority) that holds an authority for each of many issuers and must
/// choose one. The authority that is chosen compares `iss` once more, when the signature has shown that it is the
/// issuer's own word. Good for nothing else.
///
/// # Errors
/// [`Reason::TokenTooLong`] and the reasons of a malformed token; [`Reason::UntrustedIssuer`] where no `iss` that is a
/// string is found.
///
/// ```
/// use jwt_core::{Reason, danger};
/// // {"iss":"https://id.example.com/"}
/// let token = "e30.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tLyJ9.c2ln";
/// assert_eq!(danger::unverified_issuer(token)?, "https://id.example.com/");
/// assert_eq!(danger::unverified_issuer("e30.e30.c2ln").unwrap_err().reason(), Reason::UntrustedIssuer);
/// # Ok::<(), jwt_core::TokenError>(())
/// ```
pub fn unverified_issuer(token: &str) -> Result<String, TokenError> {
    let token = UnverifiedToken::split(token, &Limits::default())?;
    let payload = base64url::decode(token.payload)?;
    let issuer = json::find_string_member(&payload, "iss").ok_or(Reason::UntrustedIssuer)?;
    Ok(issuer.into_owned())
}

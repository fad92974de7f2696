//! Loud doors: what a reviewer should ask about.

use std::sync::Arc;

use crate::claims::Recorded;
use crate::json::Nodes;
use crate::limits::Limits;
use crate::policy::{AudienceRule, IssuerRule, Policy};
use crate::refusal::{Reason, TokenError};
use crate::verified::{Evidence, Kept, TokenText, Verified};
use crate::verifier::parse_payload;

/// Asserts that somebody else has verified these claims, and makes the proof of it.
///
/// For implementations of [`TokenAuthority`](crate::TokenAuthority) that do not verify signatures
/// here, such as introspection (RFC 7662). Nothing is checked but that `payload` is one JSON object
/// under the rules that hold for every payload. Whoever calls this on what a client sent has no
/// authentication at all.
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

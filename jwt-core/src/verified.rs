//! The proof that all checks ran.

use core::any::Any;
use core::fmt;
use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use serde::de::DeserializeOwned;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::claims::{NumericDate, Place, Recorded, Scopes, scopes_of};
use crate::json::{Bounds, Document, Kind, Nodes, Span, Value, from_value};
use crate::limits::Limits;
use crate::policy::{IssuerRule, Policy, check_confirmation};
use crate::refusal::{Reason, TokenError};
use crate::token::UnverifiedToken;

/// Why a token was believed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// A signature that verified here.
    #[non_exhaustive]
    Signature {
        /// The algorithm that ran.
        algorithm: Algorithm,
        /// The `kid` of the key that verified, where it has one.
        key_id: Option<Arc<str>>,
        /// The header's `typ`.
        typ: Option<Cow<'static, str>>,
    },
    /// The authorization server's word (RFC 7662).
    #[non_exhaustive]
    Introspection {
        /// The introspection endpoint that was asked.
        endpoint: Arc<str>,
    },
}

impl Evidence {
    /// The answer of an introspection endpoint.
    #[must_use]
    pub fn introspection(endpoint: impl Into<Arc<str>>) -> Self {
        Self::Introspection { endpoint: endpoint.into() }
    }
}

/// A token that passed every check of its authority.
///
/// Its fields are private and it has no public constructor: to hold one is the proof. What the
/// claims say is read through methods, or as a type of one's own:
///
/// ```
/// # use jwt_core::{Algorithm, Issuer, SigningKey, Verifier};
/// # let key = SigningKey::generate(Algorithm::ES256)?;
/// # let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id").build()?;
/// # let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id").build()?;
/// # let token = issuer.token().with_subject("alice").with_scope("read write").sign()?;
/// #[derive(serde::Deserialize)]
/// struct User {
///     sub: String,
/// }
/// let verified = verifier.verify(&token)?;
/// assert_eq!(verified.subject(), Some("alice"));
/// assert!(verified.has_scope("read") && !verified.has_scope("admin"));
/// assert_eq!(verified.claims::<User>()?.sub, "alice");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Verified {
    policy: Arc<Policy>,
    /// Which of the policy's audiences the token is for.
    audience: Option<usize>,
    text: TokenText,
    /// Of the payload, where they are few.
    nodes: Option<Nodes>,
    kept: Kept,
    evidence: Evidence,
    /// Whether the claims were read as a type before.
    was_asked: AtomicBool,
    /// The first type that the claims were read as twice.
    typed: OnceLock<Arc<dyn Any + Send + Sync>>,
}

/// The payload, and what tells the token from every other one: behind the payload its header as it
/// stood there, and its signature folded to 64 bits.
///
/// Not the signature itself: whoever comes to see what is kept of a token must not be able to send it.
/// There is one spelling of any bytes in strict base64url, so that nothing is left to differ.
pub(crate) struct TokenText {
    text: String,
    payload_len: usize,
    /// None where nothing was signed.
    signature: Option<u64>,
}

impl TokenText {
    /// Of a token that was verified by its `signature`.
    pub(crate) fn signed(payload: String, token: &UnverifiedToken<'_>, signature: &[u8]) -> Self {
        let payload_len = payload.len();
        let mut text = payload;
        text.push_str(token.header);
        Self { text, payload_len, signature: Some(folded(signature)) }
    }

    /// Of a token that somebody else's word stands for.
    pub(crate) fn unsigned(payload: String) -> Self {
        Self { payload_len: payload.len(), text: payload, signature: None }
    }

    /// The room that [`TokenText::signed`] needs behind the payload.
    pub(crate) fn room_behind(token: &UnverifiedToken<'_>) -> usize {
        token.header.len()
    }

    fn payload(&self) -> &str {
        self.text.get(..self.payload_len).unwrap_or("")
    }

    /// Whether `token` is the signed token of this text. No token is, where nothing was signed.
    fn is_of(&self, token: &str) -> bool {
        let Some((header, (payload, signature))) =
            token.split_once('.').and_then(|(header, rest)| Some((header, rest.split_once('.')?)))
        else {
            return false;
        };
        self.signature.is_some()
            && self.text.get(self.payload_len..) == Some(header)
            // So that nothing long is decoded.
            && base64url::decoded_len(payload) == self.payload_len
            && base64url::decode(payload).is_ok_and(|payload| payload == self.payload().as_bytes())
            && base64url::decode(signature).ok().map(|signature| folded(&signature)) == self.signature
    }
}

/// A signature in 64 bits, which no change of a single place leaves as they are.
///
/// It need not be hard to forge: header and payload are compared beside it, and these were signed.
#[inline]
fn folded(signature: &[u8]) -> u64 {
    let (eights, rest) = signature.as_chunks::<8>();
    let folded =
        eights.iter().fold(0_u64, |folded, eight| folded.rotate_left(5) ^ u64::from_le_bytes(*eight));
    rest.iter().fold(folded, |folded, byte| folded.rotate_left(5) ^ u64::from(*byte))
}

/// A hash that says nothing outside of this process.
pub(crate) fn keyed_hash(bytes: &[u8]) -> u64 {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEY.hash_one(bytes)
}

/// What is kept of the registered claims; the rest stays in the payload.
pub(crate) struct Kept {
    /// Where the configuration does not say it already.
    iss: Option<Arc<str>>,
    sub: Span,
    jti: Span,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
    auth_time: Option<NumericDate>,
    scope: Span,
    acr: Span,
    sid: Span,
    client_id: Span,
    has_confirmation: bool,
    unescaped: Option<Box<Unescaped>>,
}

/// What is lent as `&str`, where the payload spells it with escapes.
struct Unescaped {
    sub: Option<String>,
    jti: Option<String>,
}

impl Kept {
    pub(crate) fn of(claims: &Recorded<'_>, policy: &Policy) -> Self {
        let at = &claims.places;
        let span = |place: Place| claims.any(place).map_or(Span::NONE, Value::span);
        let unescaped = |place: Place| match claims.any(place)?.as_str()? {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text),
        };
        let (sub, jti) = (unescaped(at.sub), unescaped(at.jti));
        Self {
            iss: match policy.issuer {
                IssuerRule::Any => claims.any(at.iss).and_then(Value::as_str).map(Arc::from),
                IssuerRule::Exactly(_) | IssuerRule::OrAbsent(_) | IssuerRule::Absent => None,
            },
            sub: span(at.sub),
            jti: span(at.jti),
            exp: claims.exp.value(),
            nbf: claims.nbf.value(),
            iat: claims.iat.value(),
            auth_time: claims.auth_time.value(),
            scope: span(at.scope.or(at.scp)),
            acr: span(at.acr),
            sid: span(at.sid),
            client_id: span(at.client_id),
            has_confirmation: !at.cnf.is_absent(),
            unescaped: (sub.is_some() || jti.is_some()).then(|| Box::new(Unescaped { sub, jti })),
        }
    }

    /// A string as it stands in the payload, else with its escapes resolved.
    fn text<'k>(
        &'k self,
        payload: &'k str,
        span: Span,
        unescaped: impl Fn(&'k Unescaped) -> Option<&'k String>,
    ) -> Option<&'k str> {
        span.plain(payload).or_else(|| self.unescaped.as_deref().and_then(unescaped).map(String::as_str))
    }
}

impl Verified {
    pub(crate) fn new(
        policy: Arc<Policy>,
        audience: Option<usize>,
        text: TokenText,
        nodes: Option<Nodes>,
        kept: Kept,
        evidence: Evidence,
    ) -> Arc<Self> {
        let (was_asked, typed) = (AtomicBool::new(false), OnceLock::new());
        Arc::new(Self { policy, audience, text, nodes, kept, evidence, was_asked, typed })
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether this is what `token` says, verified by its signature.
    pub(crate) fn is_of(&self, token: &str) -> bool {
        self.text.is_of(token)
    }

    /// Whether its authority takes it from those who prove these members of `cnf`.
    pub(crate) fn is_usable_with(&self, proofs: &[&str]) -> bool {
        !self.is_sender_constrained()
            || self.policy.ignores_confirmation
            || self.read(|root| check_confirmation(root.member("cnf"), proofs)).is_ok()
    }

    /// `iss`: the authority that issued the token. `None` only under `without_issuer()`, or under
    /// `insecure_any_issuer()` where the token names none.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        match &self.policy.issuer {
            IssuerRule::Exactly(issuer) | IssuerRule::OrAbsent(issuer) => Some(issuer),
            IssuerRule::Absent | IssuerRule::Any => self.kept.iss.as_deref(),
        }
    }

    /// `sub`. Unique only together with [`Verified::issuer`].
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.kept.text(self.text.payload(), self.kept.sub, |unescaped| unescaped.sub.as_ref())
    }

    /// The audience of ours that the token is meant for.
    #[must_use]
    pub fn audience(&self) -> Option<&str> {
        self.audience.and_then(|index| self.policy.audience.nth(index))
    }

    /// `jti`.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.kept.text(self.text.payload(), self.kept.jti, |unescaped| unescaped.jti.as_ref())
    }

    /// `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Option<NumericDate> {
        self.kept.exp
    }

    /// `nbf`.
    #[must_use]
    pub fn not_before(&self) -> Option<NumericDate> {
        self.kept.nbf
    }

    /// `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Option<NumericDate> {
        self.kept.iat
    }

    /// `auth_time`: when the user last proved who they are (OpenID Connect Core §2).
    #[must_use]
    pub fn authenticated_at(&self) -> Option<NumericDate> {
        self.kept.auth_time
    }

    /// `acr`: how the user proved who they are (OpenID Connect Core §2).
    #[must_use]
    pub fn authentication_context(&self) -> Option<Cow<'_, str>> {
        self.kept.acr.of(self.text.payload())
    }

    /// `sid`: the session that the token belongs to.
    #[must_use]
    pub fn session_id(&self) -> Option<Cow<'_, str>> {
        self.kept.sid.of(self.text.payload())
    }

    /// `client_id` (RFC 9068 §2.2).
    #[must_use]
    pub fn client_id(&self) -> Option<Cow<'_, str>> {
        self.kept.client_id.of(self.text.payload())
    }

    /// Whether the token has `cnf` and may be used only by the holder of a key (RFC 7800).
    #[must_use]
    pub fn is_sender_constrained(&self) -> bool {
        self.kept.has_confirmation
    }

    /// The scopes of `scope`, else of `scp`; none where neither is a string or array of strings.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        self.read(|root| root.member("scope").or_else(|| root.member("scp")).and_then(scopes_of))
            .unwrap_or_default()
    }

    /// Whether `scope` is granted.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        match self.kept.scope.of(self.text.payload()) {
            // The usual form, a string, needs no second reading of the payload.
            Some(text) => !scope.is_empty() && text.split(' ').any(|one| one == scope),
            None => !self.kept.scope.is_none() && self.scopes().contains(scope),
        }
    }

    /// Whether `role` is among the roles: an array of strings, or one string, under `roles` or
    /// where the authority says that they stand.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.read(|root| {
            let roles = self.policy.roles_at.iter().try_fold(root, |value, name| value.member(name))?;
            Some(match roles.kind() {
                Kind::Array => roles.elements().any(|one| one.is_str(role)),
                _ => roles.is_str(role),
            })
        })
        .unwrap_or(false)
    }

    /// One claim as a `T`; `None` where the claim is absent.
    ///
    /// # Errors
    /// [`Reason::ClaimsShape`] where it is present and not a `T`.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, TokenError> {
        self.read(|root| root.member(name).map(shape)).transpose()
    }

    /// All claims as a `T`. Most tokens are asked once; of the others, what was read the second time is
    /// kept, so that asking for it again costs no reading.
    ///
    /// # Errors
    /// [`Reason::ClaimsShape`] where the claims are not a `T`; the detail names the field of `T`,
    /// never a value.
    pub fn claims<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, TokenError> {
        if let Some(typed) = self.typed.get()
            && let Ok(claims) = typed.clone().downcast::<T>()
        {
            return Ok(claims);
        }
        let claims = Arc::new(self.read(shape::<T>)?);
        if self.was_asked.load(Ordering::Relaxed) {
            // Where another type is kept already, this one is read each time.
            let _ = self.typed.set(claims.clone());
        } else {
            self.was_asked.store(true, Ordering::Relaxed);
        }
        Ok(claims)
    }

    /// The payload as it was signed: one JSON object.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.text.payload().as_bytes()
    }

    /// Why the token was believed.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    fn read<R>(&self, read: impl FnOnce(Value<'_>) -> R) -> R {
        if let Some(nodes) = &self.nodes {
            return read(Document::kept(self.text.payload(), nodes).root());
        }
        let bounds = Bounds { depth: Limits::MAX_PAYLOAD_DEPTH, nodes: usize::MAX };
        let (mut nodes, none) = (Nodes::new(), Nodes::default());
        let document = Document::read(self.text.payload(), bounds, &mut nodes);
        // The payload was read before this value could be made, so it can be again.
        read(document.unwrap_or(Document::kept(self.text.payload(), &none)).root())
    }
}

/// `value` as a `T`, with an error that names the field and no value.
pub(crate) fn shape<T: DeserializeOwned>(value: Value<'_>) -> Result<T, TokenError> {
    from_value(value).map_err(|error| TokenError::about(Reason::ClaimsShape, error.to_string()))
}

/// Shows where the token is from, and nothing of what it says.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = match &self.policy.issuer {
            IssuerRule::Exactly(issuer) | IssuerRule::OrAbsent(issuer) => Some(issuer),
            IssuerRule::Absent | IssuerRule::Any => None,
        };
        f.debug_struct("Verified")
            .field("issuer", &issuer)
            .field("audience", &self.audience())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod tests;

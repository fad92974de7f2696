//! The main path: from the text of a token to the proof that all checks ran.

mod explain;

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::authority::{self, Authority, AuthorityBuilder, NeedsKeys};
use crate::base64url::{self, Buffer};
use crate::claims::{Places, Recorded};
use crate::config::ConfigError;
use crate::expected::Expected;
use crate::header::{self, Header};
use crate::json::{self, Bounds, Document, Fault, Nodes};
use crate::jws;
use crate::keys::{BoxFuture, Grant, RefreshHint};
use crate::limits::Limits;
use crate::policy;
use crate::refusal::{Reason, TokenError};
use crate::time::{Clock, SystemClock};
use crate::token::UnverifiedToken;
use crate::token_authority::{Presented, TokenAuthority, Verdict};
use crate::verified::{Evidence, Kept, TokenText, Verified, shape};

pub use self::explain::Explanation;

/// Verifies tokens of one or several authorities. Cheap to clone; clones are the same verifier.
///
/// Checks, first failure wins:
///
/// 1. the length, and
/// 2. three segments of strict base64url;
/// 3. the header;
/// 4. the authority, by exact `iss`;
/// 5. `alg` is one of the authority's;
/// 6. no `crit`, and no other member that must not be there;
/// 7. `typ`;
/// 8. exactly one key, and
/// 9. the signature under it;
/// 10. the payload;
/// 11. the claims: `iss`, `aud`, `sub`, `exp`, `nbf`, `iat`, what is required, predicates, sender
///     constraint.
///
/// ```
/// use jwt_core::{Algorithm, Issuer, Reason, SigningKey, Verifier};
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id.example.com/").build()?;
/// let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id.example.com/").build()?;
///
/// let token = issuer.token().with_subject("alice").sign()?;
/// assert_eq!(verifier.verify(&token)?.subject(), Some("alice"));
///
/// let elsewhere = Verifier::builder().with_key(&key).with_audience("other").with_issuer("https://id.example.com/").build()?;
/// assert_eq!(elsewhere.verify(&token).unwrap_err().reason(), Reason::WrongAudience);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    authorities: Box<[Authority]>,
    /// Which authority an `iss` names; empty where there is only one.
    by_issuer: HashMap<Arc<str>, usize>,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

/// A refusal, and the authority that was chosen before it.
struct Failure<'v> {
    error: TokenError,
    authority: Option<&'v authority::Inner>,
}

impl<'v, E: Into<TokenError>> From<E> for Failure<'v> {
    fn from(error: E) -> Self {
        Self { error: error.into(), authority: None }
    }
}

impl Verifier {
    /// Starts a verifier that trusts one authority: keys, audience, issuer, in that order.
    pub fn builder() -> AuthorityBuilder<NeedsKeys> {
        Authority::builder()
    }

    /// A verifier that trusts several authorities. The token's `iss` chooses one, byte for byte;
    /// that one's keys must then verify. No other is tried.
    ///
    /// ```
    /// use jwt_core::{Algorithm, Authority, Issuer, Reason, SigningKey, Verifier};
    /// let (ours, partner) = (SigningKey::generate(Algorithm::ES256)?, SigningKey::generate(Algorithm::EdDSA)?);
    /// let verifier = Verifier::of([
    ///     Authority::builder().with_key(&ours).with_audience("api").with_issuer("https://id.example.com/").build_authority()?,
    ///     Authority::builder().with_key(&partner).with_audience("api").with_issuer("https://partner.example/").build_authority()?,
    /// ])?;
    ///
    /// let issuer = Issuer::builder().with_key(partner.clone()).with_audience("api").with_issuer("https://partner.example/").build()?;
    /// assert_eq!(verifier.verify(&issuer.token().sign()?)?.issuer(), Some("https://partner.example/"));
    ///
    /// // The partner's key says nothing about our own tokens.
    /// let forger = Issuer::builder().with_key(partner).with_audience("api").with_issuer("https://id.example.com/").build()?;
    /// let error = verifier.verify(&forger.token().sign()?).unwrap_err();
    /// assert_eq!(error.reason(), Reason::AlgorithmNotAllowed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - [`ConfigError::NoAuthorities`]: none was given.
    /// - [`ConfigError::RepeatedIssuer`], [`ConfigError::IssuerNotExact`]: `iss` could not choose.
    pub fn of(authorities: impl IntoIterator<Item = Authority>) -> Result<Self, ConfigError> {
        let authorities: Box<[Authority]> = authorities.into_iter().collect();
        let mut by_issuer = HashMap::new();
        match &*authorities {
            [] => return Err(ConfigError::NoAuthorities),
            [_] => {}
            several => {
                for (index, authority) in several.iter().enumerate() {
                    let issuer = authority.0.issuer().ok_or(ConfigError::IssuerNotExact)?;
                    if by_issuer.insert(issuer.clone(), index).is_some() {
                        return Err(ConfigError::RepeatedIssuer { issuer: issuer.to_string() });
                    }
                }
            }
        }
        Ok(Self(Arc::new(Inner {
            authorities,
            by_issuer,
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
        })))
    }

    /// The same authorities within other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        self.changed(|inner| inner.limits = limits)
    }

    /// The same authorities by another clock.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        self.changed(|inner| inner.clock = Arc::new(clock))
    }

    fn changed(self, change: impl FnOnce(&mut Inner)) -> Self {
        let inner = &*self.0;
        let mut copy = Inner {
            authorities: inner.authorities.clone(),
            by_issuer: inner.by_issuer.clone(),
            limits: inner.limits,
            clock: inner.clock.clone(),
        };
        change(&mut copy);
        Self(Arc::new(copy))
    }

    /// The authorities.
    #[must_use]
    pub fn authorities(&self) -> &[Authority] {
        &self.0.authorities
    }

    /// Verifies `token` now. Never waits: keys that are not held are not asked for.
    ///
    /// # Errors
    /// The first check that fails, see [`Verifier`]; [`Reason::KeysUnavailable`] where the
    /// authority has never had keys.
    pub fn verify(&self, token: &str) -> Result<Arc<Verified>, TokenError> {
        self.verify_with(token, &Expected::new())
    }

    /// Verifies `token` as of `now`, the time since the Unix epoch.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_at(&self, token: &str, now: Duration) -> Result<Arc<Verified>, TokenError> {
        self.prove(token, now, &Expected::new()).map_err(|failure| failure.error)
    }

    /// Verifies `token` with expectations of this one call.
    ///
    /// # Errors
    /// As [`Verifier::verify`], and the reasons of [`Expected`].
    pub fn verify_with(&self, token: &str, expected: &Expected<'_>) -> Result<Arc<Verified>, TokenError> {
        self.prove(token, self.now(), expected).map_err(|failure| failure.error)
    }

    /// Verifies `token` and reads its claims as a `T`, out of one reading of the payload.
    ///
    /// # Errors
    /// As [`Verifier::verify`], and [`Reason::ClaimsShape`].
    pub fn verify_into<T: DeserializeOwned>(&self, token: &str) -> Result<(Arc<Verified>, T), TokenError> {
        let mut claims = None;
        let verified = self.run(token, self.now(), &Expected::new(), &mut |document| {
            claims = Some(shape::<T>(document.root())?);
            Ok(())
        });
        match (verified, claims) {
            (Ok(verified), Some(claims)) => Ok((verified, claims)),
            (Ok(_), None) => Err(Reason::ClaimsShape.into()),
            (Err(failure), _) => Err(failure.error),
        }
    }

    /// Verifies `token`; where its key is not held, waits for one fetch, if the source of keys
    /// grants it. For queues, WebSocket messages and other places where no layer stands.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub async fn verify_fresh(&self, token: &str) -> Result<Arc<Verified>, TokenError> {
        self.verify_fresh_with(token, &Expected::new()).await
    }

    /// As [`Verifier::verify_fresh`], with expectations of this one call: for an ID token, which may be the first that
    /// its issuer signs by a new key.
    ///
    /// # Errors
    /// As [`Verifier::verify_with`].
    pub async fn verify_fresh_with(
        &self,
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<Arc<Verified>, TokenError> {
        let fetch = match self.prove(token, self.now(), expected) {
            Ok(verified) => return Ok(verified),
            Err(failure) => self.fetch_of_keys(token, failure)?,
        };
        fetch.await;
        self.verify_with(token, expected)
    }

    fn now(&self) -> Duration {
        self.0.clock.now()
    }

    /// Verifies `token`.
    fn prove(
        &self,
        token: &str,
        now: Duration,
        expected: &Expected<'_>,
    ) -> Result<Arc<Verified>, Failure<'_>> {
        self.run(token, now, expected, &mut |_| Ok(()))
    }

    /// The path itself. `also` reads whatever else the caller wants from the payload, after every
    /// check has passed.
    fn run(
        &self,
        token: &str,
        now: Duration,
        expected: &Expected<'_>,
        also: &mut dyn FnMut(&Document<'_>) -> Result<(), TokenError>,
    ) -> Result<Arc<Verified>, Failure<'_>> {
        let limits = &self.0.limits;

        // 1, 2: length before anything is decoded, then three segments of strict base64url.
        let token = UnverifiedToken::split(token, limits)?;
        let payload = base64url::decode_with_room(token.payload, TokenText::room_behind(&token))?;
        let mut signature = Buffer::new();
        let signature = signature.decode(token.signature)?;

        // The authority of step 4 is chosen first, for its keys know the headers of its tokens.
        let chosen = self.select(&payload);
        let keys = chosen.ok().and_then(authority::Inner::keys);
        let known = keys.as_ref().and_then(|keys| keys.set().known_headers().find(token.header, limits));

        // 3: the header, still untrusted.
        let (mut buffer, mut nodes, document, read);
        let header = match known {
            Some(header) => header,
            None => {
                (buffer, nodes) = (Buffer::new(), Nodes::new());
                document = header::parse(buffer.decode(token.header)?, limits, &mut nodes)?;
                read = Header::read(&document)?;
                &read
            }
        };

        // 4: the authority. Where there are several, `iss` chooses; it is compared again below.
        let authority = chosen?;
        let refused = |error: TokenError| Failure { error, authority: Some(authority) };
        let because = |reason: Reason| refused(reason.into());

        // 5, 6, 7: what the header says, against what the authority allows.
        let algorithm = header.algorithm(&authority.algorithms).map_err(because)?;
        header.check_forbidden().map_err(because)?;
        header.check_not_nested().map_err(because)?;
        authority.policy.check_typ(header.typ()).map_err(because)?;

        // 8, 9: exactly one key, and the signature under it. What no key could mend was refused above.
        let keys = keys.as_ref().ok_or_else(|| because(Reason::KeysUnavailable))?;
        let key = jws::check_signature(&token, header, algorithm, keys.set(), signature).map_err(because)?;
        if known.is_none() {
            keys.set().known_headers().keep(token.header, header);
        }

        // 10: the payload, from here on the authority's own words.
        let payload = String::from_utf8(payload).map_err(|_| because(Reason::MalformedPayload))?;
        let mut nodes = Nodes::new();
        let (document, places) = parse_payload(&payload, limits, &mut nodes).map_err(because)?;
        let claims = Recorded::new(document.root(), places);

        // 11: the claims.
        let subject = policy::Subject {
            root: document.root(),
            claims: &claims,
            algorithm: Some(algorithm),
            now,
            expected,
        };
        let audience = policy::apply(&authority.policy, &subject, &mut Err).map_err(refused)?;
        also(&document).map_err(refused)?;

        let kept = Kept::of(&claims, &authority.policy);
        let evidence =
            Evidence::Signature { algorithm, key_id: key.key_id().cloned(), typ: header.typ().map(keep_typ) };
        Ok(Verified::new(
            authority.policy.clone(),
            audience,
            TokenText::signed(payload, &token, signature),
            nodes.kept(),
            kept,
            evidence,
        ))
    }

    /// The authority of a token whose payload is not trusted yet.
    fn select(&self, payload: &[u8]) -> Result<&authority::Inner, Reason> {
        let index = match &*self.0.authorities {
            [_] => Some(0),
            _ => json::find_string_member(payload, "iss")
                .and_then(|issuer| self.0.by_issuer.get(issuer.as_ref()).copied()),
        };
        index
            .and_then(|index| self.0.authorities.get(index))
            .map(|authority| &*authority.0)
            .ok_or(Reason::UntrustedIssuer)
    }

    /// A fetch that may change the verdict, or the verdict where none does.
    fn fetch_of_keys(&self, token: &str, failure: Failure<'_>) -> Result<BoxFuture<'static, ()>, TokenError> {
        match self.ask_for_keys(token, &failure) {
            None | Some(Grant::Denied) => Err(failure.error),
            Some(Grant::Overloaded) => Err(Reason::KeysUnavailable.into()),
            Some(Grant::Fetch(fetch)) => Ok(fetch),
        }
    }

    /// Asks the authority's source of keys for a fetch, where newer keys could change the verdict.
    fn ask_for_keys(&self, token: &str, failure: &Failure<'_>) -> Option<Grant> {
        let refresh = failure.authority?.refresh.as_ref()?;
        match failure.error.reason() {
            Reason::KeysUnavailable => Some(refresh.request(RefreshHint::NoKeys)),
            Reason::UnknownKey => {
                let token = UnverifiedToken::split(token, &self.0.limits).ok()?;
                let mut buffer = Buffer::new();
                let mut nodes = Nodes::new();
                let decoded = buffer.decode(token.header).ok()?;
                let document = header::parse(decoded, &self.0.limits, &mut nodes).ok()?;
                let header = Header::read(&document).ok()?;
                let key_id = header.key_id().ok()?;
                Some(refresh.request(RefreshHint::unknown_key(key_id, header.any_algorithm()?)))
            }
            _ => None,
        }
    }
}

/// Reads a payload, and notes where its registered claims stand.
pub(crate) fn parse_payload<'p>(
    payload: &'p str,
    limits: &Limits,
    nodes: &'p mut Nodes,
) -> Result<(Document<'p>, Places), Reason> {
    let bounds = Bounds { depth: limits.payload_depth(), nodes: usize::MAX };
    let mut places = Places::default();
    match Document::read_and_tell(payload, bounds, nodes, |name, at| places.note(name, at)) {
        Ok(document) => Ok((document, places)),
        Err(Fault::Duplicate) => Err(Reason::DuplicateMember),
        Err(Fault::Depth) => Err(Reason::TooDeep),
        Err(Fault::Syntax | Fault::Size) => Err(Reason::MalformedPayload),
    }
}

/// The two spellings of nearly every token need no copy.
fn keep_typ(typ: &str) -> Cow<'static, str> {
    match typ {
        "JWT" => Cow::Borrowed("JWT"),
        "at+jwt" => Cow::Borrowed("at+jwt"),
        other => Cow::Owned(other.to_owned()),
    }
}

impl TokenAuthority for Verifier {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        let token = presented.token();
        let expected = Expected::new().with_proofs(presented.proofs());
        let fetch = match self.prove(token, self.now(), &expected) {
            Ok(verified) => return Verdict::Ready(Ok(verified)),
            Err(failure) => self.fetch_of_keys(token, failure),
        };
        match fetch {
            Err(error) => Verdict::Ready(Err(error)),
            Ok(fetch) => {
                // The future owns what it needs, so that the request may be dropped at any time.
                let (verifier, token) = (self.clone(), token.to_owned());
                let proofs = presented.proofs().to_vec();
                Verdict::Wait(Box::pin(async move {
                    fetch.await;
                    verifier.verify_with(&token, &Expected::new().with_proofs(&proofs))
                }))
            }
        }
    }

    fn now(&self) -> Duration {
        self.0.clock.now()
    }

    fn is_same(&self, other: &dyn TokenAuthority) -> bool {
        let other: &dyn core::any::Any = other;
        other.downcast_ref::<Verifier>().is_some_and(|other| Arc::ptr_eq(&self.0, &other.0))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("authorities", &self.0.authorities).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;

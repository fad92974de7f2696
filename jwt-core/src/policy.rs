//! The rules about claims, as plain data, and the one function that applies them in order.

use core::time::Duration;
use std::borrow::Cow;
use std::sync::Arc;

use crate::algorithm::{Algorithm, Hash};
use crate::claims::{Claim, NumericDate, Recorded};
use crate::expected::Expected;
use crate::header::media_type_is;
use crate::json::{Kind, Value};
use crate::profile::Profile;
use crate::refusal::{Reason, TokenError};

/// Which `iss` is accepted.
#[derive(Clone, Debug)]
pub(crate) enum IssuerRule {
    /// Present and byte for byte this one.
    Exactly(Arc<str>),
    /// Absent, or byte for byte this one: for claims of which is known whose word they are.
    OrAbsent(Arc<str>),
    /// Absent.
    Absent,
    /// Anything.
    Any,
}

/// Which `aud` is accepted.
#[derive(Clone, Debug)]
pub(crate) enum AudienceRule {
    /// Present, and one of its recipients is one of these.
    AnyOf(Box<[Arc<str>]>),
    /// Present, and each of these is one of its recipients.
    AllOf(Box<[Arc<str>]>),
    /// Absent (RFC 7519 §4.1.3).
    Absent,
    /// Anything.
    Any,
}

impl AudienceRule {
    /// The audience of ours at this place of the list.
    pub(crate) fn nth(&self, index: usize) -> Option<&str> {
        match self {
            AudienceRule::AnyOf(ours) | AudienceRule::AllOf(ours) => ours.get(index).map(|one| &**one),
            AudienceRule::Absent | AudienceRule::Any => None,
        }
    }
}

/// A rule of the application about the claims, read as its own type.
pub(crate) type Predicate = Arc<dyn Fn(Value<'_>) -> Result<bool, TokenError> + Send + Sync>;

/// All rules of one authority about what a token says.
#[derive(Clone)]
pub(crate) struct Policy {
    pub(crate) issuer: IssuerRule,
    pub(crate) audience: AudienceRule,
    pub(crate) subject: Option<Box<str>>,
    pub(crate) profile: Profile,
    /// A `typ` beyond the profile's.
    pub(crate) typ: Option<Box<str>>,
    pub(crate) leeway: Duration,
    pub(crate) requires_expiry: bool,
    pub(crate) max_lifetime: Option<Duration>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) required: Vec<Cow<'static, str>>,
    pub(crate) predicates: Vec<(Cow<'static, str>, Predicate)>,
    /// Where the roles stand, as a path of member names.
    pub(crate) roles_at: Vec<Box<str>>,
    pub(crate) ignores_confirmation: bool,
}

impl Policy {
    /// Leeway where none is set. RFC 7519 §4.1.4 speaks of "no more than a few minutes".
    pub(crate) const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);
    pub(crate) const MAX_LEEWAY: Duration = Duration::from_secs(300);

    pub(crate) fn new(issuer: IssuerRule, audience: AudienceRule) -> Self {
        Self {
            issuer,
            audience,
            subject: None,
            profile: Profile::default(),
            typ: None,
            leeway: Self::DEFAULT_LEEWAY,
            requires_expiry: true,
            max_lifetime: None,
            max_age: None,
            required: Vec::new(),
            predicates: Vec::new(),
            roles_at: vec!["roles".into()],
            ignores_confirmation: false,
        }
    }

    /// The rule about `typ`, the only one that looks at the header.
    pub(crate) fn check_typ(&self, typ: Option<&str>) -> Result<(), Reason> {
        let fits = match &self.typ {
            Some(expected) => typ.is_some_and(|typ| media_type_is(typ, expected)),
            None => self.profile.accepts_typ(typ),
        };
        if fits { Ok(()) } else { Err(Reason::WrongType) }
    }
}

/// What the rules are applied to.
pub(crate) struct Subject<'s, 'd> {
    pub(crate) root: Value<'d>,
    pub(crate) claims: &'s Recorded<'d>,
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) now: Duration,
    pub(crate) expected: &'s Expected<'s>,
}

/// Applies the rules to a payload, in a fixed order.
///
/// Each finding goes to `report`; an `Err` from there ends the walk. Verification stops at the
/// first finding, [`explain`](crate::Verifier::explain) collects them all: one list of rules
/// serves both. Returns which audience of ours matched.
pub(crate) fn apply(
    policy: &Policy,
    subject: &Subject<'_, '_>,
    report: &mut impl FnMut(TokenError) -> Result<(), TokenError>,
) -> Result<Option<usize>, TokenError> {
    let Subject { root, claims, algorithm, now, expected } = *subject;
    let at = &claims.places;
    let mut rule = |finding: Result<(), TokenError>| finding.or_else(&mut *report);

    rule(check_issuer(&policy.issuer, claims.text(at.iss)))?;
    let mut audience = None;
    rule(check_audience(&policy.audience, claims.any(at.aud)).map(|matched| audience = matched))?;
    rule(check_subject(policy.subject.as_deref(), claims.text(at.sub)))?;
    rule(well_formed("jti", &claims.text(at.jti)))?;
    rule(well_formed("sid", &claims.text(at.sid)))?;
    rule(well_formed("client_id", &claims.text(at.client_id)))?;
    rule(well_formed("acr", &claims.text(at.acr)))?;
    rule(well_formed("auth_time", &claims.auth_time))?;

    rule(check_expiry(policy, &claims.exp, now))?;
    rule(check_not_before(policy, &claims.nbf, now))?;
    rule(check_issued_at(policy, &claims.iat, now))?;
    rule(check_lifetime(policy, &claims.iat, &claims.exp))?;
    rule(check_age(policy, &claims.iat, now))?;

    for name in policy.profile.required() {
        rule(check_present(root, name))?;
    }
    for name in &policy.required {
        rule(check_present(root, name))?;
    }
    policy.profile.check_kind(claims, &mut rule)?;
    if policy.profile == Profile::IdToken {
        rule(check_authorized_party(&policy.audience, claims))?;
    }
    rule(check_nonce(expected.nonce, claims.text(at.nonce)))?;
    rule(check_access_token_hash(expected.access_token, claims.text(at.at_hash), algorithm))?;
    rule(check_login_age(expected.max_age, policy.leeway, &claims.auth_time, now))?;

    for (name, predicate) in &policy.predicates {
        rule(match predicate(root) {
            Ok(true) => Ok(()),
            Ok(false) => Err(TokenError::about(Reason::PredicateFailed, name.clone())),
            Err(error) => Err(error),
        })?;
    }
    if !policy.ignores_confirmation {
        rule(check_confirmation(claims.any(at.cnf), expected.proofs))?;
    }
    Ok(audience)
}

fn malformed(name: &'static str) -> TokenError {
    TokenError::about(Reason::MalformedClaim, name)
}

fn missing(name: &'static str) -> TokenError {
    TokenError::about(Reason::MissingClaim, name)
}

fn well_formed<T>(name: &'static str, claim: &Claim<T>) -> Result<(), TokenError> {
    match claim {
        Claim::Malformed => Err(malformed(name)),
        Claim::Absent | Claim::Is(_) => Ok(()),
    }
}

/// RFC 7519 §4.1.1; an array or a prefix never matches (CVE-2024-53861, CVE-2025-30144).
fn check_issuer(rule: &IssuerRule, iss: Claim<Value<'_>>) -> Result<(), TokenError> {
    match (rule, iss) {
        (_, Claim::Malformed) => Err(malformed("iss")),
        (IssuerRule::Exactly(expected) | IssuerRule::OrAbsent(expected), Claim::Is(iss))
            if iss.is_str(expected) =>
        {
            Ok(())
        }
        (IssuerRule::Exactly(_), Claim::Absent) => Err(missing("iss")),
        (IssuerRule::Exactly(_) | IssuerRule::OrAbsent(_) | IssuerRule::Absent, Claim::Is(_)) => {
            Err(Reason::WrongIssuer.into())
        }
        (IssuerRule::OrAbsent(_) | IssuerRule::Absent, Claim::Absent) | (IssuerRule::Any, _) => Ok(()),
    }
}

/// RFC 7519 §4.1.3: whole strings, no prefix, no normalisation.
pub(crate) fn check_audience(
    rule: &AudienceRule,
    aud: Option<Value<'_>>,
) -> Result<Option<usize>, TokenError> {
    if aud.is_some_and(|aud| !is_audience(aud)) {
        return Err(malformed("aud"));
    }
    let is_named = |one: &Arc<str>| aud.is_some_and(|aud| names(aud, one));
    match (rule, aud) {
        (AudienceRule::Any, _) | (AudienceRule::Absent, None) => Ok(None),
        (AudienceRule::Absent, Some(_)) => Err(Reason::WrongAudience.into()),
        (AudienceRule::AnyOf(_) | AudienceRule::AllOf(_), None) => Err(missing("aud")),
        (AudienceRule::AnyOf(ours), Some(_)) => match ours.iter().position(is_named) {
            Some(matched) => Ok(Some(matched)),
            None => Err(Reason::WrongAudience.into()),
        },
        (AudienceRule::AllOf(ours), Some(_)) => {
            if ours.iter().all(is_named) {
                Ok(Some(0))
            } else {
                Err(Reason::WrongAudience.into())
            }
        }
    }
}

/// A non-empty string, or a non-empty array of non-empty strings (CVE-2020-26160).
fn is_audience(aud: Value<'_>) -> bool {
    let is_text = |value: Value<'_>| match value.kind() {
        Kind::String | Kind::Escaped => !value.raw().is_empty(),
        _ => false,
    };
    match aud.kind() {
        Kind::Array => aud.elements().next().is_some() && aud.elements().all(is_text),
        _ => is_text(aud),
    }
}

fn names(aud: Value<'_>, recipient: &str) -> bool {
    match aud.kind() {
        Kind::Array => aud.elements().any(|one| one.is_str(recipient)),
        _ => aud.is_str(recipient),
    }
}

fn check_subject(expected: Option<&str>, sub: Claim<Value<'_>>) -> Result<(), TokenError> {
    match (expected, sub) {
        (_, Claim::Malformed) => Err(malformed("sub")),
        (None, _) => Ok(()),
        (Some(_), Claim::Absent) => Err(missing("sub")),
        (Some(expected), Claim::Is(sub)) if sub.is_str(expected) => Ok(()),
        (Some(_), Claim::Is(_)) => Err(Reason::WrongSubject.into()),
    }
}

/// RFC 7519 §4.1.4: the current time must be *before* `exp`.
fn check_expiry(policy: &Policy, exp: &Claim<NumericDate>, now: Duration) -> Result<(), TokenError> {
    match exp {
        Claim::Malformed => Err(malformed("exp")),
        Claim::Absent if policy.requires_expiry => Err(missing("exp")),
        Claim::Absent => Ok(()),
        Claim::Is(exp) if now >= exp.as_duration().saturating_add(policy.leeway) => {
            Err(Reason::Expired.into())
        }
        Claim::Is(_) => Ok(()),
    }
}

/// RFC 7519 §4.1.5.
fn check_not_before(policy: &Policy, nbf: &Claim<NumericDate>, now: Duration) -> Result<(), TokenError> {
    match nbf {
        Claim::Malformed => Err(malformed("nbf")),
        Claim::Is(nbf) if lies_ahead(*nbf, policy.leeway, now) => Err(Reason::NotYetValid.into()),
        Claim::Absent | Claim::Is(_) => Ok(()),
    }
}

fn check_issued_at(policy: &Policy, iat: &Claim<NumericDate>, now: Duration) -> Result<(), TokenError> {
    match iat {
        Claim::Malformed => Err(malformed("iat")),
        Claim::Is(iat) if lies_ahead(*iat, policy.leeway, now) => Err(Reason::IssuedInFuture.into()),
        Claim::Absent | Claim::Is(_) => Ok(()),
    }
}

fn check_lifetime(
    policy: &Policy,
    iat: &Claim<NumericDate>,
    exp: &Claim<NumericDate>,
) -> Result<(), TokenError> {
    let Some(cap) = policy.max_lifetime else { return Ok(()) };
    match (iat, exp) {
        (Claim::Is(iat), Claim::Is(exp)) if exp.as_duration().saturating_sub(iat.as_duration()) > cap => {
            Err(Reason::LifetimeTooLong.into())
        }
        (Claim::Is(_), Claim::Is(_)) => Ok(()),
        (Claim::Is(_), _) => Err(missing("exp")),
        (_, _) => Err(missing("iat")),
    }
}

fn check_age(policy: &Policy, iat: &Claim<NumericDate>, now: Duration) -> Result<(), TokenError> {
    let Some(max_age) = policy.max_age else { return Ok(()) };
    match iat {
        Claim::Is(iat) if is_older(*iat, max_age, policy.leeway, now) => Err(Reason::TooOld.into()),
        Claim::Is(_) => Ok(()),
        Claim::Absent | Claim::Malformed => Err(missing("iat")),
    }
}

/// Whether `date` lies further back than `max_age` and the leeway.
pub(crate) fn is_older(date: NumericDate, max_age: Duration, leeway: Duration, now: Duration) -> bool {
    now > date.as_duration().saturating_add(max_age).saturating_add(leeway)
}

/// Whether `date` lies in the future beyond the leeway.
pub(crate) fn lies_ahead(date: NumericDate, leeway: Duration, now: Duration) -> bool {
    now.saturating_add(leeway) < date.as_duration()
}

/// A claim that is there but `null` says nothing, so it does not count.
/// Where `sub` is demanded it has to name somebody: OpenID Connect Core §2, RFC 9068 §2.2.
fn check_present(root: Value<'_>, name: &str) -> Result<(), TokenError> {
    match root.member(name) {
        Some(value) if value.kind() != Kind::Null && !(name == "sub" && value.is_str("")) => Ok(()),
        _ => Err(TokenError::about(Reason::MissingClaim, name.to_owned())),
    }
}

/// OpenID Connect Core §3.1.3.7, steps 4 and 5: with several audiences `azp` must be present, and
/// where present it must be this client.
fn check_authorized_party(rule: &AudienceRule, claims: &Recorded<'_>) -> Result<(), TokenError> {
    let wrong = || Err(Reason::WrongAuthorizedParty.into());
    let several = claims.any(claims.places.aud).is_some_and(|aud| aud.elements().nth(1).is_some());
    match (claims.text(claims.places.azp), rule) {
        (Claim::Malformed, _) => Err(malformed("azp")),
        (Claim::Absent, _) if several => wrong(),
        (Claim::Absent, _) => Ok(()),
        (Claim::Is(azp), AudienceRule::AnyOf(ours) | AudienceRule::AllOf(ours)) => {
            if ours.iter().any(|one| azp.is_str(one)) { Ok(()) } else { wrong() }
        }
        (Claim::Is(_), AudienceRule::Absent | AudienceRule::Any) => Ok(()),
    }
}

fn check_nonce(expected: Option<&str>, nonce: Claim<Value<'_>>) -> Result<(), TokenError> {
    let Some(expected) = expected else { return Ok(()) };
    match nonce {
        Claim::Is(nonce) if nonce.is_str(expected) => Ok(()),
        Claim::Malformed => Err(malformed("nonce")),
        Claim::Absent | Claim::Is(_) => Err(Reason::WrongNonce.into()),
    }
}

/// OpenID Connect Core §3.1.3.8: the left half of the access token's hash, by the hash of the ID
/// token's own algorithm.
fn check_access_token_hash(
    access_token: Option<&str>,
    at_hash: Claim<Value<'_>>,
    algorithm: Option<Algorithm>,
) -> Result<(), TokenError> {
    let Some(access_token) = access_token else { return Ok(()) };
    let at_hash = match at_hash {
        Claim::Absent => return Ok(()),
        Claim::Malformed => return Err(malformed("at_hash")),
        Claim::Is(at_hash) => at_hash,
    };
    let hash: Option<Hash> = algorithm.and_then(|algorithm| algorithm.facts().hash);
    let digest = hash.and_then(|hash| crate::keys::digest(hash, access_token.as_bytes()));
    let matches = digest.is_some_and(|digest| {
        let half = digest.get(..digest.len() / 2).unwrap_or_default();
        at_hash.is_str(&crate::base64url::encode(half))
    });
    if matches { Ok(()) } else { Err(Reason::WrongAccessTokenHash.into()) }
}

/// RFC 7800 §3.1: every way in which `cnf` names a key must be proved, for the issuer asked for it.
pub(crate) fn check_confirmation(cnf: Option<Value<'_>>, proofs: &[&str]) -> Result<(), TokenError> {
    let Some(cnf) = cnf else { return Ok(()) };
    let mut members = cnf.members().peekable();
    let proved =
        members.peek().is_some() && members.all(|(name, _)| proofs.iter().any(|proof| name.is_str(proof)));
    if proved { Ok(()) } else { Err(Reason::SenderConstraint.into()) }
}

fn check_login_age(
    max_age: Option<Duration>,
    leeway: Duration,
    auth_time: &Claim<NumericDate>,
    now: Duration,
) -> Result<(), TokenError> {
    let Some(max_age) = max_age else { return Ok(()) };
    // A login that lies ahead would count as fresh until its time comes.
    let fits = |at: NumericDate| !is_older(at, max_age, leeway, now) && !lies_ahead(at, leeway, now);
    match auth_time {
        Claim::Malformed => Err(malformed("auth_time")),
        Claim::Is(auth_time) if fits(*auth_time) => Ok(()),
        Claim::Absent | Claim::Is(_) => Err(Reason::LoginTooOld.into()),
    }
}

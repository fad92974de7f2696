//! The request level: from a request to a decision. The one call of every framework.

use core::any::Any;
use core::fmt;
use core::time::Duration;
use std::borrow::Cow;
use std::sync::Arc;

use crate::check::{Check, CheckOutcome, CheckRefusal, Passed, ResponseHeader, SingleUse};
use crate::csrf_key::CsrfKey;
use crate::decision::{Authentication, Decision, Proceed, Refusal, Step, TokenIdentity};
use crate::keys::BoxFuture;
use crate::observe;
use crate::refusal::{Answer, Reason, TokenError};
use crate::request::{
    CarrierKind, Carriers, Challenge, Credential, Demands, PreparedChallenges, Proof, ProofOfOrigin,
    RequestFacts, RequestHead, SimpleHead, is_preflight,
};
use crate::requirement::{Requirement, Unmet};
use crate::token_authority::{Presented, TokenAuthority, Verdict};
use crate::verified::Verified;
use crate::verifier::Verifier;

/// How requests are authenticated: which authority, where tokens stand, what is asked after the
/// signature, and in which words a refusal is given.
///
/// Adapters wrap it in a layer or middleware. Cheap to clone; clones are the same rules, and a
/// request that passes them twice is verified and checked once.
///
/// Order (fixed): preflight → carriers → nothing presented → proof of origin for cookies → token →
/// the double-submit value, where one is the proof of origin, for it is bound to the token's `sid` →
/// checks, those that prove possession first → what [`require_single_use`](Self::require_single_use)
/// requires → the use of the token. Requirements of routes come after, by [`Authentication::authorize`].
///
/// ```
/// use jwt_core::request::SimpleHead;
/// use jwt_core::{Algorithm, Decision, Issuer, RequestAuth, SigningKey, Step, Verifier};
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id").build()?;
/// let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id").build()?;
/// let auth = RequestAuth::new(verifier);
///
/// let token = issuer.token().with_subject("alice").sign()?;
/// let good = SimpleHead::get("/me").with_field("Authorization", format!("Bearer {token}"));
/// let Step::Decided(Decision::Proceed(proceed)) = auth.decide(&good, None) else { panic!("refused") };
/// assert_eq!(proceed.authentication.verified().and_then(|v| v.subject()), Some("alice"));
///
/// let Step::Decided(Decision::Refuse(refusal)) = auth.decide(&SimpleHead::get("/me"), None) else { panic!("accepted") };
/// assert_eq!(refusal.status(), 401);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RequestAuth(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    authority: Arc<dyn TokenAuthority>,
    /// Whether the authority is a `Verifier`, which verifies the very token that is presented.
    is_verifier: bool,
    carriers: Carriers,
    is_optional: bool,
    passes_preflight: bool,
    proof_of_origin: ProofOfOrigin,
    csrf_key: Option<CsrfKey>,
    checks: Vec<Arc<dyn Check>>,
    /// What uses the token up, after the checks and these requirements.
    uses: Vec<Arc<dyn Check>>,
    use_requirements: Vec<Requirement>,
    /// The members of `cnf` that the checks prove.
    proofs: Vec<&'static str>,
    challenge: Challenge,
    /// The challenges that need nothing of a route, written once.
    prepared: PreparedChallenges,
    retry_after: Duration,
    records_subject: bool,
}

impl<A: TokenAuthority> From<A> for RequestAuth {
    fn from(authority: A) -> Self {
        Self::new(authority)
    }
}

impl RequestAuth {
    /// Authenticates by `authority`: tokens in `Authorization: Bearer`, required, no checks.
    #[must_use]
    pub fn new(authority: impl TokenAuthority) -> Self {
        let challenge = Challenge::default();
        let prepared = challenge.prepare(&Demands::default());
        let any: &dyn Any = &authority;
        Self(Arc::new(Inner {
            is_verifier: any.is::<Verifier>(),
            authority: Arc::new(authority),
            carriers: Carriers::default(),
            is_optional: false,
            passes_preflight: false,
            proof_of_origin: ProofOfOrigin::default(),
            csrf_key: None,
            checks: Vec::new(),
            uses: Vec::new(),
            use_requirements: Vec::new(),
            proofs: Vec::new(),
            challenge,
            prepared,
            retry_after: Duration::from_secs(5),
            records_subject: false,
        }))
    }

    /// Lets requests without a token through as anonymous. A bad token is refused all the same.
    #[must_use]
    pub fn optional(self) -> Self {
        self.changed(|inner| inner.is_optional = true)
    }

    /// Where tokens may stand. Default: `Authorization` alone.
    #[must_use]
    pub fn with_carriers(self, carriers: Carriers) -> Self {
        self.changed(|inner| inner.carriers = carriers)
    }

    /// Lets CORS preflights through: `OPTIONS` with `Origin` and `Access-Control-Request-Method`.
    /// Nothing behind it may take another method from a header field, or a preflight becomes a way in.
    /// Off by default, for a CORS layer belongs outside of this one and answers them itself.
    #[must_use]
    pub fn with_preflight(self) -> Self {
        self.changed(|inner| inner.passes_preflight = true)
    }

    /// How a request with a cookie-borne token proves that our own page sent it. Default: by
    /// `Sec-Fetch-Site` alone.
    #[must_use]
    pub fn with_proof_of_origin(self, proof: ProofOfOrigin) -> Self {
        self.changed(|inner| inner.proof_of_origin = proof)
    }

    /// The key of double-submit values, the proof that is left to requests without `Sec-Fetch-Site`
    /// and `Origin`. A value is bound to the token's `sid`: without a key or a `sid` they are refused.
    #[must_use]
    pub fn with_csrf_key(self, key: CsrfKey) -> Self {
        self.changed(|inner| inner.csrf_key = Some(key))
    }

    /// Adds a check. Those that prove possession run first, else the order of adding.
    ///
    /// Clones of these rules share it, and so do rules to which clones of one `Arc<dyn Check>` are
    /// added: nested, they ask it once about a token.
    #[must_use]
    pub fn with_check(self, check: impl Check) -> Self {
        self.changed(|inner| {
            inner.proofs.extend(check.proves());
            // One that is shared already stays the one that it is.
            let any: &dyn Any = &check;
            let shared = any.downcast_ref::<Arc<dyn Check>>().cloned();
            inner.checks.push(shared.unwrap_or_else(|| Arc::new(check)));
            inner.checks.sort_by_key(|check| check.proves().is_empty());
        })
    }

    /// Takes each token once: for a route whose effect must not come twice. The rules of such a
    /// route are a clone of those of the others.
    ///
    /// A token is used up behind everything else: once every check has passed, in whatever order
    /// they were added, and `requirement` holds. What is refused by either, a preflight, and a
    /// request of a foreign page use nothing up. Say all that the route requires here: what is
    /// refused further in, by a `Require`, an extractor or a method that the route does not have,
    /// has used its token up. A request without a token is refused under optional rules too. Where
    /// the store cannot be asked the answer is 503.
    ///
    /// At most once: a client that goes away, or a process that ends, behind the use and before the
    /// effect has lost the token.
    ///
    /// Clones of these rules share `used`: nested, they use a token up once.
    ///
    /// ```
    /// use std::collections::HashSet;
    /// use std::sync::{Arc, Mutex};
    /// use jwt_core::request::{RequestFacts, SimpleHead};
    /// use jwt_core::{Check, CheckOutcome, Decision, Reason, RequestAuth, Requirement, SingleUse, Step, Verified};
    /// # use jwt_core::{Algorithm, Issuer, SigningKey, Verifier};
    ///
    /// /// For an example: `UsedTokens` of jwt-session forgets what expired, and shares a store.
    /// struct Used(Mutex<HashSet<String>>);
    ///
    /// impl Check for Used {
    ///     fn name(&self) -> &'static str {
    ///         "used"
    ///     }
    ///     fn check(&self, verified: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
    ///         let is_new = |id: &str| self.0.lock().is_ok_and(|mut used| used.insert(id.to_owned()));
    ///         match verified.token_id() {
    ///             Some(id) if is_new(id) => CheckOutcome::pass(),
    ///             _ => CheckOutcome::refuse(Reason::Replayed),
    ///         }
    ///     }
    /// }
    /// impl SingleUse for Used {}
    ///
    /// # let key = SigningKey::generate(Algorithm::ES256)?;
    /// # let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id").build()?;
    /// # let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id").build()?;
    /// let auth = RequestAuth::new(verifier);
    /// let once = auth.clone().require_single_use(Requirement::scope("pay"), Used(Mutex::default()));
    ///
    /// let token = issuer.token().with_subject("alice").with_scope("pay").sign()?;
    /// let pay = SimpleHead::post("/pay").with_field("Authorization", format!("Bearer {token}"));
    /// assert!(matches!(once.decide(&pay, None), Step::Decided(Decision::Proceed(_))));
    /// let Step::Decided(Decision::Refuse(again)) = once.decide(&pay, None) else { panic!("accepted twice") };
    /// assert_eq!((again.status(), again.reason()), (401, Reason::Replayed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn require_single_use(self, requirement: Requirement, used: impl SingleUse) -> Self {
        self.changed(|inner| {
            inner.use_requirements.push(requirement);
            inner.uses.push(Arc::new(used));
        })
    }

    /// Realm and other parameters of challenges. Default: `realm="api"`.
    #[must_use]
    pub fn with_challenge(self, challenge: Challenge) -> Self {
        self.changed(|inner| {
            inner.prepared = challenge.prepare(&Demands::default());
            inner.challenge = challenge;
        })
    }

    /// How long clients are asked to wait where keys or a store were unavailable. Default 5 s; sent in
    /// whole seconds, rounded up, at least one.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        self.changed(|inner| inner.retry_after = retry_after)
    }

    /// Names the token's `sub` in the event of each request that is let through, for an audit, and
    /// raises that event from debug to info. Off by default: a log is kept longer than a token, and
    /// read by others.
    #[must_use]
    pub fn record_subject(self) -> Self {
        self.changed(|inner| inner.records_subject = true)
    }

    fn changed(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Decides about a request. `before` is what an outer layer left in it.
    ///
    /// The token that an outer layer verified by the same authority is not verified again, and no
    /// check runs twice about it where it stands in the same [carrier](CarrierKind); another
    /// authority verifies anew, and its outcome replaces the outer one. Outcomes are never merged.
    pub fn decide(&self, head: &dyn RequestHead, before: Option<&Authentication>) -> Step {
        let _timer = observe::Timer::of_decision();
        match self.begin(head, before) {
            Ok(step) => step,
            Err(refusal) => Step::Decided(Decision::Refuse(refusal)),
        }
    }

    fn begin(&self, head: &dyn RequestHead, before: Option<&Authentication>) -> Result<Step, Refusal> {
        let rules = &*self.0;
        if rules.passes_preflight && is_preflight(head) {
            return Ok(self.anonymous());
        }
        let read = rules.carriers.read_any_text(head);
        let Some(credential) = read.map_err(|reason| self.refuse(&reason.into()))? else {
            if rules.is_optional && rules.uses.is_empty() {
                return Ok(self.anonymous());
            }
            return Err(self.refuse(&Reason::NoCredentials.into()));
        };
        // A verifier accepts base64url alone, so its tokens are judged where it refuses them.
        let check_text = || credential.check_text().map_err(|reason| self.refuse(&reason.into()));
        if !rules.is_verifier {
            check_text()?;
        }
        let facts = RequestFacts::new(head, credential);
        let double_submit = match credential.carrier() {
            CarrierKind::Cookie => match rules.proof_of_origin.judge(head, false) {
                Proof::NotNeeded | Proof::Given => None,
                Proof::NeedsDoubleSubmit(value) => Some(value),
                Proof::Refused => return Err(self.refuse(&Reason::CrossOrigin.into())),
            },
            // Whoever can set a header field is no foreign page.
            _ => None,
        };

        let reused = before.and_then(|before| self.reuse(before, &credential));
        // A check may ask where the token stands.
        let stood_here = |before: &&Authentication| before.carrier() == Some(credential.carrier());
        let mut pending = Pending {
            auth: self.clone(),
            carrier: credential.carrier(),
            double_submit: double_submit.map(str::to_owned),
            passed: reused.and(before).filter(stood_here).map(passed).unwrap_or_default(),
            next_check: 0,
            response_headers: response_headers(credential.carrier(), before),
        };
        let verdict = match reused {
            Some(verified) => Verdict::Ready(Ok(verified.clone())),
            None => rules.authority.verify(&Presented::new(credential.token()).with_proofs(&rules.proofs)),
        };
        match verdict {
            Verdict::Ready(result) => {
                let verified = match result {
                    Ok(verified) => verified,
                    Err(error) => {
                        check_text()?;
                        return Err(pending.refuse(&error));
                    }
                };
                match pending.checks(&verified, &facts)? {
                    None => Ok(Step::Decided(pending.proceed(verified, credential.token()))),
                    Some(check) => {
                        let kept = Kept::of(head, &credential);
                        Ok(Step::Wait(Box::pin(pending.finish(verified, kept, Some(check)))))
                    }
                }
            }
            Verdict::Wait(verdict) => {
                let kept = Kept::of(head, &credential);
                Ok(Step::Wait(Box::pin(async move {
                    match verdict.await {
                        Ok(verified) => pending.finish(verified, kept, None).await,
                        Err(error) => Decision::Refuse(pending.refuse(&error)),
                    }
                })))
            }
        }
    }

    fn anonymous(&self) -> Step {
        observe::anonymous();
        let authentication = Authentication::anonymous(self.clone());
        Step::Decided(Decision::Proceed(Proceed::new(authentication, Vec::new())))
    }

    /// What the same authority verified before, if the request still carries that very token.
    fn reuse<'b>(
        &self,
        before: &'b Authentication,
        credential: &Credential<'_>,
    ) -> Option<&'b Arc<Verified>> {
        let verified = before.verified()?;
        let outer = &before.by().0;
        let same_token = before.token_identity()?.is_of(credential.token(), verified);
        let same_authority =
            Arc::ptr_eq(&self.0.authority, &outer.authority) || self.0.authority.is_same(&*outer.authority);
        (same_token && same_authority).then_some(verified)
    }

    /// Where tokens may stand.
    #[must_use]
    pub fn carriers(&self) -> &Carriers {
        &self.0.carriers
    }

    /// The authority's clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.0.authority.now()
    }

    /// The refusal for a token, in the words of these rules. Tells the log why.
    #[must_use]
    pub fn refuse(&self, error: &TokenError) -> Refusal {
        let reason = error.reason();
        observe::refused(reason, error.detail());
        Refusal::new(reason)
            .with_challenge(self.0.challenge(reason.answer()))
            .with_retry_after(self.0.retry_after)
    }

    /// The refusal for a requirement of a route, in the words of these rules.
    #[must_use]
    pub fn refuse_unmet(&self, unmet: &Unmet) -> Refusal {
        let reason = unmet.reason();
        observe::refused(reason, None);
        let challenge = self.0.challenge.text(reason.answer(), &unmet.demands());
        Refusal::new(reason).with_challenge(challenge.map(Arc::from))
    }

    fn refuse_by_check(&self, check: &dyn Check, refusal: CheckRefusal) -> Refusal {
        observe::refused(refusal.reason, Some(check.name()));
        let challenge = match refusal.challenge {
            Some(challenge) => Some(Arc::from(challenge)),
            None => self.0.challenge(refusal.reason.answer()),
        };
        Refusal::new(refusal.reason)
            .with_challenge(challenge)
            .with_retry_after(self.0.retry_after)
            .with_response_headers(refusal.response_headers)
    }
}

impl Inner {
    /// All checks in the order in which they run.
    fn in_order(&self) -> impl Iterator<Item = &Arc<dyn Check>> {
        self.checks.iter().chain(&self.uses)
    }

    fn challenge(&self, answer: Answer) -> Option<Arc<str>> {
        self.prepared.of(answer).cloned()
    }

    /// Without a key or a session nothing is bound to the value, so it proves nothing.
    fn is_double_submit_of(&self, value: &str, verified: &Verified) -> bool {
        match (&self.csrf_key, verified.session_id()) {
            (Some(key), Some(session)) => key.verify(value, &session),
            _ => false,
        }
    }
}

/// Whether this very check is in the list.
fn is_among<'c>(check: &Arc<dyn Check>, checks: impl IntoIterator<Item = &'c Arc<dyn Check>>) -> bool {
    // Compared by address alone: one check may have several vtables.
    let address = |check: &Arc<dyn Check>| Arc::as_ptr(check).cast::<()>();
    checks.into_iter().any(|other| address(other) == address(check))
}

/// The checks that a verified token has passed.
fn passed(before: &Authentication) -> Vec<Arc<dyn Check>> {
    before.by().0.in_order().chain(before.passed_outside()).cloned().collect()
}

/// What outlives the request while it waits: all of its head, so that a check sees the same
/// whether the request had to wait or not.
struct Kept {
    head: SimpleHead,
    token: String,
}

impl Kept {
    fn of(head: &dyn RequestHead, credential: &Credential<'_>) -> Self {
        Self { head: SimpleHead::copy_of(head), token: credential.token().to_owned() }
    }
}

/// A request whose token is verified and whose checks have not all run.
struct Pending {
    auth: RequestAuth,
    carrier: CarrierKind,
    double_submit: Option<String>,
    /// Checks that an outer layer has run about this very token.
    passed: Vec<Arc<dyn Check>>,
    next_check: usize,
    response_headers: Vec<ResponseHeader>,
}

type Waiting = BoxFuture<'static, Result<Passed, CheckRefusal>>;

impl Pending {
    /// Runs the checks that are left, up to one that must wait.
    fn checks(
        &mut self,
        verified: &Arc<Verified>,
        facts: &RequestFacts<'_>,
    ) -> Result<Option<Waiting>, Refusal> {
        if let Some(value) = self.double_submit.take()
            && !self.auth.0.is_double_submit_of(&value, verified)
        {
            return Err(self.refuse(&Reason::CrossOrigin.into()));
        }
        // RFC 9449 §7.1. A verifier has seen to it, for these rules or for those of an outer layer; whoever
        // else vouches for the token need not have.
        if !verified.is_usable_with(&self.auth.0.proofs) {
            return Err(self.refuse(&Reason::SenderConstraint.into()));
        }
        if self.auth.0.checks.is_empty() && self.auth.0.uses.is_empty() {
            return Ok(None);
        }
        let auth = self.auth.clone();
        while let Some(check) = auth.0.in_order().nth(self.next_check) {
            if self.next_check == auth.0.checks.len() {
                self.require(verified)?;
            }
            if is_among(check, &self.passed) {
                self.pass(Passed::default());
                continue;
            }
            match check.check(verified, facts) {
                CheckOutcome::Pass(passed) => self.pass(passed),
                CheckOutcome::Refuse(refusal) => return Err(self.refuse_by(&**check, refusal)),
                CheckOutcome::Wait(waiting) => return Ok(Some(waiting)),
            }
        }
        Ok(None)
    }

    /// What must hold before the token is used up.
    fn require(&mut self, verified: &Verified) -> Result<(), Refusal> {
        let now = self.auth.now();
        let unmet = |requirement: &Requirement| requirement.check(verified, now).err();
        match self.auth.0.use_requirements.iter().find_map(unmet) {
            None => Ok(()),
            Some(unmet) => {
                let promised = core::mem::take(&mut self.response_headers);
                Err(self.auth.refuse_unmet(&unmet).with_response_headers(promised))
            }
        }
    }

    fn pass(&mut self, passed: Passed) {
        self.response_headers.extend(Refusal::fields_of_checks(passed.response_headers));
        self.next_check = self.next_check.saturating_add(1);
    }

    /// What carrier and checks have promised to the client is kept.
    fn refuse(&mut self, error: &TokenError) -> Refusal {
        let promised = core::mem::take(&mut self.response_headers);
        self.auth.refuse(error).with_response_headers(promised)
    }

    fn refuse_by(&mut self, check: &dyn Check, refusal: CheckRefusal) -> Refusal {
        let promised = core::mem::take(&mut self.response_headers);
        self.auth.refuse_by_check(check, refusal).with_response_headers(promised)
    }

    async fn finish(mut self, verified: Arc<Verified>, kept: Kept, mut waiting: Option<Waiting>) -> Decision {
        loop {
            if let Some(check) = waiting.take() {
                match check.await {
                    Ok(passed) => self.pass(passed),
                    Err(refusal) => {
                        let auth = self.auth.clone();
                        let Some(check) = auth.0.in_order().nth(self.next_check) else {
                            return Decision::Refuse(Refusal::new(refusal.reason));
                        };
                        return Decision::Refuse(self.refuse_by(&**check, refusal));
                    }
                }
            }
            let facts = RequestFacts::new(&kept.head, Credential::new(&kept.token, self.carrier));
            match self.checks(&verified, &facts) {
                Err(refusal) => return Decision::Refuse(refusal),
                Ok(Some(check)) => waiting = Some(check),
                Ok(None) => {
                    return self.proceed(verified, &kept.token);
                }
            }
        }
    }

    fn proceed(self, verified: Arc<Verified>, token: &str) -> Decision {
        let subject = self.auth.0.records_subject.then(|| verified.subject()).flatten();
        observe::authenticated(verified.issuer(), subject, self.carrier.code());
        let mut outside = self.passed;
        outside.retain(|check| !is_among(check, self.auth.0.in_order()));
        let identity = TokenIdentity::of(token, self.auth.0.is_verifier);
        let authentication =
            Authentication::verified_by(self.auth, verified, self.carrier, identity, outside);
        Decision::Proceed(Proceed::new(authentication, self.response_headers))
    }
}

/// RFC 6750 §2.3: an answer to a token in the query must not be kept by shared caches. An outer
/// layer that read it there sees to that already.
fn response_headers(carrier: CarrierKind, before: Option<&Authentication>) -> Vec<ResponseHeader> {
    let outside = before.and_then(Authentication::carrier);
    match (carrier, outside) {
        (CarrierKind::Query, outside) if outside != Some(CarrierKind::Query) => {
            vec![ResponseHeader { name: "cache-control", value: Cow::Borrowed("private") }]
        }
        _ => Vec::new(),
    }
}

impl fmt::Debug for RequestAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestAuth")
            .field("is_optional", &self.0.is_optional)
            .field("checks", &self.0.in_order().map(|check| check.name()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;

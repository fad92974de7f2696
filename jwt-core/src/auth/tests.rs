use core::task::{Context, Poll, Waker};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::keys::{HmacSecret, SigningKey, Verify, VerifyingKey};
use crate::request::AllowedOrigins;
use crate::time::ManualClock;
use crate::{Algorithm, Authority, Evidence, Issuer, NumericDate, Requirement, Verifier};

const NOW: u64 = 1_800_000_000;

struct World {
    issuer: Issuer,
    verifier: Verifier,
    key: SigningKey,
    signatures: Arc<AtomicUsize>,
}

/// Counts the signature checks.
struct Counting(VerifyingKey, Arc<AtomicUsize>);

impl Verify for Counting {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.verify(message, signature)
    }
}

fn world() -> World {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let signatures = Arc::new(AtomicUsize::new(0));
    let counting = Counting(key.verifying_key(), signatures.clone());
    let verifier = Verifier::builder()
        .with_key(VerifyingKey::custom(Algorithm::ES256, counting))
        .with_audience("api")
        .with_issuer("id")
        .build()
        .unwrap()
        .with_clock(ManualClock::at(NOW));
    World { issuer: issuer(&key), verifier, key, signatures }
}

fn issuer(key: &SigningKey) -> Issuer {
    Issuer::builder()
        .with_key(key.clone())
        .with_audience("api")
        .with_issuer("id")
        .build()
        .unwrap()
        .with_clock(ManualClock::at(NOW))
}

impl World {
    fn token(&self) -> String {
        self.issuer.token().with_subject("alice").with_session_id("s1").sign().unwrap()
    }
}

fn bearer(token: &str) -> SimpleHead {
    SimpleHead::get("/me").with_field("authorization", format!("Bearer {token}"))
}

fn decided(step: Step) -> Result<Proceed, Refusal> {
    match step {
        Step::Decided(Decision::Proceed(proceed)) => Ok(proceed),
        Step::Decided(Decision::Refuse(refusal)) => Err(refusal),
        Step::Wait(_) => panic!("waits"),
    }
}

fn waited(step: Step) -> Result<Proceed, Refusal> {
    let Step::Wait(mut future) = step else { panic!("does not wait") };
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(decision) => decided(Step::Decided(decision)),
        Poll::Pending => panic!("pending"),
    }
}

fn reason(auth: &RequestAuth, head: &SimpleHead) -> Option<Reason> {
    decided(auth.decide(head, None)).err().map(|refusal| refusal.reason())
}

#[test]
fn required_and_optional_differ_only_where_nothing_was_presented() {
    let world = world();
    let required = RequestAuth::new(world.verifier.clone());
    let optional = required.clone().optional();
    let nothing = SimpleHead::get("/me");
    assert_eq!(reason(&required, &nothing), Some(Reason::NoCredentials));
    assert!(decided(optional.decide(&nothing, None)).unwrap().authentication.verified().is_none());
    for (head, expected) in [
        (bearer(&world.token()), None),
        (bearer("a.b.c"), Some(Reason::NotBase64Url)),
        (bearer("two words"), Some(Reason::MalformedAuthorization)),
        (SimpleHead::get("/").with_field("authorization", "Basic x"), Some(Reason::NoCredentials)),
    ] {
        let ignoring_absence = expected.filter(|reason| *reason != Reason::NoCredentials);
        assert_eq!(reason(&required, &head), expected, "{head:?}");
        assert_eq!(reason(&optional, &head), ignoring_absence, "{head:?}");
    }
}

#[test]
fn a_preflight_passes_as_anonymous_only_where_switched_on() {
    let world = world();
    let off = RequestAuth::new(world.verifier.clone());
    let on = off.clone().with_preflight();
    let preflight = SimpleHead::new("OPTIONS", "/me")
        .with_field("origin", "https://app.example")
        .with_field("access-control-request-method", "POST");
    assert_eq!(reason(&off, &preflight), Some(Reason::NoCredentials));
    let passed = decided(on.decide(&preflight, None)).unwrap().authentication;
    assert!(passed.verified().is_none());
    assert_eq!(passed.required().unwrap_err().status(), 401);
    assert_eq!(reason(&on, &SimpleHead::new("OPTIONS", "/me")), Some(Reason::NoCredentials));
}

#[test]
fn the_same_rules_verify_once_and_other_rules_anew() {
    let world = world();
    let token = world.token();
    let head = bearer(&token);
    let count = || world.signatures.load(Ordering::SeqCst);
    let outer = RequestAuth::new(world.verifier.clone());
    let first = decided(outer.decide(&head, None)).unwrap().authentication;
    assert_eq!(count(), 1);

    // The same rules, and other rules about the same verifier: the proof is reused.
    assert!(decided(outer.clone().decide(&head, Some(&first))).is_ok());
    let same_verifier = RequestAuth::new(world.verifier.clone()).optional();
    let again = decided(same_verifier.decide(&head, Some(&first))).unwrap().authentication;
    assert_eq!(count(), 1);
    assert!(Arc::ptr_eq(again.verified().unwrap(), first.verified().unwrap()));

    // Another token has come into the request since.
    let other = world.token();
    assert!(decided(same_verifier.decide(&bearer(&other), Some(&first))).is_ok());
    assert_eq!(count(), 2);

    // Another verifier verifies anew and replaces, whatever the outer one found.
    let elsewhere = Authority::builder().with_key(&world.key).with_audience("other").with_issuer("id");
    let stricter = RequestAuth::new(elsewhere.build().unwrap());
    let refused = decided(stricter.decide(&head, Some(&first))).unwrap_err();
    assert_eq!(refused.reason(), Reason::WrongAudience);

    // Required inside optional: an anonymous request is refused.
    let anonymous =
        decided(outer.clone().optional().decide(&SimpleHead::get("/"), None)).unwrap().authentication;
    let refused = decided(outer.decide(&SimpleHead::get("/"), Some(&anonymous))).unwrap_err();
    assert_eq!(refused.reason(), Reason::NoCredentials);
}

/// An authority that says nothing of being the same as another.
struct Delegating(Verifier);

impl TokenAuthority for Delegating {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        TokenAuthority::verify(&self.0, presented)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(NOW)
    }
}

/// Exchanges what is presented for a token of its own, and takes that one from nobody.
struct Exchanging {
    verifier: Verifier,
    inside: String,
}

impl TokenAuthority for Exchanging {
    fn verify(&self, presented: &Presented<'_>) -> Verdict {
        match presented.token() {
            "opaque" => Verdict::Ready(self.verifier.verify(&self.inside)),
            _ => Verdict::Ready(Err(Reason::BadSignature.into())),
        }
    }

    fn now(&self) -> Duration {
        Duration::from_secs(NOW)
    }
}

#[test]
fn what_is_known_again_is_the_token_that_was_presented() {
    let world = world();
    let inside = world.token();
    let auth = RequestAuth::new(Exchanging { verifier: world.verifier.clone(), inside: inside.clone() });
    let first = decided(auth.decide(&bearer("opaque"), None)).unwrap().authentication;
    assert!(decided(auth.decide(&bearer("opaque"), Some(&first))).is_ok());
    assert_eq!(world.signatures.load(Ordering::SeqCst), 1, "known again");
    let refused = decided(auth.decide(&bearer(&inside), Some(&first))).unwrap_err();
    assert_eq!(refused.reason(), Reason::BadSignature, "the token inside was not presented");
}

#[test]
fn an_authority_is_the_same_as_itself_without_saying_so() {
    let world = world();
    let head = bearer(&world.token());
    let auth = RequestAuth::new(Delegating(world.verifier.clone()));
    let first = decided(auth.decide(&head, None)).unwrap().authentication;
    assert!(decided(auth.decide(&head, Some(&first))).is_ok());
    assert!(decided(auth.clone().optional().decide(&head, Some(&first))).is_ok());
    assert_eq!(world.signatures.load(Ordering::SeqCst), 1);

    // Two of them around one verifier are two.
    let other = RequestAuth::new(Delegating(world.verifier.clone()));
    assert!(decided(other.decide(&head, Some(&first))).is_ok());
    assert_eq!(world.signatures.load(Ordering::SeqCst), 2);
}

fn cookie_auth(world: &World) -> RequestAuth {
    let carriers = Carriers::builder().with_cookie("__Host-access").build().unwrap();
    let origins = AllowedOrigins::new(["https://app.example"]).unwrap();
    RequestAuth::new(world.verifier.clone())
        .with_carriers(carriers)
        .with_proof_of_origin(ProofOfOrigin::new(origins))
}

#[test]
fn a_cookie_needs_proof_of_origin_before_its_token_is_looked_at() {
    let world = world();
    let auth = cookie_auth(&world);
    let cookie = |head: SimpleHead, token: &str| head.with_field("cookie", format!("__Host-access={token}"));
    let token = world.token();
    assert_eq!(reason(&auth, &cookie(SimpleHead::get("/"), &token)), None);
    assert_eq!(reason(&auth, &cookie(SimpleHead::post("/"), "a.b.c")), Some(Reason::CrossOrigin));
    assert_eq!(world.signatures.load(Ordering::SeqCst), 1);
    for (name, value, expected) in [
        ("sec-fetch-site", "same-origin", None),
        ("sec-fetch-site", "same-site", Some(Reason::CrossOrigin)),
        ("origin", "https://app.example", None),
        ("origin", "https://evil.example", Some(Reason::CrossOrigin)),
        ("origin", "null", Some(Reason::CrossOrigin)),
    ] {
        let head = cookie(SimpleHead::post("/"), &token).with_field(name, value);
        assert_eq!(reason(&auth, &head), expected, "{name}: {value}");
    }
    // The header is no cookie: no page of another origin can set it.
    assert_eq!(
        reason(&auth, &SimpleHead::post("/").with_field("authorization", format!("Bearer {token}"))),
        None
    );
}

#[test]
fn a_double_submit_value_counts_only_for_its_own_session() {
    let world = world();
    let key = CsrfKey::new(&HmacSecret::generate(Algorithm::HS256).unwrap()).unwrap();
    let without_key = cookie_auth(&world);
    let auth = without_key.clone().with_csrf_key(key.clone());
    let post = |token: &str, value: &str| {
        SimpleHead::post("/")
            .with_field("cookie", format!("__Host-access={token}"))
            .with_field("x-csrf-token", value)
    };
    let token = world.token();
    let value = key.issue("s1").unwrap();
    assert_eq!(reason(&auth, &post(&token, &value)), None);
    assert_eq!(reason(&auth, &post(&token, &key.issue("s2").unwrap())), Some(Reason::CrossOrigin));
    assert_eq!(reason(&auth, &post(&token, "x.y")), Some(Reason::CrossOrigin));
    assert_eq!(reason(&without_key, &post(&token, &value)), Some(Reason::CrossOrigin));
    let no_session = world.issuer.token().sign().unwrap();
    assert_eq!(reason(&auth, &post(&no_session, &value)), Some(Reason::CrossOrigin));
}

#[test]
fn a_query_token_keeps_the_response_out_of_shared_caches() {
    let world = world();
    let carriers = Carriers::builder().insecure_query_token("access_token").build().unwrap();
    let auth = RequestAuth::new(world.verifier.clone()).with_carriers(carriers);
    let proceed =
        decided(auth.decide(&SimpleHead::get(&format!("/x?access_token={}", world.token())), None)).unwrap();
    assert_eq!(proceed.response_headers, [ResponseHeader { name: "cache-control", value: "private".into() }]);
    assert_eq!(proceed.authentication.carrier(), Some(CarrierKind::Query));
}

/// Says what it is told to, and notes that it was asked.
struct Scripted {
    name: &'static str,
    proves: bool,
    waits: bool,
    refuses: Option<Reason>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Check for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn check(&self, verified: &Arc<Verified>, facts: &RequestFacts<'_>) -> CheckOutcome {
        let kept = matches!(facts.field("dpop"), crate::request::Field::One(b"proof"));
        let line = format!("{} {} {} {kept}", self.name, verified.subject().unwrap_or("-"), facts.path());
        self.asked.lock().unwrap().push(line);
        let outcome = match self.refuses {
            None => Ok(Passed::default().with_response_header("x-check", self.name)),
            Some(reason) => Err(CheckRefusal::from(reason)
                .with_challenge("DPoP algs=\"ES256\"")
                .with_response_header("dpop-nonce", "n1")),
        };
        match (self.waits, outcome) {
            (true, outcome) => CheckOutcome::Wait(Box::pin(async move { outcome })),
            (false, Ok(passed)) => CheckOutcome::Pass(passed),
            (false, Err(refusal)) => CheckOutcome::Refuse(refusal),
        }
    }

    fn proves(&self) -> &'static [&'static str] {
        if self.proves { &["jkt"] } else { &[] }
    }
}

#[test]
fn checks_run_after_the_token_in_order_with_their_own_words() {
    for waits in [false, true] {
        let world = world();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let check = |name, proves, refuses| Scripted { name, proves, waits, refuses, asked: asked.clone() };
        let finish = if waits { waited } else { decided };
        let head = bearer(&world.token()).with_field("dpop", "proof");
        let auth = RequestAuth::new(world.verifier.clone())
            .with_check(check("revocation", false, None))
            .with_check(check("possession", true, None));
        let proceed = finish(auth.decide(&head, None)).unwrap();
        let names: Vec<_> = proceed.response_headers.iter().map(|header| header.value.as_ref()).collect();
        assert_eq!(names, ["possession", "revocation"], "waits: {waits}");
        assert_eq!(
            asked.lock().unwrap().drain(..).collect::<Vec<_>>(),
            ["possession alice /me true", "revocation alice /me true",]
        );

        let refusing = auth.with_check(check("replay", false, Some(Reason::Replayed)));
        let refusal = finish(refusing.decide(&head, None)).unwrap_err();
        assert_eq!(refusal.reason(), Reason::Replayed);
        assert_eq!(refusal.challenges().collect::<Vec<_>>(), ["DPoP algs=\"ES256\""]);
        let names: Vec<_> = refusal.response_headers().iter().map(|header| header.name).collect();
        assert_eq!(names, ["dpop-nonce", "x-check", "x-check"], "what was promised before is kept");

        // A bad token is not even shown to the checks.
        asked.lock().unwrap().clear();
        assert!(reason(&refusing, &bearer("a.b.c")).is_some());
        assert!(asked.lock().unwrap().is_empty());
    }
}

#[test]
fn the_rules_are_shown_with_the_names_of_their_checks() {
    let world = world();
    let check =
        Scripted { name: "revocation", proves: false, waits: false, refuses: None, asked: Arc::default() };
    let shown = format!("{:?}", RequestAuth::new(world.verifier.clone()).with_check(check));
    assert_eq!(shown, r#"RequestAuth { is_optional: false, checks: ["revocation"], .. }"#);
}

#[test]
fn a_check_runs_once_however_the_layers_are_nested() {
    let world = world();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let check = |name| Scripted { name, proves: false, waits: false, refuses: None, asked: asked.clone() };
    let shared: Arc<dyn Check> = Arc::new(check("shared"));
    let plain = RequestAuth::new(world.verifier.clone());
    // Not a clone of one another: two rules to which the same check was added.
    let (first, second) = (plain.clone().with_check(shared.clone()), plain.clone().with_check(shared));
    let another = plain.clone().with_check(check("another"));
    let head = bearer(&world.token());
    for (layers, expected) in [
        (vec![&first, &first], &["shared"][..]),
        (vec![&first, &second], &["shared"]),
        (vec![&first, &plain, &first], &["shared"]),
        (vec![&first, &plain, &plain, &second], &["shared"]),
        (vec![&first, &another, &second, &another], &["shared", "another"]),
        (vec![&plain, &first], &["shared"]),
    ] {
        let mut before = None;
        for layer in layers {
            before = Some(decided(layer.decide(&head, before.as_ref())).unwrap().authentication);
        }
        let lines: Vec<String> = asked.lock().unwrap().drain(..).collect();
        let names: Vec<_> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names, expected);
    }
    // What ran about one token says nothing about another.
    let outer = decided(first.decide(&head, None)).unwrap().authentication;
    let inner = decided(first.decide(&bearer(&world.token()), Some(&outer))).unwrap();
    assert_eq!((asked.lock().unwrap().len(), inner.response_headers.len()), (2, 1));
}

/// Takes a token from one place only.
struct OnlyFrom(CarrierKind);

impl Check for OnlyFrom {
    fn name(&self) -> &'static str {
        "only from"
    }

    fn check(&self, _: &Arc<Verified>, facts: &RequestFacts<'_>) -> CheckOutcome {
        if facts.carrier() == self.0 { CheckOutcome::pass() } else { CheckOutcome::refuse(Reason::Revoked) }
    }
}

#[test]
fn a_check_is_asked_again_where_the_token_stands_elsewhere() {
    let world = world();
    let outer = RequestAuth::new(world.verifier.clone()).with_check(OnlyFrom(CarrierKind::Authorization));
    let cookie = Carriers::builder().without_authorization().with_cookie("access").build().unwrap();
    let inner = outer.clone().with_carriers(cookie);
    let token = world.token();
    let head = bearer(&token).with_field("cookie", format!("access={token}"));
    assert_eq!(reason(&inner, &head), Some(Reason::Revoked), "alone");
    let before = decided(outer.decide(&head, None)).unwrap().authentication;
    let inside = decided(inner.decide(&head, Some(&before)));
    assert_eq!(inside.err().map(|refusal| refusal.reason()), Some(Reason::Revoked), "inside");
}

#[test]
fn a_bound_token_needs_a_check_that_proves_possession() {
    let world = world();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let check = |proves| Scripted { name: "c", proves, waits: false, refuses: None, asked: asked.clone() };
    let bound = world.issuer.token().with_claim("cnf", &serde_json::json!({"jkt": "x"})).sign().unwrap();
    let plain = RequestAuth::new(world.verifier.clone());
    assert_eq!(reason(&plain, &bearer(&bound)), Some(Reason::SenderConstraint));
    assert_eq!(
        reason(&plain.clone().with_check(check(false)), &bearer(&bound)),
        Some(Reason::SenderConstraint)
    );
    let proving = plain.clone().with_check(check(true));
    let outer = decided(proving.decide(&bearer(&bound), None)).unwrap().authentication;
    // The same check has proved it: inside, neither the token nor the proof is looked at again.
    let asked_before = asked.lock().unwrap().len();
    assert!(decided(proving.clone().optional().decide(&bearer(&bound), Some(&outer))).is_ok());
    assert_eq!(asked.lock().unwrap().len(), asked_before);
    // Another check proves anew.
    assert!(decided(plain.clone().with_check(check(true)).decide(&bearer(&bound), Some(&outer))).is_ok());
    assert_eq!(asked.lock().unwrap().len(), asked_before + 1);
    // Inside, where nothing proves possession, the outer proof does not count.
    let refused = decided(plain.decide(&bearer(&bound), Some(&outer))).unwrap_err();
    assert_eq!(refused.reason(), Reason::SenderConstraint);
}

/// Takes an authorization server's word, which says nothing about who may present the token.
struct Introspecting;

impl TokenAuthority for Introspecting {
    fn verify(&self, _: &Presented<'_>) -> Verdict {
        let answer = br#"{"active":true,"sub":"alice","cnf":{"jkt":"x"}}"#.to_vec();
        let evidence = Evidence::introspection("https://id/introspect");
        Verdict::Ready(crate::danger::assert_verified("id", answer, evidence))
    }

    fn now(&self) -> Duration {
        Duration::from_secs(NOW)
    }
}

#[test]
fn what_is_no_token_of_any_kind_is_shown_to_no_foreign_authority() {
    // `Introspecting` says yes to whatever it is asked.
    let auth = RequestAuth::new(Introspecting).with_check(Certificate);
    for text in ["a\"b", "a,b", "\u{e9}", "a=b"] {
        assert_eq!(reason(&auth, &bearer(text)), Some(Reason::MalformedAuthorization), "{text}");
    }
}

#[test]
fn a_bound_token_needs_that_check_whoever_vouches_for_it() {
    let check = |proves, waits| {
        let asked = Arc::new(Mutex::new(Vec::new()));
        Scripted { name: "c", proves, waits, refuses: None, asked }
    };
    let auth = RequestAuth::new(Introspecting);
    let head = bearer("opaque");
    assert_eq!(reason(&auth, &head), Some(Reason::SenderConstraint));
    assert_eq!(reason(&auth.clone().with_check(Certificate), &head), Some(Reason::SenderConstraint));
    for waits in [false, true] {
        let other = auth.clone().with_check(check(false, waits));
        assert_eq!(reason(&other, &head), Some(Reason::SenderConstraint), "before any check is asked");
        let finish = if waits { waited } else { decided };
        assert!(finish(auth.clone().with_check(check(true, waits)).decide(&head, None)).is_ok());
    }
}

/// Believes every certificate.
struct Certificate;

impl Check for Certificate {
    fn name(&self) -> &'static str {
        "certificate"
    }

    fn check(&self, _: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        CheckOutcome::pass()
    }

    fn proves(&self) -> &'static [&'static str] {
        &["x5t#S256"]
    }
}

#[test]
fn inside_a_proof_of_another_key_does_not_count_either() {
    let world = world();
    let certificate: Arc<dyn Check> = Arc::new(Certificate);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let dpop = Scripted { name: "dpop", proves: true, waits: false, refuses: None, asked: asked.clone() };
    let inner = RequestAuth::new(world.verifier.clone()).with_check(certificate);
    let outer = inner.clone().with_check(dpop);
    for (cnf, fits) in [
        (serde_json::json!({"x5t#S256": "x"}), true),
        (serde_json::json!({"jkt": "x"}), false),
        (serde_json::json!({"jkt": "x", "x5t#S256": "x"}), false),
    ] {
        let head = bearer(&world.issuer.token().with_claim("cnf", &cnf).sign().unwrap());
        let expected = (!fits).then_some(Reason::SenderConstraint);
        assert_eq!(reason(&inner, &head), expected, "{cnf} alone");
        let before = decided(outer.decide(&head, None)).unwrap().authentication;
        asked.lock().unwrap().clear();
        let inside = decided(inner.decide(&head, Some(&before)));
        assert_eq!(inside.err().map(|refusal| refusal.reason()), expected, "{cnf} inside");
        assert!(decided(outer.decide(&head, Some(&before))).is_ok(), "{cnf} under the same rules");
        assert!(asked.lock().unwrap().is_empty(), "{cnf} is proved once");
    }
}

#[test]
fn every_cause_of_an_invalid_token_is_answered_alike() {
    let world = world();
    let auth = RequestAuth::new(world.verifier.clone());
    let expired = world.issuer.token().with_claim("x", "y");
    drop(expired);
    let mut answers = std::collections::BTreeSet::new();
    for token in ["a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "a.b.c.d.e", "AAAA.AAAA.AAAA"] {
        let refusal = decided(auth.decide(&bearer(token), None)).unwrap_err();
        answers.insert((
            refusal.status(),
            refusal.challenges().map(str::to_owned).collect::<Vec<_>>(),
            refusal.problem_json(),
        ));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn requirements_are_answered_in_the_words_of_the_layer() {
    const ADMIN: Requirement = Requirement::new().require_scopes(&["admin", "audit"]);
    const STEP_UP: Requirement = Requirement::new()
        .require_authentication(&["urn:mfa"])
        .require_authentication_within(Duration::from_secs(300));
    let world = world();
    let auth = RequestAuth::new(world.verifier.clone())
        .with_challenge(Challenge::default().with_realm("orders").unwrap());
    let authenticated = |token: String| decided(auth.decide(&bearer(&token), None)).unwrap().authentication;
    let of = |token: crate::TokenBuilder<'_>, requirement: &Requirement| {
        let refusal = authenticated(token.sign().unwrap()).authorize(requirement).err();
        refusal.map(|refusal| (refusal.status(), refusal.reason(), refusal.challenges().collect::<String>()))
    };
    let token = || world.issuer.token();
    let at = |seconds| NumericDate::from_secs(seconds).unwrap();

    assert!(of(token().with_scope("audit admin"), &ADMIN).is_none());
    let (status, reason, challenge) = of(token().with_scope("admin"), &ADMIN).unwrap();
    assert_eq!((status, reason), (403, Reason::MissingScope));
    assert!(challenge.starts_with("Bearer realm=\"orders\", error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.ends_with("scope=\"admin audit\""), "{challenge}");

    assert!(of(token().with_authentication("urn:mfa", at(NOW - 300)), &STEP_UP).is_none());
    let (status, reason, challenge) = of(token().with_authentication("urn:pwd", at(NOW)), &STEP_UP).unwrap();
    assert_eq!((status, reason), (401, Reason::InsufficientAuthentication));
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
    assert!(
        challenge.contains("acr_values=\"urn:mfa\"") && challenge.contains("max_age=\"300\""),
        "{challenge}"
    );
    let (_, reason, _) = of(token().with_authentication("urn:mfa", at(NOW - 301)), &STEP_UP).unwrap();
    assert_eq!(reason, Reason::AuthenticationTooOld);

    let role = |roles: &str, requirement: &Requirement| {
        let roles: serde_json::Value = serde_json::from_str(roles).unwrap();
        of(token().with_claim("roles", &roles), requirement).map(|(_, reason, _)| reason)
    };
    const ANY: Requirement = Requirement::new().require_any_role(&["a", "b"]);
    const ALL: Requirement = Requirement::new().require_roles(&["a", "b"]);
    assert_eq!(role(r#"["b"]"#, &ANY), None);
    assert_eq!(role(r#""b""#, &ANY), None);
    assert_eq!(role(r#"["b"]"#, &ALL), Some(Reason::MissingRole));
    assert_eq!(role(r#"["b","a"]"#, &ALL), None);
    assert_eq!(role("[]", &Requirement::role("a")), Some(Reason::MissingRole));

    // Every rule that was added counts, and what cannot hold denies.
    const BOTH: Requirement = Requirement::role("a").require_role("b");
    assert_eq!(role(r#"["a"]"#, &BOTH), Some(Reason::MissingRole));
    assert_eq!(role(r#"["b"]"#, &BOTH), Some(Reason::MissingRole));
    assert_eq!(role(r#"["a","b"]"#, &BOTH), None);
    let no = Requirement::new().require_that(|_| false).require_that(|_| true);
    assert_eq!(role("[]", &no), Some(Reason::RequirementFailed));
    for nothing in [
        Requirement::new().require_roles(&[]),
        Requirement::new().require_any_role(&[]),
        Requirement::new().require_scopes(&[]),
        Requirement::any_scope(&[]),
        Requirement::new().require_issuer(&[]),
        Requirement::new().require_authentication(&[]),
    ] {
        assert!(of(token().with_scope("read"), &nothing).is_some(), "{nothing:?}");
    }
    let nine = (0..9).fold(Requirement::new(), |all, _| all.require_that(|_| true));
    assert_eq!(role("[]", &nine), Some(Reason::RequirementFailed));
    let eight = (0..8).fold(Requirement::new(), |all, _| all.require_that(|_| true));
    assert_eq!(role("[]", &eight), None);

    // The challenge names what would help, and leaves out a name that it cannot carry.
    let odd = Requirement::new().require_scopes(&["admin", "two words", "audit"]);
    let (_, _, challenge) = of(token(), &odd).unwrap();
    assert!(challenge.ends_with("scope=\"admin audit\""), "{challenge}");
    let twice = Requirement::new().require_authentication(&["a", "b"]).require_authentication(&["b", "c"]);
    let (_, _, challenge) = of(token(), &twice).unwrap();
    assert!(challenge.ends_with("acr_values=\"b\""), "{challenge}");

    let issuer = Requirement::new().require_issuer(&["other"]);
    assert_eq!(of(token(), &issuer).map(|(_, reason, _)| reason), Some(Reason::RequirementFailed));
    let predicate = Requirement::new().require_that(|verified| verified.subject() == Some("alice"));
    assert!(of(token().with_subject("alice"), &predicate).is_none());
    assert!(of(token().with_subject("bob"), &predicate).is_some());
}

#[test]
fn unavailable_keys_are_no_fault_of_the_token() {
    let live = crate::keys::Live::new().0;
    let verifier =
        Verifier::builder().with_live_keys(live).with_audience("api").with_issuer("id").build().unwrap();
    let refusal = decided(RequestAuth::new(verifier).decide(&bearer(&world().token()), None)).unwrap_err();
    assert_eq!((refusal.status(), refusal.challenges().count(), refusal.retry_after()), (503, 0, Some(5)));
}

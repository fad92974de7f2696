mod checks;

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

#[test]
fn a_refusal_has_the_challenge_that_belongs_to_it() {
    let world = world();
    let auth = RequestAuth::new(world.verifier.clone());
    let challenges = |head: &SimpleHead| {
        let refusal = decided(auth.decide(head, None)).unwrap_err();
        refusal.challenges().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(challenges(&SimpleHead::get("/")), [r#"Bearer realm="api""#]);
    let bad = challenges(&SimpleHead::get("/").with_field("authorization", "Bearer a.b.c"));
    assert!(matches!(&*bad, [one] if one.contains(r#"error="invalid_token""#)), "{bad:?}");
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
    let auth = RequestAuth::new(world.verifier.clone()).with_carriers(carriers.clone());
    assert_eq!(auth.carriers(), &carriers);
    let head = SimpleHead::get(&format!("/x?access_token={}", world.token()));
    let proceed = decided(auth.decide(&head, None)).unwrap();
    let private = [ResponseHeader { name: "cache-control", value: "private".into() }];
    assert_eq!(proceed.response_headers, private);
    assert_eq!(proceed.authentication.carrier(), Some(CarrierKind::Query));
    // Said once: a layer inside leaves it to the one outside.
    let inside = decided(auth.decide(&head, Some(&proceed.authentication))).unwrap();
    assert_eq!(inside.response_headers, []);
    let anonymous = decided(auth.clone().optional().decide(&SimpleHead::get("/x"), None)).unwrap();
    let inside = decided(auth.decide(&head, Some(&anonymous.authentication))).unwrap();
    assert_eq!(inside.response_headers, private);
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
    // Clocks differ, but only by so much: a login that lies ahead would be fresh for ever.
    assert!(of(token().with_authentication("urn:mfa", at(NOW + 30)), &STEP_UP).is_none());
    for seconds in [NOW - 301, NOW + 31, 253_402_300_799] {
        let refused = of(token().with_authentication("urn:mfa", at(seconds)), &STEP_UP);
        let (_, reason, _) = refused.expect("a login of another time is refused");
        assert_eq!(reason, Reason::AuthenticationTooOld, "{seconds}");
    }

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

#[test]
fn clients_wait_for_whole_seconds_and_never_for_none() {
    let auth = RequestAuth::new(world().verifier);
    for (milliseconds, expected) in [(0, 1), (1, 1), (500, 1), (1_000, 1), (1_001, 2), (5_000, 5)] {
        let auth = auth.clone().with_retry_after(Duration::from_millis(milliseconds));
        let retry_after = |reason: Reason| auth.refuse(&reason.into()).retry_after();
        assert_eq!(retry_after(Reason::KeysUnavailable), Some(expected), "{milliseconds}");
        assert_eq!(retry_after(Reason::Expired), None);
    }
}

//! Checks behind the token: when, how often, with which words.

use super::*;

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

/// Says what only the answer itself may say.
struct Presumptuous {
    passes: bool,
}

impl Check for Presumptuous {
    fn name(&self) -> &'static str {
        "presumptuous"
    }

    fn check(&self, _: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        let passed = Passed::default().with_response_header("WWW-Authenticate", "Basic");
        let refusal =
            CheckRefusal::from(Reason::StoreUnavailable).with_response_header("WWW-Authenticate", "Basic");
        match self.passes {
            true => CheckOutcome::Pass(
                passed.with_response_header("retry-after", "0").with_response_header("x", "1"),
            ),
            false => CheckOutcome::Refuse(
                refusal.with_response_header("Retry-After", "0").with_response_header("x", "2"),
            ),
        }
    }
}

#[test]
fn what_the_answer_says_itself_no_check_says() {
    let world = world();
    let auth = RequestAuth::new(world.verifier.clone()).with_check(Presumptuous { passes: true });
    let head = bearer(&world.token());
    let passed = decided(auth.decide(&head, None)).expect("the check passes").response_headers;
    assert_eq!(passed, [ResponseHeader::new("x", "1")]);
    let refusing = auth.with_check(Presumptuous { passes: false });
    let refusal = decided(refusing.decide(&head, None)).unwrap_err();
    let both = [ResponseHeader::new("x", "2"), ResponseHeader::new("x", "1")];
    assert_eq!(refusal.response_headers(), both);
    let fields = refusal.fields_of_response(false);
    assert_eq!(fields, [&[ResponseHeader::new("retry-after", "5")][..], &both].concat());
}

#[test]
fn a_field_is_shown_but_for_what_a_cookie_holds() {
    let shown = |name, value: &'static str| format!("{:?}", ResponseHeader::new(name, value));
    assert_eq!(shown("x", "1"), r#"ResponseHeader { name: "x", value: "1" }"#);
    assert_eq!(shown("Set-Cookie", "a=b"), r#"ResponseHeader { name: "Set-Cookie", value: "…" }"#);
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

/// Uses up what passes, and notes that it was asked.
struct Uses {
    waits: bool,
    used: Arc<Mutex<Vec<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Check for Uses {
    fn name(&self) -> &'static str {
        "use"
    }

    fn check(&self, verified: &Arc<Verified>, _: &RequestFacts<'_>) -> CheckOutcome {
        self.asked.lock().unwrap().push("use".to_owned());
        let mut used = self.used.lock().unwrap();
        let id = verified.token_id().unwrap().to_owned();
        let outcome = if used.contains(&id) { Err(Reason::Replayed.into()) } else { Ok(Passed::default()) };
        used.push(id);
        match (self.waits, outcome) {
            (true, outcome) => CheckOutcome::Wait(Box::pin(async move { outcome })),
            (false, Ok(passed)) => CheckOutcome::Pass(passed),
            (false, Err(refusal)) => CheckOutcome::Refuse(refusal),
        }
    }
}

impl SingleUse for Uses {}

struct Once {
    world: World,
    auth: RequestAuth,
    asked: Arc<Mutex<Vec<String>>>,
    waits: bool,
}

impl Once {
    fn new(waits: bool) -> Self {
        let (world, asked) = (world(), Arc::new(Mutex::new(Vec::new())));
        let uses = Uses { waits, used: Arc::default(), asked: asked.clone() };
        let auth = RequestAuth::new(world.verifier.clone());
        let auth = auth.require_single_use(Requirement::scope("pay"), uses);
        Self { world, auth, asked, waits }
    }

    fn token(&self, scope: &str) -> String {
        self.world
            .issuer
            .token()
            .with_subject("alice")
            .with_session_id("s1")
            .with_scope(scope)
            .sign()
            .unwrap()
    }

    fn answer(&self, auth: &RequestAuth, head: &SimpleHead) -> Result<Proceed, Refusal> {
        let step = auth.decide(head, None);
        if self.waits { waited(step) } else { decided(step) }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().drain(..).collect()
    }
}

#[test]
fn a_token_is_used_up_behind_everything_else() {
    for waits in [false, true] {
        let once = Once::new(waits);
        let check =
            |name, refuses| Scripted { name, proves: false, waits, refuses, asked: once.asked.clone() };
        // Added later, and asked before.
        let auth = once.auth.clone().with_check(check("first", None)).with_check(check("second", None));
        let head = bearer(&once.token("pay"));
        let proceed = once.answer(&auth, &head).unwrap();
        assert_eq!(proceed.authentication.verified().and_then(|token| token.subject()), Some("alice"));
        assert_eq!(
            once.asked(),
            ["first alice /me false", "second alice /me false", "use"],
            "waits: {waits}"
        );

        let refusal = once.answer(&auth, &head).unwrap_err();
        assert_eq!((refusal.reason(), refusal.status()), (Reason::Replayed, 401));
        let other = auth.refuse(&Reason::BadSignature.into());
        assert_eq!(refusal.challenges().collect::<Vec<_>>(), other.challenges().collect::<Vec<_>>());
        assert_eq!(refusal.problem_json(), other.problem_json(), "the client is told no more");
        once.asked();

        // What a check refuses is not used up.
        let refusing = auth.with_check(check("third", Some(Reason::Revoked)));
        let head = bearer(&once.token("pay"));
        assert_eq!(once.answer(&refusing, &head).unwrap_err().reason(), Reason::Revoked);
        assert!(!once.asked().contains(&"use".to_owned()), "waits: {waits}");
        assert!(once.answer(&once.auth, &head).is_ok());
    }
}

#[test]
fn what_the_requirement_refuses_is_not_used_up() {
    for waits in [false, true] {
        let once = Once::new(waits);
        let head = bearer(&once.token("read"));
        for _ in 0..2 {
            let refusal = decided(once.auth.decide(&head, None)).unwrap_err();
            assert_eq!((refusal.reason(), refusal.status()), (Reason::MissingScope, 403));
            assert!(refusal.challenges().next().unwrap().contains(r#"scope="pay""#));
        }
        assert_eq!(once.asked(), [""; 0]);
        // With a second rule both requirements come before both uses.
        let second = Uses { waits, used: Arc::default(), asked: once.asked.clone() };
        let both = once.auth.clone().require_single_use(Requirement::scope("admin"), second);
        let head = bearer(&once.token("pay"));
        assert_eq!(decided(both.decide(&head, None)).unwrap_err().reason(), Reason::MissingScope);
        assert_eq!(once.asked(), [""; 0]);
        assert!(once.answer(&both, &bearer(&once.token("pay admin"))).is_ok());
        assert_eq!(once.asked(), ["use", "use"]);
    }
}

#[test]
fn single_use_needs_a_token_and_lets_preflights_pass() {
    let once = Once::new(false);
    for auth in [once.auth.clone().optional(), once.auth.clone()] {
        let refusal = decided(auth.decide(&SimpleHead::get("/me"), None)).unwrap_err();
        assert_eq!(refusal.reason(), Reason::NoCredentials);
    }
    let preflight = SimpleHead::new("OPTIONS", "/me")
        .with_field("Origin", "https://app.example.com")
        .with_field("Access-Control-Request-Method", "POST")
        .with_field("Authorization", format!("Bearer {}", once.token("pay")));
    let passed = decided(once.auth.clone().with_preflight().decide(&preflight, None)).unwrap();
    assert!(passed.authentication.verified().is_none());
    assert_eq!(once.asked(), [""; 0], "a preflight uses nothing up");
}

#[test]
fn nested_rules_use_a_token_up_once_and_inner_requirements_hold() {
    let once = Once::new(false);
    let plain = RequestAuth::new(once.world.verifier.clone());
    let admin = once.auth.clone().with_check(OnlyFrom(CarrierKind::Authorization));
    for layers in [vec![&plain, &once.auth], vec![&once.auth, &once.auth], vec![&once.auth, &plain, &admin]] {
        let head = bearer(&once.token("pay"));
        let mut before = None;
        for layer in layers {
            before = Some(decided(layer.decide(&head, before.as_ref())).unwrap().authentication);
        }
        assert_eq!(once.asked(), ["use"]);
        // The next request.
        assert_eq!(reason(&once.auth, &head), Some(Reason::Replayed));
        once.asked();
    }
    let shown = format!("{admin:?}");
    assert!(shown.contains(r#"checks: ["only from", "use"]"#), "{shown}");
}

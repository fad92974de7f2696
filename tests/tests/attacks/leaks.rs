//! What leaks: nothing of a token, a claim or a secret into logs, texts or responses, and nothing of a cause
//! into an answer.

use std::collections::{BTreeMap, BTreeSet};

use jwt_core::keys::{Jwk, JwkSet, Live, RefreshHint};
use jwt_core::request::{
    Authorization, BEARER, CarrierKind, Credential, Proof, ProofOfOrigin, RequestFacts, SimpleHead,
    single_field,
};
use jwt_core::testing::TestIssuer;
use jwt_core::{
    Algorithm, Audience, CheckOutcome, CsrfKey, Decision, Expected as PerCall, HmacSecret, Issuer, KeySet,
    ManualClock, Passed, Presented, Reason, Registered, RequestAuth, Scopes, SigningKey, Step, VerifyingKey,
    jws,
};
use serde_json::{Value, json};
use tests::backend;
use tests::tokens::{AUDIENCE, Forged, ISSUER, NOW, keys, sign_raw};
use tests::windows::WINDOW;

use super::bench::Bench;
use super::covers;
use super::house::{FORM, Household, JSON, Mood, OURS, Plan, SERVICE, Tokens, basic, refresh_body, wait};
use crate::canaries::Secrets;
use crate::logged;
use crate::parity::{Expected, Table, routes};

covers! {
    nothing_of_a_token_or_a_secret_is_told [89];
    nothing_of_a_session_is_told [89];
    the_answer_does_not_tell_the_cause [90];
}

/// Claim values that occur nowhere else.
const CANARIES: [(&str, &str); 6] = [
    ("sub", "canary-subject-7f3a9c51e2d84b06"),
    ("jti", "canary-token-id-0c5e8d7b6a493f21"),
    ("sid", "canary-session-91b3d5f7a8c6e402"),
    ("email", "canary.address.5d2c8e@mail.example"),
    ("scope", "canary-scope-3e7a1b9d5f806c24"),
    ("client_id", "canary-client-c4a6e8b0d2f41739"),
];

fn canary() -> Forged {
    CANARIES.iter().fold(Forged::new(), |token, (name, value)| token.claim(name, *value))
}

/// Every way to be refused that a token has, each one step from a good one; the causes of row 90.
fn causes(good: impl Fn() -> Forged) -> Vec<(&'static str, String, Reason)> {
    use Reason as R;
    let token = good().sign();
    let (start, signature) = token.rsplit_once('.').unwrap();
    let payload = good().payload_json();
    let raw = |payload: String| good().sign_payload(payload);
    let headed = |header: &str| sign_raw(&keys().es256, header, &payload);
    vec![
        ("too long", good().claim("pad", "x".repeat(17_000)).sign(), R::TokenTooLong),
        ("two segments", start.to_owned(), R::NotThreeSegments),
        ("five segments", format!("{token}.x.y"), R::Encrypted),
        ("padded", format!("{token}="), R::NotBase64Url),
        ("a long header", good().header("pad", "x".repeat(5_000)).sign(), R::HeaderTooLong),
        ("no header", headed("[]"), R::MalformedHeader),
        ("a member twice", headed(r#"{"alg":"ES256","alg":"ES256"}"#), R::DuplicateMember),
        ("another issuer", good().claim("iss", "https://evil.example/").sign(), R::UntrustedIssuer),
        ("none", good().header("alg", "none").sign(), R::AlgorithmNotAllowed),
        ("crit", good().header("crit", json!(["exp"])).sign(), R::CriticalExtension),
        ("b64", good().header("b64", true).sign(), R::UnencodedPayload),
        ("jwk", good().header("jwk", json!({})).sign(), R::EmbeddedKey),
        ("zip", good().header("zip", "DEF").sign(), R::Compressed),
        ("cty", good().header("cty", "JWT").sign(), R::Nested),
        ("typ", good().header("typ", "rt+jwt").sign(), R::WrongType),
        ("kid", good().header("kid", "canary-kid-unknown-8d1f6b").sign(), R::UnknownKey),
        ("no kid", good().without_header("kid").sign(), R::AmbiguousKey),
        ("kid of another type", good().header("kid", "rs").sign(), R::KeyAlgorithmMismatch),
        ("a stranger's", good().key(&keys().stranger).sign(), R::BadSignature),
        ("a signature cut", format!("{start}.{}", &signature[..84]), R::BadSignature),
        ("a tail", raw(format!("{payload}x")), R::MalformedPayload),
        ("too deep", good().claim("x", (0..40).fold(json!(1), |x, _| json!([x]))).sign(), R::TooDeep),
        ("a claim twice", raw(payload.replacen('{', r#"{"x":1,"x":1,"#, 1)), R::DuplicateMember),
        ("exp of a text", good().claim("exp", "canary-expiry-text-6b2e").sign(), R::MalformedClaim),
        ("sub of a number", good().claim("sub", 1).sign(), R::MalformedClaim),
        ("no exp", good().without_claim("exp").sign(), R::MissingClaim),
        ("no aud", good().without_claim("aud").sign(), R::MissingClaim),
        (
            "another audience",
            good().claim("aud", "https://canary.elsewhere.example").sign(),
            R::WrongAudience,
        ),
        ("not yet", good().claim("nbf", NOW + 31).sign(), R::NotYetValid),
        ("from the future", good().claim("iat", NOW + 31).sign(), R::IssuedInFuture),
        ("another kind", good().claim("nonce", "canary-nonce-value-2a9d").sign(), R::WrongKind),
        ("bound", good().claim("cnf", json!({"jkt": "canary-thumbprint-11"})).sign(), R::SenderConstraint),
    ]
}

#[test]
fn the_answer_does_not_tell_the_cause() {
    let bench = Bench::of_two();
    let table = Table::new("causes", &routes(&RequestAuth::new(bench.verifier().clone())));
    let good = Forged::new().sign();
    let mut answers: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    let mut reasons = BTreeSet::new();
    let causes = causes(Forged::new);
    for (name, token, reason) in &causes {
        bench.refuses(name, &good, token, *reason);
        reasons.insert(reason.code());
        let request = tests::wire::Request::get("/me").bearer(token);
        table.row(name, &request, &Expected::not_valid());
        for (framework, response) in table.ask(&request) {
            answers.entry(framework.to_string()).or_default().insert(response.raw);
        }
    }
    bench.finish(causes.len());
    assert!(causes.len() >= 30 && reasons.len() >= 26, "{} {}", causes.len(), reasons.len());
    assert_eq!(answers.len(), 3);
    for (framework, bytes) in answers {
        assert_eq!(bytes.len(), 1, "{framework} tells causes apart");
    }
    table.finish(2 * causes.len());
}

#[test]
fn nothing_of_a_token_or_a_secret_is_told() {
    let (log, records) = logged::everything();
    let mut secrets = Secrets::default();
    for (_, value) in CANARIES {
        secrets.add(value);
    }
    for more in [
        "canary-audience-4f2d8e6a0b71c395",
        "canary-kid-unknown-8d1f6b",
        "canary-expiry-text-6b2e",
        "canary-nonce-value-2a9d",
        "canary-thumbprint-11",
    ] {
        secrets.add(more);
    }
    let causes = causes(canary);
    let good = canary().sign();
    for token in causes.iter().map(|(_, token, _)| token).chain([&good]) {
        // The first segment is the same for all tokens of an issuer.
        for segment in token.split('.').skip(1).filter(|segment| segment.len() >= WINDOW) {
            secrets.add(segment);
        }
    }

    // Keys, in each form that they are written in.
    let hmac = HmacSecret::generate(Algorithm::HS512).unwrap();
    let pairs = Algorithm::ALL.iter().map(|a| backend::generate(*a)).collect::<Vec<_>>();
    for key in pairs.iter().chain([&keys().es256, &keys().rs256, &keys().hs256, &keys().eddsa]) {
        secrets.add_private(&backend::private_jwk(key));
    }
    let hmac_jwk = keys().hs256.insecure_private_jwk().unwrap();
    assert!(secrets.windows() > 10_000, "{}", secrets.windows());

    secrets.must_find(&good[good.len() - WINDOW..]);

    for key in &pairs {
        secrets.shown("signing key", key);
        secrets.shown("verifying key", &key.verifying_key());
        let private = Jwk::from_json(backend::private_jwk(key).to_string().as_bytes()).unwrap();
        secrets.shown("private JWK", &private);
        secrets.shown("JWK set", &JwkSet::from_iter([private]));
    }
    secrets.shown("secret", &hmac);
    let csrf = CsrfKey::new(&hmac).unwrap();
    secrets.shown("CSRF key", &csrf);
    let value = csrf.issue(CANARIES[2].1).unwrap();
    secrets.shown("proof", &Proof::NeedsDoubleSubmit(&value));

    // Whatever is made on the way of a token.
    let bench = Bench::of_two();
    let verifier = bench.verifier().clone();
    let auth = RequestAuth::new(verifier.clone());
    secrets.shown("verifier", &verifier);
    secrets.shown("authorities", verifier.authorities());
    secrets.shown("rules", &auth);
    let set = KeySet::new([keys().es256.verifying_key()]).unwrap();
    secrets.shown("key set", &set);
    secrets.shown("live keys", &Live::holding(set.clone()));
    secrets.shown("hint", &RefreshHint::unknown_key(Some("canary-kid-unknown-8d1f6b"), Algorithm::ES256));
    secrets.shown("JWS", &jws::verify(&good, &set).unwrap());
    secrets.shown("presented", &Presented::new(&good));
    secrets.shown("expected", &PerCall::new().with_nonce("canary-nonce-value-2a9d"));
    let verified = verifier.verify(&good).unwrap();
    secrets.shown("verified", &verified);
    let claims = verified.claims::<Registered>().unwrap();
    assert_eq!(claims.sub.as_deref(), Some(CANARIES[0].1));
    secrets.shown("registered claims", &*claims);
    secrets.shown("scopes", &Scopes::from_iter([CANARIES[4].1]));
    secrets.shown("audience", &Audience::one("canary-audience-4f2d8e6a0b71c395"));
    let issuer = Issuer::builder().with_key(keys().es256.clone()).with_audience(AUDIENCE).with_issuer(ISSUER);
    let issuer = issuer.build().unwrap().with_clock(ManualClock::at(NOW));
    secrets.shown("issuer", &issuer);
    let builder = issuer.token().with_subject(CANARIES[0].1).with_session_id(CANARIES[2].1);
    let builder = builder.with_claim("email", CANARIES[3].1);
    secrets.shown("token builder", &builder);
    builder.sign().unwrap();
    if let Err(error) = issuer.token().with_claim("sub", CANARIES[0].1).sign() {
        secrets.told("issue error", &error);
    }
    for (name, token, reason) in &causes {
        let error = verifier.verify(token).unwrap_err();
        assert_eq!(error.reason(), *reason, "{name}");
        secrets.told(name, &error);
        secrets.search(name, error.detail().unwrap_or_default());
        secrets.told(name, &verifier.explain(token));
    }

    // Who unwraps an error gets its `Debug`. The test kit panics on purpose: a name in JSON is a text, no list.
    secrets.panicked("verify", || drop(verifier.verify(&causes[0].1).unwrap()));
    secrets.panicked("issue", || drop(issuer.token().with_claim("sub", CANARIES[0].1).sign().unwrap()));
    secrets.panicked("import", || drop(Jwk::from_json(format!("{}x", *hmac_jwk).as_bytes()).unwrap()));
    let named_by_list = BTreeMap::from([(vec![CANARIES[3].1], CANARIES[3].1)]);
    secrets
        .panicked("test kit", || drop(TestIssuer::new().token_for("x").with_claim("email", &named_by_list)));

    // Whatever is made on the way of a request.
    let cookie = Passed::default().with_response_header("Set-Cookie", format!("__Host-access={good}"));
    secrets.shown("outcome of a check", &CheckOutcome::Pass(cookie));
    for token in causes.iter().map(|(_, token, _)| token).chain([&good]) {
        let head = SimpleHead::get(&format!("/me?access_token={token}"))
            .with_field("authorization", format!("Bearer {token}"))
            .with_field("cookie", format!("__Host-access={token}"));
        secrets.shown("head", &head);
        secrets.shown("field", &single_field(&head, "authorization"));
        secrets.shown("authorization", &Authorization::read(&head, BEARER));
        let credential = Credential::new(token, CarrierKind::Authorization);
        secrets.shown("credential", &credential);
        secrets.shown("facts", &RequestFacts::new(&head, credential));
        secrets.shown("proof of origin", &ProofOfOrigin::default().judge(&head, true));
        match auth.decide(&head, None) {
            Step::Decided(Decision::Proceed(proceed)) => {
                secrets.shown("proceed", &proceed);
                secrets.shown("claims", &proceed.authentication.required_claims::<Value>().map(drop));
            }
            Step::Decided(Decision::Refuse(refusal)) => {
                secrets.shown("refusal", &refusal);
                secrets.search("problem", refusal.problem_json());
            }
            Step::Wait(_) => panic!("nothing to wait for"),
        }
    }

    // Broken keys are told about without their bytes.
    let broken = |text: &str| text.replacen("-----END", "AAAA!\n-----END", 1);
    for key in &pairs {
        if !key.algorithm().is_symmetric() {
            let pem = backend::private_pem(key);
            for error in [
                SigningKey::from_pem(key.algorithm(), broken(&pem)).err(),
                SigningKey::from_pem(Algorithm::HS256, &pem).err(),
                VerifyingKey::from_pem(key.algorithm(), &pem).err(),
                HmacSecret::from_bytes(pem.as_bytes()).err(),
            ] {
                secrets.told("key error", &error.unwrap());
            }
        }
        let jwk = backend::private_jwk(key).to_string();
        for error in
            [Jwk::from_json(format!("{jwk}x").as_bytes()).err(), Jwk::from_json(&jwk.as_bytes()[1..]).err()]
        {
            secrets.told("JWK error", &error.unwrap());
        }
    }

    // Over sockets: no page of `routes` but those that are made to say who asks repeats a claim.
    let table = Table::new("canaries", &routes(&auth));
    let mut responses = 0;
    for (name, token, _) in &causes {
        for path in ["/me", "/optional", "/admin", "/require-admin", "/ws", "/impossible", "/layered-public"]
        {
            let request = tests::wire::Request::get(path).bearer(token);
            for (framework, response) in table.ask(&request) {
                assert_eq!(response.status, 401, "{name} {path} {framework}");
                secrets.search(&format!("response of {framework}"), &response.raw);
                responses += 1;
            }
        }
    }
    for path in [
        "/admin",
        "/require-admin",
        "/require-step-up",
        "/impossible",
        "/unlayered",
        "/layered-public",
        "/public",
    ] {
        for request in [
            tests::wire::Request::get(path).bearer(&good),
            tests::wire::Request::get(path).bearer(&good).bearer(&good),
            tests::wire::Request::get(path).with("Authorization", format!("Bearer {good} x")),
            tests::wire::Request::get(&format!("{path}?access_token={good}")),
        ] {
            for (framework, response) in table.ask(&request) {
                secrets.search(&format!("response of {framework}"), &response.raw);
                responses += 1;
            }
        }
    }
    assert!(responses >= 3 * (32 * 7 + 28), "{responses}");
    table.finish(32 * 7 + 28);

    for (place, log) in [("event", log), ("record", records)] {
        let lines = log.lines();
        let refused = lines.iter().filter(|line| line.contains("request refused")).count();
        let passed = lines.iter().filter(|line| line.contains("request authenticated")).count();
        assert!(
            refused > responses / 2 && passed > 0,
            "{place}: {refused} refused and {passed} passed of {} lines",
            lines.len()
        );
        for line in &lines {
            secrets.search(place, line);
        }
    }
    secrets.finish(4_000);
}

/// What users, clients and thieves of sessions send and are sent.
#[test]
fn nothing_of_a_session_is_told() {
    const NAME: &str = "canary-user-and-password-5b8e2d7f";
    const AGENT: &str = "canary-user-agent-71c3e9a4b6d8f025";
    let (log, records) = logged::everything();
    let mut secrets = Secrets::default();
    let mut ids = Vec::new();
    [NAME, AGENT, SERVICE].iter().for_each(|canary| secrets.add(canary));
    wait(async {
        let plan = Plan { limit: 20, rotates: true, ..Plan::default() };
        let household = Household::of(&plan).await;
        let agent = ("User-Agent", AGENT);
        let mut sent = Vec::new();
        let credentials = |password: &str, client: &str| {
            format!(r#"{{"username":"{NAME}","password":"{password}","client_id":"{client}"}}"#)
        };
        let login = household.ask("POST", "/auth/login", &[JSON, agent], &credentials(NAME, "app")).await;
        let first = Tokens::of_routes(&login);
        let bearer = format!("Bearer {}", first.access);
        let (authorization, service) = (("Authorization", &*bearer), basic(SERVICE));
        let spa = household.ask("POST", "/auth/login", &[JSON, OURS, agent], &credentials(NAME, "spa")).await;
        let held: Vec<&str> = spa
            .headers
            .iter()
            .filter(|field| field.name == "set-cookie")
            .map(|field| field.value.split(';').next().unwrap())
            .collect();
        let held = held.join("; ");
        let live = household.sessions.list(NAME).await.unwrap();
        ids.extend(live.iter().map(|session| session.id().to_string()));
        let wrong = credentials("canary-password-guessed-9d4c", "app");
        secrets.add("canary-password-guessed-9d4c");
        sent.push(household.ask("POST", "/auth/login", &[JSON, agent], &wrong).await);
        let refresh = household.ask("POST", "/auth/refresh", &[FORM], &refresh_body(&first.refresh)).await;
        let second = Tokens::of_routes(&refresh);
        let by_cookie = [FORM, OURS, ("Cookie", &*held)];
        sent.push(
            household
                .ask("POST", "/auth/refresh", &by_cookie, "grant_type=refresh_token&client_id=spa")
                .await,
        );
        let csrf = household.ask("GET", "/auth/csrf", &[authorization], "").await;
        let value: Value = serde_json::from_slice(&csrf.body).unwrap();
        secrets.add(value["csrf_token"].as_str().unwrap());
        for token in [&first, &second] {
            // The session's name, which is told, stands before it.
            secrets.add(&token.refresh[32..]);
            token.access.split('.').skip(1).for_each(|segment| secrets.add(segment));
        }
        for pair in held.split("; ") {
            let (name, value) = pair.split_once('=').unwrap();
            // The session's name again.
            if name == "__Host-refresh-session" {
                continue;
            }
            secrets.add(&value[value.len() - 40..]);
        }
        secrets.shown("fields that set cookies", &spa.headers);
        sent.push(household.ask("GET", "/auth/sessions", &[authorization], "").await);
        for body in [format!("token={}", first.access), format!("token={}", first.refresh)] {
            let by_service = [FORM, ("Authorization", &*service)];
            let told = household.ask("POST", "/auth/introspect", &by_service, &body).await;
            assert_eq!(told.body.starts_with(br#"{"active":true"#), body.contains(&first.access));
            sent.push(told);
            sent.push(household.ask("POST", "/auth/revoke", &by_service, &body).await);
            sent.push(
                household.ask("POST", "/auth/revoke", &[FORM, ("Authorization", "Basic eA==")], &body).await,
            );
        }
        household.set_mood(Mood::Fails(jwt_session::store::StoreErrorKind::Failed));
        sent.push(household.ask("POST", "/auth/login", &[JSON, agent], &credentials(NAME, "app")).await);
        sent.push(household.ask("POST", "/auth/refresh", &[FORM], &refresh_body(&second.refresh)).await);
        household.set_mood(Mood::Good);
        household.clock.advance(31);
        for token in [&first.refresh, &second.refresh] {
            sent.push(household.ask("POST", "/auth/refresh", &[FORM], &refresh_body(token)).await);
        }
        sent.push(household.ask("POST", "/auth/logout-all", &[FORM, OURS, ("Cookie", &*held)], "a=b").await);
        for _ in 0..30 {
            sent.push(household.ask("POST", "/auth/login", &[JSON, agent], &wrong).await);
        }
        for response in &sent {
            secrets.shown("response", response);
            let is_told = response.status == 200;
            if !is_told {
                secrets.search("body of a refusal", &response.body);
            }
        }
        secrets.shown("routes", &household.routes);
        secrets.shown("sessions", &household.sessions);
        let sessions = &household.sessions;
        let tokens = sessions.start(jwt_session::NewSession::of(NAME).with_user_agent(AGENT)).await.unwrap();
        secrets.shown("tokens", &tokens);
        secrets.shown("new session", &jwt_session::NewSession::of(NAME));
        secrets.shown("session", &sessions.session(tokens.session()).await.unwrap().unwrap());
        secrets.shown("revoked", &jwt_session::Revoked::Subject(NAME.to_owned()));
        sessions.revoke(jwt_session::Revoked::Subject(NAME.to_owned())).await.unwrap();
        sessions.revoke(jwt_session::Revoked::Client(SERVICE.to_owned())).await.unwrap();
        let refused = sessions.refresh(&second.refresh, jwt_session::Refresh::new()).await.unwrap_err();
        secrets.told("refused", &refused);
        // A sink is told whose it was; that is what it is for.
        let named =
            household.events.lock().unwrap().iter().filter(|it| format!("{it:?}").contains(NAME)).count();
        assert!(named > 10, "{named}");
    });
    for (place, log) in [("event", log), ("record", records)] {
        let lines = log.lines();
        let ours = |line: &str| ids.iter().any(|id: &String| line.contains(id));
        for event in ["login", "refresh", "refresh_reuse", "logout"] {
            let marked = format!("event=\"{event}\"");
            assert!(lines.iter().any(|line| line.contains(&marked) && ours(line)), "{place}: no {event}");
        }
        for event in ["login_refused", "refresh_refused", "client_refused", "revoked", "key_rotated"] {
            let marked = format!("event=\"{event}\"");
            assert!(lines.iter().any(|line| line.contains(&marked)), "{place}: no {event}");
        }
        lines.iter().for_each(|line| secrets.search(place, line));
    }
    secrets.finish(100);
}

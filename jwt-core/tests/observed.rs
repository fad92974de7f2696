//! What operators are told: counters and events.

use std::cell::RefCell;
use std::fmt;
use std::sync::Once;

use jwt_core::request::SimpleHead;
use jwt_core::{Algorithm, Issuer, RequestAuth, SigningKey, Verifier};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

fn issuer_and_rules() -> (Issuer, RequestAuth) {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
    (issuer.build().unwrap(), RequestAuth::new(verifier.build().unwrap()))
}

fn bearing(token: &str) -> SimpleHead {
    SimpleHead::get("/me").with_field("Authorization", format!("Bearer {token}"))
}

/// Every event of a thread as one line. The subscriber is that of the whole process: one that comes
/// and goes may miss events while other tests run.
struct Lines;

thread_local! {
    static LINES: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push((*event.metadata().level(), line.0)));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The events of `act`.
fn told(act: impl FnOnce()) -> Vec<(Level, String)> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Lines).unwrap());
    LINES.take();
    act();
    LINES.take()
}

#[test]
fn a_subject_is_named_only_where_that_was_asked_for() {
    let (issuer, auth) = issuer_and_rules();
    let head = bearing(&issuer.token().with_subject("alice-in-the-log").sign().unwrap());
    for (auth, level, named) in
        [(auth.clone(), Level::DEBUG, false), (auth.record_subject(), Level::INFO, true)]
    {
        let lines = told(|| drop(auth.decide(&head, None)));
        let [(found, line)] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((*found, line.contains("alice-in-the-log")), (level, named), "{line}");
        assert!(line.contains("request authenticated") && line.contains("https://id"), "{line}");
    }
}

#[test]
fn whoever_goes_on_without_a_token_is_told_once() {
    let (_, auth) = issuer_and_rules();
    let preflight = SimpleHead::new("OPTIONS", "/me").with_field("Origin", "https://app");
    let preflight = preflight.with_field("Access-Control-Request-Method", "GET");
    for (auth, head) in
        [(auth.clone().optional(), SimpleHead::get("/me")), (auth.with_preflight(), preflight)]
    {
        let lines = told(|| drop(auth.decide(&head, None)));
        let [(Level::DEBUG, line)] = lines.as_slice() else { panic!("{lines:?}") };
        assert!(line.contains("request let through without a token"), "{line}");
    }
}

#[test]
fn a_signed_token_is_told_by_its_key_and_never_by_what_it_says() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap().with_key_id("key-of-2026").unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    let remote = SigningKey::remote(key.verifying_key());
    let remote = Issuer::builder().with_key(remote).with_audience("api").with_issuer("https://id");
    let (issuer, remote) = (issuer.build().unwrap(), remote.build().unwrap());
    let elsewhere = || {
        let token = remote.token().with_subject("alice-in-the-log").unsigned().unwrap();
        let mut signature = Vec::new();
        key.sign(token.signing_input(), &mut signature).unwrap();
        token.with_signature(&signature).unwrap()
    };
    let here = || issuer.token().with_subject("alice-in-the-log").sign().unwrap();
    let mut tokens = Vec::new();
    let ways: [&dyn Fn() -> String; 2] = [&here, &elsewhere];
    for sign in ways {
        let lines = told(|| tokens.push(sign()));
        let [(Level::DEBUG, line)] = lines.as_slice() else { panic!("{lines:?}") };
        for part in ["token issued", "ES256", "key-of-2026"] {
            assert!(line.contains(part), "{line}");
        }
        let mut secret = tokens.iter().flat_map(|token| token.split('.')).chain(["alice-in-the-log"]);
        assert!(secret.all(|secret| !line.contains(secret)), "{line}");
    }
    assert!(told(|| drop(issuer.token().with_claim("iss", "x").sign())).is_empty(), "nothing was issued");
}

#[test]
fn a_claims_name_that_looks_secret_is_warned_about_once() {
    let (issuer, _) = issuer_and_rules();
    let warnings = |issuer: &Issuer, name: &str| {
        let lines = told(|| drop(issuer.token().with_claim(name, "in-the-log").sign().unwrap()));
        assert!(lines.iter().all(|(_, line)| !line.contains("in-the-log")), "{lines:?}");
        lines.into_iter().filter(|(level, _)| *level == Level::WARN).map(|(_, line)| line).collect::<Vec<_>>()
    };
    let first = warnings(&issuer, "Password");
    let [line] = first.as_slice() else { panic!("{first:?}") };
    assert!(line.contains("password") && line.contains("looks personal or secret"), "{line}");
    // The same name again, by a clone too and in another spelling.
    for (issuer, name) in [(&issuer, "Password"), (&issuer.clone(), "PASSWORD")] {
        assert_eq!(warnings(issuer, name), [""; 0], "{name}");
    }
    assert_eq!(warnings(&issuer, "iban").len(), 1, "another name");
    assert_eq!(warnings(&issuer, "colour"), [""; 0]);
}

/// What `act` counts: name, labels and number, sorted. Whatever is counted is described.
#[cfg(feature = "metrics")]
fn counted(act: impl FnOnce()) -> Vec<(String, String, u64)> {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        jwt_core::metrics::describe();
        act();
    });
    let mut counted = Vec::new();
    for (key, unit, description, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let count = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Histogram(samples) => u64::try_from(samples.len()).unwrap(),
            DebugValue::Gauge(_) => panic!("no gauge is ours"),
        };
        assert!(unit.is_some() && description.is_some(), "{} is not described", key.name());
        counted.push((key.name().to_owned(), labels.join(","), count));
    }
    counted.sort();
    counted
}

#[cfg(feature = "metrics")]
fn rows<const N: usize>(expected: [(&str, &str, u64); N]) -> Vec<(String, String, u64)> {
    expected.map(|(name, labels, count)| (name.to_owned(), labels.to_owned(), count)).into()
}

#[cfg(feature = "metrics")]
#[test]
fn decisions_are_counted_once() {
    use jwt_core::Refusal;
    use jwt_core::metrics::{ANONYMOUS, AUTHENTICATED, DECISION_SECONDS, ISSUED, REFUSED};

    let (issuer, auth) = issuer_and_rules();
    let counted = counted(|| {
        let good = bearing(&issuer.token().with_subject("alice").sign().unwrap());
        for _ in 0..3 {
            auth.decide(&good, None);
        }
        auth.decide(&bearing("a.b.c"), None);
        auth.decide(&SimpleHead::get("/me"), None);
        auth.clone().optional().decide(&SimpleHead::get("/me"), None);
        drop(Refusal::missing_layer("Claims"));
    });
    let expected = [
        (ANONYMOUS, "", 1),
        (AUTHENTICATED, "carrier=authorization", 3),
        (DECISION_SECONDS, "", 6),
        (ISSUED, "", 1),
        (REFUSED, "reason=missing_layer,status=500", 1),
        (REFUSED, "reason=no_credentials,status=401", 1),
        (REFUSED, "reason=not_base64url,status=401", 1),
    ];
    assert_eq!(counted, rows(expected));
}

#[cfg(feature = "metrics")]
#[test]
fn keys_that_come_go_and_are_skipped_are_counted() {
    use jwt_core::KeySet;
    use jwt_core::keys::{JwkSet, Live, Source};
    use jwt_core::metrics::{KEYS_REPLACED, KEYS_SKIPPED, KEYS_TAKEN_AWAY};

    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let good = key.to_jwk().unwrap().to_json().unwrap();
    // A coordinate that is none, keys for encryption, and a shared secret.
    let bad = r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#;
    let of_another_use = good.replacen(r#""use":"sig""#, r#""use":"enc""#, 1);
    let secret = r#"{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
    let set = format!(r#"{{"keys":[{bad},{good},{of_another_use},{of_another_use},{secret}]}}"#);
    let set = JwkSet::from_json(set.as_bytes()).unwrap();
    let counted = counted(|| {
        let keys = KeySet::from_jwk_set(&set, Source::Remote).unwrap();
        assert_eq!(keys.len(), 1);
        let (_, writer) = Live::new();
        writer.replace(keys.clone());
        writer.replace(keys);
        writer.clear();
    });
    let expected = [
        (KEYS_REPLACED, "", 2),
        (KEYS_SKIPPED, "reason=key_use", 2),
        (KEYS_SKIPPED, "reason=member_length", 1),
        (KEYS_SKIPPED, "reason=remote_secret", 1),
        (KEYS_TAKEN_AWAY, "", 1),
    ];
    assert_eq!(counted, rows(expected));
}

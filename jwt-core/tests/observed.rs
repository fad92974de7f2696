//! What operators are told: counters and events.

use std::cell::RefCell;
use std::fmt;

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

#[test]
fn a_subject_is_named_only_where_that_was_asked_for() {
    tracing::subscriber::set_global_default(Lines).unwrap();
    let (issuer, auth) = issuer_and_rules();
    let head = bearing(&issuer.token().with_subject("alice-in-the-log").sign().unwrap());
    for (auth, level, named) in
        [(auth.clone(), Level::DEBUG, false), (auth.record_subject(), Level::INFO, true)]
    {
        LINES.take();
        auth.decide(&head, None);
        let lines = LINES.take();
        let [(found, line)] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((*found, line.contains("alice-in-the-log")), (level, named), "{line}");
        assert!(line.contains("request authenticated") && line.contains("https://id"), "{line}");
    }
}

#[cfg(feature = "metrics")]
#[test]
fn decisions_are_counted_once() {
    use jwt_core::metrics::{ANONYMOUS, AUTHENTICATED, DECISION_SECONDS, ISSUED, REFUSED};
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let (issuer, auth) = issuer_and_rules();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        jwt_core::metrics::describe();
        let good = bearing(&issuer.token().with_subject("alice").sign().unwrap());
        for _ in 0..3 {
            auth.decide(&good, None);
        }
        auth.decide(&bearing("a.b.c"), None);
        auth.decide(&SimpleHead::get("/me"), None);
        auth.clone().optional().decide(&SimpleHead::get("/me"), None);
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
    let expected = [
        (ANONYMOUS, "", 1),
        (AUTHENTICATED, "carrier=authorization", 3),
        (DECISION_SECONDS, "", 6),
        (ISSUED, "", 1),
        (REFUSED, "reason=no_credentials,status=401", 1),
        (REFUSED, "reason=not_base64url,status=401", 1),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(name, labels, count)| (name.to_owned(), labels.to_owned(), count))
        .collect();
    assert_eq!(counted, expected);
}

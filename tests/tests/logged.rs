//! What the whole process logs, of every level and crate: servers have threads of their own. Other tests in the process
//! only add lines of theirs.

#![allow(clippy::unwrap_used, reason = "what fails in here fails a test")]

use core::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, Subscriber};

/// Lines as they came.
pub(crate) struct Log(Mutex<Vec<String>>);

static EVENTS: Log = Log(Mutex::new(Vec::new()));
static RECORDS: Log = Log(Mutex::new(Vec::new()));
/// Somebody looks at them.
static ARE_KEPT: AtomicBool = AtomicBool::new(false);

impl Log {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.since(0)
    }

    /// How many there are.
    pub(crate) fn mark(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Those behind a mark.
    pub(crate) fn since(&self, mark: usize) -> Vec<String> {
        self.0.lock().unwrap().iter().skip(mark).cloned().collect()
    }

    fn keep(&self, start: String, record: impl FnOnce(&mut Line)) {
        if ARE_KEPT.load(Ordering::SeqCst) {
            let mut line = Line(start);
            record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

/// Events and spans.
struct Events;

impl Subscriber for Events {
    /// Never for good: what a thread without a listener meets first may be wanted by another one, and later.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        ARE_KEPT.load(Ordering::SeqCst)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        EVENTS.keep(span.metadata().name().to_owned(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        EVENTS.keep("record".to_owned(), |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        EVENTS.keep(format!("{} {}", metadata.level(), metadata.target()), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What an application without tracing gets: records of the crate log, by tracing's feature `log-always`.
struct Records;

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let start = format!("{} {} ", record.level(), record.target());
        RECORDS.keep(start, |line| line.0.push_str(&record.args().to_string()));
    }

    fn flush(&self) {}
}

/// Keeps events on offer to everybody, also to those who listen to their own thread alone.
pub(crate) fn offer_every_event() {
    static OFFERED: Once = Once::new();
    OFFERED.call_once(|| set_global_default(Events).unwrap());
}

/// Events and records from now on.
pub(crate) fn everything() -> (&'static Log, &'static Log) {
    static LOGGER: Once = Once::new();
    offer_every_event();
    LOGGER.call_once(|| {
        log::set_logger(&Records).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    ARE_KEPT.store(true, Ordering::SeqCst);
    (&EVENTS, &RECORDS)
}

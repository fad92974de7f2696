//! What the whole process logs, of every level and crate: servers have threads of their own. Other tests in the process
//! only add lines of theirs.

#![allow(clippy::unwrap_used, reason = "what fails in here fails a test")]

use core::fmt::Debug;
use std::sync::Once;

use tests::told::{self, Log};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, Subscriber};

static EVENTS: Log = Log::new();

fn keep(start: String, record: impl FnOnce(&mut Line)) {
    if told::are_kept() {
        let mut line = Line(start);
        record(&mut line);
        EVENTS.push(line.0);
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
        told::are_kept()
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        keep(span.metadata().name().to_owned(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        keep("record".to_owned(), |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        keep(format!("{} {}", metadata.level(), metadata.target()), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Keeps events on offer to everybody, also to those who listen to their own thread alone.
pub(crate) fn offer_every_event() {
    static OFFERED: Once = Once::new();
    OFFERED.call_once(|| set_global_default(Events).unwrap());
}

/// Events and records from now on: the latter are what an application without tracing gets, by its feature `log-always`.
pub(crate) fn everything() -> (&'static Log, &'static Log) {
    offer_every_event();
    told::keep();
    (&EVENTS, &told::RECORDS)
}

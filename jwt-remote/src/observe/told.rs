//! For tests: what operators are told, the events of this thread.

use core::fmt::{Debug, Write as _};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest, set_default, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) text: String,
    pub(crate) fields: BTreeMap<&'static str, String>,
}

#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<Line>>>);

impl Told {
    /// Listens until the guard is dropped.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        offer_every_event();
        let told = Self::default();
        let guard = set_default(told.clone());
        (told, guard)
    }

    /// The events that contain this, each as one text of level, words and fields.
    pub(crate) fn with(&self, words: &str) -> Vec<String> {
        let whole = |line: &Line| format!("{} {} {:?}", line.level, line.text, line.fields);
        self.0.lock().unwrap().iter().map(whole).filter(|line| line.contains(words)).collect()
    }

    /// The warnings and errors since the last time.
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    pub(crate) fn take_warnings(&self) -> Vec<Line> {
        let mut lines = core::mem::take(&mut *self.0.lock().unwrap());
        lines.retain(|line| line.level <= Level::WARN);
        lines
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => write!(self.text, "{value:?}").unwrap(),
            name => _ = self.fields.insert(name, format!("{value:?}")),
        }
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("jwt_")
    }

    fn event(&self, event: &Event<'_>) {
        let (text, fields) = (String::new(), BTreeMap::new());
        let mut line = Line { level: *event.metadata().level(), text, fields };
        event.record(&mut line);
        self.0.lock().unwrap().push(line);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Keeps events on offer to everybody. Without it, one that a thread without a listener meets first may be taken for
/// unwanted for good, while another thread begins to listen.
struct Nobody;

impl Subscriber for Nobody {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// To be called before listening.
fn offer_every_event() {
    static OFFERED: Once = Once::new();
    OFFERED.call_once(|| {
        // Only fails where somebody else listens to the whole process.
        let _ = set_global_default(Nobody);
    });
}

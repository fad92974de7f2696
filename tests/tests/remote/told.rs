//! What operators are told while a test runs: the events of its thread.

use core::fmt::{Debug, Write as _};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::logged::offer_every_event;

/// One event of jwt-remote or jwt-core.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) message: String,
    /// The crate and module that tells it.
    target: &'static str,
    fields: BTreeMap<&'static str, String>,
}

impl Line {
    /// Whether it is heard where a log is set to jwt-remote alone.
    fn is_remote(&self) -> bool {
        self.target.starts_with("jwt_remote")
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

/// The events of this thread, up to a number.
#[derive(Clone, Default)]
pub(crate) struct Told {
    lines: Arc<Mutex<Vec<Line>>>,
    /// What a listener does with each.
    each: Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>,
}

/// A test that makes more has another fault.
const MOST: usize = 100_000;

impl Told {
    /// Listens until the guard is dropped.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        offer_every_event();
        let told = Self::default();
        let guard = tracing::subscriber::set_default(told.clone());
        (told, guard)
    }

    /// Does this too with each event from now on.
    pub(crate) fn each(&self, does: impl Fn() + Send + Sync + 'static) {
        assert!(self.each.set(Box::new(does)).is_ok(), "two of them");
    }

    /// The warnings and errors of jwt-remote since the last time.
    pub(crate) fn take_warnings(&self) -> Vec<Line> {
        let mut lines = core::mem::take(&mut *self.lines.lock().unwrap());
        lines.retain(|line| line.level <= Level::WARN && line.is_remote());
        lines
    }

    /// The events of jwt-remote about a source whose text contains this.
    pub(crate) fn of(&self, source: &str, words: &str) -> Vec<Line> {
        let lines = self.lines.lock().unwrap();
        let is_it = |line: &&Line| {
            line.is_remote() && line.field("source") == Some(source) && line.message.contains(words)
        };
        lines.iter().filter(is_it).cloned().collect()
    }

    /// All events of this level and above it.
    pub(crate) fn at_least(&self, level: Level) -> Vec<Line> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.level <= level).cloned().collect()
    }

    /// All events whose text contains this.
    pub(crate) fn with(&self, words: &str) -> Vec<Line> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.message.contains(words)).cloned().collect()
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            self.fields.insert(field.name(), format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("jwt_")
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let (message, fields) = (String::new(), BTreeMap::new());
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        let mut line = Line { level, target, message, fields };
        event.record(&mut line);
        let mut lines = self.lines.lock().unwrap();
        assert!(lines.len() < MOST, "a flood of events");
        lines.push(line);
        drop(lines);
        if let Some(each) = self.each.get() {
            each();
        }
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

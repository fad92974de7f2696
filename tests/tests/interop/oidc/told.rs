//! What the operator is told of the provider: the events of a test's thread.

use core::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::Level;
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;

/// A warning or an error of jwt-remote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) source: String,
    pub(crate) reason: String,
    pub(crate) message: String,
}

#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<Line>>>);

impl Told {
    /// Listens on this thread, until the guard is dropped.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        let told = Self::default();
        let guard = tracing::subscriber::set_default(told.clone());
        (told, guard)
    }

    /// What was told since the last look.
    pub(crate) fn take(&self) -> Vec<Line> {
        core::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.message, "{value:?}").unwrap();
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "source" => value.clone_into(&mut self.source),
            "reason" => value.clone_into(&mut self.reason),
            _ => {}
        }
    }
}

impl tracing::Subscriber for Told {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("jwt_remote") && *metadata.level() <= Level::WARN
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().unwrap().push(line);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

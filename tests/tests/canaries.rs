//! Texts that must not be told, and the search for them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "what fails in here fails a test"
)]

use core::fmt::{Debug, Display};
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tests::windows::{WINDOW, Windows};

/// What must not be told, and where it was looked for.
#[derive(Default)]
pub(crate) struct Secrets {
    windows: Windows,
    searched: usize,
    found: Vec<String>,
}

impl Secrets {
    pub(crate) fn add(&mut self, canary: impl AsRef<[u8]>) {
        let canary = canary.as_ref();
        assert!(canary.len() >= WINDOW, "too short to be found: {}", canary.escape_ascii());
        self.windows.add(canary);
    }

    /// The private members of a JWK, in each form that bytes are written in.
    pub(crate) fn add_private(&mut self, jwk: &Value) {
        for name in ["d", "p", "q", "dp", "dq", "qi", "k", "priv"] {
            if let Some(text) = jwk.get(name).and_then(Value::as_str) {
                let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
                self.add(text);
                self.add(format!("{bytes:?}").trim_matches(['[', ']']));
                self.add(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
                self.add(bytes);
            }
        }
    }

    /// How many windows are looked for.
    pub(crate) fn windows(&self) -> usize {
        self.windows.count()
    }

    pub(crate) fn search(&mut self, place: &str, text: impl AsRef<[u8]>) {
        self.searched += 1;
        if self.has(text.as_ref()) {
            self.found.push(format!("{place}: {}", text.as_ref().escape_ascii()));
        }
    }

    fn has(&self, text: &[u8]) -> bool {
        self.windows.are_in(text)
    }

    /// A search that finds nothing must be able to find something.
    pub(crate) fn must_find(&self, text: &str) {
        assert!(self.has(format!("x{text}").as_bytes()), "{text}");
    }

    pub(crate) fn shown(&mut self, place: &str, value: &(impl Debug + ?Sized)) {
        self.search(place, format!("{value:?}"));
        self.search(place, format!("{value:#?}"));
    }

    pub(crate) fn told(&mut self, place: &str, value: &(impl Debug + Display)) {
        self.shown(place, value);
        self.search(place, value.to_string());
    }

    /// The text of a panic, which ends up in a log as well.
    pub(crate) fn panicked(&mut self, place: &str, panics: impl FnOnce()) {
        let payload = catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap();
        assert!(text.len() > 20, "{place}: {text}");
        self.search(place, text);
    }

    /// Fails if anything was found, or if fewer texts were searched than there should be.
    pub(crate) fn finish(self, at_least: usize) {
        assert!(self.found.is_empty(), "{} places:\n{}", self.found.len(), self.found.join("\n"));
        assert!(self.searched > at_least, "{}", self.searched);
    }
}

//! The suite: every public promise of the crate, against actix-web's own test service.

#![expect(clippy::unwrap_used, reason = "in a test, what fails should say where")]

mod auto_traits;
mod cors;
mod extractors;
mod guards;
mod head;
mod middleware;
mod nested;
mod refusals;
mod require;
mod server;
mod sharing;
mod streaming;
mod support;
mod waiting;

//! Keys that live elsewhere: when they are fetched, for whom, and how long they are served.
//!
//! Not of use yet. What stands here has no network: the schedule of one source of keys, the HTTP client that it
//! needs as a trait, and what the answer of a JWK set is worth.

#![cfg_attr(not(test), expect(dead_code, reason = "the source that follows the schedule is not written yet"))]

mod freshness;
mod http;
mod jwks;
mod schedule;
mod strangers;

pub use self::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
pub use self::jwks::FetchError;

//! Keys that live elsewhere: when they are fetched, for whom, and how long they are served.
//!
//! Not of use yet: the HTTP client is a trait that nothing here implements.

mod address;
mod freshness;
mod http;
mod jwks;
mod observe;
mod refresher;
mod remote_keys;
mod schedule;
mod source;
mod strangers;

pub use self::address::AddressError;
pub use self::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
pub use self::jwks::FetchError;
pub use self::remote_keys::RemoteKeys;
pub use self::source::Status;

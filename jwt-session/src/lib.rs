#![doc = include_str!("../README.md")]

mod events;
mod jwks;
mod key_ring;
mod memory;
mod random;
mod refresh_token;
mod remote_issuer;
mod revocation;
mod rotation;
pub mod routes;
mod session;
mod session_error;
mod session_id;
mod sessions;
pub mod store;
#[cfg(feature = "store-suite")]
pub mod store_suite;

pub use self::events::{AttemptRefusal, EventSink, SecurityEvent};
pub use self::jwks::Jwks;
pub use self::key_ring::{
    KeyChange, KeyEncryptionKey, KeyEncryptionKeyError, KeyRing, KeyRingBuilder, KeyRingError,
};
pub use self::memory::MemoryStore;
pub use self::remote_issuer::{RemoteIssueError, RemoteIssuer, Signer};
pub use self::revocation::{Revocation, Revocations, RevocationsBuilder, Revoked};
pub use self::session::{EndReason, Ended, Session};
pub use self::session_error::{RefreshRefusal, SessionError};
pub use self::session_id::{NoSessionId, SessionId};
pub use self::sessions::{NewSession, Refresh, SessionIssuer, SessionTokens, Sessions, SessionsBuilder};
pub use jwt_core;

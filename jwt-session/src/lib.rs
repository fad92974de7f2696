#![doc = include_str!("../README.md")]

mod events;
mod jwks;
mod key_ring;
#[cfg(test)]
mod logged;
mod mac_key;
mod memory;
#[cfg(any(feature = "metrics", test))]
pub mod metrics;
mod one_time;
mod operation_nonces;
mod patience;
mod random;
mod redeem_error;
mod refresh_token;
mod remote_issuer;
mod revocation;
mod rotation;
pub mod routes;
mod session;
mod session_error;
mod session_id;
mod session_info;
mod sessions;
pub mod store;
#[cfg(feature = "store-suite")]
pub mod store_suite;
mod to_its_end;
mod used_tokens;

pub use self::events::{AttemptRefusal, EventSink, SecurityEvent};
pub use self::jwks::Jwks;
pub use self::key_ring::{
    KeyChange, KeyEncryptionKey, KeyEncryptionKeyError, KeyRing, KeyRingBuilder, KeyRingError,
    KeyRingRefresh, KeyRingStatus,
};
pub use self::memory::MemoryStore;
pub use self::one_time::{NewOneTimeToken, OneTimeTokens, OneTimeTokensBuilder, Redeemable, Redeemed};
pub use self::operation_nonces::{NonceError, OperationNonces};
pub use self::redeem_error::RedeemError;
pub use self::remote_issuer::{RemoteIssueError, RemoteIssuer, Signer};
pub use self::revocation::{Revocation, Revocations, RevocationsBuilder, Revoked};
pub use self::session::{EndReason, Ended, Session};
pub use self::session_error::{RefreshRefusal, SessionError};
pub use self::session_id::{NoSessionId, SessionId};
pub use self::session_info::SessionInfo;
pub use self::sessions::{
    LoginBegun, NewSession, Refresh, SessionIssuer, SessionTokens, Sessions, SessionsBuilder,
};
pub use self::used_tokens::UsedTokens;
pub use jwt_core;

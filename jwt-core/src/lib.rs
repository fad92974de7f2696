//! Verify and sign JSON Web Tokens (front page to come).

mod algorithm;
pub mod keys;
mod limits;
mod refusal;
mod time;

pub use algorithm::{Algorithm, Curve, Facts, Family, Hash, KeyType, UnknownAlgorithm};
pub use keys::{HmacSecret, KeyError, KeySet, SigningKey, VerifyingKey};
pub use limits::Limits;
pub use refusal::{Answer, Reason, TokenError};
pub use time::{Clock, ManualClock, SystemClock};

//! Verify and sign JSON Web Tokens (front page to come).

mod algorithm;
mod claims;
mod json;
mod limits;
mod refusal;
mod time;

pub use algorithm::{Algorithm, Curve, Facts, Family, Hash, KeyType, UnknownAlgorithm};
pub use claims::{Audience, NumericDate, OutOfRange, Registered, Scopes};
pub use limits::Limits;
pub use refusal::{Answer, Reason, TokenError};
pub use time::{Clock, ManualClock, SystemClock};

//! Verify and sign JSON Web Tokens (front page to come).

mod algorithm;
mod limits;
mod refusal;
pub mod request;
mod time;

pub use algorithm::{Algorithm, Curve, Facts, Family, Hash, KeyType, UnknownAlgorithm};
pub use limits::Limits;
pub use refusal::{Answer, Reason, TokenError};
pub use time::{Clock, ManualClock, SystemClock};

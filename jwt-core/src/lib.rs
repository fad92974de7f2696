#![doc = include_str!("../README.md")]

mod algorithm;
mod limits;
mod refusal;
mod time;

pub use algorithm::{Algorithm, Curve, Facts, Family, Hash, KeyType, UnknownAlgorithm};
pub use limits::Limits;
pub use refusal::{Answer, Reason, TokenError};
pub use time::{Clock, ManualClock, SystemClock};

#![doc = include_str!("../README.md")]

mod algorithm;
mod auth;
mod authority;
mod base64url;
mod check;
mod claims;
mod config;
mod csrf_key;
pub mod danger;
mod decision;
mod expected;
mod header;
mod into_request_auth;
mod issuer;
mod json;
pub mod jws;
pub mod keys;
mod limits;
#[cfg(any(doc, doctest))]
pub mod manual;
#[cfg(feature = "metrics")]
pub mod metrics;
mod observe;
mod policy;
mod profile;
mod refusal;
pub mod request;
mod requirement;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
mod token;
mod token_authority;
mod verified;
mod verifier;

pub use algorithm::{Algorithm, Curve, Facts, Family, Hash, KeyType, UnknownAlgorithm};
pub use auth::RequestAuth;
pub use authority::{Authority, AuthorityBuilder, NeedsAudience, NeedsIssuer, NeedsKeys, Ready};
pub use check::{Check, CheckOutcome, CheckRefusal, Passed, ResponseHeader, SingleUse};
pub use claims::{Audience, NumericDate, OutOfRange, Registered, Scopes};
pub use config::ConfigError;
pub use csrf_key::CsrfKey;
pub use decision::{Authentication, Decision, Proceed, Refusal, Step, VerifiedClaims};
pub use expected::Expected;
pub use into_request_auth::IntoRequestAuth;
pub use issuer::{IssueError, Issuer, IssuerBuilder, TokenBuilder, UnsignedToken};
pub use keys::{BoxFuture, HmacSecret, KeyError, KeySet, SigningKey, VerifyingKey};
pub use limits::Limits;
pub use profile::Profile;
pub use refusal::{Answer, Reason, TokenError};
pub use requirement::{Permission, Requirement, Unmet};
pub use time::{Clock, ManualClock, SystemClock};
pub use token_authority::{Presented, TokenAuthority, Verdict};
pub use verified::{Evidence, Verified};
pub use verifier::{Explanation, Verifier};

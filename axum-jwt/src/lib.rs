#![doc = include_str!("../README.md")]

mod authorized;
mod claims;
mod deny;
mod rejection;
#[cfg(feature = "routes")]
mod routes;
mod state_claims;
mod token;

pub use jwt_core;
pub use jwt_core::{
    Algorithm, Authority, HmacSecret, Issuer, KeySet, Permission, Requirement, SigningKey, Verifier,
    VerifyingKey,
};
#[cfg(feature = "routes")]
pub use jwt_session;
pub use tower_jwt;
pub use tower_jwt::{Bodyless, JwtAuth, ProblemJson, RefusalResponse, Require};

pub use self::authorized::Authorized;
pub use self::claims::Claims;
pub use self::deny::Deny;
pub use self::rejection::AuthRejection;
#[cfg(feature = "routes")]
pub use self::routes::session_routes;
pub use self::state_claims::StateClaims;
pub use self::token::VerifiedToken;

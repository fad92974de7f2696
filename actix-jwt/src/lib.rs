#![doc = include_str!("../README.md")]

mod auth;
mod authorized;
mod claims;
mod deny;
mod extract;
mod future;
pub mod guard;
mod head;
mod maybe;
mod rejection;
mod require;
mod response;
#[cfg(feature = "routes")]
mod routes;
mod service;
mod token;

pub use jwt_core;
pub use jwt_core::{
    Algorithm, Authority, HmacSecret, Issuer, KeySet, Permission, Requirement, SigningKey, Verifier,
    VerifyingKey,
};
#[cfg(feature = "routes")]
pub use jwt_session;

pub use self::auth::JwtAuth;
pub use self::authorized::Authorized;
pub use self::claims::Claims;
pub use self::deny::Deny;
pub use self::extract::ExtractFuture;
pub use self::future::JwtAuthFuture;
pub use self::head::HttpHead;
pub use self::maybe::{MaybeClaims, MaybeToken};
pub use self::rejection::AuthRejection;
pub use self::require::{Require, RequireFuture, RequireService};
pub use self::response::{Bodyless, ProblemJson, RefusalResponse, refuse};
#[cfg(feature = "routes")]
pub use self::routes::session_routes;
pub use self::service::JwtAuthService;
pub use self::token::VerifiedToken;

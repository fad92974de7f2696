#![doc = include_str!("../README.md")]

mod future;
mod head;
mod layer;
mod require;
mod response;
mod service;
mod verified;

pub use self::future::JwtAuthFuture;
pub use self::head::HttpHead;
pub use self::layer::JwtAuth;
pub use self::require::{Require, RequireFuture, RequireService};
pub use self::response::{Bodyless, ProblemJson, RefusalResponse, refuse, refuse_as};
pub use self::service::JwtAuthService;
pub use self::verified::verified;
pub use jwt_core;

//! The crates of the programs under `tests/misuse/`, which are compiled against this one alone.

pub use {actix_jwt, actix_web, axum, axum_jwt, bytes, http, http_body_util, jwt_core, tower, tower_jwt};

//! The stores, by the suite of jwt-session.

#[cfg(feature = "sqlite")]
mod sqlite;

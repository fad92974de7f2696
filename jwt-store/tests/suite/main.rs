//! The stores, by the suite of jwt-session.

#![cfg(test)]

#[cfg(feature = "sqlite")]
mod sqlite;

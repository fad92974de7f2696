//! Every suite that spans crates, in one binary.

mod parity;
mod protected_server;
mod tower_contract;

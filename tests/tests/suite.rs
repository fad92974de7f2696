//! Every suite that spans crates, in one binary.

mod attacks;
mod auto_traits;
mod backends;
mod canaries;
#[cfg(test)]
mod interop;
mod logged;
mod misuse;
mod parity;
mod protected_server;
#[cfg(feature = "remote")]
mod remote;
mod roots;
mod routes;
mod sensitive;
mod store_calls;
mod tower_contract;

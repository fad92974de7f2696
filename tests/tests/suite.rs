//! Every suite that spans crates, in one binary.

mod parity;

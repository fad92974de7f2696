//! Every suite that spans crates, in one binary.

#[cfg(test)]
#[cfg(feature = "interop")]
mod interop;

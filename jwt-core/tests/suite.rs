//! Tests through the public interface alone, in one binary.

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod observed;
// Tens of thousands of signatures, which a backend without optimisation is too slow for.
#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod properties;
#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod shapes;
#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod vectors;

//! Tests through the public interface alone, in one binary.

#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod properties;
#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod shapes;

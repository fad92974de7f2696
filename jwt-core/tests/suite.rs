//! Tests through the public interface alone, in one binary.

#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod observed;
#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod shapes;
#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
mod vectors;

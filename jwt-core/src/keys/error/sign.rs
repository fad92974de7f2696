//! The one error of signing.

use core::fmt;

/// A signature could not be made: the backend failed, or the user's own signer did.
#[derive(Debug)]
pub struct SignError {
    source: Option<Box<dyn core::error::Error + Send + Sync + 'static>>,
}

impl SignError {
    /// An error of the user's own [`Sign`](crate::keys::Sign), kept as [`source`](core::error::Error::source).
    #[must_use]
    pub fn new(source: impl Into<Box<dyn core::error::Error + Send + Sync + 'static>>) -> Self {
        Self { source: Some(source.into()) }
    }

    /// Without more to say.
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    pub(crate) const fn plain() -> Self {
        Self { source: None }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature could not be made")
    }
}

impl core::error::Error for SignError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_error_keeps_its_cause() {
        let error = SignError::new("the module is offline");
        assert_eq!(error.to_string(), "the signature could not be made");
        let cause = core::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(cause.as_deref(), Some("the module is offline"));
    }
}

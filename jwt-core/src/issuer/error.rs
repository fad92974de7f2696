//! Why a token was not issued.

use core::fmt;

use crate::keys::SignError;
use crate::refusal::TokenError;

/// Why a token was not issued.
#[derive(Debug)]
#[non_exhaustive]
pub enum IssueError {
    /// A claim cannot be written as JSON.
    Serialize,
    /// The custom claims are not an object.
    NotAnObject,
    /// A custom claim has the name of a registered one.
    Registered {
        /// The name.
        name: &'static str,
    },
    /// A custom claim's name looks personal or secret.
    Sensitive {
        /// The name.
        name: &'static str,
    },
    /// A verifier of the same rules would refuse the token.
    Refused(TokenError),
    /// The clock or lifetime leads beyond the year 9999.
    Clock,
    /// The signer, or the source of random bits, failed.
    Sign(SignError),
}

impl IssueError {
    /// The stable name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            IssueError::Serialize => "claims_not_serialisable",
            IssueError::NotAnObject => "claims_not_an_object",
            IssueError::Registered { .. } => "registered_claim",
            IssueError::Sensitive { .. } => "sensitive_claim",
            IssueError::Refused(error) => error.reason().code(),
            IssueError::Clock => "clock",
            IssueError::Sign(_) => "signer",
        }
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IssueError::Serialize => f.write_str("a claim cannot be written as JSON"),
            IssueError::NotAnObject => f.write_str("custom claims must serialise as an object"),
            IssueError::Registered { name } => {
                write!(f, "`{name}` is a registered claim and cannot be set as a custom one")
            }
            IssueError::Sensitive { name } => {
                write!(f, "`{name}` looks personal or secret, and whoever holds the token can read it")
            }
            IssueError::Refused(error) => write!(f, "verifiers would refuse the token: {error}"),
            IssueError::Clock => f.write_str("the token's dates lie beyond the year 9999"),
            IssueError::Sign(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for IssueError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            IssueError::Refused(error) => Some(error),
            IssueError::Sign(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::error::Error as _;

    use super::*;
    use crate::Reason;

    #[test]
    fn every_kind_has_its_code_and_text() {
        let name = "password";
        let (refused, failed) = (TokenError::about(Reason::MissingClaim, "sub"), SignError::new("no answer"));
        let refused_text = format!("verifiers would refuse the token: {refused}");
        let failed_text = failed.to_string();
        let rows = [
            (IssueError::Serialize, "claims_not_serialisable", "a claim cannot be written as JSON"),
            (IssueError::NotAnObject, "claims_not_an_object", "custom claims must serialise as an object"),
            (
                IssueError::Registered { name: "iss" },
                "registered_claim",
                "`iss` is a registered claim and cannot be set as a custom one",
            ),
            (
                IssueError::Sensitive { name },
                "sensitive_claim",
                "`password` looks personal or secret, and whoever holds the token can read it",
            ),
            (IssueError::Refused(refused), "missing_claim", &*refused_text),
            (IssueError::Clock, "clock", "the token's dates lie beyond the year 9999"),
            (IssueError::Sign(failed), "signer", &*failed_text),
        ];
        for (error, code, text) in rows {
            assert_eq!((error.code(), &*error.to_string()), (code, text), "{error:?}");
            assert!(!text.ends_with('.'), "{text}");
            let around = matches!(error, IssueError::Refused(_) | IssueError::Sign(_));
            assert_eq!(error.source().is_some(), around, "{error:?}");
        }
    }
}

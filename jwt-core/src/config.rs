//! What can be wrong with a configuration.

use core::fmt;
use core::time::Duration;

use crate::algorithm::Algorithm;
use crate::keys::KeyError;

/// A configuration that cannot be used; found when it is built, never while serving.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The keys do not form a set.
    Keys(KeyError),
    /// No key was given.
    NoKeys,
    /// An issuer is the empty string.
    EmptyIssuer,
    /// No audience was given, or one is the empty string.
    EmptyAudience,
    /// An empty list of algorithms.
    NoAlgorithms,
    /// Keys that are replaced while serving, and other keys beside them.
    KeysBesideLiveKeys,
    /// Somebody to ask for newer keys, where the keys cannot be replaced.
    RefreshWithoutLiveKeys,
    /// The leeway is above 300 s.
    LeewayTooLong {
        /// The leeway that was asked for.
        leeway: Duration,
    },
    /// An algorithm is allowed that none of the authority's keys has.
    AlgorithmWithoutKey {
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// Keys from a cell may be replaced by anything but secrets: HMAC cannot be allowed for them.
    SymmetricAlgorithm {
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The live keys are shared secrets and were handed in as public keys, or the other way round.
    LiveKeysOfOtherKind {
        /// The algorithm of the first of them.
        algorithm: Algorithm,
    },
    /// Two authorities have the same issuer.
    RepeatedIssuer {
        /// The issuer.
        issuer: String,
    },
    /// With several authorities each needs an exact issuer, for `iss` chooses between them.
    IssuerNotExact,
    /// No authority was given.
    NoAuthorities,
    /// A lifetime of zero, or one that ends after the year 9999.
    Lifetime {
        /// The lifetime that was asked for.
        lifetime: Duration,
    },
    /// A rule about keys, algorithms or `typ`, for claims that somebody else verified.
    NotOfClaims {
        /// The rule.
        rule: &'static str,
    },
    /// A `typ` was asked for that the profile refuses.
    RefusedByProfile {
        /// What is refused.
        what: String,
    },
}

impl ConfigError {
    /// The stable name of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ConfigError::Keys(error) => error.code(),
            ConfigError::NoKeys => "no_keys",
            ConfigError::EmptyIssuer => "empty_issuer",
            ConfigError::EmptyAudience => "empty_audience",
            ConfigError::NoAlgorithms => "no_algorithms",
            ConfigError::KeysBesideLiveKeys => "keys_beside_live_keys",
            ConfigError::RefreshWithoutLiveKeys => "refresh_without_live_keys",
            ConfigError::LeewayTooLong { .. } => "leeway_too_long",
            ConfigError::AlgorithmWithoutKey { .. } => "algorithm_without_key",
            ConfigError::SymmetricAlgorithm { .. } => "symmetric_algorithm",
            ConfigError::LiveKeysOfOtherKind { .. } => "live_keys_of_other_kind",
            ConfigError::RepeatedIssuer { .. } => "repeated_issuer",
            ConfigError::IssuerNotExact => "issuer_not_exact",
            ConfigError::NoAuthorities => "no_authorities",
            ConfigError::Lifetime { .. } => "lifetime",
            ConfigError::NotOfClaims { .. } => "not_of_claims",
            ConfigError::RefusedByProfile { .. } => "refused_by_profile",
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Keys(error) => error.fmt(f),
            ConfigError::NoKeys => f.write_str("an authority needs at least one key"),
            ConfigError::EmptyIssuer => f.write_str("an issuer must not be the empty string"),
            ConfigError::EmptyAudience => {
                f.write_str("an audience must be given, and must not be the empty string")
            }
            ConfigError::NoAlgorithms => f.write_str("the list of allowed algorithms is empty"),
            ConfigError::KeysBesideLiveKeys => {
                f.write_str("keys that are replaced while serving cannot have other keys beside them")
            }
            ConfigError::RefreshWithoutLiveKeys => {
                f.write_str("a refresh needs keys that can be replaced while serving")
            }
            ConfigError::LeewayTooLong { leeway } => {
                write!(f, "a leeway of {} s is above the 300 s allowed", leeway.as_secs())
            }
            ConfigError::AlgorithmWithoutKey { algorithm } => {
                write!(f, "algorithm {algorithm} is allowed but no key of the authority has it")
            }
            ConfigError::SymmetricAlgorithm { algorithm } => {
                write!(f, "algorithm {algorithm} cannot be allowed for keys that are replaced while serving")
            }
            ConfigError::LiveKeysOfOtherKind { algorithm } => {
                let takes_them =
                    if algorithm.is_symmetric() { "with_live_secrets" } else { "with_live_keys" };
                write!(f, "the live keys are for {algorithm}: `{takes_them}` takes them")
            }
            ConfigError::RepeatedIssuer { issuer } => write!(f, "two authorities have the issuer {issuer:?}"),
            ConfigError::IssuerNotExact => f.write_str("with several authorities each needs an exact issuer"),
            ConfigError::NoAuthorities => f.write_str("a verifier needs at least one authority"),
            ConfigError::Lifetime { lifetime } => {
                write!(f, "a lifetime of {} s cannot be used", lifetime.as_secs())
            }
            ConfigError::NotOfClaims { rule } => {
                write!(f, "{rule} needs a token to look at, and claims that somebody else verified have none")
            }
            ConfigError::RefusedByProfile { what } => {
                write!(f, "{what} is refused by the profile")
            }
        }
    }
}

impl core::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            ConfigError::Keys(error) => Some(error),
            _ => None,
        }
    }
}

impl From<KeyError> for ConfigError {
    fn from(error: KeyError) -> Self {
        ConfigError::Keys(error)
    }
}

#[cfg(test)]
mod tests {
    use core::error::Error as _;

    use super::*;

    #[test]
    fn every_kind_has_its_code_and_text() {
        let (algorithm, secret) = (Algorithm::ES256, Algorithm::HS256);
        let seconds = Duration::from_secs;
        let rows = [
            (
                ConfigError::Keys(KeyError::MixedSymmetry),
                "mixed_symmetry",
                &*KeyError::MixedSymmetry.to_string(),
            ),
            (ConfigError::NoKeys, "no_keys", "an authority needs at least one key"),
            (ConfigError::EmptyIssuer, "empty_issuer", "an issuer must not be the empty string"),
            (
                ConfigError::EmptyAudience,
                "empty_audience",
                "an audience must be given, and must not be the empty string",
            ),
            (ConfigError::NoAlgorithms, "no_algorithms", "the list of allowed algorithms is empty"),
            (
                ConfigError::KeysBesideLiveKeys,
                "keys_beside_live_keys",
                "keys that are replaced while serving cannot have other keys beside them",
            ),
            (
                ConfigError::RefreshWithoutLiveKeys,
                "refresh_without_live_keys",
                "a refresh needs keys that can be replaced while serving",
            ),
            (
                ConfigError::LeewayTooLong { leeway: seconds(301) },
                "leeway_too_long",
                "a leeway of 301 s is above the 300 s allowed",
            ),
            (
                ConfigError::AlgorithmWithoutKey { algorithm },
                "algorithm_without_key",
                "algorithm ES256 is allowed but no key of the authority has it",
            ),
            (
                ConfigError::SymmetricAlgorithm { algorithm: secret },
                "symmetric_algorithm",
                "algorithm HS256 cannot be allowed for keys that are replaced while serving",
            ),
            (
                ConfigError::LiveKeysOfOtherKind { algorithm },
                "live_keys_of_other_kind",
                "the live keys are for ES256: `with_live_keys` takes them",
            ),
            (
                ConfigError::LiveKeysOfOtherKind { algorithm: secret },
                "live_keys_of_other_kind",
                "the live keys are for HS256: `with_live_secrets` takes them",
            ),
            (
                ConfigError::RepeatedIssuer { issuer: "https://id\n".into() },
                "repeated_issuer",
                "two authorities have the issuer \"https://id\\n\"",
            ),
            (
                ConfigError::IssuerNotExact,
                "issuer_not_exact",
                "with several authorities each needs an exact issuer",
            ),
            (ConfigError::NoAuthorities, "no_authorities", "a verifier needs at least one authority"),
            (ConfigError::Lifetime { lifetime: seconds(0) }, "lifetime", "a lifetime of 0 s cannot be used"),
            (
                ConfigError::NotOfClaims { rule: "`with_key`" },
                "not_of_claims",
                "`with_key` needs a token to look at, and claims that somebody else verified have none",
            ),
            (
                ConfigError::RefusedByProfile { what: "the `typ` \"x\"".into() },
                "refused_by_profile",
                "the `typ` \"x\" is refused by the profile",
            ),
        ];
        for (error, code, text) in rows {
            assert_eq!((error.code(), &*error.to_string()), (code, text), "{error:?}");
            assert!(!text.ends_with('.'), "{text}");
            assert_eq!(error.source().is_some(), matches!(error, ConfigError::Keys(_)), "{error:?}");
        }
    }
}

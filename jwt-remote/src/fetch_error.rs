//! Why a fetch gave no keys, for operators.

use core::fmt;

use jwt_core::{Algorithm, KeyError};

use crate::address::{AddressError, without_query};
use crate::http::HttpError;

/// Why a fetch gave no keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchError {
    /// There was no answer.
    #[non_exhaustive]
    Http {
        /// Why.
        error: HttpError,
    },
    /// An answer that redirects. None is followed, for whoever may redirect could name other keys.
    #[non_exhaustive]
    Redirect {
        /// Its status.
        status: u16,
    },
    /// An answer of another status than 200.
    #[non_exhaustive]
    Status {
        /// The status.
        status: u16,
    },
    /// The provider's metadata (RFC 8414) cannot be used.
    #[non_exhaustive]
    Metadata {
        /// Why, without anything that the provider wrote.
        problem: String,
    },
    /// The provider's metadata is that of another issuer (RFC 8414 §3.3).
    #[non_exhaustive]
    Issuer {
        /// The issuer that was configured.
        expected: String,
        /// The one that the metadata names, escaped and shortened.
        found: String,
    },
    /// The provider names an address for its keys that is not asked.
    #[non_exhaustive]
    KeysAddress {
        /// Why.
        error: AddressError,
    },
    /// All keys are for algorithms that the provider does not name in its metadata.
    #[non_exhaustive]
    Unnamed {
        /// Those algorithms.
        algorithms: Vec<Algorithm>,
    },
    /// All keys are for algorithms that the rules of this service refuse: no token could be good.
    #[non_exhaustive]
    NotAllowed {
        /// The algorithms of the keys.
        algorithms: Vec<Algorithm>,
        /// Those that the rules allow.
        allowed: Vec<Algorithm>,
    },
    /// What failed at an address that the configuration does not name: of metadata, or one that they name.
    #[non_exhaustive]
    At {
        /// The address, without its query.
        address: String,
        /// What failed there.
        error: Box<FetchError>,
    },
    /// A 304 to a request that had nothing to compare.
    NothingToCompare,
    /// The credentials of this service could not be made: its key did not sign.
    #[non_exhaustive]
    ClientAuth {
        /// Why, without anything secret.
        problem: String,
    },
    /// The answer is none of an introspection endpoint (RFC 7662 §2.2).
    #[non_exhaustive]
    Introspection {
        /// Why, without anything that the endpoint wrote.
        problem: String,
    },
    /// The body is no JWK set, or none of its keys can be used.
    #[non_exhaustive]
    Keys {
        /// Why.
        error: KeyError,
    },
}

impl FetchError {
    /// Anything but a 200.
    pub(crate) fn of_status(status: u16) -> Result<(), Self> {
        match status {
            200 => Ok(()),
            300..=399 => Err(Self::Redirect { status }),
            _ => Err(Self::Status { status }),
        }
    }

    /// At this address.
    pub(crate) fn at(self, address: &str) -> Self {
        let address = without_query(address).to_owned();
        Self::At { address, error: Box::new(self) }
    }

    /// What failed, wherever that was.
    #[must_use]
    pub fn what(&self) -> &Self {
        match self {
            FetchError::At { error, .. } => error.what(),
            error => error,
        }
    }

    /// Whether it was a good answer, and no key in it is for us: those of before are not in it.
    pub(crate) fn withdraws(&self) -> bool {
        matches!(self.what(), FetchError::Unnamed { .. } | FetchError::NotAllowed { .. })
    }

    /// A stable code, for metrics and alerts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            FetchError::At { error, .. } => error.code(),
            FetchError::Http { error } => error.code(),
            FetchError::Redirect { .. } => "redirect",
            FetchError::Status { .. } => "status",
            FetchError::Metadata { .. } => "metadata",
            FetchError::Issuer { .. } => "issuer_mismatch",
            FetchError::KeysAddress { .. } => "keys_address",
            FetchError::Unnamed { .. } => "unnamed",
            FetchError::NotAllowed { .. } => "not_allowed",
            FetchError::NothingToCompare => "nothing_to_compare",
            FetchError::ClientAuth { .. } => "client_auth",
            FetchError::Introspection { .. } => "introspection",
            FetchError::Keys { .. } => "keys",
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::At { address, error } => {
                write!(f, "at {address}: {error}")?;
                // No rule keeps an issuer from such a name, and so it is no error before it fails.
                if address.matches(WELL_KNOWN).count() > 1 {
                    f.write_str("; give the issuer, not the address of its metadata")?;
                }
                Ok(())
            }
            FetchError::Http { error } => error.fmt(f),
            FetchError::Redirect { status } => {
                write!(
                    f,
                    "status {status}, but redirects are not followed: configure the address it leads to"
                )
            }
            FetchError::Status { status } => write!(f, "status {status} instead of 200"),
            FetchError::Metadata { problem } => write!(f, "no usable metadata of the provider: {problem}"),
            // What Entra ID says of all of its tenants together.
            FetchError::Issuer { expected, found } if found.contains('{') => write!(
                f,
                "the metadata is that of many issuers, {found:?}, and {expected:?} is configured: use `Oidc::tenants`, \
                 or the issuer of one tenant"
            ),
            FetchError::Issuer { expected, found } => write!(
                f,
                "the metadata is that of the issuer {found:?}, and {expected:?} is configured: they must be the same, \
                 byte for byte, a slash at the end included"
            ),
            FetchError::KeysAddress { error } => write!(f, "the provider's `jwks_uri` is not asked: {error}"),
            FetchError::Unnamed { algorithms } => write!(
                f,
                "all keys are for {}, which `id_token_signing_alg_values_supported` of the metadata does not name: \
                 where tokens are signed so, configure the keys by `RemoteKeys::at`",
                names(algorithms)
            ),
            FetchError::NotAllowed { algorithms, allowed } => write!(
                f,
                "all keys are for {}, and the rules of this service allow {} alone: allow by `with_algorithms` what the \
                 provider signs by",
                names(algorithms),
                names(allowed)
            ),
            FetchError::NothingToCompare => f.write_str("status 304 to a request without an entity tag"),
            FetchError::ClientAuth { problem } => {
                write!(f, "the credentials of this service could not be made: {problem}")
            }
            FetchError::Introspection { problem } => write!(f, "no answer about the token: {problem}"),
            FetchError::Keys { error } => write!(f, "no usable JWK set: {error}"),
        }
    }
}

/// It stands once in the address of metadata (RFC 8615 §3), and twice where that address was given for the issuer.
const WELL_KNOWN: &str = "/.well-known/";

fn names(algorithms: &[Algorithm]) -> String {
    let names: Vec<_> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
    names.join(", ")
}

impl core::error::Error for FetchError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            FetchError::Http { error } => Some(error),
            FetchError::KeysAddress { error } => Some(error),
            FetchError::Keys { error } => Some(error),
            FetchError::At { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<HttpError> for FetchError {
    fn from(error: HttpError) -> Self {
        Self::Http { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_metadata_for_an_issuer_is_named_as_such() {
        let at =
            |place: &str| FetchError::Status { status: 404 }.at(&format!("https://id.example.com{place}"));
        let issuer = at("/a/.well-known/openid-configuration");
        assert_eq!(
            issuer.to_string(),
            "at https://id.example.com/a/.well-known/openid-configuration: status 404 instead of 200"
        );
        for given in ["/.well-known/openid-configuration", "/a/.well-known/oauth-authorization-server"] {
            let error = at(&format!("{given}/.well-known/openid-configuration")).to_string();
            assert!(error.ends_with("; give the issuer, not the address of its metadata"), "{error}");
        }
    }

    #[test]
    fn what_fails_about_tokens_has_its_words() {
        let problem = || "why".to_owned();
        for (error, words) in [
            (
                FetchError::ClientAuth { problem: problem() },
                "client_auth: the credentials of this service could not be made: why",
            ),
            (
                FetchError::Introspection { problem: problem() },
                "introspection: no answer about the token: why",
            ),
        ] {
            assert_eq!(format!("{}: {error}", error.code()), words);
        }
    }
}

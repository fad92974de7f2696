//! The configuration of `protected-server`: a TOML file, and what it becomes in jwt-core.
//!
//! ```toml
//! issuer = "https://id.example.com/"
//! audience = ["https://api.example.com"]
//! leeway_seconds = 5
//! sources = ["header", "cookie:__Host-access"]
//! allowed_origins = ["https://app.example.com"]
//!
//! [[keys]]
//! algorithm = "ES256"
//! kid = "2026-01"
//! pem_file = "es256.pem"
//! ```

use core::fmt;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};

use jwt_core::keys::{Jwk, Live};
use jwt_core::request::{AllowedOrigins, Carriers, CarriersBuilder, Challenge, ProofOfOrigin};
use jwt_core::{
    Algorithm, Authority, AuthorityBuilder, HmacSecret, KeySet, ManualClock, NeedsAudience, RequestAuth,
    Verifier, VerifyingKey,
};
use serde::Deserialize;

/// The file as it is written. Unknown fields are refused.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The one trusted issuer; with `[[issuers]]` left out.
    pub issuer: Option<String>,
    /// Its audience, or several of which one must match.
    pub audience: Option<Names>,
    /// How far clocks may differ. Default: 30.
    pub leeway_seconds: Option<u64>,
    /// Whether requests without a token pass as anonymous.
    pub optional: bool,
    /// Where tokens may stand: `header`, `header:NAME`, `cookie:NAME`, `query:NAME`, `websocket`.
    /// Default: `header` alone.
    pub sources: Option<Vec<String>>,
    /// The realm of challenges.
    pub realm: Option<String>,
    /// The URL of the protected resource metadata in challenges (RFC 9728).
    pub resource_metadata: Option<String>,
    /// Whether CORS preflights pass.
    pub allow_preflight: bool,
    /// The origins whose pages may send unsafe requests with a cookie.
    pub allowed_origins: Vec<String>,
    /// A `typ` that every token must have, instead of those of the profile.
    pub required_typ: Option<String>,
    /// A clock that stands still, instead of the system's.
    pub clock_unix_seconds: Option<u64>,
    /// Whether the keys cannot be had: every token is then answered with 503.
    pub keys_unavailable: bool,
    /// The issuer's keys, one by one.
    pub keys: Vec<Key>,
    /// The issuer's keys, as a JWK set.
    pub jwks_file: Option<PathBuf>,
    /// Several trusted issuers.
    pub issuers: Vec<Issuer>,
    /// The folder that files are relative to.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// One name or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
pub enum Names {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// One key: a secret, a PEM file or a JWK file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its one algorithm.
    pub algorithm: String,
    /// The `kid` by which tokens name it.
    pub kid: Option<String>,
    /// A shared secret.
    pub secret_base64url: Option<String>,
    /// A public key in PEM.
    pub pem_file: Option<PathBuf>,
    /// A JWK.
    pub jwk_file: Option<PathBuf>,
}

/// One of several issuers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Its name.
    pub issuer: String,
    /// Its audience, or several of which one must match.
    pub audience: Names,
    /// Its keys, as a JWK set.
    pub jwks_file: PathBuf,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// - [`ConfigFault::File`]: it cannot be read.
    /// - [`ConfigFault::Syntax`]: it is not TOML, or has an unknown field or a wrong type.
    pub fn read(path: &Path) -> Result<Self, ConfigFault> {
        let text = fs::read_to_string(path).map_err(|error| ConfigFault::file(path, &error))?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Self::parse(&text, folder)
    }

    /// Reads a text whose files are relative to `folder`.
    ///
    /// # Errors
    /// - [`ConfigFault::Syntax`]: as for [`Config::read`].
    pub fn parse(text: &str, folder: impl Into<PathBuf>) -> Result<Self, ConfigFault> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigFault::Syntax { problem: error.to_string() })?;
        Ok(Self { folder: folder.into(), ..config })
    }

    /// The rules that it describes.
    ///
    /// # Errors
    /// - [`ConfigFault::File`]: a file of keys cannot be read.
    /// - [`ConfigFault::Value`]: a value that jwt-core or this crate refuses.
    pub fn request_auth(&self) -> Result<RequestAuth, ConfigFault> {
        let mut verifier = Verifier::of(self.authorities()?).map_err(|error| value("issuers", error))?;
        if let Some(now) = self.clock_unix_seconds {
            verifier = verifier.with_clock(ManualClock::at(now));
        }
        let mut auth = RequestAuth::new(verifier)
            .with_carriers(self.carriers()?)
            .with_challenge(self.challenge()?)
            .with_proof_of_origin(self.proof_of_origin()?);
        if self.optional {
            auth = auth.optional();
        }
        if self.allow_preflight {
            auth = auth.with_preflight();
        }
        Ok(auth)
    }

    fn authorities(&self) -> Result<Vec<Authority>, ConfigFault> {
        let single = self.issuer.is_some() || self.audience.is_some() || self.jwks_file.is_some();
        match (self.issuers.as_slice(), single || !self.keys.is_empty()) {
            ([], _) => Ok(vec![self.single_authority()?]),
            (_, true) => {
                Err(value("issuers", "they stand beside `issuer`, `audience`, `keys` or `jwks_file`"))
            }
            (issuers, false) => issuers.iter().map(|issuer| self.authority_of(issuer)).collect(),
        }
    }

    fn single_authority(&self) -> Result<Authority, ConfigFault> {
        let issuer = self.issuer.as_deref().ok_or_else(|| value("issuer", "it is missing"))?;
        let audience = self.audience.as_ref().ok_or_else(|| value("audience", "it is missing"))?;
        let keys = match (&self.jwks_file, self.keys.as_slice()) {
            _ if self.keys_unavailable => None,
            (Some(_), [_, ..]) => return Err(value("jwks_file", "it stands beside `keys`")),
            (Some(file), []) => Some(self.jwks(file)?),
            (None, []) => return Err(value("keys", "there is neither a key nor a `jwks_file`")),
            (None, keys) => {
                let keys: Vec<VerifyingKey> =
                    keys.iter().map(|key| self.key(key)).collect::<Result<_, ConfigFault>>()?;
                Some(KeySet::new(keys).map_err(|error| value("keys", error))?)
            }
        };
        self.authority(keys, audience, issuer)
    }

    fn authority_of(&self, issuer: &Issuer) -> Result<Authority, ConfigFault> {
        let keys = match self.keys_unavailable {
            true => None,
            false => Some(self.jwks(&issuer.jwks_file)?),
        };
        self.authority(keys, &issuer.audience, &issuer.issuer)
    }

    fn authority(
        &self,
        keys: Option<KeySet>,
        audience: &Names,
        issuer: &str,
    ) -> Result<Authority, ConfigFault> {
        let builder: AuthorityBuilder<NeedsAudience> = match keys {
            Some(keys) => Authority::builder().with_keys(keys),
            // A cell that nobody ever fills.
            None => Authority::builder().with_live_keys(Live::new().0),
        };
        let audiences = match audience {
            Names::One(one) => vec![one.as_str()],
            Names::Several(several) => several.iter().map(String::as_str).collect(),
        };
        let mut builder = builder.with_audiences(audiences).with_issuer(issuer);
        if let Some(seconds) = self.leeway_seconds {
            builder = builder.with_leeway(Duration::from_secs(seconds));
        }
        if let Some(typ) = &self.required_typ {
            builder = builder.require_typ(typ.as_str());
        }
        builder.build_authority().map_err(|error| value("issuer", format!("{issuer:?}: {error}")))
    }

    fn jwks(&self, file: &Path) -> Result<KeySet, ConfigFault> {
        KeySet::from_file(self.folder.join(file)).map_err(|error| value("jwks_file", error))
    }

    fn file(&self, file: &Path) -> Result<Vec<u8>, ConfigFault> {
        let path = self.folder.join(file);
        fs::read(&path).map_err(|error| ConfigFault::file(&path, &error))
    }

    fn key(&self, key: &Key) -> Result<VerifyingKey, ConfigFault> {
        let algorithm = Algorithm::from_name(key.algorithm.as_bytes())
            .ok_or_else(|| value("keys.algorithm", format!("{:?} is unknown", key.algorithm)))?;
        let built = match (&key.secret_base64url, &key.pem_file, &key.jwk_file) {
            (Some(secret), None, None) => HmacSecret::from_base64url(secret)
                .and_then(|secret| VerifyingKey::from_secret(algorithm, &secret)),
            (None, Some(file), None) => VerifyingKey::from_pem(algorithm, self.file(file)?),
            (None, None, Some(file)) => {
                Jwk::from_json(&self.file(file)?).and_then(|jwk| VerifyingKey::from_jwk_with(algorithm, &jwk))
            }
            _ => {
                return Err(value("keys", "each needs one of `secret_base64url`, `pem_file` and `jwk_file`"));
            }
        };
        let built = match &key.kid {
            Some(kid) => built.and_then(|built| built.with_key_id(kid.as_str())),
            None => built,
        };
        let file = key.pem_file.as_ref().or(key.jwk_file.as_ref());
        built.map_err(|error| match file {
            Some(file) => value("keys", format!("{}: {error}", file.display())),
            None => value("keys", error),
        })
    }

    fn carriers(&self) -> Result<Carriers, ConfigFault> {
        let Some(sources) = &self.sources else { return Ok(Carriers::default()) };
        let add = |carriers: CarriersBuilder, source: &String| match source.split_once(':') {
            None if source == "header" => Ok(carriers),
            None if source == "websocket" => Ok(carriers.with_websocket_protocol()),
            Some(("header", name)) => Ok(carriers.with_header(name)),
            Some(("cookie", name)) => Ok(carriers.with_cookie(name)),
            Some(("query", name)) => Ok(carriers.insecure_query_token(name)),
            _ => Err(value("sources", format!("{source:?} is unknown"))),
        };
        let mut carriers = Carriers::builder();
        if !sources.iter().any(|source| source == "header") {
            carriers = carriers.without_authorization();
        }
        sources.iter().try_fold(carriers, add)?.build().map_err(|error| value("sources", error))
    }

    fn challenge(&self) -> Result<Challenge, ConfigFault> {
        let mut challenge = Challenge::default();
        if let Some(realm) = &self.realm {
            challenge = challenge.with_realm(realm).map_err(|error| value("realm", error))?;
        }
        if let Some(url) = &self.resource_metadata {
            challenge =
                challenge.with_resource_metadata(url).map_err(|error| value("resource_metadata", error))?;
        }
        Ok(challenge)
    }

    fn proof_of_origin(&self) -> Result<ProofOfOrigin, ConfigFault> {
        let allowed =
            AllowedOrigins::new(&self.allowed_origins).map_err(|error| value("allowed_origins", error))?;
        Ok(ProofOfOrigin::new(allowed))
    }
}

/// Shows names only.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFault {
    /// A file cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The file is not TOML of the right fields and types.
    Syntax {
        /// Where and why.
        problem: String,
    },
    /// A field has a value that cannot be used.
    Value {
        /// The field.
        field: &'static str,
        /// Why.
        problem: String,
    },
}

impl ConfigFault {
    fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), problem: error.to_string() }
    }
}

fn value(field: &'static str, problem: impl fmt::Display) -> ConfigFault {
    ConfigFault::Value { field, problem: problem.to_string() }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigFault::File { path, problem } => write!(f, "{} cannot be read: {problem}", path.display()),
            ConfigFault::Syntax { problem } => f.write_str(problem.trim_end()),
            ConfigFault::Value { field, problem } => write!(f, "`{field}`: {problem}"),
        }
    }
}

impl core::error::Error for ConfigFault {}

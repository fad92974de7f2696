#![doc = include_str!("../README.md")]

mod address;
mod bounds;
mod client_auth;
mod dice;
mod discovery;
mod either;
mod fetch_error;
mod fetch_limits;
mod freshness;
mod http;
mod introspection;
mod jwks;
#[cfg(any(feature = "metrics", test))]
pub mod metrics;
mod observe;
mod oidc;
mod origin;
mod refresher;
mod remote;
mod remote_error;
mod remote_keys;
#[cfg(feature = "reqwest")]
mod reqwest_client;
mod schedule;
mod service_token;
mod source;
mod strangers;
mod template;
mod tenants;
#[cfg(test)]
mod vectors;
mod watched;

pub use self::address::AddressError;
pub use self::client_auth::ClientAuth;
pub use self::discovery::ProviderMetadata;
pub use self::either::Either;
pub use self::fetch_error::FetchError;
pub use self::fetch_limits::FetchLimits;
pub use self::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
pub use self::introspection::{Introspection, IntrospectionBuilder};
pub use self::oidc::{Oidc, OidcBuilder, OidcProvider};
pub use self::remote::Remote;
pub use self::remote_error::RemoteError;
pub use self::remote_keys::{RemoteKeys, RemoteKeysBuilder};
#[cfg(feature = "reqwest")]
pub use self::reqwest_client::client_builder;
pub use self::service_token::{
    AccessToken, ServiceToken, ServiceTokenBuilder, ServiceTokenError, ServiceTokenFuture, ServiceTokenLayer,
    ServiceTokenService, ServiceTokenStatus,
};
pub use self::source::KeysStatus;
pub use self::tenants::{NeedsTenants, OidcTenants, TenantsBuilder};
pub use self::watched::{PemFile, WatchError, WatchedKeys, WatchedKeysBuilder, WatchedStatus};
pub use jwt_core;
/// The HTTP library whose client is the default, in the version that [`Remote::with_client`] takes.
#[cfg(feature = "reqwest")]
pub use reqwest;

#![doc = include_str!("../README.md")]

mod address;
mod discovery;
mod fetch_error;
mod freshness;
mod http;
mod jwks;
#[cfg(feature = "metrics")]
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
mod source;
mod strangers;
mod template;
mod tenants;

pub use self::address::AddressError;
pub use self::discovery::Metadata;
pub use self::fetch_error::FetchError;
pub use self::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
pub use self::oidc::{Oidc, OidcBuilder, OidcProvider};
pub use self::remote::Remote;
pub use self::remote_error::RemoteError;
pub use self::remote_keys::{RemoteKeys, RemoteKeysBuilder};
#[cfg(feature = "reqwest")]
pub use self::reqwest_client::client_builder;
pub use self::source::Status;
pub use self::tenants::{NeedsTenants, OidcTenants, TenantsBuilder};
/// The HTTP library whose client is the default, in the version that [`Remote::with_client`] takes.
#[cfg(feature = "reqwest")]
pub use reqwest;

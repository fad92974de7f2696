//! What anybody may know: the public keys, and what there is and where.

use core::time::Duration;

use serde::Serialize;

use super::request::Kept;
use super::response::{OAuthError, RouteResponse};
use super::{Answered, Endpoint, Routes};
use crate::jwks::Jwks;

/// How long a client may keep the metadata: it is the configuration of this service.
const METADATA_AGE: Duration = Duration::from_secs(3_600);

/// RFC 8414 §2.
#[derive(Serialize)]
struct Metadata<'m> {
    issuer: &'m str,
    token_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    /// There is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint_auth_methods_supported: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_endpoint_auth_methods_supported: Option<[&'static str; 1]>,
}

impl Routes {
    pub(super) fn jwks(&self, request: &Kept) -> Answered {
        let Some(keys) = &self.0.keys else { return Err(RouteResponse::absent()) };
        let keys = keys();
        let is_known = request
            .text("if-none-match")
            .is_some_and(|known| known.split(',').any(|known| is_same(known.trim(), keys.etag())));
        let response = if is_known {
            RouteResponse::public(304, Vec::new())
        } else {
            RouteResponse::public(200, keys.body().as_bytes().to_vec()).with("content-type", Jwks::MEDIA_TYPE)
        };
        Ok(response.with("cache-control", keys.cache_control()).with("etag", keys.etag().to_owned()))
    }

    pub(super) fn metadata(&self) -> Answered {
        let Some(origin) = &self.0.public_origin else { return Err(RouteResponse::absent()) };
        let address = |endpoint: Endpoint| format!("{origin}{}", self.path(endpoint));
        let has_clients = self.0.clients.is_some();
        let metadata = Metadata {
            issuer: self.0.sessions.issuer_name(),
            token_endpoint: address(Endpoint::Refresh),
            jwks_uri: self.0.keys.is_some().then(|| address(Endpoint::Jwks)),
            response_types_supported: [],
            grant_types_supported: ["refresh_token"],
            // A refresh token is all that is asked for, but of clients with a secret.
            token_endpoint_auth_methods_supported: match self.0.confidential.is_empty() {
                true => &["none"],
                false => &["none", "client_secret_basic"],
            },
            revocation_endpoint: has_clients.then(|| address(Endpoint::Revoke)),
            revocation_endpoint_auth_methods_supported: has_clients.then_some(
                match self.0.revocation_by_public_clients {
                    true => &["client_secret_basic", "none"],
                    false => &["client_secret_basic"],
                },
            ),
            introspection_endpoint: has_clients.then(|| address(Endpoint::Introspect)),
            introspection_endpoint_auth_methods_supported: has_clients.then_some(["client_secret_basic"]),
        };
        let body =
            serde_json::to_vec(&metadata).map_err(|_| RouteResponse::error(500, OAuthError::ServerError))?;
        Ok(RouteResponse::public(200, body)
            .with("content-type", "application/json")
            .with("cache-control", format!("public, max-age={}", METADATA_AGE.as_secs())))
    }
}

/// The weak comparison (RFC 9110 §8.8.3.2), which `If-None-Match` asks for.
fn is_same(known: &str, tag: &str) -> bool {
    known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
}

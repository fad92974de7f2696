//! What a provider says of itself: where that stands, and what of it is believed (RFC 8414, OpenID Connect Discovery).

use jwt_core::Algorithm;
use serde::Deserialize;

use crate::address::{Address, Transport};
use crate::bounds::shortened;
use crate::fetch_error::FetchError;
use crate::http::{HttpError, HttpResponse};

/// What a provider says of itself, where it is of use here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProviderMetadata {
    /// `issuer`: the one that was configured, byte for byte.
    pub issuer: String,
    /// `jwks_uri`.
    pub jwks_uri: String,
    /// The algorithms that the provider says it signs ID tokens by, as far as they are asymmetric and known here;
    /// `None` where it does not say. Keys for other algorithms are not used.
    pub algorithms: Option<Vec<Algorithm>>,
    /// `authorization_endpoint`.
    pub authorization_endpoint: Option<String>,
    /// `token_endpoint`.
    pub token_endpoint: Option<String>,
    /// `introspection_endpoint` (RFC 7662).
    pub introspection_endpoint: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: Option<String>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
}

/// Where the metadata of an issuer may stand, in the order in which it is looked for. Without repetition.
pub(crate) fn places(issuer: &Address) -> Vec<String> {
    let url = issuer.url();
    let path = url.path().trim_end_matches('/');
    let at = |path: String| {
        let mut place = url.clone();
        place.set_path(&path);
        place.to_string()
    };
    let mut places = vec![
        // OpenID Connect Discovery §4: behind the issuer.
        at(format!("{path}/.well-known/openid-configuration")),
        // RFC 8414 §3: between host and path.
        at(format!("/.well-known/oauth-authorization-server{path}")),
        // RFC 8414 §5: the same, under the name of OpenID Connect.
        at(format!("/.well-known/openid-configuration{path}")),
    ];
    if path.is_empty() {
        places.truncate(2);
    }
    places
}

/// Whether the metadata may stand at the next place: here is none.
pub(crate) fn is_absent(error: &FetchError) -> bool {
    matches!(error, FetchError::Status { status: 400..=499 })
}

/// Reads the metadata of `issuer`.
pub(crate) fn read(
    response: &HttpResponse,
    issuer: &str,
    transport: Transport,
    most_bytes: usize,
) -> Result<ProviderMetadata, FetchError> {
    FetchError::of_status(response.status)?;
    if response.body.len() > most_bytes {
        return Err(HttpError::TooLong.into());
    }
    // serde's derived structs would also take an array.
    if response.body.trim_ascii_start().first() != Some(&b'{') {
        return Err(FetchError::Metadata { problem: "it is no JSON object".to_owned() });
    }
    let document: Document =
        serde_json::from_slice(&response.body).map_err(|error| FetchError::Metadata {
            // Never the value, which is whatever somebody answered.
            problem: match error.classify() {
                serde_json::error::Category::Data => {
                    "a member is missing, given twice or of another type".to_owned()
                }
                _ => "it is no JSON".to_owned(),
            },
        })?;
    // RFC 8414 §3.3: identical, or whoever serves this could speak for somebody else.
    if document.issuer != issuer {
        return Err(FetchError::Issuer { expected: issuer.to_owned(), found: shortened(&document.issuer) });
    }
    let jwks_uri = document
        .jwks_uri
        .ok_or_else(|| FetchError::Metadata { problem: "there is no `jwks_uri`".to_owned() })?;
    Address::new(&jwks_uri, transport)
        .map_err(|error| FetchError::KeysAddress { error: error.shortened() })?;
    let algorithms = document.id_token_signing_alg_values_supported.map(|names| {
        let ours = names.iter().filter_map(|name| name.parse::<Algorithm>().ok());
        ours.filter(|algorithm| !algorithm.is_symmetric()).collect::<Vec<_>>()
    });
    if algorithms.as_ref().is_some_and(Vec::is_empty) {
        return Err(FetchError::Metadata {
            problem: "none of `id_token_signing_alg_values_supported` is an asymmetric algorithm that is known here"
                .to_owned(),
        });
    }
    Ok(ProviderMetadata {
        issuer: document.issuer,
        jwks_uri,
        algorithms,
        authorization_endpoint: document.authorization_endpoint,
        token_endpoint: document.token_endpoint,
        introspection_endpoint: document.introspection_endpoint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::MOST_BYTES;

    fn read(
        response: &HttpResponse,
        issuer: &str,
        transport: Transport,
    ) -> Result<ProviderMetadata, FetchError> {
        super::read(response, issuer, transport, MOST_BYTES)
    }

    fn metadata(issuer: &str, more: &str) -> HttpResponse {
        let body = format!(r#"{{"issuer":{issuer:?}{more}}}"#);
        HttpResponse { status: 200, headers: Vec::new(), body: body.into() }
    }

    const ARRAY: &[u8] = br#"["https://a","https://a/jwks",null,null,null,null]"#;
    const KEYS: &str = r#","jwks_uri":"https://id.example.com/jwks""#;

    #[test]
    fn metadata_is_looked_for_where_either_standard_puts_it() {
        let of = |issuer: &str| places(&Address::new(issuer, Transport::Https).unwrap());
        assert_eq!(
            of("https://id.example.com/"),
            [
                "https://id.example.com/.well-known/openid-configuration",
                "https://id.example.com/.well-known/oauth-authorization-server",
            ]
        );
        assert_eq!(
            of("https://id.example.com/realms/a/"),
            [
                "https://id.example.com/realms/a/.well-known/openid-configuration",
                "https://id.example.com/.well-known/oauth-authorization-server/realms/a",
                "https://id.example.com/.well-known/openid-configuration/realms/a",
            ]
        );
    }

    #[test]
    fn the_issuer_is_compared_byte_for_byte() {
        let issuer = "https://id.example.com/";
        assert!(read(&metadata(issuer, KEYS), issuer, Transport::Https).is_ok());
        for other in ["https://id.example.com", "https://ID.example.com/", "https://id.example.com/x", ""] {
            let error = read(&metadata(other, KEYS), issuer, Transport::Https).unwrap_err();
            assert_eq!(error.code(), "issuer_mismatch", "{other}");
            assert!(error.to_string().contains(issuer), "{error}");
        }
    }

    #[test]
    fn only_asymmetric_algorithms_that_are_known_here_are_taken_over() {
        let with = |list: &str| {
            let more = format!(r#"{KEYS},"id_token_signing_alg_values_supported":{list}"#);
            read(&metadata("https://a", &more), "https://a", Transport::Https)
        };
        let taken = with(r#"["none","HS256","ES256K","RS256","ES256"]"#).unwrap().algorithms;
        assert_eq!(taken, Some(vec![Algorithm::RS256, Algorithm::ES256]));
        assert_eq!(with(r#"["HS256"]"#).unwrap_err().code(), "metadata");
        assert_eq!(with("[]").unwrap_err().code(), "metadata");
        let silent = read(&metadata("https://a", KEYS), "https://a", Transport::Https).unwrap();
        assert_eq!(silent.algorithms, None);
    }

    #[test]
    fn whatever_is_no_metadata_is_named() {
        let issuer = "https://a";
        let at = |address: &str| format!(r#","jwks_uri":{address:?}"#);
        for (response, code) in [
            (metadata(issuer, ""), "metadata"),
            (metadata(issuer, r#","jwks_uri":7"#), "metadata"),
            (metadata(issuer, &format!(r#","issuer":"https://b"{KEYS}"#)), "metadata"),
            (metadata(issuer, &at("http://id.example.com/jwks")), "keys_address"),
            // The provider must not send us to ourselves.
            (metadata(issuer, &at("http://127.0.0.1/jwks")), "keys_address"),
            (metadata(issuer, &at("file:jwks")), "keys_address"),
            (HttpResponse { status: 200, headers: Vec::new(), body: b"<html>".to_vec() }, "metadata"),
            (HttpResponse { status: 200, headers: Vec::new(), body: ARRAY.to_vec() }, "metadata"),
            (HttpResponse { status: 200, headers: Vec::new(), body: vec![b' '; MOST_BYTES + 1] }, "too_long"),
            (HttpResponse { status: 301, ..HttpResponse::default() }, "redirect"),
            (HttpResponse { status: 500, ..HttpResponse::default() }, "status"),
        ] {
            let error = read(&response, issuer, Transport::Https).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
        }
    }

    #[test]
    fn what_is_not_found_is_looked_for_elsewhere_and_a_broken_server_is_not() {
        for (status, absent) in [(404, true), (400, true), (410, true), (500, false), (503, false)] {
            assert_eq!(is_absent(&FetchError::of_status(status).unwrap_err()), absent);
        }
        assert!(!is_absent(&HttpError::Timeout.into()));
    }
}

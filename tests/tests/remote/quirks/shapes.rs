//! What each provider publishes, and what its tokens look like.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::{Profile, Ready, Reason, SigningKey};
use jwt_remote::{Oidc, OidcBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::tokens::base64url;

use super::super::certificate::self_signed;
use super::super::jwk;
use super::{KEYS, kid, now};

/// One provider.
pub(super) struct Provider {
    pub(super) name: &'static str,
    pub(super) issuer: String,
    /// Where the metadata is asked for, and what it says.
    pub(super) metadata: (String, Value),
    /// Where the keys are, and what they are.
    pub(super) keys: (String, Value),
    pub(super) header: Value,
    pub(super) claims: Value,
    /// What is another's in an otherwise good token: a claim, its value, and the reason of the refusal.
    pub(super) wrong: Vec<(&'static str, Value, Reason)>,
    pub(super) builder: OidcBuilder<Ready>,
}

/// Claims that every token has.
fn claims(issuer: &str, more: Value) -> Value {
    let mut claims = json!({"iss": issuer, "iat": now(), "exp": now() + 3_600});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

pub(super) fn merged(mut value: Value, more: Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

/// `x5t` (RFC 7515 §4.1.7): the first 20 bytes of another digest of it, which nobody ever computes.
fn thumbprint(certificate: &[u8]) -> String {
    base64url(&Sha256::digest(certificate)[..20])
}

/// The public key with `use` and, as most have it, `alg`.
pub(super) fn signing(key: &SigningKey) -> Value {
    merged(jwk(key), json!({"use": "sig", "alg": "RS256"}))
}

/// The same with a certificate.
fn certified(key: &SigningKey) -> Value {
    let certificate = self_signed(key, "id.example.com");
    merged(
        signing(key),
        json!({"x5c": [STANDARD.encode(&certificate)], "x5t": thumbprint(&certificate),
            "x5t#S256": base64url(Sha256::digest(&certificate))}),
    )
}

pub(super) fn set(keys: impl IntoIterator<Item = Value>) -> Value {
    json!({"keys": keys.into_iter().collect::<Vec<_>>()})
}

/// The ID tokens of Google: two keys on another host, and an issuer without a path.
/// <https://accounts.google.com/.well-known/openid-configuration>,
/// <https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload>
pub(super) fn google(base: &str, other: &str) -> Provider {
    let client = "1234987819200.apps.googleusercontent.example";
    Provider {
        name: "Google",
        issuer: base.to_owned(),
        metadata: (
            "/.well-known/openid-configuration".to_owned(),
            json!({
                "issuer": base,
                "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"),
                "device_authorization_endpoint": format!("{other}/device/code"),
                "token_endpoint": format!("{other}/token"),
                "userinfo_endpoint": format!("{other}/v1/userinfo"),
                "revocation_endpoint": format!("{other}/revoke"),
                "jwks_uri": format!("{other}/oauth2/v3/certs"),
                "response_types_supported": ["code", "token", "id_token", "none"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile"],
                "code_challenge_methods_supported": ["plain", "S256"],
            }),
        ),
        keys: ("/oauth2/v3/certs".to_owned(), set([signing(&KEYS[1]), signing(&KEYS[0])])),
        header: json!({"alg": "RS256", "kid": kid(0), "typ": "JWT"}),
        claims: claims(
            base,
            json!({"azp": client, "aud": client, "sub": "110169484474386276334", "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
                "hd": "example.com", "email": "alice@example.com", "email_verified": true}),
        ),
        wrong: vec![("aud", json!("another.apps.googleusercontent.example"), Reason::WrongAudience)],
        builder: Oidc::issuer(base)
            .with_audience(client)
            .with_rules(|rules| rules.with_profile(Profile::IdToken)),
    }
}

/// Entra ID, v2.0: the tenant in the path, keys without `alg`, each with the issuer that it is for, `kid` = `x5t`.
/// <https://login.microsoftonline.com/common/discovery/v2.0/keys>,
/// <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>
pub(super) fn entra(base: &str, _: &str) -> Provider {
    let tenant = "00000000-1111-2222-3333-444444444444";
    let (issuer, audience) = (format!("{base}/{tenant}/v2.0"), "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
    let entry = |key: &SigningKey, issuer: &str| {
        let mut entry = certified(key);
        let object = entry.as_object_mut().unwrap();
        object.remove("alg");
        object.remove("x5t#S256");
        merged(entry, json!({"issuer": issuer}))
    };
    let any_tenant = format!("{base}/{{tenantid}}/v2.0");
    Provider {
        name: "Entra ID",
        metadata: (
            format!("/{tenant}/v2.0/.well-known/openid-configuration"),
            json!({
                "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "issuer": issuer,
                "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
                "tenant_region_scope": "EU",
                "cloud_instance_name": "microsoftonline.example",
            }),
        ),
        keys: (
            format!("/{tenant}/discovery/v2.0/keys"),
            set([entry(&KEYS[0], &issuer), entry(&KEYS[1], &any_tenant)]),
        ),
        header: json!({"typ": "JWT", "alg": "RS256", "kid": kid(0)}),
        claims: claims(
            &issuer,
            json!({"aud": audience, "nbf": now(), "aio": "E2ZgYFgR2-opaque", "azp": "ffffffff-0000-0000-0000-000000000000",
                "azpacr": "1", "oid": "99999999-8888-7777-6666-555555555555", "rh": "0.AXkA-opaque.", "roles": ["Orders.Read"],
                "scp": "Orders.Read", "sub": "99999999-8888-7777-6666-555555555555", "tid": tenant,
                "uti": "opaque", "ver": "2.0"}),
        ),
        wrong: vec![
            ("aud", json!("11111111-bbbb-cccc-dddd-eeeeeeeeeeee"), Reason::WrongAudience),
            ("iss", json!(format!("{base}/99999999-1111-2222-3333-444444444444/v2.0")), Reason::WrongIssuer),
            ("iss", json!(any_tenant), Reason::WrongIssuer),
        ],
        builder: Oidc::issuer(issuer.clone()).with_audience(audience),
        issuer,
    }
}

#[derive(Deserialize)]
struct Cognito {
    client_id: String,
    token_use: String,
}

/// The access tokens of Amazon Cognito: no `aud`, no `typ`, the client in `client_id`.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>
pub(super) fn cognito(base: &str, _: &str) -> Provider {
    let (issuer, client) = (format!("{base}/eu-west-1_EXAMPLE00"), "1example23456789");
    Provider {
        name: "Cognito",
        metadata: (
            "/eu-west-1_EXAMPLE00/.well-known/openid-configuration".to_owned(),
            json!({
                "authorization_endpoint": "https://example.auth.eu-west-1.amazoncognito.example/oauth2/authorize",
                "id_token_signing_alg_values_supported": ["RS256"],
                "issuer": issuer,
                "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
                "response_types_supported": ["code", "token"],
                "scopes_supported": ["openid", "email", "phone", "profile"],
                "subject_types_supported": ["public"],
                "token_endpoint": "https://example.auth.eu-west-1.amazoncognito.example/oauth2/token",
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "userinfo_endpoint": "https://example.auth.eu-west-1.amazoncognito.example/oauth2/userInfo",
            }),
        ),
        keys: (
            "/eu-west-1_EXAMPLE00/.well-known/jwks.json".to_owned(),
            // One signs ID tokens, the other access tokens.
            set([signing(&KEYS[1]), signing(&KEYS[0])]),
        ),
        header: json!({"kid": kid(0), "alg": "RS256"}),
        claims: claims(
            &issuer,
            json!({"sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:groups": ["testers"], "version": 2,
                "client_id": client, "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-000000000000", "token_use": "access",
                "scope": "openid orders/read", "auth_time": now(), "jti": "aaaaaaaa-bbbb-cccc-dddd-111111111111",
                "username": "alice"}),
        ),
        wrong: vec![
            ("client_id", json!("another-client"), Reason::PredicateFailed),
            ("iss", json!(format!("{base}/eu-west-1_ANOTHER00")), Reason::WrongIssuer),
            // Its ID tokens name the client as their audience.
            ("aud", json!(client), Reason::WrongAudience),
            ("token_use", json!("id"), Reason::WrongKind),
        ],
        builder: Oidc::issuer(issuer.clone()).without_audience().with_rules(move |rules| {
            rules.require_that("client", move |claims: &Cognito| {
                claims.client_id == client && claims.token_use == "access"
            })
        }),
        issuer,
    }
}

/// Auth0: a slash at the issuer's end, two audiences, HS256 among the algorithms.
/// <https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles>,
/// <https://auth0.com/docs/secure/tokens/json-web-tokens/json-web-key-sets>
pub(super) fn auth0(base: &str, _: &str) -> Provider {
    let (issuer, api) = (format!("{base}/"), "https://orders.example.com/api");
    Provider {
        name: "Auth0",
        metadata: (
            "/.well-known/openid-configuration".to_owned(),
            json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{base}/authorize"),
                "token_endpoint": format!("{base}/oauth/token"),
                "device_authorization_endpoint": format!("{base}/oauth/device/code"),
                "userinfo_endpoint": format!("{base}/userinfo"),
                "mfa_challenge_endpoint": format!("{base}/mfa/challenge"),
                "jwks_uri": format!("{base}/.well-known/jwks.json"),
                "registration_endpoint": format!("{base}/oidc/register"),
                "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
                "request_uri_parameter_supported": false,
            }),
        ),
        keys: ("/.well-known/jwks.json".to_owned(), set([certified(&KEYS[0]), certified(&KEYS[1])])),
        header: json!({"alg": "RS256", "typ": "JWT", "kid": kid(0)}),
        claims: claims(
            &issuer,
            json!({"sub": "auth0|5f7c8ec7c33c6c004bbafe82", "aud": [api, format!("{base}/userinfo")],
                "azp": "my_client_id", "scope": "openid profile read:orders", "permissions": ["read:orders"]}),
        ),
        wrong: vec![
            ("aud", json!([format!("{base}/userinfo")]), Reason::WrongAudience),
            ("aud", json!(format!("{api}/")), Reason::WrongAudience),
            // Without the slash it is another issuer.
            ("iss", json!(base), Reason::WrongIssuer),
        ],
        builder: Oidc::issuer(issuer.clone()).with_audience(api),
        issuer,
    }
}

/// Okta, a custom authorization server: no `typ`, scopes as a list in `scp`, the client in `cid`.
/// <https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#access-token>
pub(super) fn okta(base: &str, _: &str) -> Provider {
    let (issuer, api) = (format!("{base}/oauth2/default"), "api://default");
    Provider {
        name: "Okta",
        metadata: (
            "/oauth2/default/.well-known/openid-configuration".to_owned(),
            json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/v1/authorize"),
                "token_endpoint": format!("{issuer}/v1/token"),
                "userinfo_endpoint": format!("{issuer}/v1/userinfo"),
                "registration_endpoint": format!("{base}/oauth2/v1/clients"),
                "jwks_uri": format!("{issuer}/v1/keys"),
                "response_types_supported": ["code", "id_token", "code id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "introspection_endpoint": format!("{issuer}/v1/introspect"),
                "revocation_endpoint": format!("{issuer}/v1/revoke"),
                "dpop_signing_alg_values_supported": ["RS256", "ES256"],
            }),
        ),
        keys: ("/oauth2/default/v1/keys".to_owned(), set([signing(&KEYS[0]), signing(&KEYS[1])])),
        header: json!({"kid": kid(0), "alg": "RS256"}),
        claims: claims(
            &issuer,
            json!({"ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE", "aud": api,
                "sub": "alice@example.com", "cid": "nmdP1fcyvdVO11AL7ECm", "uid": "00ujmkLgagxeRrAg20g3",
                "scp": ["openid", "orders.read"], "auth_time": now()}),
        ),
        wrong: vec![
            ("aud", json!("api://other"), Reason::WrongAudience),
            ("iss", json!(base), Reason::WrongIssuer),
        ],
        builder: Oidc::issuer(issuer.clone()).with_audience(api),
        issuer,
    }
}

/// Keycloak: the realm in the path, a key for encryption among those for signatures, roles inside of objects.
/// <https://www.keycloak.org/securing-apps/oidc-layers>, and the set at `/realms/{realm}/protocol/openid-connect/certs`.
pub(super) fn keycloak(base: &str, _: &str) -> Provider {
    let issuer = format!("{base}/realms/shop");
    let oidc = format!("{issuer}/protocol/openid-connect");
    let encryption = merged(certified(&KEYS[1]), json!({"use": "enc", "alg": "RSA-OAEP"}));
    Provider {
        name: "Keycloak",
        metadata: (
            "/realms/shop/.well-known/openid-configuration".to_owned(),
            json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{oidc}/auth"),
                "token_endpoint": format!("{oidc}/token"),
                "introspection_endpoint": format!("{oidc}/token/introspect"),
                "end_session_endpoint": format!("{oidc}/logout"),
                "jwks_uri": format!("{oidc}/certs"),
                "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
                "id_token_signing_alg_values_supported": ["PS384", "ES384", "RS384", "HS256", "HS512", "ES256",
                    "RS256", "HS384", "ES512", "PS256", "PS512", "RS512", "EdDSA"],
                "mtls_endpoint_aliases": {"token_endpoint": format!("{oidc}/token")},
            }),
        ),
        keys: (
            "/realms/shop/protocol/openid-connect/certs".to_owned(),
            set([encryption, certified(&KEYS[0])]),
        ),
        header: json!({"alg": "RS256", "typ": "JWT", "kid": kid(0)}),
        claims: claims(
            &issuer,
            json!({"jti": "trrtcc:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "aud": ["orders", "account"],
                "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "typ": "Bearer", "azp": "shop-web",
                "sid": "aaaaaaaa-bbbb-cccc-dddd-222222222222", "acr": "1", "allowed-origins": ["https://shop.example.com"],
                "realm_access": {"roles": ["offline_access", "buyer"]},
                "resource_access": {"account": {"roles": ["view-profile"]}},
                "scope": "openid email profile", "email_verified": true, "preferred_username": "alice"}),
        ),
        wrong: vec![
            ("aud", json!("account"), Reason::WrongAudience),
            ("iss", json!(format!("{base}/realms/other")), Reason::WrongIssuer),
        ],
        builder: Oidc::issuer(issuer.clone())
            .with_audience("orders")
            .with_rules(|rules| rules.with_roles_at(["realm_access", "roles"])),
        issuer,
    }
}

/// SAP: `jku` in the header of each token, the PEM beside the numbers of a key, scopes as a list.
/// <https://help.sap.com/docs/btp/sap-business-technology-platform/tokens>
pub(super) fn sap(base: &str, _: &str) -> Provider {
    let (issuer, audience) = (format!("{base}/oauth/token"), "orders!t1234");
    let entry = |key: &SigningKey| {
        merged(signing(key), json!({"key_ops": ["verify"], "value": key.verifying_key().to_pem().unwrap()}))
    };
    Provider {
        name: "SAP",
        metadata: (
            "/oauth/token/.well-known/openid-configuration".to_owned(),
            json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{base}/oauth/authorize"),
                "token_endpoint": issuer,
                "token_endpoint_auth_signing_alg_values_supported": ["RS256", "HS256"],
                "jwks_uri": format!("{base}/token_keys"),
                "id_token_signing_alg_values_supported": ["RS256", "HS256"],
                "claims_parameter_supported": false,
            }),
        ),
        keys: ("/token_keys".to_owned(), set([entry(&KEYS[0]), entry(&KEYS[1])])),
        header: json!({"alg": "RS256", "jku": format!("{base}/token_keys"), "kid": kid(0),
            "typ": "JWT", "jid": "opaque"}),
        claims: claims(
            &issuer,
            json!({"jti": "0123456789abcdef0123456789abcdef", "ext_attr": {"enhancer": "XSUAA", "zdn": "example"},
                "sub": "sb-orders!t1234", "authorities": ["uaa.resource"], "scope": ["orders!t1234.read", "uaa.resource"],
                "client_id": "sb-orders!t1234", "cid": "sb-orders!t1234", "azp": "sb-orders!t1234",
                "grant_type": "client_credentials", "zid": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
                "aud": ["uaa", audience, "sb-orders!t1234"]}),
        ),
        wrong: vec![
            ("aud", json!(["uaa", "others!t1234"]), Reason::WrongAudience),
            ("iss", json!(format!("{base}/oauth/token/")), Reason::WrongIssuer),
        ],
        builder: Oidc::issuer(issuer.clone()).with_audience(audience),
        issuer,
    }
}

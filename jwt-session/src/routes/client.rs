//! The clients of `/revoke` and `/introspect`, by HTTP Basic (RFC 6749 §2.3.1), and the two routes.

use core::future::Future;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::request::SimpleHead;
use jwt_core::{BoxFuture, Decision, Verified};
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::body::{Accepts, form_decoded};
use super::login::LoginUnavailable;
use super::request::Kept;
use super::response::{OAuthError, RouteResponse};
use super::{Answered, Routes, decided};
use crate::revocation::Revoked;

/// Members of a token that introspection tells (RFC 7662 §2.2), and the session.
const TOLD: &[&str] =
    &["scope", "client_id", "sub", "aud", "iss", "exp", "iat", "nbf", "jti", "sid", "tenant"];

/// A client that asks for something on its own behalf: a service, with a secret.
pub struct ClientCredentials {
    id: String,
    secret: Zeroizing<String>,
}

impl ClientCredentials {
    /// Its name, not empty.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its secret. To be compared in constant time, by its hash.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// `Basic`, base64, and both halves encoded as in a form (RFC 6749 §2.3.1).
    fn read(request: &Kept) -> Option<Self> {
        let (scheme, encoded) = request.text("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_start_matches(' ')).ok()?);
        let (id, secret) = core::str::from_utf8(&decoded).ok()?.split_once(':')?;
        let (id, secret) = (form_decoded(id.as_bytes())?, form_decoded(secret.as_bytes())?);
        (!id.is_empty()).then(|| Self { id: id.to_string(), secret })
    }
}

/// Shows nothing.
impl core::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ClientCredentials")
    }
}

/// Tells whether a client is who it says it is. A closure will do.
pub trait ClientCheck: Send + Sync + 'static {
    /// Whether the secret is that of the client.
    ///
    /// # Errors
    /// [`LoginUnavailable`] where it cannot be said: 503.
    fn check(&self, client: ClientCredentials) -> BoxFuture<'_, Result<bool, LoginUnavailable>>;
}

impl<F, Fut> ClientCheck for F
where
    F: Fn(ClientCredentials) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<bool, LoginUnavailable>> + Send + 'static,
{
    fn check(&self, client: ClientCredentials) -> BoxFuture<'_, Result<bool, LoginUnavailable>> {
        Box::pin(self(client))
    }
}

impl Routes {
    /// The name of the client, which has proven it.
    async fn authenticated_client(&self, request: &Kept) -> Result<String, RouteResponse> {
        let refused = || {
            let challenge = r#"Basic realm="clients", charset="UTF-8""#;
            RouteResponse::error(401, OAuthError::InvalidClient).with("www-authenticate", challenge)
        };
        let Some(check) = &self.0.clients else { return Err(RouteResponse::absent()) };
        let client = ClientCredentials::read(request).ok_or_else(refused)?;
        let name = client.id.clone();
        let now = self.now();
        let attempt = self.0.client_limits.attempt(self.address(request), &name, now)?;
        match check.check(client).await {
            Ok(true) => {
                attempt.give_back(&self.0.client_limits);
                Ok(name)
            }
            Ok(false) => {
                tracing::info!(
                    event = "client_refused",
                    "a client was refused: no such client, or a wrong secret"
                );
                Err(refused())
            }
            Err(LoginUnavailable) => {
                attempt.give_back(&self.0.client_limits);
                Err(RouteResponse::unavailable())
            }
        }
    }

    /// RFC 7009: takes back a token of the client that asks, and the session that it is of.
    pub(super) async fn revoke(&self, request: Kept) -> Answered {
        let client = self.authenticated_client(&request).await?;
        let members = Self::members(&request, Accepts::Form)?;
        let token = members.text("token").ok_or_else(RouteResponse::malformed)?;
        // Of another client (RFC 7009 §2.1). Whoever holds the token learns nothing new.
        let foreign = || RouteResponse::error(400, OAuthError::InvalidGrant);
        let sessions = &self.0.sessions;
        let session = sessions.session_of(token).await.map_err(|error| Self::broken(&error))?;
        if let Some(session) = session {
            if session.client() != Some(&*client) {
                return Err(foreign());
            }
            sessions.end(session.id()).await.map_err(|error| Self::broken(&error))?;
        } else if let Some(verified) = self.good_token(token).await? {
            if verified.client_id().as_deref() != Some(&*client) {
                return Err(foreign());
            }
            if let Some(id) = verified.token_id() {
                let revoked = sessions.revoke(Revoked::Token(id.to_owned())).await;
                revoked.map_err(|error| Self::broken(&error))?;
            }
        }
        // A token that is worth nothing is as good as taken back (RFC 7009 §2.2).
        Ok(RouteResponse::json(200, &Map::new()))
    }

    /// RFC 7662: tells a service what an access token is worth. A refresh token is worth nothing to it: were it told to
    /// be active, a service would take it for an access token.
    pub(super) async fn introspect(&self, request: Kept) -> Answered {
        #[derive(Serialize)]
        struct Introspection {
            active: bool,
            #[serde(flatten)]
            claims: Map<String, Value>,
        }

        self.authenticated_client(&request).await?;
        let members = Self::members(&request, Accepts::Form)?;
        let token = members.text("token").ok_or_else(RouteResponse::malformed)?;
        let Some(verified) = self.good_token(token).await? else {
            return Ok(RouteResponse::json(200, &Introspection { active: false, claims: Map::new() }));
        };
        let mut claims: Map<String, Value> = serde_json::from_slice(verified.payload()).unwrap_or_default();
        claims.retain(|name, _| TOLD.contains(&&**name));
        claims.insert("token_type".to_owned(), Value::from("Bearer"));
        Ok(RouteResponse::json(200, &Introspection { active: true, claims }))
    }

    /// The access token of ours that a text is, if it is a good one: by the very rules of the request path, revocation
    /// included. One that is bound to a key is not good here, for nobody proves to have the key.
    async fn good_token(&self, token: &str) -> Result<Option<std::sync::Arc<Verified>>, RouteResponse> {
        let head = SimpleHead::get("/").with_field("authorization", format!("Bearer {token}"));
        match decided(self.0.bearer.decide(&head, None)).await {
            Decision::Proceed(proceed) => {
                let verified = proceed.authentication.verified();
                Ok(verified.filter(|verified| self.is_ours(verified)).cloned())
            }
            Decision::Refuse(refusal) if refusal.status() >= 500 => Err(RouteResponse::unavailable()),
            Decision::Refuse(_) => Ok(None),
        }
    }
}

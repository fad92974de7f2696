//! The clients of `/revoke` and `/introspect`, by HTTP Basic (RFC 6749 §2.3.1).

use core::future::Future;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::BoxFuture;
use zeroize::Zeroizing;

use super::Routes;
use super::body::form_decoded;
use super::login::LoginUnavailable;
use super::request::Kept;
use super::response::{OAuthError, RouteResponse};

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
    pub(super) async fn authenticated_client(&self, request: &Kept) -> Result<String, RouteResponse> {
        let refused = || {
            let challenge = r#"Basic realm="clients", charset="UTF-8""#;
            RouteResponse::error(401, OAuthError::InvalidClient).with("www-authenticate", challenge)
        };
        let Some(check) = &self.0.clients else { return Err(RouteResponse::absent()) };
        let client = ClientCredentials::read(request).ok_or_else(refused)?;
        let name = client.id.clone();
        // By address alone: whoever knows the name of a service is not to keep it out.
        let attempt = self.0.client_limits.attempt(self.address(request), "", self.now())?;
        match check.check(client).await {
            Ok(true) => {
                attempt.passed(self.now())?;
                Ok(name)
            }
            Ok(false) => {
                tracing::info!(
                    event = "client_refused",
                    "a client was refused: no such client, or a wrong secret"
                );
                attempt.failed(self.now())?;
                Err(refused())
            }
            Err(LoginUnavailable) => Err(RouteResponse::unavailable()),
        }
    }
}

//! Clients: by their name alone, or with a secret, by HTTP Basic (RFC 6749 §2.3.1).

use core::future::Future;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::BoxFuture;
use jwt_core::request::{Field, single_field};
use zeroize::Zeroizing;

use super::Routes;
use super::body::{Members, form_decoded};
use super::cookies::Mode;
use super::login::LoginUnavailable;
use super::request::Kept;
use super::response::{OAuthError, RouteResponse};
use crate::events::AttemptRefusal;

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

/// Tells whether a client is who it says it is. A closure will do. As a [`Login`](super::Login), a check is made to its end.
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

/// Who asks for tokens, as it says.
pub(super) struct Client {
    name: Option<String>,
    mode: Mode,
    /// What it proves that with, where it does.
    credentials: Option<ClientCredentials>,
}

impl Client {
    /// How it is given its tokens.
    pub(super) const fn mode(&self) -> Mode {
        self.mode
    }
}

fn refused() -> RouteResponse {
    let challenge = r#"Basic realm="clients", charset="UTF-8""#;
    RouteResponse::error(401, OAuthError::InvalidClient).with("www-authenticate", challenge)
}

impl Routes {
    /// The client that a request names, in its body or by HTTP Basic. One with a secret must use the latter.
    pub(super) fn client(&self, request: &Kept, members: &Members) -> Result<Client, RouteResponse> {
        // Where no client has a secret, such a field is somebody else's business: a proxy's in front, for one.
        let credentials = self.0.clients.as_ref().and_then(|_| ClientCredentials::read(request));
        let named = members.text("client_id");
        let name = match (&credentials, named) {
            (Some(credentials), Some(named)) if credentials.id != named => return Err(refused()),
            (Some(credentials), _) => Some(&*credentials.id),
            (None, named) => named,
        };
        let Some(name) = name else { return Ok(Client { name: None, mode: self.0.mode, credentials: None }) };
        if credentials.is_none() && self.0.confidential.contains(name) {
            self.tell_client_refused(request, Some(name), AttemptRefusal::NoCredentials);
            return Err(refused());
        }
        match self.0.modes.get(name) {
            Some(mode) => Ok(Client { name: Some(name.to_owned()), mode: *mode, credentials }),
            None => Err(RouteResponse::error(400, OAuthError::InvalidClient)),
        }
    }

    /// Its name, once it has proven it, where it has something to prove it with.
    pub(super) async fn proven(
        &self,
        request: &Kept,
        client: Client,
    ) -> Result<Option<String>, RouteResponse> {
        if let Some(credentials) = client.credentials {
            self.check_client(request, credentials).await?;
        }
        Ok(client.name)
    }

    /// The name of a client without a secret, which a request may just say where that is enough (RFC 7009 §2.1).
    pub(super) fn public_client<'m>(&self, request: &Kept, members: &'m Members) -> Option<&'m str> {
        if !self.0.revocation_by_public_clients {
            return None;
        }
        let name = members.text("client_id").filter(|name| self.0.modes.contains_key(*name));
        let is_said = single_field(&request.head, "authorization") == Field::Absent;
        name.filter(|name| is_said && !self.0.confidential.contains(*name))
    }

    /// The name of the client, which has proven it.
    pub(super) async fn authenticated_client(&self, request: &Kept) -> Result<String, RouteResponse> {
        let credentials = ClientCredentials::read(request).ok_or_else(|| {
            self.tell_client_refused(request, None, AttemptRefusal::NoCredentials);
            refused()
        })?;
        let name = credentials.id.clone();
        self.check_client(request, credentials).await.map(|()| name)
    }

    async fn check_client(
        &self,
        request: &Kept,
        credentials: ClientCredentials,
    ) -> Result<(), RouteResponse> {
        let Some(check) = &self.0.clients else { return Err(RouteResponse::absent()) };
        let name = credentials.id.clone();
        let tell = |why| self.tell_client_refused(request, Some(&name), why);
        let limited = |_: &RouteResponse| tell(AttemptRefusal::RateLimited);
        let attempt = self.0.client_limits.attempt_of_client(self.address(request), &name, self.now());
        let attempt = attempt.inspect_err(limited)?;
        match check.check(credentials).await {
            Ok(true) => attempt.passed(self.now()).inspect_err(limited),
            Ok(false) => {
                attempt.failed(self.now()).inspect_err(limited)?;
                tell(AttemptRefusal::WrongCredentials);
                Err(refused())
            }
            Err(LoginUnavailable) => {
                tell(AttemptRefusal::Unavailable);
                Err(RouteResponse::unavailable())
            }
        }
    }
}

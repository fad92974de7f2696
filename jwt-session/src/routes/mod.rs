//! Ready-made routes over [`Sessions`]: login, refresh, logout and what belongs to them, once for every framework.
//!
//! An adapter (`axum-jwt` and `actix-jwt`, feature `routes`) shows a request as a [`RouteRequest`] and sends the
//! [`RouteResponse`] as it is. All else is decided here:
//!
//! 1. A path that is not [served](Routes::paths) is 404, another method 405 with `Allow`, a body beyond 16 KiB 413.
//! 2. Whatever carries tokens or names is refused over plain HTTP, but where TLS is said to stand in front, and from this
//!    machine to this machine: by address, by the name in `Host`, and without a field that a proxy adds. A proxy here that
//!    sends on what others sent, under the name `localhost` and without a word of that, cannot be told from a browser.
//! 3. A client is given its tokens in its [`Mode`]: in the body, in cookies, or the refresh token alone in a cookie. A
//!    refresh token that came by cookie never goes out in a body.
//! 4. Cookies are `Secure`, `HttpOnly` and of this host: `__Host-access` (`SameSite=Lax`, `Path=/`),
//!    `__Secure-refresh` (`SameSite=Strict`, the path of the refresh route), and `__Host-refresh-session`, the name of the session
//!    that the refresh token must be of: a token that a sibling domain put there is none. Chromium takes such cookies over
//!    plain HTTP from `localhost` and `127.0.0.1` (seen with 156), so that there is no weaker form for development. A
//!    browser that does not needs TLS there too.
//! 5. What goes by cookie, and a login that sets one, needs [proof of origin](jwt_core::request::ProofOfOrigin).
//! 6. An unknown name and a wrong password have one answer. The eleventh wrong password within a minute is 429, however
//!    many are sent at once; honest attempts at once are none too many.
//! 7. A refresh that ends its session, or finds it ended, clears the cookies; any other refusal may come later than the
//!    cookies of a newer login, and does not. A logout clears them, a 401 of it too where our own page sent it.
//! 8. Errors are those of RFC 6749 §5.2, but where an access token is asked for (`/logout`, `/logout-all`, `/sessions`,
//!    `/csrf`): what is wrong with that is told as on every protected route, by the challenge of RFC 6750 §3. A client is
//!    told nothing of stores and keys, which are 503 and 500.
//! 9. Nothing but the public keys and the metadata may be kept (`Cache-Control: no-store`).
//!
//! ```
//! use jwt_core::request::SimpleHead;
//! use jwt_core::{Algorithm, Issuer, SigningKey, Verifier};
//! use jwt_session::routes::{Credentials, LoginUnavailable, RouteRequest, Routes};
//! use jwt_session::{MemoryStore, NewSession, Sessions};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let key = SigningKey::generate(Algorithm::ES256)?;
//! let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id").build()?;
//! let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id").build()?;
//! let sessions = Sessions::builder(issuer, MemoryStore::new()).open().await?;
//! let login = |credentials: Credentials| async move {
//!     let is_alice = credentials.username() == "alice" && credentials.password() == "correct horse";
//!     Ok::<_, LoginUnavailable>(is_alice.then(|| NewSession::of("alice")))
//! };
//! let routes = Routes::builder(sessions, verifier, login).build()?;
//!
//! let head = SimpleHead::post("/login").with_host("localhost").with_field("Content-Type", "application/json");
//! let request = RouteRequest::new(&head).with_peer([127, 0, 0, 1].into());
//! let right = routes.handle(request.with_body(br#"{"username":"alice","password":"correct horse"}"#)).await;
//! assert_eq!(right.status, 200);
//! let wrong = routes.handle(request.with_body(br#"{"username":"alice","password":"guess"}"#)).await;
//! assert_eq!((wrong.status, &*wrong.body), (400, &br#"{"error":"invalid_grant"}"#[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod body;
mod builder;
mod client;
mod cookies;
mod endpoint;
mod in_flight;
mod introspect;
mod limits;
mod list;
mod login;
mod logout;
mod provider_logout;
mod published;
mod rate_limit;
mod refresh;
mod refused;
mod request;
mod response;
mod revoke;
mod set_cookie;

use core::fmt;
use core::net::IpAddr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jwt_core::request::{CarrierKind, Proof, ProofOfOrigin, RequestHead as _};
use jwt_core::{
    BoxFuture, CsrfKey, Decision, IntoRequestAuth, IssueError, Reason, RequestAuth, Step, Verified,
};
use serde::Serialize;

use self::body::{Accepts, BodyFault, Members};
use self::builder::Addresses;
pub use self::builder::{RoutesBuilder, RoutesError};
pub use self::client::{ClientCheck, ClientCredentials};
pub use self::cookies::Mode;
use self::cookies::SessionCookies;
pub use self::endpoint::Endpoint;
use self::limits::Limits;
pub use self::login::{Credentials, Login, LoginUnavailable};
use self::provider_logout::ProviderLogout;
pub use self::rate_limit::RateLimit;
use self::request::Kept;
pub use self::request::{MOST_BODY, RouteRequest};
use self::response::OAuthError;
pub use self::response::RouteResponse;
use crate::jwks::Jwks;
use crate::session_error::SessionError;
use crate::session_id::SessionId;
use crate::sessions::{SessionTokens, Sessions};
use crate::to_its_end::to_its_end;

/// For pages, a module of JavaScript to be served as it is: `sessionFetch`, which is `fetch` but for a 401 of the page's
/// own server. That is one refresh for all tabs, then one more try. What else it promises is told at its beginning.
///
/// It exists as the file `browser/fetch.js` too. Serve it as `text/javascript`, so that a strict policy of contents
/// (`script-src 'self'`) can stay as it is.
pub const FETCH_JS: &str = include_str!("../../browser/fetch.js");

/// A good answer, or another one.
type Answered = Result<RouteResponse, RouteResponse>;

/// The ready-made routes. Clones are the same routes.
#[derive(Clone)]
pub struct Routes(Arc<Inner>);

struct Inner {
    sessions: Sessions,
    auth: RequestAuth,
    /// The same, for tokens in `Authorization` alone.
    bearer: RequestAuth,
    login: Box<dyn Login>,
    prefix: String,
    /// Of clients that do not say their name.
    mode: Mode,
    modes: BTreeMap<String, Mode>,
    /// The clients that prove who they are.
    confidential: BTreeSet<String>,
    /// The one with the most cookies of all modes, where one has any.
    cookie_mode: Option<Mode>,
    proof_of_login: ProofOfOrigin,
    proof_of_origin: ProofOfOrigin,
    csrf_key: Option<CsrfKey>,
    cookies: SessionCookies,
    tls_in_front: bool,
    keys: Option<Box<dyn Fn() -> Jwks + Send + Sync>>,
    public_origin: Option<String>,
    clients: Option<Box<dyn ClientCheck>>,
    /// Whether a client without a secret may take back its tokens.
    revocation_by_public_clients: bool,
    /// The audiences that a client may ask about, where that is not its own name.
    audiences: BTreeMap<String, BTreeSet<String>>,
    /// Claims that introspection tells beside those that it always does.
    told: BTreeSet<String>,
    provider_logout: Option<ProviderLogout>,
    login_limits: Limits,
    start_limits: Limits,
    refresh_limits: Limits,
    client_limits: Limits,
    /// Not those of clients: whoever sends a bad logout token needs no credentials.
    logout_token_limits: Limits,
    addresses: Addresses,
    /// Whether it was told that an address is not known.
    has_warned: AtomicBool,
}

/// Who asks, by an access token of one of our sessions.
struct User {
    subject: String,
    session: SessionId,
    mode: Mode,
}

impl Routes {
    /// Starts with the sessions, with who says that an access token is good (a [`Verifier`](jwt_core::Verifier), or
    /// rules of one's own), and with who checks passwords.
    ///
    /// Where tokens may stand and what is proof of origin is set here, whatever the rules said of it, and the check of
    /// revocations is added: take [`auth`](Self::auth) for the rest of the application, so that both agree.
    pub fn builder(sessions: Sessions, auth: impl IntoRequestAuth, login: impl Login) -> RoutesBuilder {
        RoutesBuilder::new(sessions, auth.into_request_auth(), Box::new(login))
    }

    /// The rules by which these routes authenticate: for the `JwtAuth` of the rest of the application.
    #[must_use]
    pub fn auth(&self) -> &RequestAuth {
        &self.0.auth
    }

    /// The routes that are served.
    pub fn endpoints(&self) -> impl Iterator<Item = Endpoint> {
        Endpoint::ALL.iter().copied().filter(|endpoint| self.serves(*endpoint))
    }

    /// Their paths in full, with `{id}` for a segment: for a framework's router.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.endpoints().map(|endpoint| self.path(endpoint)).collect()
    }

    /// Answers a request. The future owns what it needs. In a runtime of tokio, what counts as an attempt (a login, a
    /// refresh, what a client proves its name for, a logout token) goes on to its end on a task of its own, also where the
    /// future is dropped, as a server does when the client goes away: so that it counts.
    #[must_use]
    pub fn handle(&self, request: RouteRequest<'_>) -> BoxFuture<'static, RouteResponse> {
        let (routes, request) = (self.clone(), request.keep());
        Box::pin(async move { routes.answer(request).await.unwrap_or_else(|refused| refused) })
    }

    /// What an adapter answers where it finds the routes below another path than their own, at which no browser would send
    /// the refresh cookie: 500, and an error in the log.
    #[must_use]
    pub fn nested(&self) -> RouteResponse {
        tracing::error!(
            prefix = self.0.prefix,
            "the ready-made routes are nested below another path: merge them at the top of the application, and give \
             them their prefix by `with_prefix`"
        );
        RouteResponse::failed()
    }

    async fn answer(&self, request: Kept) -> Answered {
        let path = request.head.path().to_owned();
        let Some((endpoint, id)) = self.find(&path) else { return Err(RouteResponse::absent()) };
        if !endpoint.methods().contains(&request.head.method()) {
            let refused = RouteResponse::error(405, OAuthError::InvalidRequest);
            return Err(refused.with("allow", endpoint.allow()));
        }
        if endpoint.reads_body() && request.body.is_none() {
            return Err(RouteResponse::error(413, OAuthError::InvalidRequest));
        }
        let is_safe = self.0.tls_in_front || request.is_encrypted || request.is_local();
        if endpoint.is_confidential() && !is_safe {
            tracing::warn!(
                path = self.path(endpoint),
                "refused over plain HTTP: where TLS stands in front, say so by `with_tls_in_front`; on this machine, \
                 name it `localhost`, with no proxy between, and with axum serve \
                 `into_make_service_with_connect_info::<SocketAddr>()`"
            );
            return Err(RouteResponse::needs_tls());
        }
        let (routes, id) = (self.clone(), id.to_owned());
        let served = async move { routes.served(endpoint, &id, request).await };
        if !endpoint.is_attempt() {
            return served.await;
        }
        match to_its_end(served).await {
            Ok(answered) => answered,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends.
                Err(_) => Err(RouteResponse::unavailable()),
            },
        }
    }

    async fn served(&self, endpoint: Endpoint, id: &str, request: Kept) -> Answered {
        match endpoint {
            Endpoint::Login => self.login(request).await,
            Endpoint::Refresh => self.refresh(request).await,
            Endpoint::RefreshCsrf => self.refresh_csrf(request).await,
            Endpoint::RefreshLogout => self.refresh_logout(request).await,
            Endpoint::Logout => self.logout(request).await,
            Endpoint::LogoutAll => self.logout_all(request).await,
            Endpoint::Sessions => self.list(request).await,
            Endpoint::Session => self.end_one(request, id).await,
            Endpoint::Csrf => self.csrf(request).await,
            Endpoint::Jwks => self.jwks(&request),
            Endpoint::Metadata => self.metadata(),
            Endpoint::Revoke => self.revoke(request).await,
            Endpoint::Introspect => self.introspect(request).await,
            Endpoint::BackchannelLogout => self.provider_logout(request).await,
        }
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::Login | Endpoint::Refresh | Endpoint::Logout | Endpoint::LogoutAll => true,
            Endpoint::Sessions | Endpoint::Session => true,
            Endpoint::Csrf => self.0.csrf_key.is_some(),
            Endpoint::RefreshCsrf => self.0.csrf_key.is_some() && self.0.cookie_mode.is_some(),
            Endpoint::RefreshLogout => self.0.cookie_mode.is_some(),
            Endpoint::Jwks => self.0.keys.is_some(),
            Endpoint::Metadata => self.0.public_origin.is_some(),
            Endpoint::Revoke | Endpoint::Introspect => self.0.clients.is_some(),
            Endpoint::BackchannelLogout => self.0.provider_logout.is_some(),
        }
    }

    fn path(&self, endpoint: Endpoint) -> String {
        let prefix = if endpoint.is_well_known() { "" } else { &self.0.prefix };
        format!("{prefix}{}", endpoint.path())
    }

    /// The route of a path, and the segment that `{id}` stands for.
    fn find<'p>(&self, path: &'p str) -> Option<(Endpoint, &'p str)> {
        self.endpoints().find_map(|endpoint| {
            let prefix = if endpoint.is_well_known() { "" } else { &self.0.prefix };
            let rest = path.strip_prefix(prefix)?;
            match endpoint.path().strip_suffix("{id}") {
                Some(start) => {
                    let id = rest.strip_prefix(start)?;
                    (!id.is_empty() && !id.contains('/')).then_some((endpoint, id))
                }
                None => (rest == endpoint.path()).then_some((endpoint, "")),
            }
        })
    }

    fn members(request: &Kept, accepts: Accepts) -> Result<Members, RouteResponse> {
        let body = request.body.as_ref().map_or(&[][..], |body| body.as_slice());
        Members::read(request.text("content-type"), body, accepts).map_err(|fault| match fault {
            BodyFault::MediaType => RouteResponse::error(415, OAuthError::InvalidRequest),
            BodyFault::Malformed => RouteResponse::malformed(),
        })
    }

    fn prove_origin_of_login(&self, request: &Kept) -> Result<(), RouteResponse> {
        match self.0.proof_of_login.judge(&request.head, true) {
            Proof::NotNeeded | Proof::Given => Ok(()),
            Proof::NeedsDoubleSubmit(_) | Proof::Refused => Err(self.refuse(Reason::CrossOrigin)),
        }
    }

    async fn user(&self, request: &Kept) -> Result<User, RouteResponse> {
        let step = self.0.auth.decide(&request.head, None);
        let authentication = match decided(step).await {
            Decision::Proceed(proceed) => proceed.authentication,
            Decision::Refuse(refusal) => return Err(RouteResponse::refused(&refusal)),
        };
        let verified = authentication.required().map_err(|refusal| RouteResponse::refused(&refusal))?;
        let session = verified.session_id().and_then(|id| id.parse().ok());
        let (Some(subject), Some(session), true) = (verified.subject(), session, self.is_ours(verified))
        else {
            // Good, but of no session: somebody else's user may have the same name.
            return Err(RouteResponse::refused(&authentication.forbid()));
        };
        let mode = match verified.client_id().and_then(|client| self.0.modes.get(&*client)) {
            _ if authentication.carrier() == Some(CarrierKind::Cookie) => Mode::Cookies,
            Some(mode) => *mode,
            None => self.0.mode,
        };
        Ok(User { subject: subject.to_owned(), session, mode })
    }

    /// Whether our own issuer made a token.
    fn is_ours(&self, verified: &Verified) -> bool {
        verified.issuer() == Some(self.0.sessions.issuer_name())
    }

    /// What is wrong with cookies, to a client that presents no access token.
    fn refuse(&self, reason: Reason) -> RouteResponse {
        let refusal = self.0.auth.refuse(&reason.into());
        let mut response = RouteResponse::invalid_request(refusal.status(), refusal.answer().description());
        response.headers.extend(refusal.fields_of_response(false));
        response
    }

    /// RFC 6749 §5.1, and the cookies.
    fn tokens(&self, mode: Mode, tokens: &SessionTokens) -> Answered {
        #[derive(Serialize)]
        struct Body<'t> {
            #[serde(skip_serializing_if = "Option::is_none")]
            access_token: Option<&'t str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            token_type: Option<&'t str>,
            expires_in: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            refresh_token: Option<&'t str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            scope: Option<&'t str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            csrf_token: Option<String>,
        }

        let has_access = matches!(mode, Mode::Json | Mode::Mixed);
        let body = Body {
            access_token: has_access.then(|| tokens.access_token()),
            token_type: has_access.then_some("Bearer"),
            expires_in: tokens.lifetime().as_secs(),
            refresh_token: matches!(mode, Mode::Json).then(|| tokens.refresh_token()),
            scope: tokens.scope(),
            csrf_token: match &self.0.csrf_key {
                Some(key) if mode.has_cookies() => Some(Self::double_submit(key, tokens.session())?),
                _ => None,
            },
        };
        let cookies = self.0.cookies.set(mode, tokens, self.now()).map_err(|fault| {
            tracing::error!(%fault, "a token does not fit into its cookie: give it fewer or shorter claims");
            RouteResponse::failed()
        })?;
        Ok(RouteResponse::json(200, &body).with("pragma", "no-cache").with_cookies(cookies))
    }

    /// The value that a page repeats where it cannot prove otherwise whose it is.
    fn double_submit(key: &CsrfKey, session: SessionId) -> Result<String, RouteResponse> {
        key.issue(&session.to_string()).map_err(|error| {
            tracing::error!(%error, "no double-submit value was made");
            RouteResponse::failed()
        })
    }

    /// What is no fault of the client's. Cookies stay as they are.
    fn broken(error: &SessionError) -> RouteResponse {
        let code = error.code();
        match error {
            SessionError::Refused(_) => RouteResponse::error(400, OAuthError::InvalidGrant),
            SessionError::Store(_) => {
                let error: &dyn std::error::Error = error;
                tracing::warn!(code, error, "the store of sessions failed");
                RouteResponse::unavailable()
            }
            SessionError::RevokedMeanwhile => {
                tracing::info!(
                    code,
                    "a login was overtaken by a logout everywhere or the like: to be tried again"
                );
                RouteResponse::unavailable()
            }
            // A key that is elsewhere may answer a moment later.
            SessionError::Issue(IssueError::Sign(_)) => {
                let error: &dyn std::error::Error = error;
                tracing::error!(code, error, "the signer failed");
                RouteResponse::unavailable()
            }
            SessionError::NotSigned(cause) if cause.is_unavailable() => {
                let error: &dyn std::error::Error = error;
                tracing::warn!(code, error, "whoever holds the key did not sign");
                RouteResponse::unavailable()
            }
            SessionError::Issue(_)
            | SessionError::NotSigned(_)
            | SessionError::NoRandomBits
            | SessionError::Setting { .. }
            | SessionError::Unfit { .. } => {
                let error: &dyn std::error::Error = error;
                tracing::error!(code, error, "a session was not served");
                RouteResponse::failed()
            }
        }
    }

    fn address(&self, request: &Kept) -> Option<IpAddr> {
        let address = match &self.0.addresses {
            Addresses::Peer => request.peer,
            Addresses::Found(address_of) => address_of(&request.head, request.peer),
            Addresses::Unknown => return None,
        };
        if address.is_none() && !self.0.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                event = "address_unknown",
                "the address of a client is not known, and no limit by address holds for it: with axum serve \
                 `into_make_service_with_connect_info::<SocketAddr>()`, behind a proxy see to it that the field of \
                 `with_address_field` is set; this is told once"
            );
        }
        address
    }

    fn now(&self) -> Duration {
        self.0.sessions.now()
    }
}

async fn decided(step: Step) -> Decision {
    match step {
        Step::Decided(decision) => decision,
        Step::Wait(decision) => decision.await,
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("paths", &self.paths()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

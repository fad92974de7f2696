//! Routes over a store that can be made to fail, on a clock that can be set.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jwt_core::request::{AllowedOrigins, SimpleHead};
use jwt_core::{
    Algorithm, CsrfKey, HmacSecret, Issuer, KeySet, ManualClock, Profile, RequestAuth, SigningKey, Verifier,
};

use crate::routes::*;
use crate::session::Session;
use crate::store::{Change, LogPage, Of, Scope, SessionStore, StoreError, StoreErrorKind};
use crate::{MemoryStore, NewSession, SecurityEvent};

pub(super) const START: u64 = 1_800_000_000;
pub(super) const ORIGIN: &str = "https://id.example.com";

/// A store that says no where it is told to.
#[derive(Clone)]
pub(super) struct Moody {
    store: MemoryStore,
    fails: Arc<AtomicBool>,
}

impl Moody {
    fn mood(&self) -> Result<(), StoreError> {
        let fails = self.fails.load(Ordering::Relaxed);
        if fails { Err(StoreError::new(StoreErrorKind::Failed)) } else { Ok(()) }
    }
}

impl SessionStore for Moody {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            self.mood()?;
            self.store.transact(scope, change).await
        })
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        Box::pin(async move {
            self.mood()?;
            self.store.sessions(of, after, most).await
        })
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.store.revocations(after, most)
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.store.remove_expired()
    }
}

pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) issuer: Issuer,
    pub(super) key: SigningKey,
    pub(super) sessions: Sessions,
    pub(super) auth: RequestAuth,
    pub(super) routes: Routes,
    pub(super) provider: Provider,
    pub(super) fails: Arc<AtomicBool>,
    pub(super) events: Arc<Mutex<Vec<SecurityEvent>>>,
}

/// An identity provider: who signs its logout tokens, and who verifies them.
#[derive(Clone)]
pub(super) struct Provider {
    issuer: Issuer,
    verifier: Verifier,
}

pub(super) const PROVIDER: &str = "https://login.example";
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Provider {
    fn new(clock: &ManualClock) -> Self {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let issuer = Issuer::builder().with_key(key.clone()).with_audience("us").with_issuer(PROVIDER);
        let issuer = issuer.with_profile(Profile::LogoutToken).build().unwrap().with_clock(clock.clone());
        let verifier = Verifier::builder().with_key(&key).with_audience("us").with_issuer(PROVIDER);
        let verifier = verifier.with_profile(Profile::LogoutToken).build().unwrap().with_clock(clock.clone());
        Self { issuer, verifier }
    }

    pub(super) fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    /// The body of a request with a logout token.
    pub(super) fn logout(&self, subject: Option<&str>, session_id: Option<&str>) -> String {
        let token = self.issuer.token().with_claim("events", &serde_json::json!({ LOGOUT_EVENT: {} }));
        let token = subject.into_iter().fold(token, |token, subject| token.with_subject(subject));
        let token = session_id.into_iter().fold(token, |token, id| token.with_session_id(id));
        format!("logout_token={}", token.sign().unwrap())
    }
}

/// Whatever there is, with clients `app` (JSON), `spa` (cookies) and `page` (mixed), and JSON for who has no name.
pub(super) async fn world() -> World {
    world_of(|builder| builder).await
}

pub(super) async fn world_of(set_up: impl FnOnce(RoutesBuilder) -> RoutesBuilder) -> World {
    let clock = ManualClock::at(START);
    let fails = Arc::new(AtomicBool::new(false));
    let store = Moody { store: MemoryStore::new().with_clock(clock.clone()), fails: fails.clone() };
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer(ORIGIN);
    let issuer = issuer.build().unwrap().with_clock(clock.clone());
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer(ORIGIN);
    let verifier = verifier.build().unwrap().with_clock(clock.clone());
    let auth = RequestAuth::new(verifier);
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let sessions = Sessions::builder(issuer.clone(), store).with_clock(clock.clone());
    let sessions =
        sessions.with_events(move |event: &SecurityEvent| sink.lock().unwrap().push(event.clone()));
    let sessions = sessions.open().await.unwrap();
    let provider = Provider::new(&clock);
    let subject_of = |_: &str, subject: &str| (subject != "stranger").then(|| subject.to_owned());
    let builder = builder(&sessions, &auth).with_provider_logout(provider.verifier.clone(), subject_of);
    let routes = set_up(builder).build().unwrap();
    World { clock, issuer, key, sessions, auth, routes, provider, fails, events }
}

/// The tag of a set without keys.
pub(super) const ETAG: &str = "\"ljjRGRRzXQByAC3U1nxzSpTuegzYRebcvJhO51gYYKc\"";

/// The set of a service whose keys are secrets.
fn no_keys() -> Jwks {
    let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
    let secret = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    Jwks::of(&KeySet::new([secret.verifying_key()]).unwrap(), Duration::from_secs(300)).unwrap()
}

pub(super) fn builder(sessions: &Sessions, auth: &RequestAuth) -> RoutesBuilder {
    let csrf_key = CsrfKey::new(&HmacSecret::generate(Algorithm::HS256).unwrap()).unwrap();
    Routes::builder(sessions.clone(), auth.clone(), login)
        .with_client("app", Mode::Json)
        .with_client("spa", Mode::Cookies)
        .with_client("page", Mode::Mixed)
        .with_origins(AllowedOrigins::new([ORIGIN]).unwrap())
        .with_csrf_key(csrf_key)
        .with_public_origin(ORIGIN)
        .with_keys(no_keys)
        .with_client_check(clients)
        .with_tls_in_front()
        .with_address(|_, peer| peer)
}

/// A name is its own password; some names are made of trouble.
async fn login(credentials: Credentials) -> Result<Option<NewSession>, LoginUnavailable> {
    // As a password hash would, in a thread of its own.
    tokio::task::yield_now().await;
    let name = credentials.username();
    let new = NewSession::of(name).with_scope("read write");
    match name {
        "outage" => Err(LoginUnavailable),
        "unfit" => Ok(Some(NewSession::of(""))),
        "huge" => {
            let claims = BTreeMap::from([("blob", "x".repeat(2_000))]);
            Ok(Some(new.with_scope("s".repeat(1_000)).with_claims(&claims)))
        }
        name => Ok((credentials.password() == name).then_some(new)),
    }
}

async fn clients(client: ClientCredentials) -> Result<bool, LoginUnavailable> {
    tokio::task::yield_now().await;
    match client.id() {
        "outage" => Err(LoginUnavailable),
        id => Ok(client.secret() == id),
    }
}

pub(super) const JSON: (&str, &str) = ("Content-Type", "application/json");
pub(super) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
pub(super) const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

impl World {
    pub(super) fn break_store(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    /// A token of our own with these members beside those that every token has, however they are written.
    pub(super) fn signed(&self, members: &str) -> String {
        let expiry = START + 60;
        let claims = format!(
            r#"{{"iss":"{ORIGIN}","aud":["api"],"sub":"alice","jti":"1","iat":{START},"exp":{expiry}{members}}}"#
        );
        let [header, claims] =
            [r#"{"alg":"ES256","typ":"at+jwt"}"#, &claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let message = format!("{header}.{claims}");
        let mut signature = Vec::new();
        self.key.sign(message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> RouteResponse {
        let head = fields
            .iter()
            .fold(SimpleHead::new(method, path), |head, (name, value)| head.with_field(name, *value));
        let head = head.with_host("id.example.com");
        let request = RouteRequest::new(&head).with_peer([192, 0, 2, 7].into());
        self.routes.handle(request.with_body(body.as_ref())).await
    }

    /// The answer to a login; the name is its own password.
    pub(super) async fn login(&self, name: &str, client: &str) -> RouteResponse {
        let body = format!(r#"{{"username":"{name}","password":"{name}","client_id":"{client}"}}"#);
        let response = self.send("POST", "/login", &[JSON, OURS], body).await;
        assert_eq!(response.status, 200, "{}", text(&response));
        response
    }
}

pub(super) fn text(response: &RouteResponse) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

/// A member of a body.
pub(super) fn member(response: &RouteResponse, name: &str) -> String {
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
}

pub(super) fn bearer(response: &RouteResponse) -> String {
    format!("Bearer {}", member(response, "access_token"))
}

pub(super) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

pub(super) fn values<'r>(response: &'r RouteResponse, name: &str) -> Vec<&'r str> {
    response.headers.iter().filter(|field| field.name == name).map(|field| &*field.value).collect()
}

/// What a browser sends along after this response: the cookie of this name.
pub(super) fn cookie(response: &RouteResponse, name: &str) -> String {
    let set = values(response, "set-cookie");
    let cookie = set.iter().find(|cookie| cookie.starts_with(&format!("{name}=")));
    let cookie = cookie.unwrap_or_else(|| panic!("no {name} in {set:?}"));
    cookie.split(';').next().unwrap().to_owned()
}

/// Cookies as this browser has them: with the name of the session that a refresh token among them is of.
pub(super) fn with_session(cookies: &str) -> String {
    let token = cookies.find("rt_").and_then(|start| cookies.get(start..)?.split(';').next());
    match token.and_then(crate::refresh_token::RefreshToken::parse) {
        Some(token) => format!("{cookies}; __Host-refresh-session={}", token.session),
        None => cookies.to_owned(),
    }
}

/// The names of the cookies that a response clears.
pub(super) fn cleared(response: &RouteResponse) -> Vec<&str> {
    let set = values(response, "set-cookie").into_iter().filter(|cookie| cookie.contains("; Max-Age=0;"));
    set.map(|cookie| cookie.split('=').next().unwrap()).collect()
}

pub(super) async fn guess(world: &World, name: &str, password: &str) -> RouteResponse {
    let body = format!(r#"{{"username":"{name}","password":"{password}"}}"#);
    world.send("POST", "/login", &[JSON], body).await
}

/// Polls all of them in turn, until all are ready.
pub(super) async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    core::future::poll_fn(|context| {
        for (future, output) in futures.iter_mut().filter(|(_, output)| output.is_none()) {
            if let core::task::Poll::Ready(ready) = future.as_mut().poll(context) {
                *output = Some(ready);
            }
        }
        if futures.iter().all(|(_, output)| output.is_some()) {
            return core::task::Poll::Ready(());
        }
        core::task::Poll::Pending
    })
    .await;
    futures.into_iter().map(|(_, output)| output.unwrap()).collect()
}

//! The ready-made routes over sockets, on a store that misbehaves where it is told to.

use core::future::poll_fn;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Poll;
use core::time::Duration;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::request::{AllowedOrigins, SimpleHead};
use jwt_core::{Algorithm, BoxFuture, CsrfKey, HmacSecret, Issuer, ManualClock, SigningKey, Verifier};
use jwt_session::routes::{
    ClientCredentials, Credentials, LoginUnavailable, Mode, RateLimit, RouteRequest, RouteResponse, Routes,
    RoutesBuilder,
};
use jwt_session::store::{Change, LogPage, Of, Scope, SessionStore, StoreError, StoreErrorKind};
use jwt_session::{
    KeyEncryptionKey, KeyRing, MemoryStore, NewSession, SecurityEvent, Session, SessionId, Sessions,
    SessionsBuilder,
};
#[cfg(feature = "sqlite")]
use jwt_store::SqliteStore;
use tests::server::Framework;
use tests::wire::{Request, Response, exchange};
use tokio::sync::oneshot;

use crate::routes::world::member;

/// A service that asks what tokens are worth. Its name is its secret.
pub(super) const SERVICE: &str = "canary-service-and-secret-2f6a9c1e";
pub(super) const START: u64 = 1_800_000_000;
pub(super) const ORIGIN: &str = "https://id.example.com";
pub(super) const JSON: (&str, &str) = ("Content-Type", "application/json");
pub(super) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
pub(super) const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// What a store does instead of its work, or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    /// Says no.
    Fails(StoreErrorKind),
    /// Never answers.
    Silent,
    /// Does what it is told, and says that it did not.
    WritesAndFails,
    /// Does what it is told, and never says so.
    WritesAndIsSilent,
}

/// A store that hands over to others at every step.
#[derive(Clone)]
pub(super) struct Moody {
    store: Arc<dyn SessionStore>,
    mood: Arc<Mutex<Mood>>,
    written: Arc<AtomicUsize>,
}

impl Moody {
    pub(super) fn new(store: impl SessionStore) -> Self {
        Self { store: Arc::new(store), mood: Arc::new(Mutex::new(Mood::Good)), written: Arc::default() }
    }

    async fn begin(&self) -> Result<Mood, StoreError> {
        tokio::task::yield_now().await;
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Fails(kind) => Err(kind.into()),
            Mood::Silent => core::future::pending().await,
            Mood::Good | Mood::WritesAndFails | Mood::WritesAndIsSilent => Ok(mood),
        }
    }
}

impl SessionStore for Moody {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            let mood = self.begin().await?;
            self.store.transact(scope, change).await?;
            self.written.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            match mood {
                Mood::WritesAndFails => Err(StoreErrorKind::Unavailable.into()),
                Mood::WritesAndIsSilent => core::future::pending().await,
                Mood::Good | Mood::Fails(_) | Mood::Silent => Ok(()),
            }
        })
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        Box::pin(async move {
            self.begin().await?;
            let read = self.store.sessions(of, after, most).await;
            tokio::task::yield_now().await;
            read
        })
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.store.revocations(after, most)
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.store.remove_expired()
    }
}

/// How a house is built.
#[derive(Clone)]
pub(super) struct Plan {
    /// Seconds.
    pub(super) grace: u64,
    /// Attempts within a minute.
    pub(super) limit: u16,
    pub(super) patience: Duration,
    /// Where sessions are kept; in memory where there is no file.
    pub(super) file: Option<PathBuf>,
    /// Whether the keys rotate.
    pub(super) rotates: bool,
    pub(super) audience: &'static str,
    /// A new one where there is none.
    pub(super) key: Option<SigningKey>,
    /// Whether sessions have their tasks.
    pub(super) upkeep: bool,
}

impl Default for Plan {
    fn default() -> Self {
        let patience = Duration::from_secs(5);
        let (file, key) = (None, None);
        Self { grace: 30, limit: 255, patience, file, rotates: false, audience: "api", key, upkeep: true }
    }
}

/// What a client was given.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl Tokens {
    pub(super) fn of(response: &Response) -> Self {
        assert_eq!(response.status, 200, "{}", response.text());
        Self { access: member(response, "access_token"), refresh: member(response, "refresh_token") }
    }

    pub(super) fn of_routes(response: &RouteResponse) -> Self {
        assert_eq!(response.status, 200);
        let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// Who signs, who verifies, and what keeps the sessions: all but the server.
pub(super) struct Household {
    pub(super) clock: ManualClock,
    pub(super) issuer: Issuer,
    pub(super) sessions: Sessions,
    pub(super) routes: Routes,
    pub(super) ring: Option<KeyRing>,
    pub(super) events: Arc<Mutex<Vec<SecurityEvent>>>,
    store: Moody,
}

impl Household {
    pub(super) async fn of(plan: &Plan) -> Self {
        let clock = ManualClock::at(START);
        let memory = MemoryStore::new().with_clock(clock.clone());
        let store = match &plan.file {
            None => Moody::new(memory.clone()),
            #[cfg(not(feature = "sqlite"))]
            Some(_) => Moody::new(memory.clone()),
            #[cfg(feature = "sqlite")]
            Some(file) => {
                let store = SqliteStore::at(file).with_clock(clock.clone()).open().await.unwrap();
                store.migrate().await.unwrap();
                Moody::new(store)
            }
        };
        let (audience, dials) = (plan.audience, clock.clone());
        let issuer = move |key: SigningKey| {
            let builder = Issuer::builder().with_key(key).with_audience(audience).with_issuer(ORIGIN);
            builder.build().map(|issuer| issuer.with_clock(dials.clone()))
        };
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = events.clone();
        let set_up = |builder: SessionsBuilder| {
            let builder = if plan.upkeep { builder } else { builder.without_upkeep() };
            builder
                .with_clock(clock.clone())
                .with_grace(Duration::from_secs(plan.grace))
                .with_patience(plan.patience)
                .with_events(move |event: &SecurityEvent| sink.lock().unwrap().push(event.clone()))
                .open()
        };
        let verifier = Verifier::builder();
        let (first, sessions, verifier, ring) = if plan.rotates {
            let sealing = KeyEncryptionKey::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap();
            let ring = KeyRing::builder(ORIGIN, Algorithm::ES256, memory).with_key_encryption_key(sealing);
            let ring = ring.with_clock(clock.clone()).with_max_age(Duration::from_secs(600));
            let ring = ring.with_clock_difference(Duration::ZERO).with_period(Duration::from_secs(3_600));
            let ring = ring.open(issuer).await.unwrap();
            let sessions = set_up(Sessions::builder(ring.clone(), store.clone())).await.unwrap();
            (ring.issuer().unwrap(), sessions, verifier.with_live_keys(ring.verifying_keys()), Some(ring))
        } else {
            let key = plan.key.clone();
            let key = key.unwrap_or_else(|| SigningKey::generate(Algorithm::ES256).unwrap());
            let issuer = issuer(key.clone()).unwrap();
            let sessions = set_up(Sessions::builder(issuer.clone(), store.clone())).await.unwrap();
            (issuer, sessions, verifier.with_key(&key), None)
        };
        let verifier = verifier.with_audience(audience).with_issuer(ORIGIN).build().unwrap();
        let routes = routes(&sessions, verifier.with_clock(clock.clone()), audience, plan.limit);
        let routes = match ring.clone() {
            Some(ring) => routes.with_keys(move || ring.jwks()),
            None => routes,
        };
        let routes = routes.build().unwrap();
        Self { clock, issuer: first, sessions, routes, ring, events, store }
    }
}

impl Household {
    /// Asks the routes themselves, for which each framework waits.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> RouteResponse {
        self.ask_for(method, path, fields, body, usize::MAX).await.unwrap()
    }

    /// As [`ask`](Self::ask), given up after so many polls.
    pub(super) async fn ask_for(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
        polls: usize,
    ) -> Option<RouteResponse> {
        let head = SimpleHead::new(method, path).with_host("localhost");
        let head = fields.iter().fold(head, |head, (name, value)| head.with_field(name, *value));
        let request = RouteRequest::new(&head).with_peer([127, 0, 0, 1].into());
        let mut answer = self.routes.handle(request.with_body(body.as_bytes()));
        let mut left = polls;
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            answer.as_mut().poll(context).map(Some)
        })
        .await
    }

    pub(super) fn set_mood(&self, mood: Mood) {
        *self.store.mood.lock().unwrap() = mood;
    }
}

fn routes(sessions: &Sessions, verifier: Verifier, audience: &str, limit: u16) -> RoutesBuilder {
    let csrf_key = CsrfKey::new(&HmacSecret::generate(Algorithm::HS256).unwrap()).unwrap();
    let limit = RateLimit::new(limit, Duration::from_secs(60));
    Routes::builder(sessions.clone(), verifier, login)
        .with_prefix("/auth")
        .with_client("app", Mode::Json)
        .with_client("spa", Mode::Cookies)
        .with_client("page", Mode::Mixed)
        .with_origins(AllowedOrigins::new([ORIGIN]).unwrap())
        .with_csrf_key(csrf_key)
        .with_client_check(clients)
        .with_client_audience("app", audience)
        .with_client_audience(SERVICE, audience)
        .with_login_limit(limit)
        .with_refresh_limit(limit)
}

/// A name is its own password.
async fn login(credentials: Credentials) -> Result<Option<NewSession>, LoginUnavailable> {
    let name = credentials.username();
    Ok((credentials.password() == name).then(|| NewSession::of(name).with_scope("read write")))
}

async fn clients(client: ClientCredentials) -> Result<bool, LoginUnavailable> {
    Ok(client.secret() == client.id())
}

/// A household behind a server of several threads, which is stopped when it is dropped.
pub(super) struct House {
    pub(super) inside: Household,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl House {
    pub(super) fn new(framework: Framework, plan: &Plan) -> Self {
        let mut runtime = match framework {
            Framework::Axum => tokio::runtime::Builder::new_multi_thread(),
            // It has threads of its own.
            _ => tokio::runtime::Builder::new_current_thread(),
        };
        let runtime = runtime.enable_all().build().unwrap();
        let inside = runtime.block_on(Household::of(plan));
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let routes = inside.routes.clone();
        let thread = thread::spawn(move || match framework {
            Framework::Tower => panic!("tower alone has no router"),
            Framework::Axum => runtime.block_on(axum(listener, routes, stopped)),
            Framework::Actix => runtime.block_on(actix(listener, routes, stopped)),
        });
        Self { inside, address, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.inside.clock.advance(seconds);
    }

    pub(super) fn set_mood(&self, mood: Mood) {
        self.inside.set_mood(mood);
    }

    /// Transactions that were done.
    pub(super) fn written(&self) -> usize {
        self.inside.store.written.load(Ordering::SeqCst)
    }

    pub(super) fn codes(&self) -> Vec<&'static str> {
        self.inside.events.lock().unwrap().iter().map(SecurityEvent::code).collect()
    }

    pub(super) fn send(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Response {
        exchange(self.address, &request(method, path, fields, body))
    }

    pub(super) fn post(&self, path: &str, fields: &[(&str, &str)], body: &str) -> Response {
        self.send("POST", path, fields, body)
    }

    /// A login by the app; the name is its own password.
    pub(super) fn login(&self, name: &str) -> Tokens {
        let body = format!("username={name}&password={name}&client_id=app");
        Tokens::of(&self.post("/auth/login", &[FORM], &body))
    }

    pub(super) fn refresh(&self, token: &str) -> Response {
        self.post("/auth/refresh", &[FORM], &refresh_body(token))
    }

    pub(super) fn me(&self, access: &str) -> u16 {
        self.send("GET", "/me", &[("Authorization", &format!("Bearer {access}"))], "").status
    }
}

pub(super) fn refresh_body(token: &str) -> String {
    format!("grant_type=refresh_token&client_id=app&refresh_token={token}")
}

pub(super) fn basic(id: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{id}")))
}

/// What a client on this machine sends.
pub(super) fn request(method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Request {
    let request = Request::bare(method, path).with("Host", "localhost").with("Connection", "close");
    let request = fields.iter().fold(request, |request, (name, value)| request.with(name, value));
    match body {
        "" => request,
        body => request.with("Content-Length", body.len().to_string()).body(body.as_bytes()),
    }
}

/// Waits for what needs no server.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // What went wrong in there has failed a test already.
            let _ = thread.join();
        }
    }
}

async fn axum(listener: TcpListener, routes: Routes, stopped: oneshot::Receiver<()>) {
    use axum::Router;
    use axum::routing::get;

    let auth = axum_jwt::JwtAuth::new(routes.auth().clone());
    let me = async |user: axum_jwt::Claims| user.sub.clone().unwrap_or_default();
    let app = Router::new().route("/me", get(me)).layer(auth).merge(axum_jwt::session_routes(routes));
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let serving = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>());
    let stop = async {
        let _ = stopped.await;
    };
    serving.with_graceful_shutdown(stop).await.unwrap();
}

async fn actix(listener: TcpListener, routes: Routes, stopped: oneshot::Receiver<()>) {
    use actix_web::{App, HttpServer, web};

    async fn me(user: actix_jwt::Claims) -> String {
        user.sub.clone().unwrap_or_default()
    }

    let app = move || {
        let auth = actix_jwt::JwtAuth::new(routes.auth().clone());
        let own = web::resource("/me").wrap(auth).to(me);
        App::new().service(actix_jwt::session_routes(routes.clone())).service(own)
    };
    let server = HttpServer::new(app).workers(4).disable_signals().shutdown_timeout(1);
    let server = server.listen(listener).unwrap().run();
    let handle = server.handle();
    let stop = async {
        let _ = stopped.await;
        handle.stop(true).await;
    };
    tokio::join!(server, stop).0.unwrap();
}

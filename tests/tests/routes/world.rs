//! The ready-made routes in an application of each framework, over a store that fails when it is told to.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use axum_jwt::Claims;
use jwt_core::request::AllowedOrigins;
use jwt_core::{
    Algorithm, BoxFuture, CsrfKey, HmacSecret, Issuer, KeySet, ManualClock, Profile, RequestAuth, SigningKey,
    Verifier,
};
use jwt_session::routes::{ClientCredentials, Credentials, LoginUnavailable, Mode, Routes};
use jwt_session::store::{Change, LogPage, Of, Scope, SessionStore, StoreError, StoreErrorKind};
use jwt_session::{Jwks, MemoryStore, NewSession, Session, SessionId, Sessions};
use tests::server::Framework;
use tests::wire::{Request, Response, exchange};
use tokio::sync::oneshot;

/// The frameworks that have the routes.
pub(crate) const FRAMEWORKS: [Framework; 2] = [Framework::Axum, Framework::Actix];
const ORIGIN: &str = "https://id.example.com";
const PROVIDER: &str = "https://login.example";
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A store in memory that fails for as long as it is told to.
#[derive(Clone)]
pub(crate) struct Moody {
    store: MemoryStore,
    fails: Arc<AtomicBool>,
}

impl Moody {
    pub(crate) fn new(store: MemoryStore, fails: &Arc<AtomicBool>) -> Self {
        Self { store, fails: Arc::clone(fails) }
    }

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

/// A server that is stopped when it is dropped.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    address: SocketAddr,
    fails: Arc<AtomicBool>,
    /// Who signs the logout tokens of an identity provider.
    provider: Issuer,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl World {
    /// An application with one route of its own, `GET /me`, and with clients `app` (JSON), `spa` (cookies) and `page`
    /// (mixed).
    pub(crate) fn start(framework: Framework) -> Self {
        let clock = ManualClock::at(1_800_000_000);
        let fails = Arc::new(AtomicBool::new(false));
        let store = Moody::new(MemoryStore::new().with_clock(clock.clone()), &fails);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (routes, provider) = runtime.block_on(routes(&clock, store));
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || match framework {
            Framework::Tower => panic!("tower alone has no router"),
            Framework::Axum => runtime.block_on(axum(listener, routes, stopped)),
            Framework::Actix => runtime.block_on(actix(listener, routes, stopped)),
        });
        Self { clock, address, fails, provider, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn break_store(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    /// What an identity provider sends when a subject has logged out there.
    pub(crate) fn logout_of(&self, subject: &str) -> String {
        let event = serde_json::json!({ LOGOUT_EVENT: {} });
        let token = self.provider.token().with_subject(subject).with_claim("events", &event);
        format!("logout_token={}", token.sign().unwrap())
    }

    /// Sends what a client on this machine sends.
    pub(crate) fn send(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Response {
        self.send_to("localhost", method, path, fields, body)
    }

    pub(crate) fn send_to(
        &self,
        host: &str,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let request = Request::bare(method, path).with("Host", host).with("Connection", "close");
        let request = fields.iter().fold(request, |request, (name, value)| request.with(name, value));
        let request = match body {
            "" => request,
            body => request.with("Content-Length", body.len().to_string()).body(body.as_bytes()),
        };
        exchange(self.address, &request)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // What went wrong in there has failed a test already.
            let _ = thread.join();
        }
    }
}

/// The routes alone.
pub(crate) async fn routes_alone() -> Routes {
    let clock = ManualClock::at(1_800_000_000);
    let store = MemoryStore::new().with_clock(clock.clone());
    routes(&clock, Moody::new(store, &Arc::default())).await.0
}

/// The routes, and the issuer of the identity provider that they listen to.
async fn routes(clock: &ManualClock, store: Moody) -> (Routes, Issuer) {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let provider = Issuer::builder().with_key(key.clone()).with_audience("us").with_issuer(PROVIDER);
    let provider = provider.with_profile(Profile::LogoutToken).build().unwrap().with_clock(clock.clone());
    let of_provider = Verifier::builder().with_key(&key).with_audience("us").with_issuer(PROVIDER);
    let of_provider = of_provider.with_profile(Profile::LogoutToken).build().unwrap();
    let of_provider = of_provider.with_clock(clock.clone());
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer(ORIGIN);
    let issuer = issuer.build().unwrap().with_clock(clock.clone());
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer(ORIGIN);
    let verifier = verifier.build().unwrap().with_clock(clock.clone());
    let sessions = Sessions::builder(issuer, store).with_clock(clock.clone()).open().await.unwrap();
    let csrf_key = CsrfKey::new(&HmacSecret::generate(Algorithm::HS256).unwrap()).unwrap();
    let routes = Routes::builder(sessions, RequestAuth::new(verifier), login)
        .with_prefix("/auth")
        .with_client("app", Mode::Json)
        .with_client("spa", Mode::Cookies)
        .with_client("page", Mode::Mixed)
        .with_origins(AllowedOrigins::new([ORIGIN]).unwrap())
        .with_csrf_key(csrf_key)
        .with_public_origin(ORIGIN)
        .with_keys(no_keys)
        .with_client_check(clients)
        .with_provider_logout(of_provider, |_, subject| Some(subject.to_owned()))
        .build()
        .unwrap();
    (routes, provider)
}

/// The tag of a set without keys.
pub(crate) const ETAG: &str = "\"ljjRGRRzXQByAC3U1nxzSpTuegzYRebcvJhO51gYYKc\"";

/// The set of a service whose keys are secrets.
fn no_keys() -> Jwks {
    let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
    let secret = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    Jwks::of(&KeySet::new([secret.verifying_key()]).unwrap(), Duration::from_secs(300)).unwrap()
}

/// A name is its own password.
async fn login(credentials: Credentials) -> Result<Option<NewSession>, LoginUnavailable> {
    let name = credentials.username();
    Ok((credentials.password() == name).then(|| NewSession::of(name).with_scope("read write")))
}

async fn clients(client: ClientCredentials) -> Result<bool, LoginUnavailable> {
    Ok(client.secret() == client.id())
}

/// The application's own answer to `GET` at a path of ours.
const PAGE: &str = "a page to log in by";

async fn axum(listener: TcpListener, routes: Routes, stopped: oneshot::Receiver<()>) {
    use axum::Router;
    use axum::routing::get;

    async fn me(user: Claims) -> String {
        user.sub.clone().unwrap_or_default()
    }

    let auth = axum_jwt::JwtAuth::new(routes.auth().clone());
    let app = Router::new().route("/me", get(me)).layer(auth);
    let app = app.route("/auth/login", get(async || PAGE));
    let app = app.nest("/nested", axum_jwt::session_routes(routes.clone()));
    let app = app.merge(axum_jwt::session_routes(routes)).fallback(async || "the application's own");
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
        App::new()
            .route("/auth/login", web::get().to(async || PAGE))
            .service(web::scope("/nested").service(actix_jwt::session_routes(routes.clone())))
            .service(actix_jwt::session_routes(routes.clone()))
            .service(web::resource("/me").wrap(auth).to(me))
            .default_service(web::to(async || "the application's own"))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = server.handle();
    let stop = async {
        let _ = stopped.await;
        handle.stop(true).await;
    };
    tokio::join!(server, stop).0.unwrap();
}

/// A response as text, with names in the place of what is another each time.
pub(crate) fn shown(response: &Response) -> String {
    let fields = response
        .fields
        .iter()
        // Of the connection, not of the answer.
        .filter(|(name, _)| !matches!(&**name, "connection" | "content-length" | "transfer-encoding"))
        .map(|(name, value)| format!("{name}: {}\n", masked(value)));
    format!("{}\n{}\n{}\n", response.status, fields.collect::<String>(), masked(&response.text()))
}

fn masked(text: &str) -> String {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut out = String::new();
    for word in text.split_inclusive(|c| !is_inside(c)) {
        let (word, rest) = word.split_at(word.find(|c| !is_inside(c)).unwrap_or(word.len()));
        out.push_str(match word {
            word if word.starts_with("eyJ") => "ACCESS",
            word if word.starts_with("rt_") => "REFRESH",
            _ if out.ends_with(r#""id":""#) || out.ends_with(r#""sid":""#) => "SESSION",
            _ if out.ends_with(r#""jti":""#) => "ID",
            word if !word.is_empty() && out.ends_with("__Host-refresh-session=") => "SESSION",
            word if word.len() == 66 && word.contains('.') => "CSRF",
            word => word,
        });
        out.push_str(rest);
    }
    out
}

/// A member of a body.
pub(crate) fn member(response: &Response, name: &str) -> String {
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
}

/// What a browser sends along after this response.
pub(crate) fn cookies(response: &Response) -> String {
    let set = response.fields.iter().filter(|(name, _)| name == "set-cookie");
    set.map(|(_, value)| value.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

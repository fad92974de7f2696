//! A server of the ready-made routes, of which it has more than the quickstart: over TLS, across sites, with a WebSocket,
//! and with a store that fails when it is told to.

use core::sync::atomic::{AtomicBool, Ordering};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use axum_jwt::{Claims, JwtAuth, session_routes};
use jwt_core::request::AllowedOrigins;
use jwt_core::{Algorithm, CsrfKey, HmacSecret, Issuer, SigningKey, Verifier};
use jwt_session::routes::{Credentials, FETCH_JS, LoginUnavailable, Mode, Routes};
use jwt_session::{MemoryStore, NewSession, Sessions};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;
use tower_http::cors::CorsLayer;

use crate::routes::world::Moody;

/// Handshakes that wait to be served.
const MOST_WAITING: usize = 64;

/// What is not as in the quickstart.
#[derive(Clone, Copy, Default)]
pub(super) struct SiteRules {
    pub(super) tls: bool,
    /// The host whose pages may use the routes from another site.
    pub(super) across_sites_from: Option<&'static str>,
}

/// A server that is stopped when it is dropped.
pub(super) struct Site {
    pub(super) port: u16,
    scheme: &'static str,
    fails: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Site {
    pub(super) fn start(rules: SiteRules) -> Self {
        let fails = Arc::new(AtomicBool::new(false));
        let store = Moody::new(MemoryStore::new(), &fails);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = runtime.block_on(app(rules, port, store));
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                // Browsers keep connections; nobody waits for them.
                tokio::select! {
                    () = serve(rules, listener, app) => {}
                    _ = stopped => {}
                }
            });
        });
        let scheme = if rules.tls { "https" } else { "http" };
        Self { port, scheme, fails, stop: Some(stop), thread: Some(thread) }
    }

    /// An address of it, by one of its names.
    pub(super) fn at(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}{path}", self.scheme, self.port)
    }

    pub(super) fn break_store(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // What went wrong in there has failed a test already.
            let _ = thread.join();
        }
    }
}

async fn app(rules: SiteRules, port: u16, store: Moody) -> Router {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer =
        Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("id").build().unwrap();
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("id").build().unwrap();
    let sessions = Sessions::builder(issuer, store).open().await.unwrap();
    let csrf_key = CsrfKey::new(&HmacSecret::generate(Algorithm::HS256).unwrap()).unwrap();
    let mut routes = Routes::builder(sessions, verifier, login)
        .with_prefix("/auth")
        .with_mode(Mode::Cookies)
        .with_csrf_key(csrf_key);
    if rules.tls {
        routes = routes.with_tls_in_front().with_address(|_, peer| peer);
    }
    let partner = rules.across_sites_from.map(|host| format!("https://{host}:{port}"));
    // Our own too, for a handshake of a WebSocket says `Origin` and no `Sec-Fetch-Site`.
    let own = format!("http://127.0.0.1:{port}");
    routes = match &partner {
        Some(partner) => {
            routes.with_origins(AllowedOrigins::new([partner]).unwrap()).with_cookies_across_sites()
        }
        None => routes.with_origins(AllowedOrigins::new([&own]).unwrap()),
    };
    let routes = routes.build().unwrap();
    let app = Router::new()
        .route("/me", get(me).post(me))
        .route("/ws", get(websocket))
        .route_layer(JwtAuth::new(routes.auth().clone()))
        .merge(session_routes(routes))
        .route("/", get(async || Html("<!doctype html><title>A page</title><p>A page")))
        .route("/fetch.js", get(async || ([(CONTENT_TYPE, "text/javascript")], FETCH_JS)))
        .route("/seen", any(seen))
        .route("/elsewhere", any(elsewhere));
    let Some(partner) = partner else { return app };
    // As in any application that pages of another site use.
    let shared = CorsLayer::new()
        .allow_origin([HeaderValue::from_str(&partner).unwrap()])
        .allow_headers([CONTENT_TYPE, HeaderName::from_static("x-csrf-token")])
        .allow_credentials(true);
    app.layer(shared)
}

/// A name is its own password.
async fn login(credentials: Credentials) -> Result<Option<NewSession>, LoginUnavailable> {
    let name = credentials.username();
    Ok((credentials.password() == name).then(|| NewSession::of(name)))
}

/// What was sent, for whoever is logged in.
async fn me(_: Claims, body: String) -> String {
    format!("got {body}")
}

async fn websocket(_: Claims, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket: WebSocket| {
        let _ = socket.send("welcome".into()).await;
    })
}

/// The cookies that come along, told to any page that asks, whatever it asks by.
async fn seen(fields: HeaderMap) -> Response {
    let field = |name: HeaderName| {
        fields.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let allowed =
        [(ACCESS_CONTROL_ALLOW_ORIGIN, field(ORIGIN)), (ACCESS_CONTROL_ALLOW_CREDENTIALS, "true".to_owned())];
    // A 401, for which nobody's session is to be refreshed.
    (StatusCode::UNAUTHORIZED, allowed, format!("cookies: {}", field(COOKIE))).into_response()
}

/// Sends on to the address that is the query.
async fn elsewhere(uri: Uri) -> Response {
    let there = uri.query().unwrap_or_default().to_owned();
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, there)]).into_response()
}

async fn serve(rules: SiteRules, listener: TcpListener, app: Router) {
    if rules.tls {
        axum::serve(TlsListener::start(listener), app).await.unwrap();
    } else {
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
    }
}

/// Connections that have shaken hands; one that does not holds nobody up.
struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    fn start(listener: TcpListener) -> Self {
        let made = rcgen::generate_simple_self_signed(["app.test".to_owned(), "id.test".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.into()], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
        let address = listener.local_addr().unwrap();
        let (send, ready) = mpsc::channel(MOST_WAITING);
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let (acceptor, send) = (acceptor.clone(), send.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = send.send((stream, peer)).await;
                    }
                });
            }
        });
        Self { address, ready }
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            None => core::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

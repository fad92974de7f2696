//! A key that never leaves a PKCS#11 token: SoftHSM of Debian signs, this workspace issues and verifies.
//!
//! SoftHSM reads where its tokens are from an environment variable, which a process sets for its children alone: the test
//! runs itself once more, with a folder of its own.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use jwt_core::keys::{BoxFuture, Jwk, SignError};
use jwt_core::{Algorithm, Issuer, SigningKey, Verifier, VerifyingKey};
use jwt_session::routes::{Credentials, LoginUnavailable, Routes};
use jwt_session::{MemoryStore, NewSession, RemoteIssuer, Sessions, Signer};
use sha2::{Digest as _, Sha256};
use tests::wire::{Request, Response, exchange};

use crate::routes::world::member;

/// Where Debian puts it.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const CONFIGURATION: &str = "SOFTHSM2_CONF";
/// `prime256v1` as a DER object identifier (RFC 5480 §2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A key of a token, and how long the way to it is.
struct Token {
    session: Arc<Mutex<Session>>,
    private: ObjectHandle,
    way: Duration,
    /// Whether a call is on its way.
    asleep: Arc<AtomicBool>,
}

impl Token {
    /// A fresh token with a fresh key, which is never told; and its public half.
    fn fresh(way: Duration) -> (Self, VerifyingKey) {
        let module = Pkcs11::new(MODULE).expect("SoftHSM is there: scripts/install interop-debian");
        module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
        let slot = module.get_slots_with_token().unwrap().remove(0);
        let pin = AuthPin::new("1234-5678".into());
        module.init_token(slot, &pin, "test").unwrap();
        let session = module.open_rw_session(slot).unwrap();
        session.login(UserType::So, Some(&pin)).unwrap();
        session.init_pin(&pin).unwrap();
        session.logout().unwrap();
        session.login(UserType::User, Some(&pin)).unwrap();
        let public = [Attribute::Token(true), Attribute::Verify(true), Attribute::EcParams(P256.to_vec())];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ];
        let (public, private) =
            session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private).unwrap();
        let told = session.get_attributes(private, &[AttributeType::Value]).unwrap_or_default();
        assert!(told.is_empty(), "the token does not tell its private key");
        let point = session.get_attributes(public, &[AttributeType::EcPoint]).unwrap();
        let [Attribute::EcPoint(point)] = &*point else { panic!("{point:?}") };
        let verifying = verifying_key(point);
        (Self { session: Arc::new(Mutex::new(session)), private, way, asleep: Arc::default() }, verifying)
    }
}

impl Signer for Token {
    #[expect(clippy::disallowed_methods, reason = "the module itself is slow, and knows no clock of ours")]
    fn sign<'s>(&'s self, message: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>> {
        // `CKM_ECDSA` signs a digest, and answers in the form of RFC 7518 §3.4.
        let (digest, private, session) = (Sha256::digest(message), self.private, Arc::clone(&self.session));
        let (way, asleep) = (self.way, Arc::clone(&self.asleep));
        Box::pin(async move {
            // As slow as a module may be: its thread does nothing else meanwhile.
            let sign = move || {
                asleep.store(true, Ordering::SeqCst);
                thread::sleep(way);
                asleep.store(false, Ordering::SeqCst);
                session.lock().unwrap().sign(&Mechanism::Ecdsa, private, &digest)
            };
            tokio::task::spawn_blocking(sign).await.map_err(SignError::new)?.map_err(SignError::new)
        })
    }
}

/// The key of a point, uncompressed in an octet string (PKCS#11 §6.3.3): `04 41 04 x y`.
fn verifying_key(point: &[u8]) -> VerifyingKey {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let coordinates = point.strip_prefix(&[0x04, 0x41, 0x04]).expect("a point of P-256");
    let (x, y) = coordinates.split_at(32);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
    VerifyingKey::from_jwk_with(Algorithm::ES256, &Jwk::from_json(jwk.as_bytes()).unwrap()).unwrap()
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_key_that_never_leaves_a_token_signs_access_tokens() {
    if std::env::var_os(CONFIGURATION).is_some() {
        return signs_access_tokens();
    }
    let folder = tempfile::tempdir().unwrap();
    let (configuration, tokens) = (folder.path().join("softhsm2.conf"), folder.path().join("tokens"));
    std::fs::create_dir(&tokens).unwrap();
    std::fs::write(&configuration, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    let room = module_path!().split_once("::").unwrap().1;
    let name = format!("{room}::a_key_that_never_leaves_a_token_signs_access_tokens");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--ignored", "--nocapture"])
        .env(CONFIGURATION, configuration)
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

/// A server of the ready-made routes, all of it on one thread, so that whoever blocks that would block all.
struct Server {
    sessions: Sessions,
    verifier: Verifier,
    address: SocketAddr,
    asleep: Arc<AtomicBool>,
}

impl Server {
    fn start() -> Self {
        let (token, public) = Token::fresh(Duration::from_secs(2));
        let asleep = token.asleep.clone();
        let issuer = Issuer::builder().with_key(SigningKey::remote(public.clone()));
        let issuer = issuer.with_audience("api").with_issuer("https://id").build().unwrap();
        let issuer = RemoteIssuer::new(issuer, token);
        let verifier = Verifier::builder().with_key(public).with_audience("api").with_issuer("https://id");
        let verifier = verifier.build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sessions = runtime.block_on(Sessions::builder(issuer, MemoryStore::new()).open()).unwrap();
        let routes = Routes::builder(sessions.clone(), verifier.clone(), login).build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().merge(axum_jwt::session_routes(routes));
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        // Until the process ends, which runs nothing but this test.
        thread::spawn(move || runtime.block_on(async { axum::serve(listener, app).await }));
        Self { sessions, verifier, address, asleep }
    }

    fn send(&self, request: Request) -> Response {
        exchange(self.address, &request.with("Host", "localhost").with("Connection", "close"))
    }

    fn post(&self, path: &str, body: &str) -> Response {
        let request = Request::bare("POST", path).with("Content-Type", "application/json");
        self.send(request.with("Content-Length", body.len().to_string()).body(body.as_bytes()))
    }

    fn log_in(&self, name: &str) -> Response {
        self.post("/login", &format!(r#"{{"username":"{name}","password":"{name}"}}"#))
    }

    /// The answer to a request for which something is signed. While that takes its time, others are answered: `meanwhile`
    /// is asked of the same server, and is done before the module is even asked.
    fn beside(&self, request: impl FnOnce() -> Response + Send, meanwhile: impl FnOnce()) -> Response {
        thread::scope(|scope| {
            let waiting = scope.spawn(request);
            while !self.asleep.load(Ordering::SeqCst) {
                assert!(!waiting.is_finished(), "nothing was signed");
                thread::yield_now();
            }
            meanwhile();
            assert!(self.asleep.load(Ordering::SeqCst), "others wait for the module");
            waiting.join().unwrap()
        })
    }

    /// Whose access token an answer has.
    fn subject_of(&self, answer: &Response) -> Option<String> {
        let verified = self.verifier.verify(&member(answer, "access_token")).unwrap();
        verified.subject().map(str::to_owned)
    }
}

/// A name is its own password.
async fn login(credentials: Credentials) -> Result<Option<NewSession>, LoginUnavailable> {
    let name = credentials.username();
    Ok((credentials.password() == name).then(|| NewSession::of(name)))
}

fn signs_access_tokens() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let of_bob = || runtime.block_on(server.sessions.list("bob")).unwrap();
    let first = server.log_in("alice");
    assert_eq!((first.status, server.subject_of(&first).as_deref()), (200, Some("alice")));
    let bearer = member(&first, "access_token");
    let is_answered = || {
        let list = server.send(Request::bare("GET", "/sessions").bearer(&bearer));
        assert_eq!(list.status, 200);
    };

    let bob = server.beside(
        || server.log_in("bob"),
        || {
            is_answered();
            assert!(of_bob().is_empty(), "there is no session that nobody has a token of");
        },
    );
    assert_eq!((bob.status, server.subject_of(&bob).as_deref()), (200, Some("bob")));
    let verified = server.verifier.verify(&member(&bob, "access_token")).unwrap();
    assert_eq!(verified.session_id().as_deref(), Some(&*of_bob()[0].id().to_string()));

    let token = member(&bob, "refresh_token");
    let body = format!(r#"{{"refresh_token":"{token}"}}"#);
    let refreshed = server.beside(|| server.post("/refresh", &body), is_answered);
    assert_eq!((refreshed.status, server.subject_of(&refreshed).as_deref()), (200, Some("bob")));
    assert_ne!(member(&refreshed, "refresh_token"), token);
}

//! A key that never leaves a PKCS#11 token: SoftHSM of Debian signs, this workspace issues and verifies.
//!
//! SoftHSM reads where its tokens are from an environment variable, which a process sets for its children alone: the test
//! runs itself once more, with a folder of its own.

use core::time::Duration;
use std::process::Command;
use std::sync::{Arc, Mutex};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use jwt_core::keys::{BoxFuture, Jwk, SignError};
use jwt_core::{Algorithm, Issuer, SigningKey, Verifier, VerifyingKey};
use jwt_session::{MemoryStore, NewSession, RemoteIssuer, Sessions, Signer};
use sha2::{Digest as _, Sha256};

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
        (Self { session: Arc::new(Mutex::new(session)), private, way }, verifying)
    }
}

impl Signer for Token {
    fn sign<'s>(&'s self, message: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>> {
        // `CKM_ECDSA` signs a digest, and answers in the form of RFC 7518 §3.4.
        let (digest, private, session) = (Sha256::digest(message), self.private, Arc::clone(&self.session));
        Box::pin(async move {
            tokio::time::sleep(self.way).await;
            let sign = move || session.lock().unwrap().sign(&Mechanism::Ecdsa, private, &digest);
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
fn a_key_that_never_leaves_a_token_signs_access_tokens() {
    if std::env::var_os(CONFIGURATION).is_some() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        return runtime.block_on(signs_access_tokens());
    }
    let folder = tempfile::tempdir().unwrap();
    let (configuration, tokens) = (folder.path().join("softhsm2.conf"), folder.path().join("tokens"));
    std::fs::create_dir(&tokens).unwrap();
    std::fs::write(&configuration, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    let room = module_path!().split_once("::").unwrap().1;
    let name = format!("{room}::a_key_that_never_leaves_a_token_signs_access_tokens");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env(CONFIGURATION, configuration)
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

/// On one thread, so that whoever blocks it would block all.
async fn signs_access_tokens() {
    let (token, public) = Token::fresh(Duration::from_secs(2));
    let issuer = Issuer::builder().with_key(SigningKey::remote(public.clone()));
    let issuer = issuer.with_audience("api").with_issuer("https://id").build().unwrap();
    let issuer = RemoteIssuer::new(issuer, token);
    let verifier = Verifier::builder().with_key(public).with_audience("api").with_issuer("https://id");
    let verifier = verifier.build().unwrap();
    let first = issuer.sign(issuer.token().with_subject("alice")).await.unwrap();
    assert_eq!(verifier.verify(&first).unwrap().subject(), Some("alice"));

    // While a login waits for its two seconds, others go on.
    let sessions = Sessions::builder(issuer, MemoryStore::new()).open().await.unwrap();
    let begin = tokio::time::Instant::now();
    let waiting = tokio::spawn({
        let sessions = sessions.clone();
        async move { sessions.start(NewSession::of("bob")).await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert!(verifier.verify(&first).is_ok() && !waiting.is_finished());
    }
    assert!(sessions.list("bob").await.unwrap().is_empty(), "there is no session that nobody has a token of");
    assert!(!waiting.is_finished() && begin.elapsed() < Duration::from_secs(1));
    let tokens = waiting.await.unwrap().unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(2));
    let verified = verifier.verify(tokens.access_token()).unwrap();
    assert_eq!(verified.subject(), Some("bob"));
    assert_eq!(verified.session_id().as_deref(), Some(tokens.session().to_string().as_str()));
}

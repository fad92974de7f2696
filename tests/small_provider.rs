//! For the tests of examples: an identity provider in the test's own process, with what a login and a service need of
//! one. Whoever comes to log in is alice. That a real one does as well is shown by the interop tests.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails in here fails a test")]

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jwt_core::{Algorithm, Clock as _, Issuer, KeySet, Profile, SigningKey, SystemClock};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

type Fields = BTreeMap<String, String>;

/// The provider, until it is dropped.
pub(crate) struct SmallProvider {
    #[allow(dead_code, reason = "who says where it is knows it")]
    pub(crate) issuer: String,
    _runtime: Runtime,
}

struct Shared {
    issuer: String,
    key: SigningKey,
    /// What was asked at the authorization endpoint, by the code that it gave; good once.
    logins: Mutex<BTreeMap<String, Fields>>,
}

impl SmallProvider {
    /// On a free port.
    #[allow(dead_code, reason = "some tests keep the port shut for a while")]
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)
    }

    /// Where this one listens.
    pub(crate) fn on(listener: TcpListener) -> Result<Self, Box<dyn Error>> {
        let issuer = format!("http://{}", listener.local_addr()?);
        let key = SigningKey::generate(Algorithm::ES256)?.with_key_id("one")?;
        let shared = Shared { issuer: issuer.clone(), key, logins: Mutex::default() };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/auth", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::new(shared));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        listener.set_nonblocking(true)?;
        runtime.spawn(async move { axum::serve(tokio::net::TcpListener::from_std(listener)?, routes).await });
        Ok(Self { issuer, _runtime: runtime })
    }
}

async fn metadata(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", shared.issuer);
    Json(json!({
        "issuer": shared.issuer,
        "jwks_uri": at("/jwks"),
        "authorization_endpoint": at("/auth"),
        "token_endpoint": at("/token"),
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn jwks(State(shared): State<Arc<Shared>>) -> Result<String, StatusCode> {
    let set = KeySet::new([shared.key.verifying_key()]).and_then(|set| set.to_jwks_json());
    set.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// RFC 6749 §4.1.1, without a question: the answer goes back at once.
async fn authorize(State(shared): State<Arc<Shared>>, Query(asked): Query<Fields>) -> Response {
    let needed = ["client_id", "redirect_uri", "state", "nonce", "code_challenge"];
    let [_, back, state, _, _] = needed.map(|name| asked.get(name).cloned().unwrap_or_default());
    if needed.iter().any(|name| !asked.contains_key(*name)) || back.parse::<Uri>().is_err() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let mut logins = shared.logins.lock().unwrap();
    let code = format!("code-{}", logins.len());
    logins.insert(code.clone(), asked);
    Redirect::to(&format!("{back}?code={code}&state={state}&iss={}", shared.issuer)).into_response()
}

/// RFC 6749 §4.1.3 with RFC 7636 §4.6, and §4.4.2 with RFC 8707.
async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(asked): Form<Fields>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let refuse = |status, error: &str| (status, Json(json!({ "error": error })));
    let client = client(&headers).ok_or_else(|| refuse(StatusCode::UNAUTHORIZED, "invalid_client"))?;
    let member = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let no_grant = || refuse(StatusCode::BAD_REQUEST, "invalid_grant");
    match member("grant_type") {
        "client_credentials" => {
            let token = shared.sign(Profile::AccessToken, member("resource"), &client, &json!({}));
            Ok(Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 300 })))
        }
        "authorization_code" => {
            let login = shared.logins.lock().unwrap().remove(member("code")).ok_or_else(no_grant)?;
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(member("code_verifier")));
            let is = |name: &str, value: &str| login.get(name).is_some_and(|asked| asked == value);
            if !is("client_id", &client)
                || !is("redirect_uri", member("redirect_uri"))
                || !is("code_challenge", &challenge)
            {
                return Err(no_grant());
            }
            let access_token = shared.sign(Profile::AccessToken, &shared.issuer, "alice", &json!({}));
            // OpenID Connect Core §3.1.3.6: the left half of its hash, under ES256 SHA-256.
            let hash = Sha256::digest(&access_token);
            let at_hash = URL_SAFE_NO_PAD.encode(&hash[..16]);
            let mut claims = json!({ "nonce": login["nonce"], "at_hash": at_hash, "azp": client });
            // §3.1.2.1: whoever asks how long ago it may have been is told when it was.
            if login.contains_key("max_age") {
                claims["auth_time"] = json!(SystemClock.now().as_secs());
            }
            let id_token = shared.sign(Profile::IdToken, &client, "alice", &claims);
            Ok(Json(json!({
                "access_token": access_token,
                "id_token": id_token,
                "token_type": "Bearer",
                "expires_in": 300,
            })))
        }
        _ => Err(refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type")),
    }
}

impl Shared {
    fn sign(&self, profile: Profile, audience: &str, subject: &str, more: &Value) -> String {
        let issuer = Issuer::builder().with_key(self.key.clone()).with_audience(audience);
        let issuer = issuer.with_issuer(self.issuer.as_str()).with_profile(profile).build().unwrap();
        issuer.token().with_subject(subject).with_claims(more).sign().unwrap()
    }
}

/// By `client_secret_basic` (RFC 6749 §2.3.1); every client's secret is `secret`.
fn client(headers: &HeaderMap) -> Option<String> {
    let credentials = headers.get("authorization")?.to_str().ok()?.strip_prefix("Basic ")?;
    let credentials = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    credentials.strip_suffix(":secret").map(str::to_owned)
}

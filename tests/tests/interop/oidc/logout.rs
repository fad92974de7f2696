//! OpenID Connect Back-Channel Logout 1.0 in a browser: a user logs in here by way of the provider, logs out there, and is
//! logged out here.

use core::net::SocketAddr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{Html, Redirect};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::{Algorithm, Expected, HmacSecret, Issuer, SigningKey, Verifier};
use jwt_remote::reqwest::Url;
use jwt_session::routes::{Credentials, LoginUnavailable, Mode, Routes};
use jwt_session::{EndReason, MemoryStore, NewSession, SessionInfo, Sessions};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use super::chromium::Chromium;
use super::client::{Authentication, random, token_response};
use super::*;

const CLIENT: &str = "web-logout";

/// The page that the provider sends the browser back to: it hands state and code to `POST /login`, which sets the cookies.
const CALLBACK: &str = r#"<!doctype html><title>Login</title><p id="said">one moment</p><script>
const back = new URLSearchParams(location.search);
const login = new URLSearchParams({ username: back.get("state"), password: back.get("code") });
fetch("/login", { method: "POST", body: login }).then(
  ({ status }) => (document.getElementById("said").textContent = `login: ${status}`),
);
</script>"#;

/// A relying party: this application.
struct Application {
    provider: Provider,
    id_tokens: OidcProvider,
    origin: String,
    /// Nonce and code verifier of logins that have begun, by their state.
    begun: Mutex<HashMap<String, (String, String)>>,
}

impl Application {
    fn callback(&self) -> String {
        format!("{}/callback", self.origin)
    }

    /// Where a login begins: at the provider.
    fn authorization(&self) -> String {
        let (state, nonce, verifier) = (random(), random(), random());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let mut url = Url::parse(&format!("{}/auth", self.provider.issuer())).unwrap();
        url.query_pairs_mut().extend_pairs([
            ("client_id", CLIENT),
            ("response_type", "code"),
            ("redirect_uri", &self.callback()),
            ("scope", "openid"),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", "bob"),
        ]);
        self.begun.lock().unwrap().insert(state, (nonce, verifier));
        url.into()
    }

    /// Who comes back: by the ID token for a code, under the state that went there.
    async fn login(&self, credentials: &Credentials) -> Option<NewSession> {
        let (nonce, verifier) = self.begun.lock().unwrap().remove(credentials.username())?;
        let asked = [
            ("grant_type", "authorization_code"),
            ("code", credentials.password()),
            ("redirect_uri", &self.callback()),
            ("code_verifier", &verifier),
        ];
        let (status, answer) = token_response(&self.provider, &Authentication::Basic(CLIENT), &asked).await;
        assert_eq!(status, 200, "{answer}");
        let id_token = answer["id_token"].as_str()?;
        let expected = Expected::new().with_nonce(&nonce);
        let verified = self.id_tokens.verifier().verify_with(id_token, &expected).ok()?;
        let session = verified.session_id()?.into_owned();
        Some(NewSession::of(verified.subject()?).with_provider_session(verified.issuer()?, session))
    }
}

async fn client_of(provider: &Provider, profile: Profile) -> OidcProvider {
    let oidc = Oidc::issuer(provider.issuer()).with_audience(CLIENT).with_remote(&remote());
    oidc.with_rules(move |rules| rules.with_profile(profile)).discover().await.unwrap()
}

async fn routes(application: Arc<Application>, logout_tokens: &OidcProvider) -> (Routes, Sessions) {
    let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
    let key = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://here");
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://here");
    let sessions = Sessions::builder(issuer.build().unwrap(), MemoryStore::new()).open().await.unwrap();
    let login = move |credentials: Credentials| {
        let application = Arc::clone(&application);
        async move { Ok::<_, LoginUnavailable>(application.login(&credentials).await) }
    };
    let routes = Routes::builder(sessions.clone(), verifier.build().unwrap(), login)
        .with_mode(Mode::Cookies)
        .with_provider_logout(logout_tokens.verifier().clone(), |_, subject| Some(subject.to_owned()))
        .build()
        .unwrap();
    (routes, sessions)
}

fn serve(listener: TcpListener, application: Arc<Application>, routes: Routes) {
    async fn start(State(application): State<Arc<Application>>) -> Redirect {
        Redirect::to(&application.authorization())
    }

    async fn callback() -> Html<&'static str> {
        Html(CALLBACK)
    }

    async fn me(user: axum_jwt::Claims) -> String {
        format!("hello {}", user.sub.clone().unwrap_or_default())
    }

    let auth = axum_jwt::JwtAuth::new(routes.auth().clone());
    let app = Router::new()
        .route("/me", get(me))
        .layer(auth)
        .route("/start", get(start))
        .route("/callback", get(callback))
        .with_state(application)
        .merge(axum_jwt::session_routes(routes));
    let serving = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>());
    tokio::spawn(async move { serving.await });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
async fn a_logout_at_the_provider_in_a_browser_ends_the_session_here() {
    let provider = Provider::start().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    provider.tell_of_logouts(&format!("{origin}/backchannel-logout")).await;
    let id_tokens = client_of(&provider, Profile::IdToken).await;
    let logout_tokens = client_of(&provider, Profile::LogoutToken).await;
    let issuer = provider.issuer().to_owned();
    let begun = Mutex::default();
    let application = Arc::new(Application { provider, id_tokens, origin: origin.clone(), begun });
    let (routes, sessions) = routes(Arc::clone(&application), &logout_tokens).await;
    serve(listener, application, routes);
    // Of the same user, by another session at the provider.
    let elsewhere = NewSession::of("bob").with_provider_session(&*issuer, "another");
    let elsewhere = sessions.start(elsewhere).await.unwrap().session();

    let me = format!("{origin}/me");
    let (start, end) = (format!("{origin}/start"), format!("{issuer}/session/end?client_id={CLIENT}"));
    let mut chromium = tokio::task::spawn_blocking(Chromium::start).await.unwrap();
    let browse = tokio::task::spawn_blocking(move || {
        assert_eq!(chromium.open(&me).status, 401, "before");
        let page = chromium.open(&start);
        assert!(page.url.starts_with(&format!("{origin}/callback?")), "{page:?}");
        chromium.wait("login: 200");
        let page = chromium.open(&me);
        assert_eq!((page.status, &*page.text), (200, "hello bob"));
        (chromium, me, end)
    });
    let (mut chromium, me, end) = browse.await.unwrap();
    let begun = sessions.list("bob").await.unwrap();
    let here = begun.iter().map(SessionInfo::id).find(|id| *id != elsewhere).unwrap();
    assert_eq!(begun.len(), 2);

    let browse = tokio::task::spawn_blocking(move || {
        let page = chromium.open(&end);
        assert!(page.text.contains("sign-out"), "{page:?}");
        let page = chromium.click("Yes, sign me out");
        assert_eq!(page.status, 200, "{page:?}");
        // The very next request.
        chromium.open(&me).status
    });
    assert_eq!(browse.await.unwrap(), 401);
    let ended = sessions.session(here).await.unwrap().unwrap().ended().unwrap();
    assert_eq!(ended.why(), EndReason::ProviderLogout);
    let left: Vec<_> = sessions.list("bob").await.unwrap().iter().map(SessionInfo::id).collect();
    assert_eq!(left, [elsewhere], "it ends the one session and no other");
}

//! Login by an identity provider: the code flow with PKCE by the crate oauth2. The ID token is verified by ours and used
//! once, to begin a session of our own, which ends after ten minutes however long the provider's tokens are good.
//!
//! `ISSUER=https://tenant.example.com/ CLIENT_ID=… CLIENT_SECRET=… cargo run -p login-with-provider`; the provider must
//! know `http://127.0.0.1:3000/callback`. Without the variables it is at home with the provider that
//! `node tests/interop/node/oidc-provider.mjs 3001` starts. Open `/login` in a browser, or paste the curl lines.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::{collections::HashMap, error::Error, process::ExitCode, time::Duration};

use axum::http::{HeaderMap, StatusCode, header::COOKIE, header::SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use axum::{Router, extract::Query, extract::State, routing::get};
use axum_jwt::jwt_core::{Expected, Profile, request::Carriers};
use axum_jwt::{Algorithm, Issuer, JwtAuth, SigningKey, VerifiedToken, Verifier};
use jwt_remote::{Oidc, reqwest};
use oauth2::{TokenResponse as _, basic::*, *};

#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
struct IdToken {
    id_token: String,
}
impl ExtraTokenFields for IdToken {}
type Tokens = StandardTokenResponse<IdToken, BasicTokenType>;
type Introspection = BasicTokenIntrospectionResponse;
type Revocation = BasicRevocationErrorResponse;
type Client = oauth2::Client<BasicErrorResponse, Tokens, Introspection, StandardRevocableToken, Revocation>;
type Begun = (PkceCodeChallenge, PkceCodeVerifier);
type Fields = Query<HashMap<String, String>>;
type Shared = State<(Client, AuthUrl, TokenUrl, reqwest::Client, Verifier, Issuer)>;
type Answer<T> = Result<T, (StatusCode, &'static str)>;
const MAX_AGE: Duration = Duration::from_secs(3600); // whoever logged in longer ago does so again
/// `Strict` would not come along on the way back from the provider.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age";

/// The browser keeps the verifier of PKCE in a cookie. Its hash, the challenge, must come back: as `state` by the browser
/// that began this login (RFC 6749 §10.12), and as `nonce` in the ID token (OpenID Connect Core §15.5.2).
async fn login(State((client, authorize, ..)): Shared) -> impl IntoResponse {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (client, hash) = (client.set_auth_uri(authorize), challenge.as_str().to_owned());
    let request = client.authorize_url(|| CsrfToken::new(hash.clone())).add_extra_param("nonce", &hash);
    let request = request.add_extra_param("max_age", MAX_AGE.as_secs().to_string());
    let (url, _) = request.add_scope(Scope::new("openid".into())).set_pkce_challenge(challenge).url();
    let begun = format!("__Host-login={}; {ATTRIBUTES}=600", verifier.secret());
    ([(SET_COOKIE, begun)], Redirect::to(url.as_str()))
}

async fn callback(shared: Shared, head: HeaderMap, back: Fields) -> Answer<impl IntoResponse> {
    let cookies = head.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    let begun = cookies.flat_map(|field| field.split("; ")).find_map(|one| one.strip_prefix("__Host-login="));
    // As long as it was made: oauth2 panics at what RFC 7636 §4.1 does not allow.
    let begun = begun.filter(|begun| begun.len() == 43).map(|begun| PkceCodeVerifier::new(begun.to_owned()));
    let begun = begun.map(|verifier| (PkceCodeChallenge::from_code_verifier_sha256(&verifier), verifier));
    let begun = begun.filter(|(hash, _)| back.get("state").is_some_and(|state| state == hash.as_str()));
    let begun = begun.ok_or((StatusCode::BAD_REQUEST, "this login was not begun here, or too long ago\n"))?;
    // Whatever comes of it, this login is over.
    let over = AppendHeaders([(SET_COOKIE, format!("__Host-login=; {ATTRIBUTES}=0"))]);
    Ok((over, finish(shared, begun, back).await))
}

async fn finish(shared: Shared, (hash, verifier): Begun, back: Fields) -> Answer<impl IntoResponse> {
    let State((client, _, endpoint, http, provider, sessions)) = shared;
    let Some(code) = back.get("code").cloned().map(AuthorizationCode::new) else {
        eprintln!("a login came back with {:?}", back.get("error")); // RFC 6749 §4.1.2.1
        return Err((StatusCode::FORBIDDEN, "the login was cancelled or refused\n"));
    };
    let client = client.set_token_uri(endpoint);
    let request = client.exchange_code(code).set_pkce_verifier(verifier);
    let tokens = request.request_async(&|request| send(http.clone(), request)).await.map_err(failed)?;
    let (access_token, id_token) = (tokens.access_token().secret(), &tokens.extra_fields().id_token);
    // OpenID Connect Core §3.1.3.7: signature, `iss`, `aud`, `azp` and times by the profile, the rest by this login.
    let login = Expected::new().with_nonce(hash.as_str()).with_access_token(access_token);
    let user = provider.verify_fresh_with(id_token, &login.with_max_age(MAX_AGE)).await.map_err(failed)?;
    let session = sessions.token().with_subject(user.subject().unwrap_or_default()).sign().map_err(failed)?;
    Ok(([(SET_COOKIE, format!("__Host-session={session}; {ATTRIBUTES}=600"))], Redirect::to("/me")))
}

fn failed(error: impl Error) -> (StatusCode, &'static str) {
    eprintln!("a login failed: {:?}, {:?}", error.to_string(), error.source()); // no fault of the browser's
    (StatusCode::BAD_GATEWAY, "the login failed\n")
}

async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, axum::Error> {
    let answer = http.execute(request.try_into().map_err(axum::Error::new)?).await;
    let (head, body) = http::Response::from(answer.map_err(axum::Error::new)?).into_parts();
    let body = axum::body::to_bytes(axum::body::Body::new(body), 0x1_0000).await?; // 64 KiB at most
    Ok(HttpResponse::from_parts(head, body.into()))
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run().await else { return ExitCode::SUCCESS };
    eprintln!("login-with-provider: {error}");
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    let variable = |name, otherwise: &str| std::env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let (id, secret) = (variable("CLIENT_ID", "web-ES256"), variable("CLIENT_SECRET", "secret"));
    let provider = Oidc::issuer(variable("ISSUER", "http://127.0.0.1:3001")).with_audience(id.as_str());
    let provider = provider.with_rules(|rules| rules.with_profile(Profile::IdToken)).discover().await?;
    let (verifier, said) = (provider.verifier().clone(), provider.metadata().ok_or("no metadata")?);
    let authorize = AuthUrl::new(said.authorization_endpoint.clone().ok_or("the provider has no login")?)?;
    let token = TokenUrl::new(said.token_endpoint.clone().ok_or("the provider has no tokens")?)?;
    let http = jwt_remote::client_builder().timeout(Duration::from_secs(5)).build()?;
    let listener = tokio::net::TcpListener::bind(variable("LISTEN", "127.0.0.1:3000")).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let client = Client::new(ClientId::new(id)).set_client_secret(ClientSecret::new(secret));
    let client = client.set_redirect_uri(RedirectUrl::new(format!("{url}/callback"))?);
    let (key, us) = (SigningKey::generate(Algorithm::ES256)?, url.as_str());
    let ours = Verifier::builder().with_key(&key).with_audience(us).with_issuer(us).build()?;
    let sessions = Issuer::builder().with_key(key).with_audience(us).with_issuer(us).build()?; // for 600 s
    let in_cookie = Carriers::builder().with_cookie("__Host-session").build()?;
    let me = async |token: VerifiedToken| format!("you are {}\n", token.subject().unwrap_or("nobody"));
    let me = get(me).route_layer(JwtAuth::new(ours).with_carriers(in_cookie));
    let app = Router::new().route("/me", me).route("/login", get(login)).route("/callback", get(callback));
    let app = app.with_state((client, authorize, token, http, verifier, sessions));
    println!("  curl -i -L -c \"$jar\" -b \"$jar\" {url}/login   # 200\nStop with Ctrl-C.");
    Ok(axum::serve(listener, app).await?)
}

//! Login by an identity provider: the code flow with state and PKCE by the crate oauth2, the ID token verified by ours.
//!
//! `ISSUER=https://tenant.example.com/ CLIENT_ID=… CLIENT_SECRET=… cargo run -p login-with-provider`; the provider must
//! know `http://127.0.0.1:3000/callback`. Without the variables it is at home with the provider that
//! `node tests/interop/node/oidc-provider.mjs 3001` starts. Open `/login` in a browser, or paste the curl lines.
#![expect(clippy::print_stdout, reason = "the lines to try are printed")]

use axum::http::{StatusCode, header::SET_COOKIE};
use axum::response::{IntoResponse, Redirect};
use axum::{Router, extract::Query, extract::State, routing::get};
use axum_jwt::jwt_core::{Expected, Profile, request::Carriers};
use axum_jwt::{Algorithm, Claims, Issuer, JwtAuth, SigningKey, VerifiedToken, Verifier};
use jwt_remote::{Oidc, reqwest};
use oauth2::{TokenResponse as _, basic::*, *};
use serde::{Deserialize, Serialize};

/// `Strict` would not come along on the way back from the provider.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=300";

/// What the token endpoint gives beside the access token.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct IdToken {
    id_token: String,
}
impl ExtraTokenFields for IdToken {}
type Tokens = StandardTokenResponse<IdToken, BasicTokenType>;
type Introspection = BasicTokenIntrospectionResponse;
type Revocation = BasicRevocationErrorResponse;
type Client = oauth2::Client<BasicErrorResponse, Tokens, Introspection, StandardRevocableToken, Revocation>;

#[derive(Clone)]
struct Shared {
    verifier: Verifier,
    client: Client,
    endpoints: (AuthUrl, TokenUrl),
    http: reqwest::Client,
    logins: Issuer,
}

/// A login that was begun, in a cookie of the browser that began it, signed by us.
#[derive(Deserialize, Serialize)]
struct Begun {
    state: String,
    expected_nonce: String,
    verifier: String,
}

async fn login(State(shared): State<Shared>) -> Result<impl IntoResponse, StatusCode> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let expected_nonce = CsrfToken::new_random().into_secret();
    let client = shared.client.set_auth_uri(shared.endpoints.0);
    let request = client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
    let request = request.add_scope(Scope::new("openid".into())).add_extra_param("nonce", &expected_nonce);
    let (url, state) = request.url();
    let begun = Begun { state: state.into_secret(), expected_nonce, verifier: verifier.into_secret() };
    let begun =
        shared.logins.token().with_claims(&begun).sign().or(Err(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(([(SET_COOKIE, format!("__Host-login={begun}; {ATTRIBUTES}"))], Redirect::to(url.as_str())))
}

async fn callback(
    State(shared): State<Shared>,
    begun: Claims<Begun>,
    Query(back): Query<std::collections::HashMap<String, String>>,
) -> Result<impl IntoResponse, StatusCode> {
    // RFC 6749 §10.12: this browser began this login.
    if back.get("state") != Some(&begun.state) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let client = shared.client.set_token_uri(shared.endpoints.1);
    let code = AuthorizationCode::new(back.get("code").cloned().unwrap_or_default());
    let request = client.exchange_code(code).set_pkce_verifier(PkceCodeVerifier::new(begun.verifier.clone()));
    let tokens = request.request_async(&|request| send(shared.http.clone(), request)).await;
    let tokens = tokens.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let (access_token, id_token) = (tokens.access_token().secret(), &tokens.extra_fields().id_token);
    // OpenID Connect Core §3.1.3.7: signature, `iss`, `aud`, `azp` and times by the profile, the rest by this login.
    let expected = Expected::new().with_nonce(&begun.expected_nonce).with_access_token(access_token);
    shared.verifier.verify_fresh_with(id_token, &expected).await.or(Err(StatusCode::BAD_GATEWAY))?;
    // Until it expires, the ID token is the session: the layer before `/me` verifies it each time.
    Ok(([(SET_COOKIE, format!("__Host-session={id_token}; {ATTRIBUTES}"))], Redirect::to("/me")))
}

/// The token request, whose answer has 64 KiB at most.
async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, axum::Error> {
    let request = request.try_into().map_err(axum::Error::new)?;
    let answer = http.execute(request).await.map_err(axum::Error::new)?;
    let (head, body) = http::Response::from(answer).into_parts();
    let body = axum::body::to_bytes(axum::body::Body::new(body), 0x1_0000).await?;
    Ok(HttpResponse::from_parts(head, body.into()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let variable = |name, otherwise: &str| std::env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let (id, secret) = (variable("CLIENT_ID", "web-ES256"), variable("CLIENT_SECRET", "secret"));
    let provider = Oidc::issuer(variable("ISSUER", "http://127.0.0.1:3001")).with_audience(id.as_str());
    let provider = provider.with_rules(|rules| rules.with_profile(Profile::IdToken)).discover().await?;
    let (verifier, said) = (provider.verifier().clone(), provider.metadata().ok_or("no metadata")?);
    let (authorize, token) = (said.authorization_endpoint.clone(), said.token_endpoint.clone());
    let endpoints = (AuthUrl::new(authorize.ok_or("no login")?)?, TokenUrl::new(token.ok_or("no login")?)?);
    let listener = tokio::net::TcpListener::bind(variable("LISTEN", "127.0.0.1:3000")).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let client = Client::new(ClientId::new(id)).set_client_secret(ClientSecret::new(secret));
    let client = client.set_redirect_uri(RedirectUrl::new(format!("{url}/callback"))?);
    let (key, us) = (SigningKey::generate(Algorithm::ES256)?, url.as_str());
    let begun = Verifier::builder().with_key(&key).with_audience("logins").with_issuer(us).build()?;
    let logins = Issuer::builder().with_key(key).with_audience("logins").with_issuer(us).build()?;
    let in_cookie = |name: &str| Carriers::builder().with_cookie(name).build();
    let begun = JwtAuth::new(begun).with_carriers(in_cookie("__Host-login")?);
    let logged_in = JwtAuth::new(provider).with_carriers(in_cookie("__Host-session")?);
    let http = jwt_remote::client_builder().timeout(std::time::Duration::from_secs(5)).build()?;
    let me = async |token: VerifiedToken| format!("you are {}\n", token.subject().unwrap_or("nobody"));
    let app = Router::new()
        .route("/callback", get(callback).route_layer(begun))
        .route("/me", get(me).route_layer(logged_in))
        .route("/login", get(login))
        .with_state(Shared { verifier, client, endpoints, http, logins });
    println!("  curl -i -L -c \"$jar\" -b \"$jar\" {url}/login   # 200\nStop with Ctrl-C.");
    Ok(axum::serve(listener, app).await?)
}

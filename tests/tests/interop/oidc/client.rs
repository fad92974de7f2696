//! Who asks the provider: a service for tokens, a browser through a login; and who asks our servers.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jwt_core::{Algorithm, Issuer, SigningKey};
use jwt_remote::reqwest::{Client, Method, Response, Url};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tests::server::TestServer;

use super::provider::Provider;
use super::{AUDIENCE, PATIENCE};

/// Where the browser is sent back to; nobody listens there, for the test looks at the address alone.
const CALLBACK: &str = "http://127.0.0.1:1/callback";
/// More redirects than a login has.
const MOST_REDIRECTS: usize = 12;

/// Follows no redirects and keeps no cookies.
pub(crate) fn http() -> Client {
    builder().build().unwrap()
}

/// Of such a client.
pub(crate) fn builder() -> jwt_remote::reqwest::ClientBuilder {
    jwt_remote::client_builder().no_proxy().timeout(PATIENCE)
}

/// Random text.
pub(crate) fn random() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut url = Url::parse("http://127.0.0.1/").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap().to_owned()
}

fn decoded(text: &str) -> BTreeMap<String, String> {
    let mut url = Url::parse("http://127.0.0.1/").unwrap();
    url.set_query(Some(text));
    url.query_pairs().into_owned().collect()
}

/// How a client says who it is (RFC 6749 §2.3.1, OpenID Connect Core §9).
pub(crate) enum Authentication<'a> {
    Basic(&'a str),
    Post(&'a str),
    PrivateKey(&'a str),
}

/// The token endpoint's answer, with its status.
pub(crate) async fn token_response(
    provider: &Provider,
    client: &Authentication<'_>,
    more: &[(&str, &str)],
) -> (u16, Value) {
    let (status, body) = post(provider, "/token", client, more).await;
    (status, serde_json::from_slice(&body).unwrap())
}

/// Has a token end before its time (RFC 7009).
pub(crate) async fn revoke(provider: &Provider, client: &str, token: &str) {
    let asked = [("token", token)];
    let (status, body) = post(provider, "/token/revocation", &Authentication::Basic(client), &asked).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
}

async fn post(
    provider: &Provider,
    path: &str,
    client: &Authentication<'_>,
    more: &[(&str, &str)],
) -> (u16, Vec<u8>) {
    let url = format!("{}{path}", provider.issuer());
    let request =
        http().request(Method::POST, &url).header("content-type", "application/x-www-form-urlencoded");
    let assertion;
    let (request, own) = match client {
        Authentication::Basic(id) => {
            let credentials = STANDARD.encode(format!("{id}:secret"));
            (request.header("authorization", format!("Basic {credentials}")), Vec::new())
        }
        Authentication::Post(id) => (request, vec![("client_id", *id), ("client_secret", "secret")]),
        Authentication::PrivateKey(id) => {
            assertion = client_assertion(provider, id);
            let of_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            (request, vec![("client_assertion_type", of_type), ("client_assertion", assertion.as_str())])
        }
    };
    let response = request.body(encoded(&[&own, more].concat())).send().await.unwrap();
    (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
}

/// RFC 7523 §3, by our own issuer.
fn client_assertion(provider: &Provider, id: &str) -> String {
    let key = SigningKey::from_pem(Algorithm::ES256, provider.client_key()).unwrap();
    let issuer = Issuer::builder().with_key(key.with_key_id("client").unwrap());
    let issuer = issuer.with_audience(provider.issuer()).with_issuer(id).build().unwrap();
    issuer.token().with_subject(id).with_token_id(random()).sign().unwrap()
}

/// A service's own token for a resource server (RFC 6749 §4.4, RFC 8707).
pub(crate) async fn service_token(provider: &Provider, client: &str, resource: &str) -> String {
    let asked = [("grant_type", "client_credentials"), ("resource", resource), ("scope", "read")];
    let (status, answer) = token_response(provider, &Authentication::Basic(client), &asked).await;
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].as_str().unwrap().to_owned()
}

/// What a login gives.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) id_token: String,
    pub(crate) access_token: String,
    pub(crate) nonce: String,
}

/// A user with a browser, and the client that sends it to the provider.
pub(crate) struct Browser<'p> {
    provider: &'p Provider,
    client: String,
    http: Client,
    cookies: BTreeMap<String, String>,
}

impl<'p> Browser<'p> {
    /// Without cookies.
    pub(crate) fn new(provider: &'p Provider, client: impl Into<String>) -> Self {
        Self { provider, client: client.into(), http: http(), cookies: BTreeMap::new() }
    }

    /// The code flow with PKCE (RFC 7636); both tokens come from the token endpoint. `more` goes to the authorization
    /// endpoint.
    pub(crate) async fn log_in(&mut self, more: &[(&str, &str)]) -> Login {
        let (nonce, verifier) = (random(), random());
        let back = self.authorize("code", &nonce, &verifier, more).await;
        let answer = self.exchange(&back["code"], &verifier).await.unwrap();
        let member = |name: &str| answer[name].as_str().unwrap().to_owned();
        Login { id_token: member("id_token"), access_token: member("access_token"), nonce }
    }

    /// The hybrid flow: both tokens come through the browser, and are bound to each other by `at_hash`.
    pub(crate) async fn log_in_by_fragment(&mut self) -> Login {
        let nonce = random();
        let mut back = self.authorize("code id_token token", &nonce, &random(), &[]).await;
        let mut member = |name: &str| back.remove(name).unwrap();
        Login { id_token: member("id_token"), access_token: member("access_token"), nonce }
    }

    /// A code that comes back, and what the provider says to another verifier than that of its challenge.
    pub(crate) async fn exchange_by_wrong_verifier(&mut self) -> Value {
        let back = self.authorize("code", &random(), &random(), &[]).await;
        self.exchange(&back["code"], &random()).await.unwrap_err()
    }

    async fn exchange(&self, code: &str, verifier: &str) -> Result<Value, Value> {
        let asked = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", verifier),
        ];
        let basic = Authentication::Basic(&self.client);
        let (status, answer) = token_response(self.provider, &basic, &asked).await;
        if status == 200 { Ok(answer) } else { Err(answer) }
    }

    /// Follows the redirects until one leads back to the client; what it brings.
    async fn authorize(
        &mut self,
        response_type: &str,
        nonce: &str,
        verifier: &str,
        more: &[(&str, &str)],
    ) -> BTreeMap<String, String> {
        let (state, challenge) = (random(), URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
        let asked = [
            ("client_id", self.client.as_str()),
            ("response_type", response_type),
            ("redirect_uri", CALLBACK),
            ("scope", "openid read"),
            ("resource", AUDIENCE),
            ("state", &state),
            ("nonce", nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let mut url = Url::parse(&format!("{}/auth", self.provider.issuer())).unwrap();
        url.set_query(Some(&encoded(&[&asked, more].concat())));
        for _ in 0..MOST_REDIRECTS {
            let response = self.visit(&url).await;
            let location = response.headers().get("location").and_then(|location| location.to_str().ok());
            let Some(location) = location else {
                panic!("{} at {url}: {}", response.status(), response.text().await.unwrap());
            };
            url = url.join(location).unwrap();
            if url.as_str().starts_with(CALLBACK) {
                let back = decoded(url.fragment().or(url.query()).unwrap());
                // RFC 6749 §10.12.
                assert_eq!(back.get("state"), Some(&state), "{back:?}");
                return back;
            }
        }
        panic!("{url}: too many redirects");
    }

    async fn visit(&mut self, url: &Url) -> Response {
        assert_eq!(url.port(), Some(self.provider.port()), "{url} is not the provider's");
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = self.http.get(url.clone()).header("cookie", cookies.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            // An empty one is taken back.
            match value {
                "" => self.cookies.remove(name),
                _ => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        response
    }
}

/// Who asks a server of ours.
#[derive(Clone)]
pub(crate) struct User {
    http: Client,
    me: String,
}

/// What the server says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) challenge: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: String,
}

impl User {
    pub(crate) fn of(server: &TestServer) -> Self {
        Self::at(&format!("http://{}/me", server.address()))
    }

    pub(crate) fn at(me: &str) -> Self {
        Self { http: http(), me: me.to_owned() }
    }

    pub(crate) async fn present(&self, token: &str) -> Answer {
        let request = self.http.get(&self.me).header("authorization", format!("Bearer {token}"));
        let response = request.send().await.unwrap();
        let field = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status: response.status().as_u16(),
            challenge: field("www-authenticate"),
            retry_after: field("retry-after"),
            body: response.text().await.unwrap(),
        }
    }

    pub(crate) async fn status(&self, token: &str) -> u16 {
        self.present(token).await.status
    }
}

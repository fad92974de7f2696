//! How this service says who it is, at an endpoint for tokens (RFC 6749 §2.3).

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jwt_core::{ConfigError, IssueError, Issuer, SigningKey};
use url::form_urlencoded::{self, Serializer};
use zeroize::Zeroizing;

use crate::fetch_error::FetchError;
use crate::http::HttpRequest;
use crate::remote_error::RemoteError;

/// How long an assertion is good: each request has its own, so that no more is needed than its way.
const ASSERTION_LIFETIME: Duration = Duration::from_secs(60);
/// RFC 7523 §2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How this service authenticates to the endpoints of an authorization server: for introspection (RFC 7662 §2.1) and
/// for tokens of its own (RFC 6749 §4.4). Cheap to clone.
///
/// | made by | the standards' name | what is sent |
/// |---|---|---|
/// | [`basic`](Self::basic) | `client_secret_basic` | id and secret, in the header field `Authorization` |
/// | [`post`](Self::post) | `client_secret_post` | id and secret, in the body |
/// | [`private_key_jwt`](Self::private_key_jwt) | `private_key_jwt` | an assertion that is signed for this one request |
///
/// Prefer the last one where the server has it: no secret leaves this service. What is sent goes to the configured
/// endpoint alone, for no redirect is followed. Secrets are wiped with the last clone, and shown by no `Debug`.
///
/// ```
/// # use jwt_remote::ClientAuth;
/// let auth = ClientAuth::basic("orders", "correct horse");
/// assert_eq!(format!("{auth:?}"), r#"ClientAuth { method: "client_secret_basic", id: "orders" }"#);
/// ```
#[derive(Clone)]
pub struct ClientAuth {
    id: Arc<str>,
    method: Method,
}

#[derive(Clone)]
enum Method {
    /// The value of the header field.
    Basic { field: Arc<Zeroizing<String>>, is_empty: bool },
    /// The secret.
    Post(Arc<Zeroizing<String>>),
    Assertion {
        key: SigningKey,
        /// None: the address that is asked.
        audience: Option<Arc<str>>,
    },
}

impl ClientAuth {
    /// By id and secret, in the header field `Authorization` (RFC 6749 §2.3.1). Each is escaped as in a form before
    /// they are joined, as the standard says; a server that does not undo it fails for secrets with such characters,
    /// and takes them by [`post`](Self::post).
    pub fn basic(id: impl Into<Arc<str>>, secret: impl Into<String>) -> Self {
        let (id, secret) = (id.into(), Zeroizing::new(secret.into()));
        let mut pair = Zeroizing::new(String::new());
        pair.extend(form_urlencoded::byte_serialize(id.as_bytes()));
        pair.push(':');
        pair.extend(form_urlencoded::byte_serialize(secret.as_bytes()));
        let mut field = Zeroizing::new(String::from("Basic "));
        STANDARD.encode_string(pair.as_bytes(), &mut field);
        Self { id, method: Method::Basic { field: Arc::new(field), is_empty: secret.is_empty() } }
    }

    /// By id and secret, in the body: for servers that do not take them in the header field (RFC 6749 §2.3.1).
    pub fn post(id: impl Into<Arc<str>>, secret: impl Into<String>) -> Self {
        Self { id: id.into(), method: Method::Post(Arc::new(Zeroizing::new(secret.into()))) }
    }

    /// By an assertion that `key` signs for each request (RFC 7523 §2.2, OpenID Connect Core §9): `iss` and `sub` are
    /// `id`, `aud` is the address that is asked, `jti` is random, and it is good for 60 s. The server knows the public
    /// half of the key by its `kid`.
    ///
    /// The key is not HMAC's: whatever is made of it is refused with [`RemoteError::ClientAuth`].
    pub fn private_key_jwt(id: impl Into<Arc<str>>, key: SigningKey) -> Self {
        Self { id: id.into(), method: Method::Assertion { key, audience: None } }
    }

    /// Whom the assertions of [`private_key_jwt`](Self::private_key_jwt) are for, instead of the address that is asked:
    /// mostly the server's issuer, which no other server can pass itself off as. The other methods have no audience.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<Arc<str>>) -> Self {
        if let Method::Assertion { audience: present, .. } = &mut self.method {
            *present = Some(audience.into());
        }
        self
    }

    /// The client's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The method as metadata of servers names it (RFC 8414 §2, `token_endpoint_auth_methods_supported`).
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self.method {
            Method::Basic { .. } => "client_secret_basic",
            Method::Post(_) => "client_secret_post",
            Method::Assertion { .. } => "private_key_jwt",
        }
    }

    /// Finds at start what every request would fail by: a variable that was not set, a key of the wrong kind.
    pub(crate) fn check(&self) -> Result<(), RemoteError> {
        let wrong = |problem: &str| Err(RemoteError::ClientAuth { problem: problem.to_owned() });
        if self.id.is_empty() {
            return wrong("the client's id is empty");
        }
        match &self.method {
            Method::Basic { is_empty: true, .. } => wrong("the client's secret is empty"),
            Method::Post(secret) if secret.is_empty() => wrong("the client's secret is empty"),
            Method::Assertion { key, .. } if key.algorithm().is_symmetric() => {
                wrong("assertions are signed by a private key, and this one is a shared secret")
            }
            Method::Assertion { key, audience } => {
                let audience = audience.as_deref().unwrap_or("https://server.example");
                issuer(&self.id, key, audience).map(drop).map_err(RemoteError::from)
            }
            Method::Basic { .. } | Method::Post(_) => Ok(()),
        }
    }

    /// Puts the credentials into a request that [`HttpRequest::post_form`] made.
    pub(crate) fn apply(&self, mut request: HttpRequest) -> Result<HttpRequest, FetchError> {
        match &self.method {
            Method::Basic { field, .. } => Ok(request.with_header("authorization", field.as_str())),
            Method::Post(secret) => {
                append(&mut request, &[("client_id", &self.id), ("client_secret", secret)]);
                Ok(request)
            }
            Method::Assertion { key, audience } => {
                let audience = audience.as_deref().unwrap_or(&request.url);
                let assertion = self.assertion(key, audience)?;
                // RFC 7521 §4.2: the id is not needed, and where it stands it is the same; some servers look it up by.
                let form = [
                    ("client_id", &*self.id),
                    ("client_assertion_type", ASSERTION_TYPE),
                    ("client_assertion", &assertion),
                ];
                append(&mut request, &form);
                Ok(request)
            }
        }
    }

    fn assertion(&self, key: &SigningKey, audience: &str) -> Result<String, FetchError> {
        let failed = |problem: String| FetchError::ClientAuth { problem };
        let issuer = issuer(&self.id, key, audience).map_err(|error| failed(error.to_string()))?;
        let signed = issuer.token().with_subject(&self.id).sign();
        signed.map_err(|error: IssueError| failed(error.to_string()))
    }
}

/// RFC 7523 §3: `iss` and `sub` are the client, and `aud` is the server.
fn issuer(id: &Arc<str>, key: &SigningKey, audience: &str) -> Result<Issuer, ConfigError> {
    Issuer::builder()
        .with_key(key.clone())
        .with_audience(audience)
        .with_issuer(Arc::clone(id))
        .with_lifetime(ASSERTION_LIFETIME)
        // Not that of an access token, which it must not pass for.
        .with_typ("JWT")
        .build()
}

/// Appends to a form.
fn append(request: &mut HttpRequest, pairs: &[(&str, &str)]) {
    let more = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let body = request.body.get_or_insert_default();
    if !body.is_empty() {
        body.push(b'&');
    }
    body.extend_from_slice(more.as_bytes());
}

/// Shows method and id, never a secret.
impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAuth").field("method", &self.method()).field("id", &self.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> HttpRequest {
        let endpoint = "https://id.example.com/introspect";
        HttpRequest::post_form(endpoint, &[("token", "a b")], Duration::from_secs(5), 9)
    }

    fn body(request: &HttpRequest) -> &str {
        core::str::from_utf8(request.body.as_deref().unwrap()).unwrap()
    }

    fn basic(request: &HttpRequest) -> String {
        let (_, field) = request.headers.iter().find(|(name, _)| *name == "authorization").unwrap();
        let decoded = STANDARD.decode(field.strip_prefix("Basic ").unwrap()).unwrap();
        String::from_utf8(decoded).unwrap()
    }

    #[test]
    fn basic_escapes_id_and_secret_before_it_joins_them() {
        for (id, secret, joined) in [
            ("s6BhdRkqt3", "gX1fBat3bV", "s6BhdRkqt3:gX1fBat3bV"),
            ("a:b", "c d", "a%3Ab:c+d"),
            // RFC 6749, appendix B.
            (" %&+\u{a3}\u{20ac}", "+/=~*-._", "+%25%26%2B%C2%A3%E2%82%AC:%2B%2F%3D%7E*-._"),
        ] {
            let request = ClientAuth::basic(id, secret).apply(request()).unwrap();
            assert_eq!(basic(&request), joined);
            assert_eq!(body(&request), "token=a+b");
        }
    }

    #[test]
    fn basic_is_the_example_of_the_standard() {
        // RFC 6749 §2.3.1.
        let request = ClientAuth::basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw").apply(request()).unwrap();
        let expected = "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3".to_owned();
        assert!(request.headers.contains(&("authorization", expected)));
    }

    #[test]
    fn post_puts_both_into_the_body() {
        let request = ClientAuth::post("a&b", "c=d").apply(request()).unwrap();
        assert_eq!(body(&request), "token=a+b&client_id=a%26b&client_secret=c%3Dd");
        assert!(request.headers.iter().all(|(name, _)| *name != "authorization"));
    }

    #[test]
    fn nothing_shows_a_secret() {
        for auth in [ClientAuth::basic("orders", "hunter2"), ClientAuth::post("orders", "hunter2")] {
            let request = auth.apply(request()).unwrap();
            let shown = format!("{auth:?} {request:?}");
            assert!(
                shown.contains("orders") && !shown.contains("hunter2") && !shown.contains("b3JkZXJz"),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_every_request_would_fail_by_is_found_at_start() {
        for (auth, problem) in [
            (ClientAuth::basic("", "s"), Some("the client's id is empty")),
            (ClientAuth::basic("a", ""), Some("the client's secret is empty")),
            (ClientAuth::post("a", ""), Some("the client's secret is empty")),
            (ClientAuth::basic("a", "s"), None),
            (ClientAuth::post("a", "s"), None),
        ] {
            let found = auth.check().err();
            assert_eq!(found.as_ref().map(RemoteError::code), problem.map(|_| "client_auth"));
            if let (Some(found), Some(problem)) = (found, problem) {
                assert!(found.to_string().contains(problem), "{found}");
            }
        }
    }

    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    mod assertions {
        use jwt_core::{Algorithm, HmacSecret, Reason, Verifier};

        use super::*;

        fn field(request: &HttpRequest, name: &str) -> Option<String> {
            let body = request.body.as_deref().unwrap();
            let mut fields = form_urlencoded::parse(body).filter(|(field, _)| field == name);
            let value = fields.next().map(|(_, value)| value.into_owned());
            assert!(fields.next().is_none(), "{name} is given twice");
            value
        }

        #[test]
        fn an_assertion_is_the_clients_own_for_this_endpoint_for_a_minute() {
            let key = SigningKey::generate(Algorithm::ES256).unwrap().with_key_id("k1").unwrap();
            let auth = ClientAuth::private_key_jwt("orders", key.clone());
            auth.check().unwrap();
            let request = auth.apply(request()).unwrap();
            assert_eq!(field(&request, "token").as_deref(), Some("a b"));
            assert_eq!(field(&request, "client_id").as_deref(), Some("orders"));
            assert_eq!(field(&request, "client_assertion_type").as_deref(), Some(ASSERTION_TYPE));
            let assertion = field(&request, "client_assertion").unwrap();
            let verifier = |audience: &str| {
                let verifier =
                    Verifier::builder().with_key(&key).with_audience(audience).with_issuer("orders");
                verifier.require_typ("JWT").with_subject("orders").build().unwrap()
            };
            let verified = verifier("https://id.example.com/introspect").verify(&assertion).unwrap();
            let seconds = |date: Option<jwt_core::NumericDate>| date.unwrap().as_duration().as_secs();
            assert_eq!(seconds(verified.expires_at()) - seconds(verified.issued_at()), 60);
            assert!(verified.token_id().is_some_and(|id| !id.is_empty()));
            let elsewhere = verifier("https://elsewhere.example/introspect").verify(&assertion);
            assert_eq!(elsewhere.unwrap_err().reason(), Reason::WrongAudience);
        }

        #[test]
        fn no_assertion_is_sent_twice() {
            let key = SigningKey::generate(Algorithm::EdDSA).unwrap();
            let auth = ClientAuth::private_key_jwt("orders", key);
            let one = field(&auth.apply(request()).unwrap(), "client_assertion");
            assert_ne!(one, field(&auth.apply(request()).unwrap(), "client_assertion"));
        }

        #[test]
        fn an_assertion_may_be_for_the_issuer() {
            let key = SigningKey::generate(Algorithm::ES256).unwrap();
            let auth =
                ClientAuth::private_key_jwt("orders", key.clone()).with_audience("https://id.example.com/");
            let assertion = field(&auth.apply(request()).unwrap(), "client_assertion").unwrap();
            let verifier = Verifier::builder().with_key(&key).with_audience("https://id.example.com/");
            assert!(verifier.with_issuer("orders").build().unwrap().verify(&assertion).is_ok());
            assert_eq!(ClientAuth::basic("a", "s").with_audience("x").method(), "client_secret_basic");
        }

        #[test]
        fn a_shared_secret_signs_no_assertion() {
            let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
            let key = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
            let error = ClientAuth::private_key_jwt("orders", key).check().unwrap_err();
            assert_eq!(error.code(), "client_auth");
            let key = SigningKey::generate(Algorithm::ES256).unwrap();
            let empty = ClientAuth::private_key_jwt("orders", key).with_audience("").check().unwrap_err();
            assert_eq!(empty.code(), "config");
        }
    }
}

//! The HTTP client that is used where none is given.

use core::time::Duration;

use jwt_core::keys::BoxFuture;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, Method, Url, redirect};

use crate::http::{HttpClient, HttpError, HttpRequest, HttpResponse};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);
/// Idle connections are closed before the servers and the boxes on the way forget them.
const IDLE: Duration = Duration::from_secs(60);
/// The most space that is made before the body is there, whatever `Content-Length` promises.
const FIRST_BYTES: usize = 64 * 1024;

/// A builder of reqwest's own with our settings: no redirects, no cookies, no compression, 3 s to connect. Add a
/// certificate authority, a proxy, header fields or a shorter time-out to it, and give it to
/// [`Remote::with_reqwest`](crate::Remote::with_reqwest).
///
/// ```
/// # fn run(company_ca: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::{Remote, reqwest};
/// let client = jwt_remote::client_builder()
///     .tls_certs_merge([reqwest::Certificate::from_pem(company_ca)?])
///     .proxy(reqwest::Proxy::https("http://proxy.example.com:3128")?);
/// let remote = Remote::with_reqwest(client)?;
/// # Ok(()) }
/// ```
pub fn client_builder() -> ClientBuilder {
    Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
}

/// A client of which is known that it follows no redirect.
pub(crate) struct Steady(Client);

impl Steady {
    pub(crate) fn new(builder: ClientBuilder) -> Result<Self, reqwest::Error> {
        let builder = builder.redirect(redirect::Policy::none()).referer(false);
        // Where somebody else in the graph turns these on, they are off here all the same.
        builder.no_gzip().no_brotli().no_zstd().no_deflate().build().map(Self)
    }
}

impl HttpClient for Steady {
    fn may_carry_secrets(&self) -> bool {
        true
    }

    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        send(self.0.clone(), request)
    }
}

/// The user's own client does as well, for keys and metadata: an answer that came by a redirect is refused. By then a
/// client that follows redirects, as reqwest's default does, has sent its `GET` to wherever it was led, with whatever
/// fields it adds to each request; give it [`redirect::Policy::none`], or its builder to
/// [`Remote::with_reqwest`](crate::Remote::with_reqwest). What has a body has a token or a secret in it, which a redirect
/// would take along before anything could be refused, so that it is sent by a client of `Remote::with_reqwest` alone.
impl HttpClient for Client {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        if request.body.is_some() {
            let problem =
                "this client may follow redirects with a secret: give its builder to `Remote::with_reqwest`";
            return Box::pin(core::future::ready(Err(HttpError::connection(problem))));
        }
        send(self.clone(), request)
    }

    fn may_carry_secrets(&self) -> bool {
        false
    }
}

fn send(client: Client, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
    Box::pin(async move {
        // Around everything, for reqwest's own time-out ends with the head on some paths. Nothing is set at the request:
        // that would take the place of a shorter one of the client's.
        let timeout = request.timeout;
        let outcome = tokio::time::timeout(timeout, answer(&client, request)).await;
        outcome.unwrap_or(Err(HttpError::Timeout))
    })
}

async fn answer(client: &Client, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let HttpRequest { url, headers, body, most_bytes, .. } = request;
    let url = Url::parse(&url).map_err(|error| HttpError::connection(error.to_string()))?;
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let request = client.request(method, url.clone()).headers(fields(headers)?);
    let request = match body {
        Some(body) => request.body(body),
        None => request,
    };
    let mut response = request.send().await.map_err(problem)?;
    if *response.url() != url {
        return Err(HttpError::Redirected);
    }
    // Nothing was asked for, and what is not asked for is not unpacked: a small answer stays small.
    if response.headers().contains_key(CONTENT_ENCODING) {
        return Err(HttpError::Encoded);
    }
    let length = response.content_length().and_then(|length| usize::try_from(length).ok());
    if length.is_some_and(|length| length > most_bytes) {
        return Err(HttpError::TooLong);
    }
    let mut read = Vec::with_capacity(length.unwrap_or_default().min(FIRST_BYTES));
    while let Some(chunk) = response.chunk().await.map_err(problem)? {
        if chunk.len() > most_bytes.saturating_sub(read.len()) {
            return Err(HttpError::TooLong);
        }
        read.extend_from_slice(&chunk);
    }
    let headers = response.headers().iter();
    let headers =
        headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    Ok(HttpResponse { status: response.status().as_u16(), headers: headers.collect(), body: read })
}

fn fields(headers: Vec<(&'static str, String)>) -> Result<HeaderMap, HttpError> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let mut value =
            HeaderValue::try_from(value).map_err(|_| HttpError::connection("a header is no text"))?;
        // So that no log of a layer below shows credentials.
        value.set_sensitive(name == "authorization");
        map.append(HeaderName::from_static(name), value);
    }
    Ok(map)
}

/// With its causes, for reqwest's own text names none; without the URL, which is known and may hold a secret.
fn problem(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::Timeout;
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = core::error::Error::source(&error);
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    HttpError::connection(text)
}

#[cfg(test)]
mod tests;

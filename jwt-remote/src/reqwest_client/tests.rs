//! Against a socket that answers as it is told.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Answers one connection with `answer`, and says what it was asked.
async fn once(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x?y=z", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4_096];
        let len = stream.read(&mut asked).await.unwrap();
        asked.truncate(len);
        // Whoever reads no further closes early.
        let _ = stream.write_all(&answer).await;
        String::from_utf8(asked).unwrap()
    });
    (url, asked)
}

async fn send(answer: impl Into<Vec<u8>>, most_bytes: usize) -> Result<HttpResponse, HttpError> {
    let (url, _asked) = once(answer.into()).await;
    let client = client_builder().no_proxy().build().unwrap();
    client.send(HttpRequest::get(&url, Duration::from_secs(2), most_bytes)).await
}

#[tokio::test]
async fn an_answer_is_read_whole() {
    let answer = "HTTP/1.1 201 Created\r\nETag: \"a\"\r\nContent-Length: 2\r\n\r\nhi";
    let response = send(answer, 2).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (201, &b"hi"[..]));
    assert_eq!(response.value("etag"), Some("\"a\""));
}

#[tokio::test]
async fn a_request_is_as_it_was_made() {
    let (url, asked) = once(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    let request = HttpRequest::post_form(&url, &[("token", "a b")], Duration::from_secs(2), 9);
    let request = request.with_header("authorization", "Basic eA==");
    // A client of which nothing is known would take it along with a redirect.
    let own = client_builder().no_proxy().build().unwrap().send(request.clone()).await.unwrap_err();
    assert!(own.to_string().contains("Remote::with_reqwest"), "{own}");
    Steady::new(client_builder().no_proxy()).unwrap().send(request).await.unwrap();
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("POST /x?y=z HTTP/1.1\r\n") && asked.ends_with("token=a+b"), "{asked}");
    assert!(asked.contains("authorization: Basic eA==\r\n"), "{asked}");
    assert!(!asked.to_lowercase().contains("accept-encoding"), "{asked}");
}

#[tokio::test]
async fn no_more_than_allowed_is_read() {
    for answer in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{}", "x".repeat(11)),
        // It never comes, and is not waited for.
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(1_000_000)),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nxxxxxxxxxxx\r\n0\r\n\r\n".to_owned(),
    ] {
        assert_eq!(send(answer, 10).await.unwrap_err(), HttpError::TooLong);
    }
}

/// A redirect, and where it leads.
async fn redirect() -> (Vec<u8>, tokio::task::JoinHandle<String>) {
    let (there, asked) = once(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()).await;
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n");
    (answer.into_bytes(), asked)
}

#[tokio::test]
async fn no_redirect_is_followed_by_a_client_of_ours() {
    let (answer, there) = redirect().await;
    assert_eq!(send(answer.clone(), 10).await.unwrap().status, 302);
    // Nor by one of the user's builder, which would.
    let (url, _asked) = once(answer).await;
    let steady = Steady::new(Client::builder().no_proxy()).unwrap();
    let request = HttpRequest::get(&url, Duration::from_secs(2), 10);
    assert_eq!(steady.send(request).await.unwrap().status, 302);
    assert!(!there.is_finished(), "the target was asked");
}

#[tokio::test]
async fn what_the_users_own_client_found_behind_a_redirect_is_not_believed() {
    let (answer, there) = redirect().await;
    let (url, _asked) = once(answer).await;
    let client = Client::builder().no_proxy().build().unwrap();
    let request = HttpRequest::get(&url, Duration::from_secs(2), 10);
    assert_eq!(client.send(request).await.unwrap_err(), HttpError::Redirected);
    // It has been there, which nobody can keep it from.
    assert!(there.await.unwrap().starts_with("GET "));
}

#[tokio::test]
async fn what_sends_secrets_does_not_start_with_a_client_that_may_follow_redirects() {
    use crate::{ClientAuth, Introspection, Remote, ServiceToken};
    let auth = || ClientAuth::basic("orders", "secret");
    let start = |remote: &Remote| {
        let introspection = Introspection::at("http://127.0.0.1:1/introspect", auth());
        let introspection = introspection.with_audience("api").with_issuer("https://id").with_remote(remote);
        let token = ServiceToken::at("http://127.0.0.1:1/token", auth()).with_remote(remote);
        [introspection.start().map(drop), token.start().map(drop)]
    };
    for outcome in start(&Remote::with_client(client_builder().no_proxy().build().unwrap())) {
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), "unfit_client");
        assert!(error.to_string().ends_with("give its builder to `Remote::with_reqwest`"), "{error}");
    }
    for outcome in start(&Remote::with_reqwest(client_builder().no_proxy()).unwrap()) {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn a_shorter_time_out_of_the_users_own_client_wins() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let client = client_builder().no_proxy().timeout(Duration::from_millis(200));
    let own = client_builder().no_proxy().timeout(Duration::from_millis(200)).build().unwrap();
    let hour = || HttpRequest::get(&url, Duration::from_secs(3_600), 9);
    // Nobody accepts.
    let both = async { (Steady::new(client).unwrap().send(hour()).await, own.send(hour()).await) };
    let (steady, own) = tokio::time::timeout(Duration::from_secs(30), both).await.expect("it is not obeyed");
    assert_eq!((steady.unwrap_err(), own.unwrap_err()), (HttpError::Timeout, HttpError::Timeout));
}

#[tokio::test]
async fn what_is_compressed_is_not_read() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(send(answer, 10).await.unwrap_err(), HttpError::Encoded);
}

#[tokio::test]
async fn a_server_that_drips_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut [0; 4_096]).await.unwrap(), 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let client = client_builder().no_proxy().build().unwrap();
    let request = HttpRequest::get(&url, Duration::from_millis(300), 2_000);
    assert_eq!(client.send(request).await.unwrap_err(), HttpError::Timeout);
}

#[tokio::test]
async fn an_error_names_its_cause_and_no_address() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = client_builder().no_proxy().build().unwrap();
    let request = HttpRequest::get(&format!("http://{port}/?key=secret"), Duration::from_secs(2), 9);
    let error = client.send(request).await.unwrap_err().to_string();
    assert!(error.contains("Connection refused") && !error.contains("secret"), "{error}");
    let broken = send("SSH-2.0-x\r\n", 9).await.unwrap_err();
    assert_eq!(broken.code(), "connection");
}

/// A server with a certificate of an authority that no system knows, and the authority's certificate.
async fn with_tls() -> (String, Vec<u8>) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;

    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let trusted = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();

    let chain = vec![certificate.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever does not trust it hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            assert_ne!(stream.read(&mut [0; 4_096]).await.unwrap(), 0);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
        }
    });
    (url, trusted.into_bytes())
}

#[tokio::test]
async fn a_certificate_authority_is_trusted_where_it_was_added_and_only_there() {
    let (url, authority) = with_tls().await;
    let get = || HttpRequest::get(&url, Duration::from_secs(5), 9);
    let stranger = client_builder().no_proxy().build().unwrap();
    let error = stranger.send(get()).await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    let certificate = reqwest::Certificate::from_pem(&authority).unwrap();
    let client = client_builder().no_proxy().tls_certs_only([certificate]).build().unwrap();
    assert_eq!(client.send(get()).await.unwrap().body, b"hi");
}

#[tokio::test]
async fn a_proxy_and_header_fields_of_the_users_own_are_used() {
    let (proxy, asked) = once(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec()).await;
    let fields =
        HeaderMap::from_iter([(HeaderName::from_static("x-team"), HeaderValue::from_static("shop"))]);
    let proxy = reqwest::Proxy::all(proxy).unwrap();
    let client = client_builder().proxy(proxy).default_headers(fields).build().unwrap();
    // A name that only the proxy could look up.
    let request = HttpRequest::get("http://keys.invalid/jwks", Duration::from_secs(2), 9);
    assert_eq!(client.send(request).await.unwrap().body, b"hi");
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("GET http://keys.invalid/jwks HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("x-team: shop\r\n"), "{asked}");
}

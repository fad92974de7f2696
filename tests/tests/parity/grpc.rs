//! gRPC calls over HTTP/2 without TLS: refused in trailers only, with the challenge as metadata.

use core::net::SocketAddr;
use core::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body as _;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tests::routes::{Demand, Endpoint, Layer, Route};
use tests::tokens::{Forged, NOW, alice, good};

use super::{Expected, Table, routes, rules, rules_of_one_issuer};

/// A message of length zero, as gRPC frames it.
const MESSAGE: &[u8] = &[0; 5];

/// A request by HTTP/2.
#[derive(Clone, Debug)]
struct Call {
    method: &'static str,
    path: String,
    fields: Vec<(&'static str, String)>,
}

impl Call {
    fn bare(method: &'static str, path: &str) -> Self {
        Self { method, path: path.to_owned(), fields: Vec::new() }
    }

    /// As gRPC has it.
    fn new(path: &str) -> Self {
        Self::typed(path, "application/grpc")
    }

    /// The same of another media type.
    fn typed(path: &str, media_type: &str) -> Self {
        Self::bare("POST", path).with("te", "trailers").with("content-type", media_type)
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    fn bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let body = if self.method == "POST" { MESSAGE } else { &[] };
        let request = Request::builder()
            .version(Version::HTTP_2)
            .method(self.method)
            .uri(format!("http://api.example.com{}", self.path));
        let request =
            self.fields.iter().fold(request, |request, (name, value)| request.header(*name, value.as_str()));
        request.body(Full::from(body)).unwrap()
    }
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// Without `date`, sorted.
    fields: Vec<(String, String)>,
    /// Whether the stream ended with the one block of fields.
    is_trailers_only: bool,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

/// Sends a request on a connection of its own, by HTTP/2 from the first byte on.
async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> Answer {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    let (head, body) = response.into_parts();
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
    };
    let mut fields: Vec<_> = head.headers.iter().map(text).filter(|(name, _)| name != "date").collect();
    fields.sort();
    let is_trailers_only = body.is_end_stream();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned();
    drop(sender);
    connection.await.unwrap().unwrap();
    Answer { status: head.status.as_u16(), fields, is_trailers_only, body: body.to_bytes(), trailers }
}

impl Table {
    /// Sends one call to each and notes what is not as expected.
    fn call(&self, name: &str, call: &Call, expected: &Expected) {
        self.rows.set(self.rows.get() + 1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (framework, server) in self.servers() {
            let answer = runtime.block_on(async {
                let answer = exchange(server.address(), call.request());
                tokio::time::timeout(Duration::from_secs(20), answer).await.unwrap()
            });
            let mut fields: Vec<(String, String)> =
                expected.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            // HTTP/2 needs none, and of an empty body some frameworks tell it and some do not.
            let is_told = answer.fields.iter().any(|(name, _)| name == "content-length");
            if !expected.body.is_empty() || is_told {
                fields.push(("content-length".to_owned(), expected.body.len().to_string()));
            }
            fields.sort();
            let same = answer.status == expected.status
                && answer.fields == fields
                && answer.body == expected.body
                && answer.is_trailers_only == expected.body.is_empty()
                && answer.trailers.is_none();
            if !same {
                let fault = format!("  expected {expected:?}\n  found {answer:?}");
                self.note(format!("{name} ({framework}): {call:?}\n{fault}"));
            }
        }
    }
}

#[test]
fn refusals_are_trailers_only_with_the_challenge_as_metadata() {
    let table = Table::new("gRPC", &routes(&rules("sources = ['header', 'cookie:access']")));
    let row = |name: &str, call: Call, expected: Expected| table.call(name, &call, &expected);
    let (plain, admin) = (alice(), good(|token| token.with_scope("admin")));
    let bob = Forged::new().claim("sub", "bob").sign();
    let old = Forged::new().claim("iat", NOW - 700).claim("exp", NOW - 100).sign();
    let missing = || Expected::insufficient_scope(Some("admin")).grpc(7);
    let stronger = || Expected::stronger_login(r#"acr_values="urn:mfa""#).grpc(16);
    for media_type in
        ["application/grpc", "application/grpc+proto", "application/grpc;x=y", "Application/gRPC"]
    {
        let call = |path: &str| Call::typed(path, media_type);
        row(media_type, call("/me"), Expected::no_credentials().grpc(16));
        let basic = call("/me").with("authorization", "Basic YTpi");
        row(media_type, basic, Expected::no_credentials().grpc(16));
        row(media_type, call("/me").bearer("a.b.c"), Expected::not_valid().grpc(16));
        row(media_type, call("/me").bearer(&old), Expected::expired().grpc(16));
        let broken = call("/me").with("authorization", "Bearer");
        row(media_type, broken, Expected::invalid_request().grpc(16));
        let twice = call("/me").bearer(&plain).bearer(&plain);
        row(media_type, twice, Expected::invalid_request().grpc(16));
        let both = call("/me").bearer(&plain).with("cookie", &format!("access={plain}"));
        row(media_type, both, Expected::invalid_request().grpc(16));
        let cookie = call("/me").with("cookie", &format!("access={plain}"));
        row(media_type, cookie, Expected::cross_origin().grpc(7));
        // By the extractor and by the requirement.
        row(media_type, call("/admin").bearer(&plain), missing());
        row(media_type, call("/require-admin").bearer(&plain), missing());
        row(media_type, call("/auditor").bearer(&plain), Expected::insufficient_scope(None).grpc(7));
        row(media_type, call("/step-up").bearer(&plain), stronger());
        row(media_type, call("/require-step-up").bearer(&plain), stronger());
        row(media_type, call("/impossible").bearer(&plain), Expected::not_valid().grpc(16));
        // Told by the handler, once the request is gone.
        row(media_type, call("/owned").bearer(&bob), Expected::insufficient_scope(None).grpc(7));
        row(media_type, call("/owned").bearer(&plain), stronger());
        row(media_type, call("/unlayered").bearer(&plain), Expected::internal().grpc(13));
        row(media_type, call("/unlayered-require").bearer(&plain), Expected::internal().grpc(13));
        row(media_type, call("/unlayered-authorized"), Expected::internal().grpc(13));
        // What is not refused is none of our business.
        row(media_type, call("/me").bearer(&plain), Expected::me(&plain));
        row(media_type, call("/admin").bearer(&admin), Expected::subject("alice"));
        row(media_type, call("/nowhere"), Expected::not_found());
    }
    table.finish(80);
}

#[test]
fn refusals_in_own_words_are_trailers_only_too() {
    let auth = rules("");
    let route = |path, endpoint| Route { path, layers: vec![Layer::OwnWords(auth.clone())], endpoint };
    let admin = |path, endpoint| Route {
        layers: vec![Layer::OwnWords(auth.clone()), Layer::Require(Demand::Admin)],
        ..route(path, endpoint)
    };
    let routes = [
        route("/me", Endpoint::Me),
        route("/admin", Endpoint::Authorized(Demand::Admin)),
        admin("/require-admin", Endpoint::Me),
        route("/owned", Endpoint::Owned),
    ];
    let table = Table::new("gRPC, own words", &routes.into());
    let (token, bob) = (alice(), Forged::new().claim("sub", "bob").sign());
    let missing = Expected::insufficient_scope;
    // By the layer, by an extractor, by a layer inside, and by the handler.
    for (path, token, expected, status) in [
        ("/me", None, Expected::no_credentials(), 16),
        ("/me", Some("a.b.c"), Expected::not_valid(), 16),
        ("/admin", Some(&*token), missing(Some("admin")), 7),
        ("/require-admin", Some(&*token), missing(Some("admin")), 7),
        ("/owned", Some(&*bob), missing(None), 7),
    ] {
        let with_token = |call: Call| match token {
            Some(token) => call.bearer(token),
            None => call,
        };
        table.call("gRPC", &with_token(Call::new(path)), &expected.clone().grpc(status));
        let ordinary = Call::typed(path, "application/json");
        table.call("no gRPC", &with_token(ordinary), &expected.own_words());
    }
    table.call("good", &Call::new("/me").bearer(&token), &Expected::me(&token));
    table.finish(11);
}

#[test]
fn without_any_one_of_its_marks_a_request_by_http_2_is_like_others() {
    let table = Table::new("HTTP/2", &routes(&rules("")));
    let row = |name: &str, call: Call, expected: Expected| table.call(name, &call, &expected);
    let plain = alice();
    let media = ("content-type", "application/grpc");
    for call in [
        Call::bare("POST", "/me"),
        Call::bare("POST", "/me").with("te", "trailers"),
        Call::bare("POST", "/me").with(media.0, media.1),
        Call::bare("GET", "/me").with("te", "trailers").with(media.0, media.1),
        Call::bare("PUT", "/me").with("te", "trailers").with(media.0, media.1),
        Call::new("/me").with(media.0, media.1),
        Call::new("/me").with("te", "trailers"),
        Call::typed("/me", "application/grpc-web"),
        Call::typed("/me", "application/grpc-web+proto"),
        Call::typed("/me", "application/grpcx"),
        Call::typed("/me", "application/json"),
        Call::typed("/me", ""),
    ] {
        row("none", call.clone(), Expected::no_credentials());
        row("bad", call.clone().bearer("a.b.c"), Expected::not_valid());
        row("broken", call.clone().with("authorization", "Bearer"), Expected::invalid_request());
        if call.method != "PUT" {
            let forbidden = Call { path: "/require-admin".to_owned(), ..call.clone() };
            let expected = Expected::insufficient_scope(Some("admin"));
            row("forbidden", forbidden.bearer(&plain), expected);
            row("good", call.bearer(&plain), Expected::me(&plain));
        }
    }
    table.finish(58);
}

#[test]
fn outages_and_extractors_in_grpc() {
    let table = Table::new("gRPC, outage", &routes(&rules_of_one_issuer("keys_unavailable = true")));
    for path in ["/me", "/admin", "/require-admin"] {
        table.call("down", &Call::new(path).bearer(&alice()), &Expected::unavailable().grpc(14));
        let ordinary = Call::typed(path, "application/json").bearer(&alice());
        table.call("down, no gRPC", &ordinary, &Expected::unavailable());
    }
    table.finish(6);

    // Behind an optional layer the refusal is the extractor's; a handle needs no layer.
    let auth = rules("optional = true");
    let layers = vec![Layer::Handle(auth.clone())];
    let handle = Route { path: "/handle", layers, endpoint: Endpoint::Me };
    let table = Table::new("gRPC, optional", &routes(&auth).iter().cloned().chain([handle]).collect());
    let missing = Expected::insufficient_scope(Some("admin")).grpc(7);
    let token = alice();
    let good = Expected::me(&token);
    for (path, expected) in [("/me", &good), ("/handle", &good), ("/admin", &missing)] {
        table.call("none", &Call::new(path), &Expected::no_credentials().grpc(16));
        table.call("bad", &Call::new(path).bearer("a.b.c"), &Expected::not_valid().grpc(16));
        table.call("plain", &Call::new(path).bearer(&token), expected);
    }
    let layered = Call::new("/require-auditor").bearer(&alice());
    table.call("role", &layered, &Expected::insufficient_scope(None).grpc(7));
    table.finish(10);
}

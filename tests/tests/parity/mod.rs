//! One table of requests, the same answers in every framework.
//!
//! Each row is sent over a socket to a server in each framework. Status, body and every field of
//! the response but `date` must be what the row says, so frameworks agree where the rows pass.
//!
//! | room | rows |
//! |---|---|
//! | `answers` | the table of situations and answers: optional mode, requirements, preflights, outages |
//! | `carriers` | where a token may stand, and every way to write it wrong |
//! | `grammar` | the grammar of RFC 6750, byte by byte |
//! | `grpc` | gRPC calls over HTTP/2, and what is none over HTTP/2 |
//! | `logs` | what operators are told of them |
//! | `nesting` | layers inside of layers |
//! | `once` | one signature check, however many ask |
//! | `single_use` | routes that take each token once, over a store |
//! | `tokens` | good and bad tokens; the bad ones answered with the same bytes |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "what fails in here fails a test"
)]

mod answers;
mod carriers;
mod grammar;
mod grpc;
mod logs;
mod nesting;
mod once;
mod single_use;
mod tokens;

use core::cell::{Cell, RefCell};
use core::slice::from_ref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use jwt_core::RequestAuth;
use tests::config::Config;
use tests::routes::{Demand, Endpoint, Layer, Route, Routes, protected};
use tests::server::{Framework, TestServer};
use tests::tokens::{AUDIENCE, HMAC_ISSUER, ISSUER, NOW, write_keys};
use tests::wire::{Request, Response, exchange};

/// The rules of a configuration file that trusts both issuers, with these lines on top.
pub(crate) fn rules(top: &str) -> RequestAuth {
    let text = format!(
        r#"
        clock_unix_seconds = {NOW}
        {top}
        [[issuers]]
        issuer = "{ISSUER}"
        audience = "{AUDIENCE}"
        jwks_file = "asymmetric.json"
        [[issuers]]
        issuer = "{HMAC_ISSUER}"
        audience = ["{AUDIENCE}", "https://other.example.com"]
        jwks_file = "hmac.json"
        "#
    );
    parse(&text)
}

/// The rules of a configuration file that trusts [`ISSUER`] alone, with these lines on top.
pub(crate) fn rules_of_one_issuer(top: &str) -> RequestAuth {
    let text = format!(
        r#"
        clock_unix_seconds = {NOW}
        issuer = "{ISSUER}"
        audience = "{AUDIENCE}"
        jwks_file = "asymmetric.json"
        {top}
        "#
    );
    parse(&text)
}

/// Reads a configuration beside the files that it names, which nobody needs afterwards.
fn parse(text: &str) -> RequestAuth {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let folder = format!("parity-{}-{}", std::process::id(), FOLDERS.fetch_add(1, Ordering::SeqCst));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    write_keys(&folder);
    let auth = Config::parse(text, &folder).and_then(|config| config.request_auth());
    std::fs::remove_dir_all(folder).unwrap();
    auth.unwrap()
}

/// The routes of `protected-server` and more of the same kind.
pub(crate) fn routes(auth: &RequestAuth) -> Routes {
    let layer = Layer::Auth(auth.clone());
    let route = |path, layers: &[Layer], endpoint| Route { path, layers: layers.to_vec(), endpoint };
    let more = [
        route("/require-admin", &[layer.clone(), Layer::Require(Demand::Admin)], Endpoint::Public),
        route(
            "/require-admin-or-ops",
            &[layer.clone(), Layer::Require(Demand::AdminOrOps)],
            Endpoint::Public,
        ),
        route("/require-step-up", &[layer.clone(), Layer::Require(Demand::StepUp)], Endpoint::Public),
        route("/require-fresh-login", &[layer.clone(), Layer::Require(Demand::FreshLogin)], Endpoint::Public),
        route("/require-auditor", &[layer.clone(), Layer::Require(Demand::Auditor)], Endpoint::Public),
        route("/require-of-acme", &[layer.clone(), Layer::Require(Demand::OfAcme)], Endpoint::Public),
        route(
            "/require-other-issuer",
            &[layer.clone(), Layer::Require(Demand::OtherIssuer)],
            Endpoint::Public,
        ),
        route("/require-all", &[layer.clone(), Layer::Require(Demand::Everything)], Endpoint::Public),
        route("/all", from_ref(&layer), Endpoint::Authorized(Demand::Everything)),
        route("/fresh-login", from_ref(&layer), Endpoint::Authorized(Demand::FreshLogin)),
        route("/of-acme", from_ref(&layer), Endpoint::Authorized(Demand::OfAcme)),
        route("/other-issuer", from_ref(&layer), Endpoint::Authorized(Demand::OtherIssuer)),
        route("/auditor", from_ref(&layer), Endpoint::Authorized(Demand::Auditor)),
        route("/everything", from_ref(&layer), Endpoint::Everything),
        route("/impossible", from_ref(&layer), Endpoint::Impossible),
        route("/owned", from_ref(&layer), Endpoint::Owned),
        route("/layered-public", from_ref(&layer), Endpoint::Public),
        route("/unstorable", from_ref(&layer), Endpoint::Unstorable),
        route("/require-outside", &[Layer::Require(Demand::Admin), layer], Endpoint::Public),
        route("/unlayered-require", &[Layer::Require(Demand::Admin)], Endpoint::Public),
        route("/unlayered-authorized", &[], Endpoint::Authorized(Demand::Admin)),
        route("/unlayered-optional", &[], Endpoint::Optional),
        route("/unlayered-token", &[], Endpoint::Identity),
        route("/unlayered-owned", &[], Endpoint::Owned),
    ];
    protected(auth).iter().cloned().chain(more).collect()
}

/// What a response must be, in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    status: u16,
    fields: Vec<(&'static str, String)>,
    body: String,
}

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

impl Expected {
    fn new(status: u16, media_type: &str, body: impl Into<String>) -> Self {
        Self { status, fields: vec![("content-type", media_type.to_owned())], body: body.into() }
    }

    /// 200 with this JSON.
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self::new(200, JSON, body)
    }

    /// 200 of `/me`: the claims are the token's own bytes.
    pub(crate) fn me(token: &str) -> Self {
        Self::ok(format!(r#"{{"sub":"alice","claims":{}}}"#, payload_of(token)))
    }

    /// 200 with this subject alone.
    pub(crate) fn subject(subject: &str) -> Self {
        Self::ok(format!(r#"{{"sub":"{subject}"}}"#))
    }

    /// 200 with nobody.
    pub(crate) fn nobody() -> Self {
        Self::ok(r#"{"sub":null}"#)
    }

    /// 200 of a route that asks for nothing.
    pub(crate) fn public() -> Self {
        Self::ok(r#"{"public":true}"#)
    }

    fn problem(status: u16, title: &str, detail: &str, challenge: Option<&str>) -> Self {
        let body = format!(r#"{{"title":"{title}","status":{status},"detail":"{detail}"}}"#);
        let expected = Self::new(status, PROBLEM, body);
        match challenge {
            Some(challenge) => expected.with("www-authenticate", challenge),
            None => expected,
        }
    }

    /// 401 without an error code.
    pub(crate) fn no_credentials() -> Self {
        Self::problem(401, "Unauthorized", "Authentication is required", Some(r#"Bearer realm="api""#))
    }

    /// 400 `invalid_request`.
    pub(crate) fn invalid_request() -> Self {
        let detail = "The request does not carry exactly one well-formed token";
        let challenge =
            format!(r#"Bearer realm="api", error="invalid_request", error_description="{detail}""#);
        Self::problem(400, "Bad Request", detail, Some(&challenge))
    }

    fn invalid_token(detail: &str) -> Self {
        let challenge = format!(r#"Bearer realm="api", error="invalid_token", error_description="{detail}""#);
        Self::problem(401, "Unauthorized", detail, Some(&challenge))
    }

    /// 401 `invalid_token` for every cause but one.
    pub(crate) fn not_valid() -> Self {
        Self::invalid_token("The access token is not valid")
    }

    /// 401 `invalid_token` for that one.
    pub(crate) fn expired() -> Self {
        Self::invalid_token("The access token has expired")
    }

    /// 403 `insufficient_scope`; `scope` where the route names scopes.
    pub(crate) fn insufficient_scope(scope: Option<&str>) -> Self {
        let detail = "The access token does not grant what this request needs";
        let scope = scope.map(|scope| format!(r#", scope="{scope}""#)).unwrap_or_default();
        let challenge =
            format!(r#"Bearer realm="api", error="insufficient_scope", error_description="{detail}"{scope}"#);
        Self::problem(403, "Forbidden", detail, Some(&challenge))
    }

    /// 401 `insufficient_user_authentication` with what is needed.
    pub(crate) fn stronger_login(needed: &str) -> Self {
        let detail = "A stronger or more recent login is needed";
        let challenge = format!(
            r#"Bearer realm="api", error="insufficient_user_authentication", error_description="{detail}", {needed}"#
        );
        Self::problem(401, "Unauthorized", detail, Some(&challenge))
    }

    /// 403 without a challenge.
    pub(crate) fn cross_origin() -> Self {
        let detail = "The request does not prove that it comes from an allowed origin";
        Self::problem(403, "Forbidden", detail, None)
    }

    /// 503 with `Retry-After` and without a challenge.
    pub(crate) fn unavailable() -> Self {
        let detail = "The request cannot be authenticated right now";
        Self::problem(503, "Service Unavailable", detail, None).with("retry-after", "5")
    }

    /// 500 that says nothing of its cause.
    pub(crate) fn internal() -> Self {
        let detail = "The server is not set up to answer this request";
        Self::problem(500, "Internal Server Error", detail, None)
    }

    /// 404 of the router.
    pub(crate) fn not_found() -> Self {
        Self::new(404, JSON, r#"{"error":"not found"}"#)
    }

    /// 405 of the route.
    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        Self::new(405, JSON, r#"{"error":"method not allowed"}"#).with("allow", allow)
    }

    /// With another realm in the challenge.
    pub(crate) fn realm(mut self, realm: &str) -> Self {
        for (_, value) in self.fields.iter_mut().filter(|(name, _)| *name == "www-authenticate") {
            *value = value.replacen(r#"realm="api""#, &format!(r#"realm="{realm}""#), 1);
        }
        self
    }

    /// With another challenge.
    pub(crate) fn challenge(mut self, challenge: &str) -> Self {
        self.fields.retain(|(name, _)| *name != "www-authenticate");
        self.with("www-authenticate", challenge)
    }

    /// With the body of [`tests::replies::Reply::own_words`].
    pub(crate) fn own_words(mut self) -> Self {
        self.body = format!(r#"{{"refused":{}}}"#, self.status);
        for (_, value) in self.fields.iter_mut().filter(|(name, _)| *name == "content-type") {
            value.replace_range(.., JSON);
        }
        self
    }

    /// With one more field.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    /// The same as an answer to gRPC: 200, trailers-only.
    pub(crate) fn grpc(self, status: u8) -> Self {
        let detail =
            self.body.split("\"detail\":\"").nth(1).and_then(|rest| rest.strip_suffix("\"}")).unwrap();
        let message = detail.to_owned();
        let fields = self.fields.into_iter().filter(|(name, _)| *name != "content-type").collect();
        Self { status: 200, fields, body: String::new() }
            .with("content-type", "application/grpc")
            .with("grpc-status", &status.to_string())
            .with("grpc-message", &message)
    }

    /// As the answer to `HEAD`: everything but the body.
    pub(crate) fn head(self) -> Self {
        let length = self.body.len().to_string();
        Self { body: String::new(), ..self }.with("content-length", &length)
    }

    /// What is wrong with a response, if anything is.
    fn fault(&self, response: &Response) -> Option<String> {
        let mut fields: Vec<(String, String)> =
            self.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        if !self.fields.iter().any(|(name, _)| *name == "content-length") {
            fields.push(("content-length".to_owned(), self.body.len().to_string()));
        }
        fields.push(("connection".to_owned(), "close".to_owned()));
        fields.sort();
        let same = response.status == self.status
            && response.fields == fields
            && response.body == self.body.as_bytes();
        (!same).then(|| format!("  expected {self:?}\n  found {response:?}"))
    }
}

/// The payload of a token, as text.
pub(crate) fn payload_of(token: &str) -> String {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The same routes in every framework, and what was found wrong with them.
pub(crate) struct Table {
    name: &'static str,
    servers: Vec<(Framework, TestServer)>,
    rows: Cell<usize>,
    faults: RefCell<Vec<String>>,
}

impl Table {
    /// Starts the servers.
    pub(crate) fn new(name: &'static str, routes: &Routes) -> Self {
        Self::of_each(name, || routes.clone())
    }

    /// Starts the servers, each with routes of its own, for rules that remember requests.
    pub(crate) fn of_each(name: &'static str, routes: impl Fn() -> Routes) -> Self {
        let start = |&framework| (framework, TestServer::start(framework, routes()).unwrap());
        let servers = Framework::ALL.iter().map(start).collect();
        Self { name, servers, rows: Cell::new(0), faults: RefCell::default() }
    }

    /// The servers.
    pub(crate) fn servers(&self) -> &[(Framework, TestServer)] {
        &self.servers
    }

    /// Sends one request to each.
    pub(crate) fn ask(&self, request: &Request) -> Vec<(Framework, Response)> {
        self.rows.set(self.rows.get() + 1);
        self.servers
            .iter()
            .map(|(framework, server)| (*framework, exchange(server.address(), request)))
            .collect()
    }

    /// Sends one request to each and notes what is not as expected.
    pub(crate) fn row(&self, name: &str, request: &Request, expected: &Expected) {
        for (framework, response) in self.ask(request) {
            if let Some(fault) = expected.fault(&response) {
                self.note(format!("{name} ({framework}): {request:?}\n{fault}"));
            }
        }
    }

    /// Notes a fault.
    pub(crate) fn note(&self, fault: String) {
        self.faults.borrow_mut().push(fault);
    }

    /// Fails if anything was noted, or if there were fewer rows than there should be.
    pub(crate) fn finish(self, at_least: usize) {
        let (name, rows, faults) = (self.name, self.rows.get(), self.faults.into_inner());
        #[expect(clippy::print_stderr, reason = "how much was tested is part of the result")]
        {
            eprintln!("parity: {name}: {rows} requests in {} frameworks", self.servers.len());
        }
        assert!(faults.is_empty(), "{name}: {} of {rows} rows differ\n{}", faults.len(), faults.join("\n"));
        assert!(rows >= at_least, "{name}: only {rows} rows");
    }
}

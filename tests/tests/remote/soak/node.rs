//! One node of a service: an axum router that trusts all issuers, and what is known of the keys that it holds.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::routing::get;
use axum_jwt::{Claims, JwtAuth};
use http::{Request, Response};
use jwt_core::Verifier;
use jwt_core::keys::BoxFuture;
use jwt_remote::{HttpClient, HttpError, HttpRequest, HttpResponse, Oidc, Remote};
use tests::tokens::AUDIENCE;
use tower::ServiceExt as _;

use super::super::client;
use super::faults::{KEYS, SET};
use super::world::{Issuer, Set};

pub(super) type Issuers = Arc<[Mutex<Issuer>]>;
pub(super) type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// What a node holds of one issuer.
#[derive(Clone, Default)]
pub(super) struct Held {
    /// The last set whose answer came in whole.
    pub(super) set: Option<Arc<Set>>,
    /// Requests that wait.
    pub(super) waiting: usize,
}

/// The real client, which is watched: what it hands on, the source takes in before anything else runs on this thread.
/// So this knows at each moment which set is held, without asking the one that is tested.
struct Watched {
    client: jwt_remote::reqwest::Client,
    issuers: Issuers,
    held: Arc<Mutex<Vec<Held>>>,
}

impl HttpClient for Watched {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        let (issuers, held) = (Arc::clone(&self.issuers), Arc::clone(&self.held));
        let url = request.url.clone();
        let sending = HttpClient::send(&self.client, request);
        Box::pin(async move {
            let response = sending.await?;
            let version = response.headers.iter().find(|(name, _)| name == SET);
            if let Some((_, version)) = version {
                let whose = |issuer: &Mutex<Issuer>| url == format!("{}{KEYS}", issuer.lock().unwrap().name);
                let number = issuers.iter().position(whose).unwrap();
                let set = issuers[number].lock().unwrap().set(version.parse().unwrap());
                held.lock().unwrap()[number].set = Some(set);
            }
            Ok(response)
        })
    }
}

/// A node that serves. Without a handle on anything else: dropped, it is gone.
pub(super) struct Node {
    router: axum::Router,
    pub(super) held: Arc<Mutex<Vec<Held>>>,
}

impl Node {
    pub(super) fn start(issuers: &Issuers) -> Self {
        let held = Arc::new(Mutex::new(vec![Held::default(); issuers.len()]));
        let watched = Watched { client: client(), issuers: Arc::clone(issuers), held: Arc::clone(&held) };
        let remote = Remote::with_client(watched);
        let authorities = issuers.iter().map(|issuer| {
            let name = issuer.lock().unwrap().name.clone();
            let provider = Oidc::issuer(name).with_audience(AUDIENCE).with_remote(&remote).start().unwrap();
            provider.authority().clone()
        });
        let verifier = Verifier::of(authorities.collect::<Vec<_>>()).unwrap();
        let me = get(async |user: Claims| user.sub.clone().unwrap());
        Self { router: axum::Router::new().route("/me", me).layer(JwtAuth::new(verifier)), held }
    }

    pub(super) fn ask(&self, token: Option<&str>) -> Answering {
        let request = Request::get("/me");
        let request = match token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        };
        let (router, request) = (self.router.clone(), request.body(Body::empty()).unwrap());
        Box::pin(async move { router.oneshot(request).await.unwrap() })
    }
}

/// A request that waits for one issuer's keys; dropped with its place, whenever that is.
pub(super) struct Waiting {
    answering: Answering,
    held: Arc<Mutex<Vec<Held>>>,
    issuer: usize,
}

impl Waiting {
    pub(super) fn new(answering: Answering, node: &Node, issuer: usize) -> Self {
        node.held.lock().unwrap()[issuer].waiting += 1;
        Self { answering, held: Arc::clone(&node.held), issuer }
    }

    /// The response, and the set that is held at that very moment.
    pub(super) async fn done(mut self) -> (Response<Body>, Option<Arc<Set>>) {
        let response = (&mut self.answering).await;
        let set = self.held.lock().unwrap()[self.issuer].set.clone();
        (response, set)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.held.lock().unwrap()[self.issuer].waiting -= 1;
    }
}

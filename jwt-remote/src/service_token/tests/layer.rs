//! The layer around a resource in this process.

use core::convert::Infallible;

use http::header::AUTHORIZATION;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::*;

/// A resource that says which `Authorization` it saw, after `call` of the service that was polled ready.
#[derive(Default)]
struct Resource {
    is_ready: bool,
    status: u16,
}

impl Clone for Resource {
    /// A clone is not ready, as a clone of a service with a limit is not.
    fn clone(&self) -> Self {
        Self { is_ready: false, status: self.status }
    }
}

impl Service<Request<()>> for Resource {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = core::future::Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut core::task::Context<'_>) -> core::task::Poll<Result<(), Infallible>> {
        self.is_ready = true;
        core::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert!(core::mem::take(&mut self.is_ready), "the service that was polled ready is called");
        let values: Vec<_> = request.headers().get_all(AUTHORIZATION).iter().collect();
        let seen =
            values.iter().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>().join("|");
        assert!(values.iter().all(|value| value.is_sensitive() || *value == "Basic mine"));
        let mut response = Response::new(seen);
        *response.status_mut() = self.status.try_into().unwrap();
        core::future::ready(Ok(response))
    }
}

async fn call<S: Service<Request<()>, Response = Response<String>>>(
    service: &mut S,
    request: Request<()>,
) -> Result<String, S::Error> {
    core::future::poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(request).await.map(Response::into_body)
}

fn to(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_layer_gives_the_token_to_whom_it_is_for() {
    let server = Server::with(Reply::Tokens(3_600));
    let token = started(&server);
    let layer = ServiceTokenLayer::for_origins(&token, ["https://stock.example.com"]).unwrap();
    let mut client = layer.layer(Resource { status: 200, ..Resource::default() });
    // The first one waits for the token, the second one does not.
    for _ in 0..2 {
        assert_eq!(call(&mut client, to("https://stock.example.com/a")).await.unwrap(), "Bearer t1");
    }
    assert_eq!(call(&mut client, to("https://evil.example/a")).await.unwrap(), "");
    assert_eq!(call(&mut client, to("http://stock.example.com/a")).await.unwrap(), "");
    let mut own = to("https://stock.example.com/a");
    own.headers_mut().insert(AUTHORIZATION, "Basic mine".parse().unwrap());
    assert_eq!(call(&mut client, own).await.unwrap(), "Basic mine");
    assert!(ServiceTokenLayer::for_origins(&token, ["http://stock.example.com"]).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_401_has_the_token_fetched_anew_and_is_given_back() {
    let server = Server::with(Reply::Tokens(3_600));
    let token = builder(&server).fetch().await.unwrap();
    let layer = ServiceTokenLayer::insecure_any_origin(&token);
    let mut refusing = layer.layer(Resource { status: 401, ..Resource::default() });
    assert_eq!(call(&mut refusing, to("/a")).await.unwrap(), "Bearer t1");
    assert_eq!(call(&mut refusing, to("/a")).await.unwrap(), "Bearer t2");
    for _ in 0..100 {
        call(&mut refusing, to("/a")).await.unwrap();
    }
    assert_eq!(server.asked(), 3);
    let mut forbidding = layer.layer(Resource { status: 403, ..Resource::default() });
    call(&mut forbidding, to("/a")).await.unwrap();
    assert!(token.held().is_some());
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_sent() {
    let server = Server::with(Reply::Body(400, r#"{"error":"invalid_scope"}"#));
    let token = started(&server);
    // Its status would be no status.
    let mut client = ServiceTokenLayer::insecure_any_origin(&token).layer(Resource::default());
    let error = call(&mut client, to("/a")).await.unwrap_err();
    assert_eq!(error.downcast_ref::<ServiceTokenError>().unwrap().code(), "invalid_scope");
}

#[test]
fn services_and_futures_move_between_threads() {
    fn check<T: Send>() {}
    check::<ServiceTokenService<Resource>>();
    check::<ServiceTokenFuture<Resource, ()>>();
}

//! hyper with tower services and nothing else.

use core::convert::Infallible;
use core::pin::pin;
use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use jwt_core::{Authentication, Refusal, Registered};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_jwt::{HttpHead, JwtAuth, ProblemJson, Require};

use crate::handshake::Handshake;
use crate::replies::Reply;
use crate::routes::{Demand, Endpoint, Expiry, Impossible, Layer, OWNER, Route, Routes, Subject};

type Body = Full<Bytes>;
type Service = BoxCloneSyncService<Request<Incoming>, Response<Body>, Infallible>;

pub(super) async fn serve(
    listener: TcpListener,
    routes: Routes,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = router(&routes);
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    http.http2().timer(TokioTimer::new());
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // The client has gone again.
                Err(_) => continue,
            },
            () = &mut stop => break,
        };
        let connection = http
            .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        tokio::spawn(connections.watch(connection.into_owned()));
    }
    drop(listener);
    connections.shutdown().await;
    Ok(())
}

fn router(routes: &Routes) -> Service {
    let routes: HashMap<&'static str, Service> =
        routes.iter().map(|route| (route.path, service(route))).collect();
    let routes = Arc::new(routes);
    BoxCloneSyncService::new(service_fn(move |request: Request<Incoming>| {
        let route = routes.get(request.uri().path()).cloned();
        async move {
            match route {
                Some(route) => route.oneshot(request).await,
                None => Ok(Reply::not_found().into_http()),
            }
        }
    }))
}

fn service(route: &Route) -> Service {
    let endpoint = route.endpoint;
    let innermost = service_fn(move |request| core::future::ready(Ok(respond(endpoint, request))));
    route.layers.iter().rev().fold(BoxCloneSyncService::new(innermost), |inner, layer| match layer {
        Layer::Auth(auth) | Layer::Handle(auth) => {
            BoxCloneSyncService::new(JwtAuth::new(auth.clone()).layer(inner))
        }
        Layer::OwnWords(auth) => {
            let words = |refusal: &Refusal| Reply::own_words(refusal).into_http();
            BoxCloneSyncService::new(JwtAuth::new(auth.clone()).with_refusal(words).layer(inner))
        }
        Layer::Require(demand) => BoxCloneSyncService::new(Require::new(demand.requirement()).layer(inner)),
    })
}

fn respond(endpoint: Endpoint, mut request: Request<Incoming>) -> Response<Body> {
    if !endpoint.methods().contains(&request.method().as_str()) {
        return Reply::method_not_allowed(endpoint).into_http();
    }
    match reply(endpoint, request.extensions().get()) {
        Ok(_) if endpoint == Endpoint::WebSocket => websocket(&mut request),
        Ok(reply) => reply.into_http(),
        Err(refusal) => {
            tower_jwt::refuse(&HttpHead::from(&request), request.extensions().get(), &ProblemJson, &refusal)
        }
    }
}

/// What the extractors of a framework do, by hand.
fn reply(endpoint: Endpoint, authentication: Option<&Authentication>) -> Result<Reply, Refusal> {
    let authentication = || authentication.ok_or_else(|| Refusal::missing_layer("a tower service"));
    match endpoint {
        Endpoint::Me => Ok(Reply::me(&authentication()?.required_claims::<Registered>()?.verified)),
        Endpoint::Identity => Ok(Reply::identity(authentication()?.required()?)),
        Endpoint::Optional => {
            let claims = authentication()?.claims::<Registered>()?;
            Ok(Reply::subject(claims.as_ref().and_then(|claims| claims.claims.sub.as_deref())))
        }
        Endpoint::Authorized(demand) => {
            let verified = authentication()?.authorize(&demand.requirement())?;
            Ok(Reply::subject(verified.subject()))
        }
        Endpoint::Everything => {
            let authentication = authentication()?;
            let subject = authentication.required_claims::<Subject>()?;
            authentication.required_claims::<Expiry>()?;
            authentication.authorize(&Demand::Admin.requirement())?;
            Ok(Reply::subject(subject.claims.sub.as_deref()))
        }
        Endpoint::Owned => {
            let authentication = authentication()?;
            match authentication.verified().and_then(|token| token.subject()) {
                Some(OWNER) => authentication.authorize(&Demand::StepUp.requirement())?,
                _ => return Err(authentication.forbid()),
            };
            Ok(Reply::subject(Some(OWNER)))
        }
        Endpoint::Impossible => {
            authentication()?.required_claims::<Impossible>()?;
            Ok(Reply::public())
        }
        Endpoint::WebSocket => {
            authentication()?.required()?;
            Ok(Reply::public())
        }
        Endpoint::Public => Ok(Reply::public()),
        Endpoint::Unstorable => Ok(Reply::unstorable()),
    }
}

fn websocket(request: &mut Request<Incoming>) -> Response<Body> {
    let handshake = match Handshake::read(&HttpHead::from(&*request)) {
        Ok(handshake) => handshake,
        Err(reply) => return reply.into_http(),
    };
    tokio::spawn(echo(hyper::upgrade::on(request)));
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(handshake.accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = handshake.protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    response
}

/// Sends one message back, then says goodbye. A client that breaks off is nobody's concern.
async fn echo(upgrade: OnUpgrade) {
    let Ok(stream) = upgrade.await else { return };
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, None).await;
    if let Some(Ok(message)) = socket.next().await
        && socket.send(message).await.is_ok()
    {
        let _ = socket.close(None).await;
    }
}

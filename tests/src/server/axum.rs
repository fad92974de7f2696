//! axum with its extractors.

use std::io;
use std::net::TcpListener;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, Request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, Router, any};
use axum_jwt::{AuthRejection, Authorized, Claims, Deny, JwtAuth, Require, StateClaims, VerifiedToken};
use jwt_core::{Permission, Refusal};
use tower_jwt::HttpHead;

use crate::handshake::{Handshake, PROTOCOL};
use crate::replies::Reply;
use crate::routes::{
    Admin, AdminOrOps, Auditor, Demand, Endpoint, Everything, Expiry, FreshLogin, Impossible, Layer, OWNER,
    OfAcme, OtherIssuer, Route, Routes, StepUp, Subject,
};

pub(super) async fn serve(
    listener: TcpListener,
    routes: Routes,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, router(&routes)).with_graceful_shutdown(stop).await
}

fn router(routes: &Routes) -> Router {
    routes
        .iter()
        .fold(Router::new(), |router, route| router.route(route.path, method_router(route)))
        .fallback(async || send(Reply::not_found()))
}

fn method_router(route: &Route) -> MethodRouter {
    let endpoint = route.endpoint;
    // `fallback` would have axum itself put `Allow` on whatever the layers answer to other methods.
    let others = any(async move || send(Reply::method_not_allowed(endpoint)));
    let (innermost, layers) = match route.layers.as_slice() {
        [layers @ .., Layer::Handle(auth)] => (by_state(endpoint, JwtAuth::new(auth.clone())), layers),
        layers => (with_handler(others, endpoint), layers),
    };
    layers.iter().rev().fold(innermost, |inner, layer| match layer {
        Layer::Auth(auth) => inner.layer(JwtAuth::new(auth.clone())),
        Layer::OwnWords(auth) => {
            let words = |refusal: &Refusal| -> Response { send(Reply::own_words(refusal)) };
            inner.layer(JwtAuth::new(auth.clone()).with_refusal(words))
        }
        Layer::Require(demand) => inner.layer(Require::new(demand.requirement())),
        Layer::Handle(_) => any(async || send(Reply::error(500, "a handle stands innermost"))),
    })
}

fn by_state(endpoint: Endpoint, auth: JwtAuth) -> MethodRouter {
    let others = any(async move || send(Reply::method_not_allowed(endpoint)));
    let router: MethodRouter<JwtAuth> = match endpoint {
        Endpoint::Me => others.on(MethodFilter::GET.or(MethodFilter::POST), me_by_state),
        Endpoint::Optional => others.on(MethodFilter::GET, optional_by_state),
        Endpoint::Owned => others.on(MethodFilter::GET.or(MethodFilter::POST), owned_by_state),
        _ => any(async || send(Reply::error(500, "this endpoint needs a layer"))),
    };
    router.with_state(auth)
}

fn with_handler(others: MethodRouter, endpoint: Endpoint) -> MethodRouter {
    let get = MethodFilter::GET;
    let post = get.or(MethodFilter::POST);
    match endpoint {
        Endpoint::Me => others.on(post, me),
        Endpoint::Identity => others.on(get, identity),
        Endpoint::Optional => others.on(get, optional),
        Endpoint::Authorized(Demand::Admin) => others.on(post, authorized::<Admin>),
        Endpoint::Authorized(Demand::AdminOrOps) => others.on(post, authorized::<AdminOrOps>),
        Endpoint::Authorized(Demand::StepUp) => others.on(post, authorized::<StepUp>),
        Endpoint::Authorized(Demand::FreshLogin) => others.on(post, authorized::<FreshLogin>),
        Endpoint::Authorized(Demand::Auditor) => others.on(post, authorized::<Auditor>),
        Endpoint::Authorized(Demand::OfAcme) => others.on(post, authorized::<OfAcme>),
        Endpoint::Authorized(Demand::OtherIssuer) => others.on(post, authorized::<OtherIssuer>),
        Endpoint::Authorized(Demand::Everything) => others.on(post, authorized::<Everything>),
        Endpoint::Everything => others.on(get, everything),
        Endpoint::Impossible => others.on(post, impossible),
        Endpoint::Owned => others.on(post, owned),
        Endpoint::WebSocket => others.on(get, websocket),
        Endpoint::Public => others.on(get, async || send(Reply::public())),
        Endpoint::Unstorable => others.on(get, async || send(Reply::unstorable())),
    }
}

fn send(reply: Reply) -> Response {
    reply.into_http()
}

async fn me(user: Claims) -> Response {
    send(Reply::me(Claims::verified(&user)))
}

async fn me_by_state(user: StateClaims) -> Response {
    send(Reply::me(StateClaims::verified(&user)))
}

async fn optional_by_state(user: Option<StateClaims>) -> Response {
    send(Reply::subject(user.as_ref().and_then(|user| user.sub.as_deref())))
}

async fn identity(token: VerifiedToken) -> Response {
    send(Reply::identity(&token))
}

async fn optional(user: Option<Claims>) -> Response {
    send(Reply::subject(user.as_ref().and_then(|user| user.sub.as_deref())))
}

async fn authorized<R: Permission + 'static>(user: Authorized<R>) -> Response {
    send(Reply::subject(user.sub.as_deref()))
}

async fn everything(subject: Claims<Subject>, _: Claims<Expiry>, _: Authorized<Admin>) -> Response {
    send(Reply::subject(subject.sub.as_deref()))
}

async fn owned(token: Option<VerifiedToken>, deny: Deny) -> Result<Response, AuthRejection> {
    if token.and_then(|token| token.subject().map(|subject| subject == OWNER)) != Some(true) {
        return Err(deny.forbidden());
    }
    deny.unless(&StepUp::REQUIREMENT)?;
    Ok(send(Reply::subject(Some(OWNER))))
}

async fn owned_by_state(
    _: Option<StateClaims>,
    token: Option<VerifiedToken>,
    deny: Deny,
) -> Result<Response, AuthRejection> {
    owned(token, deny).await
}

async fn impossible(_: Claims<Impossible>) -> Response {
    send(Reply::public())
}

async fn websocket(_: VerifiedToken, request: Request) -> Response {
    if let Err(reply) = Handshake::read(&HttpHead::from(&request)) {
        return send(reply);
    }
    let (mut parts, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade.protocols([PROTOCOL]).on_upgrade(echo),
        Err(rejection) => rejection.into_response(),
    }
}

/// Sends one message back, then says goodbye. A client that breaks off is nobody's concern.
async fn echo(mut socket: WebSocket) {
    if let Some(Ok(message)) = socket.recv().await
        && socket.send(message).await.is_ok()
    {
        let _ = socket.send(axum::extract::ws::Message::Close(None)).await;
    }
}

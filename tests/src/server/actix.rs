//! actix-web with its extractors.

use core::pin::pin;
use std::io;
use std::net::TcpListener;

use actix_jwt::{
    AuthRejection, Authorized, Claims, Deny, HttpHead, JwtAuth, MaybeClaims, MaybeToken, Require,
    VerifiedToken,
};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, Resource, guard};
use actix_ws::{Message, MessageStream, Session};
use jwt_core::{Permission, Refusal, RequestAuth};

use crate::handshake::Handshake;
use crate::replies::Reply;
use crate::routes::{
    Admin, AdminOrOps, Auditor, Demand, Endpoint, Everything, Expiry, FreshLogin, Impossible, Layer, OWNER,
    OfAcme, OtherIssuer, Routes, StepUp, Subject,
};

/// As many threads as connections are tested at a time.
const WORKERS: usize = 2;

pub(super) async fn serve(
    listener: TcpListener,
    routes: Routes,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let server = HttpServer::new(move || App::new().configure(|app| configure(app, &routes)))
        .workers(WORKERS)
        .disable_signals()
        .listen_auto_h2c(listener)?
        .run();
    let handle = server.handle();
    let mut server = pin!(server);
    tokio::select! {
        served = &mut server => served,
        () = stop => tokio::join!(handle.stop(true), server).1,
    }
}

fn configure(app: &mut ServiceConfig, routes: &Routes) {
    for route in routes.iter() {
        let auth = |rules: &RequestAuth| JwtAuth::new(rules.clone());
        let resource = resource(route.path, route.endpoint);
        // What stands inside of a layer stands in another scope.
        let inside = |handle: &RequestAuth| {
            web::scope(route.path).service(self::resource("", route.endpoint).app_data(auth(handle)))
        };
        let own_words = |rules: &RequestAuth| {
            auth(rules).with_refusal(|refusal: &Refusal| send(Reply::own_words(refusal)))
        };
        let require = |demand: &Demand| Require::new(demand.requirement());
        // What is wrapped last stands outside. Each `wrap` makes another type, hence the list.
        match route.layers.as_slice() {
            [] => app.service(resource),
            [Layer::Auth(one)] => app.service(resource.wrap(auth(one))),
            [Layer::OwnWords(one)] => app.service(resource.wrap(own_words(one))),
            [Layer::OwnWords(outer), Layer::Require(inner)] => {
                app.service(resource.wrap(require(inner)).wrap(own_words(outer)))
            }
            [Layer::Auth(outer), Layer::OwnWords(inner)] => {
                app.service(resource.wrap(own_words(inner)).wrap(auth(outer)))
            }
            [Layer::OwnWords(outer), Layer::Auth(inner)] => {
                app.service(resource.wrap(auth(inner)).wrap(own_words(outer)))
            }
            [Layer::Handle(one)] => app.service(resource.app_data(auth(one))),
            [Layer::Auth(outer), Layer::Handle(inner)] => app.service(inside(inner).wrap(auth(outer))),
            [Layer::OwnWords(outer), Layer::Handle(inner)] => {
                app.service(inside(inner).wrap(own_words(outer)))
            }
            [Layer::Require(one)] => app.service(resource.wrap(require(one))),
            [Layer::Auth(outer), Layer::Auth(inner)] => {
                app.service(resource.wrap(auth(inner)).wrap(auth(outer)))
            }
            [Layer::Auth(outer), Layer::Require(inner)] => {
                app.service(resource.wrap(require(inner)).wrap(auth(outer)))
            }
            [Layer::Require(outer), Layer::Auth(inner)] => {
                app.service(resource.wrap(auth(inner)).wrap(require(outer)))
            }
            [Layer::Auth(outer), Layer::Auth(middle), Layer::Auth(inner)] => {
                app.service(resource.wrap(auth(inner)).wrap(auth(middle)).wrap(auth(outer)))
            }
            [Layer::Auth(outer), Layer::Auth(middle), Layer::Require(inner)] => {
                app.service(resource.wrap(require(inner)).wrap(auth(middle)).wrap(auth(outer)))
            }
            _ => app.service(
                web::resource(route.path)
                    .to(async || send(Reply::error(500, "these layers are not on the list"))),
            ),
        };
    }
    app.default_service(web::to(async || send(Reply::not_found())));
}

fn resource(path: &str, endpoint: Endpoint) -> Resource {
    let allowed =
        guard::fn_guard(move |request| endpoint.methods().contains(&request.head().method.as_str()));
    let route_for = web::route().guard(allowed);
    let handler = match endpoint {
        Endpoint::Me => route_for.to(me),
        Endpoint::Identity => route_for.to(identity),
        Endpoint::Optional => route_for.to(optional),
        Endpoint::Authorized(Demand::Admin) => route_for.to(authorized::<Admin>),
        Endpoint::Authorized(Demand::AdminOrOps) => route_for.to(authorized::<AdminOrOps>),
        Endpoint::Authorized(Demand::StepUp) => route_for.to(authorized::<StepUp>),
        Endpoint::Authorized(Demand::FreshLogin) => route_for.to(authorized::<FreshLogin>),
        Endpoint::Authorized(Demand::Auditor) => route_for.to(authorized::<Auditor>),
        Endpoint::Authorized(Demand::OfAcme) => route_for.to(authorized::<OfAcme>),
        Endpoint::Authorized(Demand::OtherIssuer) => route_for.to(authorized::<OtherIssuer>),
        Endpoint::Authorized(Demand::Everything) => route_for.to(authorized::<Everything>),
        Endpoint::Everything => route_for.to(everything),
        Endpoint::Impossible => route_for.to(impossible),
        Endpoint::Owned => route_for.to(owned),
        Endpoint::WebSocket => route_for.to(websocket),
        Endpoint::Public => route_for.to(async || send(Reply::public())),
        Endpoint::Unstorable => route_for.to(async || send(Reply::unstorable())),
    };
    let others = web::to(move || async move { send(Reply::method_not_allowed(endpoint)) });
    web::resource(path).route(handler).default_service(others)
}

fn send(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.content_type(Reply::MEDIA_TYPE);
    if let Some(allow) = reply.allow {
        response.insert_header(("allow", allow));
    }
    if let Some(cache_control) = reply.cache_control {
        response.insert_header(("cache-control", cache_control));
    }
    response.body(reply.body)
}

async fn me(user: Claims) -> HttpResponse {
    send(Reply::me(Claims::verified(&user)))
}

async fn identity(token: VerifiedToken) -> HttpResponse {
    send(Reply::identity(&token))
}

async fn optional(user: MaybeClaims) -> HttpResponse {
    send(Reply::subject(user.as_ref().and_then(|user| user.sub.as_deref())))
}

async fn authorized<R: Permission + 'static>(user: Authorized<R>) -> HttpResponse {
    send(Reply::subject(user.sub.as_deref()))
}

async fn everything(subject: Claims<Subject>, _: Claims<Expiry>, _: Authorized<Admin>) -> HttpResponse {
    send(Reply::subject(subject.sub.as_deref()))
}

async fn owned(token: MaybeToken, deny: Deny) -> Result<HttpResponse, AuthRejection> {
    if token.as_ref().and_then(|token| token.subject().map(|subject| subject == OWNER)) != Some(true) {
        return Err(deny.forbidden());
    }
    deny.unless(&StepUp::REQUIREMENT)?;
    Ok(send(Reply::subject(Some(OWNER))))
}

async fn impossible(_: Claims<Impossible>) -> HttpResponse {
    send(Reply::public())
}

async fn websocket(_: VerifiedToken, request: HttpRequest, body: Payload) -> Result<HttpResponse, Error> {
    let handshake = match Handshake::read(&HttpHead::from(&request)) {
        Ok(handshake) => handshake,
        Err(reply) => return Ok(send(reply)),
    };
    let (mut response, session, messages) = actix_ws::handle(&request, body)?;
    if let Some(protocol) = handshake.protocol {
        let name = HeaderName::from_static("sec-websocket-protocol");
        response.headers_mut().insert(name, HeaderValue::from_static(protocol));
    }
    actix_web::rt::spawn(echo(session, messages));
    Ok(response)
}

/// Sends one message back, then says goodbye. A client that breaks off is nobody's concern.
async fn echo(mut session: Session, mut messages: MessageStream) {
    let sent = match messages.recv().await {
        Some(Ok(Message::Text(text))) => session.text(text).await,
        Some(Ok(Message::Binary(bytes))) => session.binary(bytes).await,
        _ => return,
    };
    if sent.is_ok() {
        let _ = session.close(None).await;
    }
}

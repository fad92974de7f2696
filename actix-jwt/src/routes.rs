//! The ready-made routes of `jwt-session` as resources of actix-web.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use jwt_session::routes::{MOST_BODY, RouteRequest, RouteResponse, Routes};

use crate::head::HttpHead;
use crate::response::add_headers;

/// The ready-made routes: login, refresh, logout and what belongs to them. What they do is told at
/// [`jwt_session::routes`].
///
/// For `App::service`, which takes all of them at once, outside of any `JwtAuth`: a refresh is for those whose access
/// token is over. They are no `Scope`: one without a prefix would answer whatever
/// is asked for, and other paths are the application's. To be registered at the application, not in a scope: the paths
/// are in full, for a cookie is bound to one. In a scope all the same, each answers 500, and the log tells why. Another
/// method of such a path is the application's where it has a route for it, as `GET /login` beside our `POST /login`:
/// `App::route("/login", web::get().to(page))`, **before** these, for actix-web asks in that order.
///
/// ```no_run
/// use actix_jwt::{JwtAuth, session_routes};
/// use actix_web::{App, web};
/// use jwt_session::routes::Routes;
///
/// # fn app(routes: Routes) {
/// let auth = JwtAuth::new(routes.auth().clone());
/// let app = App::new().service(session_routes(routes)).service(web::scope("/api").wrap(auth));
/// # }
/// ```
#[must_use]
pub fn session_routes(routes: Routes) -> Vec<Resource> {
    let resource = |path: &String| {
        let (routes, own) = (routes.clone(), Arc::<str>::from(path.as_str()));
        web::resource(path.as_str()).to(move |request: HttpRequest, body: web::Payload| {
            let (routes, own) = (routes.clone(), own.clone());
            async move {
                // A scope puts its own part before the pattern.
                if request.match_pattern().is_some_and(|pattern| pattern != *own) {
                    return response(routes.nested());
                }
                answer(routes, request, body).await
            }
        })
    };
    routes.paths().iter().map(resource).collect()
}

async fn answer(routes: Routes, request: HttpRequest, body: web::Payload) -> HttpResponse {
    // Too long, or broken off: then nobody reads the answer anyway.
    let body = body.to_bytes_limited(MOST_BODY).await.ok().and_then(Result::ok);
    let answered = {
        let head = HttpHead::from(&request);
        let mut route_request = RouteRequest::new(&head);
        route_request = match &body {
            Some(body) => route_request.with_body(body),
            None => route_request.with_excessive_body(),
        };
        if let Some(peer) = request.peer_addr() {
            route_request = route_request.with_peer(peer.ip());
        }
        if request.app_config().secure() {
            route_request = route_request.with_encryption();
        }
        routes.handle(route_request)
    };
    response(answered.await)
}

fn response(answer: RouteResponse) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::new(status).set_body(actix_web::body::BoxBody::new(answer.body));
    add_headers(response.headers_mut(), &answer.headers);
    response
}

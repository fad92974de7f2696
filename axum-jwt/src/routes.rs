//! The ready-made routes of `jwt-session` as a router of axum.

use core::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, OriginalUri};
use axum::routing::any;
use axum_core::extract::Request;
use axum_core::response::Response;
use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, StatusCode};
use jwt_session::routes::{MOST_BODY, RouteRequest, RouteResponse, Routes};
use tower_jwt::HttpHead;

/// The ready-made routes: login, refresh, logout and what belongs to them. What they do is told at
/// [`jwt_session::routes`].
///
/// To be merged into the application's router, outside of its `JwtAuth` (a refresh is for those whose access token is
/// over), and not nested: the paths are in full, for a cookie is bound to one. Where they are nested all the same, each
/// answers 500, and the log tells why. Other paths are left to the application, and so is another method that it has a
/// route for: its own `GET /login` stands beside our `POST /login`. Limits per address and the exception for plain HTTP on
/// this machine need `into_make_service_with_connect_info::<SocketAddr>()`.
///
/// ```no_run
/// use core::net::SocketAddr;
/// use axum::Router;
/// use axum_jwt::{JwtAuth, session_routes};
/// use jwt_session::routes::Routes;
///
/// # fn app(routes: Routes) {
/// let protected: Router = Router::new().layer(JwtAuth::new(routes.auth().clone()));
/// let app = protected.merge(session_routes(routes));
/// let service = app.into_make_service_with_connect_info::<SocketAddr>();
/// # }
/// ```
pub fn session_routes<S: Clone + Send + Sync + 'static>(routes: Routes) -> Router<S> {
    let paths = routes.paths();
    paths.iter().fold(Router::new(), |router, path| {
        let routes = routes.clone();
        router.route(path, any(move |request: Request| answer(routes, request)))
    })
}

async fn answer(routes: Routes, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // What nests a router takes its own part away from the path.
    if parts.extensions.get::<OriginalUri>().is_some_and(|OriginalUri(uri)| uri.path() != parts.uri.path()) {
        return response(routes.nested());
    }
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    // Too long, or broken off: then nobody reads the answer anyway.
    let body = to_bytes(body, MOST_BODY).await;
    let answered = {
        let head = HttpHead::from(&parts);
        let request = RouteRequest::new(&head);
        let request = match &body {
            Ok(body) => request.with_body(body),
            Err(_) => request.with_excessive_body(),
        };
        routes.handle(match peer {
            Some(peer) => request.with_peer(peer),
            None => request,
        })
    };
    response(answered.await)
}

fn response(answer: RouteResponse) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for field in &answer.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(&field.value)) else { continue };
        // What a cookie holds is nobody's business, in a log of responses neither.
        value.set_sensitive(name == SET_COOKIE);
        response.headers_mut().append(name, value);
    }
    response
}

//! The login page: four files without a build step, and the rules that a browser is to hold them to.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use jwt_session::routes::FETCH_JS;

/// Scripts and styles of our own as files, requests to ourselves, and nothing else; in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

pub(crate) fn router() -> Router {
    let html = include_str!("../page/index.html");
    let script = include_str!("../page/app.js");
    let style = include_str!("../page/app.css");
    let icon = include_str!("../page/icon.svg");
    [
        ("/", "text/html; charset=utf-8", html),
        ("/app.js", "text/javascript; charset=utf-8", script),
        ("/fetch.js", "text/javascript; charset=utf-8", FETCH_JS),
        ("/app.css", "text/css; charset=utf-8", style),
        ("/icon.svg", "image/svg+xml", icon),
    ]
    .into_iter()
    .fold(Router::new(), |router, (path, media_type, body)| {
        router.route(path, get(async move || file(media_type, body)))
    })
}

fn file(media_type: &'static str, body: &'static str) -> impl IntoResponse {
    let fields = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        // Asked for anew each time: after an update no browser mixes old and new files.
        (header::CACHE_CONTROL, "no-store"),
    ];
    (fields, body)
}

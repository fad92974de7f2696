//! From a refusal to a response.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    SET_COOKIE,
};
use actix_web::{Error, HttpRequest, HttpResponse};
use jwt_core::request::is_grpc;
use jwt_core::{Refusal, ResponseHeader};

use crate::head::HttpHead;
use crate::rejection::AuthRejection;

/// Makes the response of a refusal. Status, `WWW-Authenticate` and `Retry-After` are set
/// afterwards, whatever it says about them, so that no implementation can get them wrong.
///
/// [`ProblemJson`], [`Bodyless`], a closure `Fn(&Refusal) -> HttpResponse`, or a type of one's own.
///
/// ```
/// use actix_jwt::RefusalResponse;
/// use actix_web::{HttpResponse, http::header::ContentType};
/// use jwt_core::Refusal;
///
/// struct Page;
/// impl RefusalResponse for Page {
///     fn respond(&self, refusal: &Refusal) -> HttpResponse {
///         let text = refusal.answer().description();
///         HttpResponse::Ok().content_type(ContentType::html()).body(format!("<p>{text}</p>"))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot make refusals",
    label = "not a maker of refusals",
    note = "pass `ProblemJson`, `Bodyless` or a closure `|refusal: &Refusal| HttpResponse`, or implement `RefusalResponse`"
)]
pub trait RefusalResponse: Send + Sync + 'static {
    /// The response. Where the request is gRPC its body is left out: a refusal there is trailers alone.
    fn respond(&self, refusal: &Refusal) -> HttpResponse;
}

/// Answers with a problem document (RFC 9457).
#[derive(Clone, Copy, Debug, Default)]
pub struct ProblemJson;

impl RefusalResponse for ProblemJson {
    fn respond(&self, refusal: &Refusal) -> HttpResponse {
        let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(refusal.problem_json()));
        let media_type = HeaderValue::from_static(Refusal::PROBLEM_JSON);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response
    }
}

/// Answers without a body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bodyless;

impl RefusalResponse for Bodyless {
    fn respond(&self, _: &Refusal) -> HttpResponse {
        HttpResponse::new(StatusCode::OK)
    }
}

#[diagnostic::do_not_recommend]
impl<F> RefusalResponse for F
where
    F: Fn(&Refusal) -> HttpResponse + Send + Sync + 'static,
{
    fn respond(&self, refusal: &Refusal) -> HttpResponse {
        self(refusal)
    }
}

/// The response to a refused request, in the words of the [`JwtAuth`](crate::JwtAuth) that
/// authenticated it; where none did, as [`ProblemJson`].
///
/// For extractors and middleware of one's own, behind the middleware. A handler takes a
/// [`Deny`](crate::Deny).
///
/// ```
/// use jwt_core::Refusal;
/// let request = actix_web::test::TestRequest::get().to_http_request();
/// let response = actix_jwt::refuse(&request, &Refusal::missing_layer("MyExtractor"));
/// assert_eq!(response.status(), 500);
/// ```
#[must_use]
pub fn refuse(request: &HttpRequest, refusal: &Refusal) -> HttpResponse {
    AuthRejection::in_words_of_request(request, refusal.clone()).respond()
}

/// What is said of a body, and is wrong where there is none.
const OF_A_BODY: [HeaderName; 2] = [CONTENT_LENGTH, CONTENT_ENCODING];

/// Makes the response and sets on it what a refusal is about.
pub(crate) fn answer(head: &HttpHead<'_>, words: &dyn RefusalResponse, refusal: &Refusal) -> HttpResponse {
    answer_as(is_grpc(head), words, refusal)
}

pub(crate) fn answer_as(is_grpc: bool, words: &dyn RefusalResponse, refusal: &Refusal) -> HttpResponse {
    let mut response = words.respond(refusal);
    if is_grpc {
        response = response.drop_body().map_into_boxed_body();
        OF_A_BODY.iter().for_each(|name| drop(response.headers_mut().remove(name)));
    }
    let headers = response.headers_mut();
    Refusal::OWN_FIELDS.iter().for_each(|name| drop(headers.remove(*name)));
    // First all names go, then the values come, of which one name may have several. `Cache-Control`
    // stays, for a `no-store` is not to become our `private`: both hold.
    let fields: Vec<_> = refusal.fields_of_response(is_grpc).iter().filter_map(checked).collect();
    let replaced = fields.iter().filter(|(name, _)| name != CACHE_CONTROL);
    replaced.for_each(|(name, _)| drop(headers.remove(name)));
    fields.into_iter().for_each(|(name, value)| {
        headers.append(name, value);
    });
    let status = StatusCode::from_u16(refusal.status_of_response(is_grpc));
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // So that middleware outside can tell why, without the client being told.
    response.extensions_mut().insert(refusal.reason());
    response
}

/// Adds what checks and carriers ask for to what the service said: `Cache-Control: no-store` of a
/// handler and `private` of ours hold both (RFC 9110 §5.3).
pub(crate) fn add_headers(headers: &mut HeaderMap, fields: &[ResponseHeader]) {
    for (name, value) in fields.iter().filter_map(checked) {
        headers.append(name, value);
    }
}

/// The same, once the error has become a response.
pub(crate) fn add_headers_to_error(mut error: Error, fields: Vec<ResponseHeader>) -> Error {
    if !fields.is_empty() {
        error.add_response_mapper(move |mut response| {
            add_headers(response.headers_mut(), &fields);
            response
        });
    }
    error
}

/// A check of the user's may ask for anything; what is no field is left out rather than cut.
fn checked(field: &ResponseHeader) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(&field.value).ok()?;
    // What a cookie holds is nobody's business, in a log of responses neither.
    value.set_sensitive(name == SET_COOKIE);
    Some((name, value))
}

//! From a refusal to a response.

use core::fmt;
use std::sync::Arc;

use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE,
};
use http::{HeaderMap, Response, StatusCode};
use jwt_core::request::is_grpc;
use jwt_core::{Authentication, Refusal, ResponseHeader};

use crate::head::HttpHead;

/// Makes the response of a refusal. Status, `WWW-Authenticate` and `Retry-After` are set
/// afterwards, whatever it says about them, so that no implementation can get them wrong.
///
/// [`ProblemJson`] for bodies made from a `String`; where the body is `Default`, [`Bodyless`] or a
/// closure `Fn(&Refusal) -> http::Response<B>`; or a type of one's own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot make refusals with the response body `{B}`",
    label = "this refusal does not fit the service's response body",
    note = "`ProblemJson`, the default, needs `{B}: From<String>`",
    note = "for other bodies call `.with_refusal(Bodyless)` or pass a closure `|refusal: &Refusal| http::Response<{B}>` (both need `{B}: Default`), or implement `RefusalResponse`"
)]
pub trait RefusalResponse<B>: Send + Sync + 'static {
    /// The response. Where the request is gRPC its body is exchanged for an
    /// [empty one](RefusalResponse::empty_body).
    fn respond(&self, refusal: &Refusal) -> Response<B>;

    /// A body of nothing, for gRPC: a refusal there is trailers alone. It must tell that it is over
    /// from the start (`is_end_stream`), as `B::default()` mostly does.
    fn empty_body(&self) -> B;
}

/// Answers with a problem document (RFC 9457).
#[derive(Clone, Copy, Debug, Default)]
pub struct ProblemJson;

#[diagnostic::do_not_recommend]
impl<B: From<String>> RefusalResponse<B> for ProblemJson {
    fn respond(&self, refusal: &Refusal) -> Response<B> {
        let mut response = Response::new(refusal.problem_json().into());
        let media_type = HeaderValue::from_static(Refusal::PROBLEM_JSON);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response
    }

    fn empty_body(&self) -> B {
        String::new().into()
    }
}

/// Answers without a body, for services whose body is `Default`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bodyless;

#[diagnostic::do_not_recommend]
impl<B: Default> RefusalResponse<B> for Bodyless {
    fn respond(&self, _: &Refusal) -> Response<B> {
        Response::new(B::default())
    }

    fn empty_body(&self) -> B {
        B::default()
    }
}

#[diagnostic::do_not_recommend]
impl<B: Default, F> RefusalResponse<B> for F
where
    F: Fn(&Refusal) -> Response<B> + Send + Sync + 'static,
{
    fn respond(&self, refusal: &Refusal) -> Response<B> {
        self(refusal)
    }

    fn empty_body(&self) -> B {
        B::default()
    }
}

/// How the layer that left an [`Authentication`] answers, for extractors behind it.
pub(crate) struct Presenter<B>(pub(crate) Arc<dyn RefusalResponse<B>>);

/// The response to a refused request, in the words of the layer that `authentication` is from;
/// without one, or where its body is another, by `otherwise`, [`ProblemJson`] for example.
///
/// For extractors, middleware and services behind the layer; those that let go of the request before
/// they know use [`refuse_as`].
///
/// ```
/// use http::{Request, Response};
/// use jwt_core::{Authentication, Refusal};
/// use tower_jwt::{HttpHead, ProblemJson, refuse};
///
/// /// Whose note it is only this service knows.
/// fn note_of_bob(request: &Request<()>) -> Response<String> {
///     let head = HttpHead::from(request);
///     let Some(sender) = request.extensions().get::<Authentication>() else {
///         return refuse(&head, None, &ProblemJson, &Refusal::missing_layer("note_of_bob"));
///     };
///     match sender.verified().and_then(|token| token.subject()) {
///         Some("bob") => Response::new("remember the milk".into()),
///         _ => refuse(&head, Some(sender), &ProblemJson, &sender.forbid()),
///     }
/// }
/// let without_layer = note_of_bob(&Request::new(()));
/// assert_eq!(without_layer.status(), 500);
/// ```
pub fn refuse<B: 'static>(
    head: &HttpHead<'_>,
    authentication: Option<&Authentication>,
    otherwise: &impl RefusalResponse<B>,
    refusal: &Refusal,
) -> Response<B> {
    refuse_as(is_grpc(head), authentication, otherwise, refusal)
}

/// As [`refuse`], where the request is gone and all that is known of it is whether it was gRPC
/// ([`is_grpc`]).
pub fn refuse_as<B: 'static>(
    is_grpc: bool,
    authentication: Option<&Authentication>,
    otherwise: &impl RefusalResponse<B>,
    refusal: &Refusal,
) -> Response<B> {
    let presenter = authentication.and_then(Authentication::presenter);
    match presenter.and_then(|presenter| presenter.downcast_ref::<Presenter<B>>()) {
        Some(Presenter(presenter)) => answer_as(is_grpc, &**presenter, refusal),
        None => answer_as(is_grpc, otherwise, refusal),
    }
}

/// What is said of a body, and is wrong where there is none.
const OF_A_BODY: [HeaderName; 2] = [CONTENT_LENGTH, CONTENT_ENCODING];

/// Makes the response and sets on it what a refusal is about.
pub(crate) fn answer<B, R>(head: &HttpHead<'_>, presenter: &R, refusal: &Refusal) -> Response<B>
where
    R: RefusalResponse<B> + ?Sized,
{
    answer_as(is_grpc(head), presenter, refusal)
}

fn answer_as<B, R>(is_grpc: bool, presenter: &R, refusal: &Refusal) -> Response<B>
where
    R: RefusalResponse<B> + ?Sized,
{
    let mut response = presenter.respond(refusal);
    if is_grpc {
        *response.body_mut() = presenter.empty_body();
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
    // So that layers outside can tell why, without the client being told.
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

/// A check of the user's may ask for anything; what is no field is left out rather than cut.
fn checked(field: &ResponseHeader) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(&field.value).ok()?;
    // What a cookie holds is nobody's business, in a log of responses neither.
    value.set_sensitive(name == SET_COOKIE);
    Some((name, value))
}

impl<B> fmt::Debug for Presenter<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presenter")
    }
}

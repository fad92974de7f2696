//! The rejection of every extractor: the refusal that the middleware would have given.

use core::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use jwt_core::request::is_grpc;
use jwt_core::{Authentication, Reason, Refusal};

use crate::auth::JwtAuth;
use crate::head::HttpHead;
use crate::response::{ProblemJson, answer_as};

/// A refused extraction, with the response in the words of the middleware: same status, same
/// challenge, same body.
///
/// A handler that wants to see it takes a `Result<Claims<T>, AuthRejection>`:
///
/// ```
/// use actix_jwt::{AuthRejection, Claims};
///
/// async fn me(user: Result<Claims, AuthRejection>) -> Result<String, AuthRejection> {
///     let user = user.inspect_err(|rejection| assert_eq!(rejection.status(), 401))?;
///     Ok(user.sub.clone().unwrap_or_default())
/// }
/// # let _ = actix_web::App::new().route("/me", actix_web::web::get().to(me));
/// ```
pub struct AuthRejection {
    // Boxed, so that the `Ok` side of every extractor stays small.
    inner: Box<Inner>,
}

struct Inner {
    refusal: Refusal,
    // A `ResponseError` is asked for its response without the request, so all it takes is here.
    auth: Option<JwtAuth>,
    is_grpc: bool,
}

impl AuthRejection {
    pub(crate) fn new(request: &HttpRequest, auth: Option<JwtAuth>, refusal: Refusal) -> Self {
        let is_grpc = is_grpc(&HttpHead::from(request));
        Self { inner: Box::new(Inner { refusal, auth, is_grpc }) }
    }

    /// In the words of whoever left `authentication`.
    pub(crate) fn in_words_of(authentication: &Authentication, is_grpc: bool, refusal: Refusal) -> Self {
        Self { inner: Box::new(Inner { refusal, auth: JwtAuth::behind(authentication), is_grpc }) }
    }

    pub(crate) fn in_words_of_request(request: &HttpRequest, refusal: Refusal) -> Self {
        match request.extensions().get::<Authentication>() {
            Some(authentication) => Self::new(request, JwtAuth::behind(authentication), refusal),
            None => Self::new(request, None, refusal),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.inner.refusal.status()
    }

    /// Why, for operators. Never send it to the client.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.inner.refusal.reason()
    }

    pub(crate) fn respond(&self) -> HttpResponse {
        let Inner { refusal, auth, is_grpc } = &*self.inner;
        match auth {
            Some(auth) => answer_as(*is_grpc, auth.refusal(), refusal),
            None => answer_as(*is_grpc, &ProblemJson, refusal),
        }
    }
}

impl ResponseError for AuthRejection {
    fn status_code(&self) -> StatusCode {
        match self.inner.is_grpc {
            true => StatusCode::OK,
            false => StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn error_response(&self) -> HttpResponse {
        self.respond()
    }
}

impl fmt::Display for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason().fmt(f)
    }
}

impl fmt::Debug for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthRejection").field(&self.reason()).finish()
    }
}

impl core::error::Error for AuthRejection {}

//! The rejection of every extractor: the refusal that the layer would have given.

use core::fmt;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use jwt_core::{Authentication, Reason, Refusal};
use tower_jwt::{HttpHead, ProblemJson, RefusalResponse};

/// A refused extraction, with the response in the words of the layer: same status, same challenge,
/// same body.
pub struct AuthRejection {
    // Boxed, so that the `Ok` side of every extractor stays small.
    inner: Box<Inner>,
}

struct Inner {
    refusal: Refusal,
    response: Response,
}

impl AuthRejection {
    /// In the words of the layer, or of the state's rules, whichever left the authentication.
    pub(crate) fn new(parts: &Parts, refusal: Refusal) -> Self {
        let authentication = parts.extensions.get::<Authentication>();
        let response =
            tower_jwt::refuse::<Body>(&HttpHead::from(parts), authentication, &ProblemJson, &refusal);
        Self { inner: Box::new(Inner { refusal, response }) }
    }

    /// In these words, whatever layer stands outside.
    pub(crate) fn by(parts: &Parts, words: &impl RefusalResponse<Body>, refusal: Refusal) -> Self {
        let response = tower_jwt::refuse::<Body>(&HttpHead::from(parts), None, words, &refusal);
        Self { inner: Box::new(Inner { refusal, response }) }
    }

    /// In the words of the layer that `authentication` is from, once the request is gone.
    pub(crate) fn in_words_of(authentication: &Authentication, is_grpc: bool, refusal: Refusal) -> Self {
        let response = tower_jwt::refuse_as::<Body>(is_grpc, Some(authentication), &ProblemJson, &refusal);
        Self { inner: Box::new(Inner { refusal, response }) }
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
}

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        self.inner.response
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

/// What the layer left, or the refusal where none stands before the route.
pub(crate) fn authentication<'p>(
    parts: &'p Parts,
    wanted_by: &'static str,
) -> Result<&'p Authentication, AuthRejection> {
    parts
        .extensions
        .get::<Authentication>()
        .ok_or_else(|| AuthRejection::new(parts, Refusal::missing_layer(wanted_by)))
}

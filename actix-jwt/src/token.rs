//! `VerifiedToken`: the verified token itself.

use core::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use jwt_core::Verified;

use crate::extract::{ExtractFuture, extract};
use crate::rejection::AuthRejection;

/// The request's verified token, for handlers that need no claims type. Derefs to [`Verified`].
///
/// Found and refused as [`Claims`](crate::Claims); the optional form is
/// [`MaybeToken`](crate::MaybeToken).
///
/// ```
/// use actix_jwt::VerifiedToken;
/// async fn whoami(token: VerifiedToken) -> String {
///     token.subject().unwrap_or("nobody").to_owned()
/// }
/// # let _ = actix_web::App::new().route("/", actix_web::web::get().to(whoami));
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedToken(pub(crate) Arc<Verified>);

impl VerifiedToken {
    /// The token, to keep beyond the request.
    #[must_use]
    pub fn into_arc(this: Self) -> Arc<Verified> {
        this.0
    }
}

impl Deref for VerifiedToken {
    type Target = Verified;

    fn deref(&self) -> &Verified {
        &self.0
    }
}

impl FromRequest for VerifiedToken {
    type Error = AuthRejection;
    type Future = ExtractFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, "VerifiedToken", |authentication| authentication.required().cloned().map(Self))
    }
}

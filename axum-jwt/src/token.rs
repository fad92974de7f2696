//! `VerifiedToken`: the verified token itself.

use core::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use jwt_core::Verified;

use crate::rejection::{AuthRejection, authentication};

/// The request's verified token, for handlers that need no claims type. Derefs to
/// [`Verified`].
///
/// ```
/// use axum_jwt::VerifiedToken;
/// async fn whoami(token: VerifiedToken) -> String {
///     token.subject().unwrap_or("nobody").to_owned()
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(whoami));
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedToken(Arc<Verified>);

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

impl<S: Send + Sync> FromRequestParts<S> for VerifiedToken {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        let authentication = authentication(parts, "VerifiedToken")?;
        match authentication.required() {
            Ok(verified) => Ok(Self(verified.clone())),
            Err(refusal) => Err(AuthRejection::new(parts, refusal)),
        }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for VerifiedToken {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, AuthRejection> {
        Ok(authentication(parts, "Option<VerifiedToken>")?.verified().cloned().map(Self))
    }
}

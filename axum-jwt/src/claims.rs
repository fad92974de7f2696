//! `Claims<T>`: what a verified token says, as a type.

use core::fmt;
use core::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use jwt_core::{Registered, Verified, VerifiedClaims};
use serde::de::DeserializeOwned;

use crate::rejection::{AuthRejection, authentication};

/// The claims of the request's verified token, as a `T`.
///
/// Reads what [`JwtAuth`](crate::JwtAuth) left in the request and verifies nothing itself. Derefs
/// to `T`; everything else is an associated function, as on [`Arc`], so that it cannot hide a
/// field of `T`.
///
/// | request | `Claims<T>` | `Option<Claims<T>>` |
/// |---|---|---|
/// | verified | the claims | `Some` |
/// | anonymous, under an optional layer | 401 | `None` |
/// | claims that are not a `T` | 401 | 401 |
/// | no layer | 500 | 500 |
///
/// `T` is read by serde. The bound stands at the type, so that a missing `#[derive(Deserialize)]` is
/// told where the type is named and not as a handler that is none.
///
/// ```
/// use axum_jwt::Claims;
///
/// #[derive(serde::Deserialize)]
/// struct User {
///     sub: String,
/// }
///
/// async fn me(user: Claims<User>) -> String {
///     user.sub.clone()
/// }
///
/// async fn feed(user: Option<Claims<User>>) -> String {
///     user.map_or_else(|| "hello".into(), |user| format!("hello {}", user.sub))
/// }
/// # let _: axum::Router = axum::Router::new().route("/me", axum::routing::get(me)).route("/feed", axum::routing::get(feed));
/// ```
pub struct Claims<T: DeserializeOwned = Registered>(pub(crate) VerifiedClaims<T>);

impl<T: DeserializeOwned> Claims<T> {
    /// The token that the claims are from: issuer, scopes, dates and the rest.
    #[must_use]
    pub fn verified(this: &Self) -> &Arc<Verified> {
        &this.0.verified
    }

    /// The claims, to keep beyond the request.
    #[must_use]
    pub fn into_arc(this: Self) -> Arc<T> {
        this.0.claims
    }
}

impl<T: DeserializeOwned> Deref for Claims<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.claims
    }
}

impl<T: DeserializeOwned> Clone for Claims<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Shows nothing of the claims.
impl<T: DeserializeOwned> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claims").field(&self.0.verified).finish()
    }
}

impl<T, S> FromRequestParts<S> for Claims<T>
where
    T: DeserializeOwned + Send + Sync + 'static,
    S: Send + Sync,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        let authentication = authentication(parts, "Claims")?;
        authentication.required_claims::<T>().map(Self).map_err(|refusal| AuthRejection::new(parts, refusal))
    }
}

impl<T, S> OptionalFromRequestParts<S> for Claims<T>
where
    T: DeserializeOwned + Send + Sync + 'static,
    S: Send + Sync,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, AuthRejection> {
        let authentication = authentication(parts, "Option<Claims>")?;
        authentication
            .claims::<T>()
            .map(|claims| claims.map(Self))
            .map_err(|refusal| AuthRejection::new(parts, refusal))
    }
}

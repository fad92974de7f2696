//! `Claims<T>`: what a verified token says, as a type.

use core::fmt;
use core::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use jwt_core::{Authentication, Refusal, Registered, Verified, VerifiedClaims};
use serde::de::DeserializeOwned;

use crate::extract::{ExtractFuture, extract};
use crate::rejection::AuthRejection;

/// The claims of the request's verified token, as a `T`.
///
/// Takes what the [`JwtAuth`](crate::JwtAuth) middleware left in the request; where none stands,
/// authenticates the request itself by the `JwtAuth` in `app_data` (or `web::Data<JwtAuth>`) and leaves
/// the outcome for the next extractor. Fields that checks add to responses are lost in that second form,
/// and so is the `Cache-Control: private` of a token in the query, for an extractor has no response to
/// put them on. Use one form of `app_data` throughout: nothing tells which of a `JwtAuth` and a
/// `web::Data<JwtAuth>` is nearer, and where they differ it answers 500, as where there is none.
///
/// With both, the inner one counts. For the extractors there, a handle in the `app_data` of a scope or
/// resource inside of the one that is wrapped decides as a middleware there would: its rules refuse, and
/// what the same verifier has verified is taken over. A handler without an extractor asks it nothing.
/// One beside the middleware, or further out, is not asked. A middleware that extracts after the
/// handler has run sees the handler's data: extract before.
///
/// Derefs to `T`; everything else is an associated function, as on [`Arc`], so that it cannot hide
/// a field of `T`.
///
/// | request | `Claims<T>` | [`MaybeClaims<T>`](crate::MaybeClaims) | `Option<Claims<T>>` |
/// |---|---|---|---|
/// | verified | the claims | `Some` | `Some` |
/// | anonymous, under optional rules | 401 | `None` | `None` |
/// | claims that are not a `T` | 401 | 401 | **`None`** |
/// | no middleware, no handle | 500 | 500 | **`None`** |
/// | no middleware, a bad token | 401 | 401 | **`None`** |
///
/// The last column is a hole: actix-web's `Option<T>` turns every error into `None`. Write
/// `MaybeClaims<T>`.
///
/// ```
/// use actix_jwt::{Claims, MaybeClaims};
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
/// async fn feed(user: MaybeClaims<User>) -> String {
///     user.as_ref().map_or_else(|| "hello".into(), |user| format!("hello {}", user.sub))
/// }
/// # use actix_web::web::get;
/// # let _ = actix_web::App::new().route("/me", get().to(me)).route("/feed", get().to(feed));
/// ```
pub struct Claims<T = Registered>(pub(crate) VerifiedClaims<T>);

impl<T> Claims<T> {
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

impl<T: DeserializeOwned + Send + Sync + 'static> Claims<T> {
    pub(crate) fn required(authentication: &Authentication) -> Result<Self, Refusal> {
        authentication.required_claims::<T>().map(Self)
    }

    pub(crate) fn optional(authentication: &Authentication) -> Result<Option<Self>, Refusal> {
        Ok(authentication.claims::<T>()?.map(Self))
    }
}

impl<T> Deref for Claims<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.claims
    }
}

impl<T> Clone for Claims<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Shows nothing of the claims.
impl<T> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claims").field(&self.0.verified).finish()
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> FromRequest for Claims<T> {
    type Error = AuthRejection;
    type Future = ExtractFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, "Claims", Self::required)
    }
}

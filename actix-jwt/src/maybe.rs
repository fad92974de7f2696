//! The optional forms of the extractors.

use core::fmt;
use core::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use jwt_core::Registered;
use serde::de::DeserializeOwned;

use crate::claims::Claims;
use crate::extract::{ExtractFuture, extract};
use crate::rejection::AuthRejection;
use crate::token::VerifiedToken;

/// The claims, if the request carries a token. Derefs to `Option<Claims<T>>`.
///
/// Nothing presented, under [`JwtAuth::optional`](crate::JwtAuth::optional), gives `None`. A token
/// that is bad, claims that are not a `T` and a missing set-up are refused as by
/// [`Claims`]. Never write `Option<Claims<T>>` instead: actix-web makes `None` of every error, so
/// a forged token would pass for none.
///
/// ```
/// use actix_jwt::MaybeClaims;
///
/// async fn feed(user: MaybeClaims) -> String {
///     match user.into_inner() {
///         Some(user) => format!("hello {}", user.sub.as_deref().unwrap_or("nobody")),
///         None => "hello".into(),
///     }
/// }
/// # let _ = actix_web::App::new().route("/feed", actix_web::web::get().to(feed));
/// ```
pub struct MaybeClaims<T = Registered>(Option<Claims<T>>);

impl<T> MaybeClaims<T> {
    /// The claims, as an `Option`.
    #[must_use]
    pub fn into_inner(self) -> Option<Claims<T>> {
        self.0
    }
}

impl<T> Deref for MaybeClaims<T> {
    type Target = Option<Claims<T>>;

    fn deref(&self) -> &Option<Claims<T>> {
        &self.0
    }
}

impl<T> Clone for MaybeClaims<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for MaybeClaims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MaybeClaims").field(&self.0).finish()
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> FromRequest for MaybeClaims<T> {
    type Error = AuthRejection;
    type Future = ExtractFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, "MaybeClaims", |authentication| Claims::optional(authentication).map(Self))
    }
}

/// The verified token, if the request carries one. Derefs to `Option<VerifiedToken>`.
///
/// As [`MaybeClaims`], without a claims type.
///
/// ```
/// use actix_jwt::MaybeToken;
/// async fn whoami(token: MaybeToken) -> String {
///     token.as_ref().and_then(|token| token.subject()).unwrap_or("nobody").to_owned()
/// }
/// # let _ = actix_web::App::new().route("/", actix_web::web::get().to(whoami));
/// ```
#[derive(Clone, Debug)]
pub struct MaybeToken(Option<VerifiedToken>);

impl MaybeToken {
    /// The token, as an `Option`.
    #[must_use]
    pub fn into_inner(self) -> Option<VerifiedToken> {
        self.0
    }
}

impl Deref for MaybeToken {
    type Target = Option<VerifiedToken>;

    fn deref(&self) -> &Option<VerifiedToken> {
        &self.0
    }
}

impl FromRequest for MaybeToken {
    type Error = AuthRejection;
    type Future = ExtractFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, "MaybeToken", |authentication| {
            Ok(Self(authentication.verified().cloned().map(VerifiedToken)))
        })
    }
}

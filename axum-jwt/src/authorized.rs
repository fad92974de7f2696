//! `Authorized<R, T>`: claims of a token that has a permission.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use std::sync::Arc;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use jwt_core::{Permission, Registered, Verified};
use serde::de::DeserializeOwned;

use crate::claims::Claims;
use crate::rejection::{AuthRejection, authentication};

/// The claims of a token that has the permission `R`. Derefs to `T`.
///
/// Answers 401 where no token was presented, 403 `insufficient_scope` where the permission is
/// missing (RFC 6750 §3.1), 401 `insufficient_user_authentication` where it asks for another login
/// (RFC 9470 §3), 500 without a layer.
///
/// ```
/// use axum_jwt::Authorized;
/// use axum_jwt::jwt_core::{Permission, Requirement};
///
/// struct Admin;
/// impl Permission for Admin {
///     const REQUIREMENT: Requirement = Requirement::scope("admin");
/// }
///
/// async fn admin(user: Authorized<Admin>) -> String {
///     user.sub.clone().unwrap_or_default()
/// }
/// # let _: axum::Router = axum::Router::new().route("/admin", axum::routing::get(admin));
/// ```
pub struct Authorized<R: Permission, T: DeserializeOwned = Registered> {
    claims: Claims<T>,
    permission: PhantomData<fn() -> R>,
}

impl<R: Permission, T: DeserializeOwned> Authorized<R, T> {
    /// The token that the claims are from.
    #[must_use]
    pub fn verified(this: &Self) -> &Arc<Verified> {
        Claims::verified(&this.claims)
    }

    /// The claims without the permission.
    #[must_use]
    pub fn into_claims(this: Self) -> Claims<T> {
        this.claims
    }
}

impl<R: Permission, T: DeserializeOwned> Deref for Authorized<R, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.claims
    }
}

impl<R: Permission, T: DeserializeOwned> fmt::Debug for Authorized<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorized").field(&self.claims).finish()
    }
}

impl<R, T, S> FromRequestParts<S> for Authorized<R, T>
where
    R: Permission,
    T: DeserializeOwned + Send + Sync + 'static,
    S: Send + Sync,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        let authentication = authentication(parts, "Authorized")?;
        let authorized = authentication
            .authorize(&R::REQUIREMENT)
            .and_then(|_| authentication.required_claims::<T>())
            .map(|claims| Self { claims: Claims(claims), permission: PhantomData });
        authorized.map_err(|refusal| AuthRejection::new(parts, refusal))
    }
}

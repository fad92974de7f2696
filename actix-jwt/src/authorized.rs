//! `Authorized<R, T>`: claims together with a permission.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use jwt_core::{Permission, Registered, Verified};
use serde::de::DeserializeOwned;

use crate::claims::Claims;
use crate::extract::{ExtractFuture, extract};
use crate::rejection::AuthRejection;

/// The claims of a token that has the permission `R`. Derefs to `T`.
///
/// Answers 401 where no token was presented, 403 `insufficient_scope` where the permission is
/// missing (RFC 6750 §3.1), 401 `insufficient_user_authentication` where it asks for another login
/// (RFC 9470 §3), 500 without a middleware or handle.
///
/// ```
/// use actix_jwt::Authorized;
/// use actix_jwt::jwt_core::{Permission, Requirement};
///
/// struct Admin;
/// impl Permission for Admin {
///     const REQUIREMENT: Requirement = Requirement::scope("admin");
/// }
///
/// async fn admin(user: Authorized<Admin>) -> String {
///     user.sub.clone().unwrap_or_default()
/// }
/// # let _ = actix_web::App::new().route("/admin", actix_web::web::get().to(admin));
/// ```
pub struct Authorized<R, T = Registered> {
    claims: Claims<T>,
    permission: PhantomData<fn() -> R>,
}

impl<R, T> Authorized<R, T> {
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

impl<R, T> Deref for Authorized<R, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.claims
    }
}

impl<R, T> fmt::Debug for Authorized<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorized").field(&self.claims).finish()
    }
}

impl<R, T> FromRequest for Authorized<R, T>
where
    R: Permission + 'static,
    T: DeserializeOwned + Send + Sync + 'static,
{
    type Error = AuthRejection;
    type Future = ExtractFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(request, "Authorized", |authentication| {
            authentication.authorize(&R::REQUIREMENT)?;
            Ok(Self { claims: Claims::required(authentication)?, permission: PhantomData })
        })
    }
}

//! Guards: which of several routes a verified request goes to.
//!
//! **Routing help, not access control.** A guard that fails makes the router look further, and
//! what nothing matches is a 404, not a 401 or 403. To refuse, use [`Require`](crate::Require) or
//! [`Authorized`](crate::Authorized).
//!
//! Guards run before handlers and cannot wait, so they see only what a
//! [`JwtAuth`](crate::JwtAuth) middleware *outside* of them left in the request: that of the `App`
//! or of an enclosing scope, not that of the guarded scope or resource itself, and nothing of a
//! handle in `app_data`. Without it, and for anonymous requests, they fail.
//!
//! ```
//! use actix_jwt::guard;
//! use actix_web::{App, web};
//!
//! let app = App::new()
//!     // .wrap(auth)
//!     .service(web::resource("/report").guard(guard::scope("report:full")).to(async || "all of it"))
//!     .service(web::resource("/report").to(async || "a summary"));
//! # let _ = app;
//! ```

use core::fmt;

use actix_web::guard::{Guard, GuardContext};
use jwt_core::{Authentication, Verified};

/// Matches requests whose token has `scope`.
pub fn scope(scope: impl Into<String>) -> TokenGuard {
    TokenGuard(Wanted::Scope(scope.into()))
}

/// Matches requests whose token has `role`.
pub fn role(role: impl Into<String>) -> TokenGuard {
    TokenGuard(Wanted::Role(role.into()))
}

/// Matches requests whose token is of `issuer`, byte for byte.
pub fn issuer(issuer: impl Into<String>) -> TokenGuard {
    TokenGuard(Wanted::Issuer(issuer.into()))
}

/// What [`scope`], [`role`] and [`issuer`] make.
#[derive(Clone)]
#[must_use]
pub struct TokenGuard(Wanted);

#[derive(Clone, Debug)]
enum Wanted {
    Scope(String),
    Role(String),
    Issuer(String),
}

impl TokenGuard {
    fn matches(&self, verified: &Verified) -> bool {
        match &self.0 {
            Wanted::Scope(scope) => verified.has_scope(scope),
            Wanted::Role(role) => verified.has_role(role),
            Wanted::Issuer(issuer) => verified.issuer() == Some(issuer),
        }
    }
}

impl Guard for TokenGuard {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        let extensions = context.req_data();
        let verified = extensions.get::<Authentication>().and_then(Authentication::verified);
        verified.is_some_and(|verified| self.matches(verified))
    }
}

impl fmt::Debug for TokenGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenGuard").field(&self.0).finish()
    }
}

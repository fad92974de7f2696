//! `Deny`: refusals for reasons that only a handler knows.

use core::fmt;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use jwt_core::request::is_grpc;
use jwt_core::{Authentication, Refusal, Requirement};
use tower_jwt::HttpHead;

use crate::rejection::{AuthRejection, authentication};

/// Refuses in the layer's words where only the handler can tell that somebody may not: whose thing
/// it is, or how much is asked for.
///
/// Reads what [`JwtAuth`](crate::JwtAuth) left in the request, or a
/// [`StateClaims`](crate::StateClaims) that stands before it among the arguments; with neither, the
/// request is answered by 500.
///
/// ```
/// use axum::extract::Path;
/// use axum_jwt::{AuthRejection, Claims, Deny, Requirement};
///
/// const STEP_UP: Requirement = Requirement::new().require_authentication(&["urn:mfa"]);
///
/// async fn note(Path(owner): Path<String>, user: Claims, deny: Deny) -> Result<String, AuthRejection> {
///     if user.sub.as_deref() != Some(&*owner) {
///         return Err(deny.forbidden());
///     }
///     if owner == "the treasurer" {
///         deny.unless(&STEP_UP)?;
///     }
///     Ok(format!("the note of {owner}"))
/// }
/// # let _: axum::Router = axum::Router::new().route("/notes/{owner}", axum::routing::get(note));
/// ```
pub struct Deny {
    authentication: Authentication,
    is_grpc: bool,
}

impl Deny {
    /// 403 `insufficient_scope`, as where a predicate of a [`Requirement`] does not hold. Somebody
    /// anonymous is asked for a token by 401.
    #[must_use]
    pub fn forbidden(&self) -> AuthRejection {
        self.by(self.authentication.forbid())
    }

    /// Checks a requirement that only some requests to the route have to meet.
    ///
    /// # Errors
    /// As [`Authentication::authorize`].
    pub fn unless(&self, requirement: &Requirement) -> Result<(), AuthRejection> {
        self.authentication.authorize(requirement).map(drop).map_err(|refusal| self.by(refusal))
    }

    fn by(&self, refusal: Refusal) -> AuthRejection {
        AuthRejection::in_words_of(&self.authentication, self.is_grpc, refusal)
    }
}

impl fmt::Debug for Deny {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deny").field(&self.authentication).finish()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Deny {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        let is_grpc = is_grpc(&HttpHead::from(&*parts));
        Ok(Self { authentication: authentication(parts, "Deny")?.clone(), is_grpc })
    }
}

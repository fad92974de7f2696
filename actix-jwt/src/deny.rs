//! `Deny`: refusals for reasons that only a handler knows.

use core::fmt;
use core::future::Future;
use core::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use jwt_core::request::is_grpc;
use jwt_core::{Authentication, Refusal, Requirement};

use crate::extract::extract;
use crate::head::HttpHead;
use crate::rejection::AuthRejection;

/// Refuses in the middleware's words where only the handler can tell that somebody may not: whose
/// thing it is, or how much is asked for.
///
/// Found as [`Claims`](crate::Claims).
///
/// ```
/// use actix_jwt::{AuthRejection, Claims, Deny, Requirement};
/// use actix_web::web::Path;
///
/// const STEP_UP: Requirement = Requirement::new().require_authentication(&["urn:mfa"]);
///
/// async fn note(owner: Path<String>, user: Claims, deny: Deny) -> Result<String, AuthRejection> {
///     if user.sub.as_deref() != Some(&**owner) {
///         return Err(deny.forbidden());
///     }
///     if *owner == "the treasurer" {
///         deny.unless(&STEP_UP)?;
///     }
///     Ok(format!("the note of {owner}"))
/// }
/// # let _ = actix_web::App::new().route("/notes/{owner}", actix_web::web::get().to(note));
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

impl FromRequest for Deny {
    type Error = AuthRejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AuthRejection>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let is_grpc = is_grpc(&HttpHead::from(request));
        let found = extract(request, "Deny", |authentication| Ok(authentication.clone()));
        Box::pin(async move { Ok(Self { authentication: found.await?, is_grpc }) })
    }
}

//! `StateClaims<T>`: authentication by the router's state, without a layer.

use core::fmt;
use core::ops::Deref;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use jwt_core::{Authentication, Decision, Refusal, Registered, Step, Verified};
use serde::de::DeserializeOwned;
use tower_jwt::{HttpHead, JwtAuth};

use crate::claims::Claims;
use crate::rejection::AuthRejection;

/// As [`Claims`], for routers without a layer: authenticates the request itself, by the
/// [`JwtAuth`] in the router's state. Derefs to `T`.
///
/// What it finds stays in the request, so that several extractors of one handler verify once.
/// Answers 401 under optional rules too when nothing was presented; `Option<StateClaims<T>>` is
/// then `None`. Fields that checks add to responses are lost here, for an extractor has no
/// response to put them on: use the layer where that matters.
///
/// ```
/// use axum::extract::FromRef;
/// use axum_jwt::{JwtAuth, StateClaims};
///
/// #[derive(Clone)]
/// struct App {
///     auth: JwtAuth,
/// }
///
/// impl FromRef<App> for JwtAuth {
///     fn from_ref(app: &App) -> Self {
///         app.auth.clone()
///     }
/// }
///
/// async fn me(user: StateClaims) -> String {
///     user.sub.clone().unwrap_or_default()
/// }
/// # let _: axum::Router<App> = axum::Router::new().route("/me", axum::routing::get(me));
/// ```
pub struct StateClaims<T = Registered>(Claims<T>);

impl<T> StateClaims<T> {
    /// The token that the claims are from.
    #[must_use]
    pub fn verified(this: &Self) -> &Arc<Verified> {
        Claims::verified(&this.0)
    }

    /// The claims, to keep beyond the request.
    #[must_use]
    pub fn into_arc(this: Self) -> Arc<T> {
        Claims::into_arc(this.0)
    }
}

impl<T> Deref for StateClaims<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for StateClaims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StateClaims").field(&self.0).finish()
    }
}

/// Authenticates by the state's rules and leaves the outcome in the request, as the layer would.
async fn authenticate<S>(parts: &mut Parts, state: &S) -> Result<Authentication, AuthRejection>
where
    JwtAuth: FromRef<S>,
{
    let auth = JwtAuth::from_ref(state);
    let step = auth.rules().decide(&HttpHead::from(&*parts), parts.extensions.get::<Authentication>());
    let decision = match step {
        Step::Decided(decision) => decision,
        Step::Wait(decision) => decision.await,
    };
    match decision {
        Decision::Proceed(proceed) => {
            let authentication = proceed.authentication.with_presenter(auth.presenter::<Body>());
            parts.extensions.insert(authentication.clone());
            Ok(authentication)
        }
        Decision::Refuse(refusal) => Err(AuthRejection::new(parts, refusal)),
    }
}

fn reject<T>(parts: &Parts, result: Result<T, Refusal>) -> Result<T, AuthRejection> {
    result.map_err(|refusal| AuthRejection::new(parts, refusal))
}

impl<T, S> FromRequestParts<S> for StateClaims<T>
where
    T: DeserializeOwned + Send + Sync + 'static,
    S: Send + Sync,
    JwtAuth: FromRef<S>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let authentication = authenticate(parts, state).await?;
        reject(parts, authentication.required_claims::<T>()).map(|claims| Self(Claims(claims)))
    }
}

impl<T, S> OptionalFromRequestParts<S> for StateClaims<T>
where
    T: DeserializeOwned + Send + Sync + 'static,
    S: Send + Sync,
    JwtAuth: FromRef<S>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, AuthRejection> {
        let authentication = authenticate(parts, state).await?;
        reject(parts, authentication.claims::<T>()).map(|claims| claims.map(|claims| Self(Claims(claims))))
    }
}

//! `StateClaims<T>`: authentication by the router's state, without a layer.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use jwt_core::{Authentication, Decision, Refusal, Registered, Step, Verified, VerifiedClaims};
use serde::de::DeserializeOwned;
use tower_jwt::{HttpHead, JwtAuth, ProblemJson, RefusalResponse};

use crate::claims::Claims;
use crate::rejection::AuthRejection;

/// As [`Claims`], for routers without a layer: authenticates the request itself, by the
/// [`JwtAuth`] in the router's state. Derefs to `T`.
///
/// What it finds stays in the request, so that several extractors of one handler verify once. Behind a
/// layer it is as a layer inside of that one: the state's rules count, and refuse in their own words.
/// Answers 401 under optional rules too when nothing was presented; `Option<StateClaims<T>>` is
/// then `None`. Fields that checks add to responses are lost here, and so is the `Cache-Control: private`
/// of a token in the query, for an extractor has no response to put them on: use the layer where that
/// matters.
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
pub struct StateClaims<T: DeserializeOwned = Registered, R = ProblemJson> {
    claims: Claims<T>,
    /// The maker of refusals of the state's `JwtAuth`.
    refusal: PhantomData<fn() -> R>,
}

impl<T: DeserializeOwned, R> StateClaims<T, R> {
    /// The token that the claims are from.
    #[must_use]
    pub fn verified(this: &Self) -> &Arc<Verified> {
        Claims::verified(&this.claims)
    }

    /// The claims, to keep beyond the request.
    #[must_use]
    pub fn into_arc(this: Self) -> Arc<T> {
        Claims::into_arc(this.claims)
    }
}

impl<T: DeserializeOwned, R> Deref for StateClaims<T, R> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.claims
    }
}

impl<T: DeserializeOwned, R> fmt::Debug for StateClaims<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StateClaims").field(&self.claims).finish()
    }
}

impl<T: DeserializeOwned, R> From<VerifiedClaims<T>> for StateClaims<T, R> {
    fn from(claims: VerifiedClaims<T>) -> Self {
        Self { claims: Claims(claims), refusal: PhantomData }
    }
}

/// Authenticates by the state's rules and leaves the outcome in the request, as the layer would.
async fn authenticate<R, S>(parts: &mut Parts, state: &S) -> Result<Authentication, AuthRejection>
where
    R: RefusalResponse<Body>,
    JwtAuth<R>: FromRef<S>,
{
    let auth = JwtAuth::<R>::from_ref(state);
    auth.mark_sensitive(&mut parts.headers);
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
        Decision::Refuse(refusal) => Err(AuthRejection::by(parts, auth.refusal(), refusal)),
    }
}

fn reject<C>(parts: &Parts, result: Result<C, Refusal>) -> Result<C, AuthRejection> {
    result.map_err(|refusal| AuthRejection::new(parts, refusal))
}

impl<T, R, S> FromRequestParts<S> for StateClaims<T, R>
where
    T: DeserializeOwned + Send + Sync + 'static,
    R: RefusalResponse<Body>,
    S: Send + Sync,
    JwtAuth<R>: FromRef<S>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let authentication = authenticate::<R, S>(parts, state).await?;
        reject(parts, authentication.required_claims::<T>()).map(Self::from)
    }
}

impl<T, R, S> OptionalFromRequestParts<S> for StateClaims<T, R>
where
    T: DeserializeOwned + Send + Sync + 'static,
    R: RefusalResponse<Body>,
    S: Send + Sync,
    JwtAuth<R>: FromRef<S>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, AuthRejection> {
        let authentication = authenticate::<R, S>(parts, state).await?;
        reject(parts, authentication.claims::<T>()).map(|claims| claims.map(Self::from))
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use axum::body::to_bytes;
    use axum::routing::{Router, get};
    use http::{Request, Response};
    use jwt_core::request::Challenge;
    use jwt_core::{Algorithm, SigningKey, Verifier};
    use tower::ServiceExt;

    use super::*;

    type Words = fn(&Refusal) -> Response<Body>;

    fn auth(realm: &str, words: Words) -> JwtAuth<Words> {
        let key = SigningKey::generate(Algorithm::ES256).expect("a backend is on");
        let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("id").build();
        let challenge = Challenge::default().with_realm(realm).expect("a realm of letters");
        JwtAuth::new(verifier.expect("key, audience and issuer are there"))
            .with_challenge(challenge)
            .with_refusal(words)
    }

    #[tokio::test]
    async fn behind_a_layer_the_state_refuses_in_its_own_words() {
        let layer = auth("layer", |_| Response::new("of the layer".into())).optional();
        let state = auth("state", |_| Response::new("of the state".into()));
        let me = get(async |_: StateClaims<Registered, Words>| "in");
        let app = Router::new().route("/", me).with_state(state).layer(layer);
        let refused = app.oneshot(Request::new(Body::empty())).await.expect("a router never fails");
        assert_eq!(refused.headers()["www-authenticate"], r#"Bearer realm="state""#);
        let body = to_bytes(refused.into_body(), usize::MAX).await.expect("a body in memory");
        assert_eq!(body, "of the state");
    }
}

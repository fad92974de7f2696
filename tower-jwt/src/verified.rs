//! The verified token of a request.

use std::sync::Arc;

use http::Extensions;
use jwt_core::{Authentication, Verified};

/// The verified token of the request with these extensions; `None` for an anonymous one, and where no
/// layer stands before.
///
/// Takes the extensions of whatever has them: `http::Request`, its `Parts`, tonic's `Request`. Whether
/// there was a layer, and how it refuses, tells the [`Authentication`] there.
///
/// ```
/// async fn hello(request: http::Request<()>) -> String {
///     let token = tower_jwt::verified(request.extensions());
///     format!("hello {}", token.and_then(|token| token.subject()).unwrap_or("nobody"))
/// }
/// # let _ = hello(http::Request::new(()));
/// // Without a layer there is nobody.
/// assert!(tower_jwt::verified(&http::Extensions::new()).is_none());
/// ```
#[must_use]
pub fn verified(extensions: &Extensions) -> Option<&Arc<Verified>> {
    extensions.get::<Authentication>()?.verified()
}

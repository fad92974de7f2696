//! The token in the requests of a client: layer and service.

use core::fmt;
use core::mem;
use core::task::{Context, Poll};
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::ServiceToken;
use super::future::ServiceTokenFuture;
use super::origins::{Origin, Origins};
use crate::address::{AddressError, Transport};

/// What a client's service may fail by: its own error, or [`ServiceTokenError`](crate::ServiceTokenError).
pub(super) type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// Puts this service's own token into the requests of an HTTP client.
///
/// For each request, the first that fits:
///
/// 1. It has an `Authorization` already: it is sent as it is, for whoever set that meant it.
/// 2. It goes to an origin that is not named: it is sent as it is.
/// 3. There is a token: it is added as `Authorization: Bearer …`, marked as sensitive.
/// 4. There is none yet: the request waits, 2 s at most.
/// 5. None comes: the request fails with [`ServiceTokenError`](crate::ServiceTokenError), and nothing is sent.
///
/// What follows redirects belongs outside of this layer, so that each step is judged; a client inside that follows them
/// must itself leave the field out where the host changes, as reqwest does.
///
/// An answer of 401 has the token fetched anew ([`ServiceToken::invalidate`], at a bounded rate). It is given back as it
/// is: whether a request can be sent again only its sender knows. Errors of the service inside are passed on, in a box.
///
/// ```no_run
/// # fn run<C: Clone>(client: C, token: jwt_remote::ServiceToken) -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::ServiceTokenLayer;
/// use tower_layer::Layer;
/// let client = ServiceTokenLayer::for_origins(&token, ["https://stock.example.com"])?.layer(client);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ServiceTokenLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    token: ServiceToken,
    origins: Origins,
}

impl ServiceTokenLayer {
    /// For requests to these origins: scheme, host and port, of which the default may be left out; a path is not looked
    /// at. `https`, or `http` to this machine. The address of a request must be absolute, as an HTTP client's is.
    ///
    /// # Errors
    /// [`AddressError`]: one of them is no such address.
    pub fn for_origins<O: AsRef<str>>(
        token: &ServiceToken,
        origins: impl IntoIterator<Item = O>,
    ) -> Result<Self, AddressError> {
        Self::named(token, origins, Transport::OrLoopback)
    }

    /// As [`for_origins`](Self::for_origins), where `http` to other machines is allowed too, as inside of a cluster:
    /// whoever listens on the way has the token.
    ///
    /// # Errors
    /// [`AddressError`]: one of them is no such address.
    pub fn insecure_for_http_origins<O: AsRef<str>>(
        token: &ServiceToken,
        origins: impl IntoIterator<Item = O>,
    ) -> Result<Self, AddressError> {
        Self::named(token, origins, Transport::OrHttp)
    }

    fn named<O: AsRef<str>>(
        token: &ServiceToken,
        origins: impl IntoIterator<Item = O>,
        transport: Transport,
    ) -> Result<Self, AddressError> {
        let origins: Result<Vec<_>, _> =
            origins.into_iter().map(|origin| Origin::new(origin.as_ref(), transport)).collect();
        Ok(Self::new(token, Origins::These(origins?)))
    }

    /// For all requests. Whoever can choose where one goes has the token, so this is for a service that has one
    /// connection to one server, such as a gRPC channel, whose requests name no host.
    #[must_use]
    pub fn insecure_any_origin(token: &ServiceToken) -> Self {
        Self::new(token, Origins::All)
    }

    fn new(token: &ServiceToken, origins: Origins) -> Self {
        Self { shared: Arc::new(Shared { token: token.clone(), origins }) }
    }
}

impl<S> Layer<S> for ServiceTokenLayer {
    type Service = ServiceTokenService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ServiceTokenService { inner, shared: Arc::clone(&self.shared) }
    }
}

/// What [`ServiceTokenLayer`] makes of a service.
#[derive(Clone)]
pub struct ServiceTokenService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, B, R> Service<Request<B>> for ServiceTokenService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ServiceTokenFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Shared { token, origins } = &*self.shared;
        if request.headers().contains_key(AUTHORIZATION) || !origins.contain(request.uri()) {
            return ServiceTokenFuture::without(self.inner.call(request));
        }
        if let Some(held) = token.held() {
            request.headers_mut().insert(AUTHORIZATION, held.header_value());
            return ServiceTokenFuture::with(self.inner.call(request), token.clone(), held);
        }
        // The service that was polled ready must be the one that is called.
        let next = self.inner.clone();
        let ready = mem::replace(&mut self.inner, next);
        ServiceTokenFuture::waiting(token.clone(), request, ready)
    }
}

impl<S: fmt::Debug> fmt::Debug for ServiceTokenService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTokenService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

//! What several sources share.

use core::fmt;
use std::sync::Arc;

use crate::http::HttpClient;
#[cfg(feature = "reqwest")]
use crate::http::HttpError;
use crate::refresher::Hub;
use crate::remote_error::RemoteError;

/// An HTTP client and the one task that fetches by it for every source that is given this: keys, issuers,
/// introspection. Cheap to clone. The task begins with the first source and ends with the last handle of the last one.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::{Oidc, Remote};
/// let remote = Remote::new()?;
/// let staff = Oidc::issuer("https://staff.example.com/").with_audience("https://api.example.com").with_remote(&remote);
/// let partner = Oidc::issuer("https://partner.example/").with_audience("https://api.example.com").with_remote(&remote);
/// let verifier = jwt_core::Verifier::of([
///     staff.discover().await?.authority().clone(),
///     partner.discover().await?.authority().clone(),
/// ])?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Remote(Arc<Hub>);

impl Remote {
    /// With a client of reqwest's that follows no redirects, holds no cookies and takes 3 s at most to connect.
    /// `HTTPS_PROXY` and its like are obeyed. For anything else see [`client_builder`](crate::client_builder).
    ///
    /// # Errors
    /// [`HttpError::Connection`]: TLS cannot be set up, for example for want of the system's certificates.
    #[cfg(feature = "reqwest")]
    pub fn new() -> Result<Self, HttpError> {
        Self::with_reqwest(crate::client_builder())
    }

    /// With a client of reqwest's that is set up further, by [`client_builder`](crate::client_builder) mostly. That it
    /// follows no redirects and unpacks nothing is seen to here.
    ///
    /// # Errors
    /// [`HttpError::Connection`]: the client cannot be made.
    #[cfg(feature = "reqwest")]
    pub fn with_reqwest(builder: reqwest::ClientBuilder) -> Result<Self, HttpError> {
        let client = crate::reqwest_client::Steady::new(builder);
        client.map(Self::with_client).map_err(|error| HttpError::connection(error.to_string()))
    }

    /// With this client. A `reqwest::Client` does for keys and metadata; introspection and own tokens do not start with
    /// it, see [`with_reqwest`](Self::with_reqwest).
    #[must_use]
    pub fn with_client(client: impl HttpClient) -> Self {
        Self(Hub::new(Arc::new(client)))
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0
    }

    /// The client, where tokens and credentials may be sent by it.
    pub(crate) fn client_for_secrets(&self) -> Result<&Arc<dyn HttpClient>, RemoteError> {
        let client = self.0.client();
        if client.may_carry_secrets() { Ok(client) } else { Err(RemoteError::UnfitClient) }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").finish_non_exhaustive()
    }
}

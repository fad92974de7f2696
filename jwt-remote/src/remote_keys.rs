//! The handle: keys that are fetched, kept fresh and served.

use core::fmt;
use std::sync::Arc;

use jwt_core::keys::{Live, Refresh};
use tokio::sync::Notify;

use crate::address::{Address, AddressError};
use crate::http::HttpClient;
use crate::refresher::Hub;
use crate::schedule::Rules;
use crate::source::{Asker, Source, Status};

/// The keys of a JWK set that is served elsewhere.
///
/// They are fetched in the background, at once and then at 80 % of the freshness that the answer states. Requests
/// never wait while any are held, except where a token names an unknown `kid` and a fetch is granted.
///
/// | what | figure |
/// |---|---|
/// | a set is fresh | for `Cache-Control: max-age` less `Age`, at least 60 s and at most 24 h; else 600 s |
/// | while the source fails, it is served | for 24 h beyond that, then everything is 503 |
/// | after failures the source is asked again | after 1 s, doubled each time up to 60 s; of each, chance takes up to half |
/// | an unknown `kid` | two fetches at once, one more in 30 s; one that a fetch did not bring is refused for 60 s |
/// | requests that wait | 2 s at most, on one fetch, 64 at a time |
/// | one fetch | 5 s, 512 KiB, 100 keys, no redirects |
#[derive(Clone)]
pub struct RemoteKeys(Arc<Handle>);

struct Handle {
    source: Arc<Source>,
    wake: Arc<Notify>,
    /// Held as long as there is a handle; fetches under way hold the source, and not this.
    alive: Option<Arc<()>>,
}

/// So that the refresher sees at once that nobody is left.
impl Drop for Handle {
    fn drop(&mut self) {
        self.alive = None;
        self.wake.notify_one();
    }
}

impl RemoteKeys {
    /// Begins to fetch the JWK set at `url` by this client.
    ///
    /// # Errors
    /// [`AddressError`] where `url` is neither `https` nor `http` to this machine.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn new(url: &str, client: impl HttpClient) -> Result<Self, AddressError> {
        let address = Address::new(url)?;
        let hub = Hub::new(Arc::new(client));
        let source = Arc::new(Source::new(address, Rules::default(), Arc::clone(hub.wake())));
        let alive = Arc::new(());
        hub.watch(&source, Arc::downgrade(&alive));
        Ok(Self(Arc::new(Handle { source, wake: Arc::clone(hub.wake()), alive: Some(alive) })))
    }

    /// The cell of an authority: `with_live_keys(keys.live())`.
    #[must_use]
    pub fn live(&self) -> Live {
        self.0.source.live().clone()
    }

    /// Whom to ask for newer keys: `with_refresh(keys.refresh())`. Keeps the source alive, as a handle does.
    #[must_use]
    pub fn refresh(&self) -> impl Refresh + use<> {
        let asker = Asker(Arc::clone(&self.0.source));
        // With the handle inside, so that its end is seen.
        Kept { asker, _handle: Arc::clone(&self.0) }
    }

    /// What the source is worth at the moment.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.source.status()
    }
}

struct Kept {
    asker: Asker,
    _handle: Arc<Handle>,
}

impl Refresh for Kept {
    fn request(&self, hint: jwt_core::keys::RefreshHint<'_>) -> jwt_core::keys::Grant {
        self.asker.request(hint)
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RemoteKeys").field(&self.status()).finish()
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;

//! Where the keys of a source come from: an address that is configured, or one that the issuer names.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jwt_core::Algorithm;

use crate::address::{Address, AddressError, Transport};
use crate::discovery::{self, Metadata};
use crate::fetch_error::FetchError;
use crate::http::{HttpClient, HttpRequest};
use crate::jwks::{self, BodyPrint, Fetched, Last};

/// How long the metadata of a provider is believed. It changes in years, and where the keys are no longer where it
/// says, it is read again at once.
const METADATA_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Where the keys of a source come from.
pub(crate) enum Origin {
    /// A JWK set at this address.
    Keys(Address),
    /// Where the issuer's metadata says.
    Issuer(Discovered),
}

pub(crate) struct Discovered {
    /// As it was configured: the address's own spelling may be another.
    issuer: String,
    address: Address,
    transport: Transport,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<Metadata>,
    keys: Address,
    since: Duration,
}

impl Origin {
    pub(crate) fn keys(url: &str, transport: Transport) -> Result<Self, AddressError> {
        Address::new(url, transport).map(Self::Keys)
    }

    pub(crate) fn issuer(issuer: &str, transport: Transport) -> Result<Self, AddressError> {
        Discovered::new(issuer, transport).map(Self::Issuer)
    }

    /// What it is called in logs.
    pub(crate) fn name(&self) -> &str {
        match self {
            Origin::Keys(address) => address.without_query(),
            Origin::Issuer(discovered) => &discovered.issuer,
        }
    }

    /// What the provider said of itself.
    pub(crate) fn metadata(&self) -> Option<Arc<Metadata>> {
        match self {
            Origin::Keys(_) => None,
            Origin::Issuer(discovered) => {
                discovered.known().as_ref().map(|known| Arc::clone(&known.metadata))
            }
        }
    }

    /// One fetch of the keys; `last` is what the last good one left.
    pub(crate) async fn fetch(
        &self,
        client: &dyn HttpClient,
        last: &Last,
        print: impl FnOnce(&[u8]) -> BodyPrint,
        now: Duration,
    ) -> Result<Fetched, FetchError> {
        let discovered = match self {
            Origin::Keys(address) => return keys(client, address, last, print, None).await,
            Origin::Issuer(discovered) => discovered,
        };
        let known = discovered.known().clone().filter(|known| now.saturating_sub(known.since) < METADATA_FOR);
        let (known, last) = match known {
            Some(known) => (known, last.clone()),
            // Whatever is remembered may be of another address, or for other algorithms.
            None => (discovered.discover(client, now).await?, Last::default()),
        };
        let only = known.metadata.algorithms.as_deref();
        let fetched = keys(client, &known.keys, &last, print, only).await;
        if fetched.is_err() {
            discovered.known().take();
        }
        fetched
    }
}

impl Discovered {
    pub(crate) fn new(issuer: &str, transport: Transport) -> Result<Self, AddressError> {
        let address = Address::issuer(issuer, transport)?;
        let transport = address.transport_of_others(transport);
        Ok(Self { issuer: issuer.to_owned(), address, transport, known: Mutex::new(None) })
    }

    /// As it was configured.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// How the addresses may be asked that the metadata names.
    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    async fn discover(&self, client: &dyn HttpClient, now: Duration) -> Result<Known, FetchError> {
        let metadata = Arc::new(self.metadata(client).await?);
        let keys = Address::new(&metadata.jwks_uri, self.transport)
            .map_err(|error| FetchError::KeysAddress { error })?;
        let known = Known { metadata, keys, since: now };
        *self.known() = Some(known.clone());
        Ok(known)
    }

    /// Asks the issuer for its metadata, wherever that stands.
    pub(crate) async fn metadata(&self, client: &dyn HttpClient) -> Result<Metadata, FetchError> {
        let mut first = None;
        for place in discovery::places(&self.address) {
            let request = HttpRequest::get(&place, jwks::TIMEOUT, jwks::MOST_BYTES);
            let response = client.send(request).await?;
            match discovery::read(&response, &self.issuer, self.transport) {
                // The first place is the one that an operator looks at.
                Err(error) if discovery::is_absent(&error) => first = first.or(Some(error)),
                read => return read,
            }
        }
        Err(first.unwrap_or_else(|| FetchError::Metadata { problem: "there is no place for it".to_owned() }))
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn keys(
    client: &dyn HttpClient,
    address: &Address,
    last: &Last,
    print: impl FnOnce(&[u8]) -> BodyPrint,
    only: Option<&[Algorithm]>,
) -> Result<Fetched, FetchError> {
    let response = client.send(jwks::request(address, last)).await?;
    jwks::read(&response, last, print, only)
}

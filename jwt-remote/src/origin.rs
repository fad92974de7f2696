//! Where the keys of a source come from: an address that is configured, or one that the issuer names.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jwt_core::Algorithm;
use tokio::time::{Instant, timeout};

use crate::address::{Address, AddressError, Transport};
use crate::bounds::{METADATA, Terms};
use crate::discovery::{self, ProviderMetadata};
use crate::fetch_error::FetchError;
use crate::http::{HttpClient, HttpRequest};
use crate::jwks::{self, BodyPrint, Fetched, Last};
use crate::strangers::Bucket;

/// Why a fetch was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It was due, or there were no keys.
    Keys,
    /// A token names a key that is not held.
    UnknownKey,
}

/// Where the keys of a source come from.
pub(crate) enum Origin {
    /// A JWK set at this address.
    Keys(Address),
    /// Where the issuer's metadata says.
    Issuer(Box<Discovered>),
}

pub(crate) struct Discovered {
    /// As it was configured: the address's own spelling may be another.
    issuer: String,
    address: Address,
    transport: Transport,
    memory: Mutex<Memory>,
}

struct Memory {
    /// What leads to the keys; out of its place while it is tried.
    known: Option<Known>,
    /// What the provider said last.
    said: Option<Arc<ProviderMetadata>>,
    /// How often all of it was given up: what a fetch learnt before that is not kept.
    forgotten: u64,
    /// Pays for metadata that are read again because of a token.
    rereads: Bucket,
}

impl Default for Memory {
    fn default() -> Self {
        // Of the fetches that strangers can cause fewer than of keys: metadata change in years, and may stand at three
        // places, each of which is asked.
        let rereads = Bucket::new(1, Duration::from_secs(60), Duration::ZERO);
        Self { known: None, said: None, forgotten: 0, rereads }
    }
}

#[derive(Clone)]
struct Known {
    metadata: Arc<ProviderMetadata>,
    keys: Address,
    since: Duration,
}

impl Origin {
    pub(crate) fn keys(url: &str, transport: Transport) -> Result<Self, AddressError> {
        Address::new(url, transport).map(Self::Keys)
    }

    pub(crate) fn issuer(issuer: &str, transport: Transport) -> Result<Self, AddressError> {
        Ok(Self::Issuer(Box::new(Discovered::new(issuer, transport)?)))
    }

    /// What it is called in logs.
    pub(crate) fn name(&self) -> &str {
        match self {
            Origin::Keys(address) => address.without_query(),
            Origin::Issuer(discovered) => &discovered.issuer,
        }
    }

    /// What the provider said of itself.
    pub(crate) fn metadata(&self) -> Option<Arc<ProviderMetadata>> {
        match self {
            Origin::Keys(_) => None,
            Origin::Issuer(discovered) => discovered.memory().said.clone(),
        }
    }

    /// One fetch of the keys; `last` is what the last good one left.
    pub(crate) async fn fetch(
        &self,
        client: &dyn HttpClient,
        last: &Last,
        print: impl Fn(&[u8]) -> BodyPrint + Copy,
        wish: Wish,
        now: Duration,
        terms: &Terms,
    ) -> Result<Fetched, FetchError> {
        let discovered = match self {
            Origin::Keys(address) => return keys(client, address, last, print, None, terms).await,
            Origin::Issuer(discovered) => discovered,
        };
        let began = Instant::now();
        // Out of its place until it has led to keys, so that what is dropped half-way is read again.
        let (known, forgotten) = {
            let mut memory = discovered.memory();
            (memory.known.take(), memory.forgotten)
        };
        let known = known.filter(|known| now.saturating_sub(known.since) < METADATA);
        let (mut known, last, is_fresh) = match known {
            Some(known) => (known, last.clone(), false),
            // Whatever is remembered may be of another address, or for other algorithms.
            None => (discovered.discover(client, now, terms).await?, Last::default(), true),
        };
        let mut fetched = discovered.keys(client, &known, &last, print, terms).await;
        // Somebody has a key that is not where the metadata says, or not for what they say: they may have changed.
        let is_amiss = match &fetched {
            Ok(fetched) => {
                wish == Wish::UnknownKey
                    && fetched.keys.as_ref().is_none_or(|keys| !keys.unnamed.is_empty())
                    && !is_fresh
                    && discovered.memory().rereads.pays(now)
            }
            // The wait that follows on a failure bounds these.
            Err(error) => matches!(error.what(), FetchError::Unnamed { .. }) && !is_fresh,
        };
        if is_amiss {
            // In half of the time that is left: keys that were told are keys, though the metadata cannot be read now.
            let left = terms.timeout.saturating_sub(began.elapsed()).checked_div(2).unwrap_or_default();
            if let Ok(Ok(anew)) = timeout(left, discovered.discover(client, now, terms)).await {
                let changes =
                    anew.keys != known.keys || anew.metadata.algorithms != known.metadata.algorithms;
                known = anew;
                if changes {
                    fetched = discovered.keys(client, &known, &Last::default(), print, terms).await;
                }
            }
        }
        let fetched = fetched?;
        let mut memory = discovered.memory();
        if memory.forgotten == forgotten {
            memory.known = Some(known);
        }
        Ok(fetched)
    }

    /// The way to the keys is looked for anew.
    pub(crate) fn forget(&self) {
        if let Origin::Issuer(discovered) = self {
            let mut memory = discovered.memory();
            memory.known = None;
            memory.forgotten = memory.forgotten.wrapping_add(1);
        }
    }
}

impl Discovered {
    pub(crate) fn new(issuer: &str, transport: Transport) -> Result<Self, AddressError> {
        let address = Address::issuer(issuer, transport)?;
        let transport = address.transport_of_others(transport);
        Ok(Self { issuer: issuer.to_owned(), address, transport, memory: Mutex::default() })
    }

    /// As it was configured.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// How the addresses may be asked that the metadata names.
    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    async fn discover(
        &self,
        client: &dyn HttpClient,
        now: Duration,
        terms: &Terms,
    ) -> Result<Known, FetchError> {
        let metadata = Arc::new(self.metadata(client, terms).await?);
        let keys = Address::new(&metadata.jwks_uri, self.transport)
            .map_err(|error| FetchError::KeysAddress { error })?;
        self.memory().said = Some(Arc::clone(&metadata));
        Ok(Known { metadata, keys, since: now })
    }

    async fn keys(
        &self,
        client: &dyn HttpClient,
        known: &Known,
        last: &Last,
        print: impl Fn(&[u8]) -> BodyPrint,
        terms: &Terms,
    ) -> Result<Fetched, FetchError> {
        let only = known.metadata.algorithms.as_deref();
        let fetched = keys(client, &known.keys, last, print, only, terms).await;
        fetched.map_err(|error| error.at(known.keys.as_str()))
    }

    /// Asks the issuer for its metadata, wherever that stands.
    pub(crate) async fn metadata(
        &self,
        client: &dyn HttpClient,
        terms: &Terms,
    ) -> Result<ProviderMetadata, FetchError> {
        let mut first = None;
        for place in discovery::places(&self.address) {
            let request = HttpRequest::get(&place, terms.timeout, terms.most_bytes);
            let response = client.send(request).await.map_err(|error| FetchError::from(error).at(&place))?;
            match discovery::read(&response, &self.issuer, self.transport, terms.most_bytes) {
                // The first place is the one that an operator looks at.
                Err(error) if discovery::is_absent(&error) => first = first.or(Some(error.at(&place))),
                read => return read.map_err(|error| error.at(&place)),
            }
        }
        Err(first.unwrap_or_else(|| FetchError::Metadata { problem: "there is no place for it".to_owned() }))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn keys(
    client: &dyn HttpClient,
    address: &Address,
    last: &Last,
    print: impl FnOnce(&[u8]) -> BodyPrint,
    only: Option<&[Algorithm]>,
    terms: &Terms,
) -> Result<Fetched, FetchError> {
    let response = client.send(jwks::request(address, last, terms)).await?;
    jwks::read(&response, last, print, only, terms)
}

//! Where tokens are asked for: an address that is configured, or one that the issuer names.

use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::ServiceTokenError;
use crate::address::{Address, AddressError, Transport};
use crate::bounds::{METADATA, Terms};
use crate::http::HttpClient;
use crate::origin::Discovered;

/// Where tokens are asked for.
pub(super) enum Endpoint {
    At(Address),
    Issuer {
        issuer: Box<Discovered>,
        /// With the time since when.
        known: Mutex<Option<(Address, Duration)>>,
    },
}

impl Endpoint {
    pub(super) fn at(url: &str, transport: Transport) -> Result<Self, AddressError> {
        Address::new(url, transport).map(Self::At)
    }

    pub(super) fn of_issuer(issuer: &str, transport: Transport) -> Result<Self, AddressError> {
        let issuer = Box::new(Discovered::new(issuer, transport)?);
        Ok(Self::Issuer { issuer, known: Mutex::new(None) })
    }

    /// What it is called in logs.
    pub(super) fn name(&self) -> &str {
        match self {
            Endpoint::At(address) => address.without_query(),
            Endpoint::Issuer { issuer, .. } => issuer.issuer(),
        }
    }

    /// The address, for which the issuer may have to be asked.
    pub(super) async fn address(
        &self,
        client: &dyn HttpClient,
        now: Duration,
    ) -> Result<Address, ServiceTokenError> {
        let (issuer, known) = match self {
            Endpoint::At(address) => return Ok(address.clone()),
            Endpoint::Issuer { issuer, known } => (issuer, known),
        };
        let is_new = |known: &(Address, Duration)| now.saturating_sub(known.1) < METADATA;
        let held = lock(known).clone().filter(is_new);
        if let Some((address, _)) = held {
            return Ok(address);
        }
        let metadata = issuer.metadata(client, &Terms::default()).await?;
        let url = metadata.token_endpoint.ok_or(ServiceTokenError::NoEndpoint)?;
        let address = Address::new(&url, issuer.transport())
            .map_err(|error| ServiceTokenError::Endpoint { error: error.shortened() })?;
        *lock(known) = Some((address.clone(), now));
        Ok(address)
    }

    /// A request failed, perhaps because the endpoint is elsewhere by now.
    pub(super) fn forget(&self) {
        if let Endpoint::Issuer { known, .. } = self {
            *lock(known) = None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

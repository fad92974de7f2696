//! Keys that live elsewhere, over sockets: jwt-remote by its real HTTP client against a server of our own that may do
//! anything.
//!
//! | room | what |
//! |---|---|
//! | `fault_server` | the server: hangs, drips, resets, floods, lies, and counts |
//! | `told` | the events of a test |
//! | `bomb`, `certificate` | what it takes to send them |
//! | `faults` | one row per fault: verdict, requests at the server, what the operator is told |
//! | `sets` | sets that are good in part, freshness and tags |
//! | `metadata` | the same for what an issuer says of itself |
//! | `frameworks` | waiting, stopping, tenants and files, in every framework |
//! | `leaks` | nothing of it in logs, texts or responses |
//! | `introspection` | opaque tokens beside JWTs, in every framework |
//! | `peers` | what other libraries were caught at |
//! | `quirks` | metadata, keys and tokens in the shapes of well-known providers |
//! | `soak` | all of it at once, for a minute or for hours |
//!
//! Time runs here, so that nothing asserts how long something took: the schedule's hours are tested where time stands
//! still, in jwt-remote itself.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::string_slice,
    reason = "what fails in here fails a test"
)]

mod bomb;
mod certificate;
mod fault_server;
pub(crate) mod faults;
pub(crate) mod frameworks;
mod introspection;
pub(crate) mod leaks;
pub(crate) mod metadata;
pub(crate) mod peers;
pub(crate) mod quirks;
pub(crate) mod sets;
pub(crate) mod soak;
pub(crate) mod told;

use core::time::Duration;
use std::sync::Arc;

use jwt_core::{Algorithm, Authority, Issuer, Reason, SigningKey, Verifier};
use jwt_remote::{Remote, RemoteKeys};
use serde_json::{Value, json};
use tests::tokens::{AUDIENCE, ISSUER};

/// The real client, whatever proxy this machine is set up for. Nothing here has a certificate, and to read those of the
/// system takes a while.
fn client() -> jwt_remote::reqwest::Client {
    builder().build().unwrap()
}

fn builder() -> jwt_remote::reqwest::ClientBuilder {
    jwt_remote::client_builder().no_proxy().tls_certs_only([])
}

fn remote() -> Remote {
    Remote::with_reqwest(builder()).unwrap()
}

/// The keys at an address, asked by a client of their own.
fn keys_at(url: &str) -> RemoteKeys {
    RemoteKeys::at(url).with_remote(&remote()).start().unwrap()
}

fn authority(keys: &RemoteKeys) -> Authority {
    let authority = Authority::builder().with_live_keys(keys.live()).with_refresh(keys.refresh());
    authority.with_audience(AUDIENCE).with_issuer(ISSUER).build_authority().unwrap()
}

fn verifier(keys: &RemoteKeys) -> Verifier {
    Verifier::of([authority(keys)]).unwrap()
}

fn key(key_id: &str) -> SigningKey {
    SigningKey::generate(Algorithm::ES256).unwrap().with_key_id(key_id).unwrap()
}

fn jwk(key: &SigningKey) -> Value {
    serde_json::from_str(&key.to_jwk().unwrap().to_json().unwrap()).unwrap()
}

/// A JWK set of public keys.
fn jwks<'k>(keys: impl IntoIterator<Item = &'k SigningKey>) -> String {
    set_of(keys.into_iter().map(jwk))
}

fn set_of(keys: impl IntoIterator<Item = Value>) -> String {
    json!({ "keys": keys.into_iter().collect::<Vec<_>>() }).to_string()
}

/// A token that is good now.
fn token(key: &SigningKey) -> String {
    token_of(key, ISSUER)
}

fn token_of(key: &SigningKey, issuer: &str) -> String {
    let issuer = Issuer::builder().with_key(key.clone()).with_audience(AUDIENCE).with_issuer(issuer);
    issuer.build().unwrap().token().with_subject("alice").sign().unwrap()
}

/// By whatever is held, without waiting.
fn held(verifier: &Verifier, token: &str) -> Result<(), Reason> {
    verifier.verify(token).map(drop).map_err(|error| error.reason())
}

/// As a request would, waiting where it is granted.
async fn fresh(verifier: &Verifier, token: &str) -> Result<(), Reason> {
    verifier.verify_fresh(token).await.map(drop).map_err(|error| error.reason())
}

/// The most fetches that back-off allows in a time: after each failure half of 1 s, 2 s, 4 s … 60 s at least.
fn most_attempts(elapsed: Duration) -> usize {
    let (mut attempts, mut wait, mut at) = (1, 0.5, 0.5);
    while at <= elapsed.as_secs_f64() {
        attempts += 1;
        wait = f64::min(wait * 2.0, 30.0);
        at += wait;
    }
    attempts
}

/// Tokens whose `kid` nobody has, all different.
fn bogus() -> impl FnMut() -> String {
    let stranger = key("stranger");
    let mut n = 0;
    move || {
        n += 1;
        token(&stranger.clone().with_key_id(format!("bogus-{n}")).unwrap())
    }
}

/// Waits until it holds. Not for time, but for something that a task is about to do.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(fault_server::PATIENCE, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}: it did not come about");
}

/// A server's answer that changes, as a test likes.
type Shared<T> = Arc<std::sync::Mutex<T>>;

//! What every store of key rings must do.

use core::time::Duration;
use std::sync::Arc;

use jwt_core::keys::BoxFuture;
use jwt_core::{Algorithm, Issuer, ManualClock};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::START;
use crate::store::{KeyRingDocument, KeyRingStore, StoreError};
use crate::{KeyEncryptionKey, KeyRing, KeyRingError};

/// Runs the rules for a [`KeyRingStore`], on an empty store for each.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use jwt_session::{MemoryStore, store_suite};
///
/// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
/// store_suite::key_ring(async |clock| MemoryStore::new().with_clock(clock)).await;
/// # });
/// # }
/// ```
///
/// # Panics
/// Where a rule does not hold.
pub async fn key_ring<S: KeyRingStore + Clone>(make: impl AsyncFn(ManualClock) -> S) {
    let empty = async || make(ManualClock::at(START)).await;
    a_document_is_read_as_it_was_written(&empty().await).await;
    rings_of_other_names_are_others(&empty().await).await;
    a_replacement_of_another_version_writes_nothing(&empty().await).await;
    a_document_that_is_too_long_is_refused(&empty().await).await;
    of_many_at_once_one_replaces(&empty().await).await;
    the_time_is_told_or_there_is_none(&empty().await).await;
    for round in 0..25 {
        let clock = ManualClock::at(START);
        let store = make(clock.clone()).await;
        nodes_that_rotate_at_once_have_one_active_key(&store, &clock, round).await;
    }
}

async fn read(store: &impl KeyRingStore, name: &str) -> Option<(u64, String)> {
    let document = store.load(name).await.expect("a document is read");
    document.map(|document| (document.version(), document.text().to_owned()))
}

async fn replace(store: &impl KeyRingStore, name: &str, version: Option<u64>, text: &str) -> Option<u64> {
    store.replace(name, version, text).await.expect("a replacement is answered")
}

async fn a_document_is_read_as_it_was_written(store: &impl KeyRingStore) {
    let longest = "n".repeat(256);
    let full = "x".repeat(KeyRingDocument::MOST_BYTES);
    for (name, text) in [
        ("https://id.example.com/", "{}"),
        ("o'Brien \"\\ % _ 名 \u{1f600}; --", "o'Brien \"\\ % _ 名 \u{1f600}; --"),
        (&*longest, &*full),
    ] {
        assert_eq!(read(store, name).await, None, "there is none before it is written");
        let version = replace(store, name, None, text).await.expect("the first one is written");
        assert_eq!(read(store, name).await, Some((version, text.to_owned())), "{name}");
        let next = replace(store, name, Some(version), "next").await.expect("it is replaced");
        assert!(next > version, "versions grow");
        assert_eq!(read(store, name).await, Some((next, "next".to_owned())), "{name}");
    }
}

async fn rings_of_other_names_are_others(store: &impl KeyRingStore) {
    let names = ["a", "A", "a ", " a", "á", "ab", "%"];
    for name in names {
        assert!(replace(store, name, None, name).await.is_some(), "`{name}` is a name of its own");
    }
    for name in names {
        assert_eq!(read(store, name).await.map(|(_, text)| text).as_deref(), Some(name));
    }
}

async fn a_replacement_of_another_version_writes_nothing(store: &impl KeyRingStore) {
    assert_eq!(replace(store, "ring", Some(0), "text").await, None, "there is none to replace");
    assert_eq!(replace(store, "ring", Some(1), "text").await, None, "there is none to replace");
    assert_eq!(read(store, "ring").await, None);
    let first = replace(store, "ring", None, "first").await.expect("the first one is written");
    let second = replace(store, "ring", Some(first), "second").await.expect("it is replaced");
    for version in [None, Some(0), Some(first), Some(second + 1), Some(u64::MAX)] {
        assert_eq!(replace(store, "ring", version, "text").await, None, "{version:?} is not its version");
    }
    assert_eq!(read(store, "ring").await, Some((second, "second".to_owned())));
}

async fn a_document_that_is_too_long_is_refused(store: &impl KeyRingStore) {
    let long = "x".repeat(KeyRingDocument::MOST_BYTES + 1);
    assert!(store.replace("ring", None, &long).await.is_err(), "a document has 128 KiB at most");
    assert_eq!(read(store, "ring").await, None);
}

async fn the_time_is_told_or_there_is_none(store: &impl KeyRingStore) {
    let first = store.now().await.expect("the time is told, or that there is none");
    let second = store.now().await.expect("the time is told, or that there is none");
    assert_eq!(first.is_some(), second.is_some(), "a store has a clock or has none");
    assert!(second >= first, "its clock does not go back");
    // Seconds, not milliseconds: between 2020 and 2100.
    let is_likely = |now: Duration| (1_577_836_800..4_102_444_800).contains(&now.as_secs());
    assert!(first.is_none_or(is_likely), "since the Unix epoch: {first:?}");
}

async fn of_many_at_once_one_replaces<S: KeyRingStore + Clone>(store: &S) {
    let mut version = None;
    for round in 0..20 {
        let barrier = Arc::new(Barrier::new(10));
        let mut tasks = JoinSet::new();
        for n in 0..10 {
            let (store, barrier) = (store.clone(), barrier.clone());
            tasks.spawn(async move {
                barrier.wait().await;
                let text = format!("{round} {n}");
                replace(&store, "ring", version, &text).await.map(|version| (version, text))
            });
        }
        let mut written = Vec::new();
        while let Some(done) = tasks.join_next().await {
            written.extend(done.expect("a task"));
        }
        assert_eq!(written.len(), 1, "round {round}: one of ten replaces it");
        assert_eq!(read(store, "ring").await.as_ref(), written.first(), "round {round}");
        version = written.first().map(|(version, _)| *version);
    }
}

async fn nodes_that_rotate_at_once_have_one_active_key<S: KeyRingStore + Clone>(
    store: &S,
    clock: &ManualClock,
    round: usize,
) {
    const NODES: usize = 4;
    let all_at_once = async |rotates: bool, rings: &[KeyRing]| {
        let barrier = Arc::new(Barrier::new(NODES));
        let mut tasks = JoinSet::new();
        for n in 0..NODES {
            let (store, clock, barrier) = (store.clone(), clock.clone(), barrier.clone());
            let ring = rings.get(n).cloned();
            tasks.spawn(async move {
                barrier.wait().await;
                let ring = match ring {
                    Some(ring) => ring,
                    None => open(store, clock).await.expect("a ring is opened"),
                };
                if rotates {
                    ring.rotate().await.expect("a ring rotates");
                }
                ring
            });
        }
        let mut rings = Vec::new();
        while let Some(done) = tasks.join_next().await {
            rings.push(done.expect("a task"));
        }
        rings
    };
    let published = |ring: &KeyRing| ring.jwks().body().matches("\"kid\"").count();
    let active = |rings: &[KeyRing]| {
        let mut names: Vec<_> = rings
            .iter()
            .map(|ring| ring.issuer().ok().and_then(|issuer| issuer.key().key_id().cloned()))
            .collect();
        names.dedup();
        assert_eq!(names.len(), 1, "round {round}: one key is active");
        names.remove(0)
    };
    let rings = all_at_once(false, &[]).await;
    let first = active(&rings);
    assert!(rings.iter().all(|ring| published(ring) == 2), "round {round}: the first two keys are made once");
    clock.advance(5_000);
    let rings = all_at_once(true, &rings).await;
    assert_ne!(active(&rings), first, "round {round}");
    assert!(rings.iter().all(|ring| published(ring) == 3), "round {round}: it is done once");
    let again = open(store.clone(), clock.clone()).await.expect("a ring is opened again");
    let due = again.tick().await.expect("a ring ticks");
    assert!(due > Duration::from_secs(START), "round {round}");
    assert_eq!(active(&[again]), active(&rings), "round {round}: and it lasts");
}

/// A store that does not tell the time: the suite has its own.
struct Timeless<S>(S);

impl<S: KeyRingStore> KeyRingStore for Timeless<S> {
    fn load<'s>(&'s self, name: &'s str) -> BoxFuture<'s, Result<Option<KeyRingDocument>, StoreError>> {
        self.0.load(name)
    }

    fn replace<'s>(
        &'s self,
        name: &'s str,
        version: Option<u64>,
        text: &'s str,
    ) -> BoxFuture<'s, Result<Option<u64>, StoreError>> {
        self.0.replace(name, version, text)
    }
}

async fn open(store: impl KeyRingStore, clock: ManualClock) -> Result<KeyRing, KeyRingError> {
    let key = KeyEncryptionKey::from_bytes(&(0..32).collect::<Vec<u8>>())?;
    let builder =
        KeyRing::builder("https://id", Algorithm::ES256, Timeless(store)).with_key_encryption_key(key);
    let issuer = |key| Issuer::builder().with_key(key).with_audience("api").with_issuer("https://id").build();
    builder.with_clock(clock).open(issuer).await
}

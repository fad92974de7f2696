use std::sync::Mutex;

use jwt_core::keys::{BoxFuture, JwkSet, KeySet, LiveWriter, Source};
use jwt_core::{ConfigError, ManualClock, SigningKey, Verifier};

use super::*;
use crate::store::{KeyRingDocument, StoreError, StoreErrorKind};
use crate::{MemoryStore, NewSession, Refresh, SecurityEvent, SessionError, Sessions};

mod clocks;
mod emergency;
mod moody;
mod news;
mod refused;
mod turns;

const START: u64 = 1_800_000_000;
const DAY: u64 = 86_400;
/// What a key is published ahead: twice the maximum age and the difference of clocks.
const AHEAD: u64 = 2 * 600 + 3_600;
/// What a key verifies afterwards: lifetime, leeway and the difference of clocks.
const RETIRE: u64 = 600 + 300 + 3_600;

fn key_encryption_key(first: u8) -> KeyEncryptionKey {
    KeyEncryptionKey::from_bytes(&[&[first][..], &[0xa7; 31]].concat()).unwrap()
}

/// One process.
struct Node {
    ring: KeyRing,
    verifier: Verifier,
    events: Arc<Mutex<Vec<String>>>,
}

/// A store that leaves the nodes to their own clocks.
#[derive(Clone)]
struct Timeless(MemoryStore);

impl KeyRingStore for Timeless {
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

async fn node(store: &(impl KeyRingStore + Clone), clock: &ManualClock) -> Node {
    node_of(store.clone(), clock, Algorithm::ES256, |builder| builder).await.unwrap()
}

async fn node_of(
    store: impl KeyRingStore,
    clock: &ManualClock,
    algorithm: Algorithm,
    set_up: impl FnOnce(KeyRingBuilder) -> KeyRingBuilder,
) -> Result<Node, KeyRingError> {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let builder = KeyRing::builder("https://id", algorithm, store)
        .with_key_encryption_key(key_encryption_key(0))
        .with_clock(clock.clone())
        .with_events(move |event: &SecurityEvent| match event {
            SecurityEvent::KeyRotated { ring, change, .. } => {
                assert_eq!((ring.as_str(), event.code()), ("https://id", "key_rotated"));
                sink.lock().unwrap().push(change.code().to_owned());
            }
            other => panic!("{other:?}"),
        });
    let of_issuer = clock.clone();
    let ring = set_up(builder).open(move |key| issuer(key, &of_issuer)).await?;
    let verifier = Verifier::builder();
    let verifier = if algorithm.is_symmetric() {
        verifier.with_live_secrets(ring.verifying_keys())
    } else {
        verifier.with_live_keys(ring.verifying_keys())
    };
    let verifier = verifier.with_audience("api").with_issuer("https://id").build().unwrap();
    Ok(Node { ring, verifier: verifier.with_clock(clock.clone()), events })
}

fn issuer(key: SigningKey, clock: &ManualClock) -> Result<Issuer, ConfigError> {
    let builder = Issuer::builder().with_key(key).with_audience("api").with_issuer("https://id");
    Ok(builder.build()?.with_clock(clock.clone()))
}

impl Node {
    fn token(&self) -> String {
        self.ring.issuer().unwrap().token().with_subject("alice").sign().unwrap()
    }

    fn active(&self) -> Arc<str> {
        self.ring.issuer().unwrap().key().key_id().unwrap().clone()
    }

    fn verifies(&self, token: &str) -> bool {
        self.verifier.verify(token).is_ok()
    }

    fn published(&self) -> Vec<String> {
        let set = JwkSet::from_json(self.ring.jwks().body().as_bytes()).unwrap();
        set.keys().map(|jwk| jwk.key_id().unwrap().to_string()).collect()
    }

    fn told(&self) -> Vec<String> {
        core::mem::take(&mut *self.events.lock().unwrap())
    }
}

fn world() -> (MemoryStore, ManualClock) {
    let clock = ManualClock::at(START);
    (MemoryStore::new().with_clock(clock.clone()), clock)
}

#[tokio::test]
async fn a_key_is_published_signs_verifies_and_is_gone_and_each_step_is_told() {
    let (store, clock) = world();
    let node = node(&store, &clock).await;
    assert_eq!(node.told(), ["published", "activated", "published"]);
    let first = node.active();
    assert_eq!(node.published().len(), 2);
    let token = node.token();
    assert_eq!(node.ring.tick().await.unwrap(), Duration::from_secs(START + 30 * DAY));
    clock.set(START + 30 * DAY);
    let last = node.token();
    assert_eq!(node.ring.tick().await.unwrap(), Duration::from_secs(START + 30 * DAY + RETIRE));
    assert_eq!(node.told(), ["retired", "activated", "published"]);
    assert_ne!(node.active(), first);
    assert!(node.verifies(&last) && node.verifies(&node.token()));
    assert!(!node.verifies(&token), "it has expired");
    assert!(node.published().contains(&first.to_string()));
    clock.advance(RETIRE);
    node.ring.tick().await.unwrap();
    assert_eq!(node.told(), ["removed"]);
    assert!(!node.published().contains(&first.to_string()));
}

#[tokio::test]
async fn the_names_of_keys_are_their_thumbprints() {
    let (store, clock) = world();
    let node = node(&store, &clock).await;
    let set = JwkSet::from_json(node.ring.jwks().body().as_bytes()).unwrap();
    for jwk in set.keys() {
        assert_eq!(jwk.key_id().map(AsRef::as_ref), jwk.thumbprint().ok().as_deref());
        assert!(!jwk.is_private());
    }
}

#[tokio::test]
async fn a_key_cannot_sign_before_it_was_published_for_long_enough() {
    let (store, clock) = world();
    let node = node(&store, &clock).await;
    let first = node.active();
    let refused = node.ring.rotate().await.unwrap_err();
    assert!(matches!(refused, KeyRingError::TooSoon { wait } if wait == Duration::from_secs(AHEAD)));
    assert_eq!(node.active(), first);
    clock.advance(AHEAD);
    let next = node.published().into_iter().find(|key_id| **key_id != *first).unwrap();
    node.ring.rotate().await.unwrap();
    assert_eq!(*node.active(), *next);
}

/// Whoever verifies fetches the set as late as its maximum age allows, and is asked by tokens of any age.
#[tokio::test]
async fn no_valid_token_is_refused_in_the_overlap_in_any_order() {
    let (store, clock) = world();
    let node = node(&store, &clock).await;
    let fetch = || {
        let set = JwkSet::from_json(node.ring.jwks().body().as_bytes()).unwrap();
        KeySet::from_jwk_set(&set, Source::Remote).unwrap()
    };
    // Verifiers that begin to fetch at any minute, and again each ten.
    let verifiers: Vec<(Verifier, Live, LiveWriter)> = (0..10)
        .map(|_| {
            let (live, writer) = Live::new();
            let verifier = Verifier::builder().with_live_keys(live.clone());
            let verifier = verifier.with_audience("api").with_issuer("https://id").build().unwrap();
            (verifier.with_clock(clock.clone()), live, writer)
        })
        .collect();
    let mut tokens: Vec<(u64, String)> = Vec::new();
    let mut rotations = 0;
    for minute in 0..330_u64 {
        // A verifier fetches before or after the step of the ring, by turns.
        let place = usize::try_from(minute % 10).unwrap();
        let early = minute % 2 == 0;
        if early {
            verifiers[place].2.replace(fetch());
        }
        node.ring.tick().await.unwrap();
        match node.ring.rotate().await {
            Ok(()) => rotations += 1,
            Err(KeyRingError::TooSoon { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        if !early {
            verifiers[place].2.replace(fetch());
        }
        tokens.push((minute, node.token()));
        tokens.retain(|(made, _)| minute - made < 10);
        // Each verifier is asked by the newest token and the oldest, the one that has just fetched by all.
        let ends = [tokens.first(), tokens.last()];
        for (number, (verifier, live, _)) in verifiers.iter().enumerate() {
            let all = tokens.iter().filter(|_| number == place);
            for (made, token) in ends.into_iter().flatten().chain(all).filter(|_| live.load().is_some()) {
                let verdict = verifier.verify(token);
                assert!(verdict.is_ok(), "minute {minute}, token of {made}: {:?}", verdict.err());
            }
        }
        assert!(tokens.iter().all(|(_, token)| node.verifies(token)), "minute {minute}: here");
        clock.advance(60);
    }
    assert!(rotations >= 4, "{rotations}");
}

#[tokio::test]
async fn a_dropped_key_is_refused_at_once_and_the_next_one_signs() {
    let (store, clock) = world();
    let (here, there) = (node(&store, &clock).await, node(&store, &clock).await);
    here.told();
    let (first, token) = (here.active(), here.token());
    assert!(here.verifies(&token) && there.verifies(&token));
    let next = here.published().into_iter().find(|key_id| **key_id != *first).unwrap();
    here.ring.drop_key(&first).await.unwrap();
    assert_eq!(here.told(), ["dropped", "activated", "published"]);
    assert!(!here.verifies(&token), "refused at once");
    assert_eq!(*here.active(), *next);
    assert!(!here.published().contains(&first.to_string()));
    assert!(here.verifies(&here.token()));
    // The other node follows, whatever it wants.
    assert!(matches!(there.ring.drop_key(&first).await, Err(KeyRingError::UnknownKey)));
    assert!(!there.verifies(&token));
    assert_eq!(there.active(), here.active());
}

#[tokio::test]
async fn a_ring_restarted_from_the_store_signs_with_the_same_key() {
    let (store, clock) = world();
    let first = node(&store, &clock).await;
    let (active, token) = (first.active(), first.token());
    let live = first.ring.verifying_keys();
    drop(first);
    assert!(live.load().is_none(), "nobody keeps these keys fresh");
    let again = node(&store, &clock).await;
    assert_eq!(again.active(), active);
    assert!(again.verifies(&token) && again.told().is_empty());
}

#[tokio::test]
async fn shared_secrets_rotate_with_an_overlap_and_are_never_published() {
    let (store, clock) = world();
    let node = node_of(store, &clock, Algorithm::HS256, |builder| builder).await.unwrap();
    assert_eq!(&**node.ring.jwks().body(), r#"{"keys":[]}"#);
    let (first, token) = (node.active(), node.token());
    clock.advance(AHEAD);
    let last = node.token();
    node.ring.rotate().await.unwrap();
    assert_ne!(node.active(), first);
    assert!(node.verifies(&last) && node.verifies(&node.token()) && !node.verifies(&token));
    assert_eq!(&**node.ring.jwks().body(), r#"{"keys":[]}"#);
    assert!(first.len() == 22, "128 random bits");
    node.ring.drop_key(&first).await.unwrap();
    assert!(!node.verifies(&last));
}

#[tokio::test]
async fn sessions_sign_with_the_key_of_the_day() {
    let (store, clock) = world();
    let node = node(&store, &clock).await;
    let sessions =
        Sessions::builder(node.ring.clone(), store).with_clock(clock.clone()).open().await.unwrap();
    let tokens = sessions.start(NewSession::of("alice")).await.unwrap();
    let key_of = |token: &str| {
        let verified = node.verifier.verify(token).unwrap();
        format!("{:?}", verified.evidence())
    };
    let first = node.active();
    assert!(key_of(tokens.access_token()).contains(&*first));
    clock.advance(AHEAD);
    node.ring.rotate().await.unwrap();
    let tokens = sessions.refresh(tokens.refresh_token(), Refresh::new()).await.unwrap();
    assert!(key_of(tokens.access_token()).contains(&*node.active()));
    assert_ne!(node.active(), first);
}

#[tokio::test]
async fn the_set_changes_its_etag_with_its_keys_alone() {
    let (store, clock) = world();
    let node = node(&store, &clock).await;
    let before = node.ring.jwks();
    node.ring.tick().await.unwrap();
    assert_eq!(node.ring.jwks(), before);
    assert_eq!(before.cache_control(), "public, max-age=600");
    assert!(before.etag().starts_with('"') && before.etag().ends_with('"') && before.etag().len() == 45);
    node.ring.drop_key(&node.active()).await.unwrap();
    assert_ne!(node.ring.jwks().etag(), before.etag());
    assert!(!format!("{before:?}{:?}", node.ring).contains("crv"));
}

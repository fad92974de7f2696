use std::sync::Mutex;

use jwt_core::keys::{BoxFuture, JwkSet, Source};
use jwt_core::{IssueError, ManualClock, Verifier};

use super::*;
use crate::store::{KeyRingDocument, StoreError, StoreErrorKind};
use crate::{MemoryStore, NewSession, Refresh, Sessions};

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

async fn node(store: &MemoryStore, clock: &ManualClock) -> Node {
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
        self.ring.issuer().token().with_subject("alice").sign().unwrap()
    }

    fn active(&self) -> Arc<str> {
        self.ring.issuer().key().key_id().unwrap().clone()
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
    for minute in 0..600_u64 {
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
        for (verifier, ..) in verifiers.iter().filter(|(_, live, _)| live.load().is_some()) {
            for (made, token) in &tokens {
                let verdict = verifier.verify(token);
                assert!(verdict.is_ok(), "minute {minute}, token of {made}: {:?}", verdict.err());
            }
        }
        assert!(tokens.iter().all(|(_, token)| node.verifies(token)), "minute {minute}: here");
        clock.advance(60);
    }
    assert!(rotations >= 7, "{rotations}");
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
async fn a_wrong_key_encryption_key_is_an_error_at_start_and_changes_nothing() {
    let (store, clock) = world();
    let active = node(&store, &clock).await.active();
    let before = store.load("https://id").await.unwrap();
    let wrong = |first: u8| {
        let builder = KeyRing::builder("https://id", Algorithm::ES256, store.clone());
        let builder = builder.with_key_encryption_key(key_encryption_key(first)).with_clock(clock.clone());
        let of_issuer = clock.clone();
        builder.open(move |key| issuer(key, &of_issuer))
    };
    let error = wrong(100).await.unwrap_err();
    assert_eq!(error.code(), "key_ring_not_opened");
    assert_eq!(store.load("https://id").await.unwrap(), before, "no key was made in its place");
    assert_eq!(node(&store, &clock).await.active(), active);
    let none = KeyRing::builder("https://id", Algorithm::ES256, store.clone());
    let error = none.open(|key| issuer(key, &ManualClock::at(0))).await.unwrap_err();
    assert_eq!(error.code(), "no_key_encryption_key");
}

#[tokio::test]
async fn another_key_encryption_key_is_taken_into_use_at_a_start() {
    let (store, clock) = world();
    let open = |keys: &'static [u8]| {
        let mut builder =
            KeyRing::builder("https://id", Algorithm::ES256, store.clone()).with_clock(clock.clone());
        for first in keys {
            builder = builder.with_key_encryption_key(key_encryption_key(*first));
        }
        let of_issuer = clock.clone();
        builder.open(move |key| issuer(key, &of_issuer))
    };
    let key_of = |ring: &KeyRing| ring.issuer().key().key_id().cloned();
    let active = key_of(&open(&[0]).await.unwrap());
    assert!(open(&[100]).await.is_err());
    // Behind the old one it changes nothing; before it, all is sealed anew.
    assert_eq!(key_of(&open(&[0, 100]).await.unwrap()), active);
    assert!(open(&[100]).await.is_err());
    assert_eq!(key_of(&open(&[100, 0]).await.unwrap()), active);
    assert_eq!(key_of(&open(&[100]).await.unwrap()), active);
    assert!(open(&[0]).await.is_err());
}

#[tokio::test]
async fn a_ring_that_was_tampered_with_or_set_back_is_refused_and_the_process_goes_on() {
    let (store, clock) = world();
    let node = node(&store, &clock).await;
    let first = store.load("https://id").await.unwrap().unwrap();
    clock.advance(AHEAD);
    node.ring.rotate().await.unwrap();
    let active = node.active();
    let now = store.load("https://id").await.unwrap().unwrap();
    let tampered = now.text().replacen("retiring", "pending", 1);
    let version = store.replace("https://id", Some(now.version()), &tampered).await.unwrap();
    assert_eq!(node.ring.tick().await.unwrap_err().code(), "key_ring_not_opened");
    // An older state under its own seal, as if it were newer.
    store.replace("https://id", version, first.text()).await.unwrap().unwrap();
    assert_eq!(node.ring.tick().await.unwrap_err().code(), "key_ring_went_back");
    assert_eq!(node.active(), active);
    assert!(node.verifies(&node.token()));
}

#[tokio::test]
async fn another_algorithm_under_the_same_name_is_refused() {
    let (store, clock) = world();
    node(&store, &clock).await;
    let error = node_of(store, &clock, Algorithm::EdDSA, |builder| builder).await.err().unwrap();
    assert_eq!(error.code(), "key_ring_another_algorithm");
}

#[tokio::test]
async fn settings_out_of_range_are_refused() {
    let (store, clock) = world();
    let refused = async |set_up: fn(KeyRingBuilder) -> KeyRingBuilder| match node_of(
        store.clone(),
        &clock,
        Algorithm::ES256,
        set_up,
    )
    .await
    {
        Err(KeyRingError::Unfit { setting }) => setting,
        other => panic!("{:?}", other.err()),
    };
    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }
    assert_eq!(refused(|b| b.with_max_age(secs(59))).await, "maximum age");
    assert_eq!(refused(|b| b.with_max_age(Duration::from_millis(60_001))).await, "maximum age");
    assert_eq!(refused(|b| b.with_period(secs(4_799))).await, "period");
    assert_eq!(refused(|b| b.with_clock_difference(secs(86_401))).await, "difference of clocks");
    assert_eq!(refused(|b| b.with_longest_lifetime(secs(91 * 86_400))).await, "longest lifetime");
    let name = KeyRing::builder("", Algorithm::ES256, store.clone());
    let name = name.with_key_encryption_key(key_encryption_key(0));
    let refused = name.open(|key| issuer(key, &ManualClock::at(0))).await.unwrap_err();
    assert!(matches!(refused, KeyRingError::Unfit { setting: "name" }));
}

#[tokio::test]
async fn an_issuer_of_another_key_or_name_is_refused() {
    let (store, clock) = world();
    let other = SigningKey::generate(Algorithm::ES256).unwrap();
    let builder = |store: MemoryStore| {
        let builder = KeyRing::builder("https://id", Algorithm::ES256, store);
        builder.with_key_encryption_key(key_encryption_key(0)).with_clock(clock.clone())
    };
    let refused = builder(store.clone()).open(move |_| issuer(other.clone(), &ManualClock::at(START))).await;
    assert!(matches!(refused, Err(KeyRingError::IssuerDiffers)));
    assert!(store.load("https://id").await.unwrap().is_none(), "and nothing was written");
    // Another name for each key.
    let names = builder(store).open(|key| {
        let name = key.key_id().cloned().unwrap();
        Issuer::builder().with_key(key).without_audience().with_issuer(name).build()
    });
    let ring = names.await.unwrap();
    clock.advance(AHEAD);
    assert!(matches!(ring.rotate().await, Err(KeyRingError::IssuerDiffers)));
    // Whatever goes wrong with who signs, who verifies forgets a dropped key.
    let active = ring.issuer().key().key_id().cloned().unwrap();
    let verifies = || ring.verifying_keys().load().unwrap().select(Algorithm::ES256, Some(&active)).is_ok();
    assert!(verifies());
    assert!(matches!(ring.drop_key(&active).await, Err(KeyRingError::IssuerDiffers)));
    assert!(!verifies());
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

#[tokio::test]
async fn a_remote_key_is_no_key_of_a_ring() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let remote = issuer(SigningKey::remote(key.verifying_key()), &ManualClock::at(START)).unwrap();
    assert!(matches!(remote.token().sign(), Err(IssueError::Sign(_))));
}

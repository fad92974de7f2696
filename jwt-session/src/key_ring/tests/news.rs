//! Rings that hear nothing of their store, keys that are dropped all the same, and old documents.

use core::sync::atomic::{AtomicBool, Ordering};

use jwt_core::Reason;

use super::moody::{Mood, Moody};
use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const EMPTY: &str = r#"{"keys":[]}"#;

#[tokio::test(start_paused = true)]
async fn a_ring_that_hears_nothing_for_a_day_falls_silent_and_comes_back() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let node = node(&store, &clock).await;
    let sessions = Sessions::builder(node.ring.clone(), store.store.clone()).with_clock(clock.clone());
    let sessions = sessions.open().await.unwrap();
    let (token, active) = (node.token(), node.active());
    store.set(Mood::Away);
    for hour in 1..24 {
        tokio::time::advance(HOUR).await;
        assert_eq!(node.ring.tick().await.unwrap_err().code(), "store_unavailable");
        let status = node.ring.status();
        assert_eq!((status.unread, status.failing), (HOUR * hour, Some("store_unavailable")));
        assert!(status.signs && !status.is_silent && status.revision == 1);
        assert!(node.verifies(&token) && node.active() == active, "hour {hour}");
    }
    tokio::time::advance(HOUR).await;
    let error = node.ring.issuer().unwrap_err();
    assert!(matches!(error, KeyRingError::Silent { silence } if silence == HOUR * 24), "{error}");
    let error = sessions.start(NewSession::of("alice")).await.unwrap_err();
    assert!(matches!(&error, SessionError::NotSigned(cause) if cause.is_unavailable()), "{error}");
    assert_eq!(node.verifier.verify(&token).unwrap_err().reason(), Reason::KeysUnavailable);
    assert_eq!(&**node.ring.jwks().body(), EMPTY);
    let status = node.ring.status();
    assert!(status.is_silent && !status.signs);
    assert_eq!(node.ring.tick().await.unwrap_err().code(), "store_unavailable");
    assert!(node.ring.issuer().is_err());
    // One tick mends all, though the store holds what it held.
    store.set(Mood::Good);
    node.ring.tick().await.unwrap();
    assert!(node.verifies(&token) && node.active() == active && node.published().len() == 2);
    assert!(sessions.start(NewSession::of("alice")).await.is_ok());
    let status = node.ring.status();
    assert_eq!((status.unread, status.failing, status.signs), (Duration::ZERO, None, true));
}

/// Where nobody signs either, so that only verifiers ask.
#[tokio::test(start_paused = true)]
async fn a_ring_that_nobody_ticks_verifies_for_so_long_and_no_longer() {
    let (store, clock) = world();
    let node = node_of(store, &clock, Algorithm::ES256, |builder| builder.with_longest_silence(HOUR));
    let node = node.await.unwrap();
    let token = node.token();
    tokio::time::sleep(HOUR - Duration::from_secs(1)).await;
    assert!(node.verifies(&token));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(node.verifier.verify(&token).unwrap_err().reason(), Reason::KeysUnavailable);
    // And again, after it was ticked once.
    node.ring.tick().await.unwrap();
    assert!(node.verifies(&token));
    tokio::time::sleep(HOUR + Duration::from_secs(2)).await;
    assert!(!node.verifies(&token));
}

/// Opened where a service is set up, and ticked where it serves: until there, too, nobody does.
#[test]
fn a_ring_falls_silent_in_a_runtime_other_than_the_one_it_was_opened_in() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (store, clock) = world();
    let node = runtime().block_on(async {
        let node = node_of(store, &clock, Algorithm::ES256, |builder| builder.with_longest_silence(HOUR));
        node.await.unwrap()
    });
    let token = node.token();
    runtime().block_on(async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        node.ring.tick().await.unwrap();
        tokio::time::sleep(HOUR - Duration::from_secs(1)).await;
        assert!(node.verifies(&token));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(!node.verifies(&token));
    });
}

/// Nor does it help that the first runtime is still there, where nobody drives it.
#[test]
fn a_ring_whose_ticks_fail_falls_silent_whatever_became_of_the_runtime_it_was_opened_in() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (store, clock) = world();
    let (store, set_up) = (Moody::of(store), runtime());
    let node = set_up.block_on(async {
        let builder = |builder: KeyRingBuilder| builder.with_longest_silence(HOUR);
        node_of(store.clone(), &clock, Algorithm::ES256, builder).await.unwrap()
    });
    let token = node.token();
    runtime().block_on(async {
        store.set(Mood::Away);
        tokio::time::sleep(HOUR + Duration::from_secs(2)).await;
        assert!(node.verifies(&token));
        assert_eq!(node.ring.tick().await.unwrap_err().code(), "store_unavailable");
        assert!(!node.verifies(&token));
    });
}

#[tokio::test(start_paused = true)]
async fn a_ring_that_runs_stays_fresh_until_the_last_handle_is_dropped() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let node = node(&store, &clock).await;
    let running = tokio::spawn(node.ring.run());
    tokio::time::sleep(HOUR * 30).await;
    assert!(node.ring.status().unread <= Duration::from_secs(60) && node.verifies(&node.token()));
    // A failure does not end it.
    store.set(Mood::Away);
    tokio::time::sleep(HOUR).await;
    assert_eq!(node.ring.status().failing, Some("store_unavailable"));
    store.set(Mood::Good);
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(node.ring.status().failing, None);
    let live = node.ring.verifying_keys();
    drop(node);
    assert!(live.load().is_none(), "it keeps no ring alive");
    tokio::time::timeout(Duration::from_secs(61), running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_dropped_key_is_gone_from_this_process_though_the_store_fails() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let (here, there) = (node(&store, &clock).await, node(&store, &clock).await);
    let (first, token) = (here.active(), here.token());
    here.told();
    store.set(Mood::Away);
    assert_eq!(here.ring.drop_key(&first).await.unwrap_err().code(), "store_unavailable");
    assert!(!here.verifies(&token), "refused at once");
    assert!(!here.published().contains(&first.to_string()) && here.published().len() == 1);
    assert_eq!(here.ring.issuer().unwrap_err().code(), "key_ring_not_signing");
    assert!(!here.ring.status().signs && here.told().is_empty());
    // Nor is it back where another node writes, or where this one looks again.
    assert!(here.ring.tick().await.is_err());
    assert!(!here.verifies(&token));
    store.set(Mood::Good);
    clock.advance(AHEAD);
    there.ring.rotate().await.unwrap();
    there.told();
    here.ring.tick().await.unwrap();
    assert_eq!(here.told(), ["dropped"], "the tick makes up for it");
    assert!(!here.verifies(&token) && here.active() == there.active());
    there.ring.tick().await.unwrap();
    assert!(!there.published().contains(&first.to_string()));
    assert!(here.verifies(&there.token()));
    // What nobody has is not remembered.
    assert_eq!(here.ring.drop_key("nobody's").await.unwrap_err().code(), "unknown_key");
    here.ring.tick().await.unwrap();
}

#[tokio::test]
async fn all_keys_can_be_dropped_though_the_store_fails() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let node = node(&store, &clock).await;
    store.set(Mood::Away);
    for key_id in node.published() {
        assert_eq!(node.ring.drop_key(&key_id).await.unwrap_err().code(), "store_unavailable");
    }
    assert!(node.ring.verifying_keys().load().is_none() && &**node.ring.jwks().body() == EMPTY);
    store.set(Mood::Good);
    node.ring.tick().await.unwrap();
    assert!(node.verifies(&node.token()) && node.published().len() == 2);
}

#[tokio::test]
async fn where_no_issuer_can_be_made_all_else_is_done_and_told_and_nothing_is_signed() {
    let (store, clock) = world();
    let fails = Arc::new(AtomicBool::new(false));
    let told = Arc::new(Mutex::new(Vec::new()));
    let (of_issuer, sink, issuer_fails) = (clock.clone(), told.clone(), fails.clone());
    let builder = KeyRing::builder("https://id", Algorithm::ES256, store)
        .with_key_encryption_key(key_encryption_key(0))
        .with_clock(clock.clone())
        .with_events(move |event: &SecurityEvent| {
            if let SecurityEvent::KeyRotated { change, .. } = event {
                sink.lock().unwrap().push(change.code());
            }
        });
    let opened = builder.open(move |key| {
        if issuer_fails.load(Ordering::SeqCst) { Err(ConfigError::NoKeys) } else { issuer(key, &of_issuer) }
    });
    let ring = opened.await.unwrap();
    told.lock().unwrap().clear();
    let first = ring.issuer().unwrap().key().key_id().unwrap().clone();
    fails.store(true, Ordering::SeqCst);
    assert_eq!(ring.drop_key(&first).await.unwrap_err().code(), "issuer_not_made");
    assert_eq!(*told.lock().unwrap(), ["dropped", "activated", "published"]);
    assert!(!ring.jwks().body().contains(&*first), "it is not published");
    assert!(
        ring.verifying_keys().load().unwrap().select(Algorithm::ES256, Some(&first)).is_err(),
        "nor does it verify"
    );
    assert_eq!(ring.issuer().unwrap_err().code(), "key_ring_not_signing", "nor sign");
    assert_eq!(ring.tick().await.unwrap_err().code(), "issuer_not_made");
    fails.store(false, Ordering::SeqCst);
    ring.tick().await.unwrap();
    assert_ne!(ring.issuer().unwrap().key().key_id(), Some(&first));
}

#[tokio::test]
async fn another_document_of_the_same_number_is_a_copy_that_went_its_own_way() {
    let (store, clock) = world();
    let here = node(&store, &clock).await;
    let first = store.load("https://id").await.unwrap().unwrap();
    clock.advance(AHEAD);
    here.ring.rotate().await.unwrap();
    // A backup of the first document is restored, and another node goes on from it.
    let (restored, _) = world();
    let restored = restored.with_clock(clock.clone());
    restored.replace("https://id", None, first.text()).await.unwrap().unwrap();
    node(&restored, &clock).await.ring.rotate().await.unwrap();
    let copy = restored.load("https://id").await.unwrap().unwrap();
    let now = store.load("https://id").await.unwrap().unwrap();
    assert_eq!(copy.version(), now.version());
    let (store, swaps) = (Swapped::of(store, copy), here);
    let node = node(&store, &clock).await;
    let active = node.active();
    assert_eq!(active, swaps.active());
    store.swap.store(true, Ordering::SeqCst);
    assert_eq!(node.ring.tick().await.unwrap_err().code(), "key_ring_went_back");
    assert_eq!(node.active(), active);
    store.swap.store(false, Ordering::SeqCst);
    node.ring.tick().await.unwrap();
}

/// A store whose document is exchanged under the same number.
#[derive(Clone)]
struct Swapped {
    store: MemoryStore,
    copy: KeyRingDocument,
    swap: Arc<AtomicBool>,
}

impl Swapped {
    fn of(store: MemoryStore, copy: KeyRingDocument) -> Self {
        Self { store, copy, swap: Arc::default() }
    }
}

impl KeyRingStore for Swapped {
    fn load<'s>(&'s self, name: &'s str) -> BoxFuture<'s, Result<Option<KeyRingDocument>, StoreError>> {
        Box::pin(async move {
            if self.swap.load(Ordering::SeqCst) {
                return Ok(Some(self.copy.clone()));
            }
            self.store.load(name).await
        })
    }

    fn replace<'s>(
        &'s self,
        name: &'s str,
        version: Option<u64>,
        text: &'s str,
    ) -> BoxFuture<'s, Result<Option<u64>, StoreError>> {
        self.store.replace(name, version, text)
    }
}

#[tokio::test]
async fn a_process_that_knows_better_refuses_a_restored_backup_at_its_start() {
    let (store, clock) = world();
    let node = node(&store, &clock).await;
    let backup = store.load("https://id").await.unwrap().unwrap();
    let (dropped, token) = (node.active(), node.token());
    assert_eq!(node.ring.revision(), 1);
    node.ring.drop_key(&dropped).await.unwrap();
    let known = node.ring.revision();
    assert_eq!((known, node.ring.status().revision), (2, 2));
    drop(node);
    let (restored, clock) = (MemoryStore::new().with_clock(clock.clone()), clock);
    restored.replace("https://id", None, backup.text()).await.unwrap().unwrap();
    let open = |least: u64, store: &MemoryStore| {
        let store = store.clone();
        node_of(store, &clock, Algorithm::ES256, move |builder| builder.with_least_revision(least))
    };
    assert_eq!(open(known, &restored).await.err().unwrap().code(), "key_ring_went_back");
    assert_eq!(open(known, &MemoryStore::new()).await.err().unwrap().code(), "key_ring_went_back");
    assert!(open(known, &store).await.is_ok());
    // Without it the dropped key is alive again, as is documented, until it is dropped again.
    let again = open(0, &restored).await.unwrap();
    assert!(again.verifies(&token));
    again.ring.drop_key(&dropped).await.unwrap();
    assert!(!again.verifies(&token));
}

#[tokio::test]
async fn a_key_verifies_for_the_longest_lifetime_that_any_node_had() {
    const LONG: u64 = 30 * 86_400;
    let (store, clock) = world();
    let long = node_of(store.clone(), &clock, Algorithm::ES256, |builder| {
        builder.with_longest_lifetime(Duration::from_secs(LONG))
    });
    let long = long.await.unwrap();
    // A node of the next deployment, which gives out short tokens alone.
    let short = node(&store, &clock).await;
    let token = long.ring.issuer().unwrap();
    let token = token.token().with_lifetime(Duration::from_secs(LONG)).sign().unwrap();
    clock.advance(AHEAD);
    short.ring.rotate().await.unwrap();
    drop(long);
    for _ in 0..29 {
        clock.advance(DAY);
        short.ring.tick().await.unwrap();
        assert!(short.verifies(&token));
    }
}

async fn refreshing(node: &Node, clock: &ManualClock) -> Verifier {
    let keys = Verifier::builder().with_live_keys(node.ring.verifying_keys());
    let keys = keys.with_refresh(node.ring.refresh()).with_audience("api").with_issuer("https://id");
    keys.build().unwrap().with_clock(clock.clone())
}

#[tokio::test(start_paused = true)]
async fn a_key_that_another_node_began_with_at_once_is_looked_for() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let (here, there) = (node(&store, &clock).await, node(&store, &clock).await);
    let verifier = refreshing(&here, &clock).await;
    for key_id in there.published() {
        there.ring.drop_key(&key_id).await.unwrap();
    }
    let token = there.token();
    let before = store.reads();
    // As many as there are share one look.
    let verifier_of = |_| verifier.verify_fresh(&token);
    let verdicts = {
        let (a, b, c) = tokio::join!(verifier_of(0), verifier_of(1), verifier_of(2));
        [a.is_ok(), b.is_ok(), c.is_ok()]
    };
    let reads = store.reads().saturating_sub(before);
    assert_eq!((verdicts, reads), ([true; 3], 1));
    // A dropped key is forgotten on the way.
    assert_eq!(here.published(), there.published());
}

/// Who sends a token may be gone before the store answers.
#[tokio::test(start_paused = true)]
async fn a_look_goes_on_where_whoever_caused_it_has_gone() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let (here, there) = (node(&store, &clock).await, node(&store, &clock).await);
    let verifier = refreshing(&here, &clock).await;
    for key_id in there.published() {
        there.ring.drop_key(&key_id).await.unwrap();
    }
    let stranger = SigningKey::generate(Algorithm::ES256).unwrap();
    let stranger = issuer(stranger, &clock).unwrap().token().sign().unwrap();
    for _ in 0..5 {
        assert!(tokio::time::timeout(Duration::ZERO, verifier.verify_fresh(&stranger)).await.is_err());
    }
    assert!(verifier.verify_fresh(&there.token()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn made_up_keys_cause_few_looks() {
    let (store, clock) = world();
    let store = Moody::of(store);
    let node = node(&store, &clock).await;
    let verifier = refreshing(&node, &clock).await;
    let stranger = SigningKey::generate(Algorithm::ES256).unwrap();
    let token = issuer(stranger, &clock).unwrap().token().sign().unwrap();
    let before = store.reads();
    for _ in 0..1_000 {
        let error = verifier.verify_fresh(&token).await.unwrap_err();
        assert_eq!(error.reason(), Reason::UnknownKey);
        tokio::time::advance(Duration::from_millis(31)).await;
    }
    assert_eq!(store.reads() - before, 3, "two at once, and one after 30 seconds");
    // It keeps no ring alive.
    let live = node.ring.verifying_keys();
    drop(node);
    assert!(live.load().is_none());
    assert_eq!(verifier.verify_fresh(&token).await.unwrap_err().reason(), Reason::KeysUnavailable);
}

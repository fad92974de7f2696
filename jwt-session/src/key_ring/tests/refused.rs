//! Rings that do not open, or are not what they were.

use super::*;

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
    let key_of = |ring: &KeyRing| ring.issuer().unwrap().key().key_id().cloned();
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
    let first = ring.issuer().unwrap().key().key_id().cloned().unwrap();
    clock.advance(AHEAD);
    assert!(matches!(ring.rotate().await, Err(KeyRingError::IssuerDiffers)));
    assert!(
        matches!(ring.issuer(), Err(KeyRingError::NotSigning)),
        "nor does the key sign whose time is over"
    );
    // Whatever goes wrong with who signs, who verifies forgets a dropped key.
    let verifies = || ring.verifying_keys().load().unwrap().select(Algorithm::ES256, Some(&first)).is_ok();
    assert!(verifies());
    assert!(matches!(ring.drop_key(&first).await, Err(KeyRingError::IssuerDiffers)));
    assert!(!verifies());
}

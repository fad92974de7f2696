//! What every store of uses must do.

use core::time::Duration;
use std::sync::Arc;

use jwt_core::{Algorithm, Clock as _, HmacSecret, ManualClock};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::START;
use crate::store::{ReplayStore, UseId};
use crate::{OneTimeTokens, RedeemError};

/// Runs the rules for a [`ReplayStore`], on an empty store for each. That it forgets what is over is for tests of its own:
/// one that asks [`Steady`](crate::store::Steady) forgets nothing here.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use jwt_session::{MemoryStore, store_suite};
///
/// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
/// store_suite::replay(async |clock| MemoryStore::new().with_clock(clock)).await;
/// # });
/// # }
/// ```
///
/// # Panics
/// Where a rule does not hold.
pub async fn replay<S: ReplayStore + Clone>(make: impl AsyncFn(ManualClock) -> S) {
    let clock = ManualClock::at(START);
    each_name_is_used_once(&make(clock.clone()).await).await;
    what_is_over_is_not_used(&make(clock.clone()).await, &clock).await;
    names_stay_used_while_others_are_forgotten(&make(clock.clone()).await, &clock).await;
    what_was_used_stays_so_where_the_clock_jumps(&make(clock.clone()).await, &clock).await;
    for callers in [2, 10, 1_000] {
        let clock = ManualClock::at(START);
        of_parallel_redeemers_one_wins(make(clock.clone()).await, &clock, callers).await;
    }
}

async fn consume(store: &impl ReplayStore, name: u64, until: Duration) -> bool {
    store.consume(id(name), until).await.expect("a use is answered")
}

fn id(name: u64) -> UseId {
    UseId::of("suite", &[&name.to_be_bytes()])
}

async fn each_name_is_used_once(store: &impl ReplayStore) {
    let until = Duration::from_secs(START + 60);
    for name in 0..20 {
        assert!(consume(store, name, until).await, "{name} was not used");
        for other in 0..=name {
            assert!(!consume(store, other, until).await, "{other} was used");
        }
    }
    // Names that differ in one bit are others.
    let one = *id(0).as_bytes();
    for bit in [0, 7, 31] {
        let mut other = one;
        other[bit] ^= 1;
        let first = store.consume(UseId::from_bytes(other), until).await.expect("a use is answered");
        assert!(first, "a name that differs in byte {bit}");
    }
}

async fn what_is_over_is_not_used(store: &impl ReplayStore, clock: &ManualClock) {
    let now = clock.now();
    for until in [Duration::ZERO, now.saturating_sub(Duration::from_secs(1)), now] {
        assert!(!consume(store, 1, until).await, "{until:?} is over");
    }
    let until = now + Duration::from_secs(60);
    assert!(consume(store, 1, until).await, "what was over left nothing behind");
    assert!(consume(store, 2, Duration::MAX).await, "what is never over can be used");
    assert!(!consume(store, 2, Duration::MAX).await, "once");
    clock.advance(60);
    for _ in 0..2 {
        assert!(!consume(store, 1, until).await, "what is over and forgotten is not used again");
    }
}

/// A clock that shows the next hour for a moment, in which something else is used.
async fn what_was_used_stays_so_where_the_clock_jumps(store: &impl ReplayStore, clock: &ManualClock) {
    let now = clock.now();
    let until = now + Duration::from_secs(900);
    assert!(consume(store, 1, until).await);
    clock.set(now.as_secs() + 3_600);
    assert!(consume(store, 2, until + Duration::from_secs(3_600)).await);
    clock.set(now.as_secs());
    assert!(!consume(store, 1, until).await, "what was used can be used again");
}

async fn names_stay_used_while_others_are_forgotten(store: &impl ReplayStore, clock: &ManualClock) {
    let start = clock.now();
    let until = |name: u64| start + Duration::from_secs(10 + name);
    for name in 0..50 {
        assert!(consume(store, name, until(name)).await);
    }
    for second in 0..60 {
        clock.advance(1);
        for name in 0..50 {
            assert!(!consume(store, name, until(name)).await, "{name} was used, {second} s on");
        }
        // So that a store which forgets by the way does so.
        assert!(consume(store, 1_000 + second, until(1_000)).await);
    }
}

async fn of_parallel_redeemers_one_wins(store: impl ReplayStore, clock: &ManualClock, callers: usize) {
    let secret = HmacSecret::generate(Algorithm::HS256).expect("a secret");
    let tokens = OneTimeTokens::builder("https://id", "suite", &secret, store).with_clock(clock.clone());
    let tokens = tokens.build().expect("one-time tokens");
    let token = tokens.token("alice").bound_to("state").sign().expect("a token");
    let barrier = Arc::new(Barrier::new(callers));
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (tokens, token, barrier) = (tokens.clone(), token.clone(), barrier.clone());
        tasks.spawn(async move {
            let redeemable = tokens.open(&token)?;
            barrier.wait().await;
            redeemable.redeem_bound_to("state").await
        });
    }
    let (mut won, mut lost) = (0, 0);
    while let Some(done) = tasks.join_next().await {
        match done.expect("a task") {
            Ok(redeemed) => {
                assert_eq!(redeemed.subject(), "alice");
                won += 1;
            }
            Err(RedeemError::Used) => lost += 1,
            Err(error) => panic!("{callers} redeemers: {error}"),
        }
    }
    assert_eq!((won, lost), (1, callers - 1), "{callers} redeemers");
}

//! A look at the store where a token names a key that is not known here.

use core::fmt;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jwt_core::keys::{Grant, Refresh, RefreshHint};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::view::Inner;
use crate::to_its_end::to_its_end;

/// Looks at once, and one more each so often.
const BURST: u32 = 2;
const REFILL: Duration = Duration::from_secs(30);
/// Requests that wait for one look at most, and for how long.
const MOST_WAITING: usize = 64;
const PATIENCE: Duration = Duration::from_secs(2);

/// Has a verifier look into the store of a [`KeyRing`](super::KeyRing) where a token names a key that is not known here.
/// Made by [`KeyRing::refresh`](super::KeyRing::refresh). Clones share their limits.
#[derive(Clone)]
pub struct KeyRingRefresh(Arc<Looks>);

struct Looks {
    ring: Weak<Inner>,
    state: Mutex<State>,
    /// How many looks have ended.
    ended: watch::Sender<u64>,
}

struct State {
    left: u32,
    filled: Instant,
    is_looking: bool,
    waiting: usize,
}

impl KeyRingRefresh {
    pub(super) fn of(ring: Weak<Inner>) -> Self {
        let state = State { left: BURST, filled: Instant::now(), is_looking: false, waiting: 0 };
        Self(Arc::new(Looks { ring, state: Mutex::new(state), ended: watch::Sender::new(0) }))
    }
}

impl Looks {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether one more look is due.
    fn may_look(&mut self) -> bool {
        while self.left < BURST && self.filled.elapsed() >= REFILL {
            self.left = self.left.saturating_add(1);
            self.filled = self.filled.checked_add(REFILL).unwrap_or_else(Instant::now);
        }
        if self.left == BURST {
            self.filled = Instant::now();
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }
}

impl Refresh for KeyRingRefresh {
    fn request(&self, hint: RefreshHint<'_>) -> Grant {
        let Some(ring) = self.0.ring.upgrade() else { return Grant::Denied };
        // All keys of a ring have a name and one algorithm. Where it holds none, its ticks are what it waits for.
        let could_be = matches!(hint, RefreshHint::UnknownKey { key_id: Some(_), algorithm, .. }
            if algorithm == ring.cycle.ring.algorithm);
        if !could_be {
            return Grant::Denied;
        }
        let mut state = self.0.state();
        if state.waiting >= MOST_WAITING {
            return Grant::Overloaded;
        }
        let begins = !state.is_looking;
        if begins && !state.may_look() {
            return Grant::Denied;
        }
        state.is_looking = true;
        state.waiting = state.waiting.saturating_add(1);
        // Before the look can end.
        let mut ended = self.0.ended.subscribe();
        drop(state);
        let place = Waiting(self.0.clone());
        // It is everybody's: whoever caused it may go.
        let look = begins.then(|| to_its_end(look(ring, Looking(self.0.clone()))));
        Grant::Fetch(Box::pin(async move {
            match look {
                Some(look) => _ = look.await,
                None => _ = timeout(PATIENCE, ended.changed()).await,
            }
            drop(place);
        }))
    }
}

/// Reads what is in the store. It has ended where this is dropped, too.
async fn look(ring: Arc<Inner>, end: Looking) {
    let looked = async {
        let _turn = ring.turn.lock().await;
        ring.follow().await
    };
    if let Ok(Err(error)) = timeout(PATIENCE, looked).await {
        tracing::warn!(
            event = "key_ring_refresh",
            code = error.code(),
            "a look for a new key failed: {error}"
        );
    }
    drop(end);
}

/// One who waits for a look.
struct Waiting(Arc<Looks>);

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

/// A look. Where it is dropped it has ended as well.
struct Looking(Arc<Looks>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.state().is_looking = false;
        self.0.ended.send_modify(|ended| *ended = ended.wrapping_add(1));
    }
}

impl fmt::Debug for KeyRingRefresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRingRefresh")
    }
}

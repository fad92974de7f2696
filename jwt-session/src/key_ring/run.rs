//! What keeps a ring fresh, and what takes its keys away where nothing does.

use core::time::Duration;
use std::sync::{Arc, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::KeyRing;
use super::view::Inner;

/// How often a ring is to be looked after.
const INTERVAL: Duration = Duration::from_secs(60);

/// Ticks until nobody has the ring any longer.
pub(super) async fn run(ring: Weak<Inner>) {
    while let Some(inner) = ring.upgrade() {
        // What fails is told by the tick.
        _ = KeyRing(inner).tick().await;
        sleep(INTERVAL).await;
    }
}

/// Sees to it that a ring which nobody keeps fresh falls silent, also where it is asked by verifiers alone. On the runtime
/// that this is called in, where no other one does it already: that of the start may end before the ring does.
pub(super) fn guard(ring: &Arc<Inner>) {
    // Without a runtime, whoever signs finds out.
    let Ok(runtime) = Handle::try_current() else { return };
    let mut guard = ring.guard.lock().unwrap_or_else(PoisonError::into_inner);
    if guard.as_ref().is_some_and(|guard| !guard.is_finished()) {
        return;
    }
    let ring = Arc::downgrade(ring);
    let watch = async move {
        while let Some(left) = ring.upgrade().map(|inner| left(&inner)) {
            sleep(left).await;
        }
    };
    *guard = Some(runtime.spawn(watch).abort_handle());
}

/// How long until the ring may have to fall silent.
fn left(inner: &Inner) -> Duration {
    match inner.silent() {
        Some(_) => inner.silence,
        None => inner.silence.saturating_sub(inner.cycle.heard.ago()),
    }
}

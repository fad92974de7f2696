//! What keeps a ring fresh, and what takes its keys away where nothing does.

use core::time::Duration;
use std::sync::{Arc, Weak};

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

/// Sees to it that a ring which nobody keeps fresh falls silent, also where it is asked by verifiers alone.
pub(super) fn guard(ring: &Arc<Inner>) {
    let ring = Arc::downgrade(ring);
    // Without a runtime, whoever signs finds out.
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(async move {
        while let Some(left) = ring.upgrade().map(|inner| left(&inner)) {
            sleep(left).await;
        }
    });
}

/// How long until the ring may have to fall silent.
fn left(inner: &Inner) -> Duration {
    match inner.silent() {
        Some(_) => inner.silence,
        None => inner.silence.saturating_sub(inner.cycle.heard.ago()),
    }
}

//! The one task that fetches for all sources of a client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::http::HttpClient;
use crate::source::Source;

/// Whether a source still has a handle.
type Alive = Weak<()>;

/// What the task and the handles share.
pub(crate) struct Hub {
    client: Arc<dyn HttpClient>,
    wake: Arc<Notify>,
    sources: Mutex<Sources>,
}

#[derive(Default)]
struct Sources {
    all: Vec<(Alive, Arc<Source>)>,
    is_running: bool,
}

impl Hub {
    pub(crate) fn new(client: Arc<dyn HttpClient>) -> Arc<Self> {
        Arc::new(Self { client, wake: Arc::new(Notify::new()), sources: Mutex::default() })
    }

    pub(crate) fn client(&self) -> &Arc<dyn HttpClient> {
        &self.client
    }

    pub(crate) fn wake(&self) -> &Arc<Notify> {
        &self.wake
    }

    /// Fetches for this source from now on, until its last handle is dropped.
    ///
    /// # Panics
    /// Outside of a Tokio runtime, where nothing can fetch.
    pub(crate) fn watch(self: &Arc<Self>, source: &Arc<Source>, alive: Alive) {
        // First, for it may panic.
        let runtime = Handle::current();
        let mut sources = self.sources();
        sources.all.push((alive, Arc::clone(source)));
        if !core::mem::replace(&mut sources.is_running, true) {
            runtime.spawn(run(Arc::clone(self)));
        }
        self.wake.notify_one();
    }

    /// The sources that still have a handle; none ends the task.
    fn living(&self) -> Vec<Arc<Source>> {
        let mut sources = self.sources();
        sources.all.retain(|(alive, _)| alive.strong_count() > 0);
        let living: Vec<_> = sources.all.iter().map(|(_, source)| Arc::clone(source)).collect();
        // Under the same lock as `watch`, which begins it again.
        sources.is_running = !living.is_empty();
        living
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(hub: Arc<Hub>) {
    let mut fetches = JoinSet::new();
    loop {
        let next = {
            let living = hub.living();
            if living.is_empty() {
                // What is still under way is for nobody.
                return;
            }
            for source in living.iter().filter(|source| source.begins()) {
                fetches.spawn(Arc::clone(source).fetch(Arc::clone(&hub.client)));
            }
            living.iter().filter_map(|source| source.wakes_at()).min()
        };
        tokio::select! {
            () = until(next) => {}
            () = hub.wake.notified() => {}
            Some(_ended) = fetches.join_next() => {}
        }
    }
}

async fn until(next: Option<Instant>) {
    match next {
        Some(next) => sleep_until(next).await,
        None => core::future::pending().await,
    }
}

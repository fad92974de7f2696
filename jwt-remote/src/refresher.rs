//! The one task that fetches for all that is renewed by one client: keys of sources, tokens of this service's own.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jwt_core::keys::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::http::HttpClient;

/// What is fetched again and again, for as long as it has a handle.
pub(crate) trait Renewed: Send + Sync + 'static {
    /// Does what is due, and says whether a fetch begins now.
    fn begins(&self) -> bool;

    /// When something is due though nobody asks.
    fn wakes_at(&self) -> Option<Instant>;

    /// One fetch, up to what becomes of it. Dropped half-way, or before it began, it has failed.
    fn fetch(self: Arc<Self>, client: Arc<dyn HttpClient>) -> BoxFuture<'static, ()>;

    /// The task has ended with its runtime, or nobody drives that. Another one begins when [`Hub::wake`] is called in
    /// one that runs.
    fn lost(&self);
}

/// How many fetches run at a time: all tenants of a provider may want their keys at once.
const MOST_FETCHES: usize = 64;

/// A task that was woken and has not come round for so long is in a runtime that nobody drives.
const STUCK: Duration = Duration::from_secs(10);

/// Whether a source still has a handle.
type Alive = Weak<()>;

/// What the task and the handles share.
pub(crate) struct Hub {
    client: Arc<dyn HttpClient>,
    wake: Notify,
    sources: Mutex<Sources>,
    places: Arc<Semaphore>,
}

#[derive(Default)]
struct Sources {
    all: Vec<(Alive, Arc<dyn Renewed>)>,
    /// The number of the task that fetches for them, while there is one.
    task: Option<u64>,
    tasks: u64,
    /// When it was woken first since it came round last.
    woken: Option<Instant>,
}

impl Sources {
    /// The number of the task that is to begin, where one is needed and there is none.
    fn needs_task(&mut self) -> Option<u64> {
        if self.all.is_empty() || self.task.is_some() {
            return None;
        }
        self.tasks = self.tasks.saturating_add(1);
        self.task = Some(self.tasks);
        self.woken = None;
        self.task
    }

    /// Takes the task from those that it works for.
    fn lose(&mut self) -> Vec<Arc<dyn Renewed>> {
        self.task = None;
        let living = self.all.iter().filter(|(alive, _)| alive.strong_count() > 0);
        living.map(|(_, source)| Arc::clone(source)).collect()
    }

    /// The same, where it was woken long ago and has not come round since.
    fn lose_if_stuck(&mut self, now: Instant) -> Vec<Arc<dyn Renewed>> {
        let woken = *self.woken.get_or_insert(now);
        let is_stuck = self.task.is_some() && now.saturating_duration_since(woken) > STUCK;
        if is_stuck { self.lose() } else { Vec::new() }
    }
}

impl Hub {
    pub(crate) fn new(client: Arc<dyn HttpClient>) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(MOST_FETCHES));
        Arc::new(Self { client, wake: Notify::new(), sources: Mutex::default(), places })
    }

    pub(crate) fn client(&self) -> &Arc<dyn HttpClient> {
        &self.client
    }

    /// Fetches for this source from now on, until its last handle is dropped.
    ///
    /// # Panics
    /// Outside of a Tokio runtime, where nothing can fetch.
    pub(crate) fn watch(self: &Arc<Self>, source: Arc<impl Renewed>, alive: Alive) {
        // First, for it may panic.
        let runtime = Handle::current();
        let task = {
            let mut sources = self.sources();
            sources.all.push((alive, source));
            sources.needs_task()
        };
        self.begin(task, &runtime);
        self.wake.notify_one();
    }

    /// There may be something to do. Where the runtime of the task has ended before its sources, as that of a test
    /// does, or is kept and not driven, the task goes on in the present one.
    pub(crate) fn wake(self: &Arc<Self>) {
        if let Ok(runtime) = Handle::try_current() {
            let lost = self.sources().lose_if_stuck(Instant::now());
            lost.iter().for_each(|source| source.lost());
            let task = self.sources().needs_task();
            self.begin(task, &runtime);
        }
        self.wake.notify_one();
    }

    /// Never under the lock: a runtime that is ending drops the task at once, which takes it.
    fn begin(self: &Arc<Self>, task: Option<u64>, runtime: &Handle) {
        if let Some(number) = task {
            runtime.spawn(run(Running { hub: Arc::clone(self), number }));
        }
    }

    /// The sources that still have a handle. None ends the task of this number.
    fn living(&self, number: u64) -> Option<Vec<Arc<dyn Renewed>>> {
        let mut sources = self.sources();
        if sources.task != Some(number) {
            // Another one took over, while nobody drove this.
            return None;
        }
        sources.woken = None;
        sources.all.retain(|(alive, _)| alive.strong_count() > 0);
        if sources.all.is_empty() {
            // Under the same lock as `watch`, which begins another one.
            sources.task = None;
            return None;
        }
        Some(sources.all.iter().map(|(_, source)| Arc::clone(source)).collect())
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task's hold on what it works for.
struct Running {
    hub: Arc<Hub>,
    number: u64,
}

/// Also where the runtime drops the task.
impl Drop for Running {
    fn drop(&mut self) {
        let lost: Vec<_> = {
            let mut sources = self.hub.sources();
            if sources.task != Some(self.number) {
                return;
            }
            sources.lose()
        };
        lost.iter().for_each(|source| source.lost());
    }
}

async fn run(running: Running) {
    let hub = &running.hub;
    let mut fetches = JoinSet::new();
    loop {
        let next = {
            let Some(living) = hub.living(running.number) else {
                // What is still under way is for nobody.
                return;
            };
            for source in living.iter().filter(|source| source.begins()) {
                let fetch = Arc::clone(source).fetch(Arc::clone(&hub.client));
                let places = Arc::clone(&hub.places);
                fetches.spawn(async move {
                    // Its time begins when it does.
                    let _place = places.acquire_owned().await;
                    fetch.await;
                });
            }
            living.iter().filter_map(|source| source.wakes_at()).min()
        };
        tokio::select! {
            () = until(next) => {}
            () = hub.wake.notified() => {}
            Some(_ended) = fetches.join_next() => {}
        }
        // One round for all that have ended.
        while fetches.try_join_next().is_some() {}
    }
}

async fn until(next: Option<Instant>) {
    match next {
        Some(next) => sleep_until(next).await,
        None => core::future::pending().await,
    }
}

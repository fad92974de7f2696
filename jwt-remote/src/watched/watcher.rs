//! The one task that reads the files, and those who wait for it.

use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jwt_core::keys::{Grant, KeySet, Live, LiveWriter, Refresh, RefreshHint};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::files::{Files, Print};
use super::{WatchError, WatchedStatus};
use crate::bounds::{MOST_WAITING, WAIT};
use crate::observe::watched as observe;
use crate::source::answers;

/// How long the file system may take before that is an error; the reading itself cannot be ended.
const READING: Duration = Duration::from_secs(10);
/// Tokens of strangers have the files read no more often than this.
const BETWEEN_WISHES: Duration = Duration::from_secs(1);
/// One that lasts is told again after this time.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// Files, the keys that were read of them last, and how that is going.
pub(super) struct Watcher {
    files: Files,
    interval: Duration,
    writer: LiveWriter,
    /// Whether the last handle is gone. Held while keys are put into the cell or taken out of it.
    is_closed: Mutex<bool>,
    state: Mutex<State>,
    wake: Notify,
    /// Changes with each reading that ends.
    ended: watch::Sender<()>,
    places: Arc<Semaphore>,
    random: RandomState,
}

struct State {
    /// Whether there is a task that reads.
    has_task: bool,
    /// Of the keys that are held, if any are.
    held: Option<Print>,
    /// Content that was refused, and why, so that it is not judged again each time.
    refused: Option<(Print, WatchError)>,
    /// A reading is wanted, or under way.
    is_reading: bool,
    began: Instant,
    good_at: Instant,
    failures: u32,
    error: Option<WatchError>,
    told_at: Instant,
}

/// What a reading gave.
struct Reading {
    print: Print,
    /// None where the content is that of the keys that are held.
    keys: Option<KeySet>,
}

type Outcome = Result<Reading, (Option<Print>, WatchError)>;

impl Watcher {
    /// Reads for the first time, and begins to watch.
    pub(super) async fn start(
        files: Files,
        interval: Duration,
        alive: Weak<()>,
    ) -> Result<Arc<Self>, WatchError> {
        let first = files.paths().next().ok_or(WatchError::NoFile)?.to_owned();
        let random = RandomState::new();
        let hasher = random.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let content = files.read()?;
            let keys = files.keys(&content)?;
            Ok::<_, WatchError>((content.print(&hasher), keys, files))
        });
        let read = timeout(READING, reading).await.ok().and_then(Result::ok);
        let (held, keys, files) = read.ok_or(WatchError::Slow { path: first })??;
        let (_, writer) = Live::new();
        observe::read(&files, &keys);
        writer.replace(keys);
        let now = Instant::now();
        let state = State {
            has_task: false,
            held: Some(held),
            refused: None,
            is_reading: false,
            began: now,
            good_at: now,
            failures: 0,
            error: None,
            told_at: now,
        };
        let watcher = Arc::new(Self {
            files,
            interval,
            writer,
            is_closed: Mutex::new(false),
            state: Mutex::new(state),
            wake: Notify::new(),
            ended: watch::Sender::new(()),
            places: Arc::new(Semaphore::new(MOST_WAITING)),
            random,
        });
        watcher.watch(&alive);
        Ok(watcher)
    }

    /// Reads from now on, in the present runtime if there is one, where nobody does.
    pub(super) fn watch(self: &Arc<Self>, alive: &Weak<()>) {
        let Ok(runtime) = Handle::try_current() else { return };
        if !core::mem::replace(&mut self.state().has_task, true) {
            // Not under the lock: a runtime that is ending drops the task at once, which takes it.
            runtime.spawn(run(Running { watcher: Arc::clone(self), alive: Weak::clone(alive) }));
        }
    }

    pub(super) fn live(&self) -> Live {
        self.writer.live()
    }

    /// Nobody keeps the keys fresh any more, so that they verify nothing any more, whoever still reads the cell.
    pub(super) fn close(&self) {
        let mut is_closed = self.is_closed.lock().unwrap_or_else(PoisonError::into_inner);
        *is_closed = true;
        if self.writer.is_read() {
            self.writer.clear();
            observe::closed(&self.files);
        }
    }

    pub(super) fn name(&self) -> String {
        self.files.to_string()
    }

    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(super) fn status(&self) -> WatchedStatus {
        let state = self.state();
        WatchedStatus {
            has_keys: self.live().load().is_some(),
            age: state.good_at.elapsed(),
            failures: state.failures,
            error: state.error.clone(),
        }
    }

    /// Reads, and judges what is new. Blocks.
    fn look(&self) -> Outcome {
        let content = self.files.read().map_err(|error| (None, error))?;
        let print = content.print(&self.random);
        let (held, refused) = {
            let state = self.state();
            (state.held, state.refused.clone())
        };
        if Some(print) == held {
            return Ok(Reading { print, keys: None });
        }
        if let Some((_, error)) = refused.filter(|(refused, _)| *refused == print) {
            return Err((Some(print), error));
        }
        match self.files.keys(&content) {
            Ok(keys) => Ok(Reading { print, keys: Some(keys) }),
            Err(error) => Err((Some(print), error)),
        }
    }

    fn no_outcome(&self) -> Outcome {
        let path = self.files.paths().next().map(Path::to_owned).unwrap_or_default();
        Err((None, WatchError::Slow { path }))
    }

    fn ends(&self, outcome: Outcome) {
        let now = Instant::now();
        match outcome {
            Ok(Reading { print, keys }) => {
                // First, so that whoever is told that no reading is under way finds its keys.
                let changed = keys.is_some();
                let is_closed = self.is_closed.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(keys) = keys.filter(|_| !*is_closed) {
                    observe::read(&self.files, &keys);
                    self.writer.replace(keys);
                }
                let recovered = {
                    let mut state = self.state();
                    // Only what is in the cell is held, or it would never be put back.
                    state.held = self.live().load().map(|_| print);
                    state.refused = None;
                    state.is_reading = false;
                    state.good_at = now;
                    state.failures = 0;
                    state.error.take().is_some()
                };
                drop(is_closed);
                if recovered && !changed {
                    observe::as_before(&self.files);
                }
            }
            Err((print, error)) => {
                let is_told = {
                    let mut state = self.state();
                    let is_new = state.error.as_ref() != Some(&error);
                    let is_told = is_new || now.saturating_duration_since(state.told_at) >= TOLD_AGAIN;
                    if is_told {
                        state.told_at = now;
                    }
                    state.refused = print.map(|print| (print, error.clone()));
                    state.is_reading = false;
                    state.failures = state.failures.saturating_add(1);
                    state.error = Some(error.clone());
                    is_told
                };
                if is_told {
                    observe::failed(&self.files, &error);
                }
            }
        }
        self.ended.send_replace(());
    }

    /// Nothing that holds this lock calls foreign code, so that what a panic left is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task's hold on what it reads.
struct Running {
    watcher: Arc<Watcher>,
    alive: Weak<()>,
}

/// Also where the runtime drops the task: keys that nobody keeps fresh verify nothing. With the first token that needs
/// them they are read again.
impl Drop for Running {
    fn drop(&mut self) {
        let watcher = &self.watcher;
        // All the while: what the next task reads must not be taken away by this one's end.
        let is_closed = watcher.is_closed.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut state = watcher.state();
            state.has_task = false;
            state.is_reading = false;
            state.held = None;
        }
        if !*is_closed && self.alive.strong_count() > 0 {
            watcher.writer.clear();
        }
    }
}

/// Reads in turn until the last handle is gone.
async fn run(running: Running) {
    let Running { watcher, alive } = &running;
    let mut reading: Option<JoinHandle<Outcome>> = None;
    loop {
        tokio::select! {
            () = sleep(watcher.interval) => {}
            () = watcher.wake.notified() => {}
        }
        if alive.strong_count() == 0 {
            return;
        }
        {
            let mut state = watcher.state();
            state.is_reading = true;
            state.began = Instant::now();
        }
        // One that a file system holds up is waited for again: never are two threads lost to it.
        let current = reading.get_or_insert_with(|| {
            let watcher = Arc::clone(watcher);
            tokio::task::spawn_blocking(move || watcher.look())
        });
        let outcome = match timeout(READING, &mut *current).await {
            Ok(ended) => {
                reading = None;
                match ended {
                    Ok(outcome) => outcome,
                    // The runtime ends.
                    Err(error) if error.is_cancelled() => return,
                    Err(_panicked) => watcher.no_outcome(),
                }
            }
            Err(_elapsed) => watcher.no_outcome(),
        };
        watcher.ends(outcome);
    }
}

/// A handle on watched files, as what verification asks for newer keys.
pub(super) struct Asker(pub(super) Arc<super::Handle>);

impl Refresh for Asker {
    fn request(&self, hint: RefreshHint<'_>) -> Grant {
        let watcher = &self.0.watcher;
        self.0.watch();
        let mut state = watcher.state();
        // A reading that ended since the token was looked at: no further one is needed.
        if answers(&watcher.live(), hint) {
            return Grant::Fetch(Box::pin(core::future::ready(())));
        }
        if !state.is_reading {
            // Where there are no keys and the last reading did not fail, no stranger's wish is it.
            let is_settled = state.held.is_some() || state.failures > 0;
            if is_settled && state.began.elapsed() < BETWEEN_WISHES {
                return Grant::Denied;
            }
            state.is_reading = true;
            watcher.wake();
        }
        // Before the lock is given up, or the reading could end unseen.
        let mut ended = watcher.ended.subscribe();
        drop(state);
        match Arc::clone(&watcher.places).try_acquire_owned() {
            Err(_full) => Grant::Overloaded,
            Ok(place) => Grant::Fetch(Box::pin(async move {
                let _place = place;
                // Too long is no error: verification looks at what is there.
                let _ = timeout(WAIT, ended.changed()).await;
            })),
        }
    }
}

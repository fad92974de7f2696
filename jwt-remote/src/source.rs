//! One source of keys: its schedule, what it last said, and those who wait for it.

mod asker;

use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jwt_core::Algorithm;
use jwt_core::keys::{BoxFuture, Live, LiveWriter, RefreshHint};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};

pub(crate) use self::asker::{Asker, answers};
use crate::bounds::Terms;
use crate::dice::Dice;
use crate::fetch_error::FetchError;
use crate::fetch_limits::FetchLimits;
use crate::http::{HttpClient, HttpError};
use crate::jwks::{BodyPrint, Fetched, Last};
use crate::observe::{self, Held, Name, Suppressed};
use crate::origin::{Origin, Wish};
use crate::refresher::{Hub, Renewed};
use crate::schedule::Schedule;
use crate::strangers::KeyPrint;

/// A source of keys, shared by its handles and the refresher.
pub(crate) struct Source {
    origin: Origin,
    terms: Terms,
    /// How long a request waits for a fetch.
    wait: Duration,
    /// What the source is called where that becomes a label.
    label: Arc<str>,
    writer: LiveWriter,
    state: Mutex<State>,
    /// Held while keys are put into the cell or taken out of it, so that a set which ends cannot take away the one
    /// that follows it. Never taken under `state`, and `state` is not held meanwhile: changing keys is an event, and
    /// whoever listens may look at the status.
    turn: Mutex<Turn>,
    /// Changes with each fetch that ends.
    ended: watch::Sender<()>,
    /// Whose task fetches.
    hub: Weak<Hub>,
    /// All ages count from here, by a clock that never jumps.
    began: Instant,
    /// Those who wait.
    places: Arc<Semaphore>,
    /// Makes prints of what strangers wrote.
    random: RandomState,
    dice: Dice,
}

/// Whether keys may still be put into the cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Open,
    /// The last handle is gone.
    Closed,
}

struct State {
    schedule: Schedule,
    /// Somebody was told that a fetch begins; the refresher has not begun it yet.
    is_wanted: bool,
    /// Which fetches are believed: none that began before keys were lost.
    round: u64,
    last: Last,
    fetched_at: Option<Duration>,
    /// Why there are no keys, where there are none.
    without: Held,
    error: Option<FetchError>,
    suppressed: Suppressed,
}

/// What a source is worth at the moment: for a health route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeysStatus {
    /// Whether tokens can be verified at all.
    pub has_keys: bool,
    /// How long ago the source last said what its keys are, by a clock that never jumps; `None` before it did.
    pub age: Option<Duration>,
    /// Fetches that failed since then, in a row.
    pub failures: u32,
    /// Why the last of them did.
    pub error: Option<FetchError>,
}

impl Source {
    pub(crate) fn new(
        origin: Origin,
        label: Arc<str>,
        limits: &FetchLimits,
        stale_for: Duration,
        allowed: Option<Box<[Algorithm]>>,
        hub: &Arc<Hub>,
    ) -> Self {
        let FetchLimits { timeout, most_bytes, wait, most_waiting, .. } = *limits;
        let (_, writer) = Live::new();
        let state = State {
            schedule: Schedule::new(limits.rules(stale_for), Duration::ZERO),
            is_wanted: false,
            round: 0,
            last: Last::default(),
            fetched_at: None,
            without: Held::Never,
            error: None,
            suppressed: Suppressed::default(),
        };
        Self {
            origin,
            terms: Terms { timeout, most_bytes, allowed },
            wait,
            label,
            writer,
            state: Mutex::new(state),
            turn: Mutex::new(Turn::Open),
            ended: watch::Sender::new(()),
            hub: Arc::downgrade(hub),
            began: Instant::now(),
            places: Arc::new(Semaphore::new(most_waiting)),
            random: RandomState::new(),
            dice: Dice::default(),
        }
    }

    pub(crate) fn live(&self) -> Live {
        self.writer.live()
    }

    /// Nobody keeps the keys fresh any more, so that they verify nothing any more, whoever still reads the cell.
    pub(crate) fn close(&self) {
        let mut turn = self.turn();
        *turn = Turn::Closed;
        if self.writer.is_read() {
            self.writer.clear();
            observe::closed(self.name());
        }
    }

    /// Nothing that was fetched up to now is believed any more, of a fetch that is under way neither. Another one begins.
    pub(crate) fn purge(&self) {
        {
            let _turn = self.turn();
            {
                let mut state = self.state();
                state.round = state.round.wrapping_add(1);
                state.schedule.begins_anew();
                state.is_wanted = true;
                state.last = Last::default();
                state.fetched_at = None;
                state.without = Held::Purged;
            }
            self.origin.forget();
            if self.holds() {
                self.writer.clear();
            }
        }
        if let Some(hub) = self.hub.upgrade() {
            hub.wake();
        }
        observe::purged(self.name());
    }

    /// The longest time that one fetch takes.
    pub(crate) fn longest(&self) -> Duration {
        self.terms.timeout
    }

    fn name(&self) -> Name<'_> {
        Name { source: self.origin.name(), label: &self.label }
    }

    fn holds(&self) -> bool {
        self.live().load().is_some()
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Changes with each fetch that ends.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.ended.subscribe()
    }

    pub(crate) fn status(&self) -> KeysStatus {
        let now = self.now();
        let state = self.state();
        KeysStatus {
            has_keys: self.holds(),
            age: state.fetched_at.map(|then| now.saturating_sub(then)),
            failures: state.schedule.failures(),
            error: state.error.clone(),
        }
    }

    /// Whether the outcome is believed. One of an earlier round is none: another fetch has its place.
    fn ends(&self, round: u64, outcome: Result<Fetched, FetchError>) -> bool {
        let now = self.now();
        let turn = self.turn();
        if self.state().round != round {
            return false;
        }
        // The set whose keys did not change has come to its end meanwhile.
        let outcome = outcome.and_then(|fetched| match fetched.keys {
            None if !self.holds() => Err(FetchError::NothingToCompare),
            _ => Ok(fetched),
        });
        match outcome {
            Ok(Fetched { keys, fresh_for, last }) => {
                // First, so that whoever is told that no fetch is under way finds its keys.
                match keys {
                    Some(_) if *turn == Turn::Closed => {}
                    Some(keys) => {
                        observe::fetched(self.name(), &keys.set, &keys.unnamed);
                        self.writer.replace(keys.set);
                    }
                    None => observe::unchanged(self.name()),
                }
                let mut state = self.state();
                state.schedule.succeeded(fresh_for, now, self.dice.throw());
                state.last = last;
                state.fetched_at = Some(now);
                state.without = Held::TooOld;
                state.error = None;
            }
            Err(error) => {
                let withdraws = error.withdraws() && self.holds();
                let without = {
                    let mut state = self.state();
                    state.schedule.failed(now, self.dice.throw());
                    state.error = Some(error.clone());
                    if withdraws {
                        state.schedule.forget();
                        (state.last, state.fetched_at) = (Last::default(), None);
                        state.without = Held::Withdrawn;
                    }
                    state.without
                };
                if withdraws {
                    self.writer.clear();
                }
                let held = if self.holds() { Held::Keys } else { without };
                observe::failed(self.name(), &error, held);
            }
        }
        drop(turn);
        // Those who wait look at the keys again, whatever came of it.
        self.ended.send_replace(());
        true
    }

    /// A fetch whose end could not be told.
    fn gives_up(&self, round: u64) {
        {
            let mut state = self.state();
            if state.round == round {
                state.schedule.failed(self.now(), self.dice.throw());
                let problem = "the HTTP client panicked, or whoever listens to events";
                state.error = Some(HttpError::connection(problem).into());
            }
        }
        self.ended.send_replace(());
    }

    fn print(&self, hint: RefreshHint<'_>) -> Option<KeyPrint> {
        match hint {
            RefreshHint::UnknownKey { key_id, algorithm, .. } => {
                Some(KeyPrint(self.random.hash_one((key_id, algorithm.name()))))
            }
            _ => None,
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing that holds this lock calls foreign code, so that what a panic left is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Renewed for Source {
    /// Takes keys away that may be served no longer, too.
    fn begins(&self) -> bool {
        let now = self.now();
        let _turn = self.turn();
        let ends = {
            let mut state = self.state();
            let ends = state.schedule.ends(now);
            if ends {
                // Or the same keys again would be no news.
                state.last = Last::default();
            }
            ends
        };
        if ends {
            self.writer.clear();
            observe::too_old(self.name());
        }
        // Last, for whoever listens may panic, and nothing that was begun would be.
        let mut state = self.state();
        if core::mem::take(&mut state.is_wanted) {
            state.schedule.begins_as_promised();
            return true;
        }
        state.schedule.begins_by_itself(now)
    }

    fn wakes_at(&self) -> Option<Instant> {
        let after = self.state().schedule.wakes_at()?;
        self.began.checked_add(after)
    }

    fn fetch(self: Arc<Self>, client: Arc<dyn HttpClient>) -> BoxFuture<'static, ()> {
        let round = self.state().round;
        let end = End { source: Arc::clone(&self), round, is_told: false };
        Box::pin(async move {
            let (last, wish) = {
                let state = self.state();
                let is_for_a_stranger = state.schedule.is_for_a_stranger();
                (state.last.clone(), if is_for_a_stranger { Wish::UnknownKey } else { Wish::Keys })
            };
            let print = |body: &[u8]| BodyPrint(self.random.hash_one(body));
            let fetched = self.origin.fetch(&*client, &last, print, wish, self.now(), &self.terms);
            // Watches the client's own limits.
            let outcome = timeout(self.terms.timeout, fetched).await;
            end.tell(outcome.unwrap_or_else(|_elapsed| Err(HttpError::Timeout.into())));
        })
    }

    /// Keys that nobody keeps fresh verify nothing; with the first token that needs them they are fetched again.
    fn lost(&self) {
        let _turn = self.turn();
        {
            let mut state = self.state();
            // Should somebody drive that runtime again, what it fetches is older than what is fetched from now on.
            state.round = state.round.wrapping_add(1);
            state.schedule.forget();
            state.last = Last::default();
        }
        if self.holds() {
            self.writer.clear();
        }
    }
}

/// Tells the source how a fetch ended, also where it was dropped or the client panicked: a source that believed it
/// to be under way for ever would never ask again.
struct End {
    source: Arc<Source>,
    round: u64,
    is_told: bool,
}

impl End {
    fn tell(mut self, outcome: Result<Fetched, FetchError>) {
        self.source.ends(self.round, outcome);
        self.is_told = true;
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if self.is_told {
            return;
        }
        if std::thread::panicking() {
            // Whoever listens to events may be what panicked: nothing is told again.
            self.source.gives_up(self.round);
        } else {
            let given_up = HttpError::connection("the request was given up").into();
            if !self.source.ends(self.round, Err(given_up)) {
                // Those who waited for it all the same.
                self.source.ended.send_replace(());
            }
        }
    }
}

//! The token that is held, when another one is fetched, and those who wait for it.

use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jwt_core::keys::BoxFuture;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};

use super::ServiceTokenStatus;
use super::access_token::AccessToken;
use super::answer::{self, Granted};
use super::endpoint::Endpoint;
use super::error::ServiceTokenError;
use super::parameters::Parameters;
use crate::bounds::{A_LITTLE_LONGER, FETCH, MOST_ANSWER_BYTES, WAIT};
use crate::client_auth::ClientAuth;
use crate::dice::Dice;
use crate::http::{HttpClient, HttpError, HttpRequest};
use crate::observe::service_token as observe;
use crate::refresher::{Hub, Renewed};
use crate::schedule::{Answer, Rules, Schedule};
use crate::strangers::KeyPrint;

/// How many wait at a time. They are calls of this service's own, of which it has bounds elsewhere.
const MOST_WAITING: usize = 1_024;
/// A token is not served right up to its end: it has to arrive.
const MOST_MARGIN: Duration = Duration::from_secs(10);
const LEAST_LIFETIME: Duration = Duration::from_secs(1);
const MOST_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The source of a service's own token, shared by its handles and the task.
pub(super) struct TokenSource {
    endpoint: Endpoint,
    auth: ClientAuth,
    parameters: Parameters,
    /// The scopes in one text.
    scope: String,
    unstated_lifetime: Duration,
    state: Mutex<State>,
    /// Changes with each request that ends.
    ended: watch::Sender<()>,
    /// Whose task fetches.
    hub: Weak<Hub>,
    places: Arc<Semaphore>,
    /// All ages count from here, by a clock that never jumps.
    began: Instant,
    /// Makes prints of tokens.
    random: RandomState,
    dice: Dice,
}

struct State {
    schedule: Schedule,
    /// Somebody was told that a request begins; the task has not begun it yet.
    is_wanted: bool,
    /// Which requests are believed: none that began before its task was lost.
    round: u64,
    held: Option<Held>,
    error: Option<ServiceTokenError>,
}

struct Held {
    token: AccessToken,
    until: Duration,
    /// A resource refused it, and another one is on its way.
    is_refused: bool,
}

impl TokenSource {
    pub(super) fn new(
        endpoint: Endpoint,
        auth: ClientAuth,
        parameters: Parameters,
        unstated_lifetime: Duration,
        hub: &Arc<Hub>,
    ) -> Self {
        // Freshness is what a token's lifetime comes to, and nothing is served beyond it.
        let rules = Rules {
            least_fresh: Duration::ZERO,
            most_fresh: MOST_LIFETIME,
            stale_for: Duration::ZERO,
            ..Rules::default()
        };
        let state = State {
            schedule: Schedule::new(rules, Duration::ZERO),
            is_wanted: false,
            round: 0,
            held: None,
            error: None,
        };
        Self {
            endpoint,
            auth,
            scope: parameters.scope(),
            parameters,
            unstated_lifetime,
            state: Mutex::new(state),
            ended: watch::Sender::new(()),
            hub: Arc::downgrade(hub),
            places: Arc::new(Semaphore::new(MOST_WAITING)),
            began: Instant::now(),
            random: RandomState::new(),
            dice: Dice::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        self.endpoint.name()
    }

    /// Never under the lock of the state: a task may begin, and end at once.
    fn wake(&self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.wake();
        }
    }

    pub(super) fn status(&self) -> ServiceTokenStatus {
        let now = self.now();
        let state = self.state();
        ServiceTokenStatus {
            good_for: state.good(now).map(|held| held.until.saturating_sub(now)),
            failures: state.schedule.failures(),
            error: state.error.clone(),
        }
    }

    pub(super) fn held(&self) -> Option<AccessToken> {
        let now = self.now();
        self.state().good(now).filter(|held| !held.is_refused).map(|held| held.token.clone())
    }

    pub(super) async fn token(&self) -> Result<AccessToken, ServiceTokenError> {
        let mut ended = {
            let now = self.now();
            let mut state = self.state();
            match state.good(now) {
                Some(held) if !held.is_refused => return Ok(held.token.clone()),
                Some(_) => {}
                None => match state.schedule.ask_for_any(now) {
                    Answer::Begin => state.is_wanted = true,
                    Answer::Join => {}
                    Answer::Denied => return Err(state.why()),
                },
            }
            // Before the lock is given up, or the request could end unseen.
            self.ended.subscribe()
        };
        // Also to join one: the task that was to begin it may have ended with its runtime.
        self.wake();
        let Ok(_place) = self.places.try_acquire() else { return Err(ServiceTokenError::Overloaded) };
        let in_time = timeout(WAIT, ended.changed()).await.is_ok();
        let now = self.now();
        let state = self.state();
        match state.good(now) {
            // One that a resource refused is better than none: the others may well take it.
            Some(held) => Ok(held.token.clone()),
            None if in_time => Err(state.why()),
            None => Err(ServiceTokenError::Late),
        }
    }

    /// Waits until the first request has ended, or a later one that was under way.
    pub(super) async fn first(&self) -> Result<(), ServiceTokenError> {
        let mut ended = self.ended.subscribe();
        let first = async {
            loop {
                let status = self.status();
                match status.error {
                    _ if status.good_for.is_some() => return Ok(()),
                    Some(error) => return Err(error),
                    None => _ = ended.changed().await,
                }
            }
        };
        // A request ends in time; a shared task that runs where nothing runs any more does not begin one.
        timeout(FETCH.saturating_add(A_LITTLE_LONGER), first).await.unwrap_or(Err(ServiceTokenError::Late))
    }

    pub(super) fn invalidate(&self, token: &AccessToken) {
        let now = self.now();
        let print = KeyPrint(self.random.hash_one(token.as_str()));
        let begins = {
            let mut state = self.state();
            let State { schedule, is_wanted, held, .. } = &mut *state;
            let Some(held) = held.as_mut().filter(|held| held.token.is(token) && !held.is_refused) else {
                return;
            };
            // The rules of tokens with an unknown key: so many requests and no more, and none for a token that was
            // just given again.
            let answer = schedule.ask_for(print, now);
            held.is_refused = answer != Answer::Denied;
            *is_wanted |= answer == Answer::Begin;
            answer == Answer::Begin
        };
        if begins {
            self.wake();
        }
        observe::refused(self.name(), begins);
    }

    async fn ask(&self, client: &dyn HttpClient) -> Result<Granted, ServiceTokenError> {
        let address = self.endpoint.address(client, self.now()).await?;
        let form = self.parameters.form(&self.scope);
        let request = HttpRequest::post_form(address.as_str(), &form, FETCH, MOST_ANSWER_BYTES);
        let response = client.send(self.auth.apply(request)?).await?;
        answer::read(response)
    }

    /// One of an earlier round changes nothing: another request has its place, and those who wait are told how that ends.
    fn ends(&self, round: u64, outcome: Result<Granted, ServiceTokenError>, sent_at: Duration) {
        let now = self.now();
        let outcome = outcome.and_then(|granted| Ok((self.until(&granted, sent_at, now)?, granted)));
        let is_held = {
            let mut state = self.state();
            if state.round != round {
                return;
            }
            match &outcome {
                Ok((until, Granted { token, .. })) => {
                    let good_for = until.saturating_sub(sent_at);
                    state.schedule.succeeded(Some(good_for), sent_at, self.dice.throw());
                    state.held = Some(Held { token: token.clone(), until: *until, is_refused: false });
                    state.error = None;
                }
                Err(error) => {
                    state.schedule.failed(now, self.dice.throw());
                    state.error = Some(error.clone());
                    if let Some(held) = &mut state.held {
                        held.is_refused = false;
                    }
                }
            }
            state.good(now).is_some()
        };
        match outcome {
            Ok((until, Granted { scope, .. })) => {
                let missing = self.parameters.missing(scope.as_deref());
                observe::fetched(self.name(), until.saturating_sub(now), &missing);
            }
            Err(error) => {
                self.endpoint.forget();
                observe::failed(self.name(), &error, is_held);
            }
        }
        self.ended.send_replace(());
    }

    /// Up to when the token is served. It counts from before the request: how long ago the server made it is unknown.
    fn until(
        &self,
        granted: &Granted,
        sent_at: Duration,
        now: Duration,
    ) -> Result<Duration, ServiceTokenError> {
        let lifetime = granted.lifetime.unwrap_or(self.unstated_lifetime).min(MOST_LIFETIME);
        let margin = lifetime.checked_div(10).unwrap_or_default().min(MOST_MARGIN);
        let until = sent_at.saturating_add(lifetime.saturating_sub(margin));
        if lifetime < LEAST_LIFETIME || until <= now {
            return Err(ServiceTokenError::TooShort);
        }
        Ok(until)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Nothing that holds this lock calls foreign code, so that what a panic left is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn good(&self, now: Duration) -> Option<&Held> {
        self.held.as_ref().filter(|held| now < held.until)
    }

    fn why(&self) -> ServiceTokenError {
        self.error.clone().unwrap_or(ServiceTokenError::Late)
    }
}

impl Renewed for TokenSource {
    /// Takes away a token that has ended, too.
    fn begins(&self) -> bool {
        let now = self.now();
        let has_ended = {
            let mut state = self.state();
            state.schedule.ends(now) && state.held.take().is_some()
        };
        if has_ended {
            observe::ended(self.name());
        }
        // Last, for whoever listens may panic, and nothing that was begun would be.
        let mut state = self.state();
        core::mem::take(&mut state.is_wanted) || state.schedule.begins_by_itself(now)
    }

    fn wakes_at(&self) -> Option<Instant> {
        let after = self.state().schedule.wakes_at()?;
        self.began.checked_add(after)
    }

    fn fetch(self: Arc<Self>, client: Arc<dyn HttpClient>) -> BoxFuture<'static, ()> {
        let round = self.state().round;
        let end = End { source: Arc::clone(&self), round, sent_at: self.now(), is_told: false };
        Box::pin(async move {
            // Watches the client's own limits.
            let outcome = timeout(FETCH, self.ask(&*client)).await;
            end.tell(outcome.unwrap_or_else(|_elapsed| Err(HttpError::Timeout.into())));
        })
    }

    /// The token that is held serves to its end, which whoever takes it looks at. A request that was under way is for the
    /// next task to make again, or everybody would wait for one that nobody goes on with.
    fn lost(&self) {
        let mut state = self.state();
        state.round = state.round.wrapping_add(1);
        state.is_wanted |= state.schedule.is_fetching();
    }
}

/// Tells the source how a request ended, also where it was dropped or the client panicked: a source that believed it to
/// be under way for ever would never ask again.
struct End {
    source: Arc<TokenSource>,
    round: u64,
    sent_at: Duration,
    is_told: bool,
}

impl End {
    fn tell(mut self, outcome: Result<Granted, ServiceTokenError>) {
        self.is_told = true;
        self.source.ends(self.round, outcome, self.sent_at);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.is_told {
            let error = HttpError::connection("the request was given up");
            self.source.ends(self.round, Err(error.into()), self.sent_at);
        }
    }
}

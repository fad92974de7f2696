//! One endpoint: what it said lately, the calls that are under way, and those who wait for them.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jwt_core::danger::{Asserted, ClaimRules};
use jwt_core::request::is_b64token;
use jwt_core::{Clock, Expected, Limits, Presented, Reason, TokenError, Verdict, Verified};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout};

use super::answer::{self, Answer};
use super::cache::{Expiring, Print, Prints};
use super::circuit::{Call, Circuit, Fault};
use crate::address::Address;
use crate::bounds::{FETCH, MOST_ANSWER_BYTES, WAIT};
use crate::client_auth::ClientAuth;
use crate::dice::Dice;
use crate::fetch_error::FetchError;
use crate::http::{HttpClient, HttpError, HttpRequest, HttpResponse};
use crate::observe::{self, Suppressed};

/// How many calls are under way at a time.
const MOST_CALLS: usize = 64;
/// How many requests wait at a time; several may wait for one call.
const MOST_WAITING: usize = 1_024;
/// How long it is kept that a token is not active, at most. Long enough that a client which repeats itself is no load;
/// short, for a token that was made a moment ago may not have come to the part of the server that was asked.
const REFUSED_FOR: Duration = Duration::from_secs(5);
/// Verdicts about active tokens that are kept, by number and by what they are charged.
const MOST_ACTIVE: usize = 10_000;
const MOST_ACTIVE_BYTES: usize = 16 * 1024 * 1024;
/// Verdicts about other tokens, which anybody can make up: kept apart, so that they push no good one out.
const MOST_REFUSED: usize = 4_096;
/// What a verdict is charged beside its payload.
const OVERHEAD: usize = 512;

/// How an endpoint is asked, and by which rules its answers are judged.
pub(crate) struct Setup {
    pub(crate) endpoint: Address,
    pub(crate) client: Arc<dyn HttpClient>,
    pub(crate) auth: ClientAuth,
    pub(crate) hint: Option<Arc<str>>,
    pub(crate) rules: ClaimRules,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) cache_for: Duration,
}

/// Shared by the handles and by those who wait; a call under way does not hold it.
pub(crate) struct Calls {
    setup: Setup,
    name: Arc<str>,
    home: Mutex<Home>,
    state: Mutex<State>,
    prints: Prints,
    /// Those who wait.
    places: Arc<Semaphore>,
    dice: Dice,
    /// All ages count from here, by a clock that never jumps.
    began: Instant,
    /// Ends the calls under way when it is dropped.
    alive: watch::Sender<()>,
}

/// Where calls run: not where the request does, whose runtime may end before them.
struct Home {
    runtime: Handle,
    /// Held by a task of that runtime for as long as it lasts.
    lasts: Weak<()>,
}

impl Home {
    /// This runtime, from now on. The task in it ends with the calls too.
    fn of(runtime: Handle, mut alive: watch::Receiver<()>) -> Self {
        let held = Arc::new(());
        let lasts = Arc::downgrade(&held);
        runtime.spawn(async move {
            let _held = held;
            _ = alive.changed().await;
        });
        Self { runtime, lasts }
    }
}

struct State {
    active: Expiring<Asserted>,
    refused: Expiring<TokenError>,
    under_way: HashMap<Print, watch::Receiver<Option<Answer>>>,
    circuit: Circuit,
    error: Option<FetchError>,
    failed: Suppressed,
    not_asked: Suppressed,
}

/// What is known about a token, or how it comes to be known.
enum Found {
    Known(Answer),
    Wait(watch::Receiver<Option<Answer>>, OwnedSemaphorePermit),
    Begin(watch::Receiver<Option<Answer>>, OwnedSemaphorePermit, End),
    Overloaded,
}

/// Neither good nor bad: nobody could say.
fn unavailable() -> TokenError {
    TokenError::about(Reason::StoreUnavailable, "introspection")
}

impl Calls {
    /// # Panics
    /// Outside of a Tokio runtime, where nothing can be asked.
    pub(crate) fn new(setup: Setup) -> Arc<Self> {
        let state = State {
            active: Expiring::new(MOST_ACTIVE, MOST_ACTIVE_BYTES),
            refused: Expiring::new(MOST_REFUSED, usize::MAX),
            under_way: HashMap::new(),
            circuit: Circuit::new(),
            error: None,
            failed: Suppressed::default(),
            not_asked: Suppressed::default(),
        };
        let alive = watch::Sender::new(());
        let home = Home::of(Handle::current(), alive.subscribe());
        Arc::new(Self {
            name: setup.endpoint.without_query().into(),
            setup,
            home: Mutex::new(home),
            state: Mutex::new(state),
            prints: Prints::new(),
            places: Arc::new(Semaphore::new(MOST_WAITING)),
            dice: Dice::default(),
            began: Instant::now(),
            alive,
        })
    }

    /// What the endpoint is called in logs, and in the evidence.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn wall_clock(&self) -> Duration {
        self.setup.clock.now()
    }

    pub(crate) fn error(&self) -> Option<FetchError> {
        self.state().error.clone()
    }

    /// Decides about a token, from what is held or by a call.
    pub(crate) fn verify(self: &Arc<Self>, presented: &Presented<'_>) -> Verdict {
        let token = presented.token();
        // Nothing is sent that no bearer token can be.
        if token.len() > self.setup.limits.token_bytes() {
            return Verdict::Ready(Err(Reason::TokenTooLong.into()));
        }
        if !is_b64token(token) {
            return Verdict::Ready(Err(Reason::MalformedCarrier.into()));
        }
        let (mut answer, place) = match self.find(self.prints.of(token)) {
            Found::Known(answer) => return Verdict::Ready(self.judge(answer, presented.proofs())),
            Found::Overloaded => {
                self.tell_not_asked();
                return Verdict::Ready(Err(unavailable()));
            }
            Found::Wait(answer, place) => (answer, place),
            Found::Begin(answer, place, end) => {
                self.begin(token, end);
                (answer, place)
            }
        };
        let (calls, proofs) = (Arc::clone(self), presented.proofs().to_vec());
        Verdict::Wait(Box::pin(async move {
            let _place = place;
            let answer = match timeout(WAIT, answer.wait_for(Option::is_some)).await {
                Ok(Ok(answer)) => answer.clone(),
                Ok(Err(_)) | Err(_) => None,
            };
            answer.map_or_else(|| Err(unavailable()), |answer| calls.judge(answer, &proofs))
        }))
    }

    /// Applies the rules: at every use, for time goes by, and who presents a token may prove more or less than others.
    fn judge(&self, answer: Answer, proofs: &[&'static str]) -> Result<Arc<Verified>, TokenError> {
        match answer {
            Answer::Active(asserted) => {
                asserted.check(self.wall_clock(), &Expected::new().with_proofs(proofs))
            }
            Answer::Refused(error) => Err(error),
        }
    }

    fn find(self: &Arc<Self>, print: Print) -> Found {
        let (now, wall_clock) = (self.now(), self.wall_clock());
        let mut state = self.state();
        if let Some(asserted) = state.active.get(print, now).filter(|held| is_before_expiry(held, wall_clock))
        {
            return Found::Known(Answer::Active(asserted.clone()));
        }
        if let Some(error) = state.refused.get(print, now) {
            return Found::Known(Answer::Refused(error.clone()));
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return Found::Overloaded };
        if let Some(answer) = state.under_way.get(&print).cloned() {
            return Found::Wait(answer, place);
        }
        if state.under_way.len() >= MOST_CALLS {
            return Found::Overloaded;
        }
        let Some(call) = state.circuit.ask(now) else { return Found::Overloaded };
        let (sender, receiver) = watch::channel(None);
        state.under_way.insert(print, receiver.clone());
        let calls = Arc::downgrade(self);
        let end = End { calls, print, call, began: now, sender, is_told: false };
        Found::Begin(receiver, place, end)
    }

    /// The call runs by itself: whoever waits may leave, and others have joined.
    fn begin(&self, token: &str, end: End) {
        let Setup { endpoint, client, auth, hint, rules, clock, .. } = &self.setup;
        let mut form = vec![("token", token)];
        form.extend(hint.as_deref().map(|hint| ("token_type_hint", hint)));
        let request = HttpRequest::post_form(endpoint.as_str(), &form, FETCH, MOST_ANSWER_BYTES);
        let (client, auth, rules, clock) =
            (Arc::clone(client), auth.clone(), rules.clone(), Arc::clone(clock));
        let (name, mut alive) = (Arc::clone(&self.name), self.alive.subscribe());
        // Not under the lock: a runtime that has ended drops the task at once, which tells its end.
        self.runtime().spawn(async move {
            let call = async {
                let response = send(&*client, &auth, request).await?;
                Ok(unless_expired(answer::read(response, &rules, &name)?, clock.now()))
            };
            tokio::select! {
                // Watches the client's own limits.
                outcome = timeout(FETCH, call) => {
                    end.tell(outcome.unwrap_or_else(|_elapsed| Err(HttpError::Timeout.into())));
                }
                _nobody_is_left = alive.changed() => {}
            }
        });
    }

    /// The runtime that calls run in; where it has ended, as that of a test does, the present one from now on.
    fn runtime(&self) -> Handle {
        let mut home = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        if home.lasts.strong_count() == 0
            && let Ok(present) = Handle::try_current()
        {
            *home = Home::of(present, self.alive.subscribe());
        }
        home.runtime.clone()
    }

    fn ends(&self, end: &End, outcome: Result<Answer, FetchError>) {
        let now = self.now();
        // As of when it was asked: what happened since then, the server may not have said.
        let up_to = |most: Duration| end.began.saturating_add(most.min(self.setup.cache_for));
        let (mut pause, mut is_told, mut is_back) = (None, None, false);
        {
            let mut guard = self.state();
            let state = &mut *guard;
            state.under_way.remove(&end.print);
            match &outcome {
                Ok(answer) => {
                    state.error = None;
                    is_back = state.circuit.succeeded();
                    match answer {
                        Answer::Refused(error) => {
                            state.active.remove(end.print);
                            state.refused.insert(end.print, error.clone(), 0, up_to(REFUSED_FOR), now);
                        }
                        Answer::Active(asserted) => {
                            state.refused.remove(end.print);
                            let bytes = OVERHEAD.saturating_add(asserted.payload_bytes().saturating_mul(4));
                            let until = up_to(Duration::MAX);
                            state.active.insert(end.print, asserted.clone(), bytes, until, now);
                        }
                    }
                }
                Err(error) => {
                    let fault = Fault::of(error);
                    pause = state.circuit.failed(end.call, fault, now, self.dice.throw());
                    // Also one that breaks it: alone it must not shut everybody out.
                    let is_of_this_one =
                        matches!(error, FetchError::Introspection { .. } | FetchError::Status { .. });
                    if fault == Fault::Request || (fault == Fault::Unclear && is_of_this_one) {
                        // Whatever holds for others, this one is not asked about by each request.
                        let until = now.saturating_add(REFUSED_FOR);
                        state.refused.insert(end.print, unavailable(), 0, until, now);
                    }
                    state.error = Some(error.clone());
                    if pause.is_none() {
                        is_told = state.failed.one_more(now);
                    }
                }
            }
        }
        match &outcome {
            Ok(answer) => observe::introspected(&self.name, matches!(answer, Answer::Active(_)), is_back),
            Err(error) => observe::introspection_failed(&self.name, error, pause, is_told.is_some()),
        }
        end.sender.send_replace(Some(outcome.unwrap_or_else(|_| Answer::Refused(unavailable()))));
    }

    fn tell_not_asked(&self) {
        let told = self.state().not_asked.one_more(self.now());
        observe::not_introspected(&self.name, told);
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Nothing that holds this lock calls foreign code, so that what a panic left is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// RFC 7662 §4: what is held is not used beyond `exp`, without leeway; the server may be asked once more.
fn is_before_expiry(asserted: &Asserted, wall_clock: Duration) -> bool {
    asserted.expires_at().is_none_or(|exp| wall_clock < exp.as_duration())
}

/// What the server calls active behind its time, by the rules, which know the leeway, is kept as refused: else each
/// request would ask about it.
fn unless_expired(answer: Answer, wall_clock: Duration) -> Answer {
    let Answer::Active(asserted) = answer else { return answer };
    if !is_before_expiry(&asserted, wall_clock)
        && let Err(error) = asserted.check(wall_clock, &Expected::new())
        && error.reason() == Reason::Expired
    {
        return Answer::Refused(error);
    }
    Answer::Active(asserted)
}

async fn send(
    client: &dyn HttpClient,
    auth: &ClientAuth,
    request: HttpRequest,
) -> Result<HttpResponse, FetchError> {
    Ok(client.send(auth.apply(request)?).await?)
}

/// Tells how a call ended, also where it was dropped or the client panicked: a call that was believed to be under way
/// for ever would never be made again.
struct End {
    calls: Weak<Calls>,
    print: Print,
    call: Call,
    /// When it was asked.
    began: Duration,
    sender: watch::Sender<Option<Answer>>,
    is_told: bool,
}

impl End {
    fn tell(mut self, outcome: Result<Answer, FetchError>) {
        self.is_told = true;
        if let Some(calls) = self.calls.upgrade() {
            calls.ends(&self, outcome);
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.is_told
            && let Some(calls) = self.calls.upgrade()
        {
            calls.ends(self, Err(HttpError::connection("the request was given up").into()));
        }
    }
}

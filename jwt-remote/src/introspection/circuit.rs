//! When an endpoint that fails is left alone: rules without a network, a clock or chance of their own.
//!
//! What an endpoint answers depends on the token, and anybody may send one: a failure that a single token may have
//! caused must not shut everybody out.

use core::time::Duration;

use crate::fetch_error::FetchError;
use crate::http::HttpError;
use crate::schedule::Chance;

/// The pause after a first opening; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Failures in a row that are taken for the endpoint's.
const MOST_IN_A_ROW: u32 = 5;
/// Calls that are tried after a pause. Several, for one of them may be a token that makes it fail.
const TRIES: u32 = 4;

/// What a failure says about the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is alive, and does not like this request: nothing is known about others.
    Request,
    /// It is broken, or this token breaks it.
    Unclear,
    /// It asks to be left alone, or our credentials are wrong: the next call fails too.
    Endpoint,
}

impl Fault {
    pub(crate) fn of(error: &FetchError) -> Self {
        match error {
            // 401: RFC 7662 §2.3, the client is not known.
            FetchError::Status { status: 401 | 429 | 503 } | FetchError::ClientAuth { .. } => Fault::Endpoint,
            // Also what a firewall before it says of a token that looks like an attack.
            FetchError::Status { status: 400 | 403 | 406 | 413 | 414 | 422 | 431 } => Fault::Request,
            FetchError::Http { error: HttpError::TooLong } => Fault::Request,
            _ => Fault::Unclear,
        }
    }
}

/// A call that was permitted. One that began before the state changed has no say in the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call(u64);

#[derive(Clone, Copy, Debug)]
enum State {
    /// All calls are permitted.
    Closed { failed: u32 },
    /// None is, up to this moment.
    Open { until: Duration },
    /// A few are, and what becomes of them decides.
    Trying { left: u32, failed: u32 },
}

/// Whether the endpoint may be called. Time is monotonic, since any fixed moment.
#[derive(Debug)]
pub(crate) struct Circuit {
    state: State,
    /// Of the state.
    turn: u64,
    /// How often it opened since the last good answer.
    openings: u32,
}

impl Circuit {
    pub(crate) fn new() -> Self {
        Self { state: State::Closed { failed: 0 }, turn: 0, openings: 0 }
    }

    /// Permits a call, or not. Whoever is permitted tells how it ended.
    pub(crate) fn ask(&mut self, now: Duration) -> Option<Call> {
        match &mut self.state {
            State::Closed { .. } => {}
            State::Open { until } if now < *until => return None,
            State::Open { .. } => self.enter(State::Trying { left: TRIES.saturating_sub(1), failed: 0 }),
            State::Trying { left: 0, .. } => return None,
            State::Trying { left, .. } => *left = left.saturating_sub(1),
        }
        Some(Call(self.turn))
    }

    /// A call had an answer that can be used. True where that ends a time of failures.
    pub(crate) fn succeeded(&mut self) -> bool {
        self.openings = 0;
        match &mut self.state {
            State::Closed { failed } => {
                *failed = 0;
                false
            }
            State::Open { .. } | State::Trying { .. } => {
                self.enter(State::Closed { failed: 0 });
                true
            }
        }
    }

    /// A call failed. The pause that begins with it, if one does.
    pub(crate) fn failed(
        &mut self,
        call: Call,
        fault: Fault,
        now: Duration,
        chance: Chance,
    ) -> Option<Duration> {
        if call.0 != self.turn {
            return None;
        }
        if fault == Fault::Request {
            // What was tried says nothing, so another may.
            if let State::Trying { left, .. } = &mut self.state {
                *left = left.saturating_add(1);
            }
            return None;
        }
        let (failed, most) = match &mut self.state {
            State::Closed { failed } => (failed, MOST_IN_A_ROW),
            State::Trying { failed, .. } => (failed, TRIES),
            State::Open { .. } => return None,
        };
        *failed = failed.saturating_add(1);
        if fault == Fault::Unclear && *failed < most {
            return None;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(self.openings).unwrap_or(u32::MAX));
        let pause = chance.of(doubled.min(LONGEST_PAUSE), 50, 100);
        self.openings = self.openings.saturating_add(1);
        self.enter(State::Open { until: now.saturating_add(pause) });
        Some(pause)
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.turn = self.turn.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Chance = Chance(u16::MAX);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// One call that fails at once.
    fn fail(circuit: &mut Circuit, fault: Fault, now: Duration) -> Option<Duration> {
        let call = circuit.ask(now).unwrap();
        circuit.failed(call, fault, now, MOST)
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_a_good_answer_between_them_does_not_let_it() {
        let mut circuit = Circuit::new();
        for round in 0..3 {
            for _ in 0..4 {
                assert_eq!(fail(&mut circuit, Fault::Unclear, at(0)), None, "{round}");
            }
            assert!(!circuit.succeeded());
        }
        for _ in 0..4 {
            assert_eq!(fail(&mut circuit, Fault::Unclear, at(0)), None);
        }
        assert_eq!(fail(&mut circuit, Fault::Unclear, at(0)), Some(at(1)));
        assert_eq!(circuit.ask(at(0)), None);
        assert!(circuit.ask(at(1)).is_some());
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_a_good_answer_ends_them() {
        let mut circuit = Circuit::new();
        let mut now = at(0);
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(fail(&mut circuit, Fault::Endpoint, now), Some(at(pause)));
            now += at(pause);
        }
        assert!(circuit.ask(now).is_some());
        assert!(circuit.succeeded());
        assert_eq!(fail(&mut circuit, Fault::Endpoint, now), Some(at(1)));
    }

    #[test]
    fn after_a_pause_four_are_tried_and_one_that_succeeds_is_enough() {
        let mut circuit = Circuit::new();
        assert!(fail(&mut circuit, Fault::Endpoint, at(0)).is_some());
        let calls: Vec<_> = (0..9).filter_map(|_| circuit.ask(at(1))).collect();
        assert_eq!(calls.len(), 4);
        for call in &calls[..3] {
            assert_eq!(circuit.failed(*call, Fault::Unclear, at(1), MOST), None);
        }
        assert!(circuit.succeeded());
        assert_eq!(circuit.failed(calls[3], Fault::Endpoint, at(1), MOST), None, "it was permitted before");
        assert!(circuit.ask(at(1)).is_some());
    }

    #[test]
    fn what_began_before_a_pause_does_not_lengthen_it() {
        let mut circuit = Circuit::new();
        let calls: Vec<_> = (0..64).filter_map(|_| circuit.ask(at(0))).collect();
        let pauses: Vec<_> =
            calls.iter().filter_map(|call| circuit.failed(*call, Fault::Unclear, at(0), MOST)).collect();
        assert_eq!(pauses, [at(1)]);
    }

    #[test]
    fn a_token_that_is_not_liked_shuts_nobody_out() {
        let mut circuit = Circuit::new();
        for _ in 0..1_000 {
            assert_eq!(fail(&mut circuit, Fault::Request, at(0)), None);
        }
        assert!(fail(&mut circuit, Fault::Endpoint, at(0)).is_some());
        for _ in 0..1_000 {
            assert_eq!(fail(&mut circuit, Fault::Request, at(1)), None, "nor does it use up what is tried");
        }
    }

    #[test]
    fn no_number_of_openings_overflows() {
        let mut circuit = Circuit::new();
        circuit.openings = u32::MAX;
        assert_eq!(fail(&mut circuit, Fault::Endpoint, Duration::MAX), Some(at(60)));
    }

    #[test]
    fn a_failure_is_whose_it_must_be() {
        let of_status = |status| Fault::of(&FetchError::of_status(status).unwrap_err());
        for (status, fault) in [
            (400, Fault::Request),
            (401, Fault::Endpoint),
            (403, Fault::Request),
            (404, Fault::Unclear),
            (302, Fault::Unclear),
            (429, Fault::Endpoint),
            (500, Fault::Unclear),
            (503, Fault::Endpoint),
        ] {
            assert_eq!(of_status(status), fault, "{status}");
        }
        assert_eq!(Fault::of(&HttpError::Timeout.into()), Fault::Unclear);
        assert_eq!(Fault::of(&HttpError::TooLong.into()), Fault::Request);
    }
}

//! Runs a target: first what once broke it, then the seeds, then changed seeds.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};
use std::{fmt, io};

use crate::corpus;
use crate::mutate::mutated;
use crate::random::Random;
use crate::targets::Target;

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// After this many changed seeds.
    Executions(u64),
    /// After this time.
    Time(Duration),
}

/// What was run.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Inputs of `regressions/` and `seeds/`.
    pub replayed: usize,
    /// Changed seeds.
    pub executions: u64,
    /// How long they took.
    pub elapsed: Duration,
}

/// An input that broke an invariant. The panic itself stands on standard error.
#[derive(Clone, Debug)]
pub struct Crash {
    /// Where the input is from: a file, or the seed and the execution.
    pub origin: String,
    /// The input.
    pub input: Vec<u8>,
}

/// Why a run ended early.
#[derive(Debug)]
pub enum Failure {
    /// The corpus could not be read.
    Corpus(io::Error),
    /// Something was found.
    Crash(Crash),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Corpus(error) => error.fmt(f),
            Failure::Crash(crash) => write!(f, "{}\ninput (hex): {}", crash.origin, hex(&crash.input)),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Corpus(error)
    }
}

/// Runs `target` as `seed` decides.
///
/// # Errors
/// - [`Failure::Corpus`]: a file could not be read, or there is no seed.
/// - [`Failure::Crash`]: the first input that broke something.
pub fn run(target: &Target, seed: u64, until: Until) -> Result<Report, Failure> {
    let regressions = corpus::regressions(target.name)?;
    let seeds = corpus::seeds(target.name)?;
    for entry in regressions.iter().chain(&seeds) {
        execute(target, &entry.bytes, || entry.path.display().to_string())?;
    }
    let replayed = regressions.len() + seeds.len();
    let seeds: Vec<_> = regressions.into_iter().chain(seeds).map(|entry| entry.bytes).collect();

    let start = Instant::now();
    let mut executions = 0;
    // The clock is asked now and then only.
    while match until {
        Until::Executions(most) => executions < most,
        Until::Time(most) => executions % 64 != 0 || start.elapsed() < most,
    } {
        let input = mutated(&seeds, &mut Random::of_execution(seed, executions));
        execute(target, &input, || format!("seed {seed}, execution {executions}"))?;
        executions += 1;
    }
    Ok(Report { replayed, executions, elapsed: start.elapsed() })
}

/// Runs `target` on one input.
///
/// # Errors
/// [`Failure::Crash`], where it panics.
pub fn execute(target: &Target, input: &[u8], origin: impl Fn() -> String) -> Result<(), Failure> {
    let run = target.run;
    catch_unwind(|| run(input)).map_err(|_| Failure::Crash(Crash { origin: origin(), input: input.to_vec() }))
}

/// Two digits a byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of [`hex`].
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

//! Alternating samples, medians, spread.
//!
//! A group of contenders is measured together: every run takes many short samples, one of each
//! contender in turn, so that whatever else the machine does falls on all of them alike. A figure
//! of a run is the median of its samples; ratios are made inside one run and then compared.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Runs of a group.
pub const RUNS: usize = 5;
/// Samples of each contender in a run.
const SAMPLES: usize = 41;
/// Length of a sample.
const SAMPLE: Duration = Duration::from_micros(1_500);

/// A name and an operation that is repeated as often as asked.
pub struct Contender<'c> {
    name: &'static str,
    repeat: Box<dyn FnMut(u64) + 'c>,
}

/// A contender of this operation.
pub fn contender<'c, R>(name: &'static str, mut once: impl FnMut() -> R + 'c) -> Contender<'c> {
    let repeat = move |times: u64| {
        for _ in 0..times {
            black_box(once());
        }
    };
    Contender { name, repeat: Box::new(repeat) }
}

/// Nanoseconds of one operation, a median per run.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The contender.
    pub name: &'static str,
    /// One median per run.
    pub runs: Vec<f64>,
}

/// The figures of one group.
#[derive(Clone, Debug)]
pub struct Group(Vec<Figure>);

/// Measures the contenders against each other.
#[must_use]
pub fn measure(mut contenders: Vec<Contender<'_>>) -> Group {
    let times: Vec<u64> = contenders.iter_mut().map(calibrate).collect();
    let mut figures: Vec<Figure> =
        contenders.iter().map(|one| Figure { name: one.name, runs: Vec::new() }).collect();
    for _ in 0..RUNS {
        let mut samples = vec![Vec::with_capacity(SAMPLES); contenders.len()];
        for _ in 0..SAMPLES {
            for ((contender, &times), samples) in contenders.iter_mut().zip(&times).zip(&mut samples) {
                samples.push(nanos(time(contender, times)) / times as f64);
            }
        }
        for (figure, samples) in figures.iter_mut().zip(&samples) {
            figure.runs.push(median(samples));
        }
    }
    Group(figures)
}

impl Group {
    /// The figures in the order of the contenders.
    #[must_use]
    pub fn figures(&self) -> &[Figure] {
        &self.0
    }

    /// The median of a contender over all runs.
    #[must_use]
    pub fn nanos(&self, name: &str) -> Option<f64> {
        Some(median(&self.find(name)?.runs))
    }

    /// A ratio that is made inside each run out of the figures of that run.
    ///
    /// # Panics
    /// Where a name is not one of the contenders.
    #[must_use]
    pub fn ratio<const N: usize>(&self, names: [&str; N], ratio: impl Fn([f64; N]) -> f64) -> Spread {
        let figures = names.map(|name| self.find(name).expect("a contender"));
        let runs: Vec<f64> = (0..RUNS).map(|run| ratio(figures.map(|figure| figure.runs[run]))).collect();
        Spread::of(&runs)
    }

    fn find(&self, name: &str) -> Option<&Figure> {
        self.0.iter().find(|figure| figure.name == name)
    }
}

/// Median, least and most of several runs.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Spread {
    /// Of the figures of all runs.
    #[must_use]
    pub fn of(runs: &[f64]) -> Self {
        Self {
            median: median(runs),
            least: runs.iter().copied().fold(f64::INFINITY, f64::min),
            most: runs.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// Repetitions that fill one sample.
fn calibrate(contender: &mut Contender<'_>) -> u64 {
    let mut times = 1;
    loop {
        let taken = time(contender, times);
        if taken >= SAMPLE / 2 {
            let wanted = nanos(SAMPLE) / nanos(taken) * times as f64;
            return wanted.max(1.0) as u64;
        }
        times *= 2;
    }
}

fn time(contender: &mut Contender<'_>, times: u64) -> Duration {
    let start = Instant::now();
    (contender.repeat)(times);
    start.elapsed()
}

fn nanos(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

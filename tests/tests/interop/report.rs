//! What was exchanged: counted, printed, judged.

use std::fmt::Write as _;
use std::io::Write as _;

use super::foreign::{Algorithms, Foreign};

/// How many exchanges there are.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) algorithms: usize,
    /// Tokens of the matrix that the other side accepted, and refused where it must.
    pub(crate) accepted: usize,
    pub(crate) refused: usize,
    /// The same for tokens under JWK sets.
    pub(crate) key_sets: (usize, usize),
    /// Tokens whose JSON is unusual and legal, accepted.
    pub(crate) odd_json: usize,
    /// Salts of RSASSA-PSS: accepted, and refused.
    pub(crate) salts: (usize, usize),
    /// Keys of theirs that we refuse, for their numbers are too short.
    pub(crate) short_keys: usize,
    /// Tokens of the shared table: judged, and judged otherwise than we do.
    pub(crate) verdicts: (usize, usize),
}

/// The parts of the exchange.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Part {
    Matrix,
    KeySets,
    OddJson,
    Salts,
    ShortKeys,
    Verdicts,
}

/// What the verifying side does when all is well.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Due {
    Accept,
    Refuse,
}

/// The columns of the table: who signs, whose key.
pub(crate) const COLUMNS: [&str; 4] =
    ["they sign, their key", "they sign, our key", WE_SIGN_WITH_THEIRS, "we sign, our key"];

/// The column in which jwt-core reads a private key of theirs.
pub(crate) const WE_SIGN_WITH_THEIRS: &str = "we sign, their key";

struct Row {
    algorithm: &'static str,
    cells: [Vec<String>; 4],
    refusals: usize,
}

pub(crate) struct Report {
    title: String,
    algorithms: usize,
    absent: Vec<(String, String)>,
    rows: Vec<Row>,
    right: Vec<(Part, Due)>,
    /// Cells of the matrix that the backend of this run lacks.
    lacking: usize,
    failures: Vec<String>,
}

impl Report {
    pub(crate) fn new(foreign: &Foreign<'_>, algorithms: &Algorithms) -> Self {
        Self {
            title: foreign.title(),
            algorithms: algorithms.supported.len(),
            absent: algorithms.absent.iter().map(|(name, why)| (name.clone(), why.clone())).collect(),
            rows: Vec::new(),
            right: Vec::new(),
            lacking: 0,
            failures: Vec::new(),
        }
    }

    /// Notes one exchange; `what` says algorithm, direction and form.
    pub(crate) fn note(&mut self, part: Part, due: Due, what: &str, outcome: Result<(), String>) -> bool {
        match outcome {
            Ok(()) => self.right.push((part, due)),
            Err(ref problem) => self.fail(format!("{}: {what}: {problem}", self.title)),
        }
        outcome.is_ok()
    }

    /// Notes one exchange that the backend lacks: it fails for that reason, and counts among the accepted ones.
    pub(crate) fn absent(&mut self, what: &str, outcome: Result<(), String>) {
        match outcome {
            Err(problem) if problem.contains("no cryptography backend for RSA keys that sign") => {
                self.lacking = self.lacking.saturating_add(1);
            }
            outcome => self.fail(format!("{}: {what}: listed as absent, but {outcome:?}", self.title)),
        }
    }

    pub(crate) fn fail(&mut self, failure: String) {
        self.failures.push(failure);
    }

    pub(crate) fn row(&mut self, algorithm: &'static str, cells: [Vec<String>; 4], refusals: usize) {
        self.rows.push(Row { algorithm, cells, refusals });
    }

    fn count(&self, part: Part, due: Due) -> usize {
        self.right.iter().filter(|right| **right == (part, due)).count()
    }

    fn counts(&self) -> Counts {
        let of = |part| (self.count(part, Due::Accept), self.count(part, Due::Refuse));
        Counts {
            algorithms: self.algorithms,
            accepted: self.count(Part::Matrix, Due::Accept).saturating_add(self.lacking),
            refused: self.count(Part::Matrix, Due::Refuse),
            key_sets: of(Part::KeySets),
            odd_json: self.count(Part::OddJson, Due::Accept),
            salts: of(Part::Salts),
            short_keys: self.count(Part::ShortKeys, Due::Refuse),
            verdicts: (self.count(Part::Verdicts, Due::Accept), self.count(Part::Verdicts, Due::Refuse)),
        }
    }

    /// Prints the table in one piece, past the capture of the test harness: it is the result.
    pub(crate) fn print(&self) {
        let mut out = format!("\n{}\n{:<11}", self.title, "algorithm");
        for column in COLUMNS {
            let _ = write!(out, "{column:<22}");
        }
        out.push_str("refusals\n");
        for row in &self.rows {
            let _ = write!(out, "{:<11}", row.algorithm);
            for forms in &row.cells {
                let _ = write!(out, "{:<22}", forms.join(" "));
            }
            let _ = writeln!(out, "{}", row.refusals);
        }
        for (name, why) in &self.absent {
            let _ = writeln!(out, "{name:<11}absent: {why}");
        }
        let _ = writeln!(out, "{:?}", self.counts());
        let _ = std::io::stdout().lock().write_all(out.as_bytes());
    }

    /// Fails with every failure at once, then over the counts.
    pub(crate) fn judge(&self, expected: &Counts) {
        assert!(self.failures.is_empty(), "{} failed:\n{}", self.failures.len(), self.failures.join("\n"));
        // One for each form in which they wrote a key for an algorithm that is absent.
        let absent =
            self.rows.iter().filter(|row| tests::backend::absent().iter().any(|a| a.name() == row.algorithm));
        let lacking = absent.map(|row| row.cells[0].len()).sum::<usize>();
        assert_eq!(self.lacking, lacking, "{}: what the backend lacks", self.title);
        assert_eq!(self.counts(), *expected, "{}: the exchanges are not those written down", self.title);
    }
}

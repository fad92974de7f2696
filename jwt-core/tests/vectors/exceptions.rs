//! The tests of foreign sets that do not turn out as published, each with its reason.

use std::collections::BTreeSet;

use serde::Deserialize;

/// One line of `exceptions.json`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    set: String,
    #[serde(rename = "tcId")]
    id: usize,
    reason: String,
}

fn all() -> Vec<Entry> {
    serde_json::from_str(include_str!("exceptions.json")).unwrap()
}

/// The exceptions of one set, each to be met once.
pub(super) struct Exceptions {
    set: String,
    open: BTreeSet<usize>,
    failures: Vec<String>,
}

impl Exceptions {
    pub(super) fn of(set: &str) -> Self {
        Self::among(set, &all())
    }

    fn among(set: &str, all: &[Entry]) -> Self {
        let open = all.iter().filter(|entry| entry.set == set).map(|entry| entry.id).collect();
        Self { set: set.to_owned(), open, failures: Vec::new() }
    }

    /// Compares the outcome of a test with the published one.
    pub(super) fn judge(&mut self, id: usize, published: bool, verified: bool) {
        let listed = self.open.remove(&id);
        let expected = if published { "verifies" } else { "is refused" };
        match (published == verified, listed) {
            (true, false) | (false, true) => {}
            (true, true) => {
                self.failures.push(format!("{} {id}: listed as an exception, but {expected}", self.set));
            }
            (false, false) => self.failures.push(format!("{} {id}: should be one that {expected}", self.set)),
        }
    }

    /// All failures: outcomes that differ, and entries that no test has met.
    pub(super) fn finish(self) -> Vec<String> {
        let stale = self.open.iter().map(|id| format!("{} {id}: no such test was run", self.set));
        self.failures.iter().cloned().chain(stale).collect()
    }
}

/// Fails where an entry is of a set that is never read, stands twice or gives no reason.
pub(super) fn check_entries(sets: &[&str]) {
    let mut seen = BTreeSet::new();
    for entry in all() {
        assert!(sets.contains(&entry.set.as_str()), "{} is no set that is read", entry.set);
        assert!(seen.insert((entry.set.clone(), entry.id)), "{} {} is listed twice", entry.set, entry.id);
        assert!(!entry.reason.trim().is_empty(), "{} {} has no reason", entry.set, entry.id);
    }
}

fn listed(id: usize) -> Exceptions {
    Exceptions::among("a", &[Entry { set: "a".into(), id, reason: "because".into() }])
}

#[test]
fn an_outcome_that_is_not_published_needs_an_entry() {
    for (published, verified) in [(true, false), (false, true)] {
        let mut with = listed(7);
        with.judge(7, published, verified);
        assert_eq!(with.finish(), [""; 0]);

        let mut without = listed(8);
        without.judge(7, published, verified);
        assert_eq!(without.finish().len(), 2, "the test, and the entry that nothing met");
    }
}

#[test]
fn an_unexpected_success_fails() {
    for outcome in [true, false] {
        let mut exceptions = listed(7);
        exceptions.judge(7, outcome, outcome);
        assert_eq!(exceptions.finish().len(), 1);
    }
}

#[test]
fn an_entry_that_no_test_meets_fails() {
    assert_eq!(listed(7).finish(), ["a 7: no such test was run"]);
}

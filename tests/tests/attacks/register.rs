//! Every row has a test or a reason for having none.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

#[cfg(feature = "remote")]
use crate::remote;

use super::{
    algorithms, browsers, carriers, claims, json, keys, leaks, matrix, outages, sessions, signing, text,
};

/// One test with its rows.
pub(crate) struct Test {
    pub(crate) room: &'static str,
    pub(crate) name: &'static str,
    pub(crate) function: fn(),
    pub(crate) rows: &'static [&'static str],
}

const ROOMS: &[&[Test]] = &[
    algorithms::TESTS,
    keys::TESTS,
    text::TESTS,
    json::TESTS,
    claims::TESTS,
    carriers::TESTS,
    browsers::TESTS,
    matrix::TESTS,
    sessions::TESTS,
    outages::TESTS,
    signing::TESTS,
    leaks::TESTS,
    #[cfg(feature = "remote")]
    remote::faults::TESTS,
    #[cfg(feature = "remote")]
    remote::sets::TESTS,
    #[cfg(feature = "remote")]
    remote::metadata::TESTS,
    #[cfg(feature = "remote")]
    remote::peers::TESTS,
    #[cfg(feature = "remote")]
    remote::frameworks::TESTS,
    #[cfg(feature = "remote")]
    remote::quirks::TESTS,
    #[cfg(feature = "remote")]
    remote::leaks::TESTS,
    #[cfg(feature = "remote")]
    remote::soak::TESTS,
];

/// Rows whose names are no numbers alone.
const OTHERS: [&str; 21] = [
    "24a", "50a", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14",
    "R15", "R16", "R17", "R18", "R19",
];

/// A table of lines `first | second | third`; lines that begin with `#` are for readers.
fn table(text: &'static str) -> BTreeMap<&'static str, [&'static str; 2]> {
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [row, second, third] = cells[..] else { panic!("three cells: {line}") };
        assert!(!row.is_empty() && !second.is_empty() && !third.is_empty(), "an empty cell: {line}");
        assert!(rows.insert(row, [second, third]).is_none(), "{row} stands twice");
    }
    rows
}

/// Rows of what is fetched alone, whose tests are not built without the feature.
const FETCHED: &[&str] = if cfg!(feature = "remote") {
    &[]
} else {
    &[
        "66", "67", "68", "69", "70", "71", "72", "73", "74", "75", "76", "83", "R3", "R4", "R5", "R6", "R7",
        "R8", "R9", "R11", "R13", "R18", "R19",
    ]
};

#[test]
fn every_row_has_a_test_or_a_reason_for_having_none() {
    let rows = table(include_str!("rows.txt"));
    let exceptions = table(include_str!("exceptions.txt"));
    let numbered = (1..=56).chain(66..=92).map(|row: u8| row.to_string());
    let expected: BTreeSet<String> = numbered.chain(OTHERS.map(str::to_owned)).collect();
    assert_eq!(rows.keys().map(|row| (*row).to_owned()).collect::<BTreeSet<_>>(), expected);

    let mut covered: BTreeMap<&str, usize> = BTreeMap::new();
    for test in ROOMS.iter().copied().flatten() {
        for row in test.rows {
            assert!(rows.contains_key(row), "{} covers row {row}, which is not listed", test.name);
            *covered.entry(row).or_default() += 1;
        }
    }
    for row in rows.keys() {
        match (covered.contains_key(row), exceptions.contains_key(row)) {
            (false, false) if FETCHED.contains(row) => {}
            (false, false) => panic!("row {row} has neither a test nor an exception"),
            (true, true) => panic!("row {row} has a test: its exception is out of date"),
            _ => {}
        }
    }
    for row in exceptions.keys() {
        assert!(rows.contains_key(row), "an exception for row {row}, which is not listed");
    }
    assert_eq!((covered.len() + FETCHED.len(), exceptions.len(), rows.len()), (100, 4, 104));
}

#[test]
fn every_listed_test_is_one_that_runs() {
    let output =
        Command::new(std::env::current_exe().unwrap()).args(["--list", "--format", "terse"]).output();
    let listed = String::from_utf8(output.unwrap().stdout).unwrap();
    let listed: BTreeSet<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let mut names = BTreeSet::new();
    for test in ROOMS.iter().copied().flatten() {
        let (_, room) = test.room.split_once("::").unwrap();
        let name = format!("{room}::{}", test.name);
        assert!(listed.contains(name.as_str()), "{name} is no test");
        assert!(names.insert(name), "{} stands twice", test.name);
        // The compiler has seen that it exists; its address is all that is wanted of it.
        let _ = test.function;
    }
}

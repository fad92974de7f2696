//! `vectors/paths.json`, a file that any library can run, read as a stranger would.

use serde::Deserialize;

use crate::address::{Address, Transport};
use crate::discovery;
use crate::template::Template;

/// The form of the file; its README has the words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "for people")]
    about: String,
    policy: Policy,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    template: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    issuer: Option<String>,
    token_issuer: Option<String>,
    verdict: String,
    asks: Option<Vec<String>>,
    reason: Option<String>,
}

const README: &str = include_str!("../../vectors/README.md");

fn read() -> File {
    serde_json::from_str(include_str!("../../vectors/paths.json")).unwrap()
}

/// What is asked for, or the code of the refusal.
fn outcome(case: &Case, template: &Template) -> Result<Vec<String>, &'static str> {
    let issuer = match (&case.issuer, &case.token_issuer) {
        (Some(issuer), None) => issuer.clone(),
        (None, Some(issuer)) => match template.part_of(issuer) {
            Some(part) => template.issuer(part),
            None => return Err(jwt_core::Reason::UntrustedIssuer.code()),
        },
        _ => panic!("{}: not one issuer", case.name),
    };
    let address = Address::issuer(&issuer, Transport::OrLoopback).map_err(|error| error.code())?;
    Ok(discovery::places(&address))
}

#[test]
fn every_path_ends_as_its_file_says() {
    let file = read();
    let template = Template::new(&file.policy.template, Transport::OrLoopback).unwrap();
    let mut names = std::collections::BTreeSet::new();
    let mut failures = Vec::new();
    for case in &file.cases {
        assert!(names.insert(&case.name), "two cases are called {}", case.name);
        let expected = match (&*case.verdict, &case.asks, &case.reason) {
            ("accept", Some(asks), None) => Ok(asks.clone()),
            ("refuse", None, Some(reason)) => Err(&**reason),
            _ => panic!("{}: neither accepted nor refused for a reason", case.name),
        };
        let outcome = outcome(case, &template);
        if outcome != expected {
            failures.push(format!("{}: expected {expected:?}, is {outcome:?}", case.name));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_readme_lists_the_paths_and_their_reasons() {
    let cases = read().cases;
    let row = README.lines().find(|line| line.starts_with("| `paths.json` |")).unwrap_or_default();
    assert!(row.ends_with(&format!("| {} |", cases.len())), "paths.json has {} cases", cases.len());
    for reason in cases.iter().filter_map(|case| case.reason.as_deref()) {
        assert!(README.contains(&format!("| `{reason}` |")), "{reason} is not in the README");
    }
}

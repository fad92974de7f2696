//! Our own vectors: files that any library can run, written by [`write`] and read here as a stranger would.

mod cases;
mod write;

use core::time::Duration;
use std::collections::BTreeSet;
use std::path::PathBuf;

use jwt_core::request::{SimpleHead, read_cookie};
use jwt_core::{KeySet, Profile, Verifier};
use serde::{Deserialize, Serialize};

/// Every file, and how many cases it has.
const FILES: [(&str, usize); 16] = [
    ("base64url.json", 56),
    ("claims.json", 202),
    ("cookies.json", 81),
    ("header.json", 124),
    ("kid-named.json", 31),
    ("kid-nameless.json", 8),
    ("payload.json", 132),
    ("profile-access-token.json", 45),
    ("profile-id-token.json", 47),
    ("profile-logout-token.json", 48),
    ("profile-rfc9068.json", 52),
    ("shape-java-jwt.json", 9),
    ("shape-jjwt.json", 9),
    ("shape-php-jwt.json", 10),
    ("shape-system-identitymodel.json", 13),
    ("signature.json", 41),
];

/// The form of a file; its README has the words.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<serde_json::Value>,
    policy: Policy,
    cases: Vec<Case>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Policy {
    Token { issuer: String, audience: String, profile: String, leeway: u64 },
    Cookie { cookie: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookie: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<u64>,
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reads: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors"))
}

fn read(name: &str) -> File {
    let text = std::fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn profile(name: &str) -> Profile {
    match name {
        "access_token" => Profile::AccessToken,
        "rfc9068" => Profile::Rfc9068,
        "id_token" => Profile::IdToken,
        "logout_token" => Profile::LogoutToken,
        other => panic!("unknown profile {other}"),
    }
}

/// What the library makes of a case: what it reads, or the code of its refusal.
type Outcome = Result<Option<String>, &'static str>;

/// A function that runs the cases of a file.
fn runner(file: &File) -> Box<dyn Fn(&Case) -> Outcome> {
    match file.policy.clone() {
        Policy::Token { issuer, audience, profile: name, leeway } => {
            let keys = serde_json::to_vec(file.keys.as_ref().unwrap()).unwrap();
            let verifier = Verifier::builder()
                .with_keys(KeySet::from_jwks_json(&keys).unwrap())
                .with_audience(audience)
                .with_issuer(issuer)
                .with_profile(profile(&name))
                .with_leeway(Duration::from_secs(leeway))
                .build()
                .unwrap();
            Box::new(move |case| {
                let now = Duration::from_secs(case.now.unwrap());
                match verifier.verify_at(case.token.as_ref().unwrap(), now) {
                    Ok(_) => Ok(None),
                    Err(error) => Err(error.reason().code()),
                }
            })
        }
        Policy::Cookie { cookie } => Box::new(move |case| {
            let fields = case.cookie.iter().flatten();
            let head = fields.fold(SimpleHead::get("/"), |head, field| head.with_field("Cookie", &**field));
            match read_cookie(&head, &cookie) {
                Ok(Some(token)) => Ok(Some(token.to_owned())),
                Ok(None) => Err(jwt_core::Reason::NoCredentials.code()),
                Err(reason) => Err(reason.code()),
            }
        }),
    }
}

impl Case {
    fn expected(&self) -> Result<Option<String>, &str> {
        match (&*self.verdict, &self.reason) {
            ("accept", None) => Ok(self.reads.clone()),
            ("refuse", Some(reason)) if self.reads.is_none() => Err(reason),
            _ => panic!("{}: neither accepted nor refused for a reason", self.name),
        }
    }
}

#[test]
fn every_case_ends_as_its_file_says() {
    let mut failures = Vec::new();
    for (name, count) in FILES {
        let file = read(name);
        let run = runner(&file);
        let mut names = BTreeSet::new();
        for case in &file.cases {
            assert!(names.insert(&case.name), "{name}: two cases are called {}", case.name);
            let (expected, outcome) = (case.expected(), run(case));
            if expected != outcome {
                failures.push(format!("{name}: {}: expected {expected:?}, is {outcome:?}", case.name));
            }
        }
        if file.cases.len() != count {
            failures.push(format!("{name}: {} cases", file.cases.len()));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What is accepted is accepted for its signature, not because nothing was looked at.
#[test]
fn no_case_is_accepted_under_another_key() {
    let mut accepted = 0;
    for (name, _) in FILES {
        let mut file = read(name);
        let Some(keys) = file.keys.as_mut().and_then(|keys| keys["keys"].as_array_mut()) else { continue };
        // Of each type another key, so that only the signature can tell.
        for key in keys.iter_mut() {
            let other = match key["kty"].as_str() {
                Some("oct") => {
                    serde_json::json!({ "k": "b3RoZXIgc2VjcmV0IHRoYW4gdGhlIG9uZSBvZiB0aGUgZmlsZXM" })
                }
                Some("EC") if key["x"] == cases::OTHER.public()["x"] => cases::OURS.public(),
                Some("EC") => cases::OTHER.public(),
                _ => serde_json::json!({ "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
            };
            for member in ["k", "x", "y"] {
                if let Some(value) = other.get(member) {
                    key[member] = value.clone();
                }
            }
        }
        let run = runner(&file);
        for case in file.cases.iter().filter(|case| case.verdict == "accept") {
            assert_eq!(run(case), Err("bad_signature"), "{name}: {}", case.name);
            accepted += 1;
        }
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn the_readme_lists_files_and_reasons() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for (name, count) in FILES {
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap_or_default();
        assert!(row.ends_with(&format!("| {count} |")), "{name} with {count} cases is not in the README");
    }
    let used: BTreeSet<String> =
        FILES.iter().flat_map(|(name, _)| read(name).cases).filter_map(|case| case.reason).collect();
    let (_, listed) = readme.split_once("| reason | |").unwrap();
    let listed: BTreeSet<String> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code.to_owned())
        .collect();
    assert_eq!(used, listed);
}

#[test]
fn no_file_is_forgotten() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    // The paths are run by jwt-remote.
    let others = ["README.md", "paths.json"];
    let listed = FILES.iter().map(|(name, _)| *name).chain(others).map(str::to_owned).collect();
    assert_eq!(files, listed);
}

//! What the compiler tells whoever misuses the crates, for the mistakes that beginners make.
//!
//! Each file beside this one is a program that is wrong, and right under `--cfg right`. It is compiled by the
//! same compiler against the same libraries as this test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails in here fails a test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The newest library of the crate `tests`: whatever of it is older was made of other sources.
fn library() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let files = std::fs::read_dir(program.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let libraries = files.filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libtests-") && name.ends_with(".rlib")
    });
    libraries.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}

/// The errors of a program, each as its message with labels and notes.
fn errors(name: &str, is_right: bool) -> Vec<Vec<String>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/misuse/{name}.rs"));
    // As if each crate were a dependency of its own; behind the text, so that lines stay what they are.
    let text = std::fs::read_to_string(program).unwrap() + "use tests::crates::*;\n";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("misuse-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}_{is_right}.rs"));
    std::fs::write(&file, text).unwrap();

    let library = library();
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args([
        "--edition=2024",
        "--crate-type=lib",
        "--emit=metadata",
        "--error-format=json",
        "-Awarnings",
    ]);
    rustc.arg("--out-dir").arg(&folder).arg("-L").arg(library.parent().unwrap());
    rustc.arg("--extern").arg(format!("tests={}", library.display()));
    rustc.args(if is_right { &["--cfg=right"][..] } else { &[] });
    let output = rustc.arg(file).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.success(), is_right, "{name}: {said}");
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter_map(|said: Value| words(&said))
        .collect()
}

/// What an error says, without the places in the text.
fn words(said: &Value) -> Option<Vec<String>> {
    // Whoever depends on the crates themselves has no such path.
    let text = |value: &Value| Some(value.as_str()?.replace("tests::crates::", ""));
    let code = text(said.pointer("/code/code")?)?;
    let mut words = vec![format!("{code}: {}", text(&said["message"])?)];
    words.extend(said["spans"].as_array()?.iter().filter_map(|span| text(&span["label"])));
    words.extend(said["children"].as_array()?.iter().filter_map(|child| text(&child["message"])));
    Some(words)
}

/// For each program what its first error says, among other things.
const SAID: &[(&str, &[&str])] = &[
    (
        "claims_axum",
        &[
            "E0277: the trait bound `User: serde::Deserialize<'de>` is not satisfied",
            "for local types consider adding `#[derive(serde::Deserialize)]` to your `User` type",
            "required by a bound in `axum_jwt::Claims`",
        ],
    ),
    (
        "claims_actix",
        &[
            "E0277: the trait bound `User: serde::Deserialize<'de>` is not satisfied",
            "for local types consider adding `#[derive(serde::Deserialize)]` to your `User` type",
            "required for `actix_jwt::Claims<User>` to implement `actix_web::FromRequest`",
        ],
    ),
    ("permission_axum", NO_PERMISSION),
    ("permission_actix", NO_PERMISSION),
    ("authority_axum", NO_AUTHORITY),
    ("authority_actix", NO_AUTHORITY),
    (
        "body",
        &[
            "E0277: `axum_jwt::ProblemJson` cannot make refusals with the response body `Frames`",
            "this refusal does not fit the service's response body",
            "`ProblemJson`, the default, needs `Frames: From<String>`",
            "for other bodies call `.with_refusal(Bodyless)` or pass a closure `|refusal: &Refusal| http::Response<Frames>` (both need `Frames: Default`), or implement `RefusalResponse`",
        ],
    ),
    (
        "refusal_axum",
        &[
            "E0277: `&str` cannot make refusals with the response body `axum::body::Body`",
            "this refusal does not fit the service's response body",
        ],
    ),
    (
        "refusal_actix",
        &[
            "E0277: `&str` cannot make refusals",
            "not a maker of refusals",
            "pass `ProblemJson`, `Bodyless` or a closure `|refusal: &Refusal| HttpResponse`, or implement `RefusalResponse`",
        ],
    ),
    (
        "order",
        &[
            "E0599: no method named `with_issuer` found for struct `AuthorityBuilder<NeedsAudience>` in the current scope",
            "the method was found for\n- `AuthorityBuilder<NeedsIssuer>`",
        ],
    ),
    (
        "unfinished",
        &[
            "E0599: no method named `build` found for struct `AuthorityBuilder<NeedsIssuer>` in the current scope",
        ],
    ),
];

const NO_PERMISSION: &[&str] = &[
    "E0277: `Admin` does not say what it requires",
    "not a `Permission`",
    "write `impl Permission for Admin { const REQUIREMENT: Requirement = Requirement::scope(\"…\"); }`",
];

const NO_AUTHORITY: &[&str] = &[
    "E0277: `Result<Verifier, ConfigError>` does not say whether a token is good",
    "not a `Verifier`, nor another `TokenAuthority`, nor a `RequestAuth`",
    "pass a `Verifier`; if this is a `Result`, a `?` is missing behind `build()`",
];

#[test]
fn a_misuse_is_told_in_words_that_help() {
    for (name, words) in SAID {
        assert!(errors(name, true).is_empty(), "{name}");
        let errors = errors(name, false);
        let first = errors.first().unwrap();
        for said in *words {
            assert!(first.iter().any(|word| word == said), "{name}: {said:?} is not in {first:#?}");
        }
    }
}

#[test]
fn every_program_is_compiled() {
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/misuse")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut programs: Vec<_> = names.filter(|name| name != "mod.rs").collect();
    programs.sort();
    let mut listed: Vec<_> = SAID.iter().map(|(name, _)| format!("{name}.rs")).collect();
    listed.sort();
    assert_eq!(programs, listed);
}

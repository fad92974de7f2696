//! A fuzzer that finds nothing may be broken: here it has something to find.

use std::process::Command;

use fuzz::driver::{self, Failure, Until};
use fuzz::targets::{self, Target};

/// Breaks where a token's algorithm was changed inside its base64url.
fn planted(input: &[u8]) {
    use base64::Engine as _;
    let first = input.split(|b| *b == b'.').next().unwrap_or_default();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(first).unwrap_or_default();
    let found = header.windows(12).any(|part| part == br#""alg":"none""#) && header.len() > 20;
    assert!(!found, "planted");
}

#[test]
fn a_planted_fault_is_found_and_its_input_repeats_it() {
    let target = Target { name: "token", run: planted };
    let failure = driver::run(&target, 1, Until::Executions(200_000)).unwrap_err();
    let Failure::Crash(crash) = failure else { panic!("the corpus is there") };
    assert!(crash.origin.starts_with("seed 1, execution "), "{}", crash.origin);
    assert!(driver::execute(&target, &crash.input, String::new).is_err());
    assert_eq!(driver::from_hex(&driver::hex(&crash.input)), Some(crash.input));
}

#[test]
fn every_target_replays_its_corpus_and_runs() {
    for target in targets::ALL {
        match driver::run(target, 2, Until::Executions(500)) {
            Ok(report) => assert!(report.replayed > 0 && report.executions == 500, "{}", target.name),
            Err(failure) => panic!("{}: {failure}", target.name),
        }
    }
}

#[test]
fn the_exit_code_tells_wrong_arguments_from_a_run() {
    let fuzz =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_fuzz")).args(arguments).output().unwrap();
    let run = fuzz(&["cookie", "--executions", "64", "--seed", "3"]);
    assert_eq!(run.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&run.stdout).contains("64 executions"));
    assert_eq!(fuzz(&["cookie", "--input", "613d62"]).status.code(), Some(0));
    for wrong in [&["nothing"][..], &[], &["cookie", "--seconds"], &["cookie", "--input", "6"]] {
        assert_eq!(fuzz(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

//! Tokens, keys and key sets exchanged with other languages' libraries, which run as processes of their own.
//!
//! 1. What a library supports is asked of it ([`Foreign::algorithms`]); nothing here lists algorithms.
//! 2. Tokens go both ways, under keys that they made and keys that we made, in each form they read and write.
//! 3. Each direction refuses a tampered payload and signature, a wrong audience and issuer, and an expired
//!    token, for the reason at hand and no other; a library that looks at no claims, as far as it looks.
//! 4. A table of tokens goes to every library and to middleware of other frameworks. Where their verdict is not ours,
//!    `tests/interop/DIFFERENCES.md` says so and why; an unexpected difference fails, and so does an unexpected
//!    agreement.
//! 5. A key ring rotates, and clients that fetch its JWK set follow.
//! 6. The numbers of all that are written out below, so that nothing falls silent.
//!
//! A library that cannot be started fails its test: `scripts/install interop-node interop-python interop-debian`.

#[cfg(feature = "remote")]
mod browser;
mod differences;
mod foreign;
mod key_rings;
mod key_sets;
mod keys;
mod libraries;
mod matrix;
mod odd_json;
#[cfg(feature = "remote")]
mod oidc;
#[cfg(feature = "remote")]
#[path = "../printed_lines.rs"]
mod printed_lines;
#[cfg(feature = "remote")]
mod process;
#[cfg(feature = "sqlite")]
mod refresh_races;
mod report;
mod salts;
mod short_keys;
mod signer;
mod softhsm;
mod table;
mod tokens;
mod verdicts;

use foreign::{Algorithms, Foreign};
use libraries::Library;
use report::{Counts, Report};
use verdicts::By;

/// HMAC, RSA and ECDSA only: 9.0.3 keeps a fixed list of names, and refuses `EdDSA`, `Ed25519` and ML-DSA with
/// `"algorithm" must be a valid string enum value` (a Node.js before 24.7 makes no ML-DSA key to begin with).
/// It reads no JWK set. JWKs reach it through Node.js, which reads none of type `oct`, so its three HMACs have
/// one form of key and the other nine have two.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn jsonwebtoken_and_this_workspace_read_each_other() {
    exchange(&libraries::JSONWEBTOKEN, |_| Counts {
        algorithms: 12,
        // 3 × 1 form × 4, 9 × 2 forms × 4.
        accepted: 84,
        refused: 120,
        odd_json: 16,
        salts: (6, 12),
        verdicts: (243, 149),
        ..Counts::default()
    });
}

/// Everything of ours except ML-DSA, which jose 6 takes from the runtime's Web Cryptography: Node.js has it
/// from 24.7 on, and before that says `Unrecognized algorithm name`.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn jose_and_this_workspace_read_each_other() {
    exchange(&libraries::JOSE, |runtime| {
        // ML-DSA adds three algorithms, asymmetric all of them.
        let added = if foreign::node_has_ml_dsa(runtime) { 3 } else { 0 };
        Counts {
            algorithms: 14 + added,
            // 2 forms × 4 for each algorithm.
            accepted: (14 + added) * 8,
            refused: (14 + added) * 10,
            // Both ways and the thumbprint for each of the 11 asymmetric ones; two refusals each way.
            key_sets: ((11 + added) * 3, (11 + added) * 4),
            odd_json: 16,
            salts: (6, 12),
            verdicts: (269, 123),
            ..Counts::default()
        }
    });
}

/// HMAC, RSA and ECDSA. It looks at no claim, so it refuses a payload and a signature only, where we refuse five tokens.
/// One key of a type that it does not know, and it reads nothing of a set.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn node_jose_and_this_workspace_read_each_other() {
    exchange(&libraries::NODE_JOSE, |_| Counts {
        algorithms: 12,
        accepted: 96,
        // 5 of theirs and 2 of ours for each algorithm.
        refused: 84,
        // 9 asymmetric ones; and the set with all of ours.
        key_sets: (27, 37),
        odd_json: 16,
        salts: (6, 12),
        verdicts: (135, 257),
        ..Counts::default()
    });
}

/// HMAC, RSA, ECDSA and `EdDSA`. It reads no JWK and signs objects only, which it writes by itself.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn fast_jwt_and_this_workspace_read_each_other() {
    exchange(&libraries::FAST_JWT, |_| Counts {
        algorithms: 13,
        // One form × 4 for each algorithm.
        accepted: 52,
        refused: 130,
        odd_json: 8,
        salts: (6, 12),
        verdicts: (281, 111),
        ..Counts::default()
    });
}

/// It fetches our set over HTTP and gives keys to jsonwebtoken, whose nine asymmetric algorithms they are. It skips those
/// that it does not know.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn jwks_rsa_reads_our_key_sets() {
    fetch(&libraries::JWKS_RSA, &Counts { algorithms: 9, key_sets: (9, 18), ..Counts::default() });
}

/// Everything of ours except `Ed25519` and ML-DSA, names that PyJWT 2.15 does not know
/// (`Algorithm not supported`); it says `EdDSA`, for Ed25519 and Ed448 alike.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn pyjwt_and_this_workspace_read_each_other() {
    exchange(&libraries::PYJWT, |_| Counts {
        algorithms: 13,
        // 2 forms × 4 for each algorithm.
        accepted: 104,
        refused: 130,
        // Both ways for each of the 10 asymmetric ones; two refusals each way.
        key_sets: (20, 40),
        odd_json: 16,
        salts: (6, 12),
        verdicts: (287, 105),
        ..Counts::default()
    });
}

/// Everything of ours except ML-DSA, whose type of key it does not know (`Invalid key type: 'AKP'`).
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn joserfc_and_this_workspace_read_each_other() {
    exchange(&libraries::JOSERFC, |_| Counts {
        algorithms: 14,
        accepted: 112,
        refused: 140,
        key_sets: (33, 44),
        odd_json: 16,
        salts: (6, 12),
        verdicts: (300, 92),
        ..Counts::default()
    });
}

/// HMAC, RSA, ECDSA and `EdDSA`. One key of a type that it does not know, and it reads nothing of a set; and it writes
/// numbers of elliptic curve keys without their leading zeros.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn authlib_and_this_workspace_read_each_other() {
    exchange(&libraries::AUTHLIB, |_| Counts {
        algorithms: 13,
        accepted: 104,
        refused: 130,
        key_sets: (30, 41),
        odd_json: 16,
        salts: (6, 12),
        short_keys: 1,
        verdicts: (272, 120),
    });
}

/// HMAC, RSA, ECDSA and `EdDSA`, by a command that compares neither issuer nor audience, and takes RSASSA-PSS with any salt.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn golang_jwt_and_this_workspace_read_each_other() {
    exchange(&libraries::GOLANG_JWT, |_| Counts {
        algorithms: 13,
        accepted: 52,
        // 5 of theirs and 3 of ours for each algorithm.
        refused: 104,
        odd_json: 8,
        salts: (12, 6),
        verdicts: (207, 185),
        ..Counts::default()
    });
}

/// HMAC, RSA and ECDSA, by a command that knows JWK and no other form of key, and looks at no claim.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn latchset_jose_and_this_workspace_read_each_other() {
    exchange(&libraries::LATCHSET_JOSE, |_| Counts {
        algorithms: 12,
        accepted: 48,
        refused: 84,
        key_sets: (27, 36),
        odd_json: 16,
        salts: (6, 12),
        verdicts: (147, 245),
        ..Counts::default()
    });
}

/// HMAC, RSA and ECDSA; Ed25519 would take a gem that Debian's package does not bring. It takes RSASSA-PSS with any salt,
/// and writes `d` of elliptic curve keys without its leading zeros. Its JWKs of type `oct` are none (RFC 7518 §6.4.1).
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn ruby_jwt_and_this_workspace_read_each_other() {
    exchange(&libraries::RUBY_JWT, |_| Counts {
        algorithms: 12,
        // 3 × 1 form × 4, 9 × 2 forms × 4.
        accepted: 84,
        refused: 120,
        key_sets: (27, 36),
        odd_json: 16,
        salts: (12, 6),
        short_keys: 1,
        verdicts: (209, 183),
    });
}

/// jsonwebtoken before a route of Express: its differences, but for what Express answers with 401.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn express_jwt_judges_as_this_workspace_does() {
    guard(&libraries::EXPRESS_JWT, &Counts { algorithms: 3, verdicts: (252, 125), ..Counts::default() });
}

/// fast-jwt before a route of Fastify, which answers 500 for many of its refusals.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn fastify_jwt_judges_as_this_workspace_does() {
    guard(
        &libraries::FASTIFY_JWT,
        &Counts { algorithms: 3, accepted: 3, verdicts: (169, 208), ..Counts::default() },
    );
}

/// With a JWK set that it fetches, and for HS256 with a secret.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn express_oauth2_jwt_bearer_judges_as_this_workspace_does() {
    guard(
        &libraries::EXPRESS_OAUTH2_JWT_BEARER,
        &Counts { algorithms: 3, verdicts: (274, 103), ..Counts::default() },
    );
}

/// The same secret or key pair, tokens both ways.
#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn simplejwt_judges_as_this_workspace_does() {
    guard(
        &libraries::SIMPLEJWT,
        &Counts { algorithms: 3, accepted: 3, verdicts: (269, 108), ..Counts::default() },
    );
}

/// Starts the library once, runs every part of the exchange, stops it, and only then judges.
fn exchange(library: &Library, expected: impl FnOnce(&str) -> Counts) {
    let mut foreign = Foreign::start(library).unwrap_or_else(|problem| panic!("{problem}"));
    let algorithms = foreign.algorithms().unwrap_or_else(|problem| panic!("{problem}"));
    let mut report = Report::new(&foreign, &algorithms);
    matrix::run(&mut foreign, &algorithms, &mut report);
    key_sets::run(&mut foreign, &algorithms, &mut report);
    odd_json::run(&mut foreign, &mut report);
    salts::run(&mut foreign, &algorithms, &mut report);
    short_keys::run(&mut foreign, &mut report);
    verdicts::run(&mut foreign, &algorithms.supported, By::Library, &mut report);
    let expected = expected(foreign.runtime());
    end(foreign, report, &expected);
}

/// As [`exchange`], of a client of JWK sets, which is all that it does.
fn fetch(library: &Library, expected: &Counts) {
    let mut foreign = Foreign::start(library).unwrap_or_else(|problem| panic!("{problem}"));
    let algorithms = foreign.algorithms().unwrap_or_else(|problem| panic!("{problem}"));
    let mut report = Report::new(&foreign, &algorithms);
    key_sets::run(&mut foreign, &algorithms, &mut report);
    end(foreign, report, expected);
}

/// Judges the table by middleware, in a process of its own for each algorithm: some are configured once.
fn guard(library: &Library, expected: &Counts) {
    let mut report: Option<Report> = None;
    for algorithm in table::ALGORITHMS {
        let mut foreign = Foreign::start(library).unwrap_or_else(|problem| panic!("{problem}"));
        let whole = Algorithms { supported: table::ALGORITHMS.to_vec(), absent: Default::default() };
        let report = report.get_or_insert_with(|| Report::new(&foreign, &whole));
        if library.mints {
            verdicts::mint(&mut foreign, algorithm, report);
        }
        verdicts::run(&mut foreign, &[algorithm], By::Middleware, report);
        if let Err(problem) = foreign.stop() {
            report.fail(problem);
        }
    }
    let report = report.unwrap();
    report.print();
    report.judge(expected);
}

fn end(foreign: Foreign<'_>, mut report: Report, expected: &Counts) {
    if let Err(problem) = foreign.stop() {
        report.fail(problem);
    }
    report.print();
    report.judge(expected);
}

/// A difference that no test meets would stand there for ever.
#[test]
#[ignore = "run by scripts/interop, beside the tests that need the programs of others"]
fn differences_are_of_tokens_and_libraries_that_exist() {
    let tokens: Vec<&str> = table::ALGORITHMS.into_iter().flat_map(table::rows).map(|row| row.name).collect();
    for difference in differences::all() {
        assert!(libraries::ALL.iter().any(|library| library.name == difference.library), "{difference:?}");
        assert!(tokens.contains(&difference.token), "{difference:?}");
        assert!(difference.reason.len() > 10, "{difference:?}");
    }
}

//! Tokens, keys and key sets exchanged with other languages' libraries, which run as processes of their own.
//!
//! 1. What a library supports is asked of it ([`Foreign::algorithms`]); nothing here lists algorithms.
//! 2. Tokens go both ways, under keys that they made and keys that we made, in each form they read and write.
//! 3. Each direction refuses a tampered payload and signature, a wrong audience and issuer, and an expired
//!    token, for the reason at hand and no other.
//! 4. The numbers of all that are written out below, so that nothing falls silent.
//!
//! A library that cannot be started fails its test: `scripts/install interop-node interop-python`.

mod foreign;
mod key_sets;
mod keys;
mod matrix;
mod odd_json;
mod report;
mod salts;
mod tokens;

use foreign::{Driver, Foreign, Library, Refusals};
use report::{Counts, Report};

/// HMAC, RSA and ECDSA only: 9.0.3 keeps a fixed list of names, and refuses `EdDSA`, `Ed25519` and ML-DSA with
/// `"algorithm" must be a valid string enum value` (a Node.js before 24.7 makes no ML-DSA key to begin with).
/// It reads no JWK set. JWKs reach it through Node.js, which reads none of type `oct`, so its three HMACs have
/// one form of key and the other nine have two.
#[test]
fn jsonwebtoken_and_this_workspace_read_each_other() {
    let library = Library {
        name: "jsonwebtoken",
        driver: Driver::Node,
        pinned: || foreign::npm_pin("jsonwebtoken"),
        refusals: Refusals {
            signature: "JsonWebTokenError: invalid signature",
            audience: "JsonWebTokenError: jwt audience invalid",
            issuer: "JsonWebTokenError: jwt issuer invalid",
            expired: "TokenExpiredError: ",
            unknown_key: None,
        },
        knows_thumbprints: false,
    };
    exchange(&library, |_| Counts {
        algorithms: 12,
        // 3 × 1 form × 4, 9 × 2 forms × 4.
        accepted: 84,
        refused: 120,
        key_sets: (0, 0),
        odd_json: 16,
        salts: (6, 12),
    });
}

/// Everything of ours except ML-DSA, which jose 6 takes from the runtime's Web Cryptography: Node.js has it
/// from 24.7 on, and before that says `Unrecognized algorithm name`.
#[test]
fn jose_and_this_workspace_read_each_other() {
    let library = Library {
        name: "jose",
        driver: Driver::Node,
        pinned: || foreign::npm_pin("jose"),
        refusals: Refusals {
            signature: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED: ",
            audience: "ERR_JWT_CLAIM_VALIDATION_FAILED: unexpected \"aud\"",
            issuer: "ERR_JWT_CLAIM_VALIDATION_FAILED: unexpected \"iss\"",
            expired: "ERR_JWT_EXPIRED: ",
            unknown_key: Some("ERR_JWKS_NO_MATCHING_KEY: "),
        },
        knows_thumbprints: true,
    };
    exchange(&library, |runtime| {
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
        }
    });
}

/// Everything of ours except `Ed25519` and ML-DSA, names that PyJWT 2.15 does not know
/// (`Algorithm not supported`); it says `EdDSA`, for Ed25519 and Ed448 alike.
#[test]
fn pyjwt_and_this_workspace_read_each_other() {
    let library = Library {
        name: "PyJWT",
        driver: Driver::Python,
        pinned: || foreign::python_pin("PyJWT"),
        refusals: Refusals {
            signature: "InvalidSignatureError: ",
            audience: "InvalidAudienceError: ",
            issuer: "InvalidIssuerError: ",
            expired: "ExpiredSignatureError: ",
            unknown_key: Some("KeyError: "),
        },
        knows_thumbprints: false,
    };
    exchange(&library, |_| Counts {
        algorithms: 13,
        // 2 forms × 4 for each algorithm.
        accepted: 104,
        refused: 130,
        // Both ways for each of the 10 asymmetric ones; two refusals each way.
        key_sets: (20, 40),
        odd_json: 16,
        salts: (6, 12),
    });
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
    let expected = expected(foreign.runtime());
    if let Err(problem) = foreign.stop() {
        report.fail(problem);
    }
    report.print();
    report.judge(&expected);
}

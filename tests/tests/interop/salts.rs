//! The salt of RSASSA-PSS is as long as the hash (RFC 7518 §3.5), neither shorter nor longer.

use jwt_core::{Algorithm, Family, Hash, Reason};
use serde_json::{Value, json};

use super::foreign::{Algorithms, Foreign, text};
use super::keys::{self, Travelling};
use super::report::{Due, Part, Report};
use super::tokens::{AUDIENCE, ISSUER, claims, issue, same, they_refuse, verifier, we_refuse};

pub(crate) fn run(foreign: &mut Foreign<'_>, algorithms: &Algorithms, report: &mut Report) {
    let pss = algorithms.supported.iter().filter(|algorithm| algorithm.facts().family == Family::RsaPss);
    for algorithm in pss.copied() {
        let ours = keys::ours(algorithm);
        let keys =
            keys::export(ours, "pem").and_then(|pem| Ok((pem, keys::export(ours, foreign.library.form)?)));
        match keys {
            Ok((pem, key)) => one_algorithm(foreign, algorithm, &pem, &key, report),
            Err(problem) => report.fail(format!("{algorithm}: {problem}")),
        }
    }
}

/// The same key in two forms: as the cryptography beneath the library reads it, and as the library does.
fn one_algorithm(
    foreign: &mut Foreign<'_>,
    algorithm: Algorithm,
    pem: &Travelling,
    key: &Travelling,
    report: &mut Report,
) {
    let ours = keys::ours(algorithm);
    let due = hash_len(algorithm);
    let theirs = foreign
        .sign(algorithm, &key.sign, ("claims", claims()), None)
        .and_then(|token| salt_is_of_length(foreign, algorithm, pem, &token, due));
    report.note(Part::Salts, Due::Accept, &format!("{algorithm}, they sign, length of the salt"), theirs);
    let own = issue(ours, ISSUER, AUDIENCE, 0)
        .and_then(|token| salt_is_of_length(foreign, algorithm, pem, &token, due));
    report.note(Part::Salts, Due::Accept, &format!("{algorithm}, we sign, length of the salt"), own);

    // None at all, and the longest that fits beside the hash in 256 bytes.
    for salt in [0, 254_usize.saturating_sub(due)] {
        let token = sign_with_salt(foreign, algorithm, pem, salt);
        let we = token
            .clone()
            .and_then(|token| we_refuse(&verifier(ours.verifying_key()), &token, Reason::BadSignature));
        report.note(Part::Salts, Due::Refuse, &format!("{algorithm}, we verify, salt of {salt}"), we);
        let what = format!("{algorithm}, they verify, salt of {salt}");
        if foreign.library.takes_any_salt {
            let they = token.and_then(|token| foreign.verify(algorithm, &key.verify, &token)?.map(drop));
            report.note(Part::Salts, Due::Accept, &what, they);
        } else {
            let begins = foreign.library.refusals.signature;
            let they = token.and_then(|token| they_refuse(foreign, algorithm, &key.verify, &token, begins));
            report.note(Part::Salts, Due::Refuse, &what, they);
        }
    }
}

/// As the cryptography beneath the library measures it, by trying every length.
fn salt_is_of_length(
    foreign: &mut Foreign<'_>,
    algorithm: Algorithm,
    key: &Travelling,
    token: &str,
    due: usize,
) -> Result<(), String> {
    let request =
        with(&key.verify, json!({ "op": "salt_length", "algorithm": algorithm.name(), "token": token }));
    let measured = foreign.ask(request)?["salt_length"].as_u64();
    same("length of the salt", measured, u64::try_from(due).ok())
}

/// A token that the cryptography beneath the library signs with another salt than the library would.
fn sign_with_salt(
    foreign: &mut Foreign<'_>,
    algorithm: Algorithm,
    key: &Travelling,
    salt: usize,
) -> Result<String, String> {
    let request = with(
        &key.sign,
        json!({ "op": "sign_with_salt", "algorithm": algorithm.name(), "claims": claims(), "salt_length": salt }),
    );
    text(&foreign.ask(request)?, "token")
}

fn with(key: &Value, mut request: Value) -> Value {
    for (name, value) in key.as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    request
}

fn hash_len(algorithm: Algorithm) -> usize {
    match algorithm.facts().hash {
        Some(Hash::Sha256) => 32,
        Some(Hash::Sha384) => 48,
        _ => 64,
    }
}

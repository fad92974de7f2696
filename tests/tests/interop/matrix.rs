//! Every algorithm, both directions, keys of both sides, in every form.

use jwt_core::{Algorithm, Reason, SigningKey, VerifyingKey};
use serde_json::json;

use super::foreign::{Algorithms, Foreign};
use super::keys::{self, Travelling};
use super::report::{COLUMNS, Due, Part, Report, WE_SIGN_WITH_THEIRS};
use super::tokens::{
    AUDIENCE, ISSUER, claims, issue, now, they_accept, they_refuse, verifier, we_accept, we_refuse,
    with_other_payload, with_other_signature,
};

pub(crate) fn run(foreign: &mut Foreign<'_>, algorithms: &Algorithms, report: &mut Report) {
    for algorithm in &algorithms.supported {
        match keys::theirs(foreign, *algorithm) {
            Ok(theirs) => one_algorithm(foreign, *algorithm, &theirs, report),
            Err(problem) => report.fail(format!("{algorithm}: {problem}")),
        }
    }
}

fn one_algorithm(
    foreign: &mut Foreign<'_>,
    algorithm: Algorithm,
    theirs: &[Travelling],
    report: &mut Report,
) {
    let ours = keys::ours(algorithm);
    let mut cells: [Vec<String>; 4] = Default::default();
    for their in theirs {
        let outcomes = [
            keys::verifying(algorithm, their).and_then(|key| they_sign(foreign, algorithm, their, key, None)),
            keys::export(ours, &their.form)
                .and_then(|our| they_sign(foreign, algorithm, &our, ours.verifying_key(), Some(ours))),
            keys::signing(algorithm, their).and_then(|key| we_sign(foreign, &key, their)),
            keys::export(ours, &their.form).and_then(|our| we_sign(foreign, ours, &our)),
        ];
        for ((cell, column), outcome) in cells.iter_mut().zip(COLUMNS).zip(outcomes) {
            let what = format!("{algorithm}, {column}, {}", their.form);
            // What the backend lacks is to fail where we read their private key, and nowhere else.
            if column == WE_SIGN_WITH_THEIRS && !tests::backend::signs(algorithm) {
                report.absent(&what, outcome);
                continue;
            }
            let right = report.note(Part::Matrix, Due::Accept, &what, outcome);
            cell.push(if right { their.form.clone() } else { format!("{}:FAILED", their.form) });
        }
    }
    let refusals = match theirs.first() {
        Some(their) => refusals_of_ours(foreign, algorithm, their, report)
            .saturating_add(refusals_of_theirs(foreign, algorithm, &their.form, report)),
        None => 0,
    };
    report.row(algorithm.name(), cells, refusals);
}

fn they_sign(
    foreign: &mut Foreign<'_>,
    algorithm: Algorithm,
    key: &Travelling,
    verifying: VerifyingKey,
    ours: Option<&SigningKey>,
) -> Result<(), String> {
    // Under our key the token names it; under theirs it names none.
    let key_id = ours.and_then(|ours| ours.key_id()).map(|key_id| &**key_id);
    let token = foreign.sign(algorithm, &key.sign, ("claims", claims()), key_id)?;
    we_accept(&verifier(verifying), algorithm, &token)
}

fn we_sign(foreign: &mut Foreign<'_>, signing: &SigningKey, key: &Travelling) -> Result<(), String> {
    let token = issue(signing, ISSUER, AUDIENCE, 0)?;
    they_accept(foreign, signing.algorithm(), &key.verify, &token)
}

/// They sign with their key, and we refuse.
fn refusals_of_ours(
    foreign: &mut Foreign<'_>,
    algorithm: Algorithm,
    key: &Travelling,
    report: &mut Report,
) -> usize {
    let hour_ago = now().saturating_sub(3600);
    let mut sign = |changes: &[(&str, serde_json::Value)]| {
        let mut claims = claims();
        for (name, value) in changes {
            claims[*name] = value.clone();
        }
        foreign.sign(algorithm, &key.sign, ("claims", claims), None)
    };
    let good = sign(&[]);
    let tokens = [
        ("tampered payload", good.clone().and_then(|token| with_other_payload(&token)), Reason::BadSignature),
        ("tampered signature", good.and_then(|token| with_other_signature(&token)), Reason::BadSignature),
        ("wrong audience", sign(&[("aud", json!("https://other.example"))]), Reason::WrongAudience),
        ("wrong issuer", sign(&[("iss", json!("https://other.example/"))]), Reason::WrongIssuer),
        ("expired", sign(&[("iat", json!(hour_ago)), ("exp", json!(hour_ago))]), Reason::Expired),
    ];
    let verifier = keys::verifying(algorithm, key).map(verifier);
    let noted = tokens.map(|(what, token, reason)| {
        let outcome =
            token.and_then(|token| we_refuse(verifier.as_ref().map_err(Clone::clone)?, &token, reason));
        report.note(Part::Matrix, Due::Refuse, &format!("{algorithm}, they sign, {what}"), outcome)
    });
    noted.into_iter().filter(|right| *right).count()
}

/// We sign with our key, and they refuse.
fn refusals_of_theirs(
    foreign: &mut Foreign<'_>,
    algorithm: Algorithm,
    form: &str,
    report: &mut Report,
) -> usize {
    let ours = keys::ours(algorithm);
    let key = keys::export(ours, form);
    let good = issue(ours, ISSUER, AUDIENCE, 0);
    let refusals = &foreign.library.refusals;
    let tokens = [
        (
            "tampered payload",
            good.clone().and_then(|token| with_other_payload(&token)),
            Some(refusals.signature),
        ),
        ("tampered signature", good.and_then(|token| with_other_signature(&token)), Some(refusals.signature)),
        ("wrong audience", issue(ours, ISSUER, "https://other.example", 0), refusals.audience),
        ("wrong issuer", issue(ours, "https://other.example/", AUDIENCE, 0), refusals.issuer),
        ("expired", issue(ours, ISSUER, AUDIENCE, 3600), refusals.expired),
    ];
    // What a library does not look at is in `tests/interop/DIFFERENCES.md`.
    let noted = tokens.map(|(what, token, begins)| {
        let Some(begins) = begins else { return false };
        let outcome = token.and_then(|token| {
            they_refuse(foreign, algorithm, &key.as_ref().map_err(Clone::clone)?.verify, &token, begins)
        });
        report.note(Part::Matrix, Due::Refuse, &format!("{algorithm}, we sign, {what}"), outcome)
    });
    noted.into_iter().filter(|right| *right).count()
}

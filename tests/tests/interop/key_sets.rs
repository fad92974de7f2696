//! JWK sets both ways: the key is picked by its `kid`, next to keys that the reader does not know.

use jwt_core::keys::{JwkSet, Source};
use jwt_core::{Algorithm, KeySet, Reason, SigningKey, Verifier};
use serde_json::{Value, json};

use super::foreign::{Algorithms, Foreign, text};
use super::keys::{self, Travelling};
use super::report::{Due, Part, Report};
use super::tokens::{AUDIENCE, ISSUER, claims, issue, same, they_accept, they_refuse, we_accept, we_refuse};

/// A key for encryption, with the point of RFC 7748 §6.1: in a set of theirs, not for us.
const NOT_FOR_US: &str = r#"{"kty":"OKP","crv":"X25519","use":"enc","kid":"encryption",
    "x":"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}"#;

pub(crate) fn run(foreign: &mut Foreign<'_>, algorithms: &Algorithms, report: &mut Report) {
    let Some(unknown_key) = foreign.library.refusals.unknown_key else { return };
    if let Err(problem) = they_read_ours(foreign, &asymmetric(algorithms), unknown_key, report) {
        report.fail(format!("our JWK set: {problem}"));
    }
    // A client of sets makes none.
    if foreign.library.form == "jwks" {
        return;
    }
    if let Err(problem) = we_read_theirs(foreign, &asymmetric(algorithms), report) {
        report.fail(format!("their JWK set: {problem}"));
    }
}

fn asymmetric(algorithms: &Algorithms) -> Vec<Algorithm> {
    algorithms.supported.iter().copied().filter(|algorithm| !algorithm.is_symmetric()).collect()
}

/// Our public keys of these algorithms as a JWK set.
fn our_set(algorithms: impl IntoIterator<Item = Algorithm>) -> Result<Value, String> {
    let keys = algorithms.into_iter().map(|algorithm| keys::ours(algorithm).verifying_key());
    let jwks = KeySet::new(keys).and_then(|set| set.to_jwks_json()).map_err(|error| error.to_string())?;
    let jwks: Value = serde_json::from_str(&jwks).map_err(|error| error.to_string())?;
    Ok(json!({ "jwks": jwks }))
}

/// The set holds a key for each of our asymmetric algorithms, also those that the library lacks; where it fails over
/// these, only those that it has.
fn they_read_ours(
    foreign: &mut Foreign<'_>,
    algorithms: &[Algorithm],
    unknown_key: &str,
    report: &mut Report,
) -> Result<(), String> {
    let mut key = our_set(Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_symmetric()))?;
    if let Some(words) = foreign.library.fails_over_unknown_types {
        let ours = keys::ours(Algorithm::ES256);
        let failed = issue(ours, ISSUER, AUDIENCE, 0).and_then(|token| {
            match foreign.verify(Algorithm::ES256, &key, &token) {
                Err(problem) if problem.contains(words) => Ok(()),
                outcome => Err(format!("{outcome:?} where `{words}` was due")),
            }
        });
        report.note(Part::KeySets, Due::Refuse, "they read our JWK set, a type that they lack", failed);
        key = our_set(algorithms.iter().copied())?;
    }

    for algorithm in algorithms.iter().copied() {
        let ours = keys::ours(algorithm);
        let what = |case: &str| format!("{algorithm}, they read our JWK set, {case}");
        let accepted =
            issue(ours, ISSUER, AUDIENCE, 0).and_then(|token| they_accept(foreign, algorithm, &key, &token));
        report.note(Part::KeySets, Due::Accept, &what("kid"), accepted);

        let stranger = tests::backend::generate(algorithm);
        let key_id = ours.key_id().ok_or("our key has no kid")?;
        let posing = stranger.clone().with_key_id(key_id.clone()).map_err(|error| error.to_string())?;
        let signature = foreign.library.refusals.signature;
        for (case, signer, begins) in
            [("unknown kid", stranger, unknown_key), ("false kid", posing, signature)]
        {
            let refused = issue(&signer, ISSUER, AUDIENCE, 0)
                .and_then(|token| they_refuse(foreign, algorithm, &key, &token, begins));
            report.note(Part::KeySets, Due::Refuse, &what(case), refused);
        }
        if foreign.library.knows_thumbprints {
            let thumbprint = ours_as_jwk(ours)
                .and_then(|jwk| foreign.ask(json!({ "op": "thumbprint", "public_jwk": jwk })))
                .and_then(|answer| same("thumbprint", text(&answer, "thumbprint")?, key_id.to_string()));
            report.note(Part::KeySets, Due::Accept, &what("thumbprint"), thumbprint);
        }
    }
    Ok(())
}

fn ours_as_jwk(key: &SigningKey) -> Result<Value, String> {
    Ok(keys::export(key, "jwk")?.verify["public_jwk"].clone())
}

/// The set holds a key of theirs for each algorithm: as they export it, or with `alg` and `use`, in turn.
fn we_read_theirs(
    foreign: &mut Foreign<'_>,
    algorithms: &[Algorithm],
    report: &mut Report,
) -> Result<(), String> {
    let mut published: Vec<Value> =
        vec![serde_json::from_str(NOT_FOR_US).map_err(|error| error.to_string())?];
    let mut signers = Vec::new();
    for (place, algorithm) in algorithms.iter().copied().enumerate() {
        let key_id = format!("theirs-{algorithm}");
        let key = as_jwk(foreign, algorithm)?;
        let mut public = key.verify["public_jwk"].clone();
        public["kid"] = key_id.clone().into();
        if place % 2 == 0 {
            public["alg"] = algorithm.name().into();
            public["use"] = "sig".into();
        }
        published.push(public);
        signers.push((algorithm, key_id, key));
    }
    let jwks = json!({ "keys": published }).to_string();
    let set = JwkSet::from_json(jwks.as_bytes())
        .and_then(|set| KeySet::from_jwk_set(&set, Source::Remote))
        .map_err(|error| error.to_string())?;
    same("keys skipped", set.skipped().len(), 1)?;
    let verifier = Verifier::builder()
        .with_keys(set)
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .build()
        .map_err(|error| error.to_string())?;

    for (algorithm, key_id, key) in signers {
        let what = |case: &str| format!("{algorithm}, we read their JWK set, {case}");
        let mut sign = |key: &Travelling, key_id: &str| {
            foreign.sign(algorithm, &key.sign, ("claims", claims()), Some(key_id))
        };
        let accepted = sign(&key, &key_id).and_then(|token| we_accept(&verifier, algorithm, &token));
        report.note(Part::KeySets, Due::Accept, &what("kid"), accepted);
        let refused =
            sign(&key, "unknown").and_then(|token| we_refuse(&verifier, &token, Reason::UnknownKey));
        report.note(Part::KeySets, Due::Refuse, &what("unknown kid"), refused);
        // Our own key under the name of theirs.
        let mut posing = keys::export(keys::ours(algorithm), "jwk")?;
        if let Some(jwk) = posing.sign["private_jwk"].as_object_mut() {
            jwk.remove("kid");
        }
        let refused =
            sign(&posing, &key_id).and_then(|token| we_refuse(&verifier, &token, Reason::BadSignature));
        report.note(Part::KeySets, Due::Refuse, &what("false kid"), refused);
    }
    Ok(())
}

fn as_jwk(foreign: &mut Foreign<'_>, algorithm: Algorithm) -> Result<Travelling, String> {
    let forms = keys::theirs(foreign, algorithm)?;
    forms.into_iter().find(|key| key.form == "jwk").ok_or_else(|| format!("{algorithm}: no JWK of theirs"))
}

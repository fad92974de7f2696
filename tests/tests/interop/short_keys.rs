//! Elliptic curve keys whose numbers lack leading zeros, which RFC 7518 §6.2 wants: some write them, nobody may read
//! them, for one key would have several thumbprints (RFC 7638).

use jwt_core::Algorithm;
use serde_json::json;

use super::foreign::{Foreign, read};
use super::keys::{self, Travelling};
use super::report::{Due, Part, Report};

/// The curve on which every other number begins with a zero byte.
const ALGORITHM: Algorithm = Algorithm::ES512;

pub(crate) fn run(foreign: &mut Foreign<'_>, report: &mut Report) {
    if foreign.library.writes_short_numbers {
        let outcome = one(foreign);
        report.note(Part::ShortKeys, Due::Refuse, "a key with short numbers", outcome);
    }
}

fn one(foreign: &mut Foreign<'_>) -> Result<(), String> {
    let answer = foreign.ask(json!({ "op": "generate_short", "algorithm": ALGORITHM.name() }))?;
    let made: Vec<Travelling> = read(&answer["keys"])?;
    let key = made.iter().find(|key| key.form == "jwk").ok_or("no JWK of theirs")?;
    match keys::signing(ALGORITHM, key) {
        Err(problem) if problem.contains("bytes") => Ok(()),
        Err(problem) => Err(format!("refused for another reason: {problem}")),
        Ok(_) => Err("we read a key whose numbers are too short".into()),
    }
}

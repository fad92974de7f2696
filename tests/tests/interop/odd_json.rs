//! Payloads whose JSON is unusual and legal (RFC 8259), signed as they stand on either side.

use jwt_core::{Algorithm, jws};

use super::foreign::Foreign;
use super::keys;
use super::report::{Due, Part, Report};
use super::tokens::{now, same, verifier};

/// Whatever else, an algorithm that every library has.
const ALGORITHM: Algorithm = Algorithm::ES256;

/// Name, payload with `EXP` for a second in the future, and the subject that it says.
const PAYLOADS: [(&str, &str, &str); 8] = [
    (
        "escaped slashes",
        r#"{"iss":"https:\/\/id.example.com\/","aud":"https:\/\/api.example.com","sub":"a\/b","exp":EXP}"#,
        "a/b",
    ),
    (
        "escaped member names",
        r#"{"\u0069ss":"https://id.example.com/","a\u0075d":"https://api.example.com","s\u0075b":"alice","\u0065xp":EXP}"#,
        "alice",
    ),
    (
        "unicode as it is",
        r#"{"iss":"https://id.example.com/","aud":"https://api.example.com","sub":"Zoë 🦀","exp":EXP}"#,
        "Zoë 🦀",
    ),
    (
        "unicode escaped",
        r#"{"iss":"https://id.example.com/","aud":"https://api.example.com","sub":"Zo\u00eb \uD83E\uDD80","exp":EXP}"#,
        "Zoë 🦀",
    ),
    (
        "white space",
        "\r\n{ \"iss\" :\t\"https://id.example.com/\",\n\"aud\": \"https://api.example.com\" , \"sub\":\"alice\", \"exp\": EXP }\n",
        "alice",
    ),
    (
        "fractional dates",
        r#"{"iss":"https://id.example.com/","aud":"https://api.example.com","sub":"alice","iat":1700000000.25,"nbf":1700000000.75,"exp":EXP.5}"#,
        "alice",
    ),
    (
        "dates with an exponent",
        r#"{"iss":"https://id.example.com/","aud":"https://api.example.com","sub":"alice","iat":1.7e9,"exp":4.1024448E+9}"#,
        "alice",
    ),
    (
        "an audience of one in an array",
        r#"{"iss":"https://id.example.com/","aud":["https://api.example.com"],"sub":"alice","exp":EXP}"#,
        "alice",
    ),
];

pub(crate) fn run(foreign: &mut Foreign<'_>, report: &mut Report) {
    for (name, payload, subject) in PAYLOADS {
        let payload = payload.replace("EXP", &now().saturating_add(600).to_string());
        if foreign.library.signs_text {
            let outcome = they_sign(foreign, &payload, subject);
            report.note(Part::OddJson, Due::Accept, &format!("{ALGORITHM}, they sign, {name}"), outcome);
        }
        let outcome = we_sign(foreign, &payload, subject);
        report.note(Part::OddJson, Due::Accept, &format!("{ALGORITHM}, we sign, {name}"), outcome);
    }
}

fn they_sign(foreign: &mut Foreign<'_>, payload: &str, subject: &str) -> Result<(), String> {
    let ours = keys::ours(ALGORITHM);
    let key = keys::export(ours, foreign.library.form)?;
    let token = foreign.sign(ALGORITHM, &key.sign, ("claims_text", payload.into()), None)?;
    let verified = verifier(ours.verifying_key())
        .verify(&token)
        .map_err(|error| format!("we refuse: {error} in {token}"))?;
    same("subject", verified.subject(), Some(subject))?;
    // They signed this very text, so it is what we have been asked about.
    same("payload", verified.payload(), payload.as_bytes())
}

fn we_sign(foreign: &mut Foreign<'_>, payload: &str, subject: &str) -> Result<(), String> {
    let ours = keys::ours(ALGORITHM);
    let key = keys::export(ours, foreign.library.form)?;
    let token = jws::sign(payload.as_bytes(), ours).map_err(|error| error.to_string())?;
    let claims = foreign
        .verify(ALGORITHM, &key.verify, &token)?
        .map_err(|error| format!("{} refuses: {error} in {token}", foreign.library.name))?;
    same("subject", claims["sub"].as_str(), Some(subject))
}

//! The same tokens to everybody: the verdict is ours, or the difference is written down with its reason.

use jwt_core::{Algorithm, Verifier};
use serde_json::Value;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_jwt::JwtAuth;

use super::differences;
use super::foreign::{Foreign, Verdict, text};
use super::keys::Travelling;
use super::report::{Due, Part, Report};
use super::signer::{self, Signer};
use super::table::{self, ALGORITHMS, Row};
use super::tokens::{AUDIENCE, ISSUER, claims, verifier, we_accept};

/// Whether the tokens come in requests.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum By {
    Library,
    Middleware,
}

pub(crate) fn run(foreign: &mut Foreign<'_>, algorithms: &[Algorithm], by: By, report: &mut Report) {
    for algorithm in ALGORITHMS.into_iter().filter(|algorithm| algorithms.contains(algorithm)) {
        let signer = signer::of(algorithm);
        let key = match key_of(foreign, signer) {
            Ok(key) => key,
            Err(problem) => return report.fail(format!("{algorithm}: {problem}")),
        };
        for row in table::rows(algorithm).into_iter().filter(|row| by == By::Library || row.over_http) {
            let what = format!("{algorithm}, {}", row.name);
            match one(foreign, signer, &key, &row) {
                Ok(due) => report.note(Part::Verdicts, due, &what, Ok(())),
                Err(problem) => report.note(Part::Verdicts, Due::Accept, &what, Err(problem)),
            };
        }
    }
}

/// All that the library takes of the key, so that a middleware has one configuration for both of its sides.
fn key_of(foreign: &Foreign<'_>, signer: &Signer) -> Result<Value, String> {
    let library = foreign.library;
    let form = if signer.algorithm.is_symmetric() { library.secret_form } else { library.form };
    let Travelling { sign, verify, .. } = signer.travelling(form)?;
    let mut key = verify;
    if library.mints {
        for (name, value) in sign.as_object().into_iter().flatten() {
            key[name] = value.clone();
        }
    }
    key["algorithm"] = signer.algorithm.name().into();
    key["issuer"] = ISSUER.into();
    key["audience"] = AUDIENCE.into();
    Ok(key)
}

/// Accepted where the verdict is ours, refused where it differs as written down.
fn one(foreign: &mut Foreign<'_>, signer: &Signer, key: &Value, row: &Row) -> Result<Due, String> {
    // Made when it is asked about: some are good or bad for seconds only.
    let token = (row.make)(signer);
    let mut request = key.clone();
    request["op"] = "verify".into();
    request["token"] = token.clone().into();
    let (verdict, words) = foreign.judge(request)?;
    let ours = if row.due.is_none() { Verdict::Accepts } else { Verdict::Refuses };
    match differences::of(foreign.library.name, row.name, signer.algorithm) {
        None if verdict == ours => Ok(Due::Accept),
        Some(listed) if listed == ours => {
            Err(format!("{listed:?} is listed as a difference, and is our verdict"))
        }
        Some(listed) if verdict == listed => Ok(Due::Refuse),
        listed => {
            Err(format!("{verdict:?} ({words:?}) where {ours:?} is ours and {listed:?} is listed: {token}"))
        }
    }
}

/// A token that a middleware signs by itself, in its own form.
pub(crate) fn mint(foreign: &mut Foreign<'_>, algorithm: Algorithm, report: &mut Report) {
    let signer = signer::of(algorithm);
    let outcome = key_of(foreign, signer).and_then(|mut request| {
        request["op"] = "sign".into();
        request["claims"] = claims();
        let token = text(&foreign.ask(request)?, "token")?;
        we_accept(&verifier(signer.key.verifying_key()), algorithm, &token)
    });
    report.note(Part::Matrix, Due::Accept, &format!("{algorithm}, it signs"), outcome);
}

/// Our own verdict is the one in the table, of the verifier and of the layer in front of a route.
#[test]
#[ignore = "run by scripts/interop, beside the tests that need the programs of others"]
fn our_verdicts_are_those_of_the_table() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut failures = Vec::new();
    let mut judged = 0;
    for algorithm in ALGORITHMS {
        let signer = signer::of(algorithm);
        let verifier = verifier(signer.key.verifying_key());
        for row in table::rows(algorithm) {
            let token = (row.make)(signer);
            let reason = verifier.verify(&token).err().map(|error| error.reason());
            if reason != row.due {
                failures.push(format!("{algorithm}, {}: {reason:?} where {:?} was due", row.name, row.due));
            }
            if row.over_http {
                let status = runtime.block_on(status(&verifier, &token));
                if (status == 200) != row.due.is_none() || !matches!(status, 200 | 400 | 401) {
                    failures.push(format!("{algorithm}, {}: status {status}", row.name));
                }
            }
            judged += 1;
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!(judged, ROWS.iter().sum::<usize>());
}

/// How many rows there are for each of [`ALGORITHMS`], and how many of them fit into a request.
const ROWS: [usize; 3] = [130, 131, 131];
const ROWS_OVER_HTTP: [usize; 3] = [125, 126, 126];

#[test]
#[ignore = "run by scripts/interop, beside the tests that need the programs of others"]
fn the_table_is_as_long_as_it_says() {
    let of = |algorithm| table::rows(algorithm);
    assert_eq!(ALGORITHMS.map(|algorithm| of(algorithm).len()), ROWS);
    let over_http = ALGORITHMS.map(|algorithm| of(algorithm).iter().filter(|row| row.over_http).count());
    assert_eq!(over_http, ROWS_OVER_HTTP);
}

async fn status(verifier: &Verifier, token: &str) -> u16 {
    let inner = service_fn(async |_: http::Request<String>| {
        Ok::<_, core::convert::Infallible>(http::Response::new(String::new()))
    });
    let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
    let service = JwtAuth::new(verifier.clone()).layer(inner);
    service.oneshot(request.body(String::new()).unwrap()).await.unwrap().status().as_u16()
}

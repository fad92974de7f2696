//! What the issuers' servers do instead of answering, by chance, and how often each of it was.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::{Value, json};

use super::super::bomb::gzip_of_zeros;
use super::super::fault_server::{Answer, Asked, Response};
use super::super::{jwk, key, set_of};
use super::world::{Issuer, Random, Set};

/// Where an issuer's keys are.
pub(super) const KEYS: &str = "/jwks";
/// The field by which an answer tells which set is in it. Nothing but the oracle reads it.
pub(super) const SET: &str = "x-set";

/// The faults of either kind of request. Those of the last line leave a set that is good all the same.
const OF_KEYS: &[&str] = &[
    "hang",
    "drip",
    "500",
    "404",
    "302",
    "204",
    "html",
    "flood",
    "no json",
    "empty",
    "reset",
    "bomb",
    "fields",
    "oct",
    "enc",
    "304 to nothing",
    "cut off",
    "a bad key",
    "a private key",
    "a kid twice",
];
const OF_METADATA: &[&str] = &["another issuer", "a file as keys", "hang", "html", "reset"];

/// How often each fault was, and those that come next: each once in each round.
#[derive(Default)]
pub(super) struct Faults {
    counts: BTreeMap<&'static str, usize>,
    decks: [Vec<&'static str>; 2],
}

impl Faults {
    pub(super) fn none_yet() -> Self {
        let all = OF_KEYS.iter().chain(OF_METADATA);
        Self { counts: all.map(|fault| (*fault, 0)).collect(), ..Self::default() }
    }

    pub(super) fn counts(&self) -> &BTreeMap<&'static str, usize> {
        &self.counts
    }

    fn draw(&mut self, is_keys: bool, random: &mut Random) -> &'static str {
        let deck = &mut self.decks[usize::from(is_keys)];
        if deck.is_empty() {
            deck.extend(if is_keys { OF_KEYS } else { OF_METADATA });
        }
        let fault = deck.swap_remove(random.below(deck.len()));
        *self.counts.get_mut(fault).unwrap() += 1;
        fault
    }
}

/// Answers a request to the issuer's server: as it should be, or not.
pub(super) fn answer(
    asked: &Asked,
    issuer: &Mutex<Issuer>,
    faults: &Mutex<Faults>,
    random: &mut Random,
) -> Answer {
    let is_keys = asked.path == KEYS;
    let (name, set) = {
        let issuer = issuer.lock().unwrap();
        (issuer.name.clone(), Arc::clone(issuer.now()))
    };
    let fails = random.per_cent(if is_keys { 45 } else { 20 });
    let fault = fails.then(|| faults.lock().unwrap().draw(is_keys, random));
    match fault {
        None if is_keys => good(asked, &set),
        None => metadata(&name, format!("{name}{KEYS}")),
        Some(fault) => fault_of(fault, asked, &name, &set),
    }
}

fn metadata(name: &str, keys: String) -> Answer {
    Answer::json(json!({"issuer": name, "jwks_uri": keys}).to_string())
}

fn good(asked: &Asked, set: &Set) -> Answer {
    let tag = format!("\"{}\"", set.version);
    let response = if asked.field("if-none-match") == Some(&tag) {
        Response::new(304, "")
    } else {
        Response::json(set.body.clone())
    };
    Answer::Good(marked(response, set).with("etag", tag))
}

fn marked(response: Response, set: &Set) -> Response {
    response.with("cache-control", "max-age=60").with(SET, set.version.to_string())
}

/// The set with one more key that must be passed over; without a tag, for it is not the set of this version.
fn with(set: &Set, more: impl IntoIterator<Item = Value>) -> Answer {
    let keys = set.jwks.iter().cloned().chain(more);
    Answer::Good(marked(Response::json(set_of(keys)), set))
}

/// Keys that no set should have.
struct Bad {
    private: Value,
    encryption: Value,
    short: Value,
    twice: [Value; 2],
    bomb: Vec<u8>,
}

static BAD: LazyLock<Bad> = LazyLock::new(|| {
    let changed = |key_id: &str, name: &str, value: &str| {
        let mut jwk = jwk(&key(key_id));
        jwk[name] = json!(value);
        jwk
    };
    Bad {
        private: serde_json::from_str(&key("private").insecure_private_jwk().unwrap()).unwrap(),
        encryption: changed("encryption", "use", "enc"),
        short: changed("short", "x", "AA"),
        twice: [jwk(&key("twice")), jwk(&key("twice"))],
        bomb: gzip_of_zeros(64 << 20),
    }
});

const SECRET: &str =
    r#"{"keys":[{"kty":"oct","alg":"HS256","kid":"s","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8"}]}"#;

fn fault_of(fault: &str, asked: &Asked, name: &str, set: &Set) -> Answer {
    match fault {
        "hang" => Answer::Hang,
        "drip" => Answer::Drip(Response::json(set.body.clone())),
        "500" => Answer::status(500),
        "404" => Answer::status(404),
        "302" => Answer::Good(Response::new(302, set.body.clone()).with("location", "/elsewhere")),
        "204" => Answer::status(204),
        "html" => Answer::Good(Response::new(200, "<html>")),
        "flood" => Answer::Endless {
            start: "HTTP/1.1 200 x\r\nconnection: close\r\n\r\n",
            again: vec![b' '; 64 * 1024],
            most: 30 << 20,
        },
        "no json" => Answer::json("{\"keys\":["),
        "empty" => Answer::json("{\"keys\":[]}"),
        "reset" => Answer::Reset,
        "bomb" => Answer::Good(Response::json(BAD.bomb.clone()).with("content-encoding", "gzip")),
        "fields" => Answer::Endless {
            start: "HTTP/1.1 200 x\r\n",
            again: format!("x-field: {}\r\n", "x".repeat(1_000)).into_bytes(),
            most: 30 << 20,
        },
        "oct" => Answer::json(SECRET),
        "enc" => Answer::json(set_of([BAD.encryption.clone()])),
        // To a request with a tag it would say that nothing has changed.
        "304 to nothing" if asked.field("if-none-match").is_none() => Answer::status(304),
        "304 to nothing" => Answer::status(412),
        "cut off" => Answer::CutOff(Response::json(set.body.clone())),
        "a bad key" => with(set, [BAD.short.clone()]),
        "a private key" => with(set, [BAD.private.clone()]),
        "a kid twice" => with(set, BAD.twice.clone()),
        "another issuer" => metadata(&format!("{name}/"), format!("{name}{KEYS}")),
        "a file as keys" => metadata(name, "file://localhost/etc/hostname".to_owned()),
        other => unreachable!("{other}"),
    }
}

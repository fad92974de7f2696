//! The issuers: what they publish, what they sign by, and which tokens there are.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jwt_core::{Clock as _, SigningKey, SystemClock};
use serde_json::{Value, json};
use tests::tokens::{AUDIENCE, base64url, sign_raw};

use super::super::{jwk, key, set_of};

/// Keys that are published before they sign: more than a set is fresh for, which is a minute.
const AHEAD: usize = 32;
/// Keys that are published after they have signed.
const OVERLAP: usize = 2;
/// Keys that signed and are published no longer, of which tokens are still presented.
const RETIRED: usize = 2;
/// Versions of a set that may still be on their way to somebody: the last half minute's, and an answer has 5 s.
const MOST_SETS: usize = 16;

/// Pseudo-random numbers (splitmix64): the same seed, the same numbers.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    pub(super) fn per_cent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// One version of what an issuer publishes.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) version: u64,
    pub(super) key_ids: BTreeSet<String>,
    /// The JWKs, to which a fault may add some.
    pub(super) jwks: Vec<Value>,
    pub(super) body: String,
}

/// Tokens under one key.
pub(super) struct Tokens {
    pub(super) key_id: String,
    pub(super) good: String,
    pub(super) tampered: String,
    pub(super) for_another: String,
    pub(super) expired: String,
}

/// One issuer.
pub(super) struct Issuer {
    /// Its address, which is its name.
    pub(super) name: String,
    number: usize,
    made: usize,
    /// Oldest first; the one that signs is at `OVERLAP` once there are as many.
    published: VecDeque<(SigningKey, Value)>,
    /// Keys that are published as they begin to sign.
    sudden: VecDeque<(SigningKey, Value)>,
    /// Tokens of the key that signs, of those before it, and of those that are gone.
    pub(super) current: Tokens,
    pub(super) previous: Option<Tokens>,
    pub(super) retired: VecDeque<Tokens>,
    pub(super) of_sudden: Option<Tokens>,
    pub(super) rotations: usize,
    now: Arc<Set>,
    sets: BTreeMap<u64, Arc<Set>>,
}

impl Issuer {
    pub(super) fn new(number: usize, name: String) -> Self {
        let mut made = 0;
        let published: VecDeque<_> = (0..=AHEAD).map(|_| make(number, &mut made)).collect();
        let current = tokens(&published[0].0, &name);
        let now =
            Arc::new(Set { version: 0, key_ids: BTreeSet::new(), jwks: Vec::new(), body: String::new() });
        let mut issuer = Self {
            name,
            number,
            made,
            published,
            sudden: VecDeque::new(),
            current,
            previous: None,
            retired: VecDeque::new(),
            of_sudden: None,
            rotations: 0,
            now,
            sets: BTreeMap::new(),
        };
        issuer.publish();
        issuer
    }

    /// The next key signs; the oldest one is gone.
    pub(super) fn rotate(&mut self) {
        self.rotations += 1;
        self.published.push_back(make(self.number, &mut self.made));
        if self.rotations > OVERLAP {
            let gone = self.published.pop_front().unwrap();
            self.retired.push_back(tokens(&gone.0, &self.name));
            keep(RETIRED, &mut self.retired);
        }
        let signs = self.rotations.min(OVERLAP);
        let next = tokens(&self.published[signs].0, &self.name);
        self.previous = Some(core::mem::replace(&mut self.current, next));
        self.publish();
    }

    /// A key that nobody has heard of begins to sign beside the other; only the last one of them is kept.
    pub(super) fn surprise(&mut self) {
        self.sudden.push_back(make(self.number, &mut self.made));
        keep(1, &mut self.sudden);
        self.of_sudden = Some(tokens(&self.sudden[0].0, &self.name));
        self.publish();
    }

    fn publish(&mut self) {
        let keys = self.published.iter().chain(&self.sudden);
        let set = Arc::new(Set {
            version: self.now.version + 1,
            key_ids: keys.clone().map(|(key, _)| key.key_id().unwrap().to_string()).collect(),
            jwks: keys.clone().map(|(_, jwk)| jwk.clone()).collect(),
            body: set_of(keys.map(|(_, jwk)| jwk.clone())),
        });
        self.sets.insert(set.version, Arc::clone(&set));
        while self.sets.len() > MOST_SETS {
            self.sets.pop_first();
        }
        self.now = set;
    }

    pub(super) fn now(&self) -> &Arc<Set> {
        &self.now
    }

    pub(super) fn set(&self, version: u64) -> Arc<Set> {
        Arc::clone(&self.sets[&version])
    }
}

/// Drops the oldest.
fn keep<T>(most: usize, all: &mut VecDeque<T>) {
    while all.len() > most {
        all.pop_front();
    }
}

fn make(issuer: usize, made: &mut usize) -> (SigningKey, Value) {
    *made += 1;
    let key = key(&format!("issuer-{issuer}-key-{made}"));
    let jwk = jwk(&key);
    (key, jwk)
}

fn header(key_id: &str) -> String {
    json!({"alg": "ES256", "kid": key_id, "typ": "at+jwt"}).to_string()
}

/// An hour's claims; far longer than any key signs.
fn claims(issuer: &str) -> Value {
    let now = SystemClock.now().as_secs();
    json!({"iss": issuer, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 3_600})
}

fn tokens(key: &SigningKey, issuer: &str) -> Tokens {
    let key_id = key.key_id().unwrap().to_string();
    let signed = |change: fn(&mut Value)| {
        let mut claims = claims(issuer);
        change(&mut claims);
        sign_raw(key, header(&key_id), claims.to_string())
    };
    let good = signed(|_| ());
    let (_, signature) = good.rsplit_once('.').unwrap();
    let forged = claims(issuer).to_string().replace("alice", "mallory");
    let tampered = format!("{}.{}.{signature}", base64url(header(&key_id)), base64url(forged));
    Tokens {
        tampered,
        for_another: signed(|claims| claims["aud"] = json!("https://elsewhere.example.com")),
        expired: signed(|claims| claims["exp"] = json!(claims["iat"].as_u64().unwrap() - 3_600)),
        good,
        key_id,
    }
}

/// A token that names a key which nobody has. Its signature is never looked at.
pub(super) fn bogus(issuer: &str, random: &mut Random) -> String {
    let key_id = format!("bogus-{:016x}", random.next());
    format!("{}.{}.{}", base64url(header(&key_id)), base64url(claims(issuer).to_string()), base64url([1; 64]))
}

/// An otherwise good token with another `iss`, signed by this issuer's key: not its to say.
pub(super) fn under_another_name(tokens: &Tokens, name: &str) -> String {
    let payload = base64url(claims(name).to_string());
    let signature = tokens.good.rsplit_once('.').unwrap().1;
    format!("{}.{payload}.{signature}", base64url(header(&tokens.key_id)))
}

/// HS256 under a public name, which no authority allows.
pub(super) fn by_secret(tokens: &Tokens, issuer: &str) -> String {
    let header = json!({"alg": "HS256", "kid": tokens.key_id, "typ": "at+jwt"}).to_string();
    format!("{}.{}.{}", base64url(header), base64url(claims(issuer).to_string()), base64url([1; 32]))
}

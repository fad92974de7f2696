//! Keys that are made once per run, and tokens under them: good ones by jwt-core's own issuer, bad
//! ones put together by hand.

#![expect(clippy::unwrap_used, reason = "fixtures: what cannot be made fails the test")]

use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jwt_core::{Algorithm, Issuer, KeySet, ManualClock, SigningKey, TokenBuilder};
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::backend;

/// The time at which every verifier of the suites stands still.
pub const NOW: u64 = 1_900_000_000;
/// The issuer with asymmetric keys.
pub const ISSUER: &str = "https://id.example.com/";
/// The issuer with a shared secret.
pub const HMAC_ISSUER: &str = "https://hmac.example.com/";
/// The audience of both.
pub const AUDIENCE: &str = "https://api.example.com";
/// An audience that is not ours.
pub const FOREIGN_AUDIENCE: &str = "https://elsewhere.example.com";

/// The keys of one run.
#[derive(Debug)]
pub struct Keys {
    /// Of [`HMAC_ISSUER`].
    pub hs256: SigningKey,
    /// Of [`ISSUER`], the only one of its algorithm.
    pub rs256: SigningKey,
    /// Of [`ISSUER`].
    pub es256: SigningKey,
    /// Of [`ISSUER`], the second of its algorithm.
    pub es256_next: SigningKey,
    /// Of [`ISSUER`], the only one of its algorithm.
    pub eddsa: SigningKey,
    /// Of nobody, under the `kid` of [`Keys::es256`].
    pub stranger: SigningKey,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let key = |algorithm, kid: &str| backend::generate(algorithm).with_key_id(kid).unwrap();
    Keys {
        hs256: key(Algorithm::HS256, "hs"),
        rs256: key(Algorithm::RS256, "rs"),
        es256: key(Algorithm::ES256, "es"),
        es256_next: key(Algorithm::ES256, "es-next"),
        eddsa: key(Algorithm::EdDSA, "ed"),
        stranger: key(Algorithm::ES256, "es"),
    }
});

/// The keys of this run.
#[must_use]
pub fn keys() -> &'static Keys {
    &KEYS
}

/// The four good signers with the issuer that each belongs to.
#[must_use]
pub fn signers() -> [(&'static str, &'static SigningKey, &'static str); 4] {
    let keys = keys();
    [
        ("HS256", &keys.hs256, HMAC_ISSUER),
        ("RS256", &keys.rs256, ISSUER),
        ("ES256", &keys.es256, ISSUER),
        ("EdDSA", &keys.eddsa, ISSUER),
    ]
}

/// An issuer as jwt-core has it.
#[must_use]
pub fn issuer(key: &SigningKey, issuer: &str, audience: &str) -> Issuer {
    let builder = Issuer::builder().with_key(key.clone()).with_audience(audience).with_issuer(issuer);
    builder.build().unwrap().with_clock(ManualClock::at(NOW))
}

/// A good token of [`ISSUER`] for [`AUDIENCE`] under ES256, with whatever `change` adds.
#[must_use]
pub fn good(change: impl FnOnce(TokenBuilder<'_>) -> TokenBuilder<'_>) -> String {
    let issuer = issuer(&keys().es256, ISSUER, AUDIENCE);
    change(issuer.token().with_subject("alice").with_token_id("t-1")).sign().unwrap()
}

/// The good token that nothing was added to.
#[must_use]
pub fn alice() -> String {
    good(|token| token)
}

/// Writes what the configurations of the suites name: `asymmetric.json`, `hmac.json`, `rs256.pem`,
/// `es256.jwk` and `hs256.jwk`.
pub fn write_keys(folder: &Path) {
    let keys = keys();
    let public = [&keys.rs256, &keys.es256, &keys.es256_next, &keys.eddsa].map(SigningKey::verifying_key);
    let secret = keys.hs256.insecure_private_jwk().unwrap();
    for (name, content) in [
        ("asymmetric.json", KeySet::new(public).unwrap().to_jwks_json().unwrap()),
        ("hmac.json", format!(r#"{{"keys":[{}]}}"#, *secret)),
        ("rs256.pem", keys.rs256.verifying_key().to_pem().unwrap()),
        ("es256.jwk", keys.es256.to_jwk().unwrap().to_json().unwrap()),
        ("hs256.jwk", secret.to_string()),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

/// A token put together by hand: the header's and the payload's JSON, and the key that signs.
///
/// Starts as a good one of [`ISSUER`] under ES256.
#[derive(Clone, Debug)]
#[must_use]
pub struct Forged {
    header: Map<String, Value>,
    payload: Map<String, Value>,
    key: SigningKey,
}

impl Forged {
    /// The good one.
    pub fn new() -> Self {
        let header = json!({"alg": "ES256", "kid": "es", "typ": "at+jwt"});
        let payload = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "jti": "t-1", "iat": NOW, "exp": NOW.saturating_add(600),
        });
        let object = |value: Value| value.as_object().unwrap().clone();
        Self { header: object(header), payload: object(payload), key: keys().es256.clone() }
    }

    /// Sets a member of the header.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Takes a member out of the header.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.payload.insert(name.to_owned(), value.into());
        self
    }

    /// Takes a claim out.
    pub fn without_claim(mut self, name: &str) -> Self {
        self.payload.remove(name);
        self
    }

    /// Signs with another key, whatever the header says.
    pub fn key(mut self, key: &SigningKey) -> Self {
        self.key = key.clone();
        self
    }

    /// The token.
    #[must_use]
    pub fn sign(self) -> String {
        let payload = Value::Object(self.payload.clone()).to_string();
        self.sign_payload(payload)
    }

    /// The token with this payload instead of the claims.
    #[must_use]
    pub fn sign_payload(self, payload: impl AsRef<[u8]>) -> String {
        let header = Value::Object(self.header.clone()).to_string();
        sign_raw(&self.key, header, payload)
    }

    /// The header as JSON text, to be changed where a map cannot.
    #[must_use]
    pub fn header_json(&self) -> String {
        Value::Object(self.header.clone()).to_string()
    }

    /// The payload as JSON text, to be changed where a map cannot.
    #[must_use]
    pub fn payload_json(&self) -> String {
        Value::Object(self.payload.clone()).to_string()
    }
}

impl Default for Forged {
    fn default() -> Self {
        Self::new()
    }
}

/// A token of any bytes for header and payload.
#[must_use]
pub fn sign_raw(key: &SigningKey, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let input = format!("{}.{}", base64url(header), base64url(payload));
    let mut signature = Vec::new();
    key.sign(input.as_bytes(), &mut signature).unwrap();
    format!("{input}.{}", base64url(signature))
}

/// The MAC of a text under any bytes, most of which jwt-core would not take as a secret.
#[must_use]
pub fn mac(algorithm: Algorithm, secret: &[u8], text: &str) -> Vec<u8> {
    match algorithm {
        Algorithm::HS256 => mac_by::<Hmac<Sha256>>(secret, text),
        Algorithm::HS384 => mac_by::<Hmac<Sha384>>(secret, text),
        _ => mac_by::<Hmac<Sha512>>(secret, text),
    }
}

fn mac_by<M: Mac + KeyInit>(secret: &[u8], text: &str) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Strict base64url.
#[must_use]
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

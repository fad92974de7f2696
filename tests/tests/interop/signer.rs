//! What signs the tokens of the [table](super::table), and puts together what no library would.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "tokens that are put together by hand; what fails in here fails a test"
)]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jwt_core::{Algorithm, HmacSecret, SigningKey};
use serde_json::{Value, json};

use super::keys::{self, Travelling};
use super::table::ALGORITHMS;
use super::tokens::{AUDIENCE, ISSUER, now};

static SIGNERS: LazyLock<Vec<Signer>> = LazyLock::new(|| ALGORITHMS.into_iter().map(Signer::new).collect());

/// Of nobody, one for each algorithm.
static STRANGERS: LazyLock<Vec<SigningKey>> =
    LazyLock::new(|| ALGORITHMS.into_iter().map(tests::backend::generate).collect());

pub(crate) fn stranger(algorithm: Algorithm) -> &'static SigningKey {
    STRANGERS.iter().find(|key| key.algorithm() == algorithm).unwrap()
}

pub(crate) fn of(algorithm: Algorithm) -> &'static Signer {
    SIGNERS.iter().find(|signer| signer.algorithm == algorithm).unwrap()
}

/// What signs the tokens: a key of ours, its name, and what attackers know of it.
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: SigningKey,
    pub(crate) kid: String,
    secret: Option<String>,
}

impl Signer {
    fn new(algorithm: Algorithm) -> Self {
        if !algorithm.is_symmetric() {
            let key = keys::ours(algorithm).clone();
            let kid = key.key_id().map(|kid| kid.to_string()).unwrap();
            return Self { algorithm, key, kid, secret: None };
        }
        // Text, for some take no other; long enough for HS512.
        let random = SigningKey::generate(Algorithm::HS512).unwrap().insecure_private_jwk().unwrap();
        let random: Value = serde_json::from_str(&random).unwrap();
        let secret = random["k"].as_str().unwrap()[..64].to_owned();
        let key = of_secret(algorithm, &secret).with_key_id("ours").unwrap();
        Self { algorithm, key, kid: "ours".into(), secret: Some(secret) }
    }

    /// The key in the form that a library is given.
    pub(crate) fn travelling(&self, form: &str) -> Result<Travelling, String> {
        if let (Some(secret), "secret") = (&self.secret, form) {
            let members = json!({ "secret_base64url": base64url(secret) });
            return Ok(Travelling { form: form.into(), sign: members.clone(), verify: members });
        }
        if form == "jwks" {
            let jwk = keys::export(&self.key, "jwk")?;
            let jwks = json!({ "jwks": { "keys": [jwk.verify["public_jwk"]] } });
            return Ok(Travelling { verify: jwks, ..jwk });
        }
        keys::export(&self.key, form)
    }

    /// The header with other members, each as JSON text; an empty text takes one away.
    pub(crate) fn with_header(&self, changes: &[(&str, &str)]) -> String {
        object(
            &[("alg", quoted(self.algorithm.name())), ("typ", quoted("JWT")), ("kid", quoted(&self.kid))],
            changes,
        )
    }

    /// The claims, likewise. `jti` and `token_type` are what djangorestframework-simplejwt asks for.
    pub(crate) fn with_claims(&self, changes: &[(&str, &str)]) -> String {
        let (iat, exp) = (at(0), at(600));
        object(
            &[
                ("iss", quoted(ISSUER)),
                ("aud", quoted(AUDIENCE)),
                ("sub", quoted("alice")),
                ("jti", quoted("one")),
                ("token_type", quoted("access")),
                ("iat", iat),
                ("exp", exp),
            ],
            changes,
        )
    }

    pub(crate) fn header(&self, changes: &[(&str, &str)]) -> String {
        self.token(&self.with_header(changes), &self.with_claims(&[]))
    }

    pub(crate) fn claims(&self, changes: &[(&str, &str)]) -> String {
        self.payload(&self.with_claims(changes))
    }

    pub(crate) fn payload(&self, text: &str) -> String {
        self.token(&self.with_header(&[]), text)
    }

    pub(crate) fn input(&self, header: &str, payload: &str) -> String {
        format!("{}.{}", base64url(header), base64url(payload))
    }

    pub(crate) fn token(&self, header: &str, payload: &str) -> String {
        self.signed(&self.input(header, payload))
    }

    pub(crate) fn signed(&self, input: &str) -> String {
        signed_with(&self.key, input)
    }

    /// A good token with its signature changed.
    pub(crate) fn resigned(&self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
        let good = self.claims(&[]);
        let (input, signature) = good.rsplit_once('.').unwrap();
        format!("{input}.{}", base64url(change(URL_SAFE_NO_PAD.decode(signature).unwrap())))
    }

    /// A key as an attacker would put it into the header: the public half, or a secret of his own.
    pub(crate) fn embedded(&self) -> String {
        match &self.secret {
            Some(_) => {
                json!({ "kty": "oct", "k": base64url("a secret of the attacker's own choice") }).to_string()
            }
            None => keys::export(&self.key, "jwk").unwrap().verify["public_jwk"].to_string(),
        }
    }

    pub(crate) fn in_other_algorithm(&self) -> String {
        let other = match &self.secret {
            Some(secret) => of_secret(Algorithm::HS512, secret),
            None => tests::backend::under(Algorithm::RS512, &self.key),
        };
        let header = self.with_header(&[("alg", &quoted(other.algorithm().name()))]);
        signed_with(&other, &self.input(&header, &self.with_claims(&[])))
    }

    /// Signed with HS256 under the text of our public key.
    pub(crate) fn confused(&self) -> String {
        let pem = self.key.verifying_key().to_pem().unwrap();
        let input = self.input(&self.with_header(&[("alg", r#""HS256""#)]), &self.with_claims(&[]));
        format!("{input}.{}", base64url(tests::tokens::mac(Algorithm::HS256, pem.as_bytes(), &input)))
    }
}

fn of_secret(algorithm: Algorithm, secret: &str) -> SigningKey {
    SigningKey::from_secret(algorithm, &HmacSecret::from_bytes(secret).unwrap()).unwrap()
}

pub(crate) fn signed_with(key: &SigningKey, input: &str) -> String {
    let mut signature = Vec::new();
    key.sign(input.as_bytes(), &mut signature).unwrap();
    format!("{input}.{}", base64url(signature))
}

/// An object of these members, changed.
fn object(members: &[(&str, String)], changes: &[(&str, &str)]) -> String {
    let mut members: Vec<(&str, String)> = members.to_vec();
    for (name, value) in changes {
        match members.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => (*value).clone_into(known),
            None => members.push((name, (*value).to_owned())),
        }
    }
    let members: Vec<String> = members
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{}:{value}", quoted(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The object with one more member, whatever it has.
pub(crate) fn and(object: &str, member: &str) -> String {
    format!("{},{member}}}", object.strip_suffix('}').unwrap())
}

pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// So many seconds from now.
pub(crate) fn at(offset: i64) -> String {
    now().saturating_add_signed(offset).to_string()
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn in_base64(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    format!("{input}.{}", STANDARD_NO_PAD.encode(URL_SAFE_NO_PAD.decode(signature).unwrap()))
}

/// r ‖ s as `SEQUENCE { INTEGER, INTEGER }`.
pub(crate) fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let mut number: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        if number.first().is_none_or(|first| first & 0x80 != 0) {
            number.insert(0, 0);
        }
        let mut tagged = vec![0x02, u8::try_from(number.len()).unwrap()];
        tagged.extend(number);
        tagged
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let numbers = [integer(r), integer(s)].concat();
    let mut der = vec![0x30, u8::try_from(numbers.len()).unwrap()];
    der.extend(numbers);
    der
}

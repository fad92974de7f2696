//! Keys in the forms in which they travel.

use std::sync::LazyLock;

use jwt_core::keys::Jwk;
use jwt_core::{Algorithm, HmacSecret, KeyError, SigningKey, VerifyingKey};
use serde::Deserialize;
use serde_json::{Value, json};

use super::foreign::{Foreign, read, text};

/// A key in one form: the members that a request carries for signing and for verifying.
#[derive(Clone, Deserialize)]
pub(crate) struct Travelling {
    pub(crate) form: String,
    pub(crate) sign: Value,
    pub(crate) verify: Value,
}

/// One key of ours for each algorithm, made once.
static OURS: LazyLock<Vec<SigningKey>> =
    LazyLock::new(|| Algorithm::ALL.into_iter().map(tests::backend::generate).collect());

pub(crate) fn ours(algorithm: Algorithm) -> &'static SigningKey {
    OURS.iter().find(|key| key.algorithm() == algorithm).unwrap()
}

/// A key of the library in every form that it writes.
pub(crate) fn theirs(foreign: &mut Foreign<'_>, algorithm: Algorithm) -> Result<Vec<Travelling>, String> {
    let answer = foreign.ask(json!({ "op": "generate", "algorithm": algorithm.name() }))?;
    read(&answer["keys"])
}

/// Our key in one form.
pub(crate) fn export(key: &SigningKey, form: &str) -> Result<Travelling, String> {
    let (sign, verify) =
        exported(key, form).map_err(|error| format!("our key cannot be written: {error}"))?;
    Ok(Travelling { form: form.to_owned(), sign, verify })
}

fn exported(key: &SigningKey, form: &str) -> Result<(Value, Value), KeyError> {
    let parse = |json: &str| serde_json::from_str::<Value>(json).unwrap();
    if form == "pem" {
        let private = tests::backend::private_pem(key);
        return Ok((
            json!({ "private_pem": private }),
            json!({ "public_pem": key.verifying_key().to_pem()? }),
        ));
    }
    let private = tests::backend::private_jwk(key);
    Ok(match (form, key.algorithm().is_symmetric()) {
        ("secret", _) => {
            let secret = json!({ "secret_base64url": private["k"] });
            (secret.clone(), secret)
        }
        (_, true) => (json!({ "private_jwk": private }), json!({ "public_jwk": private })),
        (_, false) => {
            (json!({ "private_jwk": private }), json!({ "public_jwk": parse(&key.to_jwk()?.to_json()?) }))
        }
    })
}

/// Their private key, read by us.
pub(crate) fn signing(algorithm: Algorithm, key: &Travelling) -> Result<SigningKey, String> {
    let read = || match &*key.form {
        "pem" => SigningKey::from_pem(algorithm, member(&key.sign, "private_pem")),
        "secret" => SigningKey::from_secret(algorithm, &secret(&key.sign)?),
        _ => SigningKey::from_jwk_with(
            algorithm,
            &Jwk::from_json(key.sign["private_jwk"].to_string().as_bytes())?,
        ),
    };
    read().map_err(|error| format!("we cannot read their private key: {error}"))
}

/// Their public key, read by us.
pub(crate) fn verifying(algorithm: Algorithm, key: &Travelling) -> Result<VerifyingKey, String> {
    let read = || match &*key.form {
        "pem" => VerifyingKey::from_pem(algorithm, member(&key.verify, "public_pem")),
        "secret" => VerifyingKey::from_secret(algorithm, &secret(&key.verify)?),
        _ => {
            let jwk = Jwk::from_json(key.verify["public_jwk"].to_string().as_bytes())?;
            VerifyingKey::from_jwk_with(algorithm, &jwk)
        }
    };
    read().map_err(|error| format!("we cannot read their public key: {error}"))
}

fn secret(members: &Value) -> Result<HmacSecret, KeyError> {
    HmacSecret::from_base64url(&member(members, "secret_base64url"))
}

fn member(members: &Value, name: &str) -> String {
    text(members, name).unwrap_or_default()
}

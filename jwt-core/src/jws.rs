//! Compact JWS with any payload (RFC 7515), under the same key and header rules as tokens.
//!
//! The verifier of JSON Web Tokens is built on this room. Use it directly for payloads that are
//! not claims, and to run outside test vectors against the keys:
//!
//! ```
//! use jwt_core::{Algorithm, KeySet, SigningKey, jws};
//! let key = SigningKey::generate(Algorithm::ES256)?;
//! let keys = KeySet::new([key.verifying_key()])?;
//! let token = jws::sign(b"any bytes", &key)?;
//! assert_eq!(jws::verify(&token, &keys)?.payload(), b"any bytes");
//! assert!(jws::verify(&token[1..], &keys).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;
use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::base64url::{self, Buffer, encoded_len};
use crate::header::{self, Header};
use crate::json::Nodes;
use crate::keys::{KeySet, SignError, SigningKey, VerifyingKey};
use crate::limits::Limits;
use crate::refusal::{Reason, TokenError};
use crate::token::UnverifiedToken;

/// A compact JWS whose signature verified.
#[derive(Clone)]
pub struct Jws {
    payload: Vec<u8>,
    algorithm: Algorithm,
    key_id: Option<Arc<str>>,
    typ: Option<Box<str>>,
    cty: Option<Box<str>>,
}

impl Jws {
    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, without a copy.
    #[must_use]
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The algorithm that ran.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid` of the key that verified, where it has one.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The header's `typ`.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The header's `cty`.
    #[must_use]
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }
}

impl fmt::Debug for Jws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jws").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// Verifies a compact JWS under `keys` with the default [`Limits`], any of the keys' algorithms.
///
/// # Errors
/// The first of: too long, not three segments of strict base64url, a malformed header, an
/// algorithm that no key has, `crit` or another forbidden member, not exactly one key that fits,
/// a signature that does not verify.
pub fn verify(token: &str, keys: &KeySet) -> Result<Jws, TokenError> {
    verify_within(token, keys, &Limits::default())
}

/// Verifies a compact JWS under `keys` within other limits.
///
/// # Errors
/// As [`verify`].
pub fn verify_within(token: &str, keys: &KeySet, limits: &Limits) -> Result<Jws, TokenError> {
    let token = UnverifiedToken::split(token, limits)?;
    let (mut header, mut signature) = (Buffer::new(), Buffer::new());
    let header = header.decode(token.header)?;
    let payload = base64url::decode(token.payload)?;
    let signature = signature.decode(token.signature)?;
    let mut nodes = Nodes::new();
    let document = header::parse(header, limits, &mut nodes)?;
    let header = Header::read(&document)?;
    let algorithm = header.algorithm(keys.algorithms())?;
    header.check_forbidden()?;
    let key = check_signature(&token, &header, algorithm, keys, signature)?;
    Ok(Jws {
        payload,
        algorithm,
        key_id: key.key_id().cloned(),
        typ: header.typ().map(Into::into),
        cty: header.cty().map(Into::into),
    })
}

/// Picks the one key that fits and verifies under it.
#[inline]
pub(crate) fn check_signature<'k>(
    token: &UnverifiedToken<'_>,
    header: &Header<'_>,
    algorithm: Algorithm,
    keys: &'k KeySet,
    signature: &[u8],
) -> Result<&'k VerifyingKey, Reason> {
    let key = keys.select(algorithm, header.key_id()?)?;
    if key.verify(token.signing_input.as_bytes(), signature) { Ok(key) } else { Err(Reason::BadSignature) }
}

/// Signs `payload`: header with `alg` and the key's `kid`, nothing else.
///
/// # Errors
/// [`SignError`] where the signer fails.
pub fn sign(payload: &[u8], key: &SigningKey) -> Result<String, SignError> {
    sign_with_header(payload, key, &encode_header(key, None, None))
}

/// Signs `payload` with `typ` and, where given, `cty` in the header (RFC 7515 §4.1.9, §4.1.10).
///
/// # Errors
/// As [`sign`].
pub fn sign_typed(
    payload: &[u8],
    key: &SigningKey,
    typ: &str,
    cty: Option<&str>,
) -> Result<String, SignError> {
    sign_with_header(payload, key, &encode_header(key, Some(typ), cty))
}

/// The encoded header of every token under `key`: made once, used for each.
pub(crate) fn encode_header(key: &SigningKey, typ: Option<&str>, cty: Option<&str>) -> String {
    let mut header = serde_json::Map::new();
    header.insert("alg".into(), key.algorithm().name().into());
    for (name, value) in [("kid", key.key_id().map(|kid| &**kid)), ("typ", typ), ("cty", cty)] {
        if let Some(value) = value {
            header.insert(name.into(), value.into());
        }
    }
    base64url::encode(serde_json::Value::Object(header).to_string().as_bytes())
}

/// The first two segments, with room for so many bytes behind them.
pub(crate) fn signing_input(payload: &[u8], header: &str, room: usize) -> Vec<u8> {
    let capacity =
        [header.len(), encoded_len(payload.len()), 1, room].into_iter().fold(0, usize::saturating_add);
    let mut token = Vec::with_capacity(capacity);
    token.extend_from_slice(header.as_bytes());
    token.push(b'.');
    base64url::encode_into(payload, &mut token);
    token
}

/// Puts the three segments together.
pub(crate) fn sign_with_header(payload: &[u8], key: &SigningKey, header: &str) -> Result<String, SignError> {
    let signature_len = key.algorithm().facts().signature_len.unwrap_or(512);
    let mut token = signing_input(payload, header, encoded_len(signature_len).saturating_add(1));
    let mut signature = Vec::with_capacity(signature_len);
    key.sign(&token, &mut signature)?;
    token.push(b'.');
    base64url::encode_into(&signature, &mut token);
    // Three times base64url: text it is.
    String::from_utf8(token).map_err(|error| SignError::new(error.utf8_error()))
}

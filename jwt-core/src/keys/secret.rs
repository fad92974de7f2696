//! Shared secrets for HMAC: long enough, and not something that is public.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use zeroize::Zeroizing;

use super::material::Private;
use super::{KeyError, backend, base64url, der, source};
use crate::{Algorithm, KeyType};

/// A shared secret for `HS256`, `HS384` or `HS512` (RFC 7518 §3.2).
///
/// Whoever can check a token with it can also make one, so it belongs to one trust domain. It is
/// wiped when the last clone is dropped, and is never shown by `Debug`.
///
/// Every constructor refuses, in this order, a secret that
///
/// 1. is empty or one repeated byte,
/// 2. is a PEM, SSH or JSON key, a `SubjectPublicKeyInfo`, PKCS#1 or PKCS#8 key or a certificate, also
///    behind a byte order mark, white space or one layer of base64. Such a secret is how a published key
///    came to sign tokens (CVE-2022-29217, CVE-2024-33663); keys here have a type, so this is the second
///    net and not the first.
///
/// Whether it is long enough is checked when a key is made of it: 32, 48 or 64 bytes, as the hash.
/// A passphrase is not a secret: take [`HmacSecret::generate`], or `openssl rand -base64 64`.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use jwt_core::{Algorithm, HmacSecret, VerifyingKey};
/// let secret = HmacSecret::from_base64url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")?;
/// assert!(VerifyingKey::from_secret(Algorithm::HS256, &secret).is_ok());
/// assert!(HmacSecret::from_bytes("-----BEGIN PUBLIC KEY-----").is_err());
/// # }
/// # Ok::<(), jwt_core::KeyError>(())
/// ```
#[derive(Clone)]
pub struct HmacSecret(Arc<Private>);

impl HmacSecret {
    /// The bytes themselves are the secret.
    ///
    /// # Errors
    ///
    /// - [`KeyError::SecretRepeatsOneByte`]: empty or one repeated byte.
    /// - [`KeyError::SecretIsKey`]: the text or structure of some other key.
    pub fn from_bytes(secret: impl Into<Vec<u8>>) -> Result<Self, KeyError> {
        Self::checked(Zeroizing::new(secret.into()))
    }

    /// The secret in base64url without padding, as in the `k` of a JWK (RFC 7518 §6.4.1).
    ///
    /// # Errors
    ///
    /// - [`KeyError::SecretEncoding`]: not strict base64url.
    /// - Those of [`HmacSecret::from_bytes`].
    pub fn from_base64url(text: &str) -> Result<Self, KeyError> {
        let bytes = base64url::decode(text).ok_or(KeyError::SecretEncoding { bytes: text.len() })?;
        Self::checked(bytes)
    }

    /// The secret in an environment variable, as base64url or base64, padded or not.
    ///
    /// White space around it is ignored. Both alphabets can be told apart by their characters; text in
    /// neither is refused rather than taken as a passphrase.
    ///
    /// # Errors
    ///
    /// - [`KeyError::VariableMissing`], [`KeyError::VariableNotUnicode`]: it cannot be read.
    /// - [`KeyError::InVariable`] around [`KeyError::SecretEncoding`] or an error of
    ///   [`HmacSecret::from_bytes`].
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        source::variable(variable, Self::from_text)
    }

    /// The secret in a file, in the form of [`HmacSecret::from_env`]: `openssl rand -base64 64 > file`.
    ///
    /// White space around it is ignored, such as the newline that an editor adds. For a file of raw bytes
    /// read it and call [`HmacSecret::from_bytes`].
    ///
    /// # Errors
    ///
    /// - [`KeyError::File`]: it cannot be read.
    /// - [`KeyError::InFile`] around [`KeyError::TooLarge`], [`KeyError::SecretEncoding`] or an error of
    ///   [`HmacSecret::from_bytes`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        source::file(path.as_ref(), Self::from_text)
    }

    /// A random secret as long as the algorithm's hash: 32, 48 or 64 bytes.
    ///
    /// # Errors
    ///
    /// - [`KeyError::WrongKeyType`]: the algorithm is not HMAC.
    /// - [`KeyError::NoBackend`], [`KeyError::Generation`]: no source of random bytes.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let facts = algorithm.facts();
        if facts.key_type != KeyType::Oct {
            return Err(KeyError::WrongKeyType { algorithm, found: KeyType::Oct });
        }
        let mut bytes = Zeroizing::new(vec![0; required(algorithm)]);
        backend::random(algorithm, &mut bytes)?;
        Self::checked(bytes)
    }

    /// Refuses algorithms that take no secret, and a secret shorter than the hash.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        if algorithm.facts().key_type != KeyType::Oct {
            return Err(KeyError::WrongKeyType { algorithm, found: KeyType::Oct });
        }
        let (bytes, required) = (self.0.len(), required(algorithm));
        if bytes < required {
            return Err(KeyError::SecretTooShort { algorithm, bytes, required });
        }
        Ok(())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes bytes that are not copied again.
    pub(crate) fn checked(bytes: Private) -> Result<Self, KeyError> {
        let len = bytes.len();
        let first = bytes.first();
        if bytes.iter().all(|byte| Some(byte) == first) {
            return Err(KeyError::SecretRepeatsOneByte { bytes: len });
        }
        if let Some(found) = key_in(&bytes) {
            return Err(KeyError::SecretIsKey { found, bytes: len });
        }
        Ok(Self(Arc::new(bytes)))
    }

    fn from_text(text: &[u8]) -> Result<Self, KeyError> {
        let text = source::without_mark(text).trim_ascii();
        if let Some(found) = key_in(text) {
            return Err(KeyError::SecretIsKey { found, bytes: text.len() });
        }
        let bytes = unpacked(text).ok_or(KeyError::SecretEncoding { bytes: text.len() })?;
        Self::checked(bytes)
    }
}

impl fmt::Debug for HmacSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HmacSecret({} bytes)", self.0.len())
    }
}

fn required(algorithm: Algorithm) -> usize {
    algorithm.facts().min_key_bits.div_ceil(8)
}

/// base64url or base64, padded or not.
fn unpacked(text: &[u8]) -> Option<Private> {
    let text_form = core::str::from_utf8(text).ok()?;
    base64url::decode(text_form)
        .or_else(|| base64url::decode_with(&URL_SAFE, text))
        .or_else(|| base64url::decode_with(&STANDARD, text))
        .or_else(|| base64url::decode_with(&STANDARD_NO_PAD, text))
}

/// What other kind of key the bytes are, also behind one layer of base64.
fn key_in(bytes: &[u8]) -> Option<&'static str> {
    key_form(bytes).or_else(|| {
        // base64 may be broken into lines.
        let mut packed = Zeroizing::new(Vec::with_capacity(bytes.len()));
        packed.extend(source::without_mark(bytes).iter().filter(|b| !b.is_ascii_whitespace()));
        key_form(&unpacked(&packed)?)
    })
}

fn key_form(bytes: &[u8]) -> Option<&'static str> {
    if der::looks_like_key(bytes) {
        return Some("a key or certificate in DER");
    }
    let text = source::without_mark(bytes).trim_ascii_start();
    let begins = |mark: &str| text.get(..mark.len()).is_some_and(|t| t.eq_ignore_ascii_case(mark.as_bytes()));
    let has = |mark: &str| memchr::memmem::find(text, mark.as_bytes()).is_some();
    if begins("-----BEGIN ") || begins("---- BEGIN ") || has("-----BEGIN ") {
        return Some("a key or certificate in PEM");
    }
    if ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "PuTTY-User-Key-File-"].into_iter().any(begins) {
        return Some("an SSH key");
    }
    // One random secret in 128 begins with one of these two bytes, so the rest must be JSON as well.
    let json = (begins("{") || begins("["))
        && (has("\"kty\"") || serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok());
    json.then_some("a JWK or other JSON")
}

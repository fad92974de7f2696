//! Shared secrets for HMAC: long enough, and not something that is public.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use zeroize::Zeroizing;

use super::material::Private;
use super::{KeyError, backend, der, source};
use crate::base64url;
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
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
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
        let bytes = base64url::decode_private(text).ok_or(KeyError::SecretEncoding { bytes: text.len() })?;
        Self::checked(bytes)
    }

    /// The secret in an environment variable, as base64url or base64, padded or not.
    ///
    /// White space around it and line ends are ignored. Both alphabets can be told apart by their
    /// characters; text in neither, such as words with spaces, is refused rather than taken as a passphrase.
    ///
    /// **The text is decoded.** Where the text itself is the secret, as in
    /// `DecodingKey::from_secret(text.as_bytes())` of jsonwebtoken, give it to [`HmacSecret::from_bytes`].
    /// Hexadecimal text, which would be base64 of other bytes, is refused.
    ///
    /// # Errors
    ///
    /// - [`KeyError::VariableMissing`], [`KeyError::VariableNotUnicode`]: it cannot be read.
    /// - [`KeyError::InVariable`] around [`KeyError::SecretEncoding`], [`KeyError::SecretIsHexadecimal`]
    ///   or an error of [`HmacSecret::from_bytes`].
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        source::variable(variable, Self::from_text)
    }

    /// The secret in a file, in the form of [`HmacSecret::from_env`]: `openssl rand -base64 64 > file`.
    ///
    /// White space around it is ignored, and so are the line ends that openssl puts into it. For a file of raw
    /// bytes read it and call [`HmacSecret::from_bytes`].
    ///
    /// # Errors
    ///
    /// - [`KeyError::File`]: it cannot be read.
    /// - [`KeyError::InFile`] around [`KeyError::TooLarge`] or an error of [`HmacSecret::from_env`].
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
        let text = without(text, |byte| matches!(byte, b'\r' | b'\n'));
        // Of random secrets of 32 bytes in base64, fewer than one in 10^19 has hexadecimal digits alone.
        if text.len() >= 32 && text.iter().all(u8::is_ascii_hexdigit) {
            return Err(KeyError::SecretIsHexadecimal { digits: text.len() });
        }
        let bytes = unpacked(&text).ok_or(KeyError::SecretEncoding { bytes: text.len() })?;
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
    base64url::decode_private(text_form)
        .or_else(|| base64url::decode_private_by(&URL_SAFE, text))
        .or_else(|| base64url::decode_private_by(&STANDARD, text))
        .or_else(|| base64url::decode_private_by(&STANDARD_NO_PAD, text))
}

/// What other kind of key the bytes are, also behind one layer of base64.
fn key_in(bytes: &[u8]) -> Option<&'static str> {
    key_form(bytes)
        .or_else(|| key_form(&unpacked(&without(source::without_mark(bytes), u8::is_ascii_whitespace))?))
}

/// base64 may be broken into lines.
fn without(text: &[u8], is_left_out: fn(&u8) -> bool) -> Private {
    let mut packed = Zeroizing::new(Vec::with_capacity(text.len()));
    packed.extend(text.iter().filter(|byte| !is_left_out(byte)));
    packed
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

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use base64::Engine;

    use super::*;
    use crate::keys::fixtures as f;
    use crate::{SigningKey, VerifyingKey};

    fn code(bytes: &[u8]) -> &'static str {
        HmacSecret::from_bytes(bytes).map(|_| ()).unwrap_err().code()
    }

    #[test]
    fn a_secret_is_not_one_repeated_byte() {
        for bad in [&[][..], &[0; 32], &[b'a'; 64], &[7]] {
            assert_eq!(code(bad), "secret_repeats_one_byte", "{bad:?}");
        }
    }

    #[test]
    fn a_published_key_is_no_secret() {
        const SSH: &str =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0NlPZ9WmvvQn9JvD6Y6cMfJzFV6n8F0r9D5k0G1q0N x";
        let mut texts = vec![
            "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
                .to_owned(),
            "{\"keys\":[]}".to_owned(),
            "[{\"kty\":\"RSA\"}]".to_owned(),
            "{\"kty\": broken".to_owned(),
            SSH.to_owned(),
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=".to_owned(),
            "---- BEGIN SSH2 PUBLIC KEY ----".to_owned(),
        ];
        texts.extend(
            [
                f::RSA_PUBLIC,
                f::RSA_PKCS1_PUBLIC,
                f::RSA_CERTIFICATE,
                f::P256_PUBLIC,
                f::ED25519_PUBLIC,
                f::RSA_PKCS8,
                f::P256_SEC1_WITH_PARAMETERS,
                f::X25519_PUBLIC,
            ]
            .map(ToOwned::to_owned),
        );
        for text in texts {
            let crlf = text.replace('\n', "\r\n");
            for spelled in [text.clone(), format!("\u{feff}{text}"), format!(" \t\r\n{text}"), crlf] {
                assert_eq!(code(spelled.as_bytes()), "secret_is_key", "{spelled:?}");
                let packed = STANDARD.encode(&spelled);
                assert_eq!(code(packed.as_bytes()), "secret_is_key", "{spelled:?}");
                assert_eq!(code(URL_SAFE.encode(&spelled).as_bytes()), "secret_is_key", "{spelled:?}");
            }
        }
        for pem in [f::RSA_PUBLIC, f::RSA_CERTIFICATE, f::RSA_PKCS1_PUBLIC, f::P256_SEC1, f::ED25519_PKCS8] {
            let der = f::der(pem);
            assert_eq!(code(&der), "secret_is_key");
            // The body of a PEM file without its first and last line, and in one line.
            let body: Vec<_> = pem.lines().filter(|l| !l.starts_with("-----")).collect();
            assert_eq!(code(body.join("\n").as_bytes()), "secret_is_key");
            assert_eq!(code(STANDARD_NO_PAD.encode(&der).as_bytes()), "secret_is_key");
            assert_eq!(
                HmacSecret::from_base64url(&base64url::encode(&der)).unwrap_err().code(),
                "secret_is_key"
            );
        }
    }

    #[test]
    fn a_random_secret_may_begin_with_any_byte() {
        for first in 0..=255 {
            let mut bytes = *b"\0\x9c\x02 random bytes that are no text \xff";
            bytes[0] = first;
            assert!(HmacSecret::from_bytes(bytes).is_ok(), "{first}");
        }
    }

    #[test]
    fn a_secret_is_as_long_as_the_hash() {
        for (algorithm, required) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)]
        {
            let bytes: Vec<u8> = (1..=64).collect();
            let short = HmacSecret::from_bytes(&bytes[..required - 1]).unwrap();
            let error = KeyError::SecretTooShort { algorithm, bytes: required - 1, required };
            assert_eq!(VerifyingKey::from_secret(algorithm, &short).unwrap_err(), error);
            assert_eq!(SigningKey::from_secret(algorithm, &short).unwrap_err(), error);
            let enough = HmacSecret::from_bytes(&bytes[..required]).unwrap();
            assert!(VerifyingKey::from_secret(algorithm, &enough).is_ok());
        }
    }

    #[test]
    fn a_secret_serves_hmac_only() {
        let secret = HmacSecret::from_base64url(f::SECRET).unwrap();
        for algorithm in Algorithm::ALL.into_iter().filter(|a| !a.is_symmetric()) {
            let wrong = KeyError::WrongKeyType { algorithm, found: KeyType::Oct };
            assert_eq!(VerifyingKey::from_secret(algorithm, &secret).unwrap_err(), wrong);
            assert_eq!(SigningKey::from_secret(algorithm, &secret).unwrap_err(), wrong);
            assert_eq!(HmacSecret::generate(algorithm).unwrap_err(), wrong);
        }
    }

    #[test]
    fn base64url_is_strict() {
        assert_eq!(HmacSecret::from_base64url(f::SECRET).unwrap().bytes().len(), 64);
        for bad in [format!("{}==", f::SECRET), format!("{}\n", f::SECRET), f::SECRET.replace('-', "+")] {
            let error = KeyError::SecretEncoding { bytes: bad.len() };
            assert_eq!(HmacSecret::from_base64url(&bad).unwrap_err(), error);
        }
    }

    #[test]
    fn text_of_a_variable_or_file_is_base64_in_either_alphabet() {
        let bytes = base64url::decode_private(f::SECRET).unwrap();
        let standard = STANDARD.encode(&*bytes);
        for text in [
            f::SECRET.to_owned(),
            format!("{}==", f::SECRET),
            standard.clone(),
            standard.trim_end_matches('=').to_owned(),
            format!("\u{feff} {standard}\r\n"),
            // As openssl writes it.
            standard.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line) + "\n").collect(),
        ] {
            assert_eq!(HmacSecret::from_text(text.as_bytes()).unwrap().bytes(), &**bytes, "{text:?}");
        }
        // Without their spaces, the words would be base64.
        let words = "correct horse battery staple and many more words of mines";
        assert!(unpacked(words.replace(' ', "").as_bytes()).is_some());
        for bad in ["", words, "correct\thorse", "+-+-", "AAA=A", "\u{e9}"] {
            let found = HmacSecret::from_text(bad.as_bytes()).unwrap_err().code();
            assert!(matches!(found, "secret_encoding" | "secret_repeats_one_byte"), "{bad}: {found}");
        }
        assert_eq!(HmacSecret::from_text(f::RSA_PUBLIC.as_bytes()).unwrap_err().code(), "secret_is_key");
    }

    #[test]
    fn hexadecimal_text_is_not_taken_for_base64() {
        for (digits, hexadecimal) in [(30, false), (32, true), (64, true), (96, true)] {
            let text: String = "0123456789abcdefABCDEF".chars().cycle().take(digits).collect();
            let refused = HmacSecret::from_text(text.as_bytes()).err();
            assert_eq!(
                refused == Some(KeyError::SecretIsHexadecimal { digits }),
                hexadecimal,
                "{digits}: {refused:?}"
            );
            // As bytes, it is what it is.
            assert!(HmacSecret::from_bytes(text).is_ok());
        }
    }

    #[test]
    fn generated_secrets_differ_and_fit() {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let (a, b) = (HmacSecret::generate(algorithm).unwrap(), HmacSecret::generate(algorithm).unwrap());
            assert_ne!(a.bytes(), b.bytes());
            assert_eq!(a.fits(algorithm), Ok(()));
        }
    }

    #[test]
    fn debug_shows_the_length_only() {
        let secret = HmacSecret::from_base64url(f::SECRET).unwrap();
        assert_eq!(format!("{secret:?}"), "HmacSecret(64 bytes)");
    }
}

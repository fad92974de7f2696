//! The key that seals private keys at rest.

use core::fmt;
use core::time::Duration;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// What a file or variable may hold at most, white space included.
const MOST_TEXT: usize = 1024;
/// How long a callback may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A key-encryption key: 32 random bytes, under which the private keys of a [`KeyRing`](crate::KeyRing) are sealed.
///
/// It is made by `openssl rand -base64 32`, and kept where the store is not: whoever has both has the signing keys. It
/// is wiped when it is dropped, and never shown by `Debug`.
///
/// ```
/// use jwt_session::KeyEncryptionKey;
///
/// # let folder = tempfile::tempdir()?;
/// let file = folder.path().join("ring.key");
/// std::fs::write(&file, "b3JkaW5hcmlseSAzMiByYW5kb20gYnl0ZXMgYXJlIGg=\n")?;
/// assert!(KeyEncryptionKey::from_file(&file).is_ok());
/// assert!(KeyEncryptionKey::from_env("NOT_SET").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeyEncryptionKey(Zeroizing<[u8; Self::BYTES]>);

impl KeyEncryptionKey {
    /// How long it is.
    pub const BYTES: usize = 32;

    /// These bytes, which nobody can guess.
    ///
    /// # Errors
    /// [`KeyEncryptionKeyError::Length`], and [`KeyEncryptionKeyError::RepeatsOneByte`] for a placeholder.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyEncryptionKeyError> {
        let mut key = Zeroizing::new([0; Self::BYTES]);
        if bytes.len() != Self::BYTES {
            return Err(KeyEncryptionKeyError::Length { bytes: bytes.len() });
        }
        key.copy_from_slice(bytes);
        let first = key.first();
        if key.iter().all(|byte| Some(byte) == first) {
            return Err(KeyEncryptionKeyError::RepeatsOneByte);
        }
        Ok(Self(key))
    }

    /// The key in an environment variable, in base64 or base64url, padded or not.
    ///
    /// # Errors
    /// [`KeyEncryptionKeyError::Variable`] around what is wrong, [`KeyEncryptionKeyError::Missing`] where it is not
    /// set.
    pub fn from_env(variable: &str) -> Result<Self, KeyEncryptionKeyError> {
        let read = || {
            let text = std::env::var_os(variable).ok_or(KeyEncryptionKeyError::Missing)?;
            let text = text.into_string().map_err(|_| KeyEncryptionKeyError::Encoding)?;
            Self::from_text(Zeroizing::new(text).as_bytes())
        };
        read().map_err(|error| KeyEncryptionKeyError::Variable {
            variable: variable.to_owned(),
            error: Box::new(error),
        })
    }

    /// The key in a file, in base64 or base64url, padded or not.
    ///
    /// # Errors
    /// [`KeyEncryptionKeyError::File`] around what is wrong.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyEncryptionKeyError> {
        let path = path.as_ref();
        let read = || {
            // As large as can be at once, so that no copy is left behind where it grows.
            let mut text = Zeroizing::new(Vec::with_capacity(MOST_TEXT.saturating_add(1)));
            let file = std::fs::File::open(path)
                .map_err(|error| KeyEncryptionKeyError::Unreadable { kind: error.kind() })?;
            file.take(u64::try_from(MOST_TEXT).unwrap_or(u64::MAX).saturating_add(1))
                .read_to_end(&mut text)
                .map_err(|error| KeyEncryptionKeyError::Unreadable { kind: error.kind() })?;
            Self::from_text(&text)
        };
        read().map_err(|error| KeyEncryptionKeyError::File { path: path.to_owned(), error: Box::new(error) })
    }

    /// The key that a callback tells, for example by having a KMS unwrap it. It may take 30 s.
    ///
    /// # Errors
    /// [`KeyEncryptionKeyError::Callback`] where it fails or does not answer in time; those of
    /// [`from_bytes`](Self::from_bytes).
    pub async fn from_callback<E: fmt::Display>(
        callback: impl AsyncFnOnce() -> Result<Zeroizing<Vec<u8>>, E>,
    ) -> Result<Self, KeyEncryptionKeyError> {
        let failed = |problem: String| KeyEncryptionKeyError::Callback { problem };
        let answer = tokio::time::timeout(PATIENCE, callback()).await;
        let answer = answer.map_err(|_| failed("no answer within 30 s".to_owned()))?;
        Self::from_bytes(&answer.map_err(|error| failed(error.to_string()))?)
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    fn from_text(text: &[u8]) -> Result<Self, KeyEncryptionKeyError> {
        if text.len() > MOST_TEXT {
            return Err(KeyEncryptionKeyError::Encoding);
        }
        let text = text.trim_ascii();
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let alphabet =
            if text.iter().any(|byte| matches!(byte, b'-' | b'_')) { &URL_SAFE } else { &STANDARD };
        let mut bytes = Zeroizing::new([0; MOST_TEXT]);
        let length = GeneralPurpose::new(alphabet, config)
            .decode_slice(text, bytes.as_mut_slice())
            .map_err(|_| KeyEncryptionKeyError::Encoding)?;
        Self::from_bytes(bytes.get(..length).unwrap_or_default())
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey")
    }
}

/// Why a key-encryption key cannot be read. Shows nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyEncryptionKeyError {
    /// The environment variable is not set.
    Missing,
    /// The file cannot be read.
    Unreadable {
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// The text is neither base64 nor base64url, or too long.
    Encoding,
    /// It has not 32 bytes.
    Length {
        /// But so many.
        bytes: usize,
    },
    /// It is one byte, again and again.
    RepeatsOneByte,
    /// What is wrong with the key in an environment variable.
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong.
        error: Box<Self>,
    },
    /// What is wrong with the key in a file.
    File {
        /// Its path.
        path: PathBuf,
        /// What is wrong.
        error: Box<Self>,
    },
    /// The callback failed, or did not answer in time.
    Callback {
        /// What it says.
        problem: String,
    },
}

impl fmt::Display for KeyEncryptionKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is not set"),
            Self::Unreadable { kind } => write!(f, "it cannot be read: {kind}"),
            Self::Encoding => {
                f.write_str("it is not base64 of 32 bytes, as `openssl rand -base64 32` makes it")
            }
            Self::Length { bytes } => {
                write!(f, "a key-encryption key has 32 bytes, and this one has {bytes}")
            }
            Self::RepeatsOneByte => f.write_str("it is one byte, again and again"),
            Self::Variable { variable, error } => {
                write!(f, "the key-encryption key in the environment variable `{variable}`: {error}")
            }
            Self::File { path, error } => {
                write!(f, "the key-encryption key in the file `{}`: {error}", path.display())
            }
            Self::Callback { problem } => write!(f, "the key-encryption key was not told: {problem}"),
        }
    }
}

impl std::error::Error for KeyEncryptionKeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Variable { error, .. } | Self::File { error, .. } => Some(&**error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_in_base64_of_either_alphabet() {
        let mut bytes = [0xfb; 32];
        bytes[0] = 1;
        let url = "Afv7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s";
        let standard = "Afv7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
        for text in [url, standard, &format!("  {url}=\r\n"), standard.trim_end_matches('=')] {
            let key = KeyEncryptionKey::from_text(text.as_bytes()).expect(text);
            assert_eq!(key.as_bytes(), &bytes, "{text}");
        }
        for (text, error) in [
            ("", KeyEncryptionKeyError::Length { bytes: 0 }),
            ("AAAA", KeyEncryptionKeyError::Length { bytes: 3 }),
            ("a pass phrase is no key", KeyEncryptionKeyError::Encoding),
            (&"A".repeat(43), KeyEncryptionKeyError::RepeatsOneByte),
            (&"A".repeat(2_000), KeyEncryptionKeyError::Encoding),
            (&format!("-{}", standard.split_at(1).1), KeyEncryptionKeyError::Encoding),
        ] {
            assert_eq!(KeyEncryptionKey::from_text(text.as_bytes()).unwrap_err(), error, "{text}");
        }
    }

    /// Run by the next one, for variables are set for a process of its own.
    #[test]
    #[ignore = "it needs variables"]
    fn child() {
        let bytes: [u8; 32] = core::array::from_fn(|n| u8::try_from(n).unwrap());
        for variable in ["T_RING_KEY", "T_RING_KEY_URL"] {
            assert_eq!(KeyEncryptionKey::from_env(variable).unwrap().as_bytes(), &bytes, "{variable}");
        }
        let error = KeyEncryptionKey::from_env("T_RING_KEY_SHORT").unwrap_err().to_string();
        assert_eq!(
            error,
            "the key-encryption key in the environment variable `T_RING_KEY_SHORT`: a key-encryption key has 32 bytes, \
             and this one has 3"
        );
    }

    #[test]
    fn a_key_is_read_from_a_variable() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["key_ring::key_encryption_key::tests::child", "--exact", "--ignored"])
            .env("T_RING_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
            .env("T_RING_KEY_URL", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
            .env("T_RING_KEY_SHORT", "AAEC")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    #[test]
    fn a_key_that_is_not_there_is_named() {
        let error = KeyEncryptionKey::from_env("NO_SUCH_VARIABLE").unwrap_err().to_string();
        assert_eq!(
            error,
            "the key-encryption key in the environment variable `NO_SUCH_VARIABLE`: it is not set"
        );
        let folder = tempfile::tempdir().unwrap();
        let error = KeyEncryptionKey::from_file(folder.path().join("none")).unwrap_err().to_string();
        assert!(error.ends_with("none`: it cannot be read: entity not found"), "{error}");
        let file = folder.path().join("large");
        std::fs::write(&file, "A".repeat(100_000)).unwrap();
        let error = KeyEncryptionKey::from_file(&file).unwrap_err();
        let KeyEncryptionKeyError::File { error, .. } = error else { panic!("{error}") };
        assert_eq!(*error, KeyEncryptionKeyError::Encoding);
    }

    #[tokio::test(start_paused = true)]
    async fn a_callback_has_thirty_seconds() {
        let told = async || Ok::<_, &str>(Zeroizing::new((0..32).collect::<Vec<u8>>()));
        assert!(KeyEncryptionKey::from_callback(told).await.is_ok());
        let failing = async || Err::<Zeroizing<Vec<u8>>, _>("access denied");
        let error = KeyEncryptionKey::from_callback(failing).await.unwrap_err().to_string();
        assert_eq!(error, "the key-encryption key was not told: access denied");
        let silent = async || core::future::pending::<Result<Zeroizing<Vec<u8>>, &str>>().await;
        let error = KeyEncryptionKey::from_callback(silent).await.unwrap_err().to_string();
        assert_eq!(error, "the key-encryption key was not told: no answer within 30 s");
    }

    #[test]
    fn debug_shows_nothing() {
        let key = KeyEncryptionKey::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap();
        assert_eq!(format!("{key:?}"), "KeyEncryptionKey");
    }
}

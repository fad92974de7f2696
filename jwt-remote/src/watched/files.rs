//! The files themselves: which, how they are read, and what their content is worth.

use core::fmt;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hash, Hasher};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use jwt_core::{Algorithm, KeyError, KeySet, VerifyingKey};
use zeroize::Zeroizing;

use super::WatchError;
use crate::bounds::MOST_BYTES;

/// A public key or certificate in a PEM file, for
/// [`WatchedKeys::pem_files`](super::WatchedKeys::pem_files).
#[must_use = "a file is watched by `WatchedKeys`"]
#[derive(Clone, Debug)]
pub struct PemFile {
    algorithm: Algorithm,
    path: PathBuf,
    key_id: Option<String>,
}

impl PemFile {
    /// The key in this file, for this algorithm, without a `kid`.
    pub fn new(algorithm: Algorithm, path: impl Into<PathBuf>) -> Self {
        Self { algorithm, path: path.into(), key_id: None }
    }

    /// The `kid` of tokens that are signed by it (RFC 7515 §4.1.4), at most 256 bytes. Whoever replaces the key keeps the
    /// name; where each key has a name of its own, a JWK set is the better file.
    pub fn with_key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    fn key(&self, content: &[u8]) -> Result<VerifyingKey, KeyError> {
        let key = VerifyingKey::from_pem(self.algorithm, content)?;
        match &self.key_id {
            Some(key_id) => key.with_key_id(key_id.as_str()),
            None => Ok(key),
        }
    }
}

/// What is watched.
#[derive(Debug)]
pub(super) enum Files {
    Jwks(PathBuf),
    Pem(Vec<PemFile>),
}

/// A keyed hash of the content of all files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Print(u64);

/// The content of all files, in their order. May be private keys, so it is wiped.
pub(super) struct Content(Vec<Zeroizing<Vec<u8>>>);

impl Files {
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let (one, several) = match self {
            Files::Jwks(path) => (Some(path.as_path()), [].as_slice()),
            Files::Pem(files) => (None, files.as_slice()),
        };
        one.into_iter().chain(several.iter().map(|file| file.path.as_path()))
    }

    /// Reads all files in full. Blocks.
    ///
    /// The content is compared, and not the time of the last change: that has seconds on some file systems, and a file
    /// may be replaced by one that is older.
    pub(super) fn read(&self) -> Result<Content, WatchError> {
        let read = |path: &Path| {
            read(path).map_err(|error| KeyError::File { path: path.to_owned(), kind: error.kind() })
        };
        let content: Result<Vec<_>, _> = self.paths().map(read).collect();
        Ok(Content(content?))
    }

    /// The keys in this content.
    pub(super) fn keys(&self, content: &Content) -> Result<KeySet, WatchError> {
        match self {
            Files::Jwks(path) => {
                let content = content.0.first().map(|content| content.as_slice()).unwrap_or_default();
                let keys = KeySet::from_jwks_json(content).map_err(in_file(path))?;
                if keys.is_symmetric() {
                    return Err(WatchError::SharedSecret { path: path.clone() });
                }
                Ok(keys)
            }
            Files::Pem(files) => {
                let secret = files.iter().find(|file| file.algorithm.is_symmetric());
                if let Some(file) = secret {
                    return Err(WatchError::SharedSecret { path: file.path.clone() });
                }
                let key = |(file, content): (&PemFile, _)| file.key(content).map_err(in_file(&file.path));
                let keys: Result<Vec<_>, _> =
                    files.iter().zip(content.0.iter().map(|content| content.as_slice())).map(key).collect();
                Ok(KeySet::new(keys?)?)
            }
        }
    }
}

/// What they are called in logs.
impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, path) in self.paths().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            write!(f, "{separator}{}", path.display())?;
        }
        Ok(())
    }
}

impl Content {
    /// To be compared with another one of the same files. Keyed, so that nobody can write two of the same print.
    pub(super) fn print(&self, random: &impl BuildHasher) -> Print {
        let mut hasher = random.build_hasher();
        self.0.iter().for_each(|content| content.as_slice().hash(&mut hasher));
        Print(hasher.finish())
    }
}

fn in_file(path: &Path) -> impl FnOnce(KeyError) -> KeyError + use<> {
    let path = path.to_owned();
    |error| KeyError::InFile { path, error: Box::new(error) }
}

/// At most one byte more than [`MOST_BYTES`], which is refused later, into memory that does not move.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // Before it is opened: a pipe would be waited for until somebody writes.
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(ErrorKind::Unsupported.into());
    }
    let mut file = File::open(path)?;
    let mut content = Zeroizing::new(vec![0; MOST_BYTES.saturating_add(1)]);
    let mut len = 0_usize;
    while let Some(room) = content.get_mut(len..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(read) => len = len.saturating_add(read),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    content.truncate(len);
    Ok(content)
}

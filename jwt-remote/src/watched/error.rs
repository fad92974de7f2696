//! Why watched files give no keys.

use core::fmt;
use std::path::PathBuf;

use jwt_core::KeyError;

/// Why watched files give no keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchError {
    /// A file cannot be read, or its content is refused, or the keys of several do not make a set.
    #[non_exhaustive]
    Keys {
        /// Which file, and why.
        error: KeyError,
    },
    /// A shared secret stands among the keys, and HMAC is not for keys that are replaced while serving.
    #[non_exhaustive]
    SharedSecret {
        /// The file.
        path: PathBuf,
    },
    /// The file system did not answer in time.
    #[non_exhaustive]
    Slow {
        /// The file, or the first one of several.
        path: PathBuf,
    },
    /// No file is named at all.
    NoFile,
}

impl WatchError {
    /// A stable code, for metrics and alerts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            WatchError::Keys { error } => error.code(),
            WatchError::SharedSecret { .. } => "shared_secret",
            WatchError::Slow { .. } => "slow_file",
            WatchError::NoFile => "no_file",
        }
    }
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WatchError::Keys { error } => error.fmt(f),
            WatchError::SharedSecret { path } => write!(
                f,
                "file `{}`: a shared secret is not watched; give it to the authority itself, and take its public keys out \
                 of the file",
                path.display()
            ),
            WatchError::Slow { path } => {
                write!(f, "file `{}` cannot be read in time: look at the file system", path.display())
            }
            WatchError::NoFile => f.write_str("no file is named: name at least one"),
        }
    }
}

impl core::error::Error for WatchError {}

impl From<KeyError> for WatchError {
    fn from(error: KeyError) -> Self {
        Self::Keys { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_words() {
        let path = || PathBuf::from("/keys/a");
        let unreadable = KeyError::File { path: path(), kind: std::io::ErrorKind::NotFound };
        for (error, words) in [
            (
                WatchError::from(unreadable),
                "file_unreadable: file `/keys/a` cannot be read: entity not found",
            ),
            (
                WatchError::SharedSecret { path: path() },
                "shared_secret: file `/keys/a`: a shared secret is not watched; give it to the authority itself, and \
                 take its public keys out of the file",
            ),
            (
                WatchError::Slow { path: path() },
                "slow_file: file `/keys/a` cannot be read in time: look at the file system",
            ),
            (WatchError::NoFile, "no_file: no file is named: name at least one"),
        ] {
            assert_eq!(format!("{}: {error}", error.code()), words);
        }
    }
}

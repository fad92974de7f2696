//! The folder that all is kept in: a database, and beside it the key that seals the signing keys in there.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jwt_session::KeyEncryptionKey;
use jwt_store::SqliteStore;

use crate::Failure;

pub(crate) struct Data {
    pub(crate) folder: PathBuf,
    pub(crate) database: PathBuf,
    /// Sessions and signing keys.
    pub(crate) store: SqliteStore,
    key: PathBuf,
}

impl Data {
    /// Makes at the first start what is not there.
    pub(crate) async fn open(folder: impl Into<PathBuf>) -> Result<Self, Failure> {
        let folder = folder.into();
        make_folder(&folder).map_err(|error| format!("the folder {}: {error}", folder.display()))?;
        let (database, key) = (folder.join("quickstart.db"), folder.join("key-encryption.key"));
        if !database.exists() {
            // Never beside a database that was sealed by another one: that one must be found again.
            if !key.exists() {
                let mut bytes = [0; KeyEncryptionKey::BYTES];
                getrandom::fill(&mut bytes)?;
                make_file(&key, &STANDARD.encode(bytes))?;
            }
            // SQLite gives the files that it makes beside it the same mode.
            make_file(&database, "")?;
        }
        let store = SqliteStore::at(&database).open().await?;
        store.migrate().await?;
        Ok(Self { folder, database, store, key })
    }

    /// Better kept elsewhere: whoever has it and the database can sign. `KeyEncryptionKey::from_env` reads a variable.
    pub(crate) fn key_encryption_key(&self) -> Result<KeyEncryptionKey, Failure> {
        Ok(KeyEncryptionKey::from_file(&self.key)?)
    }
}

/// Text of 120 random bits, to be used as a password.
pub(crate) fn random_text() -> Result<String, Failure> {
    let mut bytes = [0; 15];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut maker = DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(folder)
}

/// For its owner alone.
fn make_file(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(path).and_then(|mut file| {
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        // Half a key would be in the way at the next start.
        written.inspect_err(|_| drop(fs::remove_file(path)))
    });
    made.map_err(|error| format!("the file {}: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_is_made_once_for_its_owner_alone_and_never_beside_a_database_of_another()
    -> Result<(), Failure> {
        let folder = tempfile::tempdir()?;
        let data = Data::open(folder.path().join("data")).await?;
        let first = fs::read(&data.key)?;
        assert!(data.key_encryption_key().is_ok());
        #[cfg(unix)]
        for (path, mode) in [(&data.key, 0o600), (&data.database, 0o600), (&data.folder, 0o700)] {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(path)?.permissions().mode() & 0o777, mode, "{}", path.display());
        }
        let again = Data::open(&data.folder).await?;
        assert_eq!(fs::read(&again.key)?, first);

        fs::remove_file(&data.key)?;
        let without = Data::open(&data.folder).await?;
        assert!(without.key_encryption_key().is_err(), "a key was made that opens nothing");
        Ok(())
    }
}

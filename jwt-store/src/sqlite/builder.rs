//! Opening the file.

use core::fmt;
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jwt_session::jwt_core::{Clock, SystemClock};
use jwt_session::store::{Steady, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::SqliteStore;
use super::error::failed;

/// Connections that read.
const READERS: u32 = 4;

/// Opens a [`SqliteStore`].
#[must_use = "a store is there after `open`"]
pub struct SqliteStoreBuilder {
    path: PathBuf,
    patience: Duration,
    clock: Arc<dyn Clock>,
}

impl SqliteStoreBuilder {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), patience: Duration::from_secs(2), clock: Arc::new(SystemClock) }
    }

    /// How long a caller waits for its turn, and for the lock of another process, before the store is unavailable.
    /// Default 2 s each.
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Tells the time by another clock. Default: the system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be opened or is no file of SQLite.
    pub async fn open(self) -> Result<SqliteStore, StoreError> {
        create_private(&self.path);
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            // Readers do not wait for the writer.
            .journal_mode(SqliteJournalMode::Wal)
            // With NORMAL a loss of power would forget the newest revocations.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(self.patience);
        // A connection is looked at when it is given back; what breaks it after that, its first statement tells as well.
        let pool = |most: u32| {
            let options = SqlitePoolOptions::new().max_connections(most).acquire_timeout(self.patience);
            options.test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(failed)?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await.map_err(failed)?;
        let steady = Arc::new(Steady::default());
        // The first look at the clock, with which later ones are compared.
        _ = steady.may_forget(self.clock.now());
        Ok(SqliteStore { writer, readers, clock: self.clock, steady })
    }
}

/// Creates the file for its owner alone; what SQLite keeps beside it is made likewise. Where that fails, opening does, and
/// says why; a file that is there is left as it is.
#[cfg(unix)]
fn create_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;

    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

#[cfg(not(unix))]
const fn create_private(_: &Path) {}

impl fmt::Debug for SqliteStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStoreBuilder").field("patience", &self.patience).finish_non_exhaustive()
    }
}

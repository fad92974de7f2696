//! What the engine says, as what it means to a caller.

use core::fmt;

use jwt_session::store::{StoreError, StoreErrorKind};

/// The primary result codes of SQLite (<https://www.sqlite.org/rescode.html>), which are the low byte of the extended.
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const READONLY: u32 = 8;
const IOERR: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const CANTOPEN: u32 = 14;
const NOTADB: u32 = 26;

pub(super) fn failed(error: sqlx::Error) -> StoreError {
    let kind = match &error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_) => StoreErrorKind::Unavailable,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreErrorKind::Corrupt,
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
            match code & 0xff {
                BUSY | LOCKED | READONLY | IOERR | CANTOPEN => StoreErrorKind::Unavailable,
                FULL => StoreErrorKind::Full,
                CORRUPT | NOTADB => StoreErrorKind::Corrupt,
                _ => StoreErrorKind::Failed,
            }
        }
        _ => StoreErrorKind::Failed,
    };
    // The second is made by the engine with the first table.
    let missing = ["no such table: jwt_", "no such table: sqlite_sequence"];
    let is_missing = |text: &str| missing.iter().any(|start| text.starts_with(start));
    let is_missing = matches!(&error, sqlx::Error::Database(it) if is_missing(it.message()));
    match is_missing {
        true => StoreError::new(kind).with_cause(NotMigrated),
        false => StoreError::new(kind).with_cause(error),
    }
}

/// JSON that cannot be read or written. What serde says of it may quote a value.
pub(super) fn malformed(error: serde_json::Error) -> StoreError {
    let (line, column) = (error.line(), error.column());
    StoreError::new(StoreErrorKind::Corrupt).with_cause(Malformed { line, column })
}

pub(super) fn corrupt(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt).with_cause(error)
}

/// The tables are not there.
#[derive(Debug)]
struct NotMigrated;

impl fmt::Display for NotMigrated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tables are not there: call `SqliteStore::migrate` first")
    }
}

impl std::error::Error for NotMigrated {}

/// A record that is not what was written.
#[derive(Debug)]
struct Malformed {
    line: usize,
    column: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a record cannot be read, at line {} and column {}", self.line, self.column)
    }
}

impl std::error::Error for Malformed {}

/// The file was written by a later version of this crate.
#[derive(Debug)]
pub(super) struct LaterVersion(pub(super) i64);

impl fmt::Display for LaterVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the tables are of version {}, and this is version {}", self.0, super::MIGRATIONS.len())
    }
}

impl std::error::Error for LaterVersion {}

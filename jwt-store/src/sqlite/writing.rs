//! A transaction that writes, on the one connection that does.
//!
//! Not the transaction of sqlx: where a disk is full the engine ends a transaction by itself, after which the
//! connection and sqlx are of two minds about it for ever.

use jwt_session::store::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection, SqlitePool};

use super::error::failed;

/// A transaction. Where it is dropped before its end, so is its connection, which undoes it; the next caller has a new
/// one.
pub(super) struct Writing(Option<PoolConnection<Sqlite>>);

impl Writing {
    /// Begins by taking the lock: a transaction that read first would have to give up where another one wrote meanwhile.
    pub(super) async fn begin(writer: &SqlitePool) -> Result<Self, StoreError> {
        let mut writing = Self(Some(writer.acquire().await.map_err(failed)?));
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(writing.connection()?).await;
        match begun {
            Ok(_) => Ok(writing),
            Err(error) => {
                // Nothing has begun, so that the connection is as good as before.
                drop(writing.0.take());
                Err(failed(error))
            }
        }
    }

    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        // There until the end, which consumes this.
        self.0.as_deref_mut().ok_or_else(|| failed(sqlx::Error::PoolClosed))
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.end("COMMIT").await
    }

    /// Ends a transaction that has written nothing.
    pub(super) async fn leave(self) -> Result<(), StoreError> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, statement: &'static str) -> Result<(), StoreError> {
        sqlx::query(statement).execute(self.connection()?).await.map_err(failed)?;
        drop(self.0.take());
        Ok(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

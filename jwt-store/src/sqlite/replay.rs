//! What was used, each a row.

use core::time::Duration;

use jwt_session::jwt_core::keys::BoxFuture;
use jwt_session::store::{ReplayStore, StoreError, UseId};

use super::error::failed;
use super::writing::Writing;
use super::{SqliteStore, millis};

/// Rows that one call forgets at most: more than it adds, so that the table shrinks where there is nothing to keep.
const FORGOTTEN_AT_ONCE: i64 = 8;

impl SqliteStore {
    async fn use_up(&self, id: UseId, until: Duration) -> Result<bool, StoreError> {
        let (id, until) = (id.as_bytes().as_slice(), millis(until));
        // What was used before needs no turn of the writer, so that nobody holds it up by sending a token again.
        let known = sqlx::query("SELECT 1 FROM jwt_uses WHERE id = ?1").bind(id);
        if known.fetch_optional(&self.readers).await.map_err(failed)?.is_some() {
            return Ok(false);
        }
        let mut writing = Writing::begin(&self.writer).await?;
        // Asked for behind the lock: whoever waited must not use what was forgotten meanwhile.
        let now = self.clock.now();
        let (may_forget, now) = (self.steady.may_forget(now), millis(now));
        if until <= now {
            writing.leave().await?;
            return Ok(false);
        }
        let insert = sqlx::query("INSERT INTO jwt_uses (id, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING");
        let done = insert.bind(id).bind(until).execute(writing.connection()?).await.map_err(failed)?;
        if done.rows_affected() != 1 {
            writing.leave().await?;
            return Ok(false);
        }
        let most = if may_forget { FORGOTTEN_AT_ONCE } else { 0 };
        let forget = "DELETE FROM jwt_uses WHERE id IN (SELECT id FROM jwt_uses WHERE until <= ?1 LIMIT ?2)";
        let forget = sqlx::query(forget).bind(now).bind(most);
        forget.execute(writing.connection()?).await.map_err(failed)?;
        writing.commit().await?;
        Ok(true)
    }
}

impl ReplayStore for SqliteStore {
    fn consume(&self, id: UseId, until: Duration) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.use_up(id, until))
    }
}

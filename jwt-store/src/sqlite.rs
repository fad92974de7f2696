//! Sessions, key rings and uses in a file of SQLite.
//!
//! One connection writes, a few read: SQLite has one writer at a time anyway, and callers that queue here are served in
//! their order and give up in time, which the engine's own lock does not promise.

mod builder;
mod error;
mod key_ring;
mod replay;
mod writing;

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use jwt_session::jwt_core::Clock;
use jwt_session::jwt_core::keys::BoxFuture;
use jwt_session::store::{
    Change, KEPT_AFTER_END, Of, Scope, SessionStore, StoreError, StoreErrorKind, Transaction,
};
use jwt_session::{Revocation, Session, SessionId};
use sqlx::{Row as _, SqliteConnection, SqlitePool};

pub use self::builder::SqliteStoreBuilder;
use self::error::{corrupt, failed};
use self::writing::Writing;

/// What brings the tables from each version to the next, from nothing on. The last line of each sets `user_version`.
const MIGRATIONS: [&str; 4] = [
    include_str!("sqlite/1.sql"),
    include_str!("sqlite/2.sql"),
    include_str!("sqlite/3.sql"),
    include_str!("sqlite/4.sql"),
];

/// Rows that are forgotten by one call at most.
const FORGOTTEN_AT_ONCE: i64 = 10_000;

/// A store in a file of SQLite, for a service on one machine.
///
/// ```
/// use jwt_store::SqliteStore;
/// # async fn example(folder: &std::path::Path) -> Result<(), jwt_store::jwt_session::store::StoreError> {
/// let store = SqliteStore::at(folder.join("sessions.db")).open().await?;
/// store.migrate().await?;
/// # Ok(())
/// # }
/// # let folder = tempfile::tempdir().unwrap();
/// # tokio::runtime::Runtime::new().unwrap().block_on(example(folder.path())).unwrap();
/// ```
///
/// What was written lasts once it is answered, also where the machine loses its power: each change is synchronised to
/// the disk. Several processes of one machine may share the file, and learn of each other's revocations by
/// [`Sessions::catch_up`](jwt_session::Sessions::catch_up); a network file system must not hold it. Clones are the same
/// store.
#[derive(Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
}

impl SqliteStore {
    /// Starts with the file, which is created where it is not there.
    pub fn at(path: impl AsRef<std::path::Path>) -> SqliteStoreBuilder {
        SqliteStoreBuilder::new(path.as_ref())
    }

    /// Creates the tables, or brings them to the form of this version. To be called once before anything else; called
    /// again it does nothing.
    ///
    /// # Errors
    /// [`StoreError`] where the file cannot be written, or was written by a later version.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut writing = Writing::begin(&self.writer).await?;
        let version =
            sqlx::query("PRAGMA user_version").fetch_one(writing.connection()?).await.map_err(failed)?;
        let version: i64 = version.try_get(0).map_err(failed)?;
        let behind = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..));
        let Some(behind) = behind else { return Err(corrupt(error::LaterVersion(version))) };
        for step in behind {
            sqlx::raw_sql(*step).execute(writing.connection()?).await.map_err(failed)?;
        }
        writing.commit().await
    }

    /// Closes all connections; what is under way comes to its end.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    async fn run(&self, scope: Scope<'_>, mut change: Change<'_>) -> Result<(), StoreError> {
        let mut writing = Writing::begin(&self.writer).await?;
        let now = self.clock.now();
        let read = match scope {
            Scope::Session(id) => {
                sqlx::query("SELECT record FROM jwt_sessions WHERE id = ?1")
                    .bind(id.as_bytes().as_slice())
                    .fetch_all(writing.connection()?)
                    .await
            }
            Scope::Subject(subject) => {
                sqlx::query("SELECT record FROM jwt_sessions WHERE subject = ?1 AND NOT ended")
                    .bind(subject)
                    .fetch_all(writing.connection()?)
                    .await
            }
            Scope::Nobody => Ok(Vec::new()),
            _ => return Err(StoreErrorKind::Failed.into()),
        };
        let sessions = read.map_err(failed)?.iter().map(session).collect::<Result<Vec<_>, _>>()?;
        let mut changed = Transaction::new(now, sessions);
        change(&mut changed);
        let writes = changed.into_writes();
        if writes.is_empty() {
            return writing.leave().await;
        }
        for session in &writes.inserted {
            insert(writing.connection()?, session).await?;
        }
        for session in &writes.updated {
            sqlx::query("UPDATE jwt_sessions SET ended = ?2, over = ?3, record = ?4 WHERE id = ?1")
                .bind(session.id().as_bytes().as_slice())
                .bind(session.ended().is_some())
                .bind(millis(session.over()))
                .bind(record(session)?)
                .execute(writing.connection()?)
                .await
                .map_err(failed)?;
        }
        for revocation in &writes.revocations {
            sqlx::query("INSERT INTO jwt_revocations (expiry, record) VALUES (?1, ?2)")
                .bind(millis(revocation.expiry()))
                .bind(record(revocation)?)
                .execute(writing.connection()?)
                .await
                .map_err(failed)?;
        }
        writing.commit().await
    }

    async fn page(
        &self,
        of: Of<'_>,
        after: Option<SessionId>,
        most: usize,
    ) -> Result<Vec<Session>, StoreError> {
        let after = after.as_ref().map_or(&[][..], |id| id.as_bytes().as_slice());
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let query = match of {
            Of::Session(id) => {
                let only = sqlx::query("SELECT record FROM jwt_sessions WHERE id = ?3 AND id > ?1 LIMIT ?2");
                only.bind(after).bind(most).bind(id.as_bytes().to_vec())
            }
            Of::Subject(subject) => {
                let theirs =
                    "SELECT record FROM jwt_sessions WHERE subject = ?3 AND id > ?1 ORDER BY id LIMIT ?2";
                sqlx::query(theirs).bind(after).bind(most).bind(subject)
            }
            Of::Client(client) => {
                let theirs =
                    "SELECT record FROM jwt_sessions WHERE client = ?3 AND id > ?1 ORDER BY id LIMIT ?2";
                sqlx::query(theirs).bind(after).bind(most).bind(client)
            }
            Of::Tenant(tenant) => {
                let theirs =
                    "SELECT record FROM jwt_sessions WHERE tenant = ?3 AND id > ?1 ORDER BY id LIMIT ?2";
                sqlx::query(theirs).bind(after).bind(most).bind(tenant)
            }
            Of::ProviderSession { issuer, session_id } => {
                let theirs = "SELECT record FROM jwt_sessions WHERE provider = ?3 AND provider_session = ?4 AND id > ?1 \
                              ORDER BY id LIMIT ?2";
                sqlx::query(theirs).bind(after).bind(most).bind(issuer).bind(session_id)
            }
            Of::Everybody => {
                let all = "SELECT record FROM jwt_sessions WHERE id > ?1 ORDER BY id LIMIT ?2";
                sqlx::query(all).bind(after).bind(most)
            }
            _ => return Err(StoreErrorKind::Failed.into()),
        };
        query.fetch_all(&self.readers).await.map_err(failed)?.iter().map(session).collect()
    }

    async fn log(&self, after: u64, most: usize) -> Result<Vec<(u64, Revocation)>, StoreError> {
        let lines = sqlx::query(
            "SELECT number, record FROM jwt_revocations WHERE number > ?1 AND expiry > ?3 ORDER BY number LIMIT ?2",
        );
        let (after, most) =
            (i64::try_from(after).unwrap_or(i64::MAX), i64::try_from(most).unwrap_or(i64::MAX));
        let lines = lines.bind(after).bind(most).bind(millis(self.clock.now()));
        let lines = lines.fetch_all(&self.readers).await.map_err(failed)?;
        let line = |row: &sqlx::sqlite::SqliteRow| {
            let number: i64 = row.try_get(0).map_err(failed)?;
            let number = u64::try_from(number).map_err(corrupt)?;
            let text: &str = row.try_get(1).map_err(failed)?;
            Ok((number, serde_json::from_str(text).map_err(corrupt)?))
        };
        lines.iter().map(line).collect()
    }

    async fn forget(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut writing = Writing::begin(&self.writer).await?;
        let mut forgotten = 0;
        let before = millis(now.saturating_sub(KEPT_AFTER_END));
        for (statement, before) in [
            (
                "DELETE FROM jwt_sessions WHERE id IN (SELECT id FROM jwt_sessions WHERE over <= ?1 LIMIT ?2)",
                before,
            ),
            (
                "DELETE FROM jwt_revocations WHERE number IN \
                 (SELECT number FROM jwt_revocations WHERE expiry <= ?1 LIMIT ?2)",
                millis(now),
            ),
        ] {
            let done = sqlx::query(statement).bind(before).bind(FORGOTTEN_AT_ONCE);
            let done = done.execute(writing.connection()?).await.map_err(failed)?;
            forgotten = usize::try_from(done.rows_affected()).unwrap_or(usize::MAX).saturating_add(forgotten);
        }
        writing.commit().await?;
        Ok(forgotten)
    }
}

async fn insert(connection: &mut SqliteConnection, session: &Session) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO jwt_sessions (id, subject, client, tenant, ended, over, record, provider, provider_session) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .bind(session.id().as_bytes().as_slice())
    .bind(session.subject())
    .bind(session.client())
    .bind(session.tenant())
    .bind(session.ended().is_some())
    .bind(millis(session.over()))
    .bind(record(session)?)
    .bind(session.provider_session().map(|(issuer, _)| issuer))
    .bind(session.provider_session().map(|(_, id)| id))
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

impl SessionStore for SqliteStore {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(self.run(scope, change))
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        Box::pin(self.page(of, after, most))
    }

    fn revocations(
        &self,
        after: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<(u64, Revocation)>, StoreError>> {
        Box::pin(self.log(after, most))
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(self.forget())
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore")
    }
}

fn session(row: &sqlx::sqlite::SqliteRow) -> Result<Session, StoreError> {
    let text: &str = row.try_get(0).map_err(failed)?;
    serde_json::from_str(text).map_err(corrupt)
}

fn record(record: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(corrupt)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

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
    Change, KEPT_AFTER_END, LogPage, Of, Scope, SessionStore, Steady, StoreError, StoreErrorKind, Transaction,
};
use jwt_session::{Session, SessionId};
use sqlx::{Row as _, SqliteConnection, SqlitePool};

pub use self::builder::SqliteStoreBuilder;
use self::error::{corrupt, failed, malformed};
use self::writing::Writing;

/// What brings the tables from each version to the next, from nothing on. The version is in a table of our own:
/// `user_version` belongs to whoever else has tables in the file.
const MIGRATIONS: [&str; 5] = [
    include_str!("sqlite/1.sql"),
    include_str!("sqlite/2.sql"),
    include_str!("sqlite/3.sql"),
    include_str!("sqlite/4.sql"),
    include_str!("sqlite/5.sql"),
];

/// Rows that are forgotten by one call at most.
const FORGOTTEN_AT_ONCE: i64 = 1_000;

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
/// the disk. Several processes of one machine may share the file, and `Sessions` of each learns within a second what the
/// others revoke; where there is only one,
/// [`with_single_process`](jwt_session::SessionsBuilder::with_single_process) spares that. A network file system must not
/// hold it. The file is created for its owner alone. Clones are the same store.
#[derive(Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
    steady: Arc<Steady>,
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
        let table = "CREATE TABLE IF NOT EXISTS jwt_schema (version INTEGER NOT NULL)";
        sqlx::raw_sql(table).execute(writing.connection()?).await.map_err(failed)?;
        let version = sqlx::query("SELECT coalesce(max(version), 0) FROM jwt_schema");
        let version = version.fetch_one(writing.connection()?).await.map_err(failed)?;
        let version: i64 = version.try_get(0).map_err(failed)?;
        let behind = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..));
        let Some(behind) = behind else { return Err(corrupt(error::LaterVersion(version))) };
        for (step, version) in behind.iter().zip(version.saturating_add(1)..) {
            sqlx::raw_sql(*step).execute(writing.connection()?).await.map_err(failed)?;
            let reached = sqlx::query("INSERT INTO jwt_schema (version) VALUES (?1)").bind(version);
            reached.execute(writing.connection()?).await.map_err(failed)?;
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
        let connection = writing.connection()?;
        let (sessions, cutoff) = match scope {
            Scope::Session(id) => {
                let read = with_id(connection, id).await?;
                let names = read.as_ref().map(Session::cutoff_names).unwrap_or_default();
                (read.into_iter().collect(), cutoff(connection, &names).await?)
            }
            Scope::Sessions(ids) => {
                let mut read = Vec::with_capacity(ids.len());
                for id in ids {
                    read.extend(with_id(connection, *id).await?);
                }
                (read, 0)
            }
            Scope::Subject(subject) => (not_ended(connection, subject).await?, 0),
            Scope::Login { subject, cutoffs } => {
                (not_ended(connection, subject).await?, cutoff(connection, cutoffs).await?)
            }
            Scope::Nobody => (Vec::new(), 0),
            _ => return Err(StoreErrorKind::Failed.into()),
        };
        let mut changed = Transaction::new(now, sessions).with_cutoff(cutoff);
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
            sqlx::query("INSERT INTO jwt_revocations (expiry, record, cutoff) VALUES (?1, ?2, ?3)")
                .bind(millis(revocation.expiry()))
                .bind(record(revocation)?)
                .bind(revocation.cutoff_name())
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
            Of::NotEnded(subject) => {
                let theirs = "SELECT record FROM jwt_sessions WHERE subject = ?3 AND NOT ended AND id > ?1 \
                              ORDER BY id LIMIT ?2";
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

    async fn log(&self, after: u64, most: usize) -> Result<LogPage, StoreError> {
        // Before the lines, so that none up to there is missed.
        let newest = sqlx::query("SELECT seq FROM sqlite_sequence WHERE name = 'jwt_revocations'");
        let newest = newest.fetch_optional(&self.readers).await.map_err(failed)?;
        let newest: i64 = newest.map_or(Ok(0), |row| row.try_get(0)).map_err(failed)?;
        let newest = u64::try_from(newest).map_err(corrupt)?;
        if most == 0 {
            return Ok(LogPage::new(Vec::new(), newest));
        }
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
            Ok((number, serde_json::from_str(text).map_err(malformed)?))
        };
        Ok(LogPage::new(lines.iter().map(line).collect::<Result<_, StoreError>>()?, newest))
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

async fn with_id(connection: &mut SqliteConnection, id: SessionId) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query("SELECT record FROM jwt_sessions WHERE id = ?1").bind(id.as_bytes().to_vec());
    row.fetch_optional(connection).await.map_err(failed)?.as_ref().map(session).transpose()
}

async fn not_ended(connection: &mut SqliteConnection, subject: &str) -> Result<Vec<Session>, StoreError> {
    let rows = sqlx::query("SELECT record FROM jwt_sessions WHERE subject = ?1 AND NOT ended").bind(subject);
    rows.fetch_all(connection).await.map_err(failed)?.iter().map(session).collect()
}

/// The number of the newest line of these names.
async fn cutoff(connection: &mut SqliteConnection, names: &[String]) -> Result<u64, StoreError> {
    let mut newest = 0;
    for name in names {
        let row = sqlx::query("SELECT max(number) FROM jwt_revocations WHERE cutoff = ?1").bind(name);
        let row = row.fetch_one(&mut *connection).await.map_err(failed)?;
        let number: Option<i64> = row.try_get(0).map_err(failed)?;
        newest = newest.max(u64::try_from(number.unwrap_or_default()).map_err(corrupt)?);
    }
    Ok(newest)
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

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
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
    serde_json::from_str(text).map_err(malformed)
}

fn record(record: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(malformed)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

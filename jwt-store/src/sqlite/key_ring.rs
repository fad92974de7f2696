//! Documents of key rings, each a row. The time is not told: SQLite has no clock but that of the machine, which is the
//! nodes' own.

use jwt_session::jwt_core::keys::BoxFuture;
use jwt_session::store::{KeyRingDocument, KeyRingStore, StoreError, StoreErrorKind};
use sqlx::Row as _;

use super::SqliteStore;
use super::error::{corrupt, failed};

impl SqliteStore {
    async fn load_ring(&self, name: &str) -> Result<Option<KeyRingDocument>, StoreError> {
        let row = sqlx::query("SELECT version, document FROM jwt_key_rings WHERE name = ?1").bind(name);
        let Some(row) = row.fetch_optional(&self.readers).await.map_err(failed)? else { return Ok(None) };
        let version: i64 = row.try_get(0).map_err(failed)?;
        let text: String = row.try_get(1).map_err(failed)?;
        Ok(Some(KeyRingDocument::new(u64::try_from(version).map_err(corrupt)?, text)))
    }

    async fn replace_ring(
        &self,
        name: &str,
        version: Option<u64>,
        text: &str,
    ) -> Result<Option<u64>, StoreError> {
        if text.len() > KeyRingDocument::MOST_BYTES {
            return Err(StoreErrorKind::Full.into());
        }
        // One statement is one step.
        let statement = match version {
            None => sqlx::query(
                "INSERT INTO jwt_key_rings (name, version, document) VALUES (?1, 1, ?2) ON CONFLICT DO NOTHING",
            )
            .bind(name)
            .bind(text),
            Some(version) => {
                let Ok(version) = i64::try_from(version) else { return Ok(None) };
                let update = "UPDATE jwt_key_rings SET version = version + 1, document = ?2 \
                              WHERE name = ?1 AND version = ?3";
                sqlx::query(update).bind(name).bind(text).bind(version)
            }
        };
        let done = statement.execute(&self.writer).await.map_err(failed)?;
        let next = version.unwrap_or_default().saturating_add(1);
        Ok((done.rows_affected() == 1).then_some(next))
    }
}

impl KeyRingStore for SqliteStore {
    fn load<'s>(&'s self, name: &'s str) -> BoxFuture<'s, Result<Option<KeyRingDocument>, StoreError>> {
        Box::pin(self.load_ring(name))
    }

    fn replace<'s>(
        &'s self,
        name: &'s str,
        version: Option<u64>,
        text: &'s str,
    ) -> BoxFuture<'s, Result<Option<u64>, StoreError>> {
        Box::pin(self.replace_ring(name, version, text))
    }
}

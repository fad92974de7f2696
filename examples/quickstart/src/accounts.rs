//! Who may log in. Of passwords only hashes are kept, by Argon2id.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use axum_jwt::jwt_core::BoxFuture;
use jwt_session::NewSession;
use jwt_session::routes::{Credentials, Login, LoginUnavailable};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::Failure;
use crate::data::{Data, random_text};

/// Hashes at a time: each takes a processor and 19 MiB.
const MOST_AT_ONCE: usize = 4;
/// How long a login waits for its turn before it is 503.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Accounts {
    database: SqlitePool,
    /// Of a password that nobody knows: what is compared where there is no such user.
    decoy: String,
    turns: Arc<Semaphore>,
}

impl Accounts {
    pub(crate) async fn open(data: &Data) -> Result<Self, Failure> {
        let file = SqliteConnectOptions::new().filename(&data.database);
        let database =
            SqlitePoolOptions::new().max_connections(MOST_AT_ONCE.try_into()?).connect_with(file).await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS accounts (name TEXT NOT NULL PRIMARY KEY, hash TEXT NOT NULL, scope TEXT NOT NULL)")
            .execute(&database)
            .await?;
        let decoy = spawn_blocking(|| Ok::<_, Failure>(hash(&random_text()?)?)).await??;
        Ok(Self { database, decoy, turns: Arc::new(Semaphore::new(MOST_AT_ONCE)) })
    }

    /// The password of the user that is made here where there is nobody yet; later it is not known any more.
    pub(crate) async fn first(&self, name: &str) -> Result<Option<String>, Failure> {
        let (accounts,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM accounts").fetch_one(&self.database).await?;
        if accounts == 0 { self.new_password(name).await.map(Some) } else { Ok(None) }
    }

    /// Gives a user, who is made where there is none of the name, a new password. Sessions are up to the caller.
    pub(crate) async fn new_password(&self, name: &str) -> Result<String, Failure> {
        let password = random_text()?;
        let set = "INSERT INTO accounts VALUES (?1, ?2, 'read') ON CONFLICT (name) DO UPDATE SET hash = ?2";
        sqlx::query(set).bind(name).bind(hash(&password)?).execute(&self.database).await?;
        Ok(password)
    }

    /// The hash to compare with, and what its user may do: of the decoy, nothing.
    async fn find(&self, name: &str) -> Result<(String, Option<String>), sqlx::Error> {
        let select = sqlx::query_as("SELECT hash, scope FROM accounts WHERE name = ?1").bind(name);
        Ok(select.fetch_optional(&self.database).await?.unwrap_or_else(|| (self.decoy.clone(), None)))
    }

    async fn judge(&self, credentials: Credentials) -> Result<Option<NewSession>, Failure> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await??;
        let (hash, scope) = self.find(credentials.username()).await?;
        // The same work whether there is such a user or not, so that the time tells nobody which names there are. The
        // turn goes along: where the client gives up, the work does not.
        let judged = spawn_blocking(move || {
            let is_right = is_right(credentials.password(), &hash);
            drop(turn);
            is_right.then_some(credentials)
        });
        let (Some(credentials), Some(scope)) = (judged.await?, scope) else { return Ok(None) };
        Ok(Some(NewSession::of(credentials.username()).with_scope(scope)))
    }
}

impl Login for Accounts {
    fn check(&self, credentials: Credentials) -> BoxFuture<'_, Result<Option<NewSession>, LoginUnavailable>> {
        Box::pin(async move {
            self.judge(credentials).await.map_err(|error| {
                tracing::warn!(%error, "a password cannot be checked");
                LoginUnavailable
            })
        })
    }
}

fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_name_costs_the_hash_that_a_known_one_costs() -> Result<(), Failure> {
        let folder = tempfile::tempdir()?;
        let accounts = Accounts::open(&Data::open(folder.path()).await?).await?;
        let password = accounts.first("alice").await?.ok_or("no password")?;
        let (known, scope) = accounts.find("alice").await?;
        let (unknown, nothing) = accounts.find("bob").await?;
        assert_eq!((scope.as_deref(), nothing), (Some("read"), None));
        let work = |hash: &str| {
            let hash = PasswordHash::new(hash)?;
            Ok::<_, Failure>((hash.algorithm.to_string(), hash.version, hash.params.to_string()))
        };
        assert_eq!(work(&known)?, work(&unknown)?);
        assert!(is_right(&password, &known) && !is_right("wrong", &known) && !is_right(&password, &unknown));
        assert!(!is_right(&password, "no hash"));
        Ok(())
    }

    #[tokio::test]
    async fn a_password_is_told_once_and_a_new_one_ends_it() -> Result<(), Failure> {
        let folder = tempfile::tempdir()?;
        let data = Data::open(folder.path()).await?;
        let accounts = Accounts::open(&data).await?;
        let first = accounts.first("alice").await?.ok_or("no password")?;
        assert_eq!(Accounts::open(&data).await?.first("alice").await?, None);
        let second = accounts.new_password("alice").await?;
        let (hash, _) = accounts.find("alice").await?;
        assert!(is_right(&second, &hash) && !is_right(&first, &hash));
        assert!(!hash.contains(&second));
        Ok(())
    }
}

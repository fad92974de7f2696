//! SQLite: by the suite of stores, and by what happens to files.
//!
//! | room | what |
//! |---|---|
//! | `process` | the same program again, as another process |
//! | `crash` | it is killed |
//! | `disk` | its disk is full |
//! | `locked` | somebody else holds the file |
//! | `dropped` | whoever asked goes away |
//! | `races` | many at once, as it is by default and by two handles of one file |

mod crash;
mod disk;
mod dropped;
mod locked;
mod process;
mod races;

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::path::Path;
use std::sync::Arc;

use jwt_session::jwt_core::{Algorithm, HmacSecret, Issuer, ManualClock, SigningKey};
use jwt_session::store::{KeyRingStore as _, Of, ReplayStore as _, SessionStore, StoreErrorKind, UseId};
use jwt_session::{KeyEncryptionKey, KeyRing, NewSession, Session, Sessions, store_suite};
use jwt_store::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_passes_the_suite_of_stores() {
    let folder = tempfile::tempdir().unwrap();
    store_suite::run(async |clock| {
        let store = timed_store_in(folder.path(), clock).await;
        store.migrate().await.unwrap();
        store
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_has_one_successor_however_many_ask_at_once() {
    let folder = tempfile::tempdir().unwrap();
    store_suite::refresh_races(async |clock| timed_store_in(folder.path(), clock).await, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_nothing_usable_survives_a_revocation() {
    let folder = tempfile::tempdir().unwrap();
    let make = async |clock| timed_store_in(folder.path(), clock).await;
    store_suite::revocation_races(make, seed(), 1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_passes_the_suite_of_key_rings() {
    let folder = tempfile::tempdir().unwrap();
    store_suite::key_ring(async |clock| timed_store_in(folder.path(), clock).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_passes_the_suite_of_uses() {
    let folder = tempfile::tempdir().unwrap();
    store_suite::replay(async |clock| timed_store_in(folder.path(), clock).await).await;
}

/// Two handles are as two processes: each has its own connections, and the file decides.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_share_a_file_one_uses_a_name_and_it_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("uses.db");
    let stores = [store_at(&path).await, store_at(&path).await];
    let until = Duration::from_secs(9_000_000_000);
    let id = |round: u8| UseId::of("test", &[&[round]]);
    for round in 0..10 {
        let barrier = Arc::new(Barrier::new(40));
        let mut tasks = JoinSet::new();
        for n in 0..40 {
            let (store, barrier) = (stores[n % 2].clone(), barrier.clone());
            tasks.spawn(async move {
                barrier.wait().await;
                store.consume(id(round), until).await.unwrap()
            });
        }
        let first = tasks.join_all().await.into_iter().filter(|first| *first).count();
        assert_eq!(first, 1, "round {round}");
    }
    for store in stores {
        store.close().await;
    }
    let again = store_at(&path).await;
    for round in 0..10 {
        assert!(!again.consume(id(round), until).await.unwrap(), "round {round}");
    }
}

#[tokio::test]
async fn uses_that_are_over_leave_the_file_as_others_come() {
    let folder = tempfile::tempdir().unwrap();
    let (path, clock) = (folder.path().join("uses.db"), ManualClock::at(1_000));
    let store = SqliteStore::at(&path).with_clock(clock.clone()).open().await.unwrap();
    store.migrate().await.unwrap();
    let consume = async |n: u32, until| {
        let id = UseId::of("test", &[&n.to_be_bytes()]);
        store.consume(id, Duration::from_secs(until)).await.unwrap()
    };
    for n in 0..40 {
        assert!(consume(n, 1_610).await);
    }
    // By then the clock is believed.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(600)).await;
    tokio::time::resume();
    clock.advance(600);
    let options = SqliteConnectOptions::new().filename(&path);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let mut rows = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM jwt_uses").fetch_one(&mut connection).await.unwrap()
    };
    assert_eq!(rows().await, 40);
    clock.advance(10);
    for (n, left) in [(40, 33), (41, 26), (42, 19), (43, 12), (44, 5), (45, 6), (46, 7)] {
        assert!(consume(n, 1_700).await);
        assert_eq!(rows().await, left, "8 leave at a time, while there are such");
    }
}

/// A file of the first version of the tables, with a row in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_version_1_is_migrated_and_keeps_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(include_str!("../../src/sqlite/1.sql")).execute(&mut connection).await.unwrap();
    let first = "CREATE TABLE jwt_schema (version INTEGER NOT NULL); INSERT INTO jwt_schema VALUES (1)";
    sqlx::raw_sql(first).execute(&mut connection).await.unwrap();
    let row = "INSERT INTO jwt_revocations (expiry, record) VALUES (9000000000000, 'old')";
    sqlx::raw_sql(row).execute(&mut connection).await.unwrap();

    let store = SqliteStore::at(&path).open().await.unwrap();
    assert!(store.load("ring").await.is_err(), "there is no table for it yet");
    for _ in 0..2 {
        store.migrate().await.unwrap();
    }
    assert_eq!(store.replace("ring", None, "{}").await.unwrap(), Some(1));
    let version: i64 =
        sqlx::query_scalar("SELECT max(version) FROM jwt_schema").fetch_one(&mut connection).await.unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM jwt_revocations WHERE record = 'old'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(version > 2 && kept == 1, "{version}");

    let later = "INSERT INTO jwt_schema SELECT max(version) + 1 FROM jwt_schema";
    sqlx::raw_sql(later).execute(&mut connection).await.unwrap();
    let refused = store.migrate().await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Corrupt, "a later version is left alone");
}

/// A session that was written before there was an index by the provider's session.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_version_3_is_found_by_the_session_of_its_provider() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let sessions = sessions_on(store_at(&path).await).await;
    let provider = ("https://login.example", "p-1");
    let new = NewSession::of("alice").with_provider_session(provider.0, provider.1);
    let tokens = sessions.start(new).await.unwrap();
    sessions.start(NewSession::of("alice")).await.unwrap();
    // As version 3 left it, with a record that nobody can read beside it.
    let options = SqliteConnectOptions::new().filename(&path);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let back = "DROP INDEX jwt_sessions_provider; ALTER TABLE jwt_sessions DROP COLUMN provider; \
                ALTER TABLE jwt_sessions DROP COLUMN provider_session; DELETE FROM jwt_schema WHERE version > 3; \
                DROP INDEX jwt_revocations_cutoff; ALTER TABLE jwt_revocations DROP COLUMN cutoff; \
                INSERT INTO jwt_sessions (id, subject, ended, over, record) VALUES (x'00', 'x', 1, 0, 'no JSON')";
    sqlx::raw_sql(back).execute(&mut connection).await.unwrap();

    let store = store_at(&path).await;
    let of = async |issuer, session_id| {
        let found = store.sessions(Of::ProviderSession { issuer, session_id }, None, 10).await.unwrap();
        found.iter().map(Session::id).collect::<Vec<_>>()
    };
    assert_eq!(of(provider.0, provider.1).await, [tokens.session()]);
    assert!(of(provider.0, "p-2").await.is_empty() && of(provider.1, provider.0).await.is_empty());
    let plan = "EXPLAIN QUERY PLAN SELECT record FROM jwt_sessions \
                WHERE provider = ?3 AND provider_session = ?4 AND id > ?1 ORDER BY id LIMIT ?2";
    let plan = sqlx::query(plan).fetch_all(&mut connection).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
    assert!(plan.len() == 1 && plan[0].contains("USING INDEX jwt_sessions_provider"), "{plan:?}");
}

/// `user_version` is one number for the whole file, and may be that of an application's own tables.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_tables_of_an_application_has_its_version_and_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("application.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let theirs = "CREATE TABLE users (name TEXT); PRAGMA user_version = 7";
    sqlx::raw_sql(theirs).execute(&mut connection).await.unwrap();
    let sessions = sessions_on(store_at(&path).await).await;
    sessions.start(NewSession::of("alice")).await.unwrap();
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.unwrap();
    assert_eq!(version, 7);
}

#[tokio::test]
async fn who_forgot_to_migrate_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::at(folder.path().join("empty.db")).open().await.unwrap();
    for error in [store.revocations(0, 1).await.map(drop), store.load("ring").await.map(drop)] {
        let error = error.unwrap_err();
        assert!(
            std::error::Error::source(&error).unwrap().to_string().contains("`SqliteStore::migrate` first")
        );
    }
}

/// What is in a record is not in an error.
#[tokio::test]
async fn a_record_that_cannot_be_read_is_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.db");
    let store = store_at(&path).await;
    let options = SqliteConnectOptions::new().filename(&path);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let row = "INSERT INTO jwt_revocations (expiry, record) VALUES (9000000000000, '\"alice@example.com\"')";
    sqlx::raw_sql(row).execute(&mut connection).await.unwrap();
    let error = store.revocations(0, 1).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(!text.contains("alice") && text.contains("line 1"), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let _store = store_at(&folder.path().join("sessions.db")).await;
    let mut seen = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        seen += 1;
    }
    assert_eq!(seen, 3, "the file, its log and its index");
}

/// The keys of a ring are not in the file, nor in what SQLite keeps beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_holds_no_private_bytes_of_a_ring() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::at(folder.path().join("ring.db")).open().await.unwrap();
    store.migrate().await.unwrap();
    let key = KeyEncryptionKey::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap();
    let ring = KeyRing::builder("https://id", Algorithm::ES256, store).with_key_encryption_key(key);
    let issuer = |key| Issuer::builder().with_key(key).with_audience("api").with_issuer("https://id").build();
    let ring = ring.open(issuer).await.unwrap();
    let private = ring.issuer().unwrap().key().insecure_private_jwk().unwrap();
    let scalar = private.split(r#""d":""#).nth(1).unwrap().split('"').next().unwrap();
    let mut read = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        read += bytes.windows(9).filter(|window| *window == b"\"sealed\":").count();
        assert!(!bytes.windows(scalar.len()).any(|window| window == scalar.as_bytes()));
    }
    assert!(read >= 2, "the sealed keys are there");
}

/// `RACE_SEED`, which is printed, has the runs of that seed come again.
#[allow(clippy::print_stdout, reason = "whoever reads of a failure needs the seed")]
fn seed() -> u64 {
    let seed = match std::env::var("RACE_SEED") {
        Ok(seed) => seed.parse().expect("RACE_SEED is a number"),
        Err(_) => RandomState::new().hash_one("by chance"),
    };
    println!("RACE_SEED={seed}");
    seed
}

/// A file of its own in a folder.
async fn timed_store_in(folder: &Path, clock: ManualClock) -> SqliteStore {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let file = format!("{}.db", NUMBER.fetch_add(1, Ordering::Relaxed));
    timed_store_at(&folder.join(file), clock).await
}

/// Patient enough for a thousand callers at once on a machine that has other work.
async fn timed_store_at(path: &Path, clock: ManualClock) -> SqliteStore {
    let store = SqliteStore::at(path).with_clock(clock);
    let store = store.with_patience(Duration::from_secs(120)).open().await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// With its tables.
async fn store_at(path: &Path) -> SqliteStore {
    let store = SqliteStore::at(path).open().await.unwrap();
    store.migrate().await.unwrap();
    store
}

async fn sessions_on(store: impl SessionStore) -> Sessions {
    let secret = HmacSecret::from_bytes((0..32).collect::<Vec<u8>>()).unwrap();
    let key = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    let issuer =
        Issuer::builder().with_key(key).with_audience("api").with_issuer("https://id").build().unwrap();
    Sessions::builder(issuer, store).open().await.unwrap()
}

//! Somebody else holds the file.

use core::time::Duration;

use jwt_session::jwt_core::HmacSecret;
use jwt_session::store::StoreErrorKind;
use jwt_session::{NewSession, OneTimeTokens, Refresh, SessionError};
use jwt_store::SqliteStore;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::{sessions_on, store_at};

#[tokio::test]
async fn a_locked_file_is_unavailable_until_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let patient = sessions_on(store_at(&path).await).await;
    let first = patient.start(NewSession::of("alice")).await.unwrap();
    let store = SqliteStore::at(&path).with_patience(Duration::from_millis(50)).open().await.unwrap();
    let sessions = sessions_on(store).await;

    let mut other =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.unwrap();
    let mut held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("DELETE FROM jwt_revocations").execute(&mut *held).await.unwrap();
    for _ in 0..3 {
        let errors = [
            sessions.start(NewSession::of("bob")).await.map(drop).unwrap_err(),
            sessions.refresh(first.refresh_token(), Refresh::new()).await.map(drop).unwrap_err(),
            sessions.end(first.session()).await.map(drop).unwrap_err(),
        ];
        for error in errors {
            let SessionError::Store(error) = error else { panic!("{error:?}") };
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
        }
        // Readers do not wait for a writer.
        assert_eq!(sessions.list("alice").await.unwrap().len(), 1);
    }
    held.rollback().await.unwrap();
    // So little patience may be too little on a busy machine, once or twice.
    for _ in 0..1_000 {
        if sessions.end(first.session()).await.is_ok() {
            break;
        }
    }
    let ended = patient.session(first.session()).await.unwrap().unwrap().ended();
    assert!(ended.is_some(), "it is free, and unavailable");
}

#[tokio::test]
async fn a_token_is_not_used_up_while_the_file_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("uses.db");
    store_at(&path).await.close().await;
    let store = SqliteStore::at(&path).with_patience(Duration::from_millis(50)).open().await.unwrap();
    let secret = HmacSecret::from_bytes((0..32).collect::<Vec<u8>>()).unwrap();
    let tokens = OneTimeTokens::builder("https://id", "invitation", &secret, store).build().unwrap();
    let (token, used) = (tokens.token("alice").sign().unwrap(), tokens.token("alice").sign().unwrap());
    tokens.redeem(&used).await.unwrap();

    let mut other =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.unwrap();
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    for _ in 0..3 {
        let error = tokens.redeem(&token).await.unwrap_err();
        assert_eq!((error.status(), error.code()), (503, "store_unavailable"), "{error:?}");
        // Whoever sends a used one again waits for nobody.
        assert_eq!(tokens.redeem(&used).await.unwrap_err().code(), "replayed");
    }
    held.rollback().await.unwrap();
    tokens.redeem(&token).await.unwrap();
    assert_eq!(tokens.redeem(&token).await.unwrap_err().code(), "replayed");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    std::fs::write(&path, "these are no tables, and long enough to be none of a database either".repeat(100))
        .unwrap();
    let error = SqliteStore::at(&path).open().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error:?}");
    let missing = SqliteStore::at(folder.path().join("missing/sessions.db")).open().await.unwrap_err();
    assert_eq!(missing.kind(), StoreErrorKind::Unavailable, "{missing:?}");
}

#[tokio::test]
async fn a_file_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    store_at(&path).await.close().await;
    let mut other =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.unwrap();
    sqlx::query("INSERT INTO jwt_schema VALUES (99)").execute(&mut other).await.unwrap();
    let error = SqliteStore::at(&path).open().await.unwrap().migrate().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("version 99"));
}

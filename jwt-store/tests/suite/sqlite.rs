//! SQLite: by the suite of stores, and by what happens to files.
//!
//! | room | what |
//! |---|---|
//! | `process` | the same program again, as another process |
//! | `crash` | it is killed |
//! | `disk` | its disk is full |
//! | `locked` | somebody else holds the file |

mod crash;
mod disk;
mod locked;
mod process;

use core::sync::atomic::{AtomicUsize, Ordering};
use std::path::Path;

use jwt_session::jwt_core::{Algorithm, HmacSecret, Issuer, SigningKey};
use jwt_session::store::SessionStore;
use jwt_session::{Sessions, store_suite};
use jwt_store::SqliteStore;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_passes_the_suite_of_stores() {
    let folder = tempfile::tempdir().unwrap();
    let number = AtomicUsize::new(0);
    store_suite::run(async |clock| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let store = SqliteStore::at(folder.path().join(format!("{number}.db"))).with_clock(clock);
        let store = store.open().await.unwrap();
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();
        store
    })
    .await;
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

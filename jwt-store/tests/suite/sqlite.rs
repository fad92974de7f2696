//! SQLite.

use jwt_session::store_suite;
use jwt_store::SqliteStore;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_passes_the_suite_of_stores() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::sync::atomic::AtomicUsize::new(0);
    store_suite::run(async |clock| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let store = SqliteStore::at(folder.path().join(format!("{number}.db"))).with_clock(clock);
        let store = store.open().await.unwrap();
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();
        store
    })
    .await;
}

//! Refreshes on a file of SQLite, each of them synchronised to the disk: `cargo bench -p jwt-store --bench refresh`.
//!
//! Callers have a session each, so that they share the file and nothing else. Tokens are signed by HS256, so that the
//! store is what is measured. Beside them, what a synchronised write costs on the same disk.
#![expect(clippy::unwrap_used, reason = "a benchmark without its store has nothing to measure")]

use core::time::Duration;
use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::Instant;

use criterion::{Criterion, Throughput};
use jwt_session::jwt_core::{Algorithm, HmacSecret, Issuer, SigningKey};
use jwt_session::{NewSession, Refresh, SessionTokens, Sessions};
use jwt_store::SqliteStore;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const CALLERS: [usize; 3] = [1, 8, 64];

fn main() {
    // On a disk, where the folder of temporary files may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let runtime = Runtime::new().unwrap();
    let mut criterion = Criterion::default().configure_from_args().measurement_time(Duration::from_secs(10));
    let mut group = criterion.benchmark_group("refresh on SQLite");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    group.bench_function("a page written and synchronised, alone", |bencher| {
        let mut file = File::create(folder.path().join("page")).unwrap();
        bencher.iter(|| {
            file.rewind().unwrap();
            file.write_all(&[7; 4_096]).unwrap();
            file.sync_data().unwrap();
        });
    });
    for callers in CALLERS {
        let path = folder.path().join(format!("{callers}.db"));
        let (sessions, mut held) = runtime.block_on(logins(&path, callers));
        group.bench_function(format!("{callers} at a time"), |bencher| {
            bencher.iter_custom(|refreshes| {
                let (time, next) = runtime.block_on(refresh(&sessions, held.clone(), refreshes));
                held = next;
                time
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

async fn logins(path: &Path, callers: usize) -> (Sessions, Vec<SessionTokens>) {
    let store = SqliteStore::at(path).open().await.unwrap();
    store.migrate().await.unwrap();
    let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
    let key = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    let issuer = Issuer::builder().with_key(key).with_audience("api").with_issuer("https://id").build();
    let sessions = Sessions::builder(issuer.unwrap(), store).open().await.unwrap();
    let mut held = Vec::new();
    for n in 0..callers {
        held.push(sessions.start(NewSession::of(format!("user-{n}"))).await.unwrap());
    }
    (sessions, held)
}

/// So many refreshes by all callers together: how long they took, and the tokens of each caller after them.
async fn refresh(
    sessions: &Sessions,
    held: Vec<SessionTokens>,
    refreshes: u64,
) -> (Duration, Vec<SessionTokens>) {
    let callers = held.len();
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (first, mut tokens) in (0..).zip(held) {
        let sessions = sessions.clone();
        tasks.spawn(async move {
            for _ in (first..refreshes).step_by(callers) {
                tokens = sessions.refresh(tokens.refresh_token(), Refresh::new()).await.unwrap();
            }
            tokens
        });
    }
    let next = tasks.join_all().await;
    (began.elapsed(), next)
}

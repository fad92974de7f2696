//! Asking whether a token was taken back, among a million that were, as a request asks: by the check of sessions on a store
//! that others write to, so that the lag and the longest lifetime are looked at too.
//! `cargo bench -p jwt-session --bench revocation`.
#![expect(clippy::unwrap_used, reason = "a benchmark without its token has nothing to measure")]
#![expect(clippy::print_stdout, reason = "the bytes of a token are a figure too")]

use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use jwt_core::keys::BoxFuture;
use jwt_core::request::{CarrierKind, Credential, RequestFacts, SimpleHead};
use jwt_core::{
    Algorithm, Check, CheckOutcome, Clock as _, HmacSecret, Issuer, SigningKey, SystemClock, Verified,
    Verifier,
};
use jwt_session::store::{Change, LogPage, Of, Scope, SessionStore, StoreError};
use jwt_session::{MemoryStore, NewSession, Revocation, Revocations, Revoked, Session, SessionId, Sessions};

const ISSUER: &str = "https://id.example.com/";
const SUBJECT: &str = "auth0|507f1f77bcf86cd799439011";
const ENTRIES: u64 = 1_000_000;
const DAY: Duration = Duration::from_secs(86_400);

/// A store that others may write to.
struct Shared(MemoryStore);

impl SessionStore for Shared {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        self.0.transact(scope, change)
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        self.0.sessions(of, after, most)
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.0.revocations(after, most)
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.0.remove_expired()
    }
}

/// An entry of a level: of our issuer, but for a whole issuer, which is another one each time.
type Entry = fn(u64) -> (String, Revoked);

fn ours(what: Revoked) -> (String, Revoked) {
    (ISSUER.to_owned(), what)
}

const SESSION: Entry = |n| ours(Revoked::Session(format!("entry-{n}")));
const EVERY: [Entry; 6] = [
    |n| ours(Revoked::Token(format!("entry-{n}"))),
    SESSION,
    |n| ours(Revoked::Subject(format!("entry-{n}"))),
    |n| ours(Revoked::Client(format!("entry-{n}"))),
    |n| ours(Revoked::Tenant(format!("entry-{n}"))),
    |n| (format!("https://id-{n}.example.com/"), Revoked::Issuer),
];

fn passes(check: &Revocations, verified: &Arc<Verified>, facts: &RequestFacts<'_>) -> bool {
    matches!(check.check(verified, facts), CheckOutcome::Pass(_))
}

fn main() {
    let key =
        SigningKey::from_secret(Algorithm::HS256, &HmacSecret::generate(Algorithm::HS256).unwrap()).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("https://api.example.com");
    let issuer = issuer.with_issuer(ISSUER).build().unwrap();
    let verifier = Verifier::builder().with_key(&key).with_audience("https://api.example.com");
    let verifier = verifier.with_issuer(ISSUER).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    let filled = |entries: &[Entry]| {
        // The log is read once; what is measured is far from the bound.
        let builder = Sessions::builder(issuer.clone(), Shared(MemoryStore::new()));
        let sessions = runtime.block_on(builder.without_upkeep().require_max_lag(DAY).open()).unwrap();
        let now = SystemClock.now();
        for (n, entry) in (0..ENTRIES).zip(entries.iter().cycle()) {
            let (issuer, what) = entry(n);
            sessions.revocations().add(&Revocation::new(issuer, what, now, DAY)).unwrap();
        }
        sessions
    };
    let (sessions, every) = (filled(&[SESSION]), filled(&EVERY));
    let new = NewSession::of(SUBJECT).with_client("app").with_tenant("blue");
    let new = new.with_scope("openid profile orders:read orders:write");
    let token = runtime.block_on(every.start(new)).unwrap().access_token().to_owned();
    let of_ours = verifier.verify(&token).unwrap();
    let alone = issuer.token().with_subject(SUBJECT).with_client_id("app").with_claim("tenant", "blue");
    let alone = verifier.verify(&alone.sign().unwrap()).unwrap();
    let (sessions, every) = (sessions.revocations(), every.revocations());
    assert!(sessions.len() > 999_000 && every.len() > 999_000, "{} and {}", sessions.len(), every.len());
    let head = SimpleHead::get("/");
    let facts = RequestFacts::new(&head, Credential::new(&token, CarrierKind::Authorization));
    assert!([sessions, every].iter().all(|check| passes(check, &of_ours, &facts)));
    assert!(passes(every, &alone, &facts));

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("revocation among 1,000,000");
    println!("token of {} bytes", token.len());
    group.bench_function("SipHash-1-3 of the token", |bencher| {
        let hash = RandomState::new();
        bencher.iter(|| {
            let mut hasher = hash.build_hasher();
            hasher.write(black_box(token.as_bytes()));
            hasher.finish()
        });
    });
    group.bench_function("of sessions, token of a session", |bencher| {
        bencher.iter(|| sessions.check(black_box(&of_ours), &facts));
    });
    group.bench_function("of every level, token of a session", |bencher| {
        bencher.iter(|| every.check(black_box(&of_ours), &facts));
    });
    group.bench_function("of every level, token without one", |bencher| {
        bencher.iter(|| every.check(black_box(&alone), &facts));
    });
    group.finish();
    criterion.final_summary();
}

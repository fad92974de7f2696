//! Asking whether a token was taken back, among a million that were: `cargo bench -p jwt-session --bench revocation`.
#![expect(clippy::unwrap_used, reason = "a benchmark without its token has nothing to measure")]
#![expect(clippy::print_stdout, reason = "the bytes of an entry are a figure too")]

use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::hint::black_box;

use criterion::Criterion;
use jwt_core::{Algorithm, Clock as _, HmacSecret, Issuer, SigningKey, SystemClock, Verifier};
use jwt_session::{Revocation, Revocations, Revoked};

const ISSUER: &str = "https://id.example.com/";
const ENTRIES: u64 = 1_000_000;

fn main() {
    let key =
        SigningKey::from_secret(Algorithm::HS256, &HmacSecret::generate(Algorithm::HS256).unwrap()).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("https://api.example.com");
    let issuer = issuer.with_issuer(ISSUER).build().unwrap();
    let verifier = Verifier::builder().with_key(&key).with_audience("https://api.example.com");
    let verifier = verifier.with_issuer(ISSUER).build().unwrap();
    let token = issuer.token().with_subject("auth0|507f1f77bcf86cd799439011").with_client_id("app");
    let token = token
        .with_scope("openid profile orders:read orders:write")
        .with_session_id("5a1c1f5e6f0e4f7c9d9b3A")
        .sign();
    let token = token.unwrap();
    let of_ours = verifier.verify(&token).unwrap();
    let alone =
        issuer.token().with_subject("auth0|507f1f77bcf86cd799439011").with_client_id("app").sign().unwrap();
    let alone = verifier.verify(&alone).unwrap();

    let filled = |kinds: &[fn(String) -> Revoked]| {
        let revocations = Revocations::builder(ISSUER).build();
        let (now, day) = (SystemClock.now(), Duration::from_secs(86_400));
        for (n, kind) in (0..ENTRIES).zip(kinds.iter().cycle()) {
            revocations.add(&Revocation::new(ISSUER, kind(format!("entry-{n}")), now, day)).unwrap();
        }
        revocations
    };
    let sessions = filled(&[Revoked::Session]);
    let every = filled(&[Revoked::Token, Revoked::Session, Revoked::Subject, Revoked::Client]);
    assert!(!sessions.is_revoked(&of_ours) && !every.is_revoked(&of_ours) && !every.is_revoked(&alone));

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
        bencher.iter(|| sessions.is_revoked(black_box(&of_ours)));
    });
    group.bench_function("of every level, token of a session", |bencher| {
        bencher.iter(|| every.is_revoked(black_box(&of_ours)));
    });
    group.bench_function("of every level, token without one", |bencher| {
        bencher.iter(|| every.is_revoked(black_box(&alone)));
    });
    group.finish();
    criterion.final_summary();
}

//! Refusing what strangers send: `cargo bench -p jwt-core --bench refuse`.
#![expect(clippy::unwrap_used, reason = "a benchmark without its token has nothing to measure")]

use std::hint::black_box;

use criterion::Criterion;
use jwt_core::{Algorithm, Issuer, SigningKey, Verifier, jws};

fn main() {
    let key = SigningKey::generate(Algorithm::RS256).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    let valid = issuer.build().unwrap().token().with_subject("alice").sign().unwrap();
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
    let verifier = verifier.build().unwrap();
    let stranger = SigningKey::generate(Algorithm::RS256).unwrap();
    let (input, _) = valid.rsplit_once('.').unwrap();

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("refuse");
    for (name, token) in [
        ("a valid token, for comparison", valid.clone()),
        ("garbage of 16 KiB", "x".repeat(16 * 1024)),
        ("dots of 1 MB", ".".repeat(1_000_000)),
        ("a key of that name is not held", jws::sign(b"{}", &stranger).unwrap()),
        ("no signature", format!("{input}.")),
        ("a header of 4 KiB", format!("{}.e30.", "e".repeat(4 * 1024))),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| verifier.verify(black_box(&token)).is_ok()));
    }
    group.finish();
    criterion.final_summary();
}

//! Verifying a token that is seen for the first time: `cargo bench -p jwt-core --bench verify`.
#![expect(clippy::unwrap_used, reason = "a benchmark without its token has nothing to measure")]

use std::hint::black_box;

use criterion::Criterion;
use jwt_core::{Algorithm, Issuer, Registered, SigningKey, Verifier};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("verify");
    for algorithm in [
        Algorithm::HS256,
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::EdDSA,
        Algorithm::MlDsa44,
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
        let token = issuer.build().unwrap().token().with_subject("alice").with_scope("read").sign().unwrap();
        let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
        let verifier = verifier.build().unwrap();

        group.bench_function(format!("{algorithm}/signature alone"), |bencher| {
            let (message, _) = token.rsplit_once('.').unwrap();
            let mut signature = Vec::new();
            key.sign(message.as_bytes(), &mut signature).unwrap();
            let key = key.verifying_key();
            bencher.iter(|| key.verify(black_box(message.as_bytes()), &signature));
        });
        group.bench_function(format!("{algorithm}/verify"), |bencher| {
            bencher.iter(|| verifier.verify(black_box(&token)));
        });
        group.bench_function(format!("{algorithm}/verify_into"), |bencher| {
            bencher.iter(|| verifier.verify_into::<Registered>(black_box(&token)));
        });
    }
    group.finish();
    criterion.final_summary();
}

//! Issuing a token: `cargo bench -p jwt-core --bench sign`.
#![expect(clippy::unwrap_used, reason = "a benchmark without its key has nothing to measure")]

use std::hint::black_box;

use criterion::Criterion;
use jwt_core::{Algorithm, Issuer, SigningKey};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("sign");
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
        let issuer = issuer.build().unwrap();

        group.bench_function(format!("{algorithm}/signature alone"), |bencher| {
            let message = [b'x'; 350];
            let mut signature = Vec::new();
            bencher.iter(|| {
                signature.clear();
                key.sign(black_box(&message), &mut signature).is_ok()
            });
        });
        group.bench_function(format!("{algorithm}/issue"), |bencher| {
            bencher.iter(|| issuer.token().with_subject(black_box("alice")).with_scope("read").sign());
        });
    }
    group.finish();
    criterion.final_summary();
}

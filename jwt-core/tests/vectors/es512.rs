//! The fixed length of ECDSA signatures, where it is easiest to get wrong: the numbers of P-521 have 521 bits,
//! so the first byte of each half holds one bit, and a shorter encoding would often do (RFC 7518 §3.4).

use jwt_core::{Algorithm, SigningKey};

/// Without the optimiser `rust-crypto` takes 9 ms for each.
const SIGNATURES: u32 = if cfg!(feature = "aws-lc-rs") { 10_000 } else { 1_000 };
/// So that it takes half as long.
const THREADS: u32 = 2;

#[test]
fn es512_signatures_have_132_bytes() {
    let key = SigningKey::generate(Algorithm::ES512).unwrap();
    let with_zeros: u32 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|first| {
                scope.spawn({
                    let key = &key;
                    move || sign(key, first)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    // Three of four are expected; few would mean that this test does not test what it says.
    let tenth = SIGNATURES / 10;
    assert!((7 * tenth..8 * tenth).contains(&with_zeros), "{with_zeros} with a leading zero");
}

/// Signs every message of one thread, and counts the signatures of which a half begins with a zero byte.
fn sign(key: &SigningKey, first: u32) -> u32 {
    let public = key.verifying_key();
    let (mut with_zeros, mut signature) = (0, Vec::new());
    for count in (first..SIGNATURES).step_by(usize::try_from(THREADS).unwrap()) {
        let message = count.to_be_bytes();
        signature.clear();
        key.sign(&message, &mut signature).unwrap();
        assert_eq!(signature.len(), 132, "signature {count}");
        with_zeros += u32::from(signature[0] == 0 || signature[66] == 0);
        if count.is_multiple_of(101) {
            assert!(public.verify(&message, &signature), "signature {count}");
            assert!(!public.verify(b"another", &signature), "signature {count}");
        }
    }
    with_zeros
}

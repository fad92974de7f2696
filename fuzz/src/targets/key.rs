//! Keys in PEM or DER of any bytes: what is accepted can be written, and read again as the same key.

use jwt_core::keys::Jwk;
use jwt_core::{Algorithm, HmacSecret, SigningKey, VerifyingKey};

/// One for each kind of key that a file can hold.
pub(super) const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

pub(super) fn run(input: &[u8]) {
    let mut fitting = 0;
    for algorithm in ALGORITHMS {
        for key in [VerifyingKey::from_pem(algorithm, input), VerifyingKey::from_der(algorithm, input)] {
            let Ok(key) = key else { continue };
            fitting += 1;
            public(&key);
        }
        for key in [SigningKey::from_pem(algorithm, input), SigningKey::from_der(algorithm, input)] {
            let Ok(key) = key else { continue };
            fitting += 1;
            private(&key);
        }
    }
    assert!(fitting <= 1, "one input is {fitting} kinds of key");
    if fitting == 1 {
        assert!(HmacSecret::from_bytes(input.to_vec()).is_err(), "a key is taken as a secret");
    }
}

pub(super) fn public(key: &VerifyingKey) {
    let algorithm = key.algorithm();
    let name = key.thumbprint().expect("it is a public key");
    let pem = key.to_pem().expect("it is a public key");
    let read = VerifyingKey::from_pem(algorithm, &pem).expect("what was written");
    assert_eq!(read.thumbprint().as_ref(), Ok(&name));
    let jwk = key.to_jwk().and_then(|jwk| jwk.to_json()).expect("it is a public key");
    let jwk = Jwk::from_json(jwk.as_bytes()).expect("what was written");
    assert_eq!(jwk.thumbprint().as_ref(), Ok(&name));
    assert!(VerifyingKey::from_jwk(&jwk).is_ok());
    assert!(!key.verify(b"message", b""), "a signature of nothing");
    assert!(SigningKey::from_pem(algorithm, &pem).is_err(), "a public key signs");
}

pub(super) fn private(key: &SigningKey) {
    let mut signature = Vec::new();
    key.sign(b"message", &mut signature).expect("a signature");
    let verifying = key.verifying_key();
    assert!(verifying.verify(b"message", &signature));
    assert!(!verifying.verify(b"massage", &signature));
    let pem = key.insecure_private_pem().expect("it is a private key");
    let read = SigningKey::from_pem(key.algorithm(), pem.as_bytes()).expect("what was written");
    assert_eq!(read.verifying_key().thumbprint(), verifying.thumbprint());
    assert!(VerifyingKey::from_pem(key.algorithm(), pem.as_bytes()).is_err(), "a private key verifies");
    let jwk = key.insecure_private_jwk().expect("it is a private key");
    let jwk = Jwk::from_json(jwk.as_bytes()).expect("what was written");
    let read = SigningKey::from_jwk(&jwk).expect("what was written");
    assert_eq!(read.verifying_key().thumbprint(), verifying.thumbprint());
    public(&verifying);
}

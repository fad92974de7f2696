//! Keys, and tokens of any header and payload signed by them. Nothing here is secret.

use core::time::Duration;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::{Algorithm, HmacSecret, KeySet, ManualClock, SigningKey, Verifier, VerifyingKey};

/// `iss` of good tokens.
pub const ISSUER: &str = "https://id.example.com/";
/// `aud` of good tokens.
pub const AUDIENCE: &str = "https://api.example.com";
/// The time of all verification but the oracle's, in seconds.
pub const NOW: u64 = 1_800_000_000;
/// The leeway of [`verifier`], in seconds.
pub const LEEWAY: u64 = 30;
/// The secret of HS256.
pub const SECRET: &[u8; 40] = b"not a secret, but thirty-two bytes long!";
/// The private key of RS256 and PS256.
pub const RSA: &str = include_str!("../../jwt-core/src/keys/fixtures/rsa.pkcs8.pem");
/// Its public half.
pub const RSA_PUBLIC: &str = include_str!("../../jwt-core/src/keys/fixtures/rsa.public.pem");
/// The private key of ES256.
pub const P256: &str = include_str!("../../jwt-core/src/keys/fixtures/p256.pkcs8.pem");
/// Its public half.
pub const P256_PUBLIC: &str = include_str!("../../jwt-core/src/keys/fixtures/p256.public.pem");
/// The private key of ES384.
pub const P384: &str = include_str!("../../jwt-core/src/keys/fixtures/p384.pkcs8.pem");
/// Its public half.
pub const P384_PUBLIC: &str = include_str!("../../jwt-core/src/keys/fixtures/p384.public.pem");
/// The private key of EdDSA.
pub const ED25519: &str = include_str!("../../jwt-core/src/keys/fixtures/ed25519.pkcs8.pem");
/// Its public half.
pub const ED25519_PUBLIC: &str = include_str!("../../jwt-core/src/keys/fixtures/ed25519.public.pem");

/// The key of HS256, without a `kid`.
pub static HMAC: LazyLock<SigningKey> = LazyLock::new(|| {
    let secret = HmacSecret::from_bytes(SECRET.to_vec()).expect("a good secret");
    SigningKey::from_secret(Algorithm::HS256, &secret).expect("a good secret")
});

/// The keys of ES256 and EdDSA.
pub static PAIRS: LazyLock<[SigningKey; 2]> =
    LazyLock::new(|| [key(Algorithm::ES256, P256), key(Algorithm::EdDSA, ED25519)]);

/// A key of an algorithm under which we are compared with jsonwebtoken.
#[derive(Clone)]
pub struct Compared {
    /// Signs.
    pub signing: SigningKey,
    /// Verifies, and has no `kid`: jsonwebtoken does not look at that of a token, so any has to do.
    pub verifying: VerifyingKey,
}

/// One for each algorithm. The first is that of HS256.
pub static COMPARED: LazyLock<[Compared; 6]> = LazyLock::new(|| {
    let pair = |algorithm, private, public| Compared {
        signing: key(algorithm, private),
        verifying: VerifyingKey::from_pem(algorithm, public).expect("a good key"),
    };
    [
        Compared { signing: HMAC.clone(), verifying: HMAC.verifying_key() },
        pair(Algorithm::RS256, RSA, RSA_PUBLIC),
        pair(Algorithm::PS256, RSA, RSA_PUBLIC),
        pair(Algorithm::ES256, P256, P256_PUBLIC),
        pair(Algorithm::ES384, P384, P384_PUBLIC),
        pair(Algorithm::EdDSA, ED25519, ED25519_PUBLIC),
    ]
});

impl Compared {
    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// Its key alone. Each set is new, and knows no header yet.
    #[must_use]
    pub fn keys(&self) -> KeySet {
        KeySet::new([self.verifying.clone()]).expect("one key is a set")
    }
}

fn key(algorithm: Algorithm, pem: &str) -> SigningKey {
    SigningKey::from_pem(algorithm, pem).expect("a good key")
}

/// A verifier of tokens under `keys`, as of [`NOW`].
#[must_use]
pub fn verifier(keys: KeySet) -> Verifier {
    Verifier::builder()
        .with_keys(keys)
        .with_audience(AUDIENCE)
        .with_issuer(ISSUER)
        .with_leeway(Duration::from_secs(LEEWAY))
        .build()
        .expect("a good configuration")
        .with_clock(ManualClock::at(NOW))
}

/// The keys of [`HMAC`] alone. Each set is new, and knows no header yet.
#[must_use]
pub fn hmac_keys() -> KeySet {
    KeySet::new([HMAC.verifying_key()]).expect("one key is a set")
}

/// The keys of [`PAIRS`].
#[must_use]
pub fn public_keys() -> KeySet {
    KeySet::new(PAIRS.iter().map(SigningKey::verifying_key)).expect("two keys are a set")
}

/// A token of any header and payload with a good signature.
#[must_use]
pub fn sign(key: &SigningKey, header: &[u8], payload: &[u8]) -> String {
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let mut signature = Vec::new();
    key.sign(token.as_bytes(), &mut signature).expect("a signature");
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
    token
}

//! One token of seven claims and one key per algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jwt_core::{Algorithm, Clock as _, HmacSecret, SigningKey, SystemClock};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// `iss` of every token.
pub const ISSUER: &str = "https://id.example.com/";
/// `aud` of every token.
pub const AUDIENCE: &str = "https://api.example.com";
/// `sub` of every token.
pub const SUBJECT: &str = "auth0|507f1f77bcf86cd799439011";
/// `scope` of every token.
pub const SCOPE: &str = "openid profile orders:read orders:write";
/// `jti` of every token that is not issued with a random one.
pub const TOKEN_ID: &str = "5a1c1f5e-6f0e-4f7c-9d9b-3d1f6c0f2a77";

/// The type that every contender reads the claims into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Issuer.
    pub iss: String,
    /// Subject.
    pub sub: String,
    /// Audience.
    pub aud: String,
    /// Expiration time.
    pub exp: u64,
    /// Issued at.
    pub iat: u64,
    /// JWT ID.
    pub jti: String,
    /// Scopes.
    pub scope: String,
}

impl User {
    /// The claims of the token, good for an hour from `now`.
    #[must_use]
    pub fn at(now: u64) -> Self {
        Self {
            iss: ISSUER.into(),
            sub: SUBJECT.into(),
            aud: AUDIENCE.into(),
            exp: now + 3_600,
            iat: now,
            jti: TOKEN_ID.into(),
            scope: SCOPE.into(),
        }
    }
}

/// Seconds since the Unix epoch.
#[must_use]
pub fn now() -> u64 {
    SystemClock.now().as_secs()
}

/// A key in the forms that the contenders take, and the token that it signed.
pub struct Fixture {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The key of ours.
    pub key: SigningKey,
    /// The secret of an HMAC algorithm.
    pub secret: Vec<u8>,
    /// PKCS#8 in PEM; empty for HMAC.
    pub private_pem: String,
    /// SubjectPublicKeyInfo in PEM; empty for HMAC.
    pub public_pem: String,
    /// The token.
    pub token: String,
}

impl Fixture {
    /// A new key and its token.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        let (key, secret, private_pem, public_pem) = if algorithm.is_symmetric() {
            let len = algorithm.facts().min_key_bits / 8;
            let secret: Vec<u8> = (0..=255_u8).cycle().map(|n| n.wrapping_mul(167) ^ 90).take(len).collect();
            let shared = HmacSecret::from_bytes(secret.clone()).expect("a secret");
            let key = SigningKey::from_secret(algorithm, &shared).expect("a key");
            (key, secret, String::new(), String::new())
        } else {
            let key = SigningKey::generate(algorithm).expect("a key");
            let private = key.insecure_private_pem().expect("a private key").to_string();
            let public = key.verifying_key().to_pem().expect("a public key");
            (key, Vec::new(), private, public)
        };
        let claims = serde_json::to_string(&User::at(now())).expect("claims");
        let token = forge(&key, &header(algorithm), &claims);
        Self { algorithm, key, secret, private_pem, public_pem, token }
    }

    /// Header and payload with the dot between them.
    #[must_use]
    pub fn signing_input(&self) -> &str {
        self.token.rsplit_once('.').expect("three segments").0
    }

    /// The signature's bytes.
    #[must_use]
    pub fn signature(&self) -> Vec<u8> {
        let encoded = self.token.rsplit_once('.').expect("three segments").1;
        URL_SAFE_NO_PAD.decode(encoded).expect("base64url")
    }

    /// PKCS#8 in DER.
    #[must_use]
    pub fn private_der(&self) -> Vec<u8> {
        let body: String = self.private_pem.lines().filter(|line| !line.starts_with("-----")).collect();
        STANDARD.decode(body).expect("base64")
    }
}

/// The header that most libraries write.
#[must_use]
pub fn header(algorithm: Algorithm) -> String {
    json!({"typ": "JWT", "alg": algorithm.name()}).to_string()
}

/// A token of exactly this header and payload.
#[must_use]
pub fn forge(key: &SigningKey, header: &str, payload: &str) -> String {
    let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mut signature = Vec::new();
    key.sign(token.as_bytes(), &mut signature).expect("a signature");
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    token
}

//! The cases: what is wrong with each token, and what it ends with. The verdicts are written by hand.

mod base64url;
mod claims;
mod cookies;
mod header;
mod hs256;
mod kid;
mod payload;
mod profiles;
mod shapes;
mod signature;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::keys::Jwk;
use jwt_core::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::{Case, File, Policy};

/// When the cases are judged, where a case does not say otherwise.
const NOW: u64 = 1_800_000_000;
/// The leeway of every policy, in seconds.
const LEEWAY: u64 = 30;
/// Claims with which nothing is wrong.
const CLAIMS: &str = r#"{"iss":"https://id.example/","aud":"api","sub":"alice","exp":1800000600}"#;

type Verdict = Result<(), &'static str>;
const ACCEPT: Verdict = Ok(());

/// A key of the files, fixed. Nothing but these vectors uses it.
pub(super) struct Pair {
    algorithm: &'static str,
    /// Its public members, and `d` behind them.
    members: &'static [(&'static str, &'static str)],
}

pub(super) const OURS: Pair = Pair {
    algorithm: "ES256",
    members: &[
        ("kty", "EC"),
        ("crv", "P-256"),
        ("x", "zFYdcDtdeiWXJyPRzuD2d7NT55Y88THe_WrjHr42nGM"),
        ("y", "e_2h38kkj9Fc4vDe1SxP9pqIgHIAEXa_bRbOhmpjT4o"),
        ("d", "K_XoO3-VCTS3AkRCtFMKhkV5ZXRVUwt0vAg-pfrzZUQ"),
    ],
};

pub(super) const OTHER: Pair = Pair {
    algorithm: "ES256",
    members: &[
        ("kty", "EC"),
        ("crv", "P-256"),
        ("x", "M1ZTHB-qu2_IL9qM24Pan3elESeNVpQMGNn3aLRA1bI"),
        ("y", "6p7pVHUyGdn2Lwemm0DeX3EHIdKVWaNU_wcvCgwff68"),
        ("d", "tWsEHZrN0XMn6adlXPjJ7SsX5tmxkafQum0c1Abw_G4"),
    ],
};

const ED25519: Pair = Pair {
    algorithm: "EdDSA",
    members: &[
        ("kty", "OKP"),
        ("crv", "Ed25519"),
        ("x", "5x-BRtl8Jorz3_V3v4A2W8TbxXTjzO_FUTXSzWGqYd8"),
        ("d", "fhuzmTbgCFWGB0V24mvM6mCXjaAHDFmnSyOmTGHPf10"),
    ],
};

impl Pair {
    /// The public half, without a `kid`.
    pub(super) fn public(&self) -> Value {
        let mut jwk = json!({ "alg": self.algorithm });
        for (name, value) in self.members.iter().filter(|(name, _)| *name != "d") {
            jwk[name] = (*value).into();
        }
        jwk
    }

    fn named(&self, kid: &str) -> Value {
        let mut jwk = self.public();
        jwk["kid"] = kid.into();
        jwk
    }

    fn private(&self) -> SigningKey {
        let mut jwk = self.public();
        for (name, value) in self.members {
            jwk[name] = (*value).into();
        }
        let jwk = Jwk::from_json(jwk.to_string().as_bytes()).unwrap();
        SigningKey::from_jwk_with(self.algorithm.parse::<Algorithm>().unwrap(), &jwk).unwrap()
    }

    fn sign(&self, input: &str) -> Vec<u8> {
        let mut signature = Vec::new();
        self.private().sign(input.as_bytes(), &mut signature).unwrap();
        signature
    }

    /// A token that fits its signature, whatever it says.
    fn token(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let input = format!("{}.{}", b64(header), b64(payload));
        let signature = b64(self.sign(&input));
        format!("{input}.{signature}")
    }
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A file about tokens.
struct Tokens {
    file: File,
}

impl Tokens {
    fn new(about: &str, keys: impl IntoIterator<Item = Value>) -> Self {
        let keys: Vec<Value> = keys.into_iter().collect();
        let policy = Policy::Token {
            issuer: "https://id.example/".to_owned(),
            audience: "api".to_owned(),
            profile: "access_token".to_owned(),
            leeway: LEEWAY,
        };
        let keys = Some(json!({ "keys": keys }));
        Self { file: File { about: about.to_owned(), keys, policy, cases: Vec::new() } }
    }

    /// Another profile.
    fn of(mut self, name: &str) -> Self {
        if let Policy::Token { profile, .. } = &mut self.file.policy {
            name.clone_into(profile);
        }
        self
    }

    fn add(&mut self, name: impl Into<String>, token: impl Into<String>, verdict: Verdict) {
        self.add_at(name, token, NOW, verdict);
    }

    fn add_at(&mut self, name: impl Into<String>, token: impl Into<String>, now: u64, verdict: Verdict) {
        self.file.cases.push(Case {
            name: name.into(),
            token: Some(token.into()),
            cookie: None,
            now: Some(now),
            verdict: if verdict.is_ok() { "accept" } else { "refuse" }.to_owned(),
            reads: None,
            reason: verdict.err().map(str::to_owned),
        });
    }
}

/// All files.
pub(super) fn files() -> Vec<(&'static str, File)> {
    let [access_token, rfc9068, id_token, logout_token] = profiles::files();
    vec![
        ("base64url.json", base64url::file()),
        ("claims.json", claims::file()),
        ("cookies.json", cookies::file()),
        ("header.json", header::file()),
        ("kid-named.json", kid::named()),
        ("kid-nameless.json", kid::nameless()),
        ("payload.json", payload::file()),
        ("profile-access-token.json", access_token),
        ("profile-id-token.json", id_token),
        ("profile-logout-token.json", logout_token),
        ("profile-rfc9068.json", rfc9068),
        ("shape-java-jwt.json", shapes::java_jwt()),
        ("shape-jjwt.json", shapes::jjwt()),
        ("shape-php-jwt.json", shapes::php_jwt()),
        ("shape-system-identitymodel.json", shapes::system_identitymodel()),
        ("signature.json", signature::file()),
    ]
}

//! Project Wycheproof: keys through our import, signatures through [`VerifyingKey::verify`].

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_core::keys::Jwk;
use jwt_core::{Algorithm, HmacSecret, KeyError, VerifyingKey};
use serde::{Deserialize, Deserializer, de};
use wycheproof::{ecdsa, eddsa, mac, mldsa_verify, rsa_pkcs1_verify, rsa_pss_verify};

use super::exceptions::{Exceptions, check_entries};

/// A set, and what becomes of its tests.
struct Set {
    name: &'static str,
    json: fn() -> &'static str,
    scheme: Scheme,
    /// How many tests end how; together all of them.
    counts: &'static [(&'static str, usize)],
}

/// Which of our algorithms the tests of a group are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Is(Algorithm),
    /// As the hash of the group says.
    Pkcs1,
    Pss,
}

// How a test ends. The first two are as published, but for the exceptions.
const VERIFIED: &str = "verified";
const REFUSED: &str = "refused";
/// Of a key that we refuse; where the signature is good, the outcome says why we do.
const NO_KEY: &str = "key refused, test invalid anyway";
// Good signatures of schemes that JOSE does not have, which must not verify.
const CONTEXT: &str = "other scheme: a context";
const MASK: &str = "other scheme: hash of the mask";
const SALT: &str = "other scheme: length of the salt";
const TRUNCATED: &str = "other scheme: a truncated tag";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    public_key_der: Option<Hex>,
    public_key_pem: Option<String>,
    #[serde(alias = "keyJwk")]
    public_key_jwk: Option<serde_json::Value>,
    /// For ML-DSA the key alone, for others an object.
    public_key: Option<serde_json::Value>,
    sha: Option<String>,
    mgf_sha: Option<String>,
    s_len: Option<usize>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    tc_id: usize,
    result: String,
    msg: Hex,
    #[serde(alias = "tag")]
    sig: Hex,
    /// HMAC.
    key: Option<Hex>,
    /// ML-DSA.
    ctx: Option<Hex>,
}

struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        unhex(text).map(Hex).ok_or_else(|| de::Error::custom("not hexadecimal"))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Runs every test of the set and compares the counts.
fn run(set: &Set) {
    let file: File = serde_json::from_str((set.json)()).unwrap();
    let mut exceptions = Exceptions::of(set.name);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for group in &file.test_groups {
        let algorithm = match set.scheme {
            Scheme::Is(algorithm) => Some(algorithm),
            Scheme::Pkcs1 => by_hash(group, [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512]),
            Scheme::Pss => by_hash(group, [Algorithm::PS256, Algorithm::PS384, Algorithm::PS512]),
        };
        let shared = match algorithm {
            Some(algorithm) if !algorithm.is_symmetric() => Some(public_key(algorithm, group, set.name)),
            _ => None,
        };
        for test in &group.tests {
            let outcome = match algorithm {
                None => format!("no algorithm has {}", group.sha.as_deref().unwrap_or("no hash")),
                Some(algorithm) => {
                    let own = || secret(algorithm, test.key.as_ref());
                    match shared.clone().unwrap_or_else(own) {
                        Err(error) if test.result == "valid" => format!("key refused: {}", error.code()),
                        Err(_) => NO_KEY.to_owned(),
                        Ok(key) => {
                            let verified = key.verify(&test.msg.0, &test.sig.0);
                            let other = other_scheme(set.scheme, algorithm, group, test);
                            exceptions.judge(test.tc_id, test.result == "valid" && other.is_none(), verified);
                            match other {
                                Some(other) if test.result == "valid" => other.to_owned(),
                                _ => if verified { VERIFIED } else { REFUSED }.to_owned(),
                            }
                        }
                    }
                }
            };
            *counts.entry(outcome).or_default() += 1;
        }
    }
    assert_eq!(exceptions.finish(), [""; 0]);
    let counts: Vec<_> = counts.iter().map(|(outcome, count)| (&**outcome, *count)).collect();
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), file.number_of_tests, "{}", set.name);
    let mut expected = set.counts.to_vec();
    expected.sort_unstable();
    assert_eq!(counts, expected, "{}", set.name);
}

fn by_hash(group: &Group, [sha256, sha384, sha512]: [Algorithm; 3]) -> Option<Algorithm> {
    match group.sha.as_deref() {
        Some("SHA-256") => Some(sha256),
        Some("SHA-384") => Some(sha384),
        Some("SHA-512") => Some(sha512),
        _ => None,
    }
}

/// What makes a test one of a scheme that JOSE does not have: it must not verify.
fn other_scheme(scheme: Scheme, algorithm: Algorithm, group: &Group, test: &Test) -> Option<&'static str> {
    if scheme == Scheme::Pss {
        let hash_len = match group.sha.as_deref() {
            Some("SHA-256") => 32,
            Some("SHA-384") => 48,
            _ => 64,
        };
        if group.mgf_sha != group.sha {
            return Some(MASK);
        }
        if group.s_len != Some(hash_len) {
            return Some(SALT);
        }
    }
    if test.ctx.as_ref().is_some_and(|context| !context.0.is_empty()) {
        return Some(CONTEXT);
    }
    let full = algorithm.facts().signature_len;
    (algorithm.is_symmetric() && full != Some(test.sig.0.len())).then_some(TRUNCATED)
}

fn secret(algorithm: Algorithm, key: Option<&Hex>) -> Result<VerifyingKey, KeyError> {
    let key = key.map(|key| key.0.clone()).unwrap();
    VerifyingKey::from_secret(algorithm, &HmacSecret::from_bytes(key)?)
}

/// The key of a group, by every form in which the group has it: all say the same.
fn public_key(algorithm: Algorithm, group: &Group, set: &str) -> Result<VerifyingKey, KeyError> {
    let from_jwk = |json: String| {
        Jwk::from_json(json.as_bytes()).and_then(|jwk| VerifyingKey::from_jwk_with(algorithm, &jwk))
    };
    let mut imported = Vec::new();
    if let Some(der) = &group.public_key_der {
        imported.push(("DER", VerifyingKey::from_der(algorithm, &der.0)));
    }
    if let Some(pem) = &group.public_key_pem {
        imported.push(("PEM", VerifyingKey::from_pem(algorithm, pem)));
    }
    if let Some(jwk) = &group.public_key_jwk {
        imported.push(("JWK", from_jwk(jwk.to_string())));
    }
    if let Some(serde_json::Value::String(raw)) = &group.public_key {
        let raw = URL_SAFE_NO_PAD.encode(unhex(raw).unwrap());
        let jwk = serde_json::json!({ "kty": "AKP", "alg": algorithm.name(), "pub": raw });
        imported.push(("AKP", from_jwk(jwk.to_string())));
    }
    let tell = |key: &Result<VerifyingKey, KeyError>| key.as_ref().ok().map(|key| key.thumbprint().unwrap());
    for (form, key) in &imported {
        let (first, by) = &imported[0];
        assert_eq!(tell(key), tell(by), "{set}: {form} and {first} of one key differ");
    }
    imported.swap_remove(0).1
}

macro_rules! sets {
    ($(#[$doc:meta])* $name:ident, $test:ident, $module:ident:
        $($set:literal $variant:ident $scheme:expr => $counts:expr;)*) => {
        $(#[$doc])*
        const $name: &[Set] = &[$(Set {
            name: $set,
            json: || $module::TestName::$variant.json_data(),
            scheme: $scheme,
            counts: &$counts,
        }),*];

        #[test]
        fn $test() {
            $name.iter().for_each(run);
        }
    };
}

sets! { ECDSA, ecdsa_in_fixed_length, ecdsa:
    "ecdsa_secp256r1_sha256_p1363" EcdsaSecp256r1Sha256P1363 Scheme::Is(Algorithm::ES256) => [
        (REFUSED, 89), (VERIFIED, 173),
    ];
    "ecdsa_secp384r1_sha384_p1363" EcdsaSecp384r1Sha384P1363 Scheme::Is(Algorithm::ES384) => [
        (REFUSED, 87), (VERIFIED, 193),
    ];
    "ecdsa_secp521r1_sha512_p1363" EcdsaSecp521r1Sha512P1363 Scheme::Is(Algorithm::ES512) => [
        (REFUSED, 87), (VERIFIED, 231),
    ];
}

sets! { EDDSA, eddsa_over_ed25519, eddsa:
    "ed25519" Ed25519 Scheme::Is(Algorithm::EdDSA) => [(REFUSED, 63), (VERIFIED, 88)];
}

sets! { HMAC, hmac, mac:
    "hmac_sha256" HmacSha256 Scheme::Is(Algorithm::HS256) => [
        ("key refused: secret_too_short", 6), (TRUNCATED, 30), (REFUSED, 108), (VERIFIED, 30),
    ];
    "hmac_sha384" HmacSha384 Scheme::Is(Algorithm::HS384) => [
        ("key refused: secret_too_short", 6), (TRUNCATED, 30), (REFUSED, 108), (VERIFIED, 30),
    ];
    "hmac_sha512" HmacSha512 Scheme::Is(Algorithm::HS512) => [
        ("key refused: secret_too_short", 6), (TRUNCATED, 30), (REFUSED, 108), (VERIFIED, 30),
    ];
}

sets! { ML_DSA, ml_dsa, mldsa_verify:
    "mldsa_44_verify" MlDsa44Verify Scheme::Is(Algorithm::MlDsa44) => [
        (NO_KEY, 4), (CONTEXT, 2), (REFUSED, 99), (VERIFIED, 75),
    ];
    "mldsa_65_verify" MlDsa65Verify Scheme::Is(Algorithm::MlDsa65) => [
        (NO_KEY, 4), (CONTEXT, 2), (REFUSED, 127), (VERIFIED, 77),
    ];
    "mldsa_87_verify" MlDsa87Verify Scheme::Is(Algorithm::MlDsa87) => [
        (NO_KEY, 4), (CONTEXT, 2), (REFUSED, 166), (VERIFIED, 69),
    ];
}

sets! { PKCS1, rsa_pkcs1, rsa_pkcs1_verify:
    "rsa_signature_2048_sha256" Rsa2048Sha256 Scheme::Pkcs1 => [(REFUSED, 250), (VERIFIED, 9)];
    "rsa_signature_2048_sha384" Rsa2048Sha384 Scheme::Pkcs1 => [(REFUSED, 251), (VERIFIED, 7)];
    "rsa_signature_2048_sha512" Rsa2048Sha512 Scheme::Pkcs1 => [(REFUSED, 251), (VERIFIED, 8)];
    "rsa_signature_3072_sha256" Rsa3072Sha256 Scheme::Pkcs1 => [(REFUSED, 251), (VERIFIED, 8)];
    "rsa_signature_3072_sha384" Rsa3072Sha384 Scheme::Pkcs1 => [(REFUSED, 252), (VERIFIED, 7)];
    "rsa_signature_3072_sha512" Rsa3072Sha512 Scheme::Pkcs1 => [(REFUSED, 252), (VERIFIED, 8)];
    "rsa_signature_4096_sha256" Rsa4096Sha256 Scheme::Pkcs1 => [(REFUSED, 251), (VERIFIED, 7)];
    "rsa_signature_4096_sha384" Rsa4096Sha384 Scheme::Pkcs1 => [(REFUSED, 252), (VERIFIED, 7)];
    "rsa_signature_4096_sha512" Rsa4096Sha512 Scheme::Pkcs1 => [(REFUSED, 252), (VERIFIED, 7)];
    "rsa_signature_8192_sha256" Rsa8192Sha256 Scheme::Pkcs1 => [(REFUSED, 251), (VERIFIED, 7)];
    "rsa_signature_8192_sha384" Rsa8192Sha384 Scheme::Pkcs1 => [(REFUSED, 252), (VERIFIED, 7)];
    "rsa_signature_8192_sha512" Rsa8192Sha512 Scheme::Pkcs1 => [(REFUSED, 252), (VERIFIED, 7)];
}

sets! { PSS, rsa_pss, rsa_pss_verify:
    "rsa_pss_2048_sha256_mgf1_0" RsaPss2048Sha256Mgf1SaltLen0 Scheme::Pss => [
        (SALT, 61), (REFUSED, 41), (VERIFIED, 1),
    ];
    "rsa_pss_2048_sha256_mgf1_32" RsaPss2048Sha256Mgf1SaltLen32 Scheme::Pss => [
        (REFUSED, 45), (VERIFIED, 63),
    ];
    "rsa_pss_2048_sha256_mgf1sha1_20" RsaPss2048Sha256Mgf1Sha1_20 Scheme::Pss => [(MASK, 63), (REFUSED, 45)];
    "rsa_pss_2048_sha384_mgf1_48" RsaPss2048Sha384Mgf1SaltLen48 Scheme::Pss => [
        (REFUSED, 46), (VERIFIED, 95),
    ];
    "rsa_pss_3072_sha256_mgf1_32" RsaPss3072Sha256Mgf1SaltLen32 Scheme::Pss => [
        (REFUSED, 45), (VERIFIED, 63),
    ];
    "rsa_pss_4096_sha256_mgf1_32" RsaPss4096Sha256Mgf1SaltLen32 Scheme::Pss => [
        (REFUSED, 45), (VERIFIED, 63),
    ];
    "rsa_pss_4096_sha384_mgf1_48" RsaPss4096Sha384Mgf1SaltLen48 Scheme::Pss => [
        (REFUSED, 46), (VERIFIED, 95),
    ];
    "rsa_pss_4096_sha512_mgf1_32" RsaPss4096Sha512Mgf1SaltLen32 Scheme::Pss => [(SALT, 132), (REFUSED, 45)];
    "rsa_pss_4096_sha512_mgf1_64" RsaPss4096Sha512Mgf1SaltLen64 Scheme::Pss => [
        (REFUSED, 47), (VERIFIED, 132),
    ];
    "rsa_pss_misc" RsaPssmisc Scheme::Pss => [
        ("no algorithm has SHA-1", 30), ("no algorithm has SHA-224", 30), (MASK, 72), (SALT, 15),
        (VERIFIED, 3),
    ];
    "rsa_pss_2048_sha256_mgf1_32_params" RsaPss2048Sha256Mgf1SaltLen32WithParams Scheme::Pss => [
        (NO_KEY, 45), ("key refused: unknown_key_oid", 63),
    ];
    "rsa_pss_2048_sha256_mgf1_0_params" RsaPss2048Sha256Mgf1SaltLen0WithParams Scheme::Pss => [
        (NO_KEY, 42), ("key refused: unknown_key_oid", 61),
    ];
    "rsa_pss_2048_sha512_mgf1sha256_32_params" RsaPss2048Sha512Mgf1Sha256SaltLen32WithParams Scheme::Pss => [
        (NO_KEY, 46), ("key refused: unknown_key_oid", 132),
    ];
    "rsa_pss_3072_sha256_mgf1_32_params" RsaPss3072Sha256Mgf1SaltLen32WithParams Scheme::Pss => [
        (NO_KEY, 45), ("key refused: unknown_key_oid", 63),
    ];
    "rsa_pss_4096_sha512_mgf1_32_params" RsaPss4096Sha512Mgf1SaltLen32WithParams Scheme::Pss => [
        (NO_KEY, 45), ("key refused: unknown_key_oid", 132),
    ];
    "rsa_pss_4096_sha512_mgf1_64_params" RsaPss4096Sha512Mgf1SaltLen64WithParams Scheme::Pss => [
        (NO_KEY, 47), ("key refused: unknown_key_oid", 132),
    ];
    "rsa_pss_misc_params" RsaPssmiscWithParams Scheme::Pss => [
        ("key refused: unknown_key_oid", 90), ("no algorithm has SHA-1", 30), ("no algorithm has SHA-224", 30),
    ];
}

#[test]
fn exceptions_are_of_sets_that_are_read() {
    let sets = [ECDSA, EDDSA, HMAC, ML_DSA, PKCS1, PSS];
    let names: Vec<_> = sets.iter().flat_map(|sets| sets.iter().map(|set| set.name)).collect();
    check_entries(&names);
}

//! Both backends on the same signatures: one verdict on every test of Project Wycheproof, under every algorithm that
//! the key could be for. What the verdicts are to be is held through the public interface, in `tests/vectors/`.

use std::collections::BTreeMap;

use serde_json::Value;
use wycheproof::{ecdsa, eddsa, mac, mldsa_verify, rsa_pkcs1_verify, rsa_pss_verify};

use super::super::aws_lc;
use crate::keys::der;
use crate::keys::material::PublicMaterial;
use crate::{Algorithm, Family};

/// What both backends have said.
#[derive(Debug, Default, PartialEq)]
struct Verdicts {
    /// Keys that both take, each for one algorithm.
    keys: usize,
    /// Signatures that both accept, and that both refuse.
    signatures: (usize, usize),
}

fn unhex(value: &Value) -> Vec<u8> {
    let (pairs, _) = value.as_str().unwrap().as_bytes().as_chunks::<2>();
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The key of a group, as far as it is one that a backend gets to see.
fn key(group: &Value, algorithm: Algorithm) -> Option<PublicMaterial> {
    let key = match (group.get("publicKeyDer"), group.get("publicKey")) {
        (Some(der), _) => der::public(&unhex(der)).ok()?,
        (None, Some(key)) => PublicMaterial::Akp { algorithm, key: unhex(key) },
        (None, None) => return None,
    };
    (key.fits(algorithm).is_ok() && key.strong(algorithm).is_ok()).then_some(key)
}

impl Verdicts {
    fn key(&mut self) {
        self.keys = self.keys.saturating_add(1);
    }

    fn signature(&mut self, good: bool) {
        let count = if good { &mut self.signatures.0 } else { &mut self.signatures.1 };
        *count = count.saturating_add(1);
    }

    fn of_group(&mut self, algorithm: Algorithm, group: &Value) {
        let Some(key) = key(group, algorithm) else { return };
        let [ours, theirs] = [super::verifier(algorithm, &key), aws_lc::verifier(algorithm, &key)]
            .map(|key| key.unwrap_or_else(|error| panic!("{algorithm}: {error}: {group}")));
        self.key();
        for test in group["tests"].as_array().unwrap() {
            let (message, signature) = (unhex(&test["msg"]), unhex(&test["sig"]));
            let verdict = ours.verify(&message, &signature);
            assert_eq!(verdict, theirs.verify(&message, &signature), "{algorithm}: {test}");
            self.signature(verdict);
        }
    }

    /// A shared secret for each test.
    fn of_secrets(&mut self, algorithm: Algorithm, group: &Value) {
        for test in group["tests"].as_array().unwrap() {
            let (secret, message, tag) = (unhex(&test["key"]), unhex(&test["msg"]), unhex(&test["tag"]));
            let both = [super::hmac(algorithm, &secret), aws_lc::hmac(algorithm, &secret)];
            let [ours, theirs] = both.map(|shared| {
                let shared = shared.ok().unwrap();
                let mut made = Vec::new();
                shared.sign.sign(&message, &mut made).unwrap();
                (shared.verify.verify(&message, &tag), made)
            });
            assert_eq!(ours, theirs, "{algorithm}: {test}");
            self.key();
            self.signature(ours.0);
        }
    }
}

/// Every set of these names under every algorithm of these families.
fn verdicts(sets: &[&str], families: &[Family]) -> Verdicts {
    let mut verdicts = Verdicts::default();
    for set in sets {
        let file: Value = serde_json::from_str(set).unwrap();
        let algorithms = Algorithm::ALL.into_iter().filter(|a| families.contains(&a.facts().family));
        for algorithm in algorithms {
            for group in file["testGroups"].as_array().unwrap() {
                match algorithm.is_symmetric() {
                    true => verdicts.of_secrets(algorithm, group),
                    false => verdicts.of_group(algorithm, group),
                }
            }
        }
    }
    verdicts
}

macro_rules! sets {
    ($module:ident: $($set:ident)+) => {
        &[$($module::TestName::$set.json_data()),+]
    };
}

#[test]
fn both_give_one_verdict_on_every_signature() {
    let pkcs1 = sets! { rsa_pkcs1_verify:
        Rsa2048Sha256 Rsa2048Sha384 Rsa2048Sha512 Rsa3072Sha256 Rsa3072Sha384 Rsa3072Sha512 Rsa4096Sha256
        Rsa4096Sha384 Rsa4096Sha512 Rsa8192Sha256 Rsa8192Sha384 Rsa8192Sha512
    };
    let pss = sets! { rsa_pss_verify:
        RsaPss2048Sha256Mgf1SaltLen0 RsaPss2048Sha256Mgf1SaltLen32 RsaPss2048Sha256Mgf1Sha1_20
        RsaPss2048Sha384Mgf1SaltLen48 RsaPss3072Sha256Mgf1SaltLen32 RsaPss4096Sha256Mgf1SaltLen32
        RsaPss4096Sha384Mgf1SaltLen48 RsaPss4096Sha512Mgf1SaltLen32 RsaPss4096Sha512Mgf1SaltLen64 RsaPssmisc
    };
    let ecdsa = sets! { ecdsa:
        EcdsaSecp256r1Sha256P1363 EcdsaSecp384r1Sha384P1363 EcdsaSecp521r1Sha512P1363
    };
    let rows: [(&str, &[&str], &[Family]); 6] = [
        ("RSASSA-PKCS1-v1_5", pkcs1, &[Family::RsaPkcs1]),
        ("RSASSA-PSS", pss, &[Family::RsaPss]),
        ("ECDSA", ecdsa, &[Family::Ecdsa]),
        ("EdDSA", sets! { eddsa: Ed25519 }, &[Family::EdDsa]),
        ("ML-DSA", sets! { mldsa_verify: MlDsa44Verify MlDsa65Verify MlDsa87Verify }, &[Family::MlDsa]),
        ("HMAC", sets! { mac: HmacSha256 HmacSha384 HmacSha512 }, &[Family::Hmac]),
    ];
    let found: BTreeMap<&str, Verdicts> =
        rows.into_iter().map(|(name, sets, families)| (name, verdicts(sets, families))).collect();
    let expected = [
        ("RSASSA-PKCS1-v1_5", 51, (113, 9_205)),
        ("RSASSA-PSS", 477, (515, 3_454)),
        ("ECDSA", 323, (597, 263)),
        ("EdDSA", 156, (176, 126)),
        ("ML-DSA", 66, (221, 398)),
        ("HMAC", 1_566, (99, 1_467)),
    ];
    let expected = expected.map(|(name, keys, signatures)| (name, Verdicts { keys, signatures }));
    assert_eq!(found, BTreeMap::from(expected));
}

//! A ring as a document in a store: JSON, its private keys sealed, and all of it under a seal.
//!
//! Each private key is sealed beside the ring's name, its algorithm and its `kid`. The seal of the document stands beside
//! everything else that it says, so that whoever can write the store can neither bring back a key that is gone nor have
//! one sign again. Public keys are not in it: they are derived from the private ones, so that nobody can slip in one of
//! theirs.

use core::time::Duration;
use std::sync::Arc;

use jwt_core::keys::Jwk;
use jwt_core::{Algorithm, SigningKey};
use serde::{Deserialize, Serialize};

use super::error::KeyRingError;
use super::sealing::{Sealer, associated};
use super::stages::{Stage, StagedKey};
use crate::store::KeyRingDocument;

/// The form of the document.
const FORMAT: u32 = 1;
/// Keys that are read at most.
const MOST_KEYS: usize = 32;
/// What a seal stands beside, first of all.
const OF_KEY: &[u8] = b"jwt-session key ring: key";
const OF_DOCUMENT: &[u8] = b"jwt-session key ring: document";

/// Which ring it is: what all of its seals stand beside.
#[derive(Clone, Debug)]
pub(super) struct RingName {
    pub(super) name: Arc<str>,
    pub(super) algorithm: Algorithm,
}

/// A key in memory, and as it is at rest.
#[derive(Clone)]
pub(super) struct HeldKey {
    pub(super) staged: StagedKey,
    pub(super) signing: SigningKey,
    /// Nothing before it is written for the first time.
    sealed: Option<Sealed>,
}

#[derive(Clone)]
struct Sealed {
    text: Arc<str>,
    by_first: bool,
}

impl HeldKey {
    /// A key that was made just now.
    pub(super) const fn fresh(staged: StagedKey, signing: SigningKey) -> Self {
        Self { staged, signing, sealed: None }
    }

    /// The same key at another stage.
    pub(super) fn at(&self, staged: StagedKey) -> Self {
        Self { staged, ..self.clone() }
    }

    /// Whether the key-encryption key of today sealed it.
    pub(super) fn is_sealed_by_first(&self) -> bool {
        self.sealed.as_ref().is_some_and(|sealed| sealed.by_first)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    /// How often the ring was written: under the seal, so that an old document does not pass for a new one where the
    /// ring has been seen.
    revision: u64,
    algorithm: String,
    keys: Vec<WrittenKey>,
    seal: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    kid: String,
    stage: Stage,
    /// Milliseconds since the Unix epoch. Null where the next step is to tell.
    since: Option<u64>,
    /// Milliseconds for which it is published before it signs.
    ahead: u64,
    /// Milliseconds for which it verifies after it has signed for the last time.
    retire: u64,
    sealed: String,
}

/// The document of these keys, and the keys as they are at rest in it.
pub(super) fn write(
    ring: &RingName,
    revision: u64,
    keys: &[HeldKey],
    sealer: &Sealer,
) -> Result<(String, Vec<HeldKey>), KeyRingError> {
    let keys = keys.iter().map(|key| sealed(ring, key, sealer)).collect::<Result<Vec<_>, _>>()?;
    let written = keys.iter().filter_map(|key| {
        Some(WrittenKey {
            kid: key.staged.key_id.to_string(),
            stage: key.staged.stage,
            since: key.staged.since.map(millis),
            ahead: millis(key.staged.ahead),
            retire: millis(key.staged.retire),
            sealed: key.sealed.as_ref()?.text.to_string(),
        })
    });
    let algorithm = ring.algorithm.name().to_owned();
    let mut document =
        Written { format: FORMAT, revision, algorithm, keys: written.collect(), seal: String::new() };
    document.seal = sealer.seal(b"", &beside(ring, &document))?;
    let text = serde_json::to_string(&document).map_err(|_| KeyRingError::Full)?;
    if text.len() > KeyRingDocument::MOST_BYTES {
        return Err(KeyRingError::Full);
    }
    Ok((text, keys))
}

/// The keys of a document, and its revision. Keys that are `known` need not be opened again.
pub(super) fn read(
    ring: &RingName,
    text: &str,
    sealer: &Sealer,
    known: &[HeldKey],
) -> Result<(u64, Vec<HeldKey>), KeyRingError> {
    let malformed = || KeyRingError::Malformed { ring: ring.name.to_string() };
    if text.len() > KeyRingDocument::MOST_BYTES {
        return Err(malformed());
    }
    let document: Written = serde_json::from_str(text).map_err(|_| malformed())?;
    if document.format != FORMAT || document.keys.len() > MOST_KEYS {
        return Err(malformed());
    }
    let not_opened = || KeyRingError::NotOpened { ring: ring.name.to_string(), tried: sealer.len() };
    sealer.open(&document.seal, &beside(ring, &document)).ok_or_else(not_opened)?;
    let algorithm = Algorithm::from_name(document.algorithm.as_bytes()).ok_or_else(malformed)?;
    if algorithm != ring.algorithm {
        return Err(KeyRingError::AnotherAlgorithm {
            ring: ring.name.to_string(),
            found: algorithm,
            expected: ring.algorithm,
        });
    }
    let mut keys: Vec<HeldKey> = Vec::with_capacity(document.keys.len());
    for key in document.keys {
        let staged = StagedKey {
            key_id: key.kid.into(),
            stage: key.stage,
            since: key.since.map(Duration::from_millis),
            ahead: Duration::from_millis(key.ahead),
            retire: Duration::from_millis(key.retire),
        };
        if keys.iter().any(|other| other.staged.key_id == staged.key_id) {
            return Err(malformed());
        }
        let is_same = |known: &&HeldKey| {
            known.staged.key_id == staged.key_id
                && known.sealed.as_ref().is_some_and(|sealed| *sealed.text == *key.sealed)
        };
        if let Some(known) = known.iter().find(is_same) {
            keys.push(known.at(staged));
            continue;
        }
        let opened = sealer.open(&key.sealed, &beside_key(ring, &staged.key_id)).ok_or_else(not_opened)?;
        let jwk = Jwk::from_json(&opened.plain).map_err(|_| malformed())?;
        let signing = SigningKey::from_jwk_with(ring.algorithm, &jwk)?;
        if signing.key_id() != Some(&staged.key_id) {
            return Err(malformed());
        }
        let sealed = Some(Sealed { text: key.sealed.into(), by_first: opened.by_first });
        keys.push(HeldKey { staged, signing, sealed });
    }
    let active = keys.iter().filter(|key| key.staged.stage == Stage::Active).count();
    if active == 1 { Ok((document.revision, keys)) } else { Err(malformed()) }
}

/// The key, sealed by the key-encryption key of today.
fn sealed(ring: &RingName, key: &HeldKey, sealer: &Sealer) -> Result<HeldKey, KeyRingError> {
    if key.is_sealed_by_first() {
        return Ok(key.clone());
    }
    // Sealed on the spot, in memory that is wiped.
    let private = key.signing.insecure_private_jwk()?;
    let text = sealer.seal(private.as_bytes(), &beside_key(ring, &key.staged.key_id))?.into();
    Ok(HeldKey { sealed: Some(Sealed { text, by_first: true }), ..key.clone() })
}

fn beside_key(ring: &RingName, key_id: &str) -> Vec<u8> {
    let algorithm = ring.algorithm.name();
    associated([OF_KEY, ring.name.as_bytes(), algorithm.as_bytes(), key_id.as_bytes()])
}

fn beside(ring: &RingName, document: &Written) -> Vec<u8> {
    let (format, revision) = (document.format.to_be_bytes(), document.revision.to_be_bytes());
    let mut parts: Vec<&[u8]> =
        vec![OF_DOCUMENT, &format, &revision, ring.name.as_bytes(), document.algorithm.as_bytes()];
    let times: Vec<[Vec<u8>; 3]> = document.keys.iter().map(times).collect();
    for (key, [since, ahead, retire]) in document.keys.iter().zip(&times) {
        parts.extend([key.kid.as_bytes(), key.stage.name().as_bytes(), since, ahead, retire]);
        parts.push(key.sealed.as_bytes());
    }
    associated(parts)
}

/// The times of a key; no bytes where there is none.
fn times(key: &WrittenKey) -> [Vec<u8>; 3] {
    [key.since, Some(key.ahead), Some(key.retire)]
        .map(|time| time.map(|time| time.to_be_bytes().to_vec()).unwrap_or_default())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyEncryptionKey;

    const SINCE: Duration = Duration::from_secs(1_800_000_000);
    const AHEAD: Duration = Duration::from_secs(4_800);
    const RETIRE: Duration = Duration::from_secs(4_500);

    fn sealer(first: u8) -> Sealer {
        Sealer::new(&[KeyEncryptionKey::from_bytes(&[&[first][..], &[0xa7; 31]].concat()).unwrap()]).unwrap()
    }

    fn ring(algorithm: Algorithm) -> RingName {
        RingName { name: "https://id".into(), algorithm }
    }

    fn key(algorithm: Algorithm, stage: Stage) -> HeldKey {
        let signing = SigningKey::generate(algorithm).unwrap();
        let key_id = signing.key_id().unwrap().clone();
        HeldKey::fresh(StagedKey { key_id, stage, since: Some(SINCE), ahead: AHEAD, retire: RETIRE }, signing)
    }

    fn written(algorithm: Algorithm) -> (String, Vec<HeldKey>) {
        let keys = [Stage::Active, Stage::Pending, Stage::Retiring].map(|stage| key(algorithm, stage));
        write(&ring(algorithm), 7, &keys, &sealer(0)).unwrap()
    }

    fn refused(ring: &RingName, text: &str, sealer: &Sealer) -> &'static str {
        read(ring, text, sealer, &[]).err().unwrap().code()
    }

    #[test]
    fn a_document_is_read_as_it_was_written() {
        for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256] {
            let (text, keys) = written(algorithm);
            for known in [&[][..], &keys] {
                let (revision, read) = read(&ring(algorithm), &text, &sealer(0), known).unwrap();
                assert_eq!(revision, 7);
                let staged = |keys: &[HeldKey]| keys.iter().map(|key| key.staged.clone()).collect::<Vec<_>>();
                assert_eq!(staged(&read), staged(&keys));
                let mut signature = Vec::new();
                keys[0].signing.sign(b"message", &mut signature).unwrap();
                assert!(read[0].signing.verifying_key().verify(b"message", &signature));
            }
        }
    }

    #[test]
    fn no_private_bytes_are_in_a_document() {
        for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::HS256] {
            let (text, keys) = written(algorithm);
            for key in &keys {
                let private = key.signing.insecure_private_jwk().unwrap();
                let jwk: serde_json::Value = serde_json::from_str(&private).unwrap();
                let scalar = ["d", "k"].into_iter().find_map(|name| jwk[name].as_str()).unwrap();
                assert!(!text.contains(scalar), "{algorithm}: in base64url");
                use base64::Engine as _;
                use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
                let bytes = URL_SAFE_NO_PAD.decode(scalar).unwrap();
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                assert!(!text.to_lowercase().contains(&hex), "{algorithm}: in hex");
                assert!(!text.contains(&STANDARD.encode(&bytes)), "{algorithm}: in base64");
                // Nor in what is encoded there.
                let document: Written = serde_json::from_str(&text).unwrap();
                for key in document.keys {
                    let sealed = URL_SAFE_NO_PAD.decode(&key.sealed).unwrap();
                    assert!(!sealed.windows(bytes.len()).any(|window| window == bytes));
                    assert!(!sealed.windows(scalar.len()).any(|window| window == scalar.as_bytes()));
                }
            }
        }
    }

    #[test]
    fn another_key_encryption_key_ring_or_algorithm_is_told() {
        let (text, _) = written(Algorithm::ES256);
        let own = ring(Algorithm::ES256);
        assert_eq!(refused(&own, &text, &sealer(100)), "key_ring_not_opened");
        let other = RingName { name: "https://other".into(), ..own };
        assert_eq!(refused(&other, &text, &sealer(0)), "key_ring_not_opened");
        assert_eq!(refused(&ring(Algorithm::EdDSA), &text, &sealer(0)), "key_ring_another_algorithm");
    }

    #[test]
    fn a_document_that_was_tampered_with_is_refused() {
        let (text, _) = written(Algorithm::ES256);
        let refused = |text: &str| refused(&ring(Algorithm::ES256), text, &sealer(0));
        for (from, to) in [
            ("pending", "retiring"),
            ("1800000000000", "1800000000001"),
            ("1800000000000", "null"),
            (r#""ahead":4800000"#, r#""ahead":0"#),
            (r#""retire":4500000"#, r#""retire":0"#),
            (r#""revision":7"#, r#""revision":8"#),
            (r#""algorithm":"ES256""#, r#""algorithm":"EdDSA""#),
        ] {
            assert!(text.contains(from));
            assert_eq!(refused(&text.replacen(from, to, 1)), "key_ring_not_opened", "{from}");
        }
        let change = |change: &dyn Fn(&mut Written)| {
            let mut document: Written = serde_json::from_str(&text).unwrap();
            change(&mut document);
            refused(&serde_json::to_string(&document).unwrap())
        };
        assert_eq!(change(&|document| drop(document.keys.pop())), "key_ring_not_opened");
        assert_eq!(change(&|document| document.keys.swap(0, 1)), "key_ring_not_opened");
        assert_eq!(change(&|document| document.keys[0].kid = "other".into()), "key_ring_not_opened");
        assert_eq!(change(&|document| document.seal.clear()), "key_ring_not_opened");
        let exchanged = |document: &mut Written| {
            let first = document.keys[0].sealed.clone();
            document.keys[0].sealed = core::mem::replace(&mut document.keys[1].sealed, first);
        };
        assert_eq!(change(&exchanged), "key_ring_not_opened");
        // Of a key that is gone.
        let (older, _) = written(Algorithm::ES256);
        let older: Written = serde_json::from_str(&older).unwrap();
        let bring_back = |document: &mut Written| {
            document.keys.extend(older.keys.iter().map(|key| WrittenKey {
                kid: key.kid.clone(),
                stage: Stage::Retiring,
                since: key.since,
                ahead: key.ahead,
                retire: key.retire,
                sealed: key.sealed.clone(),
            }));
        };
        assert_eq!(change(&bring_back), "key_ring_not_opened");
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let (text, _) = written(Algorithm::ES256);
        let long = " ".repeat(KeyRingDocument::MOST_BYTES);
        let twice = text.replacen(r#""format":1"#, r#""format":1,"format":1"#, 1);
        let later = text.replacen(r#""format":1"#, r#""format":2"#, 1);
        let more = text.replacen(r#""format":1"#, r#""format":1,"more":1"#, 1);
        for text in ["", "null", "[]", "{}", text.split_at(1).1, &long, &twice, &later, &more] {
            assert_eq!(refused(&ring(Algorithm::ES256), text, &sealer(0)), "key_ring_malformed");
        }
    }

    #[test]
    fn a_ring_of_two_active_keys_or_none_is_refused_even_under_its_seal() {
        let own = ring(Algorithm::ES256);
        for stages in [[Stage::Active, Stage::Active], [Stage::Pending, Stage::Retiring]] {
            let keys = stages.map(|stage| key(Algorithm::ES256, stage));
            let (text, _) = write(&own, 7, &keys, &sealer(0)).unwrap();
            assert_eq!(refused(&own, &text, &sealer(0)), "key_ring_malformed");
        }
    }

    #[test]
    fn a_key_without_a_time_is_read_as_it_was_written() {
        let mut keys = [Stage::Active, Stage::Pending].map(|stage| key(Algorithm::ES256, stage));
        keys[0].staged.since = None;
        let (text, _) = write(&ring(Algorithm::ES256), 7, &keys, &sealer(0)).unwrap();
        let (_, read) = read(&ring(Algorithm::ES256), &text, &sealer(0), &[]).unwrap();
        assert_eq!(read.iter().map(|key| key.staged.since).collect::<Vec<_>>(), [None, Some(SINCE)]);
        // Nor does a time pass for none.
        let text = text.replacen(r#""since":null"#, r#""since":0"#, 1);
        assert_eq!(refused(&ring(Algorithm::ES256), &text, &sealer(0)), "key_ring_not_opened");
    }

    /// The largest that a ring can make: of ML-DSA-87, and of RSA where the backend makes it.
    #[test]
    fn as_many_keys_as_a_ring_holds_fit_of_each_algorithm() {
        for algorithm in [Algorithm::RS256, Algorithm::MlDsa87, Algorithm::ES512, Algorithm::HS512] {
            let Ok(signing) = SigningKey::generate(algorithm) else { continue };
            let key_id = signing.key_id().unwrap().clone();
            let staged = StagedKey {
                key_id,
                stage: Stage::Retiring,
                since: Some(Duration::MAX),
                ahead: Duration::MAX,
                retire: Duration::MAX,
            };
            let keys = vec![HeldKey::fresh(staged, signing); super::super::stages::MOST_KEYS];
            let (text, _) = write(&ring(algorithm), u64::MAX, &keys, &sealer(0)).unwrap();
            assert!(text.len() <= KeyRingDocument::MOST_BYTES, "{algorithm}: {}", text.len());
        }
    }

    /// No backend makes an RSA key of 4096 bits for a ring. If one did: a modulus and an exponent of 512 bytes each, and
    /// five numbers of 256 (RFC 7518 §6.3.2), in base64url, with their names, and that sealed in base64url again.
    #[test]
    fn as_many_rsa_keys_of_4096_bits_as_a_ring_holds_would_fit() {
        const fn base64url(bytes: usize) -> usize {
            (bytes * 4).div_ceil(3)
        }
        let private = 2 * base64url(512) + 5 * base64url(256) + 200;
        let sealed = Sealer::new(&[KeyEncryptionKey::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap()]);
        let sealed = sealed.unwrap().seal(&vec![0; private], b"").unwrap().len();
        let all = super::super::stages::MOST_KEYS * (sealed + 250) + 250;
        assert!((100_000..KeyRingDocument::MOST_BYTES).contains(&all), "{all}");
    }

    #[test]
    fn what_an_old_key_encryption_key_sealed_is_sealed_anew() {
        let key = |first: u8| KeyEncryptionKey::from_bytes(&[&[first][..], &[0xa7; 31]].concat()).unwrap();
        let (text, _) = written(Algorithm::ES256);
        let own = ring(Algorithm::ES256);
        let both = Sealer::new(&[key(100), key(0)]).unwrap();
        let (_, keys) = read(&own, &text, &both, &[]).unwrap();
        assert!(!keys.iter().any(HeldKey::is_sealed_by_first));
        let (text, keys) = write(&own, 7, &keys, &both).unwrap();
        assert!(keys.iter().all(HeldKey::is_sealed_by_first));
        assert!(read(&own, &text, &sealer(100), &[]).is_ok());
    }
}

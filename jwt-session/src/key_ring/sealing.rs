//! Sealing: AES-256-GCM (NIST SP 800-38D) under key-encryption keys.
//!
//! Sealed text is base64url of a random nonce of 96 bits and what the cipher made. A ring is written some dozens of times
//! a year, far below the 2^32 sealings that random nonces allow for one key (SP 800-38D §8.3).

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::error::KeyRingError;
use super::key_encryption_key::KeyEncryptionKey;
use crate::random::random;

const NONCE: usize = 12;
/// Key-encryption keys of a ring at most: the one of today, and those that are on their way out.
pub(super) const MOST_KEYS: usize = 8;

/// Seals under the first key-encryption key, opens under any.
pub(super) struct Sealer(Vec<Aes256Gcm>);

/// What was opened, and whether the first key-encryption key did it.
pub(super) struct Opened {
    pub(super) plain: Zeroizing<Vec<u8>>,
    pub(super) by_first: bool,
}

impl Sealer {
    pub(super) fn new(keys: &[KeyEncryptionKey]) -> Result<Self, KeyRingError> {
        match keys.len() {
            0 => Err(KeyRingError::NoKeyEncryptionKey),
            1..=MOST_KEYS => Ok(Self(keys.iter().map(|key| Aes256Gcm::new(key.as_bytes().into())).collect())),
            _ => Err(KeyRingError::Unfit { setting: "number of key-encryption keys" }),
        }
    }

    /// How many keys there are.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Seals `plain`; it opens beside the same associated data alone.
    pub(super) fn seal(&self, plain: &[u8], associated: &[u8]) -> Result<String, KeyRingError> {
        let nonce: [u8; NONCE] = random().map_err(|_| KeyRingError::NoRandomBits)?;
        let cipher = self.0.first().ok_or(KeyRingError::NoKeyEncryptionKey)?;
        let sealed = cipher
            .encrypt(&nonce.into(), Payload { msg: plain, aad: associated })
            // Only beyond 64 GiB.
            .map_err(|_| KeyRingError::Full)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens what was sealed beside this associated data; none where no key fits or anything was changed.
    pub(super) fn open(&self, sealed: &str, associated: &[u8]) -> Option<Opened> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        self.0.iter().enumerate().find_map(|(place, cipher)| {
            let plain = cipher.decrypt(&(*nonce).into(), Payload { msg: sealed, aad: associated }).ok()?;
            Some(Opened { plain: Zeroizing::new(plain), by_first: place == 0 })
        })
    }
}

/// Associated data of several parts, each behind its length, so that none can pass for a part of another.
pub(super) fn associated<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(first: u8) -> KeyEncryptionKey {
        KeyEncryptionKey::from_bytes(&[&[first][..], &[0xa7; 31]].concat()).unwrap()
    }

    fn opened(sealer: &Sealer, sealed: &str, associated: &[u8]) -> Option<(Vec<u8>, bool)> {
        sealer.open(sealed, associated).map(|opened| (opened.plain.to_vec(), opened.by_first))
    }

    #[test]
    fn sealed_text_opens_beside_its_associated_data_alone() {
        let sealer = Sealer::new(&[key(0)]).unwrap();
        let sealed = sealer.seal(b"secret", b"beside").unwrap();
        assert_ne!(sealer.seal(b"secret", b"beside").unwrap(), sealed, "each sealing has a nonce of its own");
        assert_eq!(opened(&sealer, &sealed, b"beside"), Some((b"secret".to_vec(), true)));
        assert_eq!(opened(&sealer, &sealed, b"elsewhere"), None);
        assert_eq!(opened(&sealer, "", b"beside"), None);
        assert_eq!(opened(&sealer, sealed.split_at(10).0, b"beside"), None);
    }

    #[test]
    fn a_changed_bit_anywhere_is_noticed() {
        let sealer = Sealer::new(&[key(0)]).unwrap();
        let sealed = URL_SAFE_NO_PAD.decode(sealer.seal(b"secret", b"").unwrap()).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(sealer.open(&URL_SAFE_NO_PAD.encode(&changed), b"").is_none(), "byte {place}");
        }
    }

    #[test]
    fn the_first_key_seals_and_each_opens() {
        let old = Sealer::new(&[key(0)]).unwrap();
        let both = Sealer::new(&[key(100), key(0)]).unwrap();
        let new = Sealer::new(&[key(100)]).unwrap();
        let sealed = old.seal(b"secret", b"").unwrap();
        assert_eq!(opened(&both, &sealed, b""), Some((b"secret".to_vec(), false)));
        assert_eq!(opened(&new, &sealed, b""), None);
        let sealed = both.seal(b"secret", b"").unwrap();
        assert_eq!(opened(&new, &sealed, b""), Some((b"secret".to_vec(), true)));
    }

    /// AES-256-GCM with a key and nonce of zeros: test case 14 of "The Galois/Counter Mode of Operation".
    #[test]
    fn the_cipher_is_that_of_the_standard() {
        let cipher = Aes256Gcm::new(&[0; 32].into());
        let made = cipher.encrypt(&[0; 12].into(), Payload { msg: &[0; 16], aad: b"" }).unwrap();
        let hex: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
    }

    #[test]
    fn too_few_and_too_many_keys_are_refused() {
        assert_eq!(Sealer::new(&[]).err().unwrap().code(), "no_key_encryption_key");
        let many: Vec<_> = (0..9).map(key).collect();
        assert_eq!(Sealer::new(&many).err().unwrap().code(), "key_ring_unfit");
    }

    #[test]
    fn parts_cannot_pass_for_each_other() {
        let of = |parts: &[&[u8]]| associated(parts.iter().copied());
        assert_ne!(of(&[b"a", b"bc"]), of(&[b"ab", b"c"]));
        assert_ne!(of(&[b"abc"]), of(&[b"abc", b""]));
    }
}

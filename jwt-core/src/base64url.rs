//! Strict base64url: no padding, no white space, canonical trailing bits (RFC 7515 §2).

use std::sync::LazyLock;

use base64::Engine;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use base64::engine::Simd as Fast;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use base64::engine::general_purpose::GeneralPurpose as Fast;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::refusal::Reason;

/// For whole tokens: as [`URL_SAFE_NO_PAD`], by the vector instructions of this machine, if it has
/// any that the engine knows.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static FAST: LazyLock<Fast> = LazyLock::new(|| Fast::url_safe(base64::engine::general_purpose::NO_PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static FAST: LazyLock<Fast> = LazyLock::new(|| URL_SAFE_NO_PAD);

/// Long enough for the headers and signatures of ordinary tokens, up to RSA-4096.
const INLINE: usize = 528;

/// Decoded bytes, without an allocation where they are few.
pub(crate) struct Buffer {
    inline: [u8; INLINE],
    spill: Vec<u8>,
}

impl Buffer {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { inline: [0; INLINE], spill: Vec::new() }
    }

    /// Decodes `text`, whose length the caller has bounded.
    pub(crate) fn decode(&mut self, text: &str) -> Result<&[u8], Reason> {
        let estimate = base64::decoded_len_estimate(text.len());
        if let Some(buffer) = self.inline.get_mut(..estimate) {
            let len = FAST.decode_slice(text, buffer).map_err(|_| Reason::NotBase64Url)?;
            return buffer.get(..len).ok_or(Reason::NotBase64Url);
        }
        self.spill = decode(text)?;
        Ok(&self.spill)
    }
}

/// Decodes `text`, whose length the caller has bounded, into bytes that are kept.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Reason> {
    FAST.decode(text).map_err(|_| Reason::NotBase64Url)
}

/// The number of bytes that `text` decodes to, where it does.
pub(crate) fn decoded_len(text: &str) -> usize {
    text.len().saturating_mul(3) / 4
}

/// Decodes a text that may be secret, into memory that is wiped and never moved while it fills.
pub(crate) fn decode_private(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    decode_private_by(&URL_SAFE_NO_PAD, text.as_bytes())
}

/// As [`decode_private`], in another alphabet.
pub(crate) fn decode_private_by(engine: &impl Engine, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let len = engine.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(len);
    Some(bytes)
}

/// Appends `bytes`, encoded.
pub(crate) fn encode_into(bytes: &[u8], out: &mut String) {
    FAST.encode_string(bytes, out);
}

/// `bytes`, encoded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_spelling_of_any_bytes() {
        for bad in ["A", "AA=", "AA==", "AB", "AAB", "A A", "AA\n", " AA", "A+", "A/", "AAAA=", "é", "AA\0"]
        {
            assert!(decode(bad).is_err(), "{bad:?}");
            assert!(Buffer::new().decode(bad).is_err(), "{bad:?}");
        }
        for good in ["", "AA", "AAA", "AAAA", "-_-_"] {
            assert_eq!(encode(&decode(good).unwrap()), good);
        }
    }

    #[test]
    fn the_fast_engine_judges_as_the_plain_one() {
        for len in (0..200).chain([526, 1_000, 5_000]) {
            let bytes: Vec<u8> = (0..len).map(|n| u8::try_from((n * 37 + len) % 256).unwrap()).collect();
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            let mut encoded = String::new();
            encode_into(&bytes, &mut encoded);
            assert_eq!(encoded, text, "{len}");
            assert_eq!(decode(&text).unwrap(), bytes, "{len}");
            // One wrong byte, and one that leaves bits over, wherever it stands.
            for at in (0..text.len()).filter(|at| len < 200 || at % 97 == 0) {
                for wrong in [0, b'\n', b' ', b'+', b'/', b'=', b'.', b',', b'[', b'`', b'{', 0x7f, b'B'] {
                    let mut changed = text.clone().into_bytes();
                    changed[at] = wrong;
                    let changed = String::from_utf8(changed).unwrap();
                    let plain = URL_SAFE_NO_PAD.decode(&changed).ok();
                    assert_eq!(decode(&changed).ok(), plain, "{changed}");
                    assert_eq!(Buffer::new().decode(&changed).ok().map(<[u8]>::to_vec), plain, "{changed}");
                }
            }
        }
        // No byte but those of the alphabet is taken, in the vector part and behind it.
        for byte in 0..=255_u8 {
            for at in [0, 13, 31, 32, 63, 64, 80] {
                let mut text = [b'A'; 84];
                text[at] = byte;
                let plain = URL_SAFE_NO_PAD.decode(text).is_ok();
                assert_eq!(FAST.decode(text).is_ok(), plain, "{byte} at {at}");
                assert_eq!(plain, byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
            }
        }
    }

    #[test]
    fn long_and_short_texts_decode_alike() {
        for len in [0, 1, 2, 3, 525, 526, 527, 528, 529, 530, 5000] {
            let bytes: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect();
            assert_eq!(Buffer::new().decode(&encode(&bytes)).unwrap(), bytes, "{len}");
        }
    }
}

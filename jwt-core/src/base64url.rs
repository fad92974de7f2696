//! Strict base64url: no padding, no white space, canonical trailing bits (RFC 7515 §2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::refusal::Reason;

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
            let len = URL_SAFE_NO_PAD.decode_slice(text, buffer).map_err(|_| Reason::NotBase64Url)?;
            return buffer.get(..len).ok_or(Reason::NotBase64Url);
        }
        self.spill = decode(text)?;
        Ok(&self.spill)
    }
}

/// Decodes `text`, whose length the caller has bounded, into bytes that are kept.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Reason::NotBase64Url)
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
    URL_SAFE_NO_PAD.encode_string(bytes, out);
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
    fn long_and_short_texts_decode_alike() {
        for len in [0, 1, 2, 3, 525, 526, 527, 528, 529, 530, 5000] {
            let bytes: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect();
            assert_eq!(Buffer::new().decode(&encode(&bytes)).unwrap(), bytes, "{len}");
        }
    }
}

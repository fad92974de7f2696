//! Strict base64url: no padding, no white space, canonical trailing bits (RFC 7515 §2).
//!
//! Tokens are read and written by base64-simd, for decoding was a tenth of verifying an HMAC token.
//! Keys are left to [`base64`], and tests hold the two against each other.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64_simd::Out;
use zeroize::Zeroizing;

use crate::refusal::Reason;

const TOKENS: base64_simd::Base64 = base64_simd::URL_SAFE_NO_PAD;

/// Long enough for most headers, and for every signature but RSA's and ML-DSA's, beside whose cost an
/// allocation is nothing; no longer, for it is filled with zeros each time.
const INLINE: usize = 144;

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
        if decoded_len(text) <= INLINE {
            let bytes = TOKENS.decode(text.as_bytes(), Out::from_slice(&mut self.inline));
            return bytes.map(|bytes| &*bytes).map_err(|_| Reason::NotBase64Url);
        }
        self.spill = decode(text)?;
        Ok(&self.spill)
    }
}

/// Decodes `text`, whose length the caller has bounded, into bytes that are kept.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Reason> {
    decode_with_room(text, 0)
}

/// As [`decode`], with room for more bytes behind them.
pub(crate) fn decode_with_room(text: &str, room: usize) -> Result<Vec<u8>, Reason> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut bytes = Vec::with_capacity(decoded_len(text).saturating_add(room));
    TOKENS.decode_append(text, &mut bytes).map_err(|_| Reason::NotBase64Url)?;
    Ok(bytes)
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
pub(crate) fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    TOKENS.encode_append(bytes, out);
}

/// The number of characters that so many bytes take.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

/// `bytes`, encoded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    TOKENS.encode_to_string(bytes)
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

    /// `base64` is the oracle: same verdict, same bytes, for every text of two characters, some of three,
    /// and longer ones with any character in any place.
    #[test]
    fn texts_decode_as_base64_decodes_them() {
        fn compare(text: &str) {
            let expected = URL_SAFE_NO_PAD.decode(text).ok();
            assert_eq!(decode(text).ok(), expected, "{text:?}");
            assert_eq!(Buffer::new().decode(text).ok(), expected.as_deref(), "{text:?}");
        }
        let bytes = || (0..=255_u8).map(char::from).filter(char::is_ascii);
        let mut text = String::new();
        for (a, b) in bytes().flat_map(|a| bytes().map(move |b| (a, b))) {
            text.clear();
            text.extend([a, b]);
            compare(&text);
            for c in ['A', 'B', 'E', 'Q', '_', '=', '\u{e9}'] {
                text.push(c);
                compare(&text);
                text.pop();
            }
        }
        for len in (1..40).chain([64, 75, 97]) {
            let good: String = ('A'..='Z').chain('a'..='n').cycle().take(len).collect();
            for (at, c) in (0..len).flat_map(|at| (0..=255_u8).map(move |c| (at, char::from(c)))) {
                let mut text = good.clone();
                text.replace_range(at..=at, c.encode_utf8(&mut [0; 2]));
                compare(&text);
            }
        }
    }

    #[test]
    fn bytes_are_encoded_as_base64_encodes_them() {
        for len in 0..300 {
            let bytes: Vec<u8> = (0..len).map(|n| u8::try_from((n * 37 + len) % 256).unwrap()).collect();
            let mut out = b"before".to_vec();
            encode_into(&bytes, &mut out);
            assert_eq!(out, format!("before{}", URL_SAFE_NO_PAD.encode(&bytes)).into_bytes());
            assert_eq!(out.len(), 6 + encoded_len(len));
        }
        for byte in 0..=255 {
            let mut out = Vec::new();
            encode_into(&[byte; 6], &mut out);
            assert_eq!(out, URL_SAFE_NO_PAD.encode([byte; 6]).into_bytes());
        }
    }

    #[test]
    fn long_and_short_texts_decode_alike() {
        for len in (0..200).chain([5000]) {
            let bytes: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect();
            assert_eq!(Buffer::new().decode(&encode(&bytes)).unwrap(), bytes, "{len}");
        }
    }
}

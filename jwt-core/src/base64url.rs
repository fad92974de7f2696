//! Strict base64url: no padding, no white space, canonical trailing bits (RFC 7515 §2).
//!
//! Its own because decoding was a fifth of verifying an HMAC token. Only tokens are read and written
//! here; keys are left to [`base64`], and tests hold the two against each other.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::refusal::Reason;

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
        let needed = decoded_len(text).saturating_add(SLACK);
        if needed <= INLINE {
            let len = decode_slice(text, &mut self.inline).ok_or(Reason::NotBase64Url)?;
            return self.inline.get(..len).ok_or(Reason::NotBase64Url);
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
    let len = decoded_len(text);
    let mut bytes = Vec::with_capacity(len.saturating_add(room.max(SLACK)));
    bytes.resize(len.saturating_add(SLACK), 0);
    let len = decode_slice(text, &mut bytes).ok_or(Reason::NotBase64Url)?;
    bytes.truncate(len);
    Ok(bytes)
}

/// RFC 4648 §5.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Room behind the decoded bytes, for eight are written where six are meant.
const SLACK: usize = 8;

/// In the top byte, where no value has a bit: not a character of the alphabet.
const BAD: u32 = 0xFF00_0000;

/// What a character means in each of the four places of a group.
static VALUES: [[u32; 256]; 4] = values();

#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "runs in the compiler alone"
)]
const fn values() -> [[u32; 256]; 4] {
    let mut values = [[BAD; 256]; 4];
    let mut n = 0;
    while n < ALPHABET.len() {
        let mut place = 0;
        while place < 4 {
            values[place][ALPHABET[n] as usize] = (n as u32) << (18 - 6 * place);
            place += 1;
        }
        n += 1;
    }
    values
}

/// Decodes into `out`, which is [`SLACK`] longer than the result, and returns the result's length.
#[inline]
fn decode_slice(text: &str, out: &mut [u8]) -> Option<usize> {
    let (groups, tail) = text.as_bytes().as_chunks::<8>();
    let (mut at, mut bad) = (0_usize, 0);
    for group in groups {
        let bits = bits(group, &mut bad);
        *out.get_mut(at..)?.first_chunk_mut()? = bits.to_be_bytes();
        at = at.wrapping_add(6);
    }
    if !tail.is_empty() {
        // Filled up with zeros, so that what is left of the last character must be zeros as well.
        let mut group = [b'A'; 8];
        group.get_mut(..tail.len())?.copy_from_slice(tail);
        let bits = bits(&group, &mut bad);
        *out.get_mut(at..)?.first_chunk_mut()? = bits.to_be_bytes();
        let len = tail.len().wrapping_mul(3) / 4;
        let is_canonical = bits.wrapping_shl(u32::try_from(len).ok()?.wrapping_mul(8)) == 0;
        if !is_canonical || tail.len() % 4 == 1 {
            return None;
        }
        at = at.wrapping_add(len);
    }
    (bad & BAD == 0).then_some(at)
}

/// The 48 bits of eight characters, in the upper bytes; adds to `bad` what is no character.
#[inline]
fn bits(group: &[u8; 8], bad: &mut u32) -> u64 {
    // By reference: eight loads are faster here than one load and eight shifts.
    let [a, b, c, d, e, f, g, h] = group;
    let [first, second, third, fourth] = &VALUES;
    let value = |place: &[u32; 256], c: &u8| place.get(usize::from(*c)).copied().unwrap_or(BAD);
    let high = value(first, a) | value(second, b) | value(third, c) | value(fourth, d);
    let low = value(first, e) | value(second, f) | value(third, g) | value(fourth, h);
    *bad |= high | low;
    u64::from(high).wrapping_shl(40) | u64::from(low).wrapping_shl(16)
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

/// Two characters for each value of twelve bits.
static PAIRS: [[u8; 2]; 4096] = pairs();

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler alone")]
const fn pairs() -> [[u8; 2]; 4096] {
    let mut pairs = [[0; 2]; 4096];
    let mut n = 0;
    while n < pairs.len() {
        pairs[n] = [ALPHABET[n / 64], ALPHABET[n % 64]];
        n += 1;
    }
    pairs
}

/// Appends `bytes`, encoded.
pub(crate) fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    let (groups, tail) = bytes.as_chunks::<6>();
    let len = encoded_len(bytes.len());
    out.reserve(len);
    for group in groups {
        out.extend_from_slice(characters(group).as_flattened());
    }
    if !tail.is_empty() {
        let mut group = [0; 6];
        group.iter_mut().zip(tail).for_each(|(byte, tail)| *byte = *tail);
        let characters = characters(&group);
        out.extend(characters.as_flattened().iter().take(encoded_len(tail.len())));
    }
}

/// The number of characters that so many bytes take.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

/// The eight characters of six bytes.
#[inline]
fn characters(group: &[u8; 6]) -> [[u8; 2]; 4] {
    let [a, b, c, d, e, f] = *group;
    let pair = |twelve: u16| PAIRS.get(usize::from(twelve & 0xFFF)).copied().unwrap_or_default();
    let joined = |high: u8, low: u8| u16::from_be_bytes([high, low]);
    [
        pair(joined(a, b).wrapping_shr(4)),
        pair(joined(b, c)),
        pair(joined(d, e).wrapping_shr(4)),
        pair(joined(e, f)),
    ]
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
        for len in 1..40 {
            let good: String = ('A'..='Z').chain('a'..='n').take(len).collect();
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

//! Strict base64url, as JOSE uses it (RFC 7515 §2): no padding, no white space, trailing bits zero.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::material::Private;

/// The bytes, in memory that is wiped and never moved while it fills.
pub(crate) fn decode(text: &str) -> Option<Private> {
    decode_with(&URL_SAFE_NO_PAD, text.as_bytes())
}

pub(crate) fn decode_with(engine: &impl Engine, text: &[u8]) -> Option<Private> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let len = engine.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(len);
    Some(bytes)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_text_is_read() {
        assert_eq!(decode("").as_deref(), Some(&vec![]));
        assert_eq!(decode("-_8").as_deref(), Some(&vec![0xfb, 0xff]));
        for bad in ["-_8=", "-_9", "+/8", "A", "AB CD", "AAA\n", " AAA", "AA.A", "é"] {
            assert!(decode(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn bytes_come_back() {
        for len in 0..70_u8 {
            let bytes: Vec<u8> = (0..len).map(|b| b.wrapping_mul(37)).collect();
            assert_eq!(decode(&encode(&bytes)).as_deref(), Some(&bytes));
        }
    }
}

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

//! The double-submit value: what a page of ours can read and a foreign page cannot.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Separates this use of the key from every other.
const LABEL: &[u8] = b"jwt-core double-submit v1\0";
const RANDOM_BYTES: usize = 16;
/// From half of HMAC-SHA-256 to the whole of HMAC-SHA-512.
const MAC_BYTES: core::ops::RangeInclusive<usize> = 16..=64;

/// Makes the double-submit value of a session: `base64url(random) "." base64url(mac)`.
///
/// A value that only repeats a cookie can be forged by whoever can plant a cookie; this one is
/// bound to the session by a MAC over a label, the length and bytes of `session_id`, and the
/// random bytes. `mac` is keyed by the caller, with a key of its own; `random` is fresh for each
/// value, so that compressed responses do not give it away (BREACH). Make a new one at login.
///
/// ```
/// use jwt_core::request::{issue_double_submit, verify_double_submit};
/// # fn hmac(message: &[u8]) -> Vec<u8> { message.iter().rev().copied().take(32).collect() }
/// # let mac = |message: &[u8]| hmac(message);
/// # let verify = |message: &[u8], tag: &[u8]| hmac(message) == tag;
/// # let random = [7; 16];
/// let value = issue_double_submit(b"session-1", random, &mac);
/// assert!(verify_double_submit(&value, b"session-1", &verify));
/// assert!(!verify_double_submit("forged", b"session-1", &verify));
/// ```
#[must_use]
pub fn issue_double_submit(
    session_id: &[u8],
    random: [u8; RANDOM_BYTES],
    mac: &dyn Fn(&[u8]) -> Vec<u8>,
) -> String {
    let tag = mac(&message(session_id, &random));
    let mut value = URL_SAFE_NO_PAD.encode(random);
    value.push('.');
    URL_SAFE_NO_PAD.encode_string(tag, &mut value);
    value
}

/// Whether a double-submit value is genuine and of this session.
///
/// `verify` says whether its second argument is the MAC of its first, and compares in constant
/// time. It is asked only for a value of the right form; no value is good for an empty
/// `session_id`, to which nothing can be bound.
#[must_use]
pub fn verify_double_submit(value: &str, session_id: &[u8], verify: &dyn Fn(&[u8], &[u8]) -> bool) -> bool {
    decode(value)
        .is_some_and(|(random, tag)| !session_id.is_empty() && verify(&message(session_id, &random), &tag))
}

fn decode(value: &str) -> Option<([u8; RANDOM_BYTES], Vec<u8>)> {
    // 16 bytes are 22 characters, and 64 are 86: nothing longer is worth decoding.
    if value.len() > 22 + 1 + 86 {
        return None;
    }
    let (random, tag) = value.split_once('.')?;
    let random = URL_SAFE_NO_PAD.decode(random).ok()?.try_into().ok()?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    MAC_BYTES.contains(&tag.len()).then_some((random, tag))
}

fn message(session_id: &[u8], random: &[u8; RANDOM_BYTES]) -> Vec<u8> {
    let length = u64::try_from(session_id.len()).unwrap_or(u64::MAX).to_be_bytes();
    [LABEL, &length, session_id, random].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a MAC, but a different 32 bytes for every message of these tests.
    fn mac(message: &[u8]) -> Vec<u8> {
        let mut tag = vec![0_u8; 32];
        for (i, byte) in message.iter().enumerate() {
            let at = i % 32;
            tag[at] = tag[at].wrapping_mul(31).wrapping_add(*byte).wrapping_add(1);
        }
        tag
    }

    fn verify(message: &[u8], tag: &[u8]) -> bool {
        mac(message) == tag
    }

    #[test]
    fn a_genuine_value_verifies_for_its_session_only() {
        let value = issue_double_submit(b"session-1", [9; 16], &mac);
        assert!(verify_double_submit(&value, b"session-1", &verify));
        for other in [b"session-2".as_slice(), b"session-", b"session-1\0", b"", b"Session-1"] {
            assert!(!verify_double_submit(&value, other, &verify), "{other:?}");
        }
    }

    #[test]
    fn a_mac_may_have_the_length_of_each_hash() {
        for len in MAC_BYTES {
            let long = |message: &[u8]| mac(message).into_iter().cycle().take(len).collect::<Vec<_>>();
            let value = issue_double_submit(b"session-1", [9; 16], &long);
            assert!(
                verify_double_submit(&value, b"session-1", &|message, tag| long(message) == tag),
                "{len}"
            );
        }
    }

    #[test]
    fn no_value_is_good_for_an_empty_session() {
        let value = issue_double_submit(b"", [9; 16], &mac);
        assert!(!verify_double_submit(&value, b"", &verify));
    }

    #[test]
    fn a_value_changed_in_any_character_is_refused() {
        let value = issue_double_submit(b"session-1", [9; 16], &mac);
        for at in 0..value.len() {
            for replacement in ["A", "B", "_", ".", "="] {
                let mut changed = value.clone();
                changed.replace_range(at..=at, replacement);
                let same = changed == value;
                assert_eq!(verify_double_submit(&changed, b"session-1", &verify), same, "{at} {replacement}");
            }
        }
    }

    #[test]
    fn a_value_of_another_form_never_reaches_the_mac() {
        let good = issue_double_submit(b"s", [9; 16], &mac);
        let (random, tag) = good.split_once('.').unwrap();
        let rows = [
            String::new(),
            ".".to_owned(),
            random.to_owned(),
            format!("{random}."),
            format!(".{tag}"),
            format!("{random}.{tag}."),
            format!("{random}.{tag}="),
            format!(" {random}.{tag}"),
            format!("{random}A.{tag}"),
            format!("{tag}.{random}"),
            format!("{random}.AAAA"),
            format!("{random}.{}", "A".repeat(88)),
            format!("{}.{tag}", "A".repeat(100_000)),
        ];
        for row in rows {
            let asked = |_: &[u8], _: &[u8]| -> bool { panic!("asked for {row:.60}") };
            assert!(!verify_double_submit(&row, b"s", &asked), "{row:.60}");
        }
    }

    #[test]
    fn the_length_keeps_session_and_random_bytes_apart() {
        let a = message(b"ab", b"cdefghijklmnopqr");
        let b = message(b"abc", b"defghijklmnopqr\0");
        assert_ne!(a, b);
        assert!(a.starts_with(LABEL));
    }
}

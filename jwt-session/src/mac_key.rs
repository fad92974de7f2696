//! A key that binds parts to each other, for what only this service reads again.

use jwt_core::keys::{KeyError, SignError};
use jwt_core::{Algorithm, HmacSecret, SigningKey, VerifyingKey};

/// HMAC-SHA-256 over parts, under a secret that may have other uses with other labels.
#[derive(Clone)]
pub(crate) struct MacKey {
    sign: SigningKey,
    verify: VerifyingKey,
}

impl MacKey {
    /// Bytes of a MAC.
    pub(crate) const BYTES: usize = 32;

    /// A key from a secret of at least 32 bytes.
    pub(crate) fn new(secret: &HmacSecret) -> Result<Self, KeyError> {
        let sign = SigningKey::from_secret(Algorithm::HS256, secret)?;
        Ok(Self { verify: sign.verifying_key(), sign })
    }

    /// The key as one that signs tokens. No token is a message of [`mac`](Self::mac), which has a NUL in it.
    pub(crate) const fn signing_key(&self) -> &SigningKey {
        &self.sign
    }

    /// The MAC of these parts. `label` keeps each use of the key apart from all others.
    pub(crate) fn mac(&self, label: &str, parts: &[&[u8]]) -> Result<Vec<u8>, SignError> {
        let mut mac = Vec::with_capacity(Self::BYTES);
        self.sign.sign(&message(label, parts), &mut mac)?;
        Ok(mac)
    }

    /// Whether `mac` is that of these parts; compared in constant time.
    pub(crate) fn is_mac(&self, label: &str, parts: &[&[u8]], mac: &[u8]) -> bool {
        self.verify.verify(&message(label, parts), mac)
    }
}

fn message(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = [label.as_bytes(), &[0]].concat();
    for part in parts {
        // The length before each keeps the parts apart.
        message.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use super::*;

    #[test]
    fn a_mac_is_of_its_label_and_parts_alone() {
        let key = |first: u8| {
            MacKey::new(
                &HmacSecret::from_bytes((0..32).map(|byte| byte ^ first).collect::<Vec<u8>>()).unwrap(),
            )
        };
        let (ours, other) = (key(0).unwrap(), key(1).unwrap());
        let mac = ours.mac("label", &[b"ab", b"c"]).unwrap();
        assert_eq!(mac.len(), MacKey::BYTES);
        assert!(ours.is_mac("label", &[b"ab", b"c"], &mac));
        assert!(!other.is_mac("label", &[b"ab", b"c"], &mac));
        assert!(!ours.is_mac("lapel", &[b"ab", b"c"], &mac));
        for parts in [&[b"a".as_slice(), b"bc"][..], &[b"abc"], &[b"ab", b"c", b""], &[b"ab"], &[]] {
            assert!(!ours.is_mac("label", parts, &mac), "{parts:?}");
        }
        assert!(!ours.is_mac("label", &[b"ab", b"c"], &mac[..16]), "a part of it is none");
    }
}

//! A certificate for a key, as providers put one beside it into `x5c` (RFC 7517 §4.7): never read by us, and real
//! all the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_core::SigningKey;

/// `sha256WithRSAEncryption` (RFC 8017 Appendix A.2.4), with its parameters.
const RS256: &[u8] = &[0x30, 13, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 13, 1, 1, 11, 5, 0];
/// `commonName` (RFC 5280 Appendix A.1).
const COMMON_NAME: &[u8] = &[6, 3, 0x55, 4, 3];

/// A self-signed certificate for an RS256 key, in DER (RFC 5280 §4.1).
pub(crate) fn self_signed(key: &SigningKey, name: &str) -> Vec<u8> {
    let pem = key.verifying_key().to_pem().unwrap();
    let public: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let public = STANDARD.decode(public).unwrap();
    let name = der(0x30, &[&der(0x31, &[&der(0x30, &[COMMON_NAME, &der(0x0C, &[name.as_bytes()])])])]);
    let validity = der(0x30, &[&der(0x17, &[b"250101000000Z"]), &der(0x17, &[b"350101000000Z"])]);
    let version = der(0xA0, &[&[2, 1, 2]]);
    let to_sign = der(0x30, &[&version, &[2, 1, 1], RS256, &name, &validity, &name, &public]);
    let mut signature = vec![0];
    key.sign(&to_sign, &mut signature).unwrap();
    der(0x30, &[&to_sign, RS256, &der(3, &[&signature])])
}

/// One value of DER: tag, length, contents (X.690 §8.1).
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = contents.len().to_be_bytes();
    let mut value = vec![tag];
    match contents.len() {
        0..128 => value.push(length[7]),
        128..256 => value.extend([0x81, length[7]]),
        _ => value.extend([0x82, length[6], length[7]]),
    }
    value.extend(contents);
    value
}

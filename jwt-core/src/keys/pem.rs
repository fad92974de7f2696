//! PEM (RFC 7468): the label says what the block holds.
//!
//! Read here rather than by a crate because private keys pass through: the text between the
//! boundaries is decoded into memory that is wiped, with no copies left behind.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::KeyError;
use super::der;
use super::material::{Private, PrivateMaterial, PublicMaterial, bounded};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// A block that says on which curve the private key after it lies, written by `openssl ecparam`.
/// The key says so itself.
const EC_PARAMETERS: &str = "EC PARAMETERS";

/// A public key or the key of one certificate.
pub(crate) fn public(pem: &[u8]) -> Result<PublicMaterial, KeyError> {
    let (label, der) = only_block(pem)?;
    match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" | "X509 CERTIFICATE" => der::public(&der),
        _ if label.ends_with("PRIVATE KEY") => Err(KeyError::PrivateKey),
        _ => Err(KeyError::PemLabel { label: label.to_owned(), expected: "a public key or certificate" }),
    }
}

/// A private key that is not encrypted.
pub(crate) fn private(pem: &[u8]) -> Result<PrivateMaterial, KeyError> {
    let (label, der) = only_block(pem)?;
    match label {
        "PRIVATE KEY" => der::private(&der),
        "RSA PRIVATE KEY" => der::pkcs1_private(&der),
        "EC PRIVATE KEY" => der::sec1_private(&der, None),
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" | "X509 CERTIFICATE" => Err(KeyError::PublicKey),
        _ => Err(KeyError::PemLabel {
            label: label.to_owned(),
            expected: "an unencrypted PKCS#8, PKCS#1 or SEC 1 private key",
        }),
    }
}

/// One block of PEM text, lines of 64 characters ended by `\n`.
pub(crate) fn write(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    // Three lines of boundary and one newline per 64 characters, with room to spare: the text must
    // not move while it grows.
    let mut out = Zeroizing::new(String::with_capacity(
        body.len().saturating_mul(2).saturating_add(label.len().saturating_mul(2)).saturating_add(64),
    ));
    for part in [BEGIN, label, DASHES, "\n"] {
        out.push_str(part);
    }
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at_checked(64).unwrap_or((rest, ""));
        out.push_str(line);
        out.push('\n');
        rest = next;
    }
    for part in [END, label, DASHES, "\n"] {
        out.push_str(part);
    }
    out
}

/// The one block that is not [`EC_PARAMETERS`], decoded.
fn only_block(pem: &[u8]) -> Result<(&str, Private), KeyError> {
    bounded(pem)?;
    let text = core::str::from_utf8(pem).map_err(|_| malformed("it is not text"))?;
    let mut rest = text;
    let mut found = None;
    let mut blocks = 0_usize;
    while let Some((label, body, next)) = next_block(rest)? {
        rest = next;
        if label != EC_PARAMETERS {
            blocks = blocks.saturating_add(1);
            found = Some((label, body));
        }
    }
    match found {
        None => Err(malformed("it has no `-----BEGIN` line")),
        Some(_) if blocks > 1 => Err(KeyError::SeveralPemBlocks { blocks }),
        Some((label, body)) => Ok((label, decode(label, body)?)),
    }
}

/// Label, body and what comes after the next block; text before it is a comment (RFC 7468 §2).
fn next_block(text: &str) -> Result<Option<(&str, &str, &str)>, KeyError> {
    let Some((_, after)) = text.split_once(BEGIN) else { return Ok(None) };
    let (label, after) = after.split_once(DASHES).ok_or_else(|| malformed("the first line has no end"))?;
    let (body, after) = after.split_once(END).ok_or_else(|| malformed("it has no `-----END` line"))?;
    let (end, after) = after.split_once(DASHES).ok_or_else(|| malformed("the last line has no end"))?;
    if label != end {
        return Err(malformed("the labels of its first and last line differ"));
    }
    Ok(Some((label, body, after)))
}

/// White space is skipped wherever it stands: files get indented and re-wrapped on their way.
fn decode(label: &str, body: &str) -> Result<Private, KeyError> {
    if body.contains(':') {
        // RFC 1421 headers: `Proc-Type: 4,ENCRYPTED`.
        return Err(KeyError::PemLabel { label: format!("{label} (with headers)"), expected: "a plain key" });
    }
    let mut packed = Zeroizing::new(Vec::with_capacity(body.len()));
    packed.extend(body.bytes().filter(|b| !b.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0; packed.len()]);
    let len = STANDARD
        .decode_slice(packed.as_slice(), &mut der)
        .map_err(|_| malformed("the text between its lines is not base64"))?;
    der.truncate(len);
    Ok(der)
}

const fn malformed(problem: &'static str) -> KeyError {
    KeyError::MalformedPem { problem }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use super::*;
    use crate::keys::fixtures as f;

    fn public_code(pem: &str) -> &'static str {
        public(pem.as_bytes()).map(|_| ()).unwrap_err().code()
    }

    fn private_code(pem: &str) -> &'static str {
        private(pem.as_bytes()).map(|_| ()).unwrap_err().code()
    }

    #[test]
    fn every_label_of_a_public_key_gives_the_same_key() {
        let rsa = public(f::RSA_PUBLIC.as_bytes()).ok().unwrap();
        let x509 = f::RSA_CERTIFICATE.replace("CERTIFICATE", "X509 CERTIFICATE");
        for pem in [f::RSA_PKCS1_PUBLIC, f::RSA_CERTIFICATE, &x509] {
            assert!(public(pem.as_bytes()).is_ok_and(|key| key == rsa), "{pem}");
        }
        let p256 = public(f::P256_PUBLIC.as_bytes()).ok().unwrap();
        assert!(public(f::P256_CERTIFICATE.as_bytes()).is_ok_and(|key| key == p256));
    }

    #[test]
    fn white_space_and_comments_do_not_matter() {
        let expected = public(f::P256_PUBLIC.as_bytes()).ok().unwrap();
        let crlf = f::P256_PUBLIC.replace('\n', "\r\n");
        let indented = f::P256_PUBLIC.replace('\n', "\n      ");
        let body: String = f::P256_PUBLIC.lines().filter(|l| !l.contains("-----")).collect();
        let one_line = format!("-----BEGIN PUBLIC KEY-----{body}-----END PUBLIC KEY-----");
        let commented = format!("subject=CN = fixture\n{}\ntrailing words\n", f::P256_PUBLIC);
        let marked = format!("\u{feff}{}", f::P256_PUBLIC);
        for pem in [crlf, indented, one_line, commented, marked] {
            assert!(public(pem.as_bytes()).is_ok_and(|key| key == expected), "{pem:?}");
        }
    }

    #[test]
    fn what_is_not_pem_is_refused() {
        let cut = f::P256_PUBLIC.replace("-----END PUBLIC KEY-----", "");
        let other_end = f::P256_PUBLIC.replace("END PUBLIC", "END PRIVATE");
        let padded = f::P256_PUBLIC.replace("-----END", "=\n-----END");
        let foreign = f::P256_PUBLIC.replacen('M', "!", 1);
        for bad in
            ["", "abc", "-----BEGIN ", "-----BEGIN PUBLIC KEY-----", &cut, &other_end, &padded, &foreign]
        {
            assert_eq!(public_code(bad), "malformed_pem", "{bad}");
        }
        assert_eq!(public(b"-----BEGIN \xff").map(|_| ()).unwrap_err().code(), "malformed_pem");
        assert_eq!(public_code("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"), "malformed_der");
        assert_eq!(public_code(&"a".repeat(64 * 1024 + 1)), "too_large");
    }

    #[test]
    fn one_of_several_keys_is_never_picked() {
        let two = [f::P256_PUBLIC, f::RSA_PUBLIC].concat();
        assert_eq!(public(two.as_bytes()).err(), Some(KeyError::SeveralPemBlocks { blocks: 2 }));
        let pair = [f::P256_PKCS8, f::P256_PUBLIC].concat();
        assert_eq!(private_code(&pair), "several_pem_blocks");
    }

    #[test]
    fn the_wrong_half_is_named() {
        for pem in
            [f::RSA_PKCS8, f::RSA_PKCS1, f::P256_SEC1, f::P256_SEC1_WITH_PARAMETERS, f::RSA_ENCRYPTED_PKCS8]
        {
            assert_eq!(public_code(pem), "private_key", "{pem}");
        }
        for pem in [f::RSA_PUBLIC, f::RSA_PKCS1_PUBLIC, f::RSA_CERTIFICATE] {
            assert_eq!(private_code(pem), "public_key", "{pem}");
        }
        let mislabelled = f::P256_PKCS8.replace("PRIVATE KEY", "PUBLIC KEY");
        assert_eq!(public_code(&mislabelled), "private_key");
        let mislabelled = f::P256_PUBLIC.replace("PUBLIC KEY", "PRIVATE KEY");
        assert_eq!(private_code(&mislabelled), "public_key");
    }

    #[test]
    fn encrypted_and_foreign_blocks_are_named() {
        let openssh = f::P256_PKCS8.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY");
        for pem in [f::RSA_ENCRYPTED_PKCS1, f::RSA_ENCRYPTED_PKCS8, &openssh] {
            assert_eq!(private_code(pem), "pem_label", "{pem}");
        }
        let request = f::P256_PUBLIC.replace("PUBLIC KEY", "CERTIFICATE REQUEST");
        assert_eq!(public_code(&request), "pem_label");
        assert_eq!(private_code(&request), "pem_label");
        // Parameters alone are not a key.
        let (parameters, _) = f::P256_SEC1_WITH_PARAMETERS.split_once("-----BEGIN EC PRIVATE").unwrap();
        assert_eq!(private_code(parameters), "malformed_pem");
    }

    #[test]
    fn a_label_binds_the_structure() {
        let mislabelled = f::P256_SEC1.replace("EC PRIVATE KEY", "RSA PRIVATE KEY");
        assert_eq!(private_code(&mislabelled), "malformed_der");
        let mislabelled = f::RSA_PKCS1.replace("RSA PRIVATE KEY", "EC PRIVATE KEY");
        assert_eq!(private_code(&mislabelled), "malformed_der");
    }

    #[test]
    fn text_is_written_as_openssl_writes_it() {
        for pem in [f::RSA_PUBLIC, f::P256_PUBLIC, f::ED25519_PUBLIC] {
            assert_eq!(*write("PUBLIC KEY", &f::der(pem)), pem);
        }
        assert_eq!(*write("X", &[]), "-----BEGIN X-----\n-----END X-----\n");
        let exact = write("X", &[0; 48]);
        assert_eq!(exact.lines().count(), 3);
    }
}

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

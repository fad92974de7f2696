//! From key material to DER.

use ::der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use super::{CURVES, EC, ED25519, ML_DSA, RSA};
use crate::keys::KeyError;
use crate::keys::material::{Private, PrivateParts, PublicMaterial, RsaParts, trimmed};
use crate::{Algorithm, Curve};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// `[1]` around an element, `[0]` around raw bytes.
const EXPLICIT_1: u8 = 0xa1;
const IMPLICIT_0: u8 = 0x80;

/// `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
pub(crate) fn spki(algorithm: Algorithm, key: &PublicMaterial) -> Result<Vec<u8>, KeyError> {
    let bits = match key {
        PublicMaterial::Rsa { n, e } => element(SEQUENCE, &[&number(n), &number(e)]),
        PublicMaterial::Ec { xy, .. } => joined(&[&[4], xy]),
        PublicMaterial::Okp { x, .. } => joined(&[x]),
        PublicMaterial::Akp { key, .. } => joined(&[key]),
    };
    let identifier = identifier(algorithm, key.curve())?;
    Ok(element(SEQUENCE, &[&identifier, &element(BIT_STRING, &[&[0], &bits])]).to_vec())
}

/// PKCS#8, version 1 (RFC 5958 §2).
pub(crate) fn pkcs8(
    algorithm: Algorithm,
    key: &PrivateParts,
    public: &PublicMaterial,
) -> Result<Private, KeyError> {
    let content = match key {
        PrivateParts::Rsa(parts) => pkcs1_private(parts),
        PrivateParts::Ec { d, .. } => sec1(d, Some(public)),
        PrivateParts::Okp { seed, .. } => element(OCTET_STRING, &[seed]),
        PrivateParts::Akp { seed, .. } => element(IMPLICIT_0, &[seed]),
    };
    let identifier = identifier(algorithm, public.curve())?;
    Ok(element(SEQUENCE, &[&number(&[]), &identifier, &element(OCTET_STRING, &[&content])]))
}

/// `RSAPrivateKey` (RFC 8017 A.1.2).
pub(crate) fn pkcs1_private(key: &RsaParts) -> Private {
    let RsaParts { n, e, d, p, q, dp, dq, qi } = key;
    let numbers: [&[u8]; 9] = [&[], n, e, d, p, q, dp, dq, qi];
    let numbers = numbers.map(number);
    element(SEQUENCE, &numbers.each_ref().map(|n| n.as_slice()))
}

/// `ECPrivateKey` without its curve (RFC 5915 §3): the curve stands in the structure around it.
pub(crate) fn sec1(d: &[u8], public: Option<&PublicMaterial>) -> Private {
    let point = match public {
        Some(PublicMaterial::Ec { xy, .. }) => element(EXPLICIT_1, &[&element(BIT_STRING, &[&[0, 4], xy])]),
        _ => Zeroizing::default(),
    };
    element(SEQUENCE, &[&number(&[1]), &element(OCTET_STRING, &[d]), &point])
}

/// `AlgorithmIdentifier` of the key, not of the signature.
fn identifier(algorithm: Algorithm, curve: Option<Curve>) -> Result<Private, KeyError> {
    let curve_oid = curve.and_then(|curve| CURVES.iter().find(|(known, _)| *known == curve));
    let set_oid = ML_DSA.iter().find(|(known, _)| *known == algorithm);
    Ok(match (curve, curve_oid, set_oid) {
        (_, Some((_, named)), _) => element(SEQUENCE, &[&oid(EC), &oid(*named)]),
        (Some(Curve::Ed25519), None, _) => element(SEQUENCE, &[&oid(ED25519)]),
        (None, _, Some((_, set))) => element(SEQUENCE, &[&oid(*set)]),
        (None, _, None) => element(SEQUENCE, &[&oid(RSA), &element(NULL, &[])]),
        (Some(_), None, _) => return Err(KeyError::Rejected { algorithm }),
    })
}

fn oid(oid: ObjectIdentifier) -> Private {
    element(OBJECT_IDENTIFIER, &[oid.as_bytes()])
}

/// A non-negative integer; the empty slice is zero.
fn number(bytes: &[u8]) -> Private {
    let bytes = trimmed(bytes);
    let negative = bytes.first().is_none_or(|first| first & 0x80 != 0);
    element(INTEGER, &[if negative { &[0] } else { &[] }, bytes])
}

/// Tag, length and the parts joined. The buffer is made in full size before anything enters it, so
/// that no part of a private key stays behind when it grows.
fn element(tag: u8, parts: &[&[u8]]) -> Private {
    let len = parts.iter().map(|part| part.len()).fold(0, usize::saturating_add);
    let header = header(tag, len);
    let mut out = Zeroizing::new(Vec::with_capacity(header.len().saturating_add(len)));
    out.extend_from_slice(&header);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

fn joined(parts: &[&[u8]]) -> Private {
    Zeroizing::new(parts.concat())
}

/// Tag and definite length in its shortest form (X.690 §10.1).
fn header(tag: u8, len: usize) -> Vec<u8> {
    match u8::try_from(len) {
        Ok(short) if short < 0x80 => vec![tag, short],
        _ => {
            let bytes = len.to_be_bytes();
            let bytes = trimmed(&bytes);
            // A length has at most eight bytes.
            let count = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
            [&[tag, 0x80 | count], bytes].concat()
        }
    }
}

//! The DER structures that hold keys: which key is in one is told by its object identifier.
//!
//! Reads `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7), PKCS#1 (RFC 8017 A.1), X.509 certificates as a
//! mere container, PKCS#8 (RFC 5958), SEC 1 (RFC 5915) and the ML-DSA forms of RFC 9881; writes
//! `SubjectPublicKeyInfo`, PKCS#1, PKCS#8 and SEC 1.

mod read;
mod write;

use ::der::asn1::ObjectIdentifier;

#[cfg(feature = "jsonwebtoken-11")]
pub(crate) use read::uncompressed;
pub(crate) use read::{looks_like_key, pkcs1_private, private, public, sec1_private};
#[cfg(feature = "jsonwebtoken-11")]
pub(crate) use write::pkcs1_private as write_pkcs1_private;
#[cfg(feature = "aws-lc-rs")]
pub(crate) use write::sec1;
pub(crate) use write::{pkcs8, spki};

use crate::{Algorithm, Curve};

/// Length of the seed of Ed25519 (RFC 8032 §5.1.5) and of ML-DSA (FIPS 204 §5.1).
pub(crate) const SEED_LEN: usize = 32;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The identifiers of the curves of [`EC`] (RFC 5480 §2.1.1.1).
const CURVES: [(Curve, ObjectIdentifier); 3] = [
    (Curve::P256, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7")),
    (Curve::P384, ObjectIdentifier::new_unwrap("1.3.132.0.34")),
    (Curve::P521, ObjectIdentifier::new_unwrap("1.3.132.0.35")),
];

/// The identifiers of the parameter sets of ML-DSA (RFC 9881 §2).
const ML_DSA: [(Algorithm, ObjectIdentifier); 3] = [
    (Algorithm::MlDsa44, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17")),
    (Algorithm::MlDsa65, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18")),
    (Algorithm::MlDsa87, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19")),
];

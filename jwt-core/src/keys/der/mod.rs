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

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use super::*;
    use crate::keys::fixtures as f;

    fn public_code(der: &[u8]) -> &'static str {
        public(der).map(|_| ()).unwrap_err().code()
    }

    fn private_code(der: &[u8]) -> &'static str {
        private(der).map(|_| ()).unwrap_err().code()
    }

    #[test]
    fn public_keys_are_written_as_openssl_writes_them() {
        for (algorithm, pem) in [
            (Algorithm::RS256, f::RSA_PUBLIC),
            (Algorithm::ES256, f::P256_PUBLIC),
            (Algorithm::ES384, f::P384_PUBLIC),
            (Algorithm::ES512, f::P521_PUBLIC),
            (Algorithm::EdDSA, f::ED25519_PUBLIC),
        ] {
            let der = f::der(pem);
            let key = public(&der).ok().unwrap();
            assert_eq!(spki(algorithm, &key).unwrap(), der, "{algorithm}");
        }
    }

    #[test]
    fn private_keys_are_written_as_openssl_writes_them() {
        for (algorithm, pem, public_pem) in [
            (Algorithm::RS256, f::RSA_PKCS8, f::RSA_PUBLIC),
            (Algorithm::ES256, f::P256_PKCS8, f::P256_PUBLIC),
            (Algorithm::ES384, f::P384_PKCS8, f::P384_PUBLIC),
            (Algorithm::ES512, f::P521_PKCS8, f::P521_PUBLIC),
            (Algorithm::EdDSA, f::ED25519_PKCS8, f::ED25519_PUBLIC),
        ] {
            let der = f::der(pem);
            let key = private(&der).ok().unwrap();
            let public_half = public(&f::der(public_pem)).ok().unwrap();
            assert_eq!(*pkcs8(algorithm, &key.secret, &public_half).unwrap(), der, "{algorithm}");
        }
    }

    #[test]
    fn kinds_that_sign_nothing_here_are_named() {
        for (pem, oid) in [
            (f::X25519_PUBLIC, "1.3.101.110"),
            (f::SECP256K1_PUBLIC, "1.3.132.0.10"),
            (f::RSA_PSS_PUBLIC, "1.2.840.113549.1.1.10"),
        ] {
            let expected = crate::KeyError::UnknownKeyOid { oid: oid.to_owned() };
            assert_eq!(public(&f::der(pem)).err(), Some(expected));
        }
    }

    #[test]
    fn points_and_curves_are_written_out_and_named() {
        assert_eq!(public_code(&f::der(f::P256_COMPRESSED_PUBLIC)), "malformed_der");
        // A key that brings its own curve: CVE-2020-0601.
        assert_eq!(public_code(&f::der(f::P256_EXPLICIT_PUBLIC)), "malformed_der");
    }

    #[test]
    fn cut_or_lengthened_structures_are_refused() {
        let (spki, pkcs8) = (f::der(f::P256_PUBLIC), f::der(f::P256_PKCS8));
        for cut in 0..spki.len() {
            assert_eq!(public_code(&spki[..cut]), "malformed_der", "{cut}");
        }
        for cut in 0..pkcs8.len() {
            assert_eq!(private_code(&pkcs8[..cut]), "malformed_der", "{cut}");
        }
        assert_eq!(public_code(&[&spki[..], &[0]].concat()), "malformed_der");
        assert_eq!(private_code(&[&pkcs8[..], &[0]].concat()), "malformed_der");
        assert_eq!(public_code(&vec![0x30; 64 * 1024 + 1]), "too_large");
    }

    #[test]
    fn no_changed_byte_makes_it_panic() {
        let fixtures = [f::RSA_CERTIFICATE, f::P256_PUBLIC, f::P256_SEC1, f::RSA_PKCS1, f::ED25519_PKCS8];
        for der in fixtures.map(f::der) {
            for place in 0..der.len().min(160) {
                for value in [0x00, 0x01, 0x30, 0x7f, 0x80, 0x84, 0xa0, 0xff] {
                    let mut changed = der.clone();
                    changed[place] = value;
                    let (_public, _private) = (public(&changed).is_ok(), private(&changed).is_ok());
                }
            }
        }
    }

    /// ML-DSA-44 in the forms of RFC 9881 §6.
    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn ml_dsa_keys_are_read_with_their_seed() {
        use aws_lc_rs::encoding::AsRawBytes;
        use aws_lc_rs::signature::{KeyPair, ML_DSA_44_SIGNING, PqdsaKeyPair};

        use crate::KeyType;
        use crate::keys::material::{PrivateParts, PublicMaterial};

        let seed = [9; SEED_LEN];
        let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, &seed).unwrap();
        let theirs = pair.to_pkcs8v1().unwrap();
        let algorithm = Algorithm::MlDsa44;
        let read = private(theirs.as_ref()).ok().unwrap().secret;
        let PrivateParts::Akp { seed: found, expanded: None, .. } = &read else { panic!("not AKP") };
        assert_eq!(found.as_slice(), seed);
        let public_half = PublicMaterial::Akp { algorithm, key: pair.public_key().as_ref().to_vec() };
        assert_eq!(pkcs8(algorithm, &read, &public_half).unwrap().as_slice(), theirs.as_ref());
        let info = spki(algorithm, &public_half).unwrap();
        assert!(public(&info).is_ok_and(|key| key == public_half && key.key_type() == KeyType::Akp));

        // Seed and expanded key, as OpenSSL 3.5 writes them: they have to agree.
        let expanded = pair.private_key().as_raw_bytes().unwrap();
        let key = |algorithm, der: &[u8]| crate::SigningKey::from_der(algorithm, der);
        let both = both(theirs.as_ref(), &seed, expanded.as_ref());
        assert!(key(algorithm, &both).is_ok());
        assert_eq!(key(Algorithm::MlDsa65, &both).unwrap_err().code(), "wrong_algorithm");
        let mut apart = both;
        let last = apart.len() - 1;
        apart[last] ^= 1;
        assert_eq!(key(algorithm, &apart).unwrap_err().code(), "halves_differ");
    }

    /// Puts the form `both` into a PKCS#8 structure whose key was the seed alone.
    #[cfg(feature = "aws-lc-rs")]
    #[expect(clippy::arithmetic_side_effects, reason = "small numbers of the tests' own")]
    fn both(seed_only: &[u8], seed: &[u8], expanded: &[u8]) -> Vec<u8> {
        let element = |tag: u8, content: &[u8]| {
            let len = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82, len[0], len[1]], content].concat()
        };
        let seed = [&[0x04, 0x20], seed].concat();
        let key = element(0x04, &element(0x30, &[seed, element(0x04, expanded)].concat()));
        // Version and identifier stand between the outer header and the last 36 bytes.
        let front = &seed_only[2..seed_only.len() - 36];
        element(0x30, &[front, &key].concat())
    }

    #[test]
    fn looks_like_key_knows_every_form_and_no_random_bytes() {
        for pem in [
            f::RSA_PUBLIC,
            f::RSA_PKCS1_PUBLIC,
            f::RSA_CERTIFICATE,
            f::RSA_PKCS8,
            f::RSA_PKCS1,
            f::P256_SEC1,
            f::X25519_PUBLIC,
        ] {
            assert!(looks_like_key(&f::der(pem)), "{pem}");
        }
        for other in [&b""[..], b"0", b"\x30\x00", b"\x30\x03\x02\x01\x00", &[0x30; 64], b"0123456789abcdef"]
        {
            assert!(!looks_like_key(other), "{other:?}");
        }
    }
}

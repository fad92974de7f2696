//! From DER to key material.

use ::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use ::der::{Decode, Reader, SliceReader, Tag, TagNumber};
use zeroize::Zeroizing;

use super::{CURVES, EC, ED25519, ML_DSA, RSA, SEED_LEN};
use crate::Curve;
use crate::keys::KeyError;
use crate::keys::material::{Private, PrivateMaterial, PrivateParts, PublicMaterial, RsaParts, bounded};

/// A public key: `SubjectPublicKeyInfo`, `RSAPublicKey` or the key inside an X.509 certificate.
pub(crate) fn public(der: &[u8]) -> Result<PublicMaterial, KeyError> {
    const STRUCTURE: &str = "a public key or certificate";
    bounded(der)?;
    match shape(der) {
        Some(Shape::Info) => spki(der),
        Some(Shape::Numbers { private: false }) => pkcs1_public(der),
        Some(Shape::Certificate) => certificate(der),
        Some(Shape::Numbers { private: true } | Shape::PrivateInfo | Shape::Sec1) => {
            Err(KeyError::PrivateKey)
        }
        None => Err(KeyError::MalformedDer { structure: STRUCTURE }),
    }
}

/// A private key: PKCS#8, `RSAPrivateKey` or `ECPrivateKey`.
pub(crate) fn private(der: &[u8]) -> Result<PrivateMaterial, KeyError> {
    const STRUCTURE: &str = "a private key";
    bounded(der)?;
    match shape(der) {
        Some(Shape::PrivateInfo) => pkcs8(der),
        Some(Shape::Numbers { private: true }) => pkcs1_private(der),
        Some(Shape::Sec1) => sec1_private(der, None),
        Some(Shape::Numbers { private: false } | Shape::Info | Shape::Certificate) => {
            Err(KeyError::PublicKey)
        }
        None => Err(KeyError::MalformedDer { structure: STRUCTURE }),
    }
}

/// Whether the bytes are one of the structures above, of whatever kind of key: for the refusal of
/// key files as shared secrets.
pub(crate) fn looks_like_key(der: &[u8]) -> bool {
    shape(der).is_some()
}

/// A structure, told by its first elements.
enum Shape {
    /// `SEQUENCE { SEQUENCE { OID …`, RFC 5280 §4.1.2.7.
    Info,
    /// `SEQUENCE { INTEGER INTEGER …`, RFC 8017 A.1: two numbers, or nine.
    Numbers { private: bool },
    /// `SEQUENCE { SEQUENCE { [0] or INTEGER …`, RFC 5280 §4.1.
    Certificate,
    /// `SEQUENCE { INTEGER SEQUENCE …`, RFC 5958 §2.
    PrivateInfo,
    /// `SEQUENCE { INTEGER OCTET STRING …`, RFC 5915 §3.
    Sec1,
}

fn shape(der: &[u8]) -> Option<Shape> {
    let mut outer = Parser::new(der, "").ok()?;
    let mut inner = outer.nested(Tag::Sequence).ok()?;
    outer.finish().ok()?;
    match inner.peek()? {
        Tag::Sequence => match inner.nested(Tag::Sequence).ok()?.peek()? {
            Tag::ObjectIdentifier => Some(Shape::Info),
            Tag::Integer => Some(Shape::Certificate),
            tag if tag == explicit(0) => Some(Shape::Certificate),
            _ => None,
        },
        Tag::Integer => {
            inner.number().ok()?;
            match inner.peek()? {
                Tag::Sequence => Some(Shape::PrivateInfo),
                Tag::OctetString => Some(Shape::Sec1),
                Tag::Integer => {
                    inner.number().ok()?;
                    Some(Shape::Numbers { private: inner.peek().is_some() })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// What an `AlgorithmIdentifier` says about the key beside it.
#[derive(Clone, Copy)]
enum Kind {
    Rsa,
    Ec(Curve),
    Ed25519,
    MlDsa(crate::Algorithm),
}

fn kind(mut identifier: Parser<'_>) -> Result<Kind, KeyError> {
    let oid = identifier.oid()?;
    let kind = if oid == RSA {
        // RFC 3279 §2.3.1 wants NULL, some producers leave it out.
        if identifier.peek() == Some(Tag::Null) {
            identifier.element(Tag::Null)?;
        }
        Kind::Rsa
    } else if oid == EC {
        if identifier.peek() != Some(Tag::ObjectIdentifier) {
            // Explicit curve parameters let the key choose its own curve (CVE-2020-0601).
            return Err(identifier.bad());
        }
        Kind::Ec(curve(identifier.oid()?)?)
    } else if oid == ED25519 {
        Kind::Ed25519
    } else if let Some((algorithm, _)) = ML_DSA.iter().find(|(_, known)| *known == oid) {
        Kind::MlDsa(*algorithm)
    } else {
        return Err(KeyError::UnknownKeyOid { oid: oid.to_string() });
    };
    identifier.finish()?;
    Ok(kind)
}

fn curve(oid: ObjectIdentifier) -> Result<Curve, KeyError> {
    let found = CURVES.iter().find(|(_, known)| *known == oid);
    found.map(|(curve, _)| *curve).ok_or_else(|| KeyError::UnknownKeyOid { oid: oid.to_string() })
}

fn spki(der: &[u8]) -> Result<PublicMaterial, KeyError> {
    let mut outer = Parser::new(der, "a SubjectPublicKeyInfo")?;
    let mut info = outer.nested(Tag::Sequence)?;
    outer.finish()?;
    let kind = kind(info.nested(Tag::Sequence)?)?;
    let bits = info.bits()?;
    info.finish()?;
    public_bits(kind, bits)
}

/// The bit string of a public key.
fn public_bits(kind: Kind, bits: &[u8]) -> Result<PublicMaterial, KeyError> {
    let key = match kind {
        Kind::Rsa => return pkcs1_public(bits),
        Kind::Ec(curve) => uncompressed(curve, bits).map(|xy| PublicMaterial::Ec { curve, xy }),
        Kind::Ed25519 => {
            let curve = Curve::Ed25519;
            let full = bits.len() == curve.coordinate_len();
            full.then(|| PublicMaterial::Okp { curve, x: bits.to_vec() })
        }
        Kind::MlDsa(algorithm) => {
            let full = bits.len().checked_mul(8) == Some(algorithm.facts().min_key_bits);
            full.then(|| PublicMaterial::Akp { algorithm, key: bits.to_vec() })
        }
    };
    key.ok_or(KeyError::MalformedDer { structure: "a public key in full length" })
}

/// `0x04 ‖ x ‖ y` (SEC 1 §2.3.3); compressed and hybrid points have no use here.
pub(crate) fn uncompressed(curve: Curve, point: &[u8]) -> Option<Vec<u8>> {
    let (mark, xy) = point.split_first()?;
    let full = xy.len() == curve.coordinate_len().saturating_mul(2);
    (*mark == 4 && full).then(|| xy.to_vec())
}

fn pkcs1_public(der: &[u8]) -> Result<PublicMaterial, KeyError> {
    let mut outer = Parser::new(der, "an RSAPublicKey")?;
    let mut key = outer.nested(Tag::Sequence)?;
    outer.finish()?;
    let (n, e) = (key.number()?.to_vec(), key.number()?.to_vec());
    key.finish()?;
    Ok(PublicMaterial::Rsa { n, e })
}

/// The key of an X.509 certificate. Nothing else in it is looked at: not its dates, its names nor
/// its signature, for trust is configured here and not derived from a chain.
fn certificate(der: &[u8]) -> Result<PublicMaterial, KeyError> {
    let mut outer = Parser::new(der, "an X.509 certificate")?;
    let mut certificate = outer.nested(Tag::Sequence)?;
    outer.finish()?;
    let mut body = certificate.nested(Tag::Sequence)?;
    certificate.element(Tag::Sequence)?;
    certificate.bits()?;
    certificate.finish()?;
    if body.peek() == Some(explicit(0)) {
        body.element(explicit(0))?;
    }
    body.element(Tag::Integer)?;
    for _signature_issuer_validity_subject in 0..4 {
        body.element(Tag::Sequence)?;
    }
    spki(body.whole(Tag::Sequence)?)
}

fn pkcs8(der: &[u8]) -> Result<PrivateMaterial, KeyError> {
    let mut outer = Parser::new(der, "a PKCS#8 private key")?;
    let mut info = outer.nested(Tag::Sequence)?;
    outer.finish()?;
    info.number()?;
    let kind = kind(info.nested(Tag::Sequence)?)?;
    let key = info.element(Tag::OctetString)?;
    if info.peek() == Some(explicit(0)) {
        info.element(explicit(0))?;
    }
    // OneAsymmetricKey (RFC 5958 §2) may carry the public half: [1] IMPLICIT BIT STRING.
    let stated = match info.peek() {
        Some(tag @ Tag::ContextSpecific { number: TagNumber(1), .. }) => Some(info.element(tag)?),
        _ => None,
    };
    let bad = info.bad();
    info.finish()?;
    let stated_bits = match stated.map(<[u8]>::split_first) {
        Some(Some((0, bits))) => Some(bits),
        Some(_) => return Err(bad),
        None => None,
    };
    let mut material = match kind {
        Kind::Rsa => pkcs1_private(key)?,
        Kind::Ec(curve) => sec1_private(key, Some(curve))?,
        Kind::Ed25519 => PrivateMaterial { secret: ed25519_seed(key)?, stated: None },
        Kind::MlDsa(algorithm) => PrivateMaterial { secret: ml_dsa(algorithm, key)?, stated: None },
    };
    if let Some(bits) = stated_bits {
        material.stated = Some(public_bits(kind, bits)?);
    }
    Ok(material)
}

/// `RSAPrivateKey` with two primes (RFC 8017 A.1.2).
pub(crate) fn pkcs1_private(der: &[u8]) -> Result<PrivateMaterial, KeyError> {
    let mut outer = Parser::new(der, "an RSAPrivateKey")?;
    let mut key = outer.nested(Tag::Sequence)?;
    outer.finish()?;
    if key.number()? != [0] {
        return Err(key.bad());
    }
    let parts = RsaParts {
        n: key.number()?.to_vec(),
        e: key.number()?.to_vec(),
        d: owned(key.number()?),
        p: owned(key.number()?),
        q: owned(key.number()?),
        dp: owned(key.number()?),
        dq: owned(key.number()?),
        qi: owned(key.number()?),
    };
    key.finish()?;
    Ok(PrivateMaterial { secret: PrivateParts::Rsa(Box::new(parts)), stated: None })
}

/// `ECPrivateKey` (RFC 5915 §3). Inside PKCS#8 the curve stands outside; alone, it stands within.
pub(crate) fn sec1_private(der: &[u8], outside: Option<Curve>) -> Result<PrivateMaterial, KeyError> {
    let mut outer = Parser::new(der, "an ECPrivateKey")?;
    let mut key = outer.nested(Tag::Sequence)?;
    outer.finish()?;
    if key.number()? != [1] {
        return Err(key.bad());
    }
    let d = owned(key.element(Tag::OctetString)?);
    let mut within = None;
    if key.peek() == Some(explicit(0)) {
        let mut parameters = key.nested(explicit(0))?;
        within = Some(curve(parameters.oid()?)?);
        parameters.finish()?;
    }
    let curve = match (outside, within) {
        (Some(curve), None) | (None, Some(curve)) => curve,
        (Some(outside), Some(within)) if outside == within => outside,
        _ => return Err(key.bad()),
    };
    let mut stated = None;
    if key.peek() == Some(explicit(1)) {
        let mut public = key.nested(explicit(1))?;
        let xy = uncompressed(curve, public.bits()?).ok_or_else(|| public.bad())?;
        public.finish()?;
        stated = Some(PublicMaterial::Ec { curve, xy });
    }
    let bad = key.bad();
    key.finish()?;
    if d.len() != curve.coordinate_len() {
        return Err(bad);
    }
    Ok(PrivateMaterial { secret: PrivateParts::Ec { curve, d }, stated })
}

/// `CurvePrivateKey ::= OCTET STRING` (RFC 8410 §7).
fn ed25519_seed(der: &[u8]) -> Result<PrivateParts, KeyError> {
    let mut outer = Parser::new(der, "an Ed25519 private key")?;
    let seed = outer.element(Tag::OctetString)?;
    let bad = outer.bad();
    outer.finish()?;
    if seed.len() != SEED_LEN {
        return Err(bad);
    }
    Ok(PrivateParts::Okp { curve: Curve::Ed25519, seed: owned(seed) })
}

/// The seed alone or the seed with the expanded key (RFC 9881 §6). The expanded key alone is
/// refused: it has no JWK, and nothing can tell whether it is sound.
fn ml_dsa(algorithm: crate::Algorithm, der: &[u8]) -> Result<PrivateParts, KeyError> {
    let mut outer = Parser::new(der, "an ML-DSA private key with its seed")?;
    let (seed, expanded) = if outer.peek() == Some(Tag::Sequence) {
        let mut both = outer.nested(Tag::Sequence)?;
        let seed = both.element(Tag::OctetString)?;
        let expanded = both.element(Tag::OctetString)?;
        both.finish()?;
        (seed, Some(owned(expanded)))
    } else {
        (outer.element(Tag::ContextSpecific { constructed: false, number: TagNumber(0) })?, None)
    };
    let bad = outer.bad();
    outer.finish()?;
    if seed.len() != SEED_LEN {
        return Err(bad);
    }
    Ok(PrivateParts::Akp { algorithm, seed: owned(seed), expanded })
}

fn owned(bytes: &[u8]) -> Private {
    Zeroizing::new(bytes.to_vec())
}

const fn explicit(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// A reader that turns every fault into "the DER is not this structure".
struct Parser<'a> {
    reader: SliceReader<'a>,
    structure: &'static str,
}

impl<'a> Parser<'a> {
    fn new(bytes: &'a [u8], structure: &'static str) -> Result<Self, KeyError> {
        let reader = SliceReader::new(bytes).map_err(|_| KeyError::MalformedDer { structure })?;
        Ok(Self { reader, structure })
    }

    fn bad(&self) -> KeyError {
        KeyError::MalformedDer { structure: self.structure }
    }

    fn peek(&self) -> Option<Tag> {
        Tag::peek(&self.reader).ok()
    }

    /// The content of the next element, which must have this tag.
    fn element(&mut self, tag: Tag) -> Result<&'a [u8], KeyError> {
        match AnyRef::decode(&mut self.reader) {
            Ok(any) if ::der::Tagged::tag(&any) == tag => Ok(any.value()),
            _ => Err(self.bad()),
        }
    }

    /// The next element with its tag and length.
    fn whole(&mut self, tag: Tag) -> Result<&'a [u8], KeyError> {
        if self.peek() != Some(tag) {
            return Err(self.bad());
        }
        self.reader.tlv_bytes().map_err(|_| self.bad())
    }

    fn nested(&mut self, tag: Tag) -> Result<Parser<'a>, KeyError> {
        Parser::new(self.element(tag)?, self.structure)
    }

    /// A non-negative integer without its leading zero; zero itself is one byte.
    fn number(&mut self) -> Result<&'a [u8], KeyError> {
        UintRef::decode(&mut self.reader).map(|n| n.as_bytes()).map_err(|_| self.bad())
    }

    fn oid(&mut self) -> Result<ObjectIdentifier, KeyError> {
        ObjectIdentifier::decode(&mut self.reader).map_err(|_| self.bad())
    }

    /// A bit string of whole bytes.
    fn bits(&mut self) -> Result<&'a [u8], KeyError> {
        match self.element(Tag::BitString)?.split_first() {
            Some((0, bits)) => Ok(bits),
            _ => Err(self.bad()),
        }
    }

    fn finish(self) -> Result<(), KeyError> {
        let bad = self.bad();
        self.reader.finish().map_err(|_| bad)
    }
}

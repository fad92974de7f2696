//! Key sets: pick exactly one key for a token's header.

use core::fmt;
use std::sync::Arc;

use super::jwk::Operation;
use super::verifying::Material;
use super::{Jwk, JwkSet, KeyError, Skipped, VerifyingKey};
use crate::header::KnownHeaders;
use crate::{Algorithm, KeyType, Reason};

/// The keys of one authority, immutable and cheap to clone.
///
/// A set holds HMAC or asymmetric keys, never both (RFC 8725 §3.1), and no two keys of one type
/// under one `kid` (RFC 7517 §4.5). A JWK without `alg` counts as one key per algorithm that its type and
/// curve allow.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use jwt_core::{Algorithm, KeySet, Reason, SigningKey};
/// let old = SigningKey::generate(Algorithm::ES256)?.with_key_id("2025")?;
/// let new = SigningKey::generate(Algorithm::ES256)?.with_key_id("2026")?;
/// let set = KeySet::new([old.verifying_key(), new.verifying_key()])?;
/// assert!(set.select(Algorithm::ES256, Some("2026")).is_ok());
/// assert_eq!(set.select(Algorithm::ES256, None).unwrap_err(), Reason::AmbiguousKey);
/// assert_eq!(set.select(Algorithm::ES384, Some("2026")).unwrap_err(), Reason::KeyAlgorithmMismatch);
/// # }
/// # Ok::<(), jwt_core::KeyError>(())
/// ```
#[derive(Clone)]
pub struct KeySet(Arc<Inner>);

#[derive(Default)]
struct Inner {
    keys: Vec<VerifyingKey>,
    /// Places of the keys with a `kid`, in the order of the `kid`s: a look-up is a binary search, with no
    /// hash to compute over text from a stranger.
    named: Vec<usize>,
    /// Places of the keys without one.
    nameless: Vec<usize>,
    algorithms: Vec<Algorithm>,
    skipped: Vec<Skipped>,
    /// Of tokens that these keys verified.
    headers: KnownHeaders,
}

/// Where a JWK set comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The operator's own configuration. Keys of unknown types or for other uses are skipped, a broken
    /// or weak key and a repeated `kid` are errors, private keys and secrets are taken.
    Static,
    /// Fetched from somebody else. Bad keys are skipped, shared secrets and private keys are dropped
    /// (both are public now), of a repeated `kid` neither key is taken.
    Remote,
}

impl KeySet {
    /// A set of keys.
    ///
    /// One key under several algorithms of its type may repeat its `kid`; different keys may not.
    ///
    /// # Errors
    ///
    /// - [`KeyError::NoUsableKey`]: there is none.
    /// - [`KeyError::MixedSymmetry`]: HMAC and asymmetric keys.
    /// - [`KeyError::RepeatedKeyId`]: two keys of one type share a `kid`.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        let keys: Vec<_> = keys.into_iter().collect();
        for (place, key) in keys.iter().enumerate() {
            let earlier = keys.get(..place).unwrap_or_default();
            if let (Some(key_id), true) = (key.key_id(), earlier.iter().any(|other| repeats(other, key))) {
                let key_type = key.algorithm().facts().key_type;
                return Err(KeyError::RepeatedKeyId { key_id: key_id.to_string(), key_type });
            }
        }
        Self::build(keys, Vec::new())
    }

    /// The operator's own JWK set in JSON text ([`Source::Static`]).
    ///
    /// # Errors
    ///
    /// - Those of [`JwkSet::from_json`] and [`KeySet::from_jwk_set`].
    pub fn from_jwks_json(json: &[u8]) -> Result<Self, KeyError> {
        Self::from_jwk_set(&JwkSet::from_json(json)?, Source::Static)
    }

    /// The usable keys of a JWK set; the others are [`KeySet::skipped`].
    ///
    /// # Errors
    ///
    /// - [`KeyError::NoUsableKey`]: there is none; for a fetched set, a failed fetch.
    /// - [`KeyError::MixedSymmetry`]: HMAC and asymmetric keys.
    /// - [`KeyError::InSet`] (static only): a broken or weak key.
    /// - [`KeyError::RepeatedKeyId`] (static only): two keys of one type share a `kid`.
    pub fn from_jwk_set(set: &JwkSet, source: Source) -> Result<Self, KeyError> {
        let mut skipped = Vec::new();
        for entry in set.skipped() {
            skip(entry.clone(), source, &mut skipped)?;
        }
        let mut usable = Vec::new();
        for (index, jwk) in set.numbered() {
            match usable_keys(jwk, source) {
                Ok(keys) => usable.push((*index, jwk, keys)),
                Err(error) => {
                    let key_id = jwk.key_id().cloned();
                    skip(Skipped { index: *index, key_id, error }, source, &mut skipped)?;
                }
            }
        }
        let mut keys = Vec::new();
        for (index, jwk, expanded) in &usable {
            let same_name = |(other, that, _): &&(usize, &Jwk, Vec<VerifyingKey>)| {
                other != index
                    && that.key_type() == jwk.key_type()
                    && that.key_id().is_some()
                    && that.key_id() == jwk.key_id()
            };
            if let (Some(_), Some(key_id)) = (usable.iter().find(same_name), jwk.key_id()) {
                let error = KeyError::RepeatedKeyId { key_id: key_id.to_string(), key_type: jwk.key_type() };
                match source {
                    Source::Static => return Err(error),
                    Source::Remote => {
                        skipped.push(Skipped { index: *index, key_id: Some(Arc::clone(key_id)), error });
                    }
                }
            } else {
                keys.extend(expanded.iter().cloned());
            }
        }
        skipped.sort_by_key(|entry| entry.index);
        Self::build(keys, skipped)
    }

    /// The one key for a token with this `alg` and `kid`. Nothing is allocated, and never is more than
    /// one key tried.
    ///
    /// - With a `kid`: the key of exactly that `kid` and this algorithm. If no key has that `kid`, the only
    ///   key of this algorithm that has no `kid` at all.
    /// - Without: the only key of this algorithm.
    ///
    /// # Errors
    ///
    /// - [`Reason::UnknownKey`]: no key fits.
    /// - [`Reason::AmbiguousKey`]: more than one does.
    /// - [`Reason::KeyAlgorithmMismatch`]: the `kid` is known, under other algorithms only.
    pub fn select(&self, algorithm: Algorithm, key_id: Option<&str>) -> Result<&VerifyingKey, Reason> {
        let set = &*self.0;
        let Some(key_id) = key_id else {
            return only(set.keys.iter(), algorithm, Reason::UnknownKey);
        };
        let named = self.named(key_id);
        if named.is_empty() {
            only(self.at(&set.nameless), algorithm, Reason::UnknownKey)
        } else {
            only(self.at(named), algorithm, Reason::KeyAlgorithmMismatch)
        }
    }

    /// The distinct algorithms, in the order of their first key.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.0.algorithms
    }

    /// The keys in their order; a JWK without `alg` counts once per algorithm.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &VerifyingKey> {
        self.0.keys.iter()
    }

    /// How many keys [`KeySet::iter`] yields; never 0.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.keys.len()
    }

    /// Always `false`: a set without keys cannot be made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.keys.is_empty()
    }

    /// Whether the keys are shared secrets.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        self.0.keys.first().is_some_and(|key| key.algorithm().is_symmetric())
    }

    /// The keys of the JWK set that are not used, with the reason.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.0.skipped
    }

    /// The set as a JWK set in JSON text, public members only (RFC 7517 §5). One key under several
    /// algorithms is written once, without `alg`.
    ///
    /// # Errors
    ///
    /// - [`KeyError::Symmetric`]: shared secrets are never published.
    /// - [`KeyError::NoMaterial`]: an own implementation cannot be written.
    pub fn to_jwks_json(&self) -> Result<String, KeyError> {
        let mut published: Vec<(&VerifyingKey, bool)> = Vec::new();
        for key in self.iter() {
            key.public()?;
            let same = |other: &VerifyingKey| {
                other.key_id() == key.key_id() && other.material().same(key.material())
            };
            match published.iter_mut().find(|(other, _)| same(other)) {
                Some((_, several)) => *several = true,
                None => published.push((key, false)),
            }
        }
        let jwks: Result<JwkSet, KeyError> = published
            .into_iter()
            .map(|(key, several)| {
                let algorithm = (!several).then(|| key.algorithm());
                Ok(Jwk::published(Arc::clone(key.public()?), algorithm, key.key_id().cloned()))
            })
            .collect();
        jwks?.to_json()
    }

    pub(crate) fn known_headers(&self) -> &KnownHeaders {
        &self.0.headers
    }

    /// No keys: what a [`Live`](super::Live) cell holds before the first set.
    pub(crate) fn none() -> Self {
        Self(Arc::new(Inner::default()))
    }

    fn build(keys: Vec<VerifyingKey>, skipped: Vec<Skipped>) -> Result<Self, KeyError> {
        if keys.is_empty() {
            return Err(KeyError::NoUsableKey { skipped: skipped.len() });
        }
        let mut symmetric = keys.iter().map(|key| key.algorithm().is_symmetric());
        let first = symmetric.next();
        if symmetric.any(|other| Some(other) != first) {
            return Err(KeyError::MixedSymmetry);
        }
        let mut algorithms = Vec::new();
        let (mut named, mut nameless) = (Vec::new(), Vec::new());
        for (place, key) in keys.iter().enumerate() {
            if !algorithms.contains(&key.algorithm()) {
                algorithms.push(key.algorithm());
            }
            if key.key_id().is_some() { named.push(place) } else { nameless.push(place) }
        }
        let key_id = |place: &usize| keys.get(*place).and_then(VerifyingKey::key_id);
        named.sort_by(|a, b| key_id(a).cmp(&key_id(b)));
        let headers = KnownHeaders::default();
        Ok(Self(Arc::new(Inner { keys, named, nameless, algorithms, skipped, headers })))
    }

    /// Places of the keys with exactly this `kid`.
    fn named(&self, key_id: &str) -> &[usize] {
        let set = &*self.0;
        let name = |place: &usize| set.keys.get(*place).and_then(VerifyingKey::key_id).map(AsRef::as_ref);
        let start = set.named.partition_point(|place| name(place) < Some(key_id));
        let rest = set.named.get(start..).unwrap_or_default();
        let len = rest.iter().take_while(|place| name(place) == Some(key_id)).count();
        rest.get(..len).unwrap_or_default()
    }

    fn at<'s>(&'s self, places: &'s [usize]) -> impl Iterator<Item = &'s VerifyingKey> {
        places.iter().filter_map(|place| self.0.keys.get(*place))
    }
}

/// Shows names only.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.keys).finish()
    }
}

/// The only key of this algorithm; `none` when there is none.
fn only<'k>(
    keys: impl Iterator<Item = &'k VerifyingKey>,
    algorithm: Algorithm,
    none: Reason,
) -> Result<&'k VerifyingKey, Reason> {
    let mut fitting = keys.filter(|key| key.algorithm() == algorithm);
    match (fitting.next(), fitting.next()) {
        (Some(key), None) => Ok(key),
        (Some(_), Some(_)) => Err(Reason::AmbiguousKey),
        (None, _) => Err(none),
    }
}

/// Two different keys of one type under one `kid`. One key under two algorithms is the same as a JWK
/// without `alg`.
fn repeats(a: &VerifyingKey, b: &VerifyingKey) -> bool {
    let key_type = |key: &VerifyingKey| key.algorithm().facts().key_type;
    let one_key = a.algorithm() != b.algorithm() && Material::same(a.material(), b.material());
    a.key_id() == b.key_id() && key_type(a) == key_type(b) && !one_key
}

/// One key per algorithm that the JWK allows.
fn usable_keys(jwk: &Jwk, source: Source) -> Result<Vec<VerifyingKey>, KeyError> {
    if source == Source::Remote {
        if jwk.key_type() == KeyType::Oct {
            return Err(KeyError::RemoteSecret);
        }
        if jwk.is_private() {
            return Err(KeyError::RemotePrivateKey);
        }
    }
    jwk.permits(Operation::Verify)?;
    let keys: Result<Vec<_>, _> =
        jwk.algorithms().map(|algorithm| VerifyingKey::from_jwk_with(algorithm, jwk)).collect();
    let keys = keys?;
    if keys.is_empty() {
        // A secret that is too short for every hash.
        return VerifyingKey::from_jwk_with(Algorithm::HS256, jwk).map(|key| vec![key]);
    }
    Ok(keys)
}

/// Notes a key that is not used; in a static set only one that is not meant for us.
fn skip(entry: Skipped, source: Source, skipped: &mut Vec<Skipped>) -> Result<(), KeyError> {
    let foreign = matches!(
        entry.error,
        KeyError::UnknownKeyType { .. }
            | KeyError::UnknownAlgorithm { .. }
            | KeyError::UnknownCurve { .. }
            | KeyError::KeyUse { .. }
            | KeyError::KeyOperations { .. }
    );
    if source == Source::Static && !foreign {
        return Err(KeyError::InSet { index: entry.index, error: Box::new(entry.error) });
    }
    skipped.push(entry);
    Ok(())
}

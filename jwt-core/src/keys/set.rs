//! Key sets: pick exactly one key for a token's header.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use super::json::MAX_JSON;
use super::jwk::Operation;
use super::verifying::Material;
use super::{Jwk, JwkSet, KeyError, Skipped, VerifyingKey, source};
use crate::header::KnownHeaders;
use crate::{Algorithm, KeyType, Reason, observe};

/// The keys of one authority, immutable and cheap to clone.
///
/// A set holds HMAC or asymmetric keys, never both (RFC 8725 §3.1), and no two keys of one type
/// under one `kid` (RFC 7517 §4.5). A JWK without `alg` counts as one key per algorithm that its type and
/// curve allow.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
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
    source: Source,
    /// Of tokens that these keys verified.
    headers: KnownHeaders,
}

/// Where a JWK set comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The operator's own configuration. Keys of unknown types or for other uses are skipped, a broken
    /// or weak key and a repeated `kid` are errors, private keys and secrets are taken.
    #[default]
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
        Self::of(keys.into_iter().collect(), Source::Static)
    }

    /// These sets and keys as one, by the rules of [`KeySet::new`]. One of which a part was fetched is
    /// a fetched one: a new `kid` may be that of a key which came after.
    pub(crate) fn joined(sets: &[Self], keys: &[VerifyingKey]) -> Result<Self, KeyError> {
        let fetched = sets.iter().any(|set| set.0.source == Source::Remote);
        let keys = sets.iter().flat_map(Self::iter).chain(keys).cloned().collect();
        Self::of(keys, if fetched { Source::Remote } else { Source::Static })
    }

    fn of(keys: Vec<VerifyingKey>, source: Source) -> Result<Self, KeyError> {
        for (place, key) in keys.iter().enumerate() {
            let earlier = keys.get(..place).unwrap_or_default();
            if let (Some(key_id), true) = (key.key_id(), earlier.iter().any(|other| repeats(other, key))) {
                let key_type = key.algorithm().facts().key_type;
                return Err(KeyError::RepeatedKeyId { key_id: key_id.to_string(), key_type });
            }
        }
        Self::build(keys, Vec::new(), source)
    }

    /// The operator's own JWK set in JSON text ([`Source::Static`]).
    ///
    /// # Errors
    ///
    /// - Those of [`JwkSet::from_json`] and [`KeySet::from_jwk_set`].
    pub fn from_jwks_json(json: &[u8]) -> Result<Self, KeyError> {
        Self::from_jwk_set(&JwkSet::from_json(json)?, Source::Static)
    }

    /// The operator's own JWK set in an environment variable.
    ///
    /// # Errors
    ///
    /// - [`KeyError::VariableMissing`], [`KeyError::VariableNotUnicode`].
    /// - [`KeyError::InVariable`] around an error of [`KeySet::from_jwks_json`].
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        source::variable(variable, Self::from_own_json)
    }

    /// The operator's own JWK set in a file.
    ///
    /// ```
    /// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
    /// use jwt_core::KeySet;
    /// # let path = std::env::temp_dir().join(format!("jwt-core-keys-{}.json", std::process::id()));
    /// # std::fs::write(&path, r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#)?;
    /// let keys = KeySet::from_file(&path)?;
    /// # std::fs::remove_file(&path)?;
    ///
    /// let error = KeySet::from_file("absent/keys.json").unwrap_err();
    /// assert_eq!(error.to_string(), "file `absent/keys.json` cannot be read: entity not found");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`KeyError::File`]: it cannot be read.
    /// - [`KeyError::InFile`] around an error of [`KeySet::from_jwks_json`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        source::file_within(MAX_JSON, path.as_ref(), Self::from_own_json)
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
        skipped.iter().for_each(observe::key_skipped);
        Self::build(keys, skipped, source)
    }

    /// The keys for these algorithms alone, for example those that a provider says it signs by.
    ///
    /// # Errors
    ///
    /// - [`KeyError::NoUsableKey`]: no key is for any of them.
    ///
    /// ```
    /// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
    /// use jwt_core::{Algorithm, KeySet, SigningKey};
    /// let keys = [Algorithm::ES256, Algorithm::EdDSA].map(SigningKey::generate);
    /// let [one, other] = keys;
    /// let set = KeySet::new([one?.verifying_key(), other?.verifying_key()])?;
    /// assert_eq!(set.restricted_to(&[Algorithm::ES256])?.algorithms(), [Algorithm::ES256]);
    /// assert!(set.restricted_to(&[Algorithm::RS256]).is_err());
    /// # }
    /// # Ok::<(), jwt_core::KeyError>(())
    /// ```
    pub fn restricted_to(&self, algorithms: &[Algorithm]) -> Result<Self, KeyError> {
        let allowed = |key: &&VerifyingKey| algorithms.contains(&key.algorithm());
        let keys: Vec<_> = self.iter().filter(allowed).cloned().collect();
        Self::build(keys, self.0.skipped.clone(), self.0.source)
    }

    /// The one key for a token with this `alg` and `kid`. Nothing is allocated, and never is more than
    /// one key tried.
    ///
    /// - With a `kid`: the key of exactly that `kid` and this algorithm. In a static set that knows no
    ///   `kid` at all, the only key of this algorithm.
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
        if !named.is_empty() {
            only(self.at(named), algorithm, Reason::KeyAlgorithmMismatch)
        } else if set.named.is_empty() && set.source == Source::Static {
            only(self.at(&set.nameless), algorithm, Reason::UnknownKey)
        } else {
            Err(Reason::UnknownKey)
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

    /// Editors may have put a byte order mark before it.
    fn from_own_json(content: &[u8]) -> Result<Self, KeyError> {
        Self::from_jwks_json(source::without_mark(content))
    }

    fn build(keys: Vec<VerifyingKey>, skipped: Vec<Skipped>, source: Source) -> Result<Self, KeyError> {
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
        Ok(Self(Arc::new(Inner { keys, named, nameless, algorithms, skipped, source, headers })))
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

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use super::*;
    use crate::keys::fixtures::{self as f, signing};
    use crate::{HmacSecret, SigningKey};

    const ED: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    const EC: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
    const OCT: &str = r#""kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow""#;

    fn key(algorithm: Algorithm, key_id: Option<&str>) -> VerifyingKey {
        // A new key each time, and without the name of its making.
        let pem = SigningKey::generate(algorithm).unwrap().verifying_key().to_pem().unwrap();
        let key = VerifyingKey::from_pem(algorithm, pem).unwrap();
        match key_id {
            Some(key_id) => key.with_key_id(key_id).unwrap(),
            None => key,
        }
    }

    #[test]
    fn a_restricted_set_is_as_strict_as_before() {
        let remote =
            read(&[object(EC, r#","kid":"a""#), object(ED, r#","kid":"b""#)], Source::Remote).unwrap();
        let restricted = remote.restricted_to(&[Algorithm::ES256]).unwrap();
        assert!(restricted.select(Algorithm::ES256, Some("a")).is_ok());
        assert_eq!(restricted.select(Algorithm::EdDSA, Some("b")).unwrap_err(), Reason::UnknownKey);
        // The nameless key of a fetched set is not for a token that names one.
        let nameless = read(&[object(EC, ""), object(ED, "")], Source::Remote).unwrap();
        let restricted = nameless.restricted_to(&[Algorithm::ES256]).unwrap();
        assert_eq!(restricted.select(Algorithm::ES256, Some("a")).unwrap_err(), Reason::UnknownKey);
        assert_eq!(remote.restricted_to(&[]).unwrap_err().code(), "no_usable_key");
    }

    #[test]
    fn only_the_set_before_the_first_one_is_empty() {
        assert!(KeySet::none().is_empty());
        assert!(!KeySet::new([key(Algorithm::ES256, None)]).unwrap().is_empty());
    }

    fn read<K: AsRef<str>>(keys: &[K], source: Source) -> Result<KeySet, KeyError> {
        let keys: Vec<_> = keys.iter().map(AsRef::as_ref).collect();
        let json = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
        KeySet::from_jwk_set(&JwkSet::from_json(json.as_bytes()).unwrap(), source)
    }

    fn object(members: &str, more: &str) -> String {
        format!("{{{members}{more}}}")
    }

    fn skipped(set: &KeySet) -> Vec<(usize, &'static str)> {
        set.skipped().iter().map(|entry| (entry.index, entry.error.code())).collect()
    }

    #[test]
    fn exactly_one_key_is_selected() {
        use Algorithm::{ES256, ES384, EdDSA};
        let set = KeySet::new([
            key(ES256, Some("a")),
            key(ES256, Some("b")),
            key(EdDSA, Some("a")),
            key(ES384, None),
        ])
        .unwrap();
        for (algorithm, key_id, expected) in [
            (ES256, Some("a"), Ok(0)),
            (ES256, Some("b"), Ok(1)),
            (EdDSA, Some("a"), Ok(2)),
            // No key has this name. The set knows names, so the nameless key is not meant.
            (ES384, Some("c"), Err(Reason::UnknownKey)),
            (ES384, None, Ok(3)),
            (EdDSA, None, Ok(2)),
            (ES256, None, Err(Reason::AmbiguousKey)),
            // The name is known, so the nameless key is not meant.
            (ES384, Some("a"), Err(Reason::KeyAlgorithmMismatch)),
            (EdDSA, Some("b"), Err(Reason::KeyAlgorithmMismatch)),
            (ES256, Some("c"), Err(Reason::UnknownKey)),
            (ES256, Some(""), Err(Reason::UnknownKey)),
            (ES256, Some("A"), Err(Reason::UnknownKey)),
            (ES256, Some("a "), Err(Reason::UnknownKey)),
            (Algorithm::ES512, None, Err(Reason::UnknownKey)),
            (Algorithm::HS256, Some("a"), Err(Reason::KeyAlgorithmMismatch)),
        ] {
            let place = set
                .select(algorithm, key_id)
                .map(|found| set.iter().position(|key| core::ptr::eq(key, found)).unwrap());
            assert_eq!(place, expected, "{algorithm} {key_id:?}");
        }
    }

    #[test]
    fn a_set_of_the_operators_own_that_knows_no_names_takes_any() {
        let nameless = || KeySet::new([key(Algorithm::ES256, None), key(Algorithm::EdDSA, None)]).unwrap();
        assert!(nameless().select(Algorithm::ES256, Some("a")).is_ok());
        // A fetched one does not: a new name means that its keys have changed.
        let json = nameless().to_jwks_json().unwrap();
        let fetched =
            KeySet::from_jwk_set(&JwkSet::from_json(json.as_bytes()).unwrap(), Source::Remote).unwrap();
        assert_eq!(fetched.select(Algorithm::ES256, Some("a")).unwrap_err(), Reason::UnknownKey);
        assert!(fetched.select(Algorithm::ES256, None).is_ok());
    }

    #[test]
    fn two_nameless_keys_are_ambiguous() {
        let set = KeySet::new([key(Algorithm::ES256, None), key(Algorithm::ES256, None)]).unwrap();
        for key_id in [None, Some("a")] {
            assert_eq!(set.select(Algorithm::ES256, key_id).unwrap_err(), Reason::AmbiguousKey);
        }
    }

    #[test]
    fn a_large_set_finds_every_key() {
        let one = signing(Algorithm::EdDSA).verifying_key();
        let names: Vec<String> = (0..100).map(|n| format!("{}", n * 7919 % 1000)).collect();
        let keys = names.iter().map(|name| one.clone().with_key_id(name.as_str()).unwrap());
        let set = KeySet::new(keys).unwrap();
        for name in &names {
            let found = set.select(Algorithm::EdDSA, Some(name)).unwrap();
            assert_eq!(found.key_id().map(AsRef::as_ref), Some(name.as_str()));
            assert_eq!(
                set.select(Algorithm::EdDSA, Some(&format!("{name}x"))).unwrap_err(),
                Reason::UnknownKey
            );
        }
        assert_eq!(set.len(), 100);
    }

    #[test]
    fn a_set_lists_its_algorithms_once() {
        use Algorithm::{ES256, EdDSA};
        let set = KeySet::new([key(ES256, Some("a")), key(EdDSA, Some("b")), key(ES256, Some("c"))]).unwrap();
        assert_eq!(set.algorithms(), [ES256, EdDSA]);
        assert!(!set.is_symmetric() && !set.is_empty());
        assert_eq!(format!("{:?}", KeySet::none()), "[]");
    }

    #[test]
    fn an_empty_set_is_refused() {
        assert_eq!(KeySet::new([]).unwrap_err(), KeyError::NoUsableKey { skipped: 0 });
        for source in [Source::Static, Source::Remote] {
            assert_eq!(read::<&str>(&[], source).unwrap_err(), KeyError::NoUsableKey { skipped: 0 });
            let unknown = [r#"{"kty":"X"}"#];
            assert_eq!(read(&unknown, source).unwrap_err(), KeyError::NoUsableKey { skipped: 1 });
        }
    }

    #[test]
    fn secrets_and_public_keys_do_not_mix() {
        let secret = HmacSecret::from_base64url(f::SECRET).unwrap();
        let hmac = VerifyingKey::from_secret(Algorithm::HS256, &secret).unwrap();
        let mixed = KeySet::new([hmac.clone(), key(Algorithm::ES256, None)]);
        assert_eq!(mixed.unwrap_err(), KeyError::MixedSymmetry);
        assert!(KeySet::new([hmac]).unwrap().is_symmetric());
        let mixed = read(&[object(OCT, ""), object(ED, "")], Source::Static);
        assert_eq!(mixed.unwrap_err(), KeyError::MixedSymmetry);
    }

    #[test]
    fn a_repeated_kid_is_an_error_among_keys() {
        use Algorithm::{ES256, ES384, EdDSA};
        let repeated = KeySet::new([key(ES256, Some("a")), key(ES384, Some("a"))]);
        let error = KeyError::RepeatedKeyId { key_id: "a".to_owned(), key_type: KeyType::Ec };
        assert_eq!(repeated.unwrap_err(), error);
        // Different types may share it (RFC 7517 §4.5).
        assert!(KeySet::new([key(ES256, Some("a")), key(EdDSA, Some("a"))]).is_ok());
        // One key under two algorithms is what a JWK without `alg` is.
        let rsa =
            |algorithm| VerifyingKey::from_pem(algorithm, f::RSA_PUBLIC).unwrap().with_key_id("r").unwrap();
        let both = KeySet::new([rsa(Algorithm::RS256), rsa(Algorithm::PS256)]).unwrap();
        assert!(both.select(Algorithm::PS256, Some("r")).is_ok());
        assert!(KeySet::new([rsa(Algorithm::RS256), rsa(Algorithm::RS256)]).is_err());
    }

    #[test]
    fn a_repeated_kid_is_an_error_in_a_static_jwk_set_and_drops_both_from_a_remote_one() {
        let twice = [
            object(ED, r#","kid":"a","alg":"EdDSA""#),
            object(EC, r#","kid":"a""#),
            object(ED, r#","kid":"a","alg":"Ed25519""#),
        ];
        let error = KeyError::RepeatedKeyId { key_id: "a".to_owned(), key_type: KeyType::Okp };
        assert_eq!(read(&twice, Source::Static).unwrap_err(), error);
        let set = read(&twice, Source::Remote).unwrap();
        assert_eq!(skipped(&set), [(0, "repeated_key_id"), (2, "repeated_key_id")]);
        assert_eq!(set.algorithms(), [Algorithm::ES256]);
        // A key for another use does not count.
        let used = [object(ED, r#","kid":"a""#), object(ED, r#","kid":"a","use":"enc""#)];
        assert!(read(&used, Source::Static).is_ok());
        // Nor do keys without a name.
        assert!(read(&[object(ED, ""), object(ED, "")], Source::Static).is_ok());
    }

    #[test]
    fn a_jwk_without_alg_serves_the_algorithms_of_its_type_and_curve() {
        use Algorithm::{ES256, Ed25519, EdDSA, HS256, HS384, HS512};
        let expanded = |json: &str| read(&[json], Source::Static).unwrap().algorithms().to_vec();
        assert_eq!(expanded(&object(ED, "")), [EdDSA, Ed25519]);
        assert_eq!(expanded(&object(EC, "")), [ES256]);
        assert_eq!(expanded(&object(ED, r#","alg":"Ed25519""#)), [Ed25519]);
        assert_eq!(expanded(&object(OCT, "")), [HS256, HS384, HS512]);
        // 48 bytes are too short for HS512, 31 for all.
        let secret = |len: u8| crate::base64url::encode(&(0..len).collect::<Vec<_>>());
        let oct = |len| format!(r#"{{"kty":"oct","k":"{}"}}"#, secret(len));
        assert_eq!(expanded(&oct(48)), [HS256, HS384]);
        assert_eq!(read(&[&oct(31)], Source::Static).unwrap_err().code(), "secret_too_short");
        let rsa = VerifyingKey::from_pem(Algorithm::RS256, f::RSA_PUBLIC).unwrap().to_jwk().unwrap();
        let rsa = rsa.to_json().unwrap().replace(r#""alg":"RS256","#, "");
        let all: Vec<_> = Algorithm::ALL.into_iter().filter(|a| a.facts().key_type == KeyType::Rsa).collect();
        assert_eq!(expanded(&rsa), all);
    }

    #[test]
    fn a_remote_set_drops_secrets_and_private_keys() {
        let private = r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#;
        let foreign_private = r#","k":"AAAA""#;
        let keys = [
            object(ED, r#","kid":"good""#),
            object(OCT, r#","kid":"secret""#),
            object(ED, &format!(r#"{private},"kid":"leaked""#)),
            object(ED, &format!(r#"{foreign_private},"kid":"odd""#)),
        ];
        let set = read(&keys, Source::Remote).unwrap();
        assert_eq!(
            skipped(&set),
            [(1, "remote_secret"), (2, "remote_private_key"), (3, "remote_private_key")]
        );
        assert_eq!(set.skipped()[0].key_id.as_deref(), Some("secret"));
        assert_eq!(set.len(), 2);
        // In one's own configuration a private key serves by its public half.
        assert!(read(&keys[2..3], Source::Static).is_ok());
    }

    #[test]
    fn bad_keys_are_skipped_in_a_remote_set_and_named_in_a_static_one() {
        let n = crate::base64url::encode(&[0xc5; 128]);
        let zero = ED.replace("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", &"A".repeat(43));
        let off_curve = EC.replace("f83O", "f83P");
        for (bad, code, foreign) in [
            (format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#), "rsa_size", false),
            (object(&off_curve, ""), "key_rejected", false),
            (object(&zero, ""), "small_order_point", false),
            ("{}".to_owned(), "missing_member", false),
            (object(ED, r#","alg":"ES256""#), "wrong_key_type", false),
            (object(ED, r#","use":"enc""#), "key_use", true),
            (object(ED, r#","key_ops":["sign"]"#), "key_operations", true),
            (object(ED, r#","alg":"RSA-OAEP""#), "unknown_algorithm", true),
            (r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#.to_owned(), "unknown_curve", true),
            (r#"{"kty":"X"}"#.to_owned(), "unknown_key_type", true),
        ] {
            let good = object(EC, r#","kid":"good""#);
            let keys = [&good, &bad];
            let remote = read(&keys, Source::Remote).unwrap();
            assert_eq!((remote.len(), skipped(&remote)), (1, vec![(1, code)]), "{bad}");
            match read(&keys, Source::Static) {
                Ok(set) => assert!(foreign && skipped(&set) == [(1, code)], "{bad}"),
                Err(KeyError::InSet { index: 1, error }) => {
                    assert!(!foreign && error.code() == code, "{bad}");
                }
                Err(other) => panic!("{bad}: {other}"),
            }
        }
    }

    #[test]
    fn a_set_is_published_and_read_back() {
        let keys = [object(ED, r#","kid":"a""#), object(EC, r#","kid":"b","alg":"ES256""#), object(EC, "")];
        let set = read(&keys, Source::Static).unwrap();
        assert_eq!(set.len(), 4);
        let json = set.to_jwks_json().unwrap();
        let back = JwkSet::from_json(json.as_bytes()).unwrap();
        let algorithms: Vec<_> = back.keys().map(Jwk::algorithm).collect();
        assert_eq!(algorithms, [None, Some(Algorithm::ES256), Some(Algorithm::ES256)], "{json}");
        let back = KeySet::from_jwk_set(&back, Source::Remote).unwrap();
        assert_eq!((back.len(), back.to_jwks_json().unwrap()), (4, json));
        assert!(KeySet::new(set.iter().cloned()).is_ok());
    }

    #[test]
    fn secrets_and_own_keys_are_not_published() {
        let set = read(&[object(OCT, "")], Source::Static).unwrap();
        assert_eq!(set.to_jwks_json().unwrap_err().code(), "symmetric");
        struct Yes;
        impl crate::keys::Verify for Yes {
            fn verify(&self, _: &[u8], _: &[u8]) -> bool {
                true
            }
        }
        let set = KeySet::new([VerifyingKey::custom(Algorithm::ES256, Yes)]).unwrap();
        assert_eq!(set.to_jwks_json().unwrap_err().code(), "no_material");
    }
}

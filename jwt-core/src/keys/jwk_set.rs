//! JWK sets (RFC 7517 §5): each key is read by itself, so that one bad key costs one key.

use core::fmt;
use std::sync::Arc;

use super::json::{Json, Members, object_members};
use super::jwk::key_id;
use super::{Jwk, KeyError};

/// The most keys that are read from one set.
const MAX_KEYS: usize = 100;

/// A JWK set (RFC 7517 §5), at most 100 keys in 512 KiB.
///
/// Keys that cannot be read are kept as [`Skipped`] with their reason, as RFC 7517 §5 asks: a set may
/// well hold keys of tomorrow's types.
///
/// ```
/// use jwt_core::keys::JwkSet;
/// let set = JwkSet::from_json(br#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty":"quantum","kid":"2099"}
/// ]}"#)?;
/// assert_eq!(set.keys().count(), 1);
/// assert_eq!(set.skipped()[0].to_string(), "key 1 (`kid` \"2099\"): unknown `kty` `quantum`");
/// # Ok::<(), jwt_core::KeyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<(usize, Jwk)>,
    skipped: Vec<Skipped>,
}

/// A key of a set that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Its place in `keys`, from 0.
    pub index: usize,
    /// Its `kid`, if that much could be read.
    pub key_id: Option<Arc<str>>,
    /// Why.
    pub error: KeyError,
}

impl Skipped {
    /// Whether its `use` or `key_ops` keep it from verifying signatures, as those of a key for encryption do: nobody's
    /// mistake, and so told at debug level alone.
    #[must_use]
    pub fn is_for_another_use(&self) -> bool {
        matches!(self.error, KeyError::KeyUse { .. } | KeyError::KeyOperations { .. })
    }
}

impl JwkSet {
    /// Reads a set from JSON text.
    ///
    /// # Errors
    ///
    /// - [`KeyError::TooLarge`], [`KeyError::MalformedJson`], [`KeyError::DuplicateMember`]: not one JSON
    ///   object with distinct member names.
    /// - [`KeyError::MissingMember`], [`KeyError::MalformedMember`]: `keys` is not an array.
    /// - [`KeyError::TooManyKeys`].
    pub fn from_json(json: &[u8]) -> Result<Self, KeyError> {
        const MEMBER: &str = "keys";
        let members = object_members(json)?;
        members.unique_here()?;
        let items = match members.value(MEMBER) {
            None => return Err(KeyError::MissingMember { member: MEMBER }),
            Some(Json::List(items)) => items,
            Some(_) => return Err(KeyError::MalformedMember { member: MEMBER }),
        };
        if items.len() > MAX_KEYS {
            return Err(KeyError::TooManyKeys { keys: items.len(), limit: MAX_KEYS });
        }
        let mut set = Self::default();
        for (index, item) in items.iter().enumerate() {
            let (key_id, key) = read(item);
            match key {
                Ok(key) => set.keys.push((index, key)),
                Err(error) => set.skipped.push(Skipped { index, key_id, error }),
            }
        }
        Ok(set)
    }

    /// The keys that could be read, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &Jwk> {
        self.keys.iter().map(|(_, key)| key)
    }

    /// The keys that could not.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The set as JSON text, public members only.
    ///
    /// # Errors
    ///
    /// - [`KeyError::Symmetric`]: a shared secret cannot be published.
    pub fn to_json(&self) -> Result<String, KeyError> {
        let keys: Result<Vec<_>, _> = self.keys().map(Jwk::public_members).collect();
        Ok(serde_json::json!({ "keys": keys? }).to_string())
    }

    /// The keys with their places.
    pub(crate) fn numbered(&self) -> &[(usize, Jwk)] {
        &self.keys
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().enumerate().collect(), skipped: Vec::new() }
    }
}

fn read(item: &Json<'_>) -> (Option<Arc<str>>, Result<Jwk, KeyError>) {
    match item {
        Json::Object(members) => (name(members), Jwk::from_members(members)),
        _ => (None, Err(KeyError::MalformedJson { problem: "it is not an object" })),
    }
}

fn name(members: &Members<'_>) -> Option<Arc<str>> {
    key_id(members).ok().flatten()
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.index)?;
        if let Some(key_id) = &self.key_id {
            // `Debug` of a string escapes control characters.
            write!(f, " (`kid` {key_id:?})")?;
        }
        write!(f, ": {}", self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"kty":"OKP","crv":"Ed25519","kid":"good","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn set(keys: &str) -> JwkSet {
        JwkSet::from_json(format!(r#"{{"keys":[{keys}]}}"#).as_bytes()).unwrap()
    }

    #[test]
    fn a_bad_key_costs_one_key() {
        for (bad, code, key_id) in [
            ("1", "malformed_json", None),
            ("null", "malformed_json", None),
            ("{}", "missing_member", None),
            (r#"{"kid":"bad"}"#, "missing_member", Some("bad")),
            (r#"{"kid":"bad","kty":"X"}"#, "unknown_key_type", Some("bad")),
            (r#"{"kid":1,"kty":"OKP"}"#, "malformed_member", None),
            (r#"{"kid":"bad","kid":"bad","kty":"OKP"}"#, "duplicate_member", Some("bad")),
            (r#"{"kid":"bad","kty":"OKP","x":{"a":[{"b":1,"b":1}]}}"#, "duplicate_member", Some("bad")),
        ] {
            let set = set(&format!("{GOOD},{bad},{GOOD}"));
            assert_eq!(set.keys().count(), 2, "{bad}");
            let [skipped] = set.skipped() else { panic!("{bad}") };
            assert_eq!((skipped.index, skipped.error.code()), (1, code), "{bad}");
            assert_eq!(skipped.key_id.as_deref(), key_id, "{bad}");
        }
    }

    #[test]
    fn what_is_not_a_set_is_refused() {
        let long = format!(r#"{{"keys":[{}1]}}"#, "1,".repeat(100));
        for (bad, code) in [
            ("", "malformed_json"),
            ("[]", "malformed_json"),
            ("{}", "missing_member"),
            (r#"{"keys":null}"#, "malformed_member"),
            (r#"{"keys":{}}"#, "malformed_member"),
            (r#"{"keys":[],"keys":[]}"#, "duplicate_member"),
            (&long, "too_many_keys"),
        ] {
            assert_eq!(JwkSet::from_json(bad.as_bytes()).unwrap_err().code(), code, "{bad}");
        }
    }

    #[test]
    fn unknown_members_of_the_set_are_ignored() {
        let json = format!(r#"{{"a":1,"keys":[{GOOD}],"b":[]}}"#);
        assert_eq!(JwkSet::from_json(json.as_bytes()).unwrap().keys().count(), 1);
    }

    #[test]
    fn a_set_of_public_keys_is_written_and_read_back() {
        let json = set(GOOD).to_json().unwrap();
        let back = JwkSet::from_json(json.as_bytes()).unwrap();
        assert_eq!(back.to_json().as_deref(), Ok(json.as_str()));
        let oct = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
        assert_eq!(set(oct).to_json().unwrap_err().code(), "symmetric");
    }

    #[test]
    fn a_skipped_key_cannot_forge_a_line_of_a_log() {
        let set = set("{\"kid\":\"a\\nb\",\"kty\":\"c\\nd\"}");
        assert_eq!(set.skipped()[0].to_string(), r#"key 0 (`kid` "a\nb"): unknown `kty` `c\nd`"#);
    }
}

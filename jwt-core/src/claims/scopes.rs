//! Scopes: `scope` (RFC 8693 §4.2, RFC 9068 §2.2.3) or `scp`, a string or an array.

use core::fmt;
use std::borrow::Cow;

use serde::de::{self, SeqAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json::{Kind, Value};

/// What a token grants: on the wire a string of scopes separated by spaces, or an array.
///
/// For fields of the caller's own types; `#[serde(alias = "scp")]` takes both names. Order and
/// repetition carry no meaning (RFC 6749 §3.3).
///
/// ```
/// use jwt_core::Scopes;
/// let scopes: Scopes = serde_json::from_str(r#""read write""#)?;
/// assert!(scopes.contains("read") && !scopes.contains("rea"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Whether `scope` is granted, byte for byte.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|one| one == scope)
    }

    /// The scopes in the token's order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether nothing is granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, text: &str) {
        self.0.extend(text.split(' ').filter(|one| !one.is_empty()).map(str::to_owned));
    }
}

impl<S: AsRef<str>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        let mut all = Self::default();
        scopes.into_iter().for_each(|one| all.add(one.as_ref()));
        all
    }
}

/// Shows how many there are, and none of them: a claim's value belongs into no log.
impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scopes").field(&self.0.len()).finish()
    }
}

/// Writes the scopes as a token has them, separated by spaces.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.0.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Scopes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string of scopes separated by spaces, or an array of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Scopes, E> {
                Ok(Scopes::from_iter([text]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Scopes, A::Error> {
                let mut all = Scopes::default();
                while let Some(one) = elements.next_element::<Cow<'_, str>>()? {
                    all.add(&one);
                }
                Ok(all)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// The scopes under a `scope` or `scp` claim; `None` where it is neither a string nor an array of
/// strings.
pub(crate) fn scopes_of(value: Value<'_>) -> Option<Scopes> {
    match value.kind() {
        Kind::Array => value.elements().map(Value::as_str).collect(),
        _ => value.as_str().map(|text| Scopes::from_iter([text])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_from_a_string_or_an_array() {
        for json in [r#""read write""#, r#"["read","write"]"#, r#"["read write"]"#] {
            let scopes: Scopes = serde_json::from_str(json).unwrap();
            assert!(
                scopes.contains("read") && scopes.contains("write") && !scopes.contains("admin"),
                "{json}"
            );
            assert_eq!(serde_json::to_string(&scopes).unwrap(), r#""read write""#);
        }
        let refused = serde_json::from_str::<Scopes>("7").unwrap_err().to_string();
        assert!(
            refused.contains("expected a string of scopes separated by spaces, or an array of strings"),
            "{refused}"
        );
    }

    #[test]
    fn no_scopes_are_empty_and_a_log_shows_how_many_there_are() {
        for (text, count) in [("", 0), ("  ", 0), ("read", 1), ("read write", 2)] {
            let scopes = Scopes::from_iter([text]);
            assert_eq!((scopes.is_empty(), scopes.iter().count()), (count == 0, count), "{text:?}");
            assert_eq!(format!("{scopes:?}"), format!("Scopes({count})"), "{text:?}");
        }
    }
}

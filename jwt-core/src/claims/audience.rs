//! The `aud` claim: one recipient or many (RFC 7519 §4.1.3).

use core::fmt;

use serde::de::{self, SeqAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The recipients that a token is meant for: on the wire a string or a non-empty array of strings.
///
/// ```
/// use jwt_core::Audience;
/// let one: Audience = serde_json::from_str(r#""api""#)?;
/// let many: Audience = serde_json::from_str(r#"["api","web"]"#)?;
/// assert!(one.contains("api") && many.contains("web"));
/// assert!(serde_json::from_str::<Audience>("[]").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Audience(Vec<String>);

impl Audience {
    /// One recipient.
    #[must_use]
    pub fn one(recipient: impl Into<String>) -> Self {
        Self(vec![recipient.into()])
    }

    /// Several recipients; `None` where there are none, for an empty `aud` is malformed.
    pub fn many<R: Into<String>>(recipients: impl IntoIterator<Item = R>) -> Option<Self> {
        let all: Vec<String> = recipients.into_iter().map(Into::into).collect();
        (!all.is_empty()).then_some(Self(all))
    }

    /// Whether `recipient` is among them, byte for byte.
    #[must_use]
    pub fn contains(&self, recipient: &str) -> bool {
        self.iter().any(|one| one == recipient)
    }

    /// The recipients in the token's order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Shows how many there are, and none of them: a claim's value belongs into no log.
impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Audience").field(&self.0.len()).finish()
    }
}

impl From<&str> for Audience {
    fn from(recipient: &str) -> Self {
        Self::one(recipient)
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            many => serializer.collect_seq(many),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Audience;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a non-empty array of strings")
            }

            fn visit_str<E: de::Error>(self, one: &str) -> Result<Audience, E> {
                Ok(Audience::one(one))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Audience, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = elements.next_element::<String>()? {
                    all.push(one);
                }
                Audience::many(all).ok_or_else(|| de::Error::invalid_length(0, &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_string_or_several_are_an_audience_and_none_is_not() {
        let read = |json: &str| serde_json::from_str::<Audience>(json).ok();
        assert_eq!(Audience::many(Vec::<String>::new()), None);
        let both = Audience::many(["a", "b"]).unwrap();
        assert!(both.contains("a") && both.contains("b") && !both.contains("c"));
        for audience in [Audience::one("a"), both] {
            let json = serde_json::to_string(&audience).unwrap();
            assert_eq!(read(&json), Some(audience), "{json}");
        }
        assert_eq!(read(r#"["a"]"#), Some(Audience::one("a")));
        for bad in ["[]", "7", "null", "{}", "[7]"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let refused = serde_json::from_str::<Audience>("7").unwrap_err().to_string();
        assert!(refused.contains("expected a string or a non-empty array of strings"), "{refused}");
    }

    #[test]
    fn a_log_shows_how_many_recipients_there_are() {
        assert_eq!(format!("{:?}", Audience::one("a")), "Audience(1)");
        assert_eq!(format!("{:?}", Audience::many(["a", "b"])), "Some(Audience(2))");
    }
}

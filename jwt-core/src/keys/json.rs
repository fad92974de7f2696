//! The one door from JSON text to JWK members.

use core::fmt;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroize;

use super::KeyError;
use super::source::without_mark;

/// The longest JWK or JWK set that is read: the bound that holds for fetched sets as well.
pub(crate) const MAX_JSON: usize = 512 * 1024;

/// A JSON value, as far as JWKs use one. Strings without escapes are borrowed from the input, others
/// are wiped when dropped: a member may be private.
pub(crate) enum Json<'a> {
    Text(Text<'a>),
    List(Vec<Json<'a>>),
    Object(Members<'a>),
    Other,
}

/// A string of the input.
pub(crate) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for Text<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.0 {
            text.zeroize();
        }
    }
}

/// The members of one object. A repeated name is kept as a fault, so that in a key set it costs one
/// key and not the set.
#[derive(Default)]
pub(crate) struct Members<'a> {
    members: BTreeMap<String, Json<'a>>,
    repeated: Option<String>,
}

impl<'a> Members<'a> {
    pub(crate) fn value(&self, name: &str) -> Option<&Json<'a>> {
        self.members.get(name)
    }

    /// Refuses a name that occurs twice in this object or one inside it (RFC 7517 §4), escapes resolved.
    pub(crate) fn unique(&self) -> Result<(), KeyError> {
        match self.first_repeated() {
            Some(member) => Err(KeyError::DuplicateMember { member: member.to_owned() }),
            None => Ok(()),
        }
    }

    /// As [`Members::unique`], for this object alone.
    pub(crate) fn unique_here(&self) -> Result<(), KeyError> {
        match &self.repeated {
            Some(member) => Err(KeyError::DuplicateMember { member: member.clone() }),
            None => Ok(()),
        }
    }

    fn first_repeated(&self) -> Option<&str> {
        self.repeated.as_deref().or_else(|| self.members.values().find_map(Json::first_repeated))
    }
}

impl Json<'_> {
    fn first_repeated(&self) -> Option<&str> {
        match self {
            Json::Object(members) => members.first_repeated(),
            Json::List(items) => items.iter().find_map(Json::first_repeated),
            Json::Text(_) | Json::Other => None,
        }
    }
}

/// The members of the one JSON object that the bytes are.
pub(crate) fn object_members(bytes: &[u8]) -> Result<Members<'_>, KeyError> {
    if bytes.len() > MAX_JSON {
        return Err(KeyError::TooLarge { bytes: bytes.len(), limit: MAX_JSON });
    }
    // `serde_json` itself refuses trailing bytes and more than 128 levels.
    match serde_json::from_slice(bytes) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) => Err(KeyError::MalformedJson { problem: "it is not an object" }),
        Err(_) if without_mark(bytes).trim_ascii_start().starts_with(b"-----BEGIN ") => {
            Err(KeyError::MalformedJson { problem: "it is PEM: `from_pem` of a key reads that" })
        }
        Err(_) => Err(KeyError::MalformedJson { problem: "it does not follow the grammar of RFC 8259" }),
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut object = Members::default();
        while let Some(name) = access.next_key::<String>()? {
            match object.members.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(access.next_value()?);
                }
                Entry::Occupied(place) => {
                    access.next_value::<IgnoredAny>()?;
                    object.repeated.get_or_insert_with(|| place.key().clone());
                }
            }
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> &'static str {
        object_members(json.as_bytes()).map(|_| ()).unwrap_err().code()
    }

    #[test]
    fn only_one_whole_object_is_read() {
        for bad in [
            "",
            " ",
            "[]",
            "\"a\"",
            "1",
            "null",
            "{}x",
            "{} {}",
            "{",
            "{\"a\":}",
            "{\"a\":1,}",
            "{'a':1}",
            "\u{feff}{}",
        ] {
            assert_eq!(refused(bad), "malformed_json", "{bad:?}");
        }
        assert!(object_members(b" {} \n").is_ok());
        assert!(object_members(b"{\"a\":\"\xff\"}").is_err(), "invalid UTF-8");
    }

    #[test]
    fn a_repeated_name_is_found_at_every_depth_with_escapes_resolved() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"alg":1,"\u0061lg":1}"#,
            r#"{"o":{"a":1,"a":2}}"#,
            r#"{"o":[{"x":1},{"a":1,"b":[],"a":2}]}"#,
        ] {
            let members = object_members(bad.as_bytes()).unwrap();
            assert_eq!(members.unique().unwrap_err().code(), "duplicate_member", "{bad}");
        }
        let nested = object_members(br#"{"o":{"a":1,"a":2}}"#).unwrap();
        assert!(nested.unique_here().is_ok());
        assert!(object_members(br#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#).unwrap().unique().is_ok());
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(refused(&deep), "malformed_json");
        assert_eq!(refused(&format!("{{}}{}", " ".repeat(MAX_JSON))), "too_large");
    }

    #[test]
    fn members_keep_their_kind() {
        let members =
            object_members(br#"{"t":"\u0061b","l":["x"],"o":{},"n":-1.5,"b":true,"z":null}"#).unwrap();
        assert!(matches!(members.value("t"), Some(Json::Text(t)) if t.as_str() == "ab"));
        assert!(matches!(members.value("l"), Some(Json::List(l)) if l.len() == 1));
        assert!(matches!(members.value("o"), Some(Json::Object(_))));
        for other in ["n", "b", "z"] {
            assert!(matches!(members.value(other), Some(Json::Other)), "{other}");
        }
        assert!(members.value("absent").is_none());
    }
}

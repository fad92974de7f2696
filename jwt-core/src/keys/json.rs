//! The one door from JSON text to JWK members.

use core::fmt;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroize;

use super::KeyError;

/// The longest JWK or JWK set that is read: the bound that holds for fetched sets as well.
const MAX_JSON: usize = 512 * 1024;

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

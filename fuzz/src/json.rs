//! JSON read by serde_json, with the one rule added that it lacks: names are unique.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A value.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names of RFC 8259 §3")]
pub enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// What serde_json says about a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// One value, no name twice.
    Value(Json),
    /// The grammar holds, but a number is too large for serde_json; nothing more is known.
    HugeNumber,
    /// Refused.
    Refused,
}

/// Reads a whole text.
#[must_use]
pub fn read(text: &[u8]) -> Reading {
    match serde_json::from_slice(text) {
        Ok(value) => Reading::Value(value),
        Err(error) if error.to_string().starts_with("number out of range") && is_json(text) => {
            Reading::HugeNumber
        }
        Err(_) => Reading::Refused,
    }
}

/// Whether the grammar of RFC 8259 holds. Numbers may be of any size.
#[must_use]
pub fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

impl Json {
    /// The member of this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(one, _)| one == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    /// How deep it is nested; a flat object has depth 1.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Json::Array(elements) => 1 + elements.iter().map(Json::depth).max().unwrap_or(0),
            Json::Object(members) => 1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// How many names and values it holds, itself included.
    #[must_use]
    pub fn nodes(&self) -> usize {
        match self {
            Json::Array(elements) => 1 + elements.iter().map(Json::nodes).sum::<usize>(),
            Json::Object(members) => 1 + members.iter().map(|(_, value)| 1 + value.nodes()).sum::<usize>(),
            _ => 1,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.iter().any(|(one, _)| *one == name) {
                return Err(de::Error::custom("a name twice"));
            }
            members.push((name, access.next_value()?));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_and_huge_numbers_are_told_apart() {
        assert_eq!(read(br#"{"a":1,"\u0061":2}"#), Reading::Refused);
        assert_eq!(read(br#"{"a":1e999}"#), Reading::HugeNumber);
        assert_eq!(read(br#"{"a":1e999"#), Reading::Refused);
        let Reading::Value(value) = read(br#"{"a":[{"b":1}]}"#) else { panic!("it is JSON") };
        assert_eq!((value.depth(), value.nodes()), (3, 6));
    }
}

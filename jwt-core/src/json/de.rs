//! From a checked document into the caller's type, by serde.
//!
//! Differs from serde_json in three ways: a struct is never read from an array, errors never hold
//! a value of the token, and the text was already checked, so nothing here can fail on syntax.

use core::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};

use super::{Kind, Siblings, Value};

/// Reads `value` as a `T`.
pub(crate) fn from_value<'d, T: Deserialize<'d>>(value: Value<'d>) -> Result<T, DeserializeError> {
    T::deserialize(value)
}

/// What did not fit, without any value of the token.
// Boxed, so that what does fit is handed on in registers.
#[derive(Debug)]
pub(crate) struct DeserializeError(Box<Misfit>);

#[derive(Debug)]
struct Misfit {
    what: String,
    /// Fields of the caller's structs on the way, innermost first.
    path: Vec<&'static str>,
}

impl DeserializeError {
    #[cold]
    fn new(what: impl Into<String>) -> Self {
        Self(Box::new(Misfit { what: what.into(), path: Vec::new() }))
    }
}

impl fmt::Display for DeserializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, field) in self.0.path.iter().rev().enumerate() {
            let dot = if i == 0 { "" } else { "." };
            write!(f, "{dot}{field}")?;
        }
        let colon = if self.0.path.is_empty() { "" } else { ": " };
        write!(f, "{colon}{}", self.0.what)
    }
}

impl core::error::Error for DeserializeError {}

/// The kind of what was found; serde's own text would quote the value.
fn kind_of(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a number with a fraction",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map | Unexpected::NewtypeStruct => "an object",
        _ => "another kind of value",
    }
}

impl de::Error for DeserializeError {
    /// The text may quote the value, so it is dropped.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::new("refused by the type's own rules")
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {expected}, found {}", kind_of(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {expected}, found {} of another value", kind_of(found)))
    }

    fn invalid_length(len: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {expected}, found {len} elements"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("expected one of {expected:?}, found another variant"))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("expected only the fields {expected:?}, found another"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("missing field `{field}`"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("field `{field}` is given twice, perhaps by an alias"))
    }
}

/// A number's text as the narrowest of serde's types that holds it.
fn visit_number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, DeserializeError> {
    if let Some(n) = super::digits(text).or_else(|| text.parse().ok()) {
        return visitor.visit_u64(n);
    }
    if let Ok(n) = text.parse::<i64>() {
        return visitor.visit_i64(n);
    }
    match text.parse::<f64>() {
        Ok(n) if n.is_finite() => visitor.visit_f64(n),
        _ => Err(DeserializeError::new("number out of range")),
    }
}

fn visit_wide<'de, N, V>(
    value: Value<'de>,
    visitor: V,
    visit: impl FnOnce(V, N) -> Result<V::Value, DeserializeError>,
) -> Result<V::Value, DeserializeError>
where
    N: core::str::FromStr,
    V: Visitor<'de>,
{
    // Only a scalar has a text.
    let number = if value.kind() == Kind::Number { value.raw().parse().ok() } else { None };
    match number {
        Some(n) => visit(visitor, n),
        None => value.deserialize_any(visitor),
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::True => visitor.visit_bool(true),
            Kind::False => visitor.visit_bool(false),
            Kind::Number => visit_number(self.raw(), visitor),
            Kind::String => visitor.visit_borrowed_str(self.raw()),
            Kind::Escaped => visitor.visit_string(super::string::unescape(self.raw())),
            Kind::Array => {
                let mut elements = Elements(self.elements());
                let out = visitor.visit_seq(&mut elements)?;
                match elements.0.count() {
                    0 => Ok(out),
                    _ => Err(DeserializeError::new("array has more elements than expected")),
                }
            }
            Kind::Object => visitor.visit_map(Fields::of(self, &[])),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        if self.kind() != Kind::Object {
            // serde's derived structs would also take an array: an array is not a claims set.
            return Err(de::Error::invalid_type(unexpected(self.kind()), &visitor));
        }
        visitor.visit_map(Fields::of(self, fields))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.kind() == Kind::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.kind() {
            Kind::String | Kind::Escaped => visitor.visit_enum(Variant { name: self, content: None }),
            Kind::Object => {
                let mut members = self.members();
                match (members.next(), members.next()) {
                    (Some((name, content)), None) => {
                        visitor.visit_enum(Variant { name, content: Some(content) })
                    }
                    _ => Err(DeserializeError::new("expected an object with one member for an enum")),
                }
            }
            kind => Err(de::Error::invalid_type(unexpected(kind), &visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    /// serde's derived enums would also take a variant's number for its name, as formats without names need.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.kind() {
            Kind::String | Kind::Escaped => self.deserialize_any(visitor),
            kind => Err(de::Error::invalid_type(unexpected(kind), &visitor)),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visit_wide(self, visitor, V::visit_i128)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visit_wide(self, visitor, V::visit_u128)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map
    }
}

fn unexpected(kind: Kind) -> Unexpected<'static> {
    match kind {
        Kind::Null => Unexpected::Unit,
        Kind::True => Unexpected::Bool(true),
        Kind::False => Unexpected::Bool(false),
        Kind::Number => Unexpected::Unsigned(0),
        Kind::String | Kind::Escaped => Unexpected::Str(""),
        Kind::Array => Unexpected::Seq,
        Kind::Object => Unexpected::Map,
    }
}

struct Elements<'de>(Siblings<'de>);

impl<'de> SeqAccess<'de> for &mut Elements<'de> {
    type Error = DeserializeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        self.0.next().map(|value| seed.deserialize(value)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        // At least one byte of the token stands behind every element, so the count is bounded.
        Some(self.0.count())
    }
}

struct Fields<'de> {
    object: Value<'de>,
    /// The next name.
    next: usize,
    end: usize,
    /// The value of the name that was asked for last, until it is asked for.
    value: Option<usize>,
    /// The fields of the struct being read; empty for a map.
    fields: &'static [&'static str],
}

impl<'de> Fields<'de> {
    fn of(object: Value<'de>, fields: &'static [&'static str]) -> Self {
        let inside = object.inside();
        Self { object, next: inside.start, end: inside.end, value: None, fields }
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = DeserializeError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        if self.next >= self.end {
            return Ok(None);
        }
        let name = self.object.sibling(self.next);
        // A name is one node. The value is stepped over whether it is asked for or not.
        let value = self.next.wrapping_add(1);
        self.next = value.wrapping_add(self.object.sibling(value).subtree());
        self.value = Some(value);
        seed.deserialize(Name(name)).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        let at = self.value.take().ok_or_else(|| DeserializeError::new("value asked for before its name"))?;
        seed.deserialize(self.object.sibling(at)).map_err(|error| self.at_field(at, error))
    }
}

impl<'de> Fields<'de> {
    #[cold]
    fn at_field(&self, value: usize, mut error: DeserializeError) -> DeserializeError {
        let name = self.object.sibling(value.wrapping_sub(1));
        // Only names that the caller's type spells: a name of the token is never quoted.
        error.0.path.extend(self.fields.iter().find(|field| name.is_str(field)));
        error
    }
}

/// A member's name, which serde may want as something else than text (maps with number keys).
struct Name<'de>(Value<'de>);

impl<'de> Name<'de> {
    /// `01` and `+1` are names of their own, and no second one of `1`.
    fn parsed<N: core::str::FromStr + fmt::Display>(&self) -> Option<N> {
        let text = self.0.as_str()?;
        text.parse().ok().filter(|n: &N| n.to_string() == text)
    }
}

macro_rules! names_as_numbers {
    ($($method:ident $visit:ident $ty:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            match self.parsed::<$ty>() {
                Some(n) => visitor.$visit(n),
                None => self.0.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = DeserializeError;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0.kind() {
            Kind::Escaped => visitor.visit_string(super::string::unescape(self.0.raw())),
            _ => visitor.visit_borrowed_str(self.0.raw()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    names_as_numbers! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
    }

    serde::forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

struct Variant<'de> {
    name: Value<'de>,
    content: Option<Value<'de>>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = DeserializeError;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'de>), Self::Error> {
        Ok((seed.deserialize(self.name)?, Content(self.content)))
    }
}

struct Content<'de>(Option<Value<'de>>);

impl<'de> Content<'de> {
    fn required(self) -> Result<Value<'de>, DeserializeError> {
        self.0.ok_or_else(|| DeserializeError::new("expected an enum variant with content"))
    }
}

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = DeserializeError;

    fn unit_variant(self) -> Result<(), Self::Error> {
        match self.0 {
            None => Ok(()),
            Some(value) if value.kind() == Kind::Null => Ok(()),
            Some(_) => Err(DeserializeError::new("expected an enum variant without content")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Self::Error> {
        seed.deserialize(self.required()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.required()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.required()?.deserialize_struct("", fields, visitor)
    }
}

impl<'de> IntoDeserializer<'de, DeserializeError> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

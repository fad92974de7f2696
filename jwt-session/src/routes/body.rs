//! The members of a body: JSON or a form, each name once, each value a text.

use core::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use zeroize::{Zeroize as _, Zeroizing};

/// Members at most.
const MOST_MEMBERS: usize = 32;

/// What a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepts {
    JsonOrForm,
    Form,
}

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// Neither JSON nor a form, where there is a body: 415.
    MediaType,
    /// Broken, or a name twice: 400.
    Malformed,
}

/// The members, in the order sent. An empty value is as one that was left out (RFC 6749 §3.2).
#[derive(Default)]
pub(super) struct Members {
    all: Vec<(String, Zeroizing<String>)>,
    is_form: bool,
}

impl Members {
    /// Reads a body. None at all has no members, whatever it says it is.
    pub(super) fn read(media_type: Option<&str>, body: &[u8], accepts: Accepts) -> Result<Self, BodyFault> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        // Parameters, as `charset`, change nothing: both are UTF-8.
        let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Self::form(body).ok_or(BodyFault::Malformed)
        } else if accepts == Accepts::JsonOrForm && essence.eq_ignore_ascii_case("application/json") {
            serde_json::from_slice(body).map_err(|_| BodyFault::Malformed)
        } else {
            Err(BodyFault::MediaType)
        }
    }

    /// A form (WHATWG URL §5.1), but strict: what is no UTF-8 or no percent-encoding is broken.
    fn form(body: &[u8]) -> Option<Self> {
        let mut members = Self { is_form: true, ..Self::default() };
        for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let name = form_decoded(halves.next()?)?;
            let value = form_decoded(halves.next().unwrap_or_default())?;
            members.insert(name.to_string(), value).ok()?;
        }
        Some(members)
    }

    fn insert(&mut self, name: String, value: Zeroizing<String>) -> Result<(), &'static str> {
        if self.all.iter().any(|(other, _)| *other == name) {
            return Err("a member stands twice");
        }
        if self.all.len() >= MOST_MEMBERS {
            return Err("too many members");
        }
        self.all.push((name, value));
        Ok(())
    }

    /// Whether they came as a form, as OAuth has it.
    pub(super) const fn is_form(&self) -> bool {
        self.is_form
    }

    /// A member that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let member = self.all.iter().find(|(other, _)| other == name);
        member.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Members")
    }
}

/// Reads `+` as a space and `%41` as a character.
pub(super) fn form_decoded(text: &[u8]) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: &u8| char::from(*b).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?
            }
            byte => *byte,
        });
    }
    match String::from_utf8(core::mem::take(&mut *bytes)) {
        Ok(text) => Some(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            None
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Members::default();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    members.insert(name, Zeroizing::new(value)).map_err(de::Error::custom)?;
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
    const JSON: Option<&str> = Some("application/json");

    fn read(media_type: Option<&str>, body: &str) -> Result<Members, BodyFault> {
        Members::read(media_type, body.as_bytes(), Accepts::JsonOrForm)
    }

    #[test]
    fn json_and_forms_say_the_same() {
        for (media_type, body) in [
            (FORM, "username=alice+b&password=p%26%C3%A4&scope="),
            (Some("Application/X-WWW-Form-Urlencoded; charset=utf-8"), "username=alice%20b&&password=p%26ä"),
            (JSON, r#"{"username":"alice b","password":"p&ä","scope":""}"#),
            (Some("application/json;charset=utf-8"), r#" {"username":"alice b","password":"p&\u00e4"} "#),
        ] {
            let members = read(media_type, body).unwrap();
            assert_eq!(members.text("username"), Some("alice b"), "{body}");
            assert_eq!(members.text("password"), Some("p&ä"), "{body}");
            assert_eq!((members.text("scope"), members.text("other")), (None, None), "{body}");
        }
    }

    #[test]
    fn a_broken_body_is_malformed() {
        let many_names = |joint| (0..33).map(|n| format!("n{n}=1")).collect::<Vec<_>>().join(joint);
        for body in ["a=1&a=2", "a=1&%61=2", "a=%", "a=%4", "a=%zz", "a=%ff", "%C3=a", &many_names("&")] {
            assert_eq!(read(FORM, body).unwrap_err(), BodyFault::Malformed, "{body}");
        }
        for body in ["{", "[]", "null", "1", r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":"1","a":"2"}"#, "{} {}"] {
            assert_eq!(read(JSON, body).unwrap_err(), BodyFault::Malformed, "{body}");
        }
    }

    #[test]
    fn another_media_type_is_refused_where_there_is_a_body() {
        for media_type in
            [None, Some(""), Some("text/plain"), Some("multipart/form-data"), Some("application/jsonp")]
        {
            assert_eq!(read(media_type, "{}").unwrap_err(), BodyFault::MediaType, "{media_type:?}");
            assert!(read(media_type, "").unwrap().text("a").is_none());
        }
        assert_eq!(Members::read(JSON, b"{}", Accepts::Form).unwrap_err(), BodyFault::MediaType);
    }
}

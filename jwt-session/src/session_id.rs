//! The name of a session: the claim `sid` of its access tokens.

use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random::random;
use crate::session_error::SessionError;

/// The name of a session, 128 random bits. It is no secret: access tokens carry it as `sid` (OpenID Connect Front-Channel
/// Logout §3), lists show it, and nobody gets in by it.
///
/// Written as 22 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId([u8; Self::BYTES]);

/// What is no name of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSessionId;

impl SessionId {
    pub(crate) const BYTES: usize = 16;

    pub(crate) fn generate() -> Result<Self, SessionError> {
        random().map(Self)
    }

    /// The name of these 128 bits, for stores that keep it as such.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 128 bits.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        base64::display::Base64Display::new(&self.0, &URL_SAFE_NO_PAD).fmt(f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SessionId {
    type Err = NoSessionId;

    fn from_str(text: &str) -> Result<Self, NoSessionId> {
        let mut bytes = [0; Self::BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(Self::BYTES) => Ok(Self(bytes)),
            _ => Err(NoSessionId),
        }
    }
}

impl fmt::Display for NoSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of a session: 22 characters of base64url are")
    }
}

impl std::error::Error for NoSessionId {}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let id = SessionId::generate().unwrap();
        let text = id.to_string();
        assert_eq!((text.len(), text.parse()), (22, Ok(id)));
        let longer = [format!("{text}A"), format!("{text}==")];
        for other in ["", "x", text.split_at(1).1, &longer[0], &longer[1], "!!!!!!!!!!!!!!!!!!!!!!"] {
            assert_eq!(other.parse::<SessionId>(), Err(NoSessionId), "{other}");
        }
    }
}

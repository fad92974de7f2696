//! The claims that rules look at, noted while the payload is read.

use core::num::NonZeroU32;

use super::NumericDate;
use crate::json::{Kind, Value};

/// A claim that a rule may look at. A claim of the wrong type is never taken for an absent one
/// (CVE-2026-25537).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Claim<T> {
    #[default]
    Absent,
    Malformed,
    Is(T),
}

impl<T> Claim<T> {
    /// The value, where there is a well-formed one.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Claim::Is(value) => Some(value),
            Claim::Absent | Claim::Malformed => None,
        }
    }
}

/// Where a claim's value stands among the nodes of its document, if it is there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place(Option<NonZeroU32>);

impl Place {
    pub(crate) fn is_absent(self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn or(self, other: Place) -> Place {
        Place(self.0.or(other.0))
    }
}

/// See the module.
pub(crate) struct Recorded<'d> {
    root: Value<'d>,
    pub(crate) exp: Claim<NumericDate>,
    pub(crate) nbf: Claim<NumericDate>,
    pub(crate) iat: Claim<NumericDate>,
    pub(crate) auth_time: Claim<NumericDate>,
    /// All others, read as they are asked for.
    pub(crate) places: Places,
}

#[derive(Default)]
pub(crate) struct Places {
    pub(crate) iss: Place,
    pub(crate) sub: Place,
    pub(crate) aud: Place,
    exp: Place,
    nbf: Place,
    iat: Place,
    pub(crate) jti: Place,
    pub(crate) scope: Place,
    pub(crate) scp: Place,
    pub(crate) sid: Place,
    pub(crate) acr: Place,
    pub(crate) azp: Place,
    pub(crate) cnf: Place,
    pub(crate) htm: Place,
    pub(crate) nonce: Place,
    pub(crate) c_hash: Place,
    pub(crate) events: Place,
    pub(crate) at_hash: Place,
    auth_time: Place,
    pub(crate) client_id: Place,
    pub(crate) token_use: Place,
    pub(crate) token_type: Place,
}

impl Places {
    /// Notes where the value of a member stands, if it is one of these.
    #[inline]
    pub(crate) fn note(&mut self, name: &[u8], at: usize) {
        if let Some(place) = self.of(name) {
            *place = Place(u32::try_from(at).ok().and_then(NonZeroU32::new));
        }
    }

    #[inline]
    fn of(&mut self, name: &[u8]) -> Option<&mut Place> {
        Some(match name {
            b"iss" => &mut self.iss,
            b"sub" => &mut self.sub,
            b"aud" => &mut self.aud,
            b"exp" => &mut self.exp,
            b"iat" => &mut self.iat,
            b"nbf" => &mut self.nbf,
            b"jti" => &mut self.jti,
            b"scope" => &mut self.scope,
            b"scp" => &mut self.scp,
            b"sid" => &mut self.sid,
            b"acr" => &mut self.acr,
            b"azp" => &mut self.azp,
            b"cnf" => &mut self.cnf,
            b"htm" => &mut self.htm,
            b"nonce" => &mut self.nonce,
            b"c_hash" => &mut self.c_hash,
            b"events" => &mut self.events,
            b"at_hash" => &mut self.at_hash,
            b"auth_time" => &mut self.auth_time,
            b"client_id" => &mut self.client_id,
            b"token_use" => &mut self.token_use,
            b"token_type" => &mut self.token_type,
            _ => return None,
        })
    }
}

impl<'d> Recorded<'d> {
    /// The claims of `object`, whose members were noted while it was read.
    pub(crate) fn new(object: Value<'d>, places: Places) -> Self {
        let any = |place| value_at(object, place);
        Self {
            root: object,
            exp: date(any(places.exp)),
            nbf: date(any(places.nbf)),
            iat: date(any(places.iat)),
            auth_time: date(any(places.auth_time)),
            places,
        }
    }

    /// A claim of any type.
    #[inline]
    pub(crate) fn any(&self, place: Place) -> Option<Value<'d>> {
        value_at(self.root, place)
    }

    /// A claim that is a string.
    #[inline]
    pub(crate) fn text(&self, place: Place) -> Claim<Value<'d>> {
        match self.any(place) {
            None => Claim::Absent,
            Some(value) if matches!(value.kind(), Kind::String | Kind::Escaped) => Claim::Is(value),
            Some(_) => Claim::Malformed,
        }
    }
}

#[inline]
fn value_at(root: Value<'_>, place: Place) -> Option<Value<'_>> {
    place.0.map(|at| root.sibling(usize::try_from(at.get()).unwrap_or(usize::MAX)))
}

#[inline]
fn date(value: Option<Value<'_>>) -> Claim<NumericDate> {
    match value {
        None => Claim::Absent,
        Some(value) if value.kind() == Kind::Number => {
            NumericDate::from_number(value.raw()).map_or(Claim::Malformed, Claim::Is)
        }
        Some(_) => Claim::Malformed,
    }
}

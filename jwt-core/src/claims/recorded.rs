//! The claims that rules look at, picked out of a payload in one walk over its top level.

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
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Claim::Absent)
    }

    /// The value, where there is a well-formed one.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Claim::Is(value) => Some(value),
            Claim::Absent | Claim::Malformed => None,
        }
    }
}

/// See the module. Strings are kept as places in the document, dates as dates.
#[derive(Default)]
pub(crate) struct Recorded<'d> {
    pub(crate) iss: Claim<Value<'d>>,
    pub(crate) sub: Claim<Value<'d>>,
    pub(crate) jti: Claim<Value<'d>>,
    /// A string, or an array whose elements are not checked yet.
    pub(crate) aud: Claim<Value<'d>>,
    pub(crate) exp: Claim<NumericDate>,
    pub(crate) nbf: Claim<NumericDate>,
    pub(crate) iat: Claim<NumericDate>,
    pub(crate) auth_time: Claim<NumericDate>,
    pub(crate) nonce: Claim<Value<'d>>,
    pub(crate) azp: Claim<Value<'d>>,
    pub(crate) acr: Claim<Value<'d>>,
    pub(crate) sid: Claim<Value<'d>>,
    pub(crate) client_id: Claim<Value<'d>>,
    pub(crate) at_hash: Claim<Value<'d>>,
    pub(crate) token_use: Claim<Value<'d>>,
    pub(crate) token_type: Claim<Value<'d>>,
    /// Of any type.
    pub(crate) scope: Option<Value<'d>>,
    pub(crate) scp: Option<Value<'d>>,
    pub(crate) events: Option<Value<'d>>,
    /// Of any type.
    pub(crate) cnf: Option<Value<'d>>,
    pub(crate) c_hash: bool,
    pub(crate) htm: bool,
}

impl<'d> Recorded<'d> {
    pub(crate) fn of(object: Value<'d>) -> Self {
        let mut claims = Self::default();
        for (name, value) in object.members() {
            match name.kind() {
                Kind::Escaped => name.as_str().into_iter().for_each(|name| claims.record(&name, value)),
                _ => claims.record(name.raw(), value),
            }
        }
        claims
    }

    #[inline]
    fn record(&mut self, name: &str, value: Value<'d>) {
        match name {
            "iss" => self.iss = text(value),
            "sub" => self.sub = text(value),
            "aud" => {
                self.aud = match value.kind() {
                    Kind::Array => Claim::Is(value),
                    _ => text(value),
                }
            }
            "exp" => self.exp = date(value),
            "nbf" => self.nbf = date(value),
            "iat" => self.iat = date(value),
            "jti" => self.jti = text(value),
            "scope" => self.scope = Some(value),
            "scp" => self.scp = Some(value),
            "sid" => self.sid = text(value),
            "acr" => self.acr = text(value),
            "azp" => self.azp = text(value),
            "cnf" => self.cnf = Some(value),
            "htm" => self.htm = true,
            "nonce" => self.nonce = text(value),
            "c_hash" => self.c_hash = true,
            "events" => self.events = Some(value),
            "at_hash" => self.at_hash = text(value),
            "auth_time" => self.auth_time = date(value),
            "client_id" => self.client_id = text(value),
            "token_use" => self.token_use = text(value),
            "token_type" => self.token_type = text(value),
            _ => {}
        }
    }
}

#[inline]
fn text(value: Value<'_>) -> Claim<Value<'_>> {
    match value.kind() {
        Kind::String | Kind::Escaped => Claim::Is(value),
        _ => Claim::Malformed,
    }
}

#[inline]
fn date(value: Value<'_>) -> Claim<NumericDate> {
    match value.kind() {
        Kind::Number => NumericDate::from_number(value.raw()).map_or(Claim::Malformed, Claim::Is),
        _ => Claim::Malformed,
    }
}

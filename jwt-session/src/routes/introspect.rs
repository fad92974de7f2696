//! `POST /introspect` (RFC 7662).

use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

use jwt_core::request::SimpleHead;
use jwt_core::{Decision, Verified};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;

use super::body::Accepts;
use super::request::Kept;
use super::response::RouteResponse;
use super::{Answered, Routes, decided};

/// Claims that introspection tells of a token (RFC 7662 §2.2, RFC 9470 §6.2), and what our own rules look at: the session
/// and the roles. The tenant's claim has a name of its own.
const TOLD: &[&str] = &[
    "scope",
    "client_id",
    "sub",
    "aud",
    "iss",
    "exp",
    "iat",
    "nbf",
    "jti",
    "sid",
    "acr",
    "auth_time",
    "roles",
];

/// What a service is told: nothing of a token that is not good.
struct Introspection<'t>(Option<Vec<(Cow<'t, str>, &'t RawValue)>>);

impl Routes {
    /// RFC 7662: tells a service what an access token is worth. A refresh token is worth nothing to it: were it told to
    /// be active, a service would take it for an access token.
    pub(super) async fn introspect(&self, request: Kept) -> Answered {
        let client = self.authenticated_client(&request).await?;
        let members = Self::members(&request, Accepts::Form)?;
        let token = members.text("token").ok_or_else(RouteResponse::malformed)?;
        let verified = self.good_token(token).await?;
        let verified = verified.filter(|verified| self.may_ask(&client, verified));
        let claims = verified.as_deref().map(|verified| self.told_of(verified));
        Ok(RouteResponse::json(200, &Introspection(claims)))
    }

    /// Whether a token is for a service that this client may ask about (RFC 7662 §4).
    fn may_ask(&self, client: &str, verified: &Verified) -> bool {
        let audiences = self.0.audiences.get(client);
        let may_ask = |audience: &String| audiences.map_or(audience == client, |all| all.contains(audience));
        let one = || verified.claim::<String>("aud").ok().flatten().map(|one| vec![one]);
        let of_token = verified.claim::<Vec<String>>("aud").ok().flatten().or_else(one);
        of_token.unwrap_or_default().iter().any(may_ask)
    }

    fn told_of<'v>(&self, verified: &'v Verified) -> Vec<(Cow<'v, str>, &'v RawValue)> {
        let tenant = self.0.sessions.revocations().tenant_claim();
        let is_told = |name: &str| TOLD.contains(&name) || name == tenant || self.0.told.contains(name);
        // In one pass and as they stand, so that no number is another one afterwards. The payload was read before.
        let mut json = serde_json::Deserializer::from_slice(verified.payload());
        Told { is_told }.deserialize(&mut json).unwrap_or_default()
    }

    /// The access token of ours that a text is, if it is a good one: by the very rules of the request path, revocation
    /// included. One that is bound to a key is not good here, for nobody proves to have the key.
    pub(super) async fn good_token(&self, token: &str) -> Result<Option<Arc<Verified>>, RouteResponse> {
        let head = SimpleHead::get("/").with_field("authorization", format!("Bearer {token}"));
        match decided(self.0.bearer.decide(&head, None)).await {
            Decision::Proceed(proceed) => {
                let verified = proceed.authentication.verified();
                Ok(verified.filter(|verified| self.is_ours(verified)).cloned())
            }
            Decision::Refuse(refusal) if refusal.status() >= 500 => Err(RouteResponse::unavailable()),
            Decision::Refuse(_) => Ok(None),
        }
    }
}

impl Serialize for Introspection<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("active", &self.0.is_some())?;
        if let Some(claims) = &self.0 {
            for (name, value) in claims {
                map.serialize_entry(name, value)?;
            }
            map.serialize_entry("token_type", "Bearer")?;
        }
        map.end()
    }
}

/// The claims of a payload that are told. All others are passed over, whatever they hold.
struct Told<F> {
    is_told: F,
}

impl<'de, F: Fn(&str) -> bool> DeserializeSeed<'de> for Told<F> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Fn(&str) -> bool> Visitor<'de> for Told<F> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut told = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if (self.is_told)(&name) {
                told.push((name, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(told)
    }
}

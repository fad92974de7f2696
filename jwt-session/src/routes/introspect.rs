//! `POST /introspect` (RFC 7662).

use std::sync::Arc;

use jwt_core::request::SimpleHead;
use jwt_core::{Decision, Verified};
use serde::Serialize;
use serde_json::{Map, Value};

use super::body::Accepts;
use super::request::Kept;
use super::response::RouteResponse;
use super::{Answered, Routes, decided};

/// Members of a token that introspection tells (RFC 7662 §2.2), and the session.
const TOLD: &[&str] =
    &["scope", "client_id", "sub", "aud", "iss", "exp", "iat", "nbf", "jti", "sid", "tenant"];

impl Routes {
    /// RFC 7662: tells a service what an access token is worth. A refresh token is worth nothing to it: were it told to
    /// be active, a service would take it for an access token.
    pub(super) async fn introspect(&self, request: Kept) -> Answered {
        #[derive(Serialize)]
        struct Introspection {
            active: bool,
            #[serde(flatten)]
            claims: Map<String, Value>,
        }

        self.authenticated_client(&request).await?;
        let members = Self::members(&request, Accepts::Form)?;
        let token = members.text("token").ok_or_else(RouteResponse::malformed)?;
        let verified = self.good_token(token).await?;
        // What cannot be told again (a number beyond all) is not told to be good.
        let Some(all) = verified.and_then(|verified| verified.claims::<Map<String, Value>>().ok()) else {
            return Ok(RouteResponse::json(200, &Introspection { active: false, claims: Map::new() }));
        };
        let told = TOLD.iter().filter_map(|name| Some(((*name).to_owned(), all.get(*name)?.clone())));
        let mut claims: Map<String, Value> = told.collect();
        claims.insert("token_type".to_owned(), Value::from("Bearer"));
        Ok(RouteResponse::json(200, &Introspection { active: true, claims }))
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

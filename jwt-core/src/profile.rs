//! The rules of one kind of token (RFC 8725 §3.11, §3.12).

use crate::claims::Recorded;
use crate::config::ConfigError;
use crate::header::media_type_is;
use crate::json::{Kind, Value};
use crate::refusal::{Reason, TokenError};

/// The kind of token that an authority accepts: which `typ` it has, which claims it must have and
/// which show that it is something else.
///
/// | profile | `typ` | needs | refuses |
/// |---|---|---|---|
/// | `AccessToken` (default) | `JWT`, `at+jwt` or absent | | `nonce`, `at_hash`, `c_hash`, `events`, `htm`, `token_use` of `id`, `refresh` or `refresh_token`, `token_type` of `refresh` |
/// | `Rfc9068` | `at+jwt` | `iss`, `exp`, `aud`, `sub`, `client_id`, `iat`, `jti` | as above |
/// | `IdToken` | `JWT` or absent | `iss`, `sub`, `aud`, `exp`, `iat`; `azp` as OpenID Connect Core §3.1.3.7 says | `events` |
/// | `LogoutToken` | `logout+jwt` or absent | `iss`, `aud`, `iat`, `exp`, `jti`, the logout event, `sub` or `sid` | `nonce` |
///
/// `typ` is compared as a media type: case does not matter and `application/` may stand before it
/// (RFC 7515 §4.1.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// An access token as most issuers make it.
    #[default]
    AccessToken,
    /// An access token that follows RFC 9068 to the letter.
    Rfc9068,
    /// An ID token at the client that it was issued to (OpenID Connect Core §2). The audience is
    /// the client.
    IdToken,
    /// A logout token (OpenID Connect Back-Channel Logout 1.0 §2.4).
    LogoutToken,
}

/// The member of `events` that makes a token a logout token.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Profile {
    /// Whether a token of this `typ` may be of this kind.
    pub(crate) fn accepts_typ(self, typ: Option<&str>) -> bool {
        let is = |expected| typ.is_some_and(|typ| media_type_is(typ, expected));
        match self {
            Profile::AccessToken => typ.is_none() || is("JWT") || is("at+jwt"),
            Profile::Rfc9068 => is("at+jwt"),
            Profile::IdToken => typ.is_none() || is("JWT"),
            Profile::LogoutToken => typ.is_none() || is("logout+jwt"),
        }
    }

    /// Refuses a `typ` of the configuration that this kind of token never has. An access token of
    /// an issuer's own making may have any.
    pub(crate) fn check_required_typ(self, typ: Option<&str>) -> Result<(), ConfigError> {
        match typ {
            Some(typ) if self != Profile::AccessToken && !self.accepts_typ(Some(typ)) => {
                Err(ConfigError::RefusedByProfile { what: format!("the `typ` {typ:?}") })
            }
            _ => Ok(()),
        }
    }

    /// Claims that a token of this kind must have, whatever else is required.
    pub(crate) fn required(self) -> &'static [&'static str] {
        match self {
            Profile::AccessToken => &[],
            // RFC 9068 §2.2.
            Profile::Rfc9068 => &["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
            Profile::IdToken => &["iss", "sub", "aud", "exp", "iat"],
            Profile::LogoutToken => &["iss", "aud", "iat", "exp", "jti", "events"],
        }
    }

    /// Refuses claims which show that the token is of another kind: each is put to `rule`, and what
    /// that makes an error of ends the walk, as in [`apply`](crate::policy::apply).
    pub(crate) fn check_kind(
        self,
        claims: &Recorded<'_>,
        rule: &mut impl FnMut(Result<(), TokenError>) -> Result<(), TokenError>,
    ) -> Result<(), TokenError> {
        let mut refuse_if = |is_wrong: bool, claim| {
            rule(if is_wrong { Err(TokenError::about(Reason::WrongKind, claim)) } else { Ok(()) })
        };
        let at = &claims.places;
        match self {
            Profile::AccessToken | Profile::Rfc9068 => {
                for (place, name) in [
                    (at.nonce, "nonce"),
                    (at.at_hash, "at_hash"),
                    (at.c_hash, "c_hash"),
                    (at.events, "events"),
                    (at.htm, "htm"),
                ] {
                    refuse_if(!place.is_absent(), name)?;
                }
                // Ory Hydra says `refresh_token`.
                let token_use = claims.any(at.token_use);
                refuse_if(is_one_of(token_use, &["id", "refresh", "refresh_token"]), "token_use")?;
                refuse_if(is_one_of(claims.any(at.token_type), &["refresh"]), "token_type")
            }
            Profile::IdToken => refuse_if(!at.events.is_absent(), "events"),
            Profile::LogoutToken => {
                refuse_if(!at.nonce.is_absent(), "nonce")?;
                let event = claims.any(at.events).and_then(|events| events.member(LOGOUT_EVENT));
                refuse_if(event.is_none_or(|event| event.kind() != Kind::Object), "events")?;
                let names_nobody = |place| claims.text(place).value().is_none_or(|name| name.is_str(""));
                if [at.sub, at.sid].into_iter().all(names_nobody) {
                    return rule(Err(TokenError::about(Reason::MissingClaim, "sub or sid")));
                }
                Ok(())
            }
        }
    }
}

fn is_one_of(value: Option<Value<'_>>, kinds: &[&str]) -> bool {
    value.is_some_and(|value| kinds.iter().any(|kind| value.is_str(kind)))
}

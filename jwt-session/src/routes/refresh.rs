//! `POST /refresh`: the token endpoint for refresh tokens (RFC 6749 §6).

use jwt_core::Reason;
use jwt_core::request::{Proof, read_cookie};

use super::body::Accepts;
use super::cookies::Mode;
use super::request::Kept;
use super::response::{OAuthError, RouteResponse};
use super::{Answered, Routes};
use crate::events::AttemptRefusal;
use crate::refresh_token::RefreshToken;
use crate::session_error::{RefreshRefusal, SessionError};
use crate::session_id::SessionId;
use crate::sessions::Refresh;

impl Routes {
    pub(super) async fn refresh(&self, request: Kept) -> Answered {
        let members = Self::members(&request, Accepts::JsonOrForm)?;
        match members.text("grant_type") {
            Some("refresh_token") => {}
            // RFC 6749 §6 asks for it. JSON is our own form, which says by its path what is asked for.
            None if !members.is_form() => {}
            None => return Err(RouteResponse::malformed()),
            Some(_) => return Err(RouteResponse::error(400, OAuthError::UnsupportedGrantType)),
        }
        let client = self.client(&request, &members)?;
        let mode = client.mode();
        let token = match (mode, members.text("refresh_token")) {
            (Mode::Json, Some(token)) => token,
            (Mode::Json, None) => return Err(RouteResponse::malformed()),
            // A token that a script could read has no place in a client of cookies.
            (Mode::Cookies | Mode::Mixed, Some(_)) => return Err(RouteResponse::malformed()),
            (Mode::Cookies | Mode::Mixed, None) => {
                self.own_refresh_token(&request)?.ok_or_else(|| self.no_session())?
            }
        };
        let client = self.proven(&request, client).await?;
        let now = self.now();
        // One that is no token at all costs no question to the store, yet counts.
        let session = RefreshToken::parse(token).map(|token| token.session);
        let name = session.map(|session| session.to_string()).unwrap_or_default();
        let refused = |why| self.tell_refresh_refused(&request, session, why);
        let limited = |_: &RouteResponse| refused(AttemptRefusal::RateLimited);
        let attempt = self.0.refresh_limits.attempt(self.address(&request), &name, now);
        let attempt = attempt.inspect_err(limited)?;
        let refresh = Refresh { client: client.as_deref(), scope: members.text("scope") };
        let outcome = self.0.sessions.refresh(token, refresh).await;
        let now = self.now();
        match outcome {
            Ok(tokens) => {
                // Given out in any case: the token that was presented is worth nothing now.
                attempt.passed_of_name(now);
                self.tokens(mode, &tokens)
            }
            Err(error) => {
                let why = match &error {
                    // The name of a session is no secret, and guesses are not to lock it.
                    SessionError::Refused(refusal) => {
                        match refusal {
                            RefreshRefusal::Unknown => attempt.failed_of_address(now),
                            _ => attempt.failed(now),
                        }
                        .inspect_err(limited)?;
                        AttemptRefusal::RefreshToken(*refusal)
                    }
                    _ => AttemptRefusal::Unavailable,
                };
                refused(why);
                Err(self.not_refreshed(mode, &error))
            }
        }
    }

    /// The token in the cookie of a request that our own page sent, if there is one.
    pub(super) fn own_refresh_token<'r>(&self, request: &'r Kept) -> Result<Option<&'r str>, RouteResponse> {
        let proof = self.0.proof_of_origin.judge(&request.head, true);
        let foreign = || self.refuse(Reason::CrossOrigin);
        if proof == Proof::Refused {
            return Err(foreign());
        }
        let cookie = self.refresh_cookie(request)?;
        if let (Proof::NeedsDoubleSubmit(value), Some((_, session))) = (proof, cookie) {
            // Bound to the session that the token names; whether the token is genuine is seen later.
            let is_ours = self.0.csrf_key.as_ref().is_some_and(|key| key.verify(value, &session.to_string()));
            if !is_ours {
                return Err(foreign());
            }
        }
        Ok(cookie.map(|(token, _)| token))
    }

    /// The token in the refresh cookie and the session that it names, where that is this browser's.
    pub(super) fn refresh_cookie<'r>(
        &self,
        request: &'r Kept,
    ) -> Result<Option<(&'r str, SessionId)>, RouteResponse> {
        let cookies = &self.0.cookies;
        let read = |name| read_cookie(&request.head, name).map_err(|reason| self.refuse(reason));
        let (token, own) = (read(cookies.refresh_name())?, read(cookies.session_name())?);
        let Some(token) = token else { return Ok(None) };
        let named = RefreshToken::parse(token).map(|token| token.session);
        let own = own.and_then(|own| own.parse::<SessionId>().ok());
        match (named, own) {
            (Some(named), Some(own)) if named == own => Ok(Some((token, named))),
            _ => {
                tracing::info!(
                    event = "refresh_cookie_refused",
                    "a refresh cookie is not of the session that this browser has: not ours, or set by another host"
                );
                Ok(None)
            }
        }
    }

    fn not_refreshed(&self, mode: Mode, error: &SessionError) -> RouteResponse {
        let SessionError::Refused(refusal) = error else { return Self::broken(error) };
        match refusal {
            RefreshRefusal::ScopeNotGranted => RouteResponse::error(400, OAuthError::InvalidScope),
            RefreshRefusal::Reuse | RefreshRefusal::Ended if mode.has_cookies() => {
                self.no_session().with_cookies(self.0.cookies.clear(mode))
            }
            // Somebody else won the race, or logged in meanwhile: the cookies that this browser has by now are good.
            _ if mode.has_cookies() => self.no_session(),
            _ => RouteResponse::error(400, OAuthError::InvalidGrant),
        }
    }

    /// A browser without a good refresh token: it has to log in.
    pub(super) fn no_session(&self) -> RouteResponse {
        let challenge = self.0.auth.refuse(&Reason::NoCredentials.into());
        let response = RouteResponse::error(401, OAuthError::InvalidGrant);
        challenge
            .challenges()
            .fold(response, |response, challenge| response.with("www-authenticate", challenge.to_owned()))
    }
}

//! `POST /backchannel-logout`: the identity provider says that somebody has logged out (OpenID Connect Back-Channel
//! Logout 1.0 §2.5 – §2.8).

use core::hash::BuildHasher as _;
use core::time::Duration;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::sync::{Mutex, PoisonError};

use jwt_core::{Answer, Presented, TokenAuthority, Verified};
use serde_json::{Map, Value};

use super::body::Accepts;
use super::request::Kept;
use super::response::RouteResponse;
use super::{Answered, Routes};
use crate::session_error::SessionError;

const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Tokens that are remembered at a time. They live for two minutes (§2.4), so that these are many logouts. Where there are
/// more, the rest is not remembered: a token that is used again ends nothing that its first use did not.
const MOST_REMEMBERED: usize = 10_000;
/// How far a provider's clock may be behind ours: a session that was started so long after the logout is another one.
const LEEWAY: Duration = Duration::from_secs(30);
/// Verifiers let a token live so much longer.
const MOST_LEEWAY: Duration = Duration::from_secs(300);

/// Our name for a provider's subject, by issuer and `sub`.
type SubjectOf = dyn Fn(&str, &str) -> Option<String> + Send + Sync;

/// Who may say that somebody has logged out, and who that is here.
pub(super) struct ProviderLogout {
    authority: Box<dyn TokenAuthority>,
    subject_of: Box<SubjectOf>,
    seen: Seen,
}

/// Until when tokens are remembered, by a keyed hash of their names.
struct Seen {
    most: usize,
    hash: RandomState,
    until: Mutex<HashMap<u64, Duration>>,
}

impl ProviderLogout {
    pub(super) fn new(
        authority: impl TokenAuthority,
        subject_of: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            authority: Box::new(authority),
            subject_of: Box::new(subject_of),
            seen: Seen { most: MOST_REMEMBERED, hash: RandomState::new(), until: Mutex::default() },
        }
    }
}

impl Seen {
    fn has(&self, name: (&str, &str), now: Duration) -> bool {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(&self.hash.hash_one(name)).is_some_and(|until| now < *until)
    }

    /// Remembers a token, where there is room.
    fn remember(&self, name: (&str, &str), now: Duration, until: Duration) {
        let mut all = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= self.most {
            all.retain(|_, until| now < *until);
        }
        if all.len() < self.most {
            all.insert(self.hash.hash_one(name), until);
        }
    }
}

impl Routes {
    /// Ends the sessions that a logout token means: those started by the provider's session `sid`, and without one all
    /// of its subject; up to when the token was made, so that nobody who logs in afterwards is logged out by it. Answered
    /// by 200, 400, or 503 where the provider should try again.
    pub(super) async fn provider_logout(&self, request: Kept) -> Answered {
        let Some(provider) = &self.0.provider_logout else { return Err(RouteResponse::absent()) };
        let members = Self::members(&request, Accepts::Form)?;
        let token = members.text("logout_token").ok_or_else(RouteResponse::malformed)?;
        let attempt = self.0.logout_token_limits.attempt_of_client(self.address(&request), "", self.now())?;
        let verified = match provider.authority.verify(&Presented::new(token)).decide().await {
            Ok(verified) => verified,
            Err(error) => {
                tracing::info!(
                    event = "logout_token_refused",
                    code = error.reason().code(),
                    "a logout token was refused"
                );
                if matches!(error.reason().answer(), Answer::Unavailable) {
                    return Err(RouteResponse::unavailable());
                }
                attempt.failed(self.now())?;
                return Err(RouteResponse::malformed());
            }
        };
        let Some(name) = name_of(&verified) else {
            attempt.failed(self.now())?;
            return Err(RouteResponse::malformed());
        };
        if provider.seen.has(name, self.now()) {
            return Err(RouteResponse::malformed());
        }
        self.end_sessions_of(provider, &verified).await.map_err(|error| Self::broken(&error))?;
        // Only now: a provider that was told 503 sends the same token again.
        let now = self.now();
        let expiry = verified.expires_at().map_or(now, |date| date.as_duration());
        provider.seen.remember(name, now, expiry.saturating_add(MOST_LEEWAY));
        Ok(RouteResponse::json(200, &Map::new()))
    }

    async fn end_sessions_of(
        &self,
        provider: &ProviderLogout,
        verified: &Verified,
    ) -> Result<(), SessionError> {
        let sessions = &self.0.sessions;
        let issuer = verified.issuer().unwrap_or_default();
        let subject = verified.subject().and_then(|subject| (provider.subject_of)(issuer, subject));
        let session_id = verified.session_id();
        let made = verified.issued_at().map_or_else(|| self.now(), |date| date.as_duration());
        let until = made.saturating_add(LEEWAY);
        match (subject, session_id) {
            // Nobody here.
            (None, None) => Ok(()),
            (Some(subject), None) => sessions.end_all_by_provider(&subject, until).await,
            (Some(subject), Some(session_id)) => {
                sessions.end_of_subject_and_provider(&subject, issuer, &session_id, until).await
            }
            // Whoever it is: what the provider's session started ends with it.
            (None, Some(session_id)) => sessions.end_of_provider(issuer, &session_id, until).await,
        }
    }
}

/// What names a logout token: issuer and `jti`. None where it is no logout token, whatever the verifier was set up for:
/// an access token of the provider ends nobody's sessions.
fn name_of(verified: &Verified) -> Option<(&str, &str)> {
    let events = verified.claim::<Map<String, Value>>("events").ok()??;
    let has_event = events.get(LOGOUT_EVENT).is_some_and(Value::is_object);
    let name = (verified.issuer()?, verified.token_id()?);
    has_event.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_that_is_full_forgets_what_is_over_and_keeps_nobody_out() {
        let at = Duration::from_secs;
        let seen = Seen { most: 2, hash: RandomState::new(), until: Mutex::default() };
        let all = ["a", "b", "c"].map(|id| ("issuer", id));
        all.iter().for_each(|name| seen.remember(*name, at(1), at(10)));
        assert_eq!(all.map(|name| seen.has(name, at(9))), [true, true, false], "there was no room");
        assert_eq!(all.map(|name| seen.has(name, at(10))), [false; 3]);
        seen.remember(all[2], at(10), at(20));
        assert!(seen.has(all[2], at(19)) && !seen.has(("other", "c"), at(19)));
        assert_eq!(seen.until.lock().unwrap().len(), 1);
    }
}

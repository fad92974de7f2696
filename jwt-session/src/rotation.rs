//! What a refresh makes of a session. Pure: no clock, no store, no chance but what is handed in.
//!
//! Presented is, first match wins:
//!
//! 1. a guess: nothing changes;
//! 2. a token of a session that ended or expired: refused;
//! 3. a genuine token in the hands of another client: the session ends (RFC 6749 §10.4);
//! 4. the current token: a successor takes its place;
//! 5. the one before it, within the grace: the same successor again, and after so many times nothing, so that any number
//!    of callers at once leaves one usable successor. Where a signature was made for it, the time counts at which it was
//!    presented: a signer that takes its time makes nobody a thief;
//! 6. either of them, for more scopes than were granted: refused, nothing changes (RFC 6749 §6);
//! 7. any other genuine token: the session ends (RFC 9700 §4.14.2).
//!
//! Which token is older is told by its generation, never by a clock: clocks of nodes differ, and jump.

use core::time::Duration;

use crate::refresh_token::{Nonce, RefreshToken};
use crate::session::{EndReason, Previous, Session};

/// The rules of refreshing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefreshRules {
    /// How long the previous token has the same successor.
    pub(crate) grace: Duration,
    /// How often.
    pub(crate) most_replays: u8,
    /// A session that is not refreshed for so long ends.
    pub(crate) idle: Duration,
}

/// Who presents a refresh token, and what for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presented<'p> {
    pub(crate) token: &'p RefreshToken,
    pub(crate) client: Option<&'p str>,
    /// Fewer scopes than were granted, separated by spaces.
    pub(crate) scope: Option<&'p str>,
    /// How long it is since it was found good, and a signature for it begun.
    pub(crate) waited: Duration,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// A new generation. The session has changed.
    Rotated(RefreshToken),
    /// The successor that was given out before. The session has changed, for replays are counted.
    Again(RefreshToken),
    /// The session has ended just now: by reuse, or in the hands of another client.
    Ends(EndReason),
    /// The session has not changed.
    Refused(Refused),
}

/// Why nothing was given out, and nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Guess,
    Expired,
    Ended(EndReason),
    TooOften,
    ScopeNotGranted,
}

/// Decides, and changes the session accordingly.
pub(crate) fn rotate(
    session: &mut Session,
    presented: Presented<'_>,
    rules: &RefreshRules,
    nonce: Nonce,
    now: Duration,
) -> Rotation {
    let token = presented.token;
    if token.session != session.id || !token.is_genuine(&session.tag_key) {
        return Rotation::Refused(Refused::Guess);
    }
    if let Some(ended) = session.ended {
        return Rotation::Refused(Refused::Ended(ended.why));
    }
    if now >= session.expiry() {
        return Rotation::Refused(Refused::Expired);
    }
    let is_granted = is_granted(session, presented.scope);
    let is_same_client = presented.client == session.client.as_deref();
    let hash = token.hash();
    if is_same_client && hash == session.current {
        if !is_granted {
            return Rotation::Refused(Refused::ScopeNotGranted);
        }
        if let Some(successor) = token.successor(&nonce, &session.tag_key) {
            session.generation = successor.generation;
            session.current = successor.hash();
            session.previous = Some(Previous { hash, nonce, rotated: now, replays: 0 });
            session.last_used = now;
            session.idle_end = now.saturating_add(rules.idle);
            return Rotation::Rotated(successor);
        }
    } else if is_same_client
        && let Some(previous) = &mut session.previous
        && hash == previous.hash
        // A clock that was set back makes the grace longer; replays are counted all the same.
        && now.saturating_sub(presented.waited).saturating_sub(previous.rotated) < rules.grace
        && let Some(successor) = token.successor(&previous.nonce, &session.tag_key)
    {
        if !is_granted {
            return Rotation::Refused(Refused::ScopeNotGranted);
        }
        if previous.replays >= rules.most_replays {
            return Rotation::Refused(Refused::TooOften);
        }
        previous.replays = previous.replays.saturating_add(1);
        return Rotation::Again(successor);
    }
    let why = if is_same_client { EndReason::RefreshReuse } else { EndReason::OtherClient };
    session.end(why, now);
    Rotation::Ends(why)
}

/// Whether all scopes that are asked for were granted: names with one space between them (RFC 6749 §3.3).
fn is_granted(session: &Session, asked: Option<&str>) -> bool {
    let is_granted = |scope: &str| {
        let granted = session.scope.as_deref().unwrap_or_default();
        !scope.is_empty() && granted.split(' ').any(|granted| granted == scope)
    };
    asked.is_none_or(|asked| asked.split(' ').all(is_granted))
}

#[cfg(test)]
mod tests;

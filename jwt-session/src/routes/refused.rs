//! Refused attempts, as they are told of: who, from where, and why; and no more of them than the limits let through.

use core::net::IpAddr;

use super::Routes;
use super::limits::Limits;
use super::request::Kept;
use crate::events::{AttemptRefusal, SecurityEvent};
use crate::session_id::SessionId;
use crate::sessions::shown;

/// Characters that are told of a name.
const TOLD_OF_NAME: usize = 256;

impl Routes {
    pub(super) fn tell_login_refused(&self, request: &Kept, name: &str, why: AttemptRefusal) {
        self.tell(request, &self.0.login_limits, why, |address, user_agent| SecurityEvent::LoginRefused {
            name: escaped(name),
            address,
            user_agent,
            why,
        });
    }

    pub(super) fn tell_refresh_refused(
        &self,
        request: &Kept,
        session: Option<SessionId>,
        why: AttemptRefusal,
    ) {
        self.tell(request, &self.0.refresh_limits, why, |address, user_agent| {
            SecurityEvent::RefreshRefused { session, address, user_agent, why }
        });
    }

    pub(super) fn tell_client_refused(&self, request: &Kept, client: Option<&str>, why: AttemptRefusal) {
        self.tell(request, &self.0.client_limits, why, |address, user_agent| SecurityEvent::ClientRefused {
            client: client.map(escaped),
            address,
            user_agent,
            why,
        });
    }

    fn tell(
        &self,
        request: &Kept,
        limits: &Limits,
        why: AttemptRefusal,
        event: impl FnOnce(Option<IpAddr>, Option<String>) -> SecurityEvent,
    ) {
        let address = self.address(request);
        if limits.is_told(address, why, self.now()) {
            let event = event(address, request.text("user-agent").map(shown));
            self.0.sessions.events().tell(&event);
        }
    }
}

/// What a stranger wrote, for logs (CVE-2024-45808).
fn escaped(text: &str) -> String {
    text.escape_debug().take(TOLD_OF_NAME).collect()
}

//! What has to be done now and then: learning what other processes revoke, and forgetting what expired.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::Weak;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{Instant, sleep};

use super::{Inner, Sessions};
use crate::session_error::SessionError;
use crate::store::SessionStore as _;

/// Lines of the log that are read at a time.
const LOG_PAGE: usize = 10_000;
/// Calls of the store, each of which forgets some, in one go.
const MOST_CALLS: usize = 1_000;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

impl Sessions {
    /// Reads what other processes on the same store have revoked since the last time. A task of these sessions does it every
    /// second, or every minute where there are no others, where [`open`](crate::SessionsBuilder::open) found a runtime of tokio; and whatever revokes does it before it
    /// returns. A call that finds nothing is one small question to the store. Where the clock has jumped by minutes since the
    /// last call, the log is read from its beginning.
    ///
    /// # Errors
    /// [`SessionError::Store`]. Where that lasts for a minute, the check answers 503
    /// ([`require_max_lag`](crate::SessionsBuilder::require_max_lag)).
    pub async fn catch_up(&self) -> Result<(), SessionError> {
        let inner = &*self.0;
        // After a jump of the clock all of it, once and to its end, for lines that looked expired were passed over.
        let jumps = inner.revocations.jumps();
        let mut after = if jumps == inner.jumps.load(Ordering::Acquire) { inner.read() } else { 0 };
        loop {
            let as_of = Instant::now();
            let page = inner.store.revocations(after, LOG_PAGE).await?;
            if page.newest < after {
                tracing::warn!(
                    event = "log_went_back",
                    "the store has lost lines of its log: all of it is read again"
                );
                after = 0;
                inner.set_read(after);
                continue;
            }
            for (number, revocation) in &page.lines {
                inner.revocations.add(revocation)?;
                after = *number;
                inner.has_read(after);
            }
            if page.lines.len() < LOG_PAGE {
                // The lines between were forgotten.
                inner.has_read(page.newest);
                inner.jumps.fetch_max(jumps, Ordering::AcqRel);
                inner.revocations.caught_up(as_of);
                return Ok(());
            }
        }
    }

    /// How long ago this process last knew all that other processes had revoked; of no meaning where there are none.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.0.revocations.lag()
    }

    /// Forgets what expired, here and in the store; tells how much of the store. A task of these sessions does it every
    /// minute, where [`open`](crate::SessionsBuilder::open) found a runtime of tokio.
    ///
    /// Nothing is forgotten in the first ten minutes behind `open`, nor for an hour after the clock has jumped by minutes:
    /// what was taken back would be good again when the clock is set right.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn remove_expired(&self) -> Result<usize, SessionError> {
        let Some(now) = self.0.revocations.forgotten() else { return Ok(0) };
        for () in self.0.revocations.remove_expired(now) {
            yield_now().await;
        }
        let mut removed = 0_usize;
        for _ in 0..MOST_CALLS {
            let more = self.0.store.remove_expired().await?;
            removed = removed.saturating_add(more);
            if more == 0 {
                break;
            }
        }
        Ok(removed)
    }

    /// Does both for as long as there are these sessions, each by a task of its own, so that much to forget keeps nobody
    /// from following. None without a runtime to do it on.
    pub(super) fn start_upkeep(&self, follows: bool) -> Option<[AbortHandle; 2]> {
        let runtime = Handle::try_current().ok()?;
        let weak = || std::sync::Arc::downgrade(&self.0);
        // Who is alone reads what was written though the store said that it failed.
        let period = if follows { SECOND } else { MINUTE };
        let (follows, forgets) = (runtime.spawn(follow(weak(), period)), runtime.spawn(forget(weak())));
        Some([follows.abort_handle(), forgets.abort_handle()])
    }
}

async fn follow(weak: Weak<Inner>, period: Duration) {
    let mut told = Told::new("catching up");
    loop {
        sleep(period).await;
        let Some(sessions) = weak.upgrade().map(Sessions) else { return };
        told.tell(sessions.catch_up().await.err());
    }
}

async fn forget(weak: Weak<Inner>) {
    let mut told = Told::new("forgetting");
    loop {
        sleep(MINUTE).await;
        let Some(sessions) = weak.upgrade().map(Sessions) else { return };
        told.tell(sessions.remove_expired().await.err());
    }
}

/// Tells of the first failure of many, and of the end of them.
struct Told {
    what: &'static str,
    fails: bool,
}

impl Told {
    const fn new(what: &'static str) -> Self {
        Self { what, fails: false }
    }

    fn tell(&mut self, failure: Option<SessionError>) {
        let what = self.what;
        match &failure {
            Some(error) if !self.fails => {
                let (code, error): (_, &dyn std::error::Error) = (error.code(), error);
                tracing::warn!(event = "upkeep_fails", what, code, error, "the upkeep of sessions fails");
            }
            None if self.fails => {
                tracing::info!(event = "upkeep_heals", what, "the upkeep of sessions goes on")
            }
            _ => {}
        }
        self.fails = failure.is_some();
    }
}

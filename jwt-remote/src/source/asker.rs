//! Whom verification asks for newer keys, and those who wait for them.

use std::sync::Arc;

use jwt_core::Reason;
use jwt_core::keys::{Grant, Live, Refresh, RefreshHint};
use tokio::time::timeout;

use super::Source;
use crate::observe;
use crate::schedule::Answer;

/// Whether the keys of this moment answer the need, though those that a token was verified by did not.
pub(crate) fn answers(keys: &Live, hint: RefreshHint<'_>) -> bool {
    let Some(keys) = keys.load() else { return false };
    match hint {
        RefreshHint::UnknownKey { key_id, algorithm, .. } => {
            keys.select(algorithm, key_id).err() != Some(Reason::UnknownKey)
        }
        _ => true,
    }
}

/// A handle on a source, as what verification asks for newer keys.
pub(crate) struct Asker(pub(crate) Arc<Source>);

impl Refresh for Asker {
    fn request(&self, hint: RefreshHint<'_>) -> Grant {
        let source = &self.0;
        let now = source.now();
        let mut state = source.state();
        // A fetch that ended since the token was looked at: no further one is needed.
        if answers(&source.live(), hint) {
            return Grant::Fetch(Box::pin(core::future::ready(())));
        }
        let print = source.print(hint);
        let answer = match print {
            Some(key) => state.schedule.ask_for(key, now),
            None => state.schedule.ask_for_any(now),
        };
        if answer == Answer::Denied {
            let told = if print.is_some() { state.suppressed.one_more(now) } else { None };
            drop(state);
            if let Some(wishes) = told {
                observe::suppressed(source.name(), wishes);
            }
            return Grant::Denied;
        }
        // Before the lock is given up, or the fetch could end unseen.
        let mut ended = source.ended.subscribe();
        state.is_wanted |= answer == Answer::Begin;
        drop(state);
        // Also to join one: the task that was to begin it may have ended with its runtime.
        if let Some(hub) = source.hub.upgrade() {
            hub.wake();
        }
        match Arc::clone(&source.places).try_acquire_owned() {
            Err(_full) => Grant::Overloaded,
            Ok(place) => {
                let wait = source.wait;
                Grant::Fetch(Box::pin(async move {
                    let _place = place;
                    // Too long is no error: verification looks at what is there.
                    let _ = timeout(wait, ended.changed()).await;
                }))
            }
        }
    }
}

//! A store that does not answer in time is one that cannot be asked.

use core::time::Duration;
use std::sync::Arc;

use jwt_core::BoxFuture;
use tokio::runtime::Handle;

use crate::session::Session;
use crate::session_id::SessionId;
use crate::store::{Change, LogPage, Of, Scope, SessionStore, StoreError, StoreErrorKind};

/// A store that is given up on after a while.
pub(super) struct Patient {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) patience: Duration,
}

impl Patient {
    /// What was asked is dropped in the end: it may have been done all the same, as where a store fails.
    async fn wait<T>(&self, answer: BoxFuture<'_, Result<T, StoreError>>) -> Result<T, StoreError> {
        // Elsewhere there is no timer, and the store's own promise is all there is.
        if Handle::try_current().is_err() {
            return answer.await;
        }
        match tokio::time::timeout(self.patience, answer).await {
            Ok(answer) => answer,
            Err(late) => Err(StoreError::new(StoreErrorKind::Unavailable).with_cause(late)),
        }
    }
}

impl SessionStore for Patient {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(self.wait(self.store.transact(scope, change)))
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        Box::pin(self.wait(self.store.sessions(of, after, most)))
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(self.wait(self.store.revocations(after, most)))
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(self.wait(self.store.remove_expired()))
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }
}

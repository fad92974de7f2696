//! A store that does not answer in time is one that cannot be asked.

use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;

use jwt_core::BoxFuture;
use tokio::runtime::Handle;

use crate::session::Session;
use crate::session_id::SessionId;
use crate::store::{
    Change, KeyRingDocument, KeyRingStore, LogPage, Of, ReplayStore, Scope, SessionStore, StoreError,
    StoreErrorKind, UseId,
};

/// How long a question may take where nothing else is said. A file of SQLite gives up by itself after 2 s in the queue and
/// 2 s for the lock of another process: it is to say so itself, before it is given up on.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
pub(crate) const LEAST_PATIENCE: Duration = Duration::from_millis(1);
pub(crate) const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// A store of any kind that is given up on after a while.
pub(crate) struct Patient<S: ?Sized> {
    store: Arc<S>,
    patience: Duration,
}

impl<S: ?Sized> Patient<S> {
    pub(crate) const fn new(store: Arc<S>) -> Self {
        Self { store, patience: PATIENCE }
    }

    /// As it is: for those who say that it is out of its range.
    pub(crate) const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What is out of its range is taken as the nearest.
    pub(crate) fn with_nearest_patience(self, patience: Duration) -> Self {
        self.with_patience(patience.clamp(LEAST_PATIENCE, MOST_PATIENCE))
    }

    pub(crate) fn has_fit_patience(&self) -> bool {
        (LEAST_PATIENCE..=MOST_PATIENCE).contains(&self.patience)
    }

    /// What was asked is dropped in the end: it may have been done all the same, as where a store fails.
    async fn wait<T>(&self, mut answer: BoxFuture<'_, Result<T, StoreError>>) -> Result<T, StoreError> {
        // A store that answers at once needs no timer.
        let at_once = core::future::poll_fn(|context| Poll::Ready(answer.as_mut().poll(context)));
        if let Poll::Ready(answer) = at_once.await {
            return answer;
        }
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

impl<S: ?Sized> Clone for Patient<S> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), patience: self.patience }
    }
}

impl SessionStore for Patient<dyn SessionStore> {
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

impl KeyRingStore for Patient<dyn KeyRingStore> {
    fn load<'s>(&'s self, name: &'s str) -> BoxFuture<'s, Result<Option<KeyRingDocument>, StoreError>> {
        Box::pin(self.wait(self.store.load(name)))
    }

    fn replace<'s>(
        &'s self,
        name: &'s str,
        version: Option<u64>,
        text: &'s str,
    ) -> BoxFuture<'s, Result<Option<u64>, StoreError>> {
        Box::pin(self.wait(self.store.replace(name, version, text)))
    }

    fn now(&self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        Box::pin(self.wait(self.store.now()))
    }
}

impl ReplayStore for Patient<dyn ReplayStore> {
    fn consume(&self, id: UseId, until: Duration) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.wait(self.store.consume(id, until)))
    }
}

//! A transaction, and what this process makes of it.

use std::sync::{Mutex, PoisonError};

use super::Sessions;
use crate::revocation::Revocation;
use crate::session_error::SessionError;
use crate::store::{Change, Scope, SessionStore as _, StoreError, StoreErrorKind, Transaction};
use crate::to_its_end::to_its_end;

impl Sessions {
    /// Does it to its end, also where this is dropped: what has changed is then known here, and told. Without a runtime
    /// it is done as far as this future is polled, which for a store that does not wait is all of it.
    pub(super) async fn to_its_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
    ) -> Result<T, SessionError> {
        // It fails where the runtime ends, or `change` panicked.
        to_its_end(work).await.unwrap_or(Err(StoreErrorKind::Failed.into()))
    }

    /// Has the store run `change`. What it revokes is known to this process before it is written, so that whoever finds
    /// it written finds it known; and also where the store fails, for then it may have been written.
    pub(super) async fn transact<'s, T: Send + 's>(
        &'s self,
        scope: Scope<'s>,
        change: impl FnMut(&mut Transaction) -> T + Send + 's,
    ) -> Result<T, SessionError> {
        self.transact_and(scope, change, true).await
    }

    /// As [`transact`](Self::transact). Where `is_meant` is false, nobody has asked for what `change` revokes, and a
    /// further call of it may revoke something else: it is known when the store has written it. Where the store fails it
    /// is not: it may have written nothing, and then the session is alive. If it did, the log tells.
    pub(super) async fn transact_and<'s, T: Send + 's>(
        &'s self,
        scope: Scope<'s>,
        mut change: impl FnMut(&mut Transaction) -> T + Send + 's,
        is_meant: bool,
    ) -> Result<T, SessionError> {
        let decided = Mutex::new(None);
        let run: Change<'_> = Box::new(|transaction| {
            let outcome = change(transaction);
            let revoked = transaction.revoked();
            // An index without room is told below.
            let known = if is_meant { self.add(revoked) } else { Ok(()) };
            let left = if is_meant { Vec::new() } else { revoked.to_vec() };
            *decided.lock().unwrap_or_else(PoisonError::into_inner) = Some((outcome, known, left));
        });
        self.0.store.transact(scope, run).await?;
        // A store that never called it has done nothing.
        let decided = decided.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (outcome, known, left) = decided.ok_or(StoreErrorKind::Failed)?;
        known.and_then(|()| self.add(&left))?;
        Ok(outcome)
    }

    /// Makes it known to this process, as far as there is room.
    fn add(&self, revoked: &[Revocation]) -> Result<(), StoreError> {
        revoked.iter().map(|revocation| self.0.revocations.add(revocation)).fold(Ok(()), Result::and)
    }
}

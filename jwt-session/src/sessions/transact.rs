//! A transaction, and what this process makes of it.

use std::sync::{Mutex, PoisonError};

use super::Sessions;
use crate::revocation::{Revocation, Revocations};
use crate::session_error::SessionError;
use crate::store::{Change, Scope, SessionStore as _, StoreErrorKind, Transaction};
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

    /// As [`transact`](Self::transact). Where `is_certain` is false, a further call of `change` may revoke something
    /// else, so that what the last one revokes is known when the store is done, or this future is dropped.
    pub(super) async fn transact_and<'s, T: Send + 's>(
        &'s self,
        scope: Scope<'s>,
        mut change: impl FnMut(&mut Transaction) -> T + Send + 's,
        is_certain: bool,
    ) -> Result<T, SessionError> {
        let decided = Mutex::new(None);
        let revoked = Announced { revocations: &self.0.revocations, revoked: Mutex::default() };
        let run: Change<'_> = Box::new(|transaction| {
            let outcome = change(transaction);
            revoked.hold(transaction.revoked());
            // An index without room is told below.
            let is_known = !is_certain || revoked.announce().is_ok();
            *decided.lock().unwrap_or_else(PoisonError::into_inner) = Some((outcome, is_known));
        });
        self.0.store.transact(scope, run).await?;
        revoked.announce()?;
        match decided.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((outcome, true)) => Ok(outcome),
            Some((_, false)) => Err(StoreErrorKind::Full.into()),
            // A store that never called it has done nothing.
            None => Err(StoreErrorKind::Failed.into()),
        }
    }
}

/// What a transaction revokes: known to this process when it is dropped, at the latest.
struct Announced<'a> {
    revocations: &'a Revocations,
    revoked: Mutex<Vec<Revocation>>,
}

impl Announced<'_> {
    fn hold(&self, revoked: &[Revocation]) {
        *self.revoked.lock().unwrap_or_else(PoisonError::into_inner) = revoked.to_vec();
    }

    fn announce(&self) -> Result<(), SessionError> {
        let revoked = core::mem::take(&mut *self.revoked.lock().unwrap_or_else(PoisonError::into_inner));
        let mut outcome = Ok(());
        for revocation in &revoked {
            if let Err(error) = self.revocations.add(revocation) {
                outcome = Err(error.into());
            }
        }
        outcome
    }
}

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        let _ = self.announce();
    }
}

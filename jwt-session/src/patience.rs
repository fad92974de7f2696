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

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use jwt_core::request::SimpleHead;
    use jwt_core::{
        Algorithm, Decision, HmacSecret, Issuer, Reason, RequestAuth, Requirement, SigningKey, Step, Verifier,
    };
    use tokio::time::Instant;

    use super::*;
    use crate::{MemoryStore, OneTimeTokens, OperationNonces, RedeemError, UsedTokens};

    /// Is asked, and says nothing.
    struct Silent;

    impl ReplayStore for Silent {
        fn consume(&self, _: UseId, _: Duration) -> BoxFuture<'_, Result<bool, StoreError>> {
            Box::pin(core::future::pending())
        }
    }

    /// By default, and told otherwise. By the paused clock of the runtime; its ticks are milliseconds.
    const CASES: [(Option<Duration>, u128); 4] = [
        (None, 5_000),
        (Some(Duration::from_millis(500)), 500),
        (Some(Duration::ZERO), 1),
        (Some(Duration::MAX), 60_000),
    ];

    fn has_waited(since: Instant, millis: u128) {
        let waited = since.elapsed().as_millis();
        assert!((millis..millis.saturating_add(5)).contains(&waited), "{waited} instead of {millis}");
    }

    fn is_unavailable<T>(outcome: Result<T, RedeemError>) {
        let error = outcome.err().unwrap();
        assert_eq!(error.status(), 503);
        let RedeemError::Store(error) = error else { panic!("{error}") };
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }

    fn parties() -> (Issuer, Verifier) {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
        let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
        (issuer.build().unwrap(), verifier.build().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_uses_its_token_up_is_answered_though_the_store_is_not() {
        let (issuer, verifier) = parties();
        for (patience, millis) in CASES {
            let used = UsedTokens::on(Silent);
            let used = patience.into_iter().fold(used, UsedTokens::with_patience);
            let auth = RequestAuth::new(verifier.clone()).require_single_use(Requirement::scope("pay"), used);
            let token = issuer.token().with_subject("alice").with_scope("pay").sign().unwrap();
            let head = SimpleHead::post("/pay").with_field("Authorization", format!("Bearer {token}"));
            let since = Instant::now();
            let Step::Wait(decision) = auth.decide(&head, None) else { panic!("the store was not asked") };
            let Decision::Refuse(refusal) = decision.await else { panic!("it was let through") };
            assert_eq!((refusal.status(), refusal.reason()), (503, Reason::StoreUnavailable));
            has_waited(since, millis);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_nonce_is_not_redeemed_by_a_store_that_does_not_answer() {
        let (issuer, verifier) = parties();
        let token = issuer.token().with_subject("alice").with_session_id("s1").sign().unwrap();
        let alice = verifier.verify(&token).unwrap();
        for (patience, millis) in CASES {
            let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
            let nonces = OperationNonces::new(&secret, Silent).unwrap();
            let nonces = patience.into_iter().fold(nonces, OperationNonces::with_patience);
            let nonce = nonces.issue(&alice, "transfer", "a").unwrap();
            let since = Instant::now();
            is_unavailable(nonces.redeem(&nonce, &alice, "transfer", "a").await);
            has_waited(since, millis);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_one_time_token_is_not_redeemed_by_a_store_that_does_not_answer() {
        for (patience, millis) in CASES {
            let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
            let builder = OneTimeTokens::builder("https://id", "reset", &secret, Silent);
            let builder = patience.into_iter().fold(builder, |it, patience| it.with_patience(patience));
            let tokens = builder.build().unwrap();
            let token = tokens.token("alice").sign().unwrap();
            let since = Instant::now();
            is_unavailable(tokens.redeem(&token).await);
            has_waited(since, millis);
        }
    }

    /// Nor is a runtime needed, where there is nothing to wait for.
    #[test]
    fn a_store_that_answers_at_once_needs_no_timer() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let secret = HmacSecret::generate(Algorithm::HS256).unwrap();
        let tokens = OneTimeTokens::builder("https://id", "reset", &secret, MemoryStore::new());
        let tokens = tokens.build().unwrap();
        let token = tokens.token("alice").sign().unwrap();
        assert!(runtime.block_on(tokens.redeem(&token)).is_ok());
    }
}

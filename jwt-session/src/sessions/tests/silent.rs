//! A store that does not answer.

use super::*;

/// Is asked, and says nothing.
struct Silent;

impl SessionStore for Silent {
    fn transact<'s>(
        &'s self,
        _: Scope<'s>,
        _: crate::store::Change<'s>,
    ) -> jwt_core::BoxFuture<'s, Result<(), crate::store::StoreError>> {
        Box::pin(core::future::pending())
    }
    fn sessions<'s>(
        &'s self,
        _: Of<'s>,
        _: Option<SessionId>,
        _: usize,
    ) -> jwt_core::BoxFuture<'s, Result<Vec<Session>, crate::store::StoreError>> {
        Box::pin(core::future::pending())
    }
    fn revocations(
        &self,
        _: u64,
        _: usize,
    ) -> jwt_core::BoxFuture<'_, Result<crate::store::LogPage, crate::store::StoreError>> {
        Box::pin(core::future::ready(Ok(crate::store::LogPage::default())))
    }
    fn remove_expired(&self) -> jwt_core::BoxFuture<'_, Result<usize, crate::store::StoreError>> {
        Box::pin(core::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_cannot_be_asked() {
    let world = world().await;
    let sessions = Sessions::builder(world.issuer.clone(), Silent).with_patience(Duration::from_millis(500));
    let sessions = sessions.with_clock(world.clock.clone()).without_upkeep().open().await.unwrap();
    // Before that nothing is forgotten.
    world.pass(600).await;
    let token = world.login("alice").await;
    let begin = Instant::now();
    let unavailable = |error: Option<SessionError>| match error {
        Some(SessionError::Store(error)) => {
            assert_eq!(error.kind(), crate::store::StoreErrorKind::Unavailable);
        }
        other => panic!("{other:?}"),
    };
    unavailable(sessions.start(NewSession::of("alice")).await.err());
    unavailable(sessions.refresh(token.refresh_token(), Refresh::new()).await.err());
    unavailable(sessions.end(token.session()).await.err());
    unavailable(sessions.list("alice").await.err());
    unavailable(sessions.remove_expired().await.err());
    // By the paused clock of the runtime; its ticks are milliseconds.
    let taken = begin.elapsed();
    assert!((2_500..2_510).contains(&taken.as_millis()), "{taken:?}");
    for patience in [Duration::ZERO, Duration::from_secs(61)] {
        let builder = Sessions::builder(world.issuer.clone(), Silent).with_patience(patience);
        assert!(matches!(builder.open().await, Err(SessionError::Setting { setting: "patience", .. })));
    }
}

//! Callers that go away in the middle: what has ended is known and told, whenever that was.

use jwt_core::keys::BoxFuture;

use super::following::Failure;
use super::*;
use crate::store::{Change, LogPage, StoreError};

/// A store with steps at which a caller can go away.
struct InSteps(MemoryStore);

impl SessionStore for InSteps {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let done = self.0.transact(scope, change).await;
            tokio::task::yield_now().await;
            done
        })
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.0.sessions(of, after, most).await
        })
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.0.revocations(after, most)
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.0.remove_expired()
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_fails_in_the_store_logs_nobody_out_of_a_session_that_lives() {
    for failure in [Failure::BeforeItWrote, Failure::AfterItWrote] {
        let world = world().await;
        let shared = world.shared();
        let builder = world.node(shared.clone()).with_most_sessions(1).with_single_process();
        let sessions = builder.open().await.unwrap();
        let first = sessions.start(NewSession::of("alice")).await.unwrap();
        *shared.fails.lock().unwrap() = Some(failure);
        assert!(matches!(sessions.start(NewSession::of("alice")).await, Err(SessionError::Store(_))));
        *shared.fails.lock().unwrap() = None;
        // One that was ended is known within a minute to be, as what others end.
        tokio::time::sleep(Duration::from_secs(61)).await;
        let has_ended = sessions.session(first.session()).await.unwrap().unwrap().ended().is_some();
        assert_eq!(has_ended, failure == Failure::AfterItWrote);
        assert_eq!(sessions.revocations().is_revoked(&world.verified(&first)), has_ended);
        let refreshed = sessions.refresh(first.refresh_token(), Refresh::new()).await;
        assert_eq!(refreshed.is_err(), has_ended, "{refreshed:?}");
    }
}

#[tokio::test]
async fn a_logout_that_is_given_up_is_told_of_all_the_same() {
    type End = fn(&Sessions) -> BoxFuture<'_, Result<(), SessionError>>;
    const UNTIL: Duration = Duration::from_secs(START + 1);
    let ends: [(&str, End); 5] = [
        ("all", |sessions| Box::pin(async move { sessions.end_all("alice").await.map(drop) })),
        ("client", |sessions| Box::pin(sessions.revoke(Revoked::Client("app".to_owned())))),
        ("by a provider", |sessions| Box::pin(sessions.end_all_by_provider("alice", UNTIL))),
        ("by a provider's session", |sessions| {
            Box::pin(sessions.end_of_subject_and_provider("alice", "https://provider", "s1", UNTIL))
        }),
        ("by a provider's session alone", |sessions| {
            Box::pin(sessions.end_of_provider("https://provider", "s1", UNTIL))
        }),
    ];
    for (name, end) in ends {
        for polls in 1..8 {
            let world = world().await;
            let sink = world.events.clone();
            let builder = Sessions::builder(world.issuer.clone(), InSteps(world.store.clone()))
                .with_clock(world.clock.clone())
                .with_events(move |event: &SecurityEvent| sink.lock().unwrap().push(event.clone()));
            let sessions = builder.open().await.unwrap();
            let new =
                NewSession::of("alice").with_client("app").with_provider_session("https://provider", "s1");
            let logins = [sessions.start(new.clone()).await.unwrap(), sessions.start(new).await.unwrap()];
            let mut ending = end(&sessions);
            for _ in 0..polls {
                tokio::select! {
                    biased;
                    _ = &mut ending => break,
                    () = tokio::task::yield_now() => {}
                }
            }
            drop(ending);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            let told = world.codes().iter().filter(|code| **code == "logout").count();
            assert_eq!(told, 2, "{name}, given up after {polls}");
            assert!(world.sessions.list("alice").await.unwrap().is_empty(), "{name}");
            let is_known = |tokens| sessions.revocations().is_revoked(&world.verified(tokens));
            assert!(logins.iter().all(is_known), "{name}, given up after {polls}");
        }
    }
}

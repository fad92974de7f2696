//! A process is killed: what it had answered lasts, what it had not is asked again.

#![allow(clippy::print_stdout, reason = "what the other process says")]

use jwt_session::jwt_core::keys::BoxFuture;
use jwt_session::store::{Change, LogPage, Of, Scope, SessionStore, StoreError};
use jwt_session::{NewSession, Refresh, Session, SessionError, SessionId};
use jwt_store::SqliteStore;

use super::process::{self, Other};
use super::{sessions_on, store_at};

/// Says when something is written, and never answers.
struct Speechless(SqliteStore);

impl SessionStore for Speechless {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            self.0.transact(scope, change).await?;
            println!("written: yes");
            core::future::pending().await
        })
    }

    fn sessions<'s>(
        &'s self,
        of: Of<'s>,
        after: Option<SessionId>,
        most: usize,
    ) -> BoxFuture<'s, Result<Vec<Session>, StoreError>> {
        self.0.sessions(of, after, most)
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        self.0.revocations(after, most)
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.0.remove_expired()
    }
}

#[tokio::test]
async fn killed_between_the_commit_and_the_answer_a_refresh_is_asked_again() {
    if let Some(folder) = process::folder() {
        let store = store_at(&folder.join("sessions.db")).await;
        let token = std::fs::read_to_string(folder.join("token")).unwrap();
        let sessions = sessions_on(Speechless(store)).await;
        sessions.refresh(&token, Refresh::new()).await.unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let sessions = sessions_on(store_at(&path).await).await;
    let first = sessions.start(NewSession::of("alice")).await.unwrap();
    std::fs::write(folder.path().join("token"), first.refresh_token()).unwrap();
    let test = "crash::killed_between_the_commit_and_the_answer_a_refresh_is_asked_again";
    let mut other = Other::run(&["env"], test, folder.path());
    other.said("written:");
    other.kill();
    // The successor that nobody was told of.
    let again = sessions.refresh(first.refresh_token(), Refresh::new()).await.unwrap();
    let twice = sessions.refresh(first.refresh_token(), Refresh::new()).await.unwrap();
    assert_eq!(again.refresh_token(), twice.refresh_token());
    sessions.refresh(again.refresh_token(), Refresh::new()).await.unwrap();
}

#[tokio::test]
async fn killed_at_any_time_it_has_kept_all_that_it_had_answered() {
    if let Some(folder) = process::folder() {
        let sessions = sessions_on(store_at(&folder.join("sessions.db")).await).await;
        // Ends each session that it has said to have refreshed twice.
        loop {
            let mut tokens = sessions.start(NewSession::of("alice")).await.unwrap();
            let id = tokens.session();
            println!("living: {id} {}", tokens.refresh_token());
            for _ in 0..2 {
                tokens = sessions.refresh(tokens.refresh_token(), Refresh::new()).await.unwrap();
                println!("living: {id} {}", tokens.refresh_token());
            }
            sessions.end(id).await.unwrap();
            println!("ended: {id}");
        }
    }
    for round in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let test = "crash::killed_at_any_time_it_has_kept_all_that_it_had_answered";
        let mut other = Other::run(&["env"], test, folder.path());
        // A little later in each round.
        let (mut last, mut ended) = (String::new(), Vec::new());
        for _ in 0..=round {
            last = other.said("living:");
            other.said("living:");
            other.said("living:");
            ended.push(other.said("ended:"));
        }
        other.kill();
        let sessions = sessions_on(store_at(&folder.path().join("sessions.db")).await).await;
        for id in &ended {
            let id: SessionId = id.parse().unwrap();
            let session = sessions.session(id).await.unwrap().expect("it was answered");
            assert!(session.ended().is_some(), "round {round}: {id} lives again");
        }
        assert_eq!(sessions.revocations().len().min(ended.len()), ended.len(), "round {round}");
        let (_, token) = last.split_once(' ').unwrap();
        let refused = sessions.refresh(token, Refresh::new()).await;
        assert!(matches!(refused, Err(SessionError::Refused(_))), "round {round}: {refused:?}");
        // And it serves on.
        sessions.start(NewSession::of("bob")).await.unwrap();
    }
}

//! What meets what, in every order that chance finds: 10,000 of them for each question.
//!
//! The store hands over before and behind each of its steps, so that everybody else may come between: between two steps,
//! and between a step and what the process makes of it.

use jwt_core::keys::BoxFuture;
use jwt_core::{Algorithm, HmacSecret, Issuer, ManualClock, SigningKey};
use shuttle::future::{block_on, spawn, yield_now};

use super::*;
use crate::MemoryStore;
use crate::store::{Change, LogPage, StoreError};

const SCHEDULES: usize = 10_000;

/// Shuttle's own stacks of 32 KiB end in a crash where a future grows.
fn check(play: impl Fn() + Send + Sync + 'static) {
    let mut config = shuttle::Config::new();
    config.stack_size = 256 * 1024;
    shuttle::Runner::new(shuttle::scheduler::RandomScheduler::new(SCHEDULES), config).run(play);
}

struct Interrupted(MemoryStore);

impl SessionStore for Interrupted {
    fn transact<'s>(&'s self, scope: Scope<'s>, change: Change<'s>) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            yield_now().await;
            let done = self.0.transact(scope, change).await;
            yield_now().await;
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
            yield_now().await;
            let read = self.0.sessions(of, after, most).await;
            yield_now().await;
            read
        })
    }

    fn revocations(&self, after: u64, most: usize) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        Box::pin(async move {
            yield_now().await;
            self.0.revocations(after, most).await
        })
    }

    fn remove_expired(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.0.remove_expired()
    }
}

async fn sessions() -> Sessions {
    let clock = ManualClock::at(1_800_000_000);
    let key = HmacSecret::from_bytes((0..32).collect::<Vec<u8>>()).unwrap();
    let key = SigningKey::from_secret(Algorithm::HS256, &key).unwrap();
    let issuer =
        Issuer::builder().with_key(key).with_audience("api").with_issuer("https://id").build().unwrap();
    let store = Interrupted(MemoryStore::new().with_clock(clock.clone()));
    let builder = Sessions::builder(issuer.with_clock(clock.clone()), store).with_clock(clock);
    builder.open().await.unwrap()
}

/// All that a client is given until it is refused, three times at most.
async fn refresh_on(sessions: Sessions, first: SessionTokens) -> Vec<SessionTokens> {
    let mut held = vec![first];
    for _ in 0..3 {
        match sessions.refresh(held.last().unwrap().refresh_token(), Refresh::new()).await {
            Ok(next) => held.push(next),
            Err(SessionError::Refused(_)) => break,
            Err(error) => panic!("{error}"),
        }
    }
    held
}

fn is_revoked(sessions: &Sessions, id: SessionId) -> bool {
    sessions.revocations().holds_session(&id.to_string())
}

/// In each schedule two clients refresh one session while it is revoked. Where one of them uses an old token, it may have
/// ended before.
fn nothing_survives(revoke: fn(Sessions, SessionId) -> BoxFuture<'static, ()>) {
    let play = move || {
        block_on(async move {
            let sessions = sessions().await;
            let first = sessions.start(NewSession::of("alice")).await.unwrap();
            let id = first.session();
            let clients: Vec<_> =
                (0..2).map(|_| spawn(refresh_on(sessions.clone(), first.clone()))).collect();
            let revoking = sessions.clone();
            let revoked = spawn(async move {
                revoke(revoking.clone(), id).await;
                assert!(is_revoked(&revoking, id), "known before it returns");
            });
            revoked.await.unwrap();
            for client in clients {
                for tokens in client.await.unwrap() {
                    let refused = sessions.refresh(tokens.refresh_token(), Refresh::new()).await;
                    assert!(matches!(refused, Err(SessionError::Refused(_))), "{refused:?}");
                }
            }
            assert!(sessions.list("alice").await.unwrap().is_empty());
        });
    };
    check(play);
}

#[test]
fn a_refresh_does_not_survive_a_logout() {
    nothing_survives(|sessions, id| Box::pin(async move { sessions.end(id).await.map(drop).unwrap() }));
}

#[test]
fn a_refresh_does_not_survive_a_logout_everywhere() {
    nothing_survives(|sessions, _| {
        Box::pin(async move { sessions.end_all("alice").await.map(drop).unwrap() })
    });
}

#[test]
fn a_refresh_does_not_survive_a_change_of_the_password() {
    nothing_survives(|sessions, _| {
        Box::pin(async move { sessions.password_changed("alice", None).await.map(drop).unwrap() })
    });
}

#[test]
fn a_logout_that_is_given_up_midway_is_none_or_whole() {
    let play = || {
        block_on(async {
            let sessions = sessions().await;
            let first = sessions.start(NewSession::of("alice")).await.unwrap();
            let (id, ending) = (first.session(), sessions.clone());
            let given_up = spawn(async move {
                let mut end = core::pin::pin!(ending.end(id));
                let mut polls = shuttle::rand::Rng::gen_range(&mut shuttle::rand::thread_rng(), 0..4);
                core::future::poll_fn(|context| match end.as_mut().poll(context) {
                    core::task::Poll::Pending if polls > 0 => {
                        polls -= 1;
                        core::task::Poll::Pending
                    }
                    _ => core::task::Poll::Ready(()),
                })
                .await;
            });
            let refreshed = refresh_on(sessions.clone(), first.clone()).await;
            given_up.await.unwrap();
            let has_ended = sessions.session(id).await.unwrap().unwrap().ended().is_some();
            assert_eq!(is_revoked(&sessions, id), has_ended);
            let last = refreshed.last().unwrap().refresh_token();
            assert_eq!(sessions.refresh(last, Refresh::new()).await.is_err(), has_ended);
        });
    };
    check(play);
}

#[test]
fn callers_at_once_have_one_successor() {
    let play = || {
        block_on(async {
            let sessions = sessions().await;
            let first = sessions.start(NewSession::of("alice")).await.unwrap();
            let callers: Vec<_> = (0..4)
                .map(|_| {
                    let (sessions, first) = (sessions.clone(), first.clone());
                    spawn(
                        async move { sessions.refresh(first.refresh_token(), Refresh::new()).await.unwrap() },
                    )
                })
                .collect();
            let mut successors = Vec::new();
            for caller in callers {
                successors.push(caller.await.unwrap().refresh_token().to_owned());
            }
            successors.dedup();
            assert_eq!(successors.len(), 1);
            sessions.refresh(&successors[0], Refresh::new()).await.unwrap();
        });
    };
    check(play);
}

/// A password is changed while an old one is checked: whatever the order, what the old one opened is closed.
#[test]
fn a_login_in_flight_does_not_survive_a_change_of_the_password() {
    let play = || {
        block_on(async {
            let sessions = sessions().await;
            let is_changed = Arc::new(core::sync::atomic::AtomicBool::new(false));
            let (login, checked) = (sessions.clone(), is_changed.clone());
            let login = spawn(async move {
                let begun = login.begin_login().await.unwrap();
                let is_right = !checked.load(Ordering::SeqCst);
                yield_now().await;
                match login.start(NewSession::of("alice").with_login_begun(begun)).await {
                    Ok(tokens) => is_right.then_some(tokens),
                    Err(SessionError::RevokedMeanwhile) => None,
                    Err(error) => panic!("{error}"),
                }
            });
            let changing = sessions.clone();
            let changed = spawn(async move {
                is_changed.store(true, Ordering::SeqCst);
                yield_now().await;
                changing.password_changed("alice", None).await.unwrap();
            });
            let opened = login.await.unwrap();
            changed.await.unwrap();
            if let Some(tokens) = opened {
                assert!(is_revoked(&sessions, tokens.session()));
                sessions.refresh(tokens.refresh_token(), Refresh::new()).await.unwrap_err();
            }
        });
    };
    check(play);
}

/// All of a client is taken back while one of its sessions is refreshed: nothing that was given out is good for a refresh.
#[test]
fn a_refresh_does_not_survive_the_end_of_its_client() {
    let play = || {
        block_on(async {
            let sessions = sessions().await;
            let first = sessions.start(NewSession::of("alice").with_client("app")).await.unwrap();
            let app = Refresh::new().with_client("app");
            let (refreshing, token) = (sessions.clone(), first.clone());
            let refreshed = spawn(async move { refreshing.refresh(token.refresh_token(), app).await });
            sessions.revoke(Revoked::Client("app".to_owned())).await.unwrap();
            // Known before it returns.
            assert!(is_revoked(&sessions, first.session()));
            let last = refreshed.await.unwrap().unwrap_or(first);
            sessions.refresh(last.refresh_token(), app).await.unwrap_err();
        });
    };
    check(play);
}

//! A key that is elsewhere, and a signer that is away for a while.

use core::sync::atomic::{AtomicBool, Ordering};

use jwt_core::keys::{BoxFuture, SignError};

use super::*;
use crate::{RemoteIssueError, RemoteIssuer, Signer};

struct Away {
    key: SigningKey,
    is_away: Arc<AtomicBool>,
}

impl Signer for Away {
    fn sign<'s>(&'s self, message: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>> {
        Box::pin(async move {
            if self.is_away.load(Ordering::Relaxed) {
                return Err(SignError::new("the module is offline"));
            }
            let mut signature = Vec::new();
            self.key.sign(message, &mut signature).map(|()| signature)
        })
    }
}

async fn world_of_signer() -> (ManualClock, Arc<AtomicBool>, Sessions, Arc<Mutex<Vec<&'static str>>>) {
    let clock = ManualClock::at(START);
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::builder().with_key(SigningKey::remote(key.verifying_key()));
    let issuer = issuer.with_audience("api").with_issuer("https://id").build().unwrap();
    let is_away = Arc::new(AtomicBool::new(false));
    let away = Away { key, is_away: is_away.clone() };
    let codes = Arc::new(Mutex::new(Vec::new()));
    let sink = codes.clone();
    let issuer = RemoteIssuer::new(issuer.with_clock(clock.clone()), away);
    let sessions = Sessions::builder(issuer, MemoryStore::new().with_clock(clock.clone()))
        .with_clock(clock.clone())
        .with_events(move |event: &SecurityEvent| sink.lock().unwrap().push(event.code()));
    (clock, is_away, sessions.open().await.unwrap(), codes)
}

#[tokio::test]
async fn a_client_that_asks_again_while_the_signer_is_away_for_a_minute_is_no_thief() {
    let (clock, is_away, sessions, codes) = world_of_signer().await;
    let first = sessions.start(NewSession::of("alice")).await.unwrap();
    let before = sessions.session(first.session()).await.unwrap();
    is_away.store(true, Ordering::Relaxed);
    for _ in 0..12 {
        let failed = sessions.refresh(first.refresh_token(), Refresh::new()).await;
        assert!(
            matches!(failed, Err(SessionError::NotSigned(RemoteIssueError::Unavailable(_)))),
            "{failed:?}"
        );
        clock.advance(5);
    }
    assert_eq!(
        sessions.session(first.session()).await.unwrap(),
        before,
        "what was not signed changes nothing"
    );
    is_away.store(false, Ordering::Relaxed);
    let second = sessions.refresh(first.refresh_token(), Refresh::new()).await.unwrap();
    sessions.refresh(second.refresh_token(), Refresh::new()).await.unwrap();
    assert_eq!(*codes.lock().unwrap(), ["login", "refresh", "refresh"]);
}

#[tokio::test]
async fn a_thief_is_found_out_while_the_signer_is_away() {
    let (clock, is_away, sessions, codes) = world_of_signer().await;
    let first = sessions.start(NewSession::of("alice")).await.unwrap();
    sessions.refresh(first.refresh_token(), Refresh::new()).await.unwrap();
    clock.advance(31);
    is_away.store(true, Ordering::Relaxed);
    let thief = sessions.refresh(first.refresh_token(), Refresh::new()).await;
    assert_eq!(refusal(thief), RefreshRefusal::Reuse);
    assert_eq!(*codes.lock().unwrap(), ["login", "refresh", "refresh_reuse"]);
}

/// Each signature takes so long, by all clocks.
struct Slow(SigningKey, Arc<Mutex<Duration>>);

impl Signer for Slow {
    fn sign<'s>(&'s self, message: &'s [u8]) -> BoxFuture<'s, Result<Vec<u8>, SignError>> {
        Box::pin(async move {
            let takes = *self.1.lock().unwrap();
            tokio::time::sleep(takes).await;
            let mut signature = Vec::new();
            self.0.sign(message, &mut signature).map(|()| signature)
        })
    }
}

/// Two tabs at once: the first has its answer, the other waits for its signature until the grace is over.
#[tokio::test(start_paused = true)]
async fn a_tab_whose_signature_takes_longer_than_the_grace_is_no_thief() {
    const GRACE: Duration = Duration::from_secs(2);
    let clock = ManualClock::at(START);
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::builder().with_key(SigningKey::remote(key.verifying_key()));
    let issuer = issuer.with_audience("api").with_issuer("https://id").build().unwrap();
    let takes = Arc::new(Mutex::new(Duration::ZERO));
    let issuer = RemoteIssuer::new(issuer.with_clock(clock.clone()), Slow(key, takes.clone()));
    let sessions = Sessions::builder(issuer, MemoryStore::new().with_clock(clock.clone()));
    let sessions = sessions.with_clock(clock.clone()).with_grace(GRACE).open().await.unwrap();
    let first = sessions.start(NewSession::of("alice")).await.unwrap();

    *takes.lock().unwrap() = GRACE * 2;
    let other = (sessions.clone(), first.refresh_token().to_owned());
    let other = tokio::spawn(async move { other.0.refresh(&other.1, Refresh::new()).await });
    tokio::task::yield_now().await;
    *takes.lock().unwrap() = Duration::ZERO;
    let second = sessions.refresh(first.refresh_token(), Refresh::new()).await.unwrap();
    clock.advance(4);
    let other = other.await.unwrap().unwrap();
    assert_eq!(other.refresh_token(), second.refresh_token());
    // Whoever comes only now is too late.
    let late = sessions.refresh(first.refresh_token(), Refresh::new()).await;
    assert_eq!(refusal(late), RefreshRefusal::Reuse);
}

/// The session's grace and end are judged by the store's clock, whatever this node's says.
#[tokio::test]
async fn a_node_whose_clock_is_fast_refuses_nothing_that_the_store_takes() {
    let world = world().await;
    let fast = ManualClock::at(START + 20 * 86_400);
    let node = Sessions::builder(world.issuer.clone(), world.store.clone()).with_clock(fast);
    let node = node.open().await.unwrap();
    let first = world.login("alice").await;
    let second = node.refresh(first.refresh_token(), Refresh::new()).await.unwrap();
    let again = node.refresh(first.refresh_token(), Refresh::new()).await.unwrap();
    assert_eq!(second.refresh_token(), again.refresh_token());
    assert_eq!(second.lifetime().as_secs(), 600);
    world.verified(&again);
}

#[tokio::test]
async fn a_token_in_the_hands_of_another_client_ends_the_session_and_is_no_reuse() {
    let world = world().await;
    let first = world.sessions.start(NewSession::of("alice").with_client("app")).await.unwrap();
    let other = Refresh::new().with_client("web");
    assert_eq!(
        refusal(world.sessions.refresh(first.refresh_token(), other).await),
        RefreshRefusal::OtherClient
    );
    let ended = world.sessions.session(first.session()).await.unwrap().unwrap().ended().unwrap();
    assert_eq!(ended.why(), EndReason::OtherClient);
    assert!(world.is_revoked(&first));
    assert_eq!(world.codes(), ["login", "logout"]);
}

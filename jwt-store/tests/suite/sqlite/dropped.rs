//! Whoever asked goes away at some point: what was begun is done to its end, here and in the file, and told.

use core::future::Future;
use core::pin::pin;
use core::task::Poll;
use std::sync::{Arc, Mutex};

use jwt_session::jwt_core::{Algorithm, HmacSecret, Issuer, SigningKey, Verifier};
use jwt_session::{NewSession, Refresh, SecurityEvent, SessionId, Sessions};

use super::store_at;

/// Polls once, and so often more at most.
async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), times);
    core::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left = left.saturating_sub(1);
            Poll::Pending
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_is_done_to_its_end_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let secret = HmacSecret::from_bytes((0..32).collect::<Vec<u8>>()).unwrap();
    let key = SigningKey::from_secret(Algorithm::HS256, &secret).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
    let verifier = verifier.build().unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let sessions = Sessions::builder(issuer.build().unwrap(), store_at(&folder.path().join("s.db")).await)
        .with_events(move |event: &SecurityEvent| sink.lock().unwrap().push(event.clone()));
    let sessions = sessions.open().await.unwrap();
    let is_told = |id: SessionId| {
        let is_of =
            |event: &SecurityEvent| matches!(event, SecurityEvent::Logout { session, .. } if *session == id);
        events.lock().unwrap().iter().any(is_of)
    };
    let mut dropped = 0;
    for times in (0..8).cycle().take(64) {
        let tokens = sessions.start(NewSession::of("alice")).await.unwrap();
        let (id, verified) = (tokens.session(), verifier.verify(tokens.access_token()).unwrap());
        dropped += usize::from(polled(sessions.end(id), times).await.is_none());
        while !is_told(id) {
            tokio::task::yield_now().await;
        }
        assert!(sessions.session(id).await.unwrap().unwrap().ended().is_some(), "{times}: in the file");
        assert!(sessions.revocations().is_revoked(&verified), "{times}: here");

        let tokens = sessions.start(NewSession::of("alice")).await.unwrap();
        let before = tokens.refresh_token();
        dropped += usize::from(polled(sessions.refresh(before, Refresh::new()), times).await.is_none());
        // The answer that nobody got is given again.
        let next = sessions.refresh(before, Refresh::new()).await.unwrap();
        sessions.refresh(next.refresh_token(), Refresh::new()).await.unwrap();
    }
    // Those that were polled once, at least.
    assert!(dropped >= 16, "{dropped} were dropped");
}

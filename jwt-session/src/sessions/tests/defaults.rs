//! What holds where nothing is set.

use super::*;

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_session_ends_after_ninety_days_however_often_it_is_used() {
    let world = world().await;
    let mut tokens = world.login("alice").await;
    for _ in 0..8 {
        world.clock.advance(10 * DAY);
        tokens = world.refresh(tokens.refresh_token()).await.unwrap();
    }
    assert_eq!(tokens.expiry().as_secs(), START + 90 * DAY);
    world.clock.advance(10 * DAY - 1);
    let last = world.refresh(tokens.refresh_token()).await.unwrap();
    world.clock.advance(1);
    assert_eq!(refusal(world.refresh(last.refresh_token()).await), RefreshRefusal::Expired);
}

#[tokio::test]
async fn a_subject_has_a_hundred_sessions() {
    let world = world().await;
    let mut logins = Vec::new();
    for _ in 0..101 {
        logins.push(world.login("alice").await);
        world.clock.advance(1);
    }
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 100);
    let revoked: Vec<_> = logins.iter().map(|tokens| world.is_revoked(tokens)).collect();
    assert!(revoked[0] && revoked[1..].iter().all(|is_revoked| !is_revoked), "the oldest makes room");
}

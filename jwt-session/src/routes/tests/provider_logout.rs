//! A logout at an identity provider.

use super::world::*;
use crate::routes::*;
use crate::session::EndReason;
use crate::{NewSession, Revoked, SessionError};

async fn logout(world: &World, body: &str) -> u16 {
    world.send("POST", "/backchannel-logout", &[FORM], body).await.status
}

/// A session of alice that was started by this one of the provider's.
async fn started_by(world: &World, session_id: Option<&str>) -> SessionTokens {
    let new = NewSession::of("alice");
    let new = session_id.into_iter().fold(new, |new, id| new.with_provider_session(PROVIDER, id));
    world.sessions.start(new).await.unwrap()
}

async fn is_live(world: &World, tokens: &SessionTokens) -> bool {
    let authorization = format!("Bearer {}", tokens.access_token());
    let response = world.send("GET", "/sessions", &[("Authorization", &authorization)], "").await;
    response.status == 200
}

#[tokio::test]
async fn with_a_sid_the_sessions_end_that_were_started_by_it_or_do_not_say_by_which() {
    // A subject that has no name here says no more than none.
    for subject in [Some("alice"), None, Some("stranger")] {
        let world = world().await;
        let (one, two) = (started_by(&world, Some("one")).await, started_by(&world, Some("two")).await);
        let unsaid = started_by(&world, None).await;
        assert_eq!(logout(&world, &world.provider.logout(subject, Some("one"))).await, 200);
        assert!(!is_live(&world, &one).await && is_live(&world, &two).await);
        assert_eq!(is_live(&world, &unsaid).await, subject != Some("alice"));
        let ended = world.sessions.session(one.session()).await.unwrap().unwrap().ended().unwrap();
        assert_eq!(ended.why(), EndReason::ProviderLogout);
    }
}

#[tokio::test]
async fn without_a_sid_all_sessions_of_the_subject_end() {
    let world = world().await;
    let (one, two) = (started_by(&world, Some("one")).await, started_by(&world, None).await);
    assert_eq!(logout(&world, &world.provider.logout(Some("stranger"), None)).await, 200);
    assert!(is_live(&world, &one).await);
    assert_eq!(logout(&world, &world.provider.logout(Some("alice"), None)).await, 200);
    assert!(!is_live(&world, &one).await && !is_live(&world, &two).await);
}

#[tokio::test]
async fn a_logout_token_is_good_once_and_again_only_where_the_store_failed() {
    let world = world().await;
    started_by(&world, None).await;
    let token = world.provider.logout(Some("alice"), None);
    world.break_store(true);
    assert_eq!(logout(&world, &token).await, 503);
    world.break_store(false);
    assert_eq!(logout(&world, &token).await, 200);
    let later = started_by(&world, None).await;
    assert_eq!(logout(&world, &token).await, 400);
    assert!(is_live(&world, &later).await);
}

#[tokio::test]
async fn a_logout_token_that_nobody_remembers_ends_no_session_that_was_started_after_it() {
    for (subject, session_id) in [(Some("alice"), None), (Some("alice"), Some("one")), (None, Some("one"))] {
        let world = world().await;
        let before = started_by(&world, Some("one")).await;
        let body = world.provider.logout(subject, session_id);
        world.clock.advance(30);
        let meanwhile = started_by(&world, Some("one")).await;
        assert_eq!(logout(&world, &body).await, 200);
        assert!(!is_live(&world, &before).await && !is_live(&world, &meanwhile).await);
        world.clock.advance(1);
        let later = started_by(&world, Some("one")).await;
        // Issued to the subject by somebody else of ours, without a session.
        let other = world.issuer.token().with_subject("alice").sign().unwrap();
        let is_good = async || {
            let client = basic("api", "api");
            let fields = [FORM, ("Authorization", &*client)];
            let response = world.send("POST", "/introspect", &fields, format!("token={other}")).await;
            text(&response).starts_with(r#"{"active":true"#)
        };
        assert!(is_good().await);
        // Another process of the same service, which has not seen it.
        let routes = builder(&world.sessions, &world.auth)
            .with_provider_logout(world.provider.verifier(), |_, subject| Some(subject.to_owned()));
        let elsewhere = World {
            routes: routes.build().unwrap(),
            provider: world.provider.clone(),
            ..world_of(|it| it).await
        };
        assert_eq!(logout(&elsewhere, &body).await, 200);
        assert!(is_live(&world, &later).await, "{subject:?} {session_id:?}");
        assert!(is_good().await, "{subject:?} {session_id:?}");
    }
}

#[tokio::test]
async fn what_is_no_logout_token_of_the_provider_ends_nothing() {
    let world = world().await;
    let tokens = started_by(&world, None).await;
    let access = format!("logout_token={}", tokens.access_token());
    let over = world.provider.logout(Some("alice"), None);
    world.clock.advance(1_000);
    for body in ["logout_token=", "token=x", "logout_token=x", &access, &over] {
        assert_eq!(logout(&world, body).await, 400, "{body}");
    }
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 1);
    // A verifier of access tokens does not make them logout tokens.
    let verifier = jwt_core::Verifier::builder().with_key(world.issuer.key()).with_audience("api");
    let verifier = verifier.with_issuer(ORIGIN).build().unwrap().with_clock(world.clock.clone());
    let routes = builder(&world.sessions, &world.auth);
    let routes = routes.with_provider_logout(verifier, |_, subject| Some(subject.to_owned()));
    let world = World { routes: routes.build().unwrap(), ..world };
    let access = format!("logout_token={}", started_by(&world, None).await.access_token());
    assert_eq!(logout(&world, &access).await, 400);
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_login_that_is_under_way_starts_nothing_by_a_session_of_the_provider_that_ended_meanwhile() {
    for subject in [Some("alice"), None, Some("stranger")] {
        let world = world().await;
        let begun = world.sessions.begin_login().await.unwrap();
        assert_eq!(logout(&world, &world.provider.logout(subject, Some("one"))).await, 200);
        let start = async |issuer: &str, session_id: &str, begun| {
            let new = NewSession::of("alice").with_provider_session(issuer, session_id);
            world.sessions.start(new.with_login_begun(begun)).await.map(drop)
        };
        let refused = start(PROVIDER, "one", begun).await.unwrap_err();
        assert!(matches!(refused, SessionError::RevokedMeanwhile), "{subject:?}");
        assert!(start(PROVIDER, "two", begun).await.is_ok(), "of another session there");
        assert!(start("https://other.example", "one", begun).await.is_ok(), "of another provider");
        let later = world.sessions.begin_login().await.unwrap();
        assert!(start(PROVIDER, "one", later).await.is_ok(), "{subject:?}");
    }
}

#[tokio::test]
async fn what_a_session_of_a_provider_started_can_be_taken_back_without_its_logout() {
    let world = world().await;
    let (one, two) = (started_by(&world, Some("one")).await, started_by(&world, Some("two")).await);
    let what = Revoked::ProviderSession { issuer: PROVIDER.to_owned(), session_id: "one".to_owned() };
    world.sessions.revoke(what).await.unwrap();
    assert!(!is_live(&world, &one).await && is_live(&world, &two).await);
}

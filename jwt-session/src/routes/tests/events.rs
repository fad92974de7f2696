//! What is told of refused attempts, and how much of it.

use super::world::*;
use crate::events::{AttemptRefusal, SecurityEvent};
use crate::routes::*;
use crate::session_error::RefreshRefusal;

/// What was told since the last time, without what went well.
fn refused(world: &World) -> Vec<SecurityEvent> {
    let told = core::mem::take(&mut *world.events.lock().unwrap());
    let is_refused = |event: &SecurityEvent| event.code().ends_with("_refused");
    told.into_iter().filter(is_refused).collect()
}

fn why_of(event: &SecurityEvent) -> AttemptRefusal {
    match event {
        SecurityEvent::LoginRefused { why, .. }
        | SecurityEvent::RefreshRefused { why, .. }
        | SecurityEvent::ClientRefused { why, .. } => *why,
        other => panic!("{other:?}"),
    }
}

async fn guess(world: &World, name: &str) -> u16 {
    let body = serde_json::json!({ "username": name, "password": "wrong" }).to_string();
    world.send("POST", "/login", &[JSON, ("User-Agent", "curl/8\t(x)")], body).await.status
}

#[tokio::test]
async fn a_refused_login_is_told_of_with_name_address_client_and_cause() {
    let world = world().await;
    assert_eq!(guess(&world, "alice\n2026 login ok \u{202e}").await, 400);
    let [SecurityEvent::LoginRefused { name, address, user_agent, why }] = &*refused(&world) else {
        panic!("one event")
    };
    assert_eq!(name, r"alice\n2026 login ok \u{202e}", "a line of its own is not for a stranger to write");
    assert_eq!((*address, user_agent.as_deref()), (Some([192, 0, 2, 7].into()), Some("curl/8(x)")));
    assert_eq!(*why, AttemptRefusal::WrongCredentials);
    // A name that nobody can have is told of too, as far as it helps.
    assert_eq!(guess(&world, &"n".repeat(9_000)).await, 400);
    let [SecurityEvent::LoginRefused { name, .. }] = &*refused(&world) else { panic!("one event") };
    assert_eq!(*name, "n".repeat(256));
    assert_eq!(guess(&world, "outage").await, 503);
    assert_eq!(refused(&world).iter().map(why_of).collect::<Vec<_>>(), [AttemptRefusal::Unavailable]);
    world.break_store(true);
    let right = r#"{"username":"alice","password":"alice"}"#;
    assert_eq!(world.send("POST", "/login", &[JSON], right).await.status, 503);
    assert!(refused(&world).is_empty(), "an outage is told of once a minute");
    world.clock.advance(60);
    assert_eq!(world.send("POST", "/login", &[JSON], right).await.status, 503);
    assert_eq!(refused(&world).iter().map(why_of).collect::<Vec<_>>(), [AttemptRefusal::Unavailable]);
}

#[tokio::test]
async fn a_stranger_cannot_flood_a_sink() {
    for is_known in [true, false] {
        let world = world_of(|builder| match is_known {
            true => builder,
            false => builder.with_address(|_, _| None),
        })
        .await;
        for n in 0..200 {
            guess(&world, &format!("name-{n}")).await;
            let basic = basic(&format!("client-{n}"), "wrong");
            world.send("POST", "/introspect", &[FORM, ("Authorization", &basic)], "token=x").await;
            world.send("POST", "/revoke", &[FORM], "token=x").await;
            world
                .send("POST", "/refresh", &[FORM], "grant_type=refresh_token&client_id=app&refresh_token=x")
                .await;
        }
        let told = refused(&world);
        let count = |code, why| told.iter().filter(|it| it.code() == code && why_of(it) == why).count();
        let unknown = AttemptRefusal::RefreshToken(RefreshRefusal::Unknown);
        let limited = usize::from(is_known);
        assert_eq!(count("login_refused", AttemptRefusal::WrongCredentials), 10, "{is_known}");
        assert_eq!(count("login_refused", AttemptRefusal::RateLimited), limited, "{is_known}");
        assert_eq!(count("refresh_refused", unknown), 60, "{is_known}");
        assert_eq!(count("refresh_refused", AttemptRefusal::RateLimited), limited, "{is_known}");
        // Wrong secrets and none at all share what is told of an address.
        let wrong = count("client_refused", AttemptRefusal::WrongCredentials);
        assert_eq!((wrong, count("client_refused", AttemptRefusal::NoCredentials)), (5, 5), "{is_known}");
        assert_eq!(count("client_refused", AttemptRefusal::RateLimited), limited, "{is_known}");
        assert_eq!(told.len(), 80 + 3 * limited, "{is_known}");
    }
}

#[tokio::test]
async fn a_refused_refresh_is_told_of_with_its_session_and_cause() {
    let world = world().await;
    let login = world.login("alice", "app").await;
    let session = world.sessions.list("alice").await.unwrap()[0].id();
    let refresh = async |token: &str| {
        let body = format!("grant_type=refresh_token&client_id=app&refresh_token={token}");
        let fields = [FORM, ("User-Agent", "app/1")];
        world.send("POST", "/refresh", &fields, body).await
    };
    let told = |expected: Option<SessionId>, cause| {
        let told = refused(&world);
        let [SecurityEvent::RefreshRefused { session, address, user_agent, why }] = &*told else {
            panic!("one event: {told:?}")
        };
        assert_eq!((*session, *why), (expected, AttemptRefusal::RefreshToken(cause)));
        assert_eq!((*address, user_agent.as_deref()), (Some([192, 0, 2, 7].into()), Some("app/1")));
    };
    refresh("rt_guess").await;
    told(None, RefreshRefusal::Unknown);
    let first = member(&login, "refresh_token");
    let second = member(&refresh(&first).await, "refresh_token");
    world.clock.advance(31);
    assert_eq!(refresh(&first).await.status, 400);
    let reuse = SecurityEvent::RefreshReuse { session, subject: "alice".to_owned() };
    assert!(world.events.lock().unwrap().contains(&reuse), "whose it was is told beside");
    told(Some(session), RefreshRefusal::Reuse);
    assert_eq!(refresh(&second).await.status, 400);
    told(Some(session), RefreshRefusal::Ended);
    let other = member(&world.login("bob", "app").await, "refresh_token");
    let session = world.sessions.list("bob").await.unwrap()[0].id();
    world.clock.advance(15 * 86_400);
    assert_eq!(refresh(&other).await.status, 400);
    told(Some(session), RefreshRefusal::Expired);
}

#[tokio::test]
async fn a_client_that_does_not_prove_who_it_is_is_told_of() {
    let world = world().await;
    for path in ["/introspect", "/revoke"] {
        for (basic, name, cause) in [
            (None, None, AttemptRefusal::NoCredentials),
            (Some(basic("a\nb", "guess")), Some(r"a\nb"), AttemptRefusal::WrongCredentials),
            (Some(basic("outage", "x")), Some("outage"), AttemptRefusal::Unavailable),
        ] {
            world.clock.advance(60);
            let fields: Vec<_> =
                basic.iter().map(|basic| ("Authorization", &**basic)).chain([FORM]).collect();
            world.send("POST", path, &fields, "token=x").await;
            let told = refused(&world);
            let [SecurityEvent::ClientRefused { client, why, .. }] = &*told else { panic!("{told:?}") };
            assert_eq!((client.as_deref(), *why), (name, cause), "{path}");
        }
    }
}

#[tokio::test]
async fn an_outage_uses_up_nobodys_attempts() {
    let limit = RateLimit::new(5, Duration::from_secs(60));
    let world = world_of(|builder| builder.with_login_limit(limit).with_refresh_limit(limit)).await;
    let token = member(&world.login("alice", "app").await, "refresh_token");
    let body = format!("grant_type=refresh_token&client_id=app&refresh_token={token}");
    world.break_store(true);
    for _ in 0..20 {
        for path in ["/login", "/refresh", "/logout"] {
            let body = if path == "/login" { "username=alice&password=alice" } else { &*body };
            assert_eq!(world.send("POST", path, &[FORM], body).await.status, 503, "{path}");
        }
    }
    world.break_store(false);
    assert_eq!(world.send("POST", "/refresh", &[FORM], &*body).await.status, 200);
    assert_eq!(world.send("POST", "/login", &[FORM], "username=alice&password=alice").await.status, 200);
    assert_eq!(world.send("POST", "/logout", &[FORM], &*body).await.status, 204);
}

//! What is taken back stays so, whatever it lives for, whoever meets it and whosever it is.

use std::collections::BTreeMap;

use jwt_core::NumericDate;

use super::*;
use crate::store::StoreErrorKind;

fn verified(world: &World, token: TokenBuilder<'_>) -> Arc<Verified> {
    world.verifier.verify(&token.sign().unwrap()).unwrap()
}

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_token_that_lives_for_a_month_is_taken_back_for_a_month() {
    let world = world().await;
    let month = Duration::from_secs(30 * DAY);
    let token = verified(&world, world.issuer.token().with_subject("alice").with_lifetime(month));
    world.sessions.revoke_token(&token).await.unwrap();
    world.clock.advance(30 * DAY - 1);
    assert!(world.sessions.revocations().is_revoked(&token));
    assert_eq!(world.sessions.revocations().len(), 1);
    // Nothing is known of a `jti` alone, but what was said of the longest.
    let world = world_of(|builder| builder.with_longest_lifetime(Duration::from_secs(30 * DAY))).await;
    let token = verified(&world, world.issuer.token().with_subject("alice").with_lifetime(month));
    let other = verified(&world, world.issuer.token().with_client_id("app").with_lifetime(month));
    world.sessions.revoke(Revoked::Token(token.token_id().unwrap().to_owned())).await.unwrap();
    world.sessions.revoke(Revoked::Client("app".to_owned())).await.unwrap();
    world.clock.advance(30 * DAY - 1);
    assert!(world.sessions.revocations().is_revoked(&token));
    assert!(world.sessions.revocations().is_revoked(&other));
}

#[tokio::test]
async fn a_token_that_would_outlive_what_takes_it_back_is_refused() {
    let week = Duration::from_secs(7 * DAY);
    let cases = [(None, 600, None), (None, 601, Some(Reason::LifetimeTooLong)), (Some(week), 7 * DAY, None)];
    for (longest, lifetime, refused) in cases {
        let world = world_of(|builder| match longest {
            Some(longest) => builder.with_longest_lifetime(longest),
            None => builder,
        });
        let world = world.await;
        let token = world.issuer.token().with_lifetime(Duration::from_secs(lifetime)).sign().unwrap();
        let auth = RequestAuth::new(world.verifier.clone()).with_check(world.sessions.revocations().clone());
        let head = SimpleHead::get("/").with_field("Authorization", format!("Bearer {token}"));
        let reason = match auth.decide(&head, None) {
            Step::Decided(Decision::Proceed(_)) => None,
            Step::Decided(Decision::Refuse(refusal)) => Some(refusal.reason()),
            Step::Wait(_) => panic!("waits"),
        };
        assert_eq!(reason, refused, "{longest:?} {lifetime}");
    }
    let world = world().await;
    let builder = Sessions::builder(world.issuer.clone(), world.store.clone());
    let short = builder.with_longest_lifetime(Duration::from_secs(599)).open().await;
    assert!(matches!(short, Err(SessionError::Setting { setting: "longest lifetime", .. })));
}

#[tokio::test]
async fn a_login_in_flight_does_not_survive_what_is_revoked_meanwhile() {
    for (name, what) in [
        ("subject", Revoked::Subject("alice".to_owned())),
        ("client", Revoked::Client("app".to_owned())),
        ("tenant", Revoked::Tenant("blue".to_owned())),
        ("issuer", Revoked::Issuer),
    ] {
        let world = world().await;
        let new = NewSession::of("alice").with_client("app").with_tenant("blue");
        let begun = world.sessions.begin_login().await.unwrap();
        // The old password is found right, and then changed.
        world.sessions.revoke(what).await.unwrap();
        let late = world.sessions.start(new.clone().with_login_begun(begun)).await;
        assert!(matches!(late, Err(SessionError::RevokedMeanwhile)), "{name}: {late:?}");
        // Somebody else is not concerned, but by the issuer.
        let other = NewSession::of("bob").with_client("web").with_tenant("red").with_login_begun(begun);
        assert_eq!(world.sessions.start(other).await.is_err(), name == "issuer", "{name}");
        let begun = world.sessions.begin_login().await.unwrap();
        let again = world.sessions.start(new.with_login_begun(begun)).await.unwrap();
        assert!(!world.is_revoked(&again), "{name}");
    }
}

/// A line is written, and nobody has come to the sessions yet: the process that revoked was killed.
#[tokio::test]
async fn a_refresh_honours_a_line_that_no_session_was_ended_for_yet() {
    let world = world().await;
    let new = NewSession::of("alice").with_client("app");
    let before = world.sessions.start(new.clone()).await.unwrap();
    let other = world.login("bob").await;
    let line = world.sessions.revocation(Revoked::Client("app".to_owned()), world.sessions.now());
    let write = |transaction: &mut Transaction| transaction.revoke(line.clone());
    world.sessions.transact(Scope::Nobody, write).await.unwrap();
    let after = world.sessions.start(new).await.unwrap();
    // Weeks later too.
    world.clock.advance(13 * DAY);
    let app = Refresh::new().with_client("app");
    let refused = world.sessions.refresh(before.refresh_token(), app).await;
    assert_eq!(refusal(refused), RefreshRefusal::Ended);
    assert!(world.sessions.revocations().holds_session(&before.session().to_string()));
    assert_eq!(world.codes(), ["login", "login", "login", "logout"]);
    world.sessions.refresh(after.refresh_token(), app).await.unwrap();
    world.refresh(other.refresh_token()).await.unwrap();
}

#[tokio::test]
async fn a_login_right_after_the_line_is_good_whoever_else_logs_out_meanwhile() {
    for what in [Revoked::Client("app".to_owned()), Revoked::Tenant("blue".to_owned()), Revoked::Issuer] {
        let world = world().await;
        let new = || NewSession::of("alice").with_client("app").with_tenant("blue");
        let before = world.sessions.start(new()).await.unwrap();
        let shared = world.shared();
        let node = world.node(shared.clone()).without_upkeep().open().await.unwrap();
        let after = Arc::new(Mutex::new(None));
        let (sessions, kept) = (world.sessions.clone(), after.clone());
        *shared.meanwhile.lock().unwrap() = Some(Box::pin(async move {
            let login = sessions.start(new()).await.unwrap();
            let other = sessions.start(NewSession::of("bob")).await.unwrap();
            sessions.end(other.session()).await.unwrap();
            *kept.lock().unwrap() = Some(login);
        }));
        node.revoke(what.clone()).await.unwrap();
        let after = after.lock().unwrap().take().expect("it has logged in");
        let is_revoked = |tokens| node.revocations().is_revoked(&world.verified(tokens));
        assert!(is_revoked(&before) && !is_revoked(&after), "{what:?}");
        let app = Refresh::new().with_client("app");
        world.sessions.refresh(after.refresh_token(), app).await.unwrap();
    }
}

#[tokio::test]
async fn many_sessions_are_ended_a_hundred_at_a_time() {
    let world = world_of(|builder| builder.with_most_sessions(1_000)).await;
    let mut logins = Vec::new();
    for _ in 0..=2 * PAGE {
        logins.push(world.login("alice").await);
    }
    world.sessions.revoke(Revoked::Issuer).await.unwrap();
    assert!(logins.iter().all(|tokens| world.is_revoked(tokens)));
    assert!(world.sessions.list("alice").await.unwrap().is_empty());
    let codes = world.codes();
    assert_eq!(codes[logins.len()], "revoked", "the line is first");
    assert_eq!(codes.iter().filter(|code| **code == "logout").count(), logins.len());
}

#[tokio::test]
async fn claims_that_have_methods_are_refused_among_the_others() {
    let set_up = |builder: SessionsBuilder| builder.with_revocations(|it| it.with_tenant_claim("org"));
    let world = world_of(set_up).await;
    for (name, is_refused) in [
        ("sid", true),
        ("client_id", true),
        ("scope", true),
        ("acr", true),
        ("auth_time", true),
        ("org", true),
        ("tenant", false),
        ("plan", false),
    ] {
        let claims = BTreeMap::from([(name, "x")]);
        let started = world.sessions.start(NewSession::of("alice").with_claims(&claims)).await;
        let is_unfit = matches!(started, Err(SessionError::Unfit { field: "claims" }));
        assert_eq!(is_unfit, is_refused, "{name}: {started:?}");
    }
    let at = NumericDate::from_secs(START - 5).unwrap();
    let first = world.sessions.start(NewSession::of("alice").with_authentication("mfa", at)).await.unwrap();
    let next = world.refresh(first.refresh_token()).await.unwrap();
    for tokens in [first, next] {
        let verified = world.verified(&tokens);
        assert_eq!(verified.claim::<String>("acr").unwrap().as_deref(), Some("mfa"));
        assert_eq!(verified.claim::<u64>("auth_time").unwrap(), Some(START - 5));
    }
}

#[tokio::test]
async fn sessions_of_another_issuer_in_the_same_store_are_strangers() {
    let world = world().await;
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::builder().with_key(key).with_audience("api").with_issuer("https://other");
    let other =
        Sessions::builder(issuer.build().unwrap(), world.store.clone()).with_clock(world.clock.clone());
    let other = other.with_most_sessions(1).open().await.unwrap();
    let ours = world.login("alice").await;
    assert_eq!(refusal(other.refresh(ours.refresh_token(), Refresh::new()).await), RefreshRefusal::Unknown);
    assert!(other.session(ours.session()).await.unwrap().is_none());
    assert!(other.session_of(ours.refresh_token()).await.unwrap().is_none());
    assert!(other.list("alice").await.unwrap().is_empty());
    assert!(!other.end(ours.session()).await.unwrap());
    assert_eq!(other.end_all("alice").await.unwrap(), 0);
    // Nor does a provider's word to one of them end what is the other's.
    let elsewhere = NewSession::of("alice").with_provider_session("https://provider", "s1");
    let elsewhere = world.sessions.start(elsewhere).await.unwrap();
    let until = Duration::from_secs(START + 1);
    other.end_all_by_provider("alice", until).await.unwrap();
    other.end_of_subject_and_provider("alice", "https://provider", "s1", until).await.unwrap();
    other.end_of_provider("https://provider", "s1", until).await.unwrap();
    assert!(!other.revocations().holds_session(&elsewhere.session().to_string()), "no line is written");
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 2);
    assert!(!world.is_revoked(&ours) && !world.is_revoked(&elsewhere));
    world.sessions.end(elsewhere.session()).await.unwrap();
    other.revoke(Revoked::Issuer).await.unwrap();
    other.start(NewSession::of("alice")).await.unwrap();
    other.start(NewSession::of("alice")).await.unwrap();
    assert!(!world.is_revoked(&ours));
    world.refresh(ours.refresh_token()).await.unwrap();
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_sid_that_is_none_of_ours_is_no_way_around_a_cutoff() {
    let world = world().await;
    let token = || world.issuer.token().with_subject("alice");
    let theirs = verified(&world, token().with_session_id("a session of the application"));
    let ours = verified(&world, token().with_session_id(&SessionId::generate().unwrap().to_string()));
    world.sessions.end_all("alice").await.unwrap();
    assert!(world.sessions.revocations().is_revoked(&theirs));
    assert!(!world.sessions.revocations().is_revoked(&ours), "those are ended one by one");
}

#[tokio::test]
async fn one_tenant_that_is_revoked_breaks_no_token_of_another_issuer() {
    let world = world().await;
    world.sessions.revoke(Revoked::Tenant("blue".to_owned())).await.unwrap();
    let other = TestIssuer::new();
    let token = other.token_for("bob").with_claim("tenant", 7).sign();
    let theirs = other.verifier().verify(&token).unwrap();
    assert!(!world.sessions.revocations().is_revoked(&theirs));
}

#[tokio::test]
async fn an_index_without_room_is_told_each_time() {
    let set_up = |builder: SessionsBuilder| builder.with_revocations(|it| it.with_most_of_a_part(0));
    let world = world_of(set_up).await;
    let tokens = world.login("alice").await;
    for _ in 0..2 {
        let error = world.sessions.end(tokens.session()).await.unwrap_err();
        assert!(matches!(error, SessionError::Store(error) if error.kind() == StoreErrorKind::Full));
    }
}

use std::sync::Mutex;

use jwt_core::request::SimpleHead;
use jwt_core::testing::TestIssuer;
use jwt_core::{
    Algorithm, Decision, Issuer, ManualClock, Reason, RequestAuth, SigningKey, Step, TokenBuilder, Verified,
    Verifier,
};

use super::*;
use crate::MemoryStore;

mod defaults;
mod following;
mod given_up;
mod listing;
mod revoking;
mod signer;
mod silent;
mod told;

const START: u64 = 1_800_000_000;

struct World {
    clock: ManualClock,
    store: MemoryStore,
    issuer: Issuer,
    verifier: Verifier,
    sessions: Sessions,
    events: Arc<Mutex<Vec<SecurityEvent>>>,
}

async fn world() -> World {
    world_of(|builder| builder).await
}

async fn world_of(set_up: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> World {
    let clock = ManualClock::at(START);
    let store = MemoryStore::new().with_clock(clock.clone());
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = Issuer::builder().with_key(key.clone()).with_audience("api").with_issuer("https://id");
    let issuer = issuer.build().unwrap().with_clock(clock.clone());
    let verifier = Verifier::builder().with_key(&key).with_audience("api").with_issuer("https://id");
    let verifier = verifier.build().unwrap().with_clock(clock.clone());
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let builder = Sessions::builder(issuer.clone(), store.clone())
        .with_clock(clock.clone())
        .with_events(move |event: &SecurityEvent| sink.lock().unwrap().push(event.clone()));
    let sessions = set_up(builder).open().await.unwrap();
    World { clock, store, issuer, verifier, sessions, events }
}

impl World {
    async fn login(&self, subject: &str) -> SessionTokens {
        self.sessions.start(NewSession::of(subject).with_scope("read write")).await.unwrap()
    }

    async fn refresh(&self, token: &str) -> Result<SessionTokens, SessionError> {
        self.sessions.refresh(token, Refresh::new()).await
    }

    fn verified(&self, tokens: &SessionTokens) -> Arc<Verified> {
        self.verifier.verify(tokens.access_token()).unwrap()
    }

    fn is_revoked(&self, tokens: &SessionTokens) -> bool {
        self.sessions.revocations().is_revoked(&self.verified(tokens))
    }

    /// By all clocks.
    async fn pass(&self, seconds: u64) {
        self.clock.advance(seconds);
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    fn codes(&self) -> Vec<&'static str> {
        self.events.lock().unwrap().iter().map(SecurityEvent::code).collect()
    }
}

fn refusal(result: Result<SessionTokens, SessionError>) -> RefreshRefusal {
    match result {
        Err(SessionError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_is_started_refreshed_and_ended() {
    let world = world().await;
    let new = NewSession::of("alice")
        .with_scope("read write")
        .with_client("app")
        .with_tenant("blue")
        .with_claims(&std::collections::BTreeMap::from([("plan", "gold")]))
        .with_user_agent("Mozilla/5.0\u{7} (X11)")
        .with_address(core::net::Ipv4Addr::LOCALHOST);
    let first = world.sessions.start(new).await.unwrap();
    let verified = world.verified(&first);
    assert_eq!(verified.subject(), Some("alice"));
    assert_eq!(verified.session_id().as_deref(), Some(&*first.session().to_string()));
    assert_eq!(verified.client_id().as_deref(), Some("app"));
    assert_eq!(verified.claim::<String>("tenant").unwrap().as_deref(), Some("blue"));
    assert_eq!(verified.claim::<String>("plan").unwrap().as_deref(), Some("gold"));
    assert!(verified.has_scope("write") && verified.token_id().is_some());
    assert_eq!((first.lifetime().as_secs(), first.expiry().as_secs()), (600, START + 14 * 86_400));

    world.clock.advance(500);
    let refresh = Refresh::new().with_client("app").with_scope("read");
    let second = world.sessions.refresh(first.refresh_token(), refresh).await.unwrap();
    let verified = world.verified(&second);
    assert!(verified.has_scope("read") && !verified.has_scope("write"));
    assert_eq!(second.session(), first.session());
    assert_ne!(second.refresh_token(), first.refresh_token());

    let [session] = &*world.sessions.list("alice").await.unwrap() else { panic!("one session") };
    assert_eq!((session.created().as_secs(), session.last_used().as_secs()), (START, START + 500));
    assert_eq!(session.user_agent(), Some("Mozilla/5.0 (X11)"));
    assert_eq!(session.address(), Some("127.0.0.1"));
    assert_eq!(
        (session.tenant(), session.client(), session.scope()),
        (Some("blue"), Some("app"), Some("read write"))
    );

    assert!(!world.is_revoked(&second));
    assert!(world.sessions.end(first.session()).await.unwrap());
    assert!(world.is_revoked(&second) && world.is_revoked(&first));
    assert_eq!(refusal(world.sessions.refresh(second.refresh_token(), refresh).await), RefreshRefusal::Ended);
    assert!(world.sessions.list("alice").await.unwrap().is_empty());
    assert!(!world.sessions.end(first.session()).await.unwrap());
    assert_eq!(world.codes(), ["login", "refresh", "logout"]);
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_both_stay_logged_in() {
    let world = world().await;
    let first = world.login("alice").await;
    let left = world.refresh(first.refresh_token()).await.unwrap();
    let right = world.refresh(first.refresh_token()).await.unwrap();
    assert_eq!(left.refresh_token(), right.refresh_token());
    world.refresh(right.refresh_token()).await.unwrap();
    assert_eq!(world.codes(), ["login", "refresh", "refresh", "refresh"]);
}

#[tokio::test]
async fn a_token_that_is_used_again_ends_the_session_and_its_access_tokens() {
    let world = world().await;
    let first = world.login("alice").await;
    let second = world.refresh(first.refresh_token()).await.unwrap();
    world.clock.advance(31);
    assert_eq!(refusal(world.refresh(first.refresh_token()).await), RefreshRefusal::Reuse);
    assert_eq!(refusal(world.refresh(second.refresh_token()).await), RefreshRefusal::Ended);
    assert!(world.is_revoked(&second));
    assert_eq!(world.codes(), ["login", "refresh", "refresh_reuse"]);
}

#[tokio::test]
async fn what_was_never_given_out_is_refused_and_changes_nothing() {
    let world = world().await;
    let first = world.login("alice").await;
    let mut changed = first.refresh_token().to_owned();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'Q' } else { 'A' });
    for bad in ["", "rt_", "x.y.z", first.access_token(), &changed] {
        assert_eq!(refusal(world.refresh(bad).await), RefreshRefusal::Unknown, "{bad}");
        assert!(world.sessions.session_of(bad).await.unwrap().is_none(), "{bad}");
    }
    assert!(world.sessions.session_of(first.refresh_token()).await.unwrap().is_some());
    world.refresh(first.refresh_token()).await.unwrap();
}

#[tokio::test]
async fn logging_out_everywhere_takes_back_all_and_a_login_right_after_is_good() {
    let world = world().await;
    let (one, two, other) =
        (world.login("alice").await, world.login("alice").await, world.login("bob").await);
    // Another token of the issuer, without a session.
    let alone = world.issuer.token().with_subject("alice").sign().unwrap();
    let alone = world.verifier.verify(&alone).unwrap();
    assert!(!world.sessions.revocations().is_revoked(&alone));
    assert_eq!(world.sessions.end_all("alice").await.unwrap(), 2);
    assert!(world.is_revoked(&one) && world.is_revoked(&two) && !world.is_revoked(&other));
    assert!(world.sessions.revocations().is_revoked(&alone));
    // In the same second, and by a clock that is late.
    let again = world.login("alice").await;
    assert!(!world.is_revoked(&again));
    world.clock.set(START - 3_600);
    let late = world.login("alice").await;
    assert!(!world.is_revoked(&late));
    assert_eq!(world.sessions.end_all("nobody").await.unwrap(), 0);
}

#[tokio::test]
async fn a_changed_password_spares_the_session_that_changed_it() {
    let world = world().await;
    let (here, there) = (world.login("alice").await, world.login("alice").await);
    assert_eq!(world.sessions.password_changed("alice", Some(here.session())).await.unwrap(), 1);
    assert!(!world.is_revoked(&here) && world.is_revoked(&there));
    world.refresh(here.refresh_token()).await.unwrap();
    assert_eq!(refusal(world.refresh(there.refresh_token()).await), RefreshRefusal::Ended);
}

#[tokio::test]
async fn one_session_too_many_ends_the_one_that_was_not_used_for_longest() {
    let world = world_of(|builder| builder.with_most_sessions(2)).await;
    let first = world.login("alice").await;
    world.clock.advance(1);
    let second = world.login("alice").await;
    world.clock.advance(1);
    let first = world.refresh(first.refresh_token()).await.unwrap();
    let third = world.login("alice").await;
    assert!(world.is_revoked(&second) && !world.is_revoked(&first) && !world.is_revoked(&third));
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 2);
}

#[tokio::test]
async fn clients_tenants_issuers_and_tokens_are_taken_back() {
    let world = world().await;
    let login = |client: &'static str, tenant: &'static str| {
        let new = NewSession::of("alice").with_client(client).with_tenant(tenant);
        async { world.sessions.start(new).await.unwrap() }
    };
    let (a, b, c) = (login("app", "blue").await, login("web", "blue").await, login("web", "red").await);
    world.sessions.revoke(Revoked::Client("app".to_owned())).await.unwrap();
    assert!(world.is_revoked(&a) && !world.is_revoked(&b) && !world.is_revoked(&c));
    world.sessions.revoke(Revoked::Tenant("blue".to_owned())).await.unwrap();
    assert!(world.is_revoked(&b) && !world.is_revoked(&c));
    let id = world.verified(&c).token_id().unwrap().to_owned();
    world.sessions.revoke(Revoked::Token(id)).await.unwrap();
    assert!(world.is_revoked(&c));
    let c = world.sessions.refresh(c.refresh_token(), Refresh::new().with_client("web")).await.unwrap();
    assert!(!world.is_revoked(&c));
    world.sessions.revoke(Revoked::Issuer).await.unwrap();
    assert!(world.is_revoked(&c));
    assert!(!world.is_revoked(&login("web", "red").await));
    // Tokens without a session of ours are judged by time.
    let sign = |token: TokenBuilder<'_>| world.verifier.verify(&token.sign().unwrap()).unwrap();
    let alone = sign(world.issuer.token().with_client_id("app"));
    assert!(world.sessions.revocations().is_revoked(&alone));
    world.clock.advance(1);
    let later = sign(world.issuer.token().with_client_id("app").with_claim("tenant", "blue"));
    assert!(!world.sessions.revocations().is_revoked(&later));
    let odd = sign(world.issuer.token().with_claim("tenant", &7));
    assert!(world.sessions.revocations().is_revoked(&odd));
}

#[tokio::test]
async fn what_is_revoked_is_known_after_a_restart() {
    let world = world().await;
    let (one, two) = (world.login("alice").await, world.login("alice").await);
    for _ in 0..PAGE {
        let other = world.login("bob").await;
        world.sessions.end(other.session()).await.unwrap();
    }
    world.sessions.end(one.session()).await.unwrap();
    let restarted =
        Sessions::builder(world.issuer.clone(), world.store.clone()).with_clock(world.clock.clone());
    let restarted = restarted.open().await.unwrap();
    assert!(restarted.revocations().is_revoked(&world.verified(&one)));
    assert!(!restarted.revocations().is_revoked(&world.verified(&two)));
    assert_eq!(restarted.revocations().len(), PAGE + 1);
}

#[tokio::test(start_paused = true)]
async fn what_no_living_token_is_concerned_by_is_forgotten() {
    let world = world_of(SessionsBuilder::without_upkeep).await;
    let first = world.login("alice").await;
    world.sessions.end(first.session()).await.unwrap();
    assert_eq!(world.sessions.remove_expired().await.unwrap(), 0);
    // Ten minutes, leeway, and two hours between clocks.
    world.pass(600 + 300 + 7_200 + 3).await;
    assert_eq!(world.sessions.remove_expired().await.unwrap(), 1);
    assert!(world.sessions.revocations().is_empty());
    assert!(world.sessions.session(first.session()).await.unwrap().is_some());
    world.pass(86_400).await;
    assert_eq!(world.sessions.remove_expired().await.unwrap(), 1);
    assert!(world.sessions.session(first.session()).await.unwrap().is_none());
}

#[tokio::test]
async fn as_a_check_it_refuses_what_is_revoked_and_what_has_no_name() {
    let world = world().await;
    let revocations = || world.sessions.revocations().clone();
    let asked = |verifier: &Verifier, token: &str| {
        let auth = RequestAuth::new(verifier.clone()).with_check(revocations());
        let head = SimpleHead::get("/").with_field("Authorization", format!("Bearer {token}"));
        match auth.decide(&head, None) {
            Step::Decided(Decision::Proceed(_)) => None,
            Step::Decided(Decision::Refuse(refusal)) => Some((refusal.status(), refusal.reason())),
            Step::Wait(_) => panic!("waits"),
        }
    };
    let first = world.login("alice").await;
    assert_eq!(asked(&world.verifier, first.access_token()), None);
    world.sessions.end(first.session()).await.unwrap();
    assert_eq!(asked(&world.verifier, first.access_token()), Some((401, Reason::Revoked)));
    let other = TestIssuer::new();
    assert_eq!(asked(&other.verifier(), &other.token_for("bob").sign()), None);
    let nameless = other.token_for("bob").without_claim("jti").sign();
    assert_eq!(asked(&other.verifier(), &nameless), Some((401, Reason::MissingClaim)));
}

#[tokio::test]
async fn unfit_names_and_rules_are_refused_before_anything_is_written() {
    let world = world().await;
    let long = "x".repeat(257);
    let news = [
        (NewSession::of(""), "subject"),
        (NewSession::of(long.clone()), "subject"),
        (NewSession::of("a\nb"), "subject"),
        (NewSession::of("a").with_client(""), "client"),
        (NewSession::of("a").with_tenant(long.clone()), "tenant"),
        (NewSession::of("a").with_scope("é"), "scope"),
        (NewSession::of("a").with_claims(&"x".repeat(2_048)), "claims"),
    ];
    for (new, field) in news {
        let error = world.sessions.start(new).await.unwrap_err();
        assert!(
            matches!(error, SessionError::Unfit { field: other } if other == field),
            "{field}: {error:?}"
        );
    }
    let builders: [fn(SessionsBuilder) -> SessionsBuilder; 4] = [
        |builder| builder.with_grace(Duration::from_secs(61)),
        |builder| builder.with_idle(Duration::ZERO),
        |builder| builder.with_absolute(Duration::ZERO),
        |builder| builder.with_most_sessions(0),
    ];
    for set_up in builders {
        let builder = set_up(Sessions::builder(world.issuer.clone(), world.store.clone()));
        assert!(matches!(builder.open().await, Err(SessionError::Setting { .. })));
    }
}

#[tokio::test]
async fn a_full_store_refuses_new_sessions_and_serves_the_old_ones() {
    let world = world().await;
    let store = MemoryStore::new().with_clock(world.clock.clone()).with_most_sessions(1);
    let sessions = Sessions::builder(world.issuer.clone(), store).with_clock(world.clock.clone());
    let sessions = sessions.open().await.unwrap();
    let first = sessions.start(NewSession::of("alice")).await.unwrap();
    let error = sessions.start(NewSession::of("bob")).await.unwrap_err();
    assert_eq!(error.code(), "store_full");
    sessions.refresh(first.refresh_token(), Refresh::new()).await.unwrap();
    sessions.end(first.session()).await.unwrap();
    sessions.start(NewSession::of("bob")).await.unwrap();
}

#[tokio::test]
async fn an_access_token_ends_with_its_session_and_a_logout_takes_back_what_the_leeway_leaves() {
    let world = world_of(|builder| builder.with_absolute(Duration::from_secs(1_000))).await;
    let first = world.login("alice").await;
    assert_eq!(first.lifetime().as_secs(), 600);
    world.clock.advance(900);
    let last = world.refresh(first.refresh_token()).await.unwrap();
    assert_eq!((last.lifetime().as_secs(), last.expiry().as_secs()), (100, START + 1_000));
    assert_eq!(world.verified(&last).expires_at().unwrap().as_secs(), START + 1_000);
    // Verifiers let it live half a minute longer.
    world.clock.advance(110);
    assert!(!world.is_revoked(&last));
    assert_eq!(world.sessions.end_all("alice").await.unwrap(), 1);
    assert!(world.is_revoked(&last));
    let world = world_of(|builder| builder.with_absolute(Duration::from_secs(1_000))).await;
    let first = world.login("alice").await;
    world.clock.advance(1_010);
    assert!(world.sessions.end(first.session()).await.unwrap());
    assert!(world.sessions.revocations().holds_session(&first.session().to_string()));
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_started_and_ends_no_other_session() {
    let world = world_of(|builder| builder.with_most_sessions(1)).await;
    let first = world.login("alice").await;
    let unfit = NewSession::of("alice").with_claims(&std::collections::BTreeMap::from([("exp", 1)]));
    assert!(matches!(world.sessions.start(unfit).await, Err(SessionError::Issue(_))));
    assert_eq!(world.sessions.list("alice").await.unwrap().len(), 1);
    assert!(!world.is_revoked(&first));
}

#[tokio::test]
async fn the_claim_of_the_tenant_is_one_for_those_who_write_and_read_it() {
    let set_up = |builder: SessionsBuilder| builder.with_revocations(|it| it.with_tenant_claim("org"));
    let world = world_of(set_up).await;
    let tokens = world.sessions.start(NewSession::of("alice").with_tenant("blue")).await.unwrap();
    let verified = world.verified(&tokens);
    assert_eq!(verified.claim::<String>("org").unwrap().as_deref(), Some("blue"));
    assert_eq!(verified.claim::<String>("tenant").unwrap(), None);
}

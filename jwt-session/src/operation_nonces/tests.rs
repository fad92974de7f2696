//! What a nonce is bound to.

use jwt_core::{Algorithm, Issuer, ManualClock, SigningKey, Verifier};
use serde_json::{Value, json};

use super::*;
use crate::MemoryStore;

const NOW: u64 = 1_800_000_000;

struct World {
    clock: ManualClock,
    key: SigningKey,
    store: MemoryStore,
    nonces: OperationNonces,
}

fn secret(first: u8) -> HmacSecret {
    HmacSecret::from_bytes((0..32).map(|byte| byte ^ first).collect::<Vec<u8>>()).unwrap()
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::at(NOW);
        let store = MemoryStore::new().with_clock(clock.clone());
        let nonces = OperationNonces::new(&secret(0), store.clone()).unwrap().with_clock(clock.clone());
        Self { nonces, store, clock, key: SigningKey::generate(Algorithm::ES256).unwrap() }
    }

    fn user(&self, issuer: &str, subject: Option<&str>, session: Option<&str>) -> Arc<Verified> {
        let issuing = Issuer::builder().with_key(self.key.clone()).with_audience("api").with_issuer(issuer);
        let issuing = issuing.build().unwrap().with_clock(self.clock.clone());
        let mut token = issuing.token();
        if let Some(subject) = subject {
            token = token.with_subject(subject);
        }
        if let Some(session) = session {
            token = token.with_session_id(session);
        }
        let verifier = Verifier::builder().with_key(&self.key).with_audience("api").with_issuer(issuer);
        verifier.build().unwrap().with_clock(self.clock.clone()).verify(&token.sign().unwrap()).unwrap()
    }

    fn alice(&self) -> Arc<Verified> {
        self.user("https://id", Some("alice"), Some("s1"))
    }

    async fn redeem(&self, nonce: &str, by: &Verified, operation: &str, details: &Value) -> &'static str {
        match self.nonces.redeem(nonce, by, operation, details).await {
            Ok(()) => "ok",
            Err(error) => error.code(),
        }
    }
}

#[tokio::test]
async fn a_nonce_is_good_once_for_one_operation_of_one_session() {
    let world = World::new();
    let details = json!({"to": "bob", "cents": 100});
    let alice = world.alice();
    let nonce = world.nonces.issue(&alice, "transfer", &details).unwrap();
    assert_eq!(nonce.len(), 75);
    let users = [
        ("another subject", world.user("https://id", Some("bob"), Some("s1"))),
        ("another session", world.user("https://id", Some("alice"), Some("s2"))),
        ("another issuer's alice", world.user("https://other", Some("alice"), Some("s1"))),
        ("no session", world.user("https://id", Some("alice"), None)),
        ("nobody", world.user("https://id", None, Some("s1"))),
        ("the border of the names", world.user("https://id", Some("alices"), Some("1"))),
    ];
    for (what, user) in users {
        assert_eq!(world.redeem(&nonce, &user, "transfer", &details).await, "redeem_mismatch", "{what}");
    }
    for (what, operation, details) in [
        ("another operation", "delete", details.clone()),
        ("another amount", "transfer", json!({"to": "bob", "cents": 1_000})),
        ("another type", "transfer", json!({"to": "bob", "cents": "100"})),
        ("another receiver", "transfer", json!({"to": "eve", "cents": 100})),
        ("a detail more", "transfer", json!({"to": "bob", "cents": 100, "note": ""})),
        ("a detail less", "transfer", json!({"to": "bob"})),
        ("nothing", "transfer", Value::Null),
    ] {
        assert_eq!(world.redeem(&nonce, &alice, operation, &details).await, "redeem_mismatch", "{what}");
    }
    assert_eq!(world.store.uses(), 0, "what is refused uses nothing up");
    // A refreshed access token of the same session is as good as the one before.
    assert_eq!(world.redeem(&nonce, &world.alice(), "transfer", &details).await, "ok");
    for _ in 0..2 {
        assert_eq!(world.redeem(&nonce, &alice, "transfer", &details).await, "replayed");
    }
    let again = world.nonces.issue(&alice, "transfer", &details).unwrap();
    assert_ne!(again, nonce);
    assert_eq!(world.redeem(&again, &alice, "transfer", &details).await, "ok", "it may be begun again");
}

#[tokio::test]
async fn a_nonce_is_over_after_five_minutes() {
    let world = World::new();
    let (alice, details) = (world.alice(), json!(1));
    let nonce = world.nonces.issue(&alice, "o", &details).unwrap();
    world.clock.advance(300);
    assert_eq!(world.redeem(&nonce, &alice, "o", &details).await, "expired");
    world.clock.set(NOW + 299);
    assert_eq!(world.redeem(&nonce, &alice, "o", &details).await, "ok");
    for (asked, given) in [(0, 1), (60, 60), (3_600, 3_600), (86_400, 3_600)] {
        world.clock.set(NOW);
        let nonces = world.nonces.clone().with_lifetime(Duration::from_secs(asked));
        let nonce = nonces.issue(&alice, "o", &details).unwrap();
        world.clock.set(NOW + given);
        assert_eq!(world.redeem(&nonce, &alice, "o", &details).await, "expired", "{asked}");
        world.clock.set(NOW + given - 1);
        assert_eq!(world.redeem(&nonce, &alice, "o", &details).await, "ok", "{asked}");
    }
}

#[tokio::test]
async fn what_was_not_given_out_is_refused() {
    let world = World::new();
    let (alice, details) = (world.alice(), json!(1));
    let nonce = world.nonces.issue(&alice, "o", &details).unwrap();
    let foreign =
        OperationNonces::new(&secret(1), world.store.clone()).unwrap().with_clock(world.clock.clone());
    let foreign = foreign.issue(&alice, "o", &details).unwrap();
    let long = "A".repeat(100_000);
    for bad in [
        "",
        "x",
        &*foreign,
        &*"A".repeat(75),
        &*format!("{nonce}A"),
        nonce.get(1..).unwrap_or_default(),
        &*format!("{nonce}="),
        &*long,
    ] {
        assert_eq!(world.redeem(bad, &alice, "o", &details).await, "redeem_mismatch", "{bad:.80}");
    }
    for at in 0..nonce.len() {
        for other in ["A", "B", "_", "+", "=", " "] {
            let mut changed = nonce.clone();
            changed.replace_range(at..=at, other);
            if changed != nonce {
                assert_eq!(
                    world.redeem(&changed, &alice, "o", &details).await,
                    "redeem_mismatch",
                    "{at} {other}"
                );
            }
        }
    }
    assert_eq!(world.redeem(&nonce, &alice, "o", &details).await, "ok");
}

#[test]
fn nothing_is_given_out_that_would_be_bound_to_nothing() {
    let world = World::new();
    let code = |user: &Verified| world.nonces.issue(user, "o", &1).map(drop).map_err(|error| error.code());
    assert_eq!(code(&world.user("https://id", Some("alice"), None)), Err("nonce_without_session"));
    assert_eq!(code(&world.user("https://id", None, Some("s1"))), Err("nonce_without_session"));
    assert_eq!(code(&world.user("https://id", Some(""), Some("s1"))), Err("nonce_without_session"));
    assert_eq!(code(&world.alice()), Ok(()));
    let no_json = std::collections::HashMap::from([((1, 2), 3)]);
    assert!(matches!(world.nonces.issue(&world.alice(), "o", &no_json), Err(NonceError::Details)));
}

#[test]
fn every_error_has_the_code_and_text_that_are_written_down() {
    for (error, code, text) in [
        (
            NonceError::NoSession,
            "nonce_without_session",
            "the token has no `sub` or no `sid` that a nonce could be bound to",
        ),
        (NonceError::Details, "nonce_details", "the details of the operation cannot be written as JSON"),
        (NonceError::Sign(SignError::new("x")), "signer", "the signature could not be made"),
    ] {
        assert_eq!((error.code(), error.to_string().as_str()), (code, text));
    }
}
